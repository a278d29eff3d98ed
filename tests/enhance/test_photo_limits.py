"""Files that claim too much: refused before anything is decoded."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from deepflash.enhance import exif, limits
from deepflash.enhance.photo import read_photo
from deepflash.errors import PictureError
from tests.enhance.photo_files import directory, draw_pixels, exif_block, save


def _chunk(kind, body):
    checked = kind + body
    return struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))


def _png(width, height, *chunks, bits=8):
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0))
    data = _chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + data + _chunk(b"IEND", b"")


@pytest.fixture
def nothing_is_decoded(monkeypatch):
    def decoded(*_):
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", decoded)


@pytest.mark.parametrize(
    ("width", "height", "bits"),
    [(60000, 60000, 8), (13000, 12000, 8), (8000, 8000, 16), (100_000_000, 2, 8)],
)
@pytest.mark.usefixtures("nothing_is_decoded")
def test_too_many_pixels_are_refused(tmp_path, width, height, bits):
    path = tmp_path / "bomb.png"
    path.write_bytes(_png(width, height, bits=bits))
    with pytest.raises(PictureError, match="megapixels"):
        read_photo(path)


@pytest.mark.parametrize("form", ["WEBP", "JPEG", "GIF", "BMP", "TIFF", "AVIF"])
def test_the_limit_holds_for_every_format(tmp_path, monkeypatch, form):
    path = save(tmp_path / "photo", np.zeros((40, 50, 3), np.uint8), format=form)
    read_photo(path)
    monkeypatch.setattr(limits, "_BUDGET", 40 * 50 * 10 - 1)
    monkeypatch.setattr(ImageFile.ImageFile, "load", None)
    with pytest.raises(PictureError, match="claims 50 x 40 pixels"):
        read_photo(path)


def test_transparency_counts(tmp_path, monkeypatch):
    path = save(tmp_path / "in.png", np.zeros((40, 50, 4), np.uint8))
    monkeypatch.setattr(limits, "_BUDGET", 40 * 50 * 12 - 1)
    with pytest.raises(PictureError, match="claims 50 x 40 pixels"):
        read_photo(path)


def test_108_megapixels_are_allowed():
    limits.check_size(Path("phone.jpg"), 12000, 9000, limits.EIGHT_BITS)


def test_a_long_narrow_picture_is_read(tmp_path):
    pixels = np.arange(30000 * 2 * 3, dtype=np.uint32).astype(np.uint8).reshape(2, 30000, 3)
    photo = read_photo(save(tmp_path / "in.png", pixels))
    np.testing.assert_array_equal(photo.picture.pixels, pixels)


@pytest.mark.parametrize(
    "chunk",
    [
        _chunk(b"iCCP", b"bomb\0\0" + zlib.compress(bytes(2**26))),
        _chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"<" * 2**26)),
    ],
)
def test_a_metadata_bomb_is_refused(tmp_path, chunk):
    path = tmp_path / "bomb.png"
    path.write_bytes(_png(4, 4, chunk))
    with pytest.raises(PictureError, match="Decompressed data too large"):
        read_photo(path)


def test_a_jpeg_of_a_thousand_scans_is_refused(tmp_path, monkeypatch):
    path = save(tmp_path / "in.jpg", draw_pixels(240, 320), progressive=True)
    read_photo(path)
    data = path.read_bytes()
    scan = data.rfind(b"\xff\xda")
    path.write_bytes(data[:scan] + data[scan:-2] * 40_000 + data[-2:])
    monkeypatch.setattr(ImageFile.ImageFile, "load", None)
    with pytest.raises(PictureError, match="scans"):
        read_photo(path)


# --- tags that all claim the same bytes -------------------------------------------------------


def _greedy(entries, size):
    """A TIFF directory whose entries each hold `size` bytes from the start of the file."""
    table = b"".join(struct.pack("<HHII", 40000 + i, 7, size, 0) for i in range(entries))
    head = b"II*\0" + struct.pack("<IH", 8, entries) + table + bytes(4)
    return head.ljust(size, b"\0")


def test_tags_that_multiply_the_file_are_seen():
    assert exif.claims_too_much(_greedy(400, 2**18))
    assert not exif.claims_too_much(_greedy(100, 2**18))
    assert not exif.claims_too_much(exif_block()[6:])
    assert not exif.claims_too_much(b"II*\0\xff\xff\xff\xff")
    assert not exif.claims_too_much(b"II*\0")
    # Beyond the end there is nothing to be copied; damaged files claim that by accident.
    beyond = directory(8, [(40000, 7, 2**31, 100)])
    assert not exif.claims_too_much((b"II*\0" + struct.pack("<I", 8) + beyond).ljust(200))


def test_they_are_seen_in_the_directories_below():
    inner = b"II*\0" + struct.pack("<I", 8) + directory(8, [(exif.EXIF_POINTER, 4, 1, 100)])
    greedy = _greedy(400, 2**18)[8:]
    assert exif.claims_too_much(inner.ljust(100, b"\0") + greedy + bytes(100))


def test_directories_that_go_round_in_circles_end():
    entries = [(tag, 4, 1, 8) for tag in (exif.EXIF_POINTER, exif.GPS_POINTER)]
    assert not exif.claims_too_much(b"II*\0" + struct.pack("<I", 8) + directory(8, entries))


@pytest.mark.parametrize("suffix", [".tiff", ".jpg"])
def test_a_file_with_such_tags_is_refused_unopened(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr(Image, "open", None)
    path = tmp_path / f"bomb{suffix}"
    data = _greedy(5000, 2**16 - 100)
    if suffix == ".jpg":
        segment = b"Exif\0\0" + data
        jpeg = save(tmp_path / "in.jpg", draw_pixels()).read_bytes()
        data = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]
    path.write_bytes(data)
    with pytest.raises(PictureError, match="its tags hold more than the file"):
        read_photo(path)


def test_the_exif_of_other_formats_is_dropped_instead(tmp_path):
    block = b"Exif\0\0" + _greedy(5000, 2**16)
    photo = read_photo(save(tmp_path / "in.webp", draw_pixels(), exif=block))
    assert photo.picture.exif is None


def test_a_large_packed_bitmap_is_refused(tmp_path):
    head = struct.pack("<2sIHHI", b"BM", 14 + 40 + 1024 + 4, 0, 0, 14 + 40 + 1024)
    for side, refused in ((4000, True), (40, False)):
        info = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, 4, 0, 0, 256, 0)
        path = tmp_path / "in.bmp"
        path.write_bytes(head + info + bytes(1024) + bytes((side % 256, 7, 0, 1)))
        with pytest.raises(PictureError, match="packed BMP" if refused else "damaged or cut"):
            read_photo(path)
