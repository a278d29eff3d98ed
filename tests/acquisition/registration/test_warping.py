import numpy as np
import pytest

from acquisition.registration.grid import affine_map, pixels
from acquisition.registration.warping import Enlargement, enlarge, enlarge_valid, warp, warp_full
from tests.acquisition.registration.drawn import turned


def smooth(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width] + 0.5
    planes = [np.sin(6 * x / width) + 1.1, np.cos(5 * y / height) + 1.1, (x / width) * (y / height)]
    return np.dstack(planes).astype(np.float32)


def test_identity_changes_nothing() -> None:
    picture = smooth(300, 70)
    np.testing.assert_allclose(warp(picture, pixels((300, 70))), picture, atol=1e-5)


def test_whole_shift_is_exact_and_edges_are_continued() -> None:
    picture = smooth(20, 30)
    found = warp(picture, affine_map(turned(0, shift=(3.0, 0.0)), (20, 30)))
    np.testing.assert_allclose(found[:, :27], picture[:, 3:], atol=1e-5)
    np.testing.assert_allclose(found[:, 27:], np.repeat(picture[:, 29:], 3, axis=1), atol=1e-5)


def test_no_light_below_zero_beside_a_highlight() -> None:
    picture = np.zeros((40, 40, 3), np.float32)
    picture[18:22, 18:22] = 50.0
    found = warp(picture, affine_map(turned(0, shift=(0.5, 0.5)), (40, 40)))
    assert found.min() == 0.0
    assert found.max() > 45.0


def test_enlarged_map_leads_to_the_same_places() -> None:
    # Reduced: 30 x 40 to 36 x 45; full: 16 times and 20 times as large.
    affine = np.array([[1.05, 0.02, 1.0], [-0.02, 1.1, 0.5]], np.float32)
    small = affine_map(affine, (30, 40))
    sizes = Enlargement(studio_map_hw=(36, 45), phone_hw=(480, 640), studio_hw=(720, 900))
    large = enlarge(small, sizes)
    assert large.shape == (480, 640, 2)
    for x, y in ((0, 0), (639, 479), (100, 333)):
        at = (np.array([x, y]) + 0.5) / 16 - 0.5
        there = (affine[:, :2] @ at + affine[:, 2] + 0.5) * 20 - 0.5
        np.testing.assert_allclose(large[y, x], there, atol=2e-2)


@pytest.mark.parametrize("times", [2, 4])
def test_full_warp_is_warp_by_the_enlarged_map(times: int) -> None:
    small = affine_map(turned(0, shift=(2.0, 1.0)), (32, 40))
    sizes = Enlargement(
        studio_map_hw=(32, 40), phone_hw=(512, 640), studio_hw=(256 * times, 320 * times)
    )
    picture = smooth(256 * times, 320 * times)
    found = warp_full(picture, small, sizes)
    np.testing.assert_allclose(found, warp(picture, enlarge(small, sizes)), atol=2e-3)
    # Half a percent of a smooth picture: 16 pixels of the phone are one of the map.
    np.testing.assert_allclose(found[:448, :560], smooth(512, 640)[16:464, 32:592], atol=2e-2)


def test_fine_stripes_average_out_where_the_studio_is_much_larger() -> None:
    stripes = np.zeros((400, 400, 3), np.float32)
    stripes[:, ::2] = 1.0
    found = warp(stripes, affine_map(np.array([[4, 0, 1.0], [0, 4, 1.5]], np.float32), (100, 100)))
    np.testing.assert_allclose(found, 0.5, atol=0.02)


def test_enlarged_mask_has_two_values_and_the_same_share() -> None:
    valid = np.zeros((30, 40), np.uint8)
    valid[10:20, 5:25] = 255
    large = enlarge_valid(valid, (300, 400))
    assert set(np.unique(large)) == {0, 255}
    assert (large > 0).mean() == pytest.approx((valid > 0).mean(), abs=0.01)
    assert large[150, 150] == 255
