from pathlib import Path

import numpy as np
import pytest

from deepflash.errors import PictureError
from deepflash.pictures import (
    from_unit,
    linear_to_srgb,
    read_mask,
    read_picture,
    srgb_to_linear,
    to_unit,
    write_picture,
)

RAMP = np.arange(20 * 30 * 3, dtype=np.uint16).reshape(20, 30, 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_round_trip_keeps_bits_and_channel_order(tmp_path: Path, dtype):
    picture = (RAMP * 7).astype(dtype)
    write_picture(tmp_path / "a.png", picture)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png"), picture)


def test_jpeg_keeps_red_red(tmp_path: Path):
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    write_picture(tmp_path / "a.jpg", red)
    np.testing.assert_allclose(read_picture(tmp_path / "a.jpg").astype(int), red, atol=3)


def test_mask_round_trip(tmp_path: Path):
    mask = np.where(RAMP[..., 0] % 2, 255, 0).astype(np.uint8)
    write_picture(tmp_path / "m.png", mask)
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png"), mask)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_truncated_pictures_are_refused(tmp_path: Path, suffix, kept):
    path = tmp_path / f"a{suffix}"
    write_picture(path, np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(PictureError, match=r"a\.(jpg|png) is truncated"):
        read_picture(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xd8\xff\xd9"])
def test_what_is_no_picture_is_refused(tmp_path: Path, content):
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(PictureError, match=r"a\.jpg"):
        read_picture(tmp_path / "a.jpg")


def test_missing_file(tmp_path: Path):
    with pytest.raises(PictureError, match=r"cannot read .*a\.png"):
        read_picture(tmp_path / "a.png")


def test_srgb_by_hand():
    values = np.array([0.0, 0.04, 0.5, 1.0], np.float32)
    # IEC 61966-2-1: below 0.04045 a division by 12.92, above the power of 2.4.
    expected = [0.0, 0.04 / 12.92, 0.21404114, 1.0]
    np.testing.assert_allclose(srgb_to_linear(values), expected, atol=1e-6)


def test_srgb_round_trip_and_clipping():
    values = np.linspace(0, 1, 1001, dtype=np.float32)
    np.testing.assert_allclose(linear_to_srgb(srgb_to_linear(values)), values, atol=1e-5)
    np.testing.assert_array_equal(linear_to_srgb(np.array([-1.0, 2.0], np.float32)), [0, 1])


def test_units_round_trip():
    levels = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(from_unit(to_unit(levels)), levels)
    assert to_unit(np.array([65535], np.uint16))[0] == 1.0
