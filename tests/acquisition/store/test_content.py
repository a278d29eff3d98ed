import io
import struct
import sys

import pytest
from PIL import Image

from acquisition.errors import StoreError
from acquisition.store.content import check_picture, check_raw, sniff_picture
from tests.acquisition.store.scripted import picture, raw


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


HEIC = box(b"ftyp", b"heic\0\0\0\0mif1") + box(b"meta", b"m" * 30) + box(b"mdat", b"d" * 50)


@pytest.mark.parametrize(
    ("data", "mime"),
    [(picture(1), "image/jpeg"), (picture(1, "PNG"), "image/png"), (HEIC, "image/heic")],
    ids=["jpeg", "png", "heic"],
)
def test_a_whole_picture_is_known_and_a_cut_one_is_refused(tmp_path, data, mime):
    path = tmp_path / "picture"
    path.write_bytes(data)
    assert sniff_picture(path) == check_picture(path) == mime
    for cut in (len(data) - 1, len(data) - 2, len(data) // 2, len(data) * 3 // 4):
        path.write_bytes(data[:cut])
        with pytest.raises(StoreError, match=r"damaged .*; send it again"):
            check_picture(path)


def test_a_large_box_and_an_open_one_are_counted(tmp_path):
    path = tmp_path / "picture"
    path.write_bytes(HEIC + struct.pack(">I4sQ", 1, b"mdat", 20) + b"abcd")
    assert check_picture(path) == "image/heic"
    path.write_bytes(HEIC + struct.pack(">I4s", 0, b"mdat") + b"anything")
    assert check_picture(path) == "image/heic"
    path.write_bytes(HEIC + struct.pack(">I4s", 3, b"mdat"))
    with pytest.raises(StoreError, match="a box of 3 bytes"):
        check_picture(path)


def test_pictures_behind_the_picture_are_no_damage(tmp_path):
    """Phones append a second JPEG, a film or a trailer of their own."""
    path = tmp_path / "picture"
    path.write_bytes(picture(1, size=64) + picture(2))
    assert check_picture(path) == "image/jpeg"
    buffer = io.BytesIO()
    first, second = Image.new("RGB", (32, 32)), Image.new("RGB", (16, 16))
    first.save(buffer, "MPO", save_all=True, append_images=[second])
    path.write_bytes(buffer.getvalue())
    assert check_picture(path) == "image/jpeg"


@pytest.mark.parametrize("data", [b"", b"GIF89a" + b"\0" * 20, b"<html></html>", b"\0" * 12])
def test_something_else_is_no_picture(tmp_path, data):
    path = tmp_path / "picture"
    path.write_bytes(data)
    with pytest.raises(StoreError, match="no JPEG, PNG or HEIC picture"):
        check_picture(path)


def test_an_absent_file_is_one_line(tmp_path):
    with pytest.raises(StoreError, match=r"cannot read .*No such file"):
        check_picture(tmp_path / "absent")


def test_a_raw_file_begins_like_one(tmp_path, monkeypatch):
    path = tmp_path / "a.nef"
    path.write_bytes(raw(1))
    check_raw(path)
    monkeypatch.setitem(sys.modules, "rawpy", None)
    check_raw(path)
    path.write_bytes(b"no raw file")
    with pytest.raises(StoreError, match="no raw file: it begins with 6e 6f"):
        check_raw(path)
