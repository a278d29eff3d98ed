"""Formats are told by the content of files, whatever their names say."""

import struct

import numpy as np
import pytest
from PIL import Image

from tests.enhance.photo_files import MAKER_NOTE, directory
from tests.web.files import array, camera_exif, p3_profile, saved, smooth
from tests.web.node import JsError

HELPER, SNIFF = "tests/files", "src/files/sniff"
OTHER = Image.fromarray(255 - smooth())


def _look(node, data, name="a.jpg"):
    return node.call(HELPER, "looked", array(data), name)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP"])
@pytest.mark.parametrize("size", [(72, 96), (71, 33), (1, 1)])
def test_format_and_size(node, form, size):
    found = _look(node, saved(smooth(*size), form))
    assert found["format"] == form.lower()
    assert (found["height"], found["width"]) == size
    assert found["whole"]
    assert (found["animated"], found["hasAlpha"], found["deep"]) == (False, False, False)


@pytest.mark.parametrize("form", ["GIF", "AVIF", "BMP"])
def test_cut_files(node, form):
    data = saved(smooth(), form)
    assert not _look(node, data[: len(data) // 2])["whole"]


@pytest.mark.parametrize("form", ["GIF", "AVIF"])
def test_files_that_move(node, form):
    data = saved(smooth(), form, save_all=True, append_images=[OTHER])
    assert _look(node, data)["animated"]


def test_avif_metadata(node):
    data = saved(smooth(channels=4), "AVIF", exif=camera_exif()[6:], icc_profile=p3_profile())
    found = _look(node, data)
    assert found["hasAlpha"]
    # Pillow writes the block anew, without the orientation, which goes into the format itself.
    assert b"Maker\0" in found["exif"].tobytes()
    assert MAKER_NOTE in found["exif"].tobytes()
    assert node.call("src/files/exif", "flashFired", found["exif"]) is None  # still without prefix
    whole = node.call("src/files/exif", "normalised", found["exif"])
    assert node.call("src/files/exif", "flashFired", whole) is True
    assert found["icc"].tobytes() == p3_profile()


def test_gif_with_a_hole(node):
    palette = Image.fromarray(smooth()).quantize(16)
    assert _look(node, saved(palette, "GIF", transparency=3))["hasAlpha"]


def _brand(major, *others):
    content = major + bytes(4) + b"".join(others)
    return struct.pack(">I", 8 + len(content)) + b"ftyp" + content


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (_brand(b"heic", b"mif1", b"heic"), "heic"),
        (_brand(b"mif1", b"heic"), "heic"),
        (_brand(b"mif1", b"avif"), "avif"),
        (_brand(b"avis", b"msf1"), "avif"),
        (_brand(b"crx ", b"isom"), "raw"),
        (_brand(b"isom", b"mp42"), "unknown"),
        (b"FUJIFILMCCD-RAW 0201", "raw"),
        (b"IIU\0" + bytes(30), "raw"),
        (b"BM, that is how this text begins and goes on", "unknown"),
        (b"%PDF-1.7", "unknown"),
        (b"", "unknown"),
        (b"\xff", "unknown"),
        (b"II*\0", "tiff"),
    ],
)
def test_beginnings(node, data, expected):
    assert node.call(SNIFF, "formatOf", array(data)) == expected


def _tiff(*entries, gap=b""):
    place = 8 + len(gap)
    return b"II*\0" + struct.pack("<I", place) + gap + directory(place, entries)


def test_raw_files_built_like_tiffs(node):
    camera = [(254, 4, 1, 1), (271, 2, 6, b"Maker\0"), (330, 4, 1, 999)]
    files = {
        "raw": [
            _tiff((50706, 1, 4, 0x00000401)),
            _tiff((256, 4, 1, 9), gap=b"CR\2\0"),
            _tiff(*camera),
            _tiff((259, 3, 1, 34713)),
        ],
        "tiff": [saved(smooth(), "TIFF"), _tiff(*camera[:2])],
    }
    for expected, all_data in files.items():
        for data in all_data:
            assert node.call(SNIFF, "formatOf", array(data), "a.tif") == expected
            assert node.call(SNIFF, "formatOf", array(data), "a.NEF") == "raw"


def test_damaged_files_end_in_a_range_error_or_not_at_all(node):
    random, kinds = np.random.default_rng(0), set()
    for form in ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP"):
        data = saved(smooth(), form)
        for _ in range(30):
            broken = bytearray(data[: random.integers(12, len(data))])
            place = random.integers(12, len(broken) + 1)
            broken[place : place + 4] = random.bytes(len(broken[place : place + 4]))
            try:
                _look(node, bytes(broken), "a")
            except JsError as error:
                kinds.add(str(error).split(":")[0])
    assert kinds <= {"RangeError"}
