import errno
import hashlib
import io
import os
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from acquisition.errors import StoreError
from acquisition.prepare.decode import decode_phone
from acquisition.prepare.encode import assert_private, to_srgb8, write_jpeg, write_png
from acquisition.prepare.icc import srgb_profile
from acquisition.store import publish

SMALL = np.random.default_rng(0).integers(0, 256, (9, 11, 3), dtype=np.uint8)
PICTURE = cv2.resize(SMALL, (66, 54), interpolation=cv2.INTER_CUBIC)
MASK = np.where(PICTURE[..., 0] > 100, np.uint8(255), np.uint8(0))


def same(written, path) -> bool:
    data = path.read_bytes()
    return (written.bytes, written.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_a_jpeg_has_full_colour_resolution_and_an_srgb_profile(tmp_path):
    path = tmp_path / "a.jpg"
    assert same(write_jpeg(path, PICTURE), path)
    with Image.open(path) as image:
        assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3
        assert image.info["icc_profile"] == srgb_profile()
        assert not image.getexif()
        assert np.abs(np.asarray(image).astype(int) - PICTURE).mean() < 1.5
    profile = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
    assert "sRGB" in ImageCms.getProfileDescription(profile)
    assert_private(path)


def test_the_same_picture_gives_the_same_bytes_and_less_quality_fewer(tmp_path):
    first, second = (write_jpeg(tmp_path / name, PICTURE) for name in ("a.jpg", "b.jpg"))
    assert first == second
    assert srgb_profile()[24:36] == bytes(12), "it holds the time at which it was made"
    assert write_jpeg(tmp_path / "c.jpg", PICTURE, quality=50).bytes < first.bytes


def test_pngs_come_back_as_they_were(tmp_path):
    deep = (PICTURE.astype(np.uint16) * 257) ^ np.uint16(0x5A)
    for name, pixels in (("p.png", PICTURE), ("d.png", deep), ("m.png", MASK)):
        path = tmp_path / name
        assert same(write_png(path, pixels), path)
        read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert read.dtype == pixels.dtype
        np.testing.assert_array_equal(read[..., ::-1] if read.ndim == 3 else read, pixels)
        with Image.open(path) as image:
            image.load()  # checks the sum of each chunk
            assert image.info.get("srgb") == (0 if pixels.ndim == 3 else None)
        assert_private(path)


def test_what_is_written_decodes_to_the_same_light(tmp_path):
    write_png(tmp_path / "p.png", PICTURE)
    decoded = decode_phone(tmp_path / "p.png")
    np.testing.assert_array_equal(to_srgb8(decoded.linear), PICTURE)
    write_jpeg(tmp_path / "p.jpg", PICTURE)
    decoded = decode_phone(tmp_path / "p.jpg")
    with Image.open(tmp_path / "p.jpg") as image:
        np.testing.assert_array_equal(to_srgb8(decoded.linear), np.asarray(image))


def test_a_view_can_be_written(tmp_path):
    write_png(tmp_path / "p.png", PICTURE[::2, ::-1])
    write_jpeg(tmp_path / "p.jpg", PICTURE[::2, ::-1])
    np.testing.assert_array_equal(
        cv2.imread(str(tmp_path / "p.png"))[..., ::-1], PICTURE[::2, ::-1]
    )


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch, step):
    path = tmp_path / "a.jpg"
    write_jpeg(path, PICTURE)
    before = path.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(publish.os, step, full)
    for write in (write_jpeg, write_png):
        with pytest.raises(StoreError, match=r"a\.jpg: No space left.*free some space"):
            write(path, PICTURE[::-1])
    assert [file.name for file in tmp_path.iterdir()] == ["a.jpg"]
    assert path.read_bytes() == before


def test_a_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"nowhere/a\.png"):
        write_png(tmp_path / "nowhere" / "a.png", MASK)


def personal() -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Phone"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.BodySerialNumber] = "SECRET-7"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    return exif


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize(
    ("marker", "body", "found"),
    [
        (0xE1, personal().tobytes(), "EXIF"),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>", "XMP"),
        (0xED, b"Photoshop 3.0\x008BIM", "IPTC"),
        (0xE2, b"MPF\0II*\0", "MPF"),
        (0xE2, b"ICC_PROFILE\0\1\1 a monitor of somebody", "a segment FFE2"),
        (0xE0, b"JFIF\0\1\1\0\0\1\0\1\1\1abc", "a segment FFE0"),
        (0xEC, b"Ducky", "a segment FFEC"),
        (0xFE, b"by Mrs. Example", "a segment FFFE"),
    ],
)
def test_anything_else_in_a_jpeg_is_found(tmp_path, marker, body, found):
    path = tmp_path / "a.jpg"
    write_jpeg(path, PICTURE)
    data = path.read_bytes()
    scan = data.index(b"\xff\xda")
    for at in (2, scan):
        path.write_bytes(data[:at] + segment(marker, body) + data[at:])
        with pytest.raises(StoreError, match=f"must not leave the studio: it holds .*{found}"):
            assert_private(path)


@pytest.mark.parametrize("kind", [b"eXIf", b"tEXt", b"iTXt", b"zTXt", b"iCCP", b"tIME", b"caBX"])
def test_anything_else_in_a_png_is_found(tmp_path, kind):
    path = tmp_path / "a.png"
    write_png(path, PICTURE)
    data = path.read_bytes()
    for at in (33, len(data) - 12):
        path.write_bytes(data[:at] + chunk(kind, b"SECRET-7") + data[at:])
        with pytest.raises(StoreError, match=f"a chunk {kind.decode()}"):
            assert_private(path)


def test_trailers_and_other_files_are_found(tmp_path):
    jpeg, png, other = tmp_path / "a.jpg", tmp_path / "a.png", tmp_path / "a.webp"
    write_jpeg(jpeg, PICTURE)
    write_png(png, MASK)
    for path in (jpeg, png):
        whole = path.read_bytes()
        path.write_bytes(whole + b"a film")
        with pytest.raises(StoreError, match="6 bytes behind its end"):
            assert_private(path)
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(StoreError, match="no whole picture"):
            assert_private(path)
    Image.fromarray(PICTURE).save(other, exif=personal())
    with pytest.raises(StoreError, match="neither JPEG nor PNG"):
        assert_private(other)
    with pytest.raises(StoreError, match="cannot read"):
        assert_private(tmp_path / "none.jpg")


def test_nothing_of_a_phone_picture_survives_the_way_through(tmp_path):
    source, made = tmp_path / "phone.jpg", tmp_path / "flash.jpg"
    image = Image.fromarray(PICTURE)
    image.save(source, exif=personal(), comment=b"SECRET-8", xmp=b"<x>SECRET-9</x>")
    assert source.read_bytes().count(b"SECRET") == 3
    write_jpeg(made, to_srgb8(decode_phone(source).linear))
    assert b"SECRET" not in made.read_bytes()
    assert_private(made)
