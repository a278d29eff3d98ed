"""Before and after side by side, in colours that every screen shows."""

import cv2
import numpy as np
import pytest

from deepflash.enhance.colour import Conversion
from deepflash.enhance.preview import side_by_side, write_preview
from deepflash.errors import StorageError

_GREY = np.linspace(0, 1, 4096)


def _plain(value, height=20, width=30, dtype=np.uint8):
    return np.full((height, width, 3), value, dtype)


def test_before_a_gap_after():
    both = side_by_side(_plain(50), _plain([90, 100, 110]))
    assert both.shape == (20, 30 + 8 + 30, 3)
    assert (both[:, :30] == 50).all()
    assert (both[:, 30:38] == 255).all()
    assert (both[:, 38:] == [90, 100, 110]).all()


@pytest.mark.parametrize(
    ("shape", "small"),
    [
        ((3000, 2000), (1024, 683)),
        ((500, 4096), (125, 1024)),
        ((1024, 7), (1024, 7)),
        ((5000, 1), (1024, 1)),
    ],
)
def test_large_pictures_become_small_and_small_ones_stay(shape, small):
    both = side_by_side(_plain(50, *shape), _plain(90, *shape))
    assert both.shape == (small[0], 2 * small[1] + 8, 3)


def test_16_bits_become_8_by_rounding():
    both = side_by_side(_plain(257 * 50 + 120, dtype=np.uint16), _plain(65535, dtype=np.uint16))
    assert both.dtype == np.uint8
    assert (both[:, :30] == 50).all()
    assert (both[:, 38:] == 255).all()


@pytest.mark.parametrize(("dtype", "top"), [(np.uint8, 255), (np.uint16, 65535)])
def test_other_colour_spaces_are_shown_in_srgb(dtype, top):
    # sRGB primaries with a linear tone curve: a fifth of the light is 0.4845 encoded.
    linear = Conversion(np.eye(3), (_GREY, _GREY, _GREY))
    both = side_by_side(_plain(top // 5, dtype=dtype), _plain(top, dtype=dtype), profile=linear)
    assert (both[:, :30] == round(255 * (1.055 * 0.2 ** (1 / 2.4) - 0.055))).all()
    assert (both[:, 38:] == 255).all()


def test_colours_beyond_srgb_are_clipped_not_wrapped():
    # Red of the photograph's space is more than sRGB's red and less than none of its green.
    wide = np.array([[1.3, -0.2, -0.1], [-0.1, 1.1, 0.0], [0.0, -0.1, 1.1]])
    profile = Conversion(wide, (_GREY, _GREY, _GREY))
    both = side_by_side(_plain([255, 0, 0]), _plain([0, 0, 255]), profile=profile)
    assert (both[0, 0] == [255, 0, 0]).all()
    assert (both[0, -1] == [0, 0, 255]).all()


def test_the_file_holds_what_was_shown(tmp_path):
    write_preview(tmp_path / "sub" / "a.preview.jpg", _plain(50), _plain([200, 100, 50]))
    found = cv2.imread(str(tmp_path / "sub" / "a.preview.jpg"))[..., ::-1].astype(int)
    assert found.shape == (20, 68, 3)
    assert np.abs(found[5, 5] - 50).max() <= 2
    assert np.abs(found[5, 60] - [200, 100, 50]).max() <= 3


def test_the_file_is_in_srgb_too(tmp_path):
    linear = Conversion(np.eye(3), (_GREY, _GREY, _GREY))
    write_preview(tmp_path / "a.jpg", _plain(51), _plain(51), profile=linear)
    assert abs(int(cv2.imread(str(tmp_path / "a.jpg"))[5, 5, 1]) - 124) <= 2


def test_a_file_in_the_way_is_a_storage_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write"):
        write_preview(tmp_path / "file" / "a.jpg", _plain(50), _plain(50))
