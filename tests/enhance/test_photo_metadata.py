"""What travels with a photograph: thumbnail, XMP; and what must not when it is private."""

import io
import struct

import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from deepflash.enhance import exif, thumbnail, xmp
from deepflash.enhance.photo import read_photo, write_photo
from deepflash.enhance.profiles import srgb_profile
from tests.enhance.photo_files import (
    MAKER_NOTE,
    directory,
    draw_pixels,
    exif_with_thumbnail,
    round_trip,
    save,
    small_jpeg,
)

WHITE = np.full((120, 160, 3), 255, np.uint8)


def _thumbnail_of(block):
    """The picture that the second directory of a block describes, as viewers find it."""
    found = Image.Exif()
    found.load(block)
    second = found.get_ifd(ExifTags.IFD.IFD1)
    start = 6 + second[0x0201]
    jpeg = block[start : start + second[0x0202]]
    return np.asarray(Image.open(io.BytesIO(jpeg))), second


# --- thumbnail --------------------------------------------------------------------------------


def test_the_thumbnail_shows_the_new_picture_upright(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    block = exif_with_thumbnail(small_jpeg(noise))
    path = save(tmp_path / "in.jpg", draw_pixels(240, 320), exif=block)
    photo = read_photo(path)
    assert photo.picture.pixels.shape == (320, 240, 3)  # turned by orientation 6
    new = np.full((320, 240, 3), (200, 100, 50), np.uint8)
    new[:160] = 20
    write_photo(tmp_path / "out.jpg", photo, new)
    written = read_photo(tmp_path / "out.jpg").picture.exif
    shown, second = _thumbnail_of(written)
    assert shown.shape == (160, 120, 3)
    np.testing.assert_allclose(shown[:70].astype(int), 20, atol=12)
    np.testing.assert_allclose(shown[-70:].mean(axis=(0, 1)), (200, 100, 50), atol=4)
    assert second[0x0112] == 1
    assert len(written) == len(block)  # nothing has moved
    assert written.count(b"\xff\xd8") == 1
    assert MAKER_NOTE in written


def test_a_thumbnail_that_does_not_fit_goes_to_the_end_and_the_old_one_is_gone():
    old = small_jpeg(WHITE[:8, :8], quality=10)
    block = exif_with_thumbnail(old, after=b"more of the maker")
    noise = np.random.default_rng(0).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    changed = thumbnail.renewed(block, noise)
    shown, _ = _thumbnail_of(changed)
    assert shown.shape == (120, 160, 3)
    assert old not in changed
    assert changed[len(block) - 17 : len(block)] == b"more of the maker"


def test_a_block_that_would_become_too_long_loses_its_thumbnail():
    old = small_jpeg(WHITE[:8, :8], quality=10)
    block = exif_with_thumbnail(old, after=bytes(64000))
    changed = thumbnail.renewed(block, np.zeros((30, 40, 3), np.uint8))
    assert len(changed) == len(block)
    assert old not in changed
    found = Image.Exif()
    found.load(changed)
    assert not found.get_ifd(ExifTags.IFD.IFD1)


def test_16_bit_pixels_give_the_same_thumbnail():
    block = exif_with_thumbnail(small_jpeg(WHITE))
    pixels = draw_pixels(48, 64)
    deep = pixels.astype(np.uint16) * 257
    shallow, _ = _thumbnail_of(thumbnail.renewed(block, pixels))
    np.testing.assert_allclose(_thumbnail_of(thumbnail.renewed(block, deep))[0], shallow, atol=2)


@pytest.mark.parametrize("tag", [0x0201, 0x0202])
@pytest.mark.parametrize("value", [0, 9, 2**32 - 1, 70000])
def test_a_thumbnail_that_lies_elsewhere_does_no_harm(tag, value):
    block = bytearray(exif_with_thumbnail(small_jpeg(WHITE)))
    entry = block.index(struct.pack("<HHI", tag, 4, 1))
    struct.pack_into("<I", block, entry + 8, value)
    changed = thumbnail.renewed(bytes(block), draw_pixels())
    assert exif.number(changed, exif.FLASH) == 0x19
    assert exif.number(changed, exif.ORIENTATION) == 6
    assert MAKER_NOTE in changed


def test_exif_without_a_thumbnail_stays_byte_for_byte():
    block = exif.PREFIX + struct.pack("<2sHIHHHIII", b"II", 42, 8, 1, 0x0112, 3, 1, 6, 0)
    assert thumbnail.renewed(block, draw_pixels()) == block


# --- XMP --------------------------------------------------------------------------------------

PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" '
    b'exif:PixelXDimension="32" dc:creator="Ada"><tiff:ImageWidth>32</tiff:ImageWidth>'
    b"<dc:title>Portrait</dc:title></rdf:Description></x:xmpmeta>"
)


@pytest.mark.parametrize("source", [".jpg", ".png", ".webp", ".tiff"])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff"])
def test_xmp_travels_with_the_photograph(tmp_path, source, suffix):
    options = {"xmp": PACKET}
    if source == ".png":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", PACKET.decode())
        options = {"pnginfo": info}
    if source == ".tiff":
        options = {"tiffinfo": {700: PACKET}}
    path = save(tmp_path / f"in{source}", draw_pixels(), **options)
    _, written = round_trip(path, tmp_path / f"out{suffix}")
    assert b"<dc:title>Portrait</dc:title>" in written.picture.xmp
    assert b'dc:creator="Ada"' in written.picture.xmp
    # Pillow turns a TIFF by its XMP, and takes the orientation out of that.
    assert (b'tiff:Orientation="1"' in written.picture.xmp) is (source != ".tiff")
    assert b'Orientation="6' not in (tmp_path / f"out{suffix}").read_bytes()
    assert b"32" not in written.picture.xmp


def test_the_orientation_of_xmp_by_hand():
    assert xmp.kept(b"<a><tiff:Orientation>8</tiff:Orientation></a>") == (
        b"<a><tiff:Orientation>1</tiff:Orientation></a>"
    )
    assert xmp.kept(b"<a tiff:Orientation = '3'/>") == b"<a tiff:Orientation = '1'/>"
    assert (
        xmp.kept(b"<a tiff:Orientation='1' other='6'/>") == b"<a tiff:Orientation='1' other='6'/>"
    )


@pytest.mark.parametrize(
    "packet",
    [
        None,
        b"",
        b"no markup",
        b'<rdf:Description hdrgm:Version="1.0"/>',
        b'<rdf:Description GCamera:MotionPhoto="1"/>',
        b'<rdf:Description xmpNote:HasExtendedXMP="AB"/>',
        b"<xmp:Thumbnails/>",
    ],
)
def test_packets_that_are_no_longer_true_are_dropped(packet):
    assert xmp.kept(packet) is None


def test_xmp_too_long_for_a_jpeg_is_left_out(tmp_path):
    packet = b"<a>" + b"x" * 70000 + b"</a>"
    path = save(tmp_path / "in.webp", draw_pixels(), xmp=packet)
    photo, written = round_trip(path, tmp_path / "out.jpg")
    assert photo.picture.xmp == packet
    assert written.picture.xmp is None


# --- private data -----------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff"])
def test_strip_leaves_nothing_but_picture_and_profile(tmp_path, suffix):
    block = Image.Exif()
    block[0x010F], block[0x0112] = "SecretMaker", 6
    block.get_ifd(0x8769)[0xA431] = "SecretSerial"
    block.get_ifd(0x8825)[1] = "N"
    block.get_ifd(0x8825)[2] = (48.0, 51.0, 30.0)
    path = save(
        tmp_path / "in.jpg",
        draw_pixels(),
        exif=block.tobytes(),
        xmp=b"<a>Secret</a>",
        comment=b"Secret",
        icc_profile=srgb_profile(),
    )
    photo, written = round_trip(path, tmp_path / f"out{suffix}", strip=True)
    assert b"Secret" not in (tmp_path / f"out{suffix}").read_bytes()
    assert photo.picture.exif is not None  # the photograph in memory keeps it
    assert (written.picture.xmp, written.picture.icc) == (None, srgb_profile())
    assert written.picture.pixels.shape == (32, 24, 3)  # still upright
    with Image.open(tmp_path / f"out{suffix}") as image:
        assert "exif" not in image.info
        assert 0x8825 not in image.getexif()


def test_captions_of_the_old_file_do_not_slip_through(tmp_path):
    source = save(tmp_path / "in.jpg", draw_pixels(), comment=b"Secret")
    round_trip(source, tmp_path / "out.jpg")
    assert b"Secret" not in (tmp_path / "out.jpg").read_bytes()


# --- damaged tags -----------------------------------------------------------------------------


def _tiff_with(tag, kind, count, value):
    """A TIFF of one grey pixel with one more tag."""
    entries = [
        (256, 3, 1, 1), (257, 3, 1, 1), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 4, 1, 7), (277, 3, 1, 1), (278, 3, 1, 1), (279, 4, 1, 1), (tag, kind, count, value),
    ]  # fmt: skip
    return b"II*\0" + struct.pack("<I", 8) + directory(8, sorted(entries))


def test_a_tag_of_the_wrong_type_does_not_cost_the_photograph(tmp_path):
    # The name of the maker as a fraction: Pillow reads it, and cannot write it.
    (tmp_path / "in.tiff").write_bytes(_tiff_with(271, 5, 1, struct.pack("<II", 1, 3)))
    photo, _ = round_trip(tmp_path / "in.tiff", tmp_path / "out.png")
    assert photo.picture.pixels.shape == (1, 1, 3)
    assert photo.picture.exif is None


def test_such_exif_is_left_out_of_a_tiff(tmp_path):
    wrong = b"Exif\0\0" + _tiff_with(271, 5, 1, struct.pack("<II", 1, 3))
    path = save(tmp_path / "in.jpg", draw_pixels(), exif=wrong, icc_profile=srgb_profile())
    photo, written = round_trip(path, tmp_path / "out.tiff")
    assert photo.picture.exif is not None
    assert written.picture.icc == srgb_profile()
    np.testing.assert_array_equal(written.picture.pixels, photo.picture.pixels)


def test_a_tiff_without_exif_points_to_none(tmp_path):
    Image.fromarray(np.full((70, 80, 3), 90, np.uint8)).save(tmp_path / "plain.tiff")
    photo = read_photo(tmp_path / "plain.tiff")
    write_photo(tmp_path / "out.tiff", photo, photo.picture.pixels)
    with Image.open(tmp_path / "out.tiff") as image:
        tags = set(image.tag_v2)
    assert not tags & {0x8769, 0x8825}
