"""JPEG files: what the page finds in them and puts into them, against Pillow."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from tests.enhance.photo_files import small_jpeg
from tests.web.files import PACKET, array, camera_exif, p3_profile, saved, smooth

HELPER, JPEG = "tests/files", "src/files/jpeg"
PLAIN = {"exif": None, "icc": None, "xmp": None}


def _opened(data):
    return Image.open(io.BytesIO(bytes(data)))


def _look(node, data):
    return node.call(HELPER, "looked", array(data), "a.jpg")


@pytest.mark.parametrize("quality", [1, 10, 30, 49, 50, 51, 75, 80, 90, 92, 95, 99, 100])
def test_quality_is_read_from_the_table(node, quality):
    assert _look(node, small_jpeg(smooth(), quality))["quality"] == quality


def test_the_quality_of_unusual_tables_is_the_nearest(node):
    tables = _opened(small_jpeg(smooth(), 85)).quantization
    near = [[max(1, v + i % 2) for i, v in enumerate(tables[key])] for key in sorted(tables)]
    data = saved(smooth(), "JPEG", qtables=near)
    assert 80 <= _look(node, data)["quality"] <= 86
    assert _look(node, saved(Image.new("CMYK", (96, 72)), "JPEG"))["quality"] is None


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_size_metadata_and_end(node, options):
    block, icc = camera_exif(thumbnail=small_jpeg(smooth())), p3_profile()
    data = saved(smooth(), "JPEG", exif=block, icc_profile=icc, xmp=PACKET, **options)
    found = _look(node, data)
    assert (found["width"], found["height"]) == (96, 72)
    assert (found["model"], found["deep"], found["animated"]) == ("rgb", False, False)
    assert found["exif"].tobytes() == _opened(data).info["exif"] == block
    assert found["icc"].tobytes() == icc
    assert found["xmp"].tobytes() == PACKET
    assert found["whole"]
    for length in (len(data) - 1, len(data) - 2, len(data) // 2, 300, 20, 3):
        assert not _look(node, data[:length])["whole"], length
    # The end markers of thumbnails, and what lies behind the end, are no end.
    assert not _look(node, data[: len(data) // 2] + bytes(5000))["whole"]
    assert _look(node, data + b"trailer" * 1000)["whole"]


def test_filling_and_rubbish_between_segments_are_skipped(node):
    data = saved(smooth(), "JPEG", exif=camera_exif())
    place = data.index(b"\xff\xdb")
    for between in (b"\xff\xff", b"\0\0rubbish"):
        found = _look(node, data[:place] + between + data[place:])
        assert (found["width"], found["height"], found["whole"]) == (96, 72, True)
        assert found["quality"] == 75
        np.testing.assert_array_equal(np.asarray(_opened(found["bare"])), np.asarray(_opened(data)))


def test_damage_near_the_end_is_no_cut(node):
    data = bytearray(small_jpeg(smooth()))
    data[-40:-38] = b"\xff\x99"
    assert _look(node, bytes(data))["whole"]
    assert not _look(node, bytes(data[:-2]))["whole"]


def test_grey_and_cmyk_are_told(node):
    assert _look(node, small_jpeg(smooth()[..., 0]))["model"] == "grey"
    assert _look(node, saved(Image.new("CMYK", (96, 72)), "JPEG"))["model"] == "cmyk"


def test_profiles_in_several_pieces(node):
    icc = p3_profile() + np.random.default_rng(0).bytes(150_000)
    icc = struct.pack(">I", len(icc)) + icc[4:]
    data = saved(smooth(), "JPEG", icc_profile=icc)
    assert _look(node, data)["icc"].tobytes() == icc
    made = node.call(JPEG, "assemble", array(small_jpeg(smooth())), PLAIN | {"icc": array(icc)})
    assert _opened(made).info["icc_profile"] == icc
    # One piece missing: Pillow finds no profile either.
    start = data.index(b"ICC_PROFILE\0\2") - 4
    (length,) = struct.unpack_from(">H", data, start + 2)
    cut = data[:start] + data[start + 2 + length :]
    assert _look(node, cut)["icc"] is None
    assert _opened(cut).info.get("icc_profile") is None


def test_bare_files_keep_their_pixels(node):
    data = saved(
        smooth(), "JPEG", exif=camera_exif(), icc_profile=p3_profile(), xmp=PACKET, comment=b"hi"
    )
    found = _look(node, data)
    for name, kept in (("bare", None), ("bareWithProfile", p3_profile())):
        opened = _opened(found[name])
        assert opened.info.get("icc_profile") == kept
        assert not {"exif", "xmp", "comment"} & set(opened.info)
        np.testing.assert_array_equal(np.asarray(opened), np.asarray(_opened(data)))
    cmyk = saved(Image.new("CMYK", (96, 72), (10, 20, 30, 40)), "JPEG")
    # Without Adobe's mark the values would be taken to be upside down.
    assert _opened(_look(node, cmyk)["bare"]).getpixel((0, 0)) == _opened(cmyk).getpixel((0, 0))


@pytest.mark.parametrize("progressive", [False, True])
def test_metadata_is_put_in_the_place_of_what_is_there(node, progressive):
    there = {"exif": camera_exif(orientation=3), "icc_profile": b"old" * 50, "comment": b"hi"}
    encoded = saved(smooth(), "JPEG", progressive=progressive, **there)
    block, icc = camera_exif(orientation=1), p3_profile()
    given = {"exif": array(block), "icc": array(icc), "xmp": array(PACKET)}
    opened = _opened(node.call(JPEG, "assemble", array(encoded), given))
    assert opened.info["exif"] == block
    assert opened.info["icc_profile"] == icc
    assert opened.info["xmp"] == PACKET
    assert "comment" not in opened.info
    np.testing.assert_array_equal(np.asarray(opened), np.asarray(_opened(encoded)))
    nothing = _opened(node.call(JPEG, "assemble", array(encoded), PLAIN))
    assert not {"exif", "icc_profile", "xmp"} & set(nothing.info)


def test_metadata_too_long_for_a_segment_is_left_out(node):
    given = PLAIN | {"exif": array(camera_exif(after=bytes(65000))), "xmp": array(b"<" * 65503)}
    opened = _opened(node.call(JPEG, "assemble", array(small_jpeg(smooth())), given))
    assert not {"exif", "xmp"} & set(opened.info)
    given = PLAIN | {"xmp": array(b"<" * 65502)}
    opened = _opened(node.call(JPEG, "assemble", array(small_jpeg(smooth())), given))
    assert len(opened.info["xmp"]) == 65502
