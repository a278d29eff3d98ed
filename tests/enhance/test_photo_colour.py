"""Colour profiles and compression of photographs."""

import struct

import cv2
import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from deepflash.enhance import exif
from deepflash.enhance.photo import read_photo, write_photo
from deepflash.enhance.profiles import adobe_rgb_profile, srgb_profile
from tests.enhance.photo_files import (
    directory,
    draw_pixels,
    exif_block,
    grey_profile,
    round_trip,
    save,
    table_profile,
)

# --- colour -----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tiff", ".webp"])
def test_an_srgb_profile_stays_as_it_is(tmp_path, suffix):
    icc = srgb_profile()
    path = save(tmp_path / f"in{suffix}", draw_pixels(), icc_profile=icc)
    _, written = round_trip(path, tmp_path / f"out{suffix}")
    assert written.picture.icc == icc


def test_the_srgb_profile_does_not_tell_the_time():
    assert srgb_profile()[24:36] == bytes(12)


def _wide_profile():
    """sRGB with red and green swapped: another profile, whose effect is known by hand."""
    data = bytearray(srgb_profile())
    count = struct.unpack_from(">I", data, 128)[0]
    for index in range(count):
        place = 132 + 12 * index
        tag = bytes(data[place : place + 4])
        data[place : place + 4] = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}.get(tag, tag)
    name = "sRGB".encode("utf-16-be")
    return bytes(data).replace(name, "wide".encode("utf-16-be"))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tiff", ".webp"])
def test_another_rgb_profile_keeps_values_and_profile(tmp_path, suffix):
    block = exif_block()
    path = save(tmp_path / "in.png", draw_pixels(), icc_profile=_wide_profile(), exif=block)
    photo, written = round_trip(path, tmp_path / f"out{suffix}")
    np.testing.assert_array_equal(photo.picture.pixels, draw_pixels())
    assert exif.number(photo.picture.exif, exif.COLOUR_SPACE) == 65535
    assert written.picture.icc == photo.picture.icc == _wide_profile()
    small = draw_pixels().astype(np.float32) / 255
    np.testing.assert_allclose(written.profile.to_srgb(small), small[..., [1, 0, 2]], atol=2e-3)


@pytest.mark.parametrize("icc", [None, srgb_profile()])
def test_an_srgb_picture_needs_no_conversion(tmp_path, icc):
    assert read_photo(save(tmp_path / "in.png", draw_pixels(), icc_profile=icc)).profile is None


def test_a_profile_made_of_a_table_is_converted_and_tagged_srgb(tmp_path):
    black, grey, white = (0, 128, 128), (137, 128, 128), (255, 128, 128)
    green = (224, 49, 209)  # Lab of sRGB green under D50: 87.8, -79.3, 81.0
    icc = table_profile([black, grey, grey, grey, green, grey, grey, white])  # red shows green
    pixels = np.zeros((16, 24, 3), np.uint8)
    pixels[:, :8], pixels[:, 8:16] = 255, (255, 0, 0)
    path = save(tmp_path / "in.png", pixels, icc_profile=icc, exif=exif_block())
    photo = read_photo(path)
    for column, colour in ((4, (255, 255, 255)), (12, (0, 255, 0)), (20, (0, 0, 0))):
        np.testing.assert_allclose(photo.picture.pixels[8, column].astype(int), colour, atol=12)
    assert photo.picture.icc == srgb_profile()
    assert photo.profile is None
    assert exif.number(photo.picture.exif, exif.COLOUR_SPACE) == 1


def test_a_camera_that_means_adobe_rgb_by_exif_alone_is_understood(tmp_path):
    interoperability = directory(90, [(1, 2, 4, b"R03\0")])
    inner = directory(50, [(0xA001, 3, 1, 65535), (0xA005, 4, 1, 90)])
    main = directory(8, [(0x8769, 4, 1, 50)])
    tiff = (b"II*\0\x08\0\0\0" + main).ljust(50, b"\0") + inner
    block = exif.PREFIX + tiff.ljust(90, b"\0") + interoperability
    path = save(tmp_path / "in.jpg", draw_pixels(), exif=block)
    _, written = round_trip(path, tmp_path / "out.png", strip=True)
    assert written.picture.icc == adobe_rgb_profile()
    green = np.zeros((1, 1, 3), np.float32)
    green[..., 1] = 1
    assert written.profile.to_srgb(green)[0, 0, 0] < -0.5  # far outside sRGB
    # A profile inside the file says it better.
    save(tmp_path / "both.jpg", draw_pixels(), exif=block, icc_profile=srgb_profile())
    assert read_photo(tmp_path / "both.jpg").picture.icc == srgb_profile()
    other = block.replace(b"R03", b"R98")
    assert read_photo(save(tmp_path / "in.jpg", draw_pixels(), exif=other)).profile is None


def test_a_16_bit_picture_keeps_values_and_profile(tmp_path):
    pixels = draw_pixels(dtype=np.uint16)
    _, data = cv2.imencodeWithMetadata(
        ".png",
        np.ascontiguousarray(pixels[..., ::-1]),
        [cv2.IMAGE_METADATA_ICCP],
        [np.frombuffer(_wide_profile(), np.uint8)],
    )
    (tmp_path / "in.png").write_bytes(data.tobytes())
    for out in ("out.png", "out.tiff"):
        _, written = round_trip(tmp_path / "in.png", tmp_path / out)
        np.testing.assert_array_equal(written.picture.pixels, pixels)
        assert written.picture.icc == _wide_profile()


def test_a_grey_profile_is_converted(tmp_path):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    photo = read_photo(save(tmp_path / "in.png", grey, icc_profile=grey_profile()))
    light = (np.arange(256) / 255) ** 1.8
    srgb = np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)
    expected = np.repeat(np.round(srgb * 255).reshape(16, 16, 1), 3, axis=2)
    np.testing.assert_allclose(photo.picture.pixels.astype(int), expected, atol=2)
    assert photo.picture.icc == srgb_profile()


def test_a_16_bit_grey_profile_is_converted(tmp_path):
    grey = np.arange(0, 65536, 257, dtype=np.uint16).reshape(16, 16)
    _, data = cv2.imencodeWithMetadata(
        ".png", grey, [cv2.IMAGE_METADATA_ICCP], [np.frombuffer(grey_profile(), np.uint8)]
    )
    (tmp_path / "in.png").write_bytes(data.tobytes())
    photo = read_photo(tmp_path / "in.png")
    light = (np.arange(256) / 255) ** 1.8
    srgb = np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)
    expected = np.repeat(srgb.reshape(16, 16, 1), 3, axis=2)
    np.testing.assert_allclose(photo.picture.pixels / 65535, expected, atol=2 / 255)
    assert photo.picture.icc == srgb_profile()


def test_a_profile_for_colour_is_dropped_from_a_16_bit_grey_picture(tmp_path):
    grey = np.arange(256, dtype=np.uint16).reshape(16, 16)
    icc = np.frombuffer(adobe_rgb_profile(), np.uint8)
    _, data = cv2.imencodeWithMetadata(".png", grey, [cv2.IMAGE_METADATA_ICCP], [icc])
    (tmp_path / "in.png").write_bytes(data.tobytes())
    photo = read_photo(tmp_path / "in.png")
    assert photo.picture.icc is None
    np.testing.assert_array_equal(photo.picture.pixels[..., 0], grey)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tiff", ".webp"])
def test_a_profile_with_a_small_flaw_travels_all_the_same(tmp_path, suffix):
    icc = bytearray(_wide_profile())
    icc[64:68] = b"\0\0\0\x99"  # a rendering intent that does not exist; libpng refuses it
    path = save(tmp_path / "in.jpg", draw_pixels(), icc_profile=bytes(icc))
    _, written = round_trip(path, tmp_path / f"out{suffix}")
    assert written.picture.icc == bytes(icc)


@pytest.mark.parametrize("icc", [b"rubbish", b"\0" * 200])
def test_a_damaged_profile_is_dropped(tmp_path, icc):
    photo = read_photo(save(tmp_path / "in.png", draw_pixels(), icc_profile=icc))
    np.testing.assert_array_equal(photo.picture.pixels, draw_pixels())
    assert photo.picture.icc is None


def test_a_cmyk_jpeg_becomes_rgb(tmp_path):
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "in.jpg", quality=95)
    photo, written = round_trip(tmp_path / "in.jpg", tmp_path / "out.jpg")
    np.testing.assert_allclose(photo.picture.pixels[8, 8].astype(int), [255, 0, 0], atol=4)
    np.testing.assert_allclose(written.picture.pixels[8, 8].astype(int), [255, 0, 0], atol=6)


# --- compression ------------------------------------------------------------------------------


@pytest.mark.parametrize("quality", [40, 92])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_a_jpeg_is_compressed_as_its_source_was(tmp_path, quality, subsampling):
    save(tmp_path / "in.jpg", draw_pixels(), quality=quality, subsampling=subsampling)
    round_trip(tmp_path / "in.jpg", tmp_path / "out.jpg")
    with Image.open(tmp_path / "in.jpg") as before, Image.open(tmp_path / "out.jpg") as after:
        assert after.quantization == before.quantization
        assert JpegImagePlugin.get_sampling(after) == subsampling


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_is_as_progressive_as_its_source(tmp_path, progressive):
    save(tmp_path / "in.jpg", draw_pixels(), progressive=progressive)
    round_trip(tmp_path / "in.jpg", tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg") as after:
        assert bool(after.info.get("progressive")) is progressive


def test_a_huge_jpeg_is_not_progressive_because_that_takes_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("deepflash.enhance.encode._LARGEST_PROGRESSIVE", 24 * 32 - 1)
    save(tmp_path / "in.jpg", draw_pixels(), progressive=True)
    round_trip(tmp_path / "in.jpg", tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg") as after:
        assert "progressive" not in after.info


def test_a_quality_that_is_asked_for_wins(tmp_path):
    save(tmp_path / "in.jpg", draw_pixels(), quality=40)
    save(tmp_path / "reference.jpg", draw_pixels(), quality=80)
    photo = read_photo(tmp_path / "in.jpg")
    write_photo(tmp_path / "out.jpg", photo, photo.picture.pixels, quality=80)
    with Image.open(tmp_path / "reference.jpg") as wanted, Image.open(tmp_path / "out.jpg") as out:
        assert out.quantization == wanted.quantization


def test_a_grey_jpeg_keeps_its_table(tmp_path):
    save(tmp_path / "in.jpg", draw_pixels()[..., 0], quality=70)
    _, written = round_trip(tmp_path / "in.jpg", tmp_path / "out.jpg")
    np.testing.assert_allclose(
        written.picture.pixels[..., 1].astype(int), draw_pixels()[..., 0].astype(int), atol=40
    )
