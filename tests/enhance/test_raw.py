"""Raw files of cameras, developed with rawpy or refused with a hint."""

import io
import struct
import sys
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from acquisition.simulate.raw import RawMeta, mosaic, write_dng
from deepflash.enhance import raw, tiff
from deepflash.enhance.photo import read_photo, write_photo
from deepflash.enhance.raw import is_raw
from deepflash.errors import PictureError
from tests.enhance.photo_files import MAKER_NOTE, exif_block, save

BITS = 14


def _picture():
    """Patches of known colours, one of them white, large enough for any demosaicing."""
    picture = np.full((96, 128, 3), 118, np.uint8)
    picture[:48, :64] = (180, 60, 60)
    picture[48:, :64] = (60, 160, 60)
    picture[:48, 64:] = 255
    return picture


def _dng(path):
    pytest.importorskip("rawpy")
    meta = RawMeta(
        taken=datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
        exposure_s=0.01,
        f_number=8.0,
        iso=200,
        serial="S1",
        number=1,
    )
    path.write_bytes(write_dng(mosaic(_picture(), BITS), BITS, meta))
    return path


@pytest.mark.parametrize("name", ["in.dng", "renamed.tiff", "in.nef"])
def test_a_raw_file_is_developed_with_the_white_balance_of_the_camera(tmp_path, name):
    photo = read_photo(_dng(tmp_path / name))
    pixels = photo.picture.pixels
    assert pixels.dtype == np.uint16
    assert pixels.shape == (96, 128, 3)
    measured = {where: pixels[y, x] / 65535 for where, (y, x) in PATCHES.items()}
    assert np.ptp(measured["white"]) < 0.02
    assert np.ptp(measured["grey"]) < 0.02
    assert measured["white"].min() > 0.97
    # Brightness is free, hue is not: the patches differ in the channel that is theirs.
    assert measured["red"][0] > 2 * measured["red"][1]
    assert measured["green"][1] > 2 * measured["green"][0]
    np.testing.assert_allclose(measured["grey"], 118 / 255, atol=0.04)


def test_another_white_balance_gives_other_colours(tmp_path):
    path = _dng(tmp_path / "in.dng")
    data = bytearray(path.read_bytes())
    (place,) = struct.unpack_from("<I", data, data.index(struct.pack("<HHI", 50728, 5, 3)) + 8)
    red, one = struct.unpack_from("<II", data, place)
    struct.pack_into("<II", data, place, red // 2, one)  # the camera saw half as much red in white
    path.write_bytes(data)
    y, x = PATCHES["grey"]
    red, green, blue = read_photo(path).picture.pixels[y, x] / 65535
    assert red > 1.2 * green
    assert abs(green - blue) < 0.1


def test_the_maker_note_stays_behind():
    # It points to places inside the raw file.
    block = exif_block(6)
    assert MAKER_NOTE in tiff.exif_of(block[6:])
    kept = tiff.exif_of(block[6:], maker_note=False)
    assert MAKER_NOTE not in kept
    assert b"Maker" in kept


def test_exif_comes_from_the_preview_where_the_file_is_no_tiff():
    rawpy = pytest.importorskip("rawpy")
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", exif=exif_block(6))
    preview = SimpleNamespace(format=rawpy.ThumbFormat.JPEG, data=buffer.getvalue())
    assert raw._preview_exif(SimpleNamespace(extract_thumb=lambda: preview)) == exif_block(6)
    preview.format = rawpy.ThumbFormat.BITMAP
    assert raw._preview_exif(SimpleNamespace(extract_thumb=lambda: preview)) is None
    assert raw._exif(b"FUJIFILMCCD-RAW") is None


PATCHES = {"red": (24, 32), "green": (72, 32), "white": (24, 96), "grey": (72, 96)}


def test_a_raw_file_becomes_a_jpeg_with_its_exif(tmp_path):
    photo = read_photo(_dng(tmp_path / "in.dng"))
    write_photo(tmp_path / "out.jpg", photo, photo.picture.pixels)
    with Image.open(tmp_path / "out.jpg") as image:
        assert image.size == (128, 96)
        assert image.getexif().get_ifd(0x8769)[0x8827] == 200  # sensitivity
        assert image.getexif().get(0x0112, 1) == 1


def test_large_ones_get_8_bits(tmp_path, monkeypatch):
    monkeypatch.setattr("deepflash.enhance.raw._DEEP_PIXELS", 100)
    assert read_photo(_dng(tmp_path / "in.dng")).picture.pixels.dtype == np.uint8


def test_the_limit_of_size_holds(tmp_path, monkeypatch):
    path = _dng(tmp_path / "in.dng")
    monkeypatch.setattr("deepflash.enhance.limits._BUDGET", 1000)
    with pytest.raises(PictureError, match="megapixels"):
        read_photo(path)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_a_cut_raw_file_is_refused(tmp_path, share):
    data = _dng(tmp_path / "in.dng").read_bytes()
    (tmp_path / "in.dng").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(PictureError):
        read_photo(tmp_path / "in.dng")


def test_a_camera_that_is_unknown_is_named_so(tmp_path):
    pytest.importorskip("rawpy")
    (tmp_path / "in.raf").write_bytes(b"FUJIFILMCCD-RAW " + bytes(2000))
    with pytest.raises(PictureError, match="no raw file that LibRaw"):
        read_photo(tmp_path / "in.raf")


def test_without_the_library_one_line_says_what_to_install(tmp_path, monkeypatch):
    path = _dng(tmp_path / "in.dng")
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(PictureError, match=r'pip install "deepflash\[raw\]"'):
        read_photo(path)


def test_the_content_decides_where_it_can(tmp_path):
    assert is_raw(tmp_path / "x.jpg", b"FUJIFILMCCD-RAW 0201")
    assert is_raw(tmp_path / "x", b"\0\0\0\x18ftypcrx \0\0\0\1")
    jpeg = save(tmp_path / "camera.nef", np.zeros((8, 8, 3), np.uint8), format="JPEG")
    assert not is_raw(jpeg, jpeg.read_bytes())
    assert read_photo(jpeg).picture.pixels.shape == (8, 8, 3)
    tiff = save(tmp_path / "x.tif", np.zeros((8, 8, 3), np.uint8))
    assert not is_raw(tiff, tiff.read_bytes())
    assert is_raw(tmp_path / "x.PEF", tiff.read_bytes())
