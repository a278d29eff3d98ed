import io
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from acquisition.exif import exposure_scale, fired, read_exif

EXPECTED = {
    "Make": "Maker",
    "Model": "Phone 9",
    "Orientation": 6,
    "DateTimeOriginal": "2026:11:22 14:15:30",
    "SubSecTimeOriginal": "37",
    "OffsetTimeOriginal": "+01:00",
    "Flash": 9,
    "ISO": 125,
    "ExposureTime": 0.02,
    "FNumber": 1.8,
}


def tags() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Maker ", "Phone\x00 9", 6
    inner = exif.get_ifd(0x8769)
    inner[0x9003], inner[0x9291], inner[0x9011] = "2026:11:22 14:15:30", "37", "+01:00"
    inner[0x9209], inner[0x8827] = 9, 125
    inner[0x829A], inner[0x829D] = IFDRational(1, 50), IFDRational(18, 10)
    inner[0x927C], inner[0xA431], inner[0xA420] = b"secret maker note", "SERIAL-1", "unique"
    exif.get_ifd(0x8825)[2] = (IFDRational(52), IFDRational(30), IFDRational(0))
    return exif


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_wanted_values_are_read_and_others_never(tmp_path, form):
    path = tmp_path / f"picture.{form.lower()}"
    Image.new("RGB", (8, 8)).save(path, form, exif=tags())
    found = read_exif(path)
    assert found == EXPECTED
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("name", ["shot.NEF", "shot.dng", "shot.ARW"])
def test_a_raw_file_that_is_tiff_outside_is_read(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(tags().tobytes().removeprefix(b"Exif\x00\x00"))
    assert read_exif(path) == EXPECTED


def test_a_number_without_a_denominator_is_left_out(tmp_path):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x829A] = IFDRational(1, 0)
    exif.get_ifd(0x8769)[0x8827] = 100
    path = tmp_path / "picture.jpg"
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    assert read_exif(path) == {"ISO": 100}


def test_long_text_is_cut(tmp_path):
    exif = Image.Exif()
    exif[0x0110] = "x" * 5000
    path = tmp_path / "picture.jpg"
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    assert read_exif(path) == {"Model": "x" * 64}


def test_what_has_no_exif_gives_nothing(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.jpg")
    (tmp_path / "text.jpg").write_bytes(b"no picture at all")
    (tmp_path / "text.cr3").write_bytes(b"no picture at all")
    (tmp_path / "empty.nef").write_bytes(b"")
    for name in ("plain.jpg", "text.jpg", "text.cr3", "empty.nef", "missing.jpg"):
        assert read_exif(tmp_path / name) == {}


def test_a_picture_of_an_impossible_size_gives_nothing(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "small.jpg")
    data = (tmp_path / "small.jpg").read_bytes()
    frame = data.index(b"\xff\xc0") + 5
    (tmp_path / "huge.jpg").write_bytes(data[:frame] + b"\xff\xdc\xff\xdc" + data[frame + 4 :])
    assert read_exif(tmp_path / "huge.jpg") == {}


def jpeg_with_tags() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG", exif=tags())
    return out.getvalue()


JPEG = jpeg_with_tags()


@pytest.mark.filterwarnings("ignore")
@given(position=st.integers(2, len(JPEG) - 1), junk=st.binary(min_size=1, max_size=8))
def test_damage_never_raises(tmp_path_factory, position, junk):
    path = tmp_path_factory.getbasetemp() / "damaged.jpg"
    path.write_bytes(JPEG[:position] + junk + JPEG[position + len(junk) :])
    found = read_exif(path)
    assert set(found) <= set(EXPECTED)
    json.dumps(found, allow_nan=False)


@pytest.mark.filterwarnings("ignore")
def test_a_directory_that_points_to_itself_ends(tmp_path):
    path = tmp_path / "loop.dng"
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)
    path.write_bytes(b"II*\x00" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 8))
    assert read_exif(path) == {}


@pytest.mark.parametrize(
    ("exif", "expected"), [({"Flash": 9}, True), ({"Flash": 16}, False), ({}, None)]
)
def test_the_flash_bit(exif, expected):
    assert fired(exif) is expected


def test_exposure_scale_by_hand():
    assert exposure_scale({"ExposureTime": 0.02, "ISO": 200, "FNumber": 2.0}) == 1.0
    assert exposure_scale({"ExposureTime": 0.02, "ISO": 200}) == 4.0
    assert exposure_scale({"ExposureTime": 0.02}) is None
    assert exposure_scale({"ISO": 200}) is None
