import io
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from acquisition.camera.container import check_container, kind_of
from acquisition.errors import DownloadError
from acquisition.simulate import raw


def jpeg() -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=90)
    return data.getvalue()


def dng() -> bytes:
    sensor = np.random.default_rng(0).integers(0, 4000, (64, 96), dtype=np.uint16)
    meta = raw.RawMeta(
        taken=datetime(2026, 11, 22, tzinfo=UTC), exposure_s=0.008, f_number=8.0, iso=100,
        serial="1", number=1,
    )  # fmt: skip
    return raw.write_dng(sensor, 14, meta)


def checked(folder: Path, data: bytes, name: str) -> tuple[str, bool]:
    path = folder / "part"
    path.write_bytes(data)
    return check_container(path, name)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("A.JPG", "jpeg"), ("a.jpeg", "jpeg"), ("A.NEF", "raw"), ("a.cr3", "raw"), ("A.MOV", None),
     ("JPG", None), ("A.XMP", None)],
)  # fmt: skip
def test_kind_by_suffix(name, kind):
    assert kind_of(name) == kind


def test_whole_jpeg(tmp_path):
    assert checked(tmp_path, jpeg(), "A.JPG") == ("image/jpeg", False)


def test_jpeg_padded_with_zeros_is_whole(tmp_path):
    assert checked(tmp_path, jpeg() + bytes(4096), "A.JPG") == ("image/jpeg", False)


def test_whole_raw(tmp_path):
    assert checked(tmp_path, dng(), "A.DNG") == ("image/x-adobe-dng", True)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_truncated_jpeg_is_refused(tmp_path, share):
    data = jpeg()
    with pytest.raises(DownloadError, match=r"A\.JPG"):
        checked(tmp_path, data[: int(len(data) * share)], "A.JPG")


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_truncated_raw_is_refused(tmp_path, share):
    data = dng()
    with pytest.raises(DownloadError, match=r"A\.DNG"):
        checked(tmp_path, data[: int(len(data) * share)], "A.DNG")


@pytest.mark.parametrize("name", ["A.JPG", "A.NEF", "A.MOV"])
@pytest.mark.parametrize("data", [b"", b"no picture at all", bytes(5000)])
def test_something_else_is_refused(tmp_path, name, data):
    with pytest.raises(DownloadError, match=name):
        checked(tmp_path, data, name)


def test_name_must_agree_with_the_content(tmp_path):
    with pytest.raises(DownloadError, match="begin"):
        checked(tmp_path, dng(), "A.JPG")
    with pytest.raises(DownloadError, match="raw"):
        checked(tmp_path, jpeg(), "A.NEF")
