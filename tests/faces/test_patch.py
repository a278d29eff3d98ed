"""Patches and squares by hand."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepflash.faces.detector import LEFT_EYE, RIGHT_EYE, Detection
from deepflash.faces.finder import tiles
from deepflash.faces.mesh import square_of_detection, square_of_points
from deepflash.faces.patch import Square, cut, to_picture


def ramp(height, width):
    """A picture whose red is x and whose green is y."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x, y, np.zeros_like(x)], axis=-1).astype(np.uint8)


def test_a_patch_of_the_whole_picture_is_the_picture():
    picture = ramp(64, 64)
    square = Square(x=31.5, y=31.5, side_px=64.0)
    np.testing.assert_array_equal(cut(picture, square, 64, border=cv2.BORDER_CONSTANT), picture)


@given(
    x=st.floats(60, 140),
    y=st.floats(60, 140),
    side=st.floats(20, 100),
    angle=st.floats(-3.1, 3.1),
)
def test_each_pixel_of_a_patch_shows_the_place_that_it_is_mapped_to(x, y, side, angle):
    square = Square(x=x, y=y, side_px=side, angle_rad=angle)
    patch = cut(ramp(200, 200), square, 16, border=cv2.BORDER_REPLICATE)
    points = np.array([[0, 0], [15, 0], [4, 11], [7.0, 7.0]], np.float32)
    places = to_picture(points, square, 16)
    for (column, row), place in zip(points.astype(int), places, strict=True):
        if (place > 8).all() and (place < 192).all():
            np.testing.assert_allclose(patch[row, column, :2], place, atol=1.1)


def test_a_square_beyond_the_picture_is_black_there():
    picture = np.full((40, 80, 3), 200, np.uint8)
    patch = cut(picture, Square(x=39.5, y=19.5, side_px=80.0), 80, border=cv2.BORDER_CONSTANT)
    assert patch[:19].max() == 0
    assert patch[21:59].min() == 200
    assert cut(picture, Square(x=-500.0, y=900.0, side_px=30.0), 8, border=0).shape == (8, 8, 3)


def test_a_large_square_is_averaged_and_not_sampled():
    noise = np.random.default_rng(0).integers(0, 256, (640, 640, 3)).astype(np.uint8)
    patch = cut(noise, Square(x=319.5, y=319.5, side_px=640.0), 64, border=cv2.BORDER_REPLICATE)
    assert patch.std() < 10


def test_the_square_of_points_is_level_with_the_eyes_and_half_as_large_again():
    level = np.tile(np.array([[100.0, 50.0]], np.float32), (468, 1))
    level[33], level[263] = [60, 50], [140, 50]
    level[10], level[152] = [100, 20], [100, 120]
    turn = np.array([[0.8, 0.6], [-0.6, 0.8]], np.float32)
    square = square_of_points(level @ turn)
    np.testing.assert_allclose((square.x, square.y), np.array([100, 70]) @ turn, rtol=1e-5)
    assert square.side_px == pytest.approx(150, rel=1e-5)
    assert square.angle_rad == pytest.approx(np.arctan2(0.6, 0.8), rel=1e-5)


def test_the_square_of_a_detection_is_level_with_the_eyes_and_half_as_large_again():
    keys = np.zeros((6, 2), np.float32)
    keys[RIGHT_EYE], keys[LEFT_EYE] = (10, 20), (18, 26)
    box = np.array([0, 10, 40, 60], np.float32)
    square = square_of_detection(Detection(box=box, keys=keys, score=0.9))
    assert square == pytest.approx((20, 35, 75, np.arctan2(6, 8)), rel=1e-6)


@given(height=st.integers(1, 1400), width=st.integers(1, 1400))
def test_the_tiles_cover_the_picture_and_lie_in_it(height, width):
    squares = list(tiles(height, width))
    assert squares[0] == Square(x=(width - 1) / 2, y=(height - 1) / 2, side_px=max(height, width))
    sides = sorted({round(square.side_px, 3) for square in squares}, reverse=True)
    for side in sides[1:]:
        own = [square for square in squares if round(square.side_px, 3) == side]
        for middles, length in (([s.x for s in own], width), ([s.y for s in own], height)):
            starts = sorted({value - (side - 1) / 2 for value in middles})
            if side < length:
                assert starts[0] == pytest.approx(0, abs=0.01)
                assert starts[-1] + side == pytest.approx(length, abs=0.01)
                assert max(np.diff(starts), default=0) <= side / 2 + 0.01
