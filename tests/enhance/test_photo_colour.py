"""Colour profiles and compression of photographs."""

import struct

import cv2
import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from deepflash.enhance import exif
from deepflash.enhance.colour import srgb_profile
from deepflash.enhance.photo import read_photo, write_photo
from tests.enhance.photo_files import draw_pixels, exif_block, grey_profile, round_trip, save

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


def test_another_rgb_profile_is_converted_and_tagged_srgb(tmp_path):
    path = save(tmp_path / "in.png", draw_pixels(), icc_profile=_wide_profile(), exif=exif_block())
    photo = read_photo(path)
    np.testing.assert_allclose(
        photo.picture.pixels.astype(int), draw_pixels()[..., [1, 0, 2]].astype(int), atol=2
    )
    assert photo.picture.icc == srgb_profile()
    assert exif.number(photo.picture.exif, exif.COLOUR_SPACE) == 1


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
