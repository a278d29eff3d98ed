"""Where points land in the picture, by hand."""

import numpy as np
import pytest

from deepflash.synth.lens import Camera

STRAIGHT = Camera(at=(0.0, 0.0, 60.0), target=(0.0, 0.0, 0.0), frame_cm=30.0)


def test_the_frame_is_as_wide_as_it_says_at_the_target():
    points = np.array([[0, 0, 0], [15, 0, 0], [-15, 0, 0], [0, 15, 0], [0, -15, 0]], float)
    expected = [[0.5, 0.5], [1, 0.5], [0, 0.5], [0.5, 0], [0.5, 1]]
    assert STRAIGHT.project(points) == pytest.approx(np.array(expected))
    assert STRAIGHT.distance_cm == 60
    assert STRAIGHT.field_deg == pytest.approx(2 * np.degrees(np.arctan(0.25)))


def test_what_is_nearer_is_larger():
    # At half the distance 15 cm are twice the half frame.
    assert STRAIGHT.project(np.array([15.0, 0.0, 30.0])) == pytest.approx([1.5, 0.5])
    assert STRAIGHT.project(np.array([15.0, 0.0, -60.0])) == pytest.approx([0.75, 0.5])


def test_a_camera_from_the_side_sees_depth_as_width():
    side = Camera(at=(60.0, 0.0, 0.0), target=(0.0, 0.0, 0.0), frame_cm=30.0)
    # From the right of the scene, what is behind lies on the right.
    assert side.project(np.array([0.0, 0.0, -15.0])) == pytest.approx([1, 0.5])
    assert side.project(np.array([0.0, 15.0, 0.0])) == pytest.approx([0.5, 0])


def test_a_camera_above_looks_down():
    above = Camera(at=(0.0, 60.0, 60.0), target=(0.0, 0.0, 0.0), frame_cm=30.0)
    x, y = above.project(np.array([0.0, 10.0, 0.0]))
    # 10 cm up are 7.07 cm across the view and 7.07 cm nearer, of 84.85 cm.
    leg = 10 / np.sqrt(2)
    expected = 0.5 - leg / (np.hypot(60, 60) - leg) * np.hypot(60, 60) / 30
    assert (x, y) == pytest.approx((0.5, expected))


def test_a_rolled_camera_turns_the_picture():
    rolled = Camera(at=(0.0, 0.0, 60.0), target=(0.0, 0.0, 0.0), frame_cm=30.0, roll_deg=90.0)
    # The camera's top points to the left, so what is on the right appears below.
    assert rolled.project(np.array([15.0, 0.0, 0.0])) == pytest.approx([0.5, 1])


@pytest.mark.parametrize("roll", [0.0, 17.0, -90.0])
def test_axes_are_a_right_handed_frame(roll):
    camera = Camera(at=(10.0, 25.0, 60.0), target=(1.0, 2.0, 3.0), frame_cm=30.0, roll_deg=roll)
    right, up, ahead = camera.axes()
    assert camera.axes() @ camera.axes().T == pytest.approx(np.eye(3), abs=1e-9)
    assert np.cross(right, up) == pytest.approx(-ahead)
    assert camera.project(np.array(camera.target)) == pytest.approx([0.5, 0.5])


def test_points_in_any_arrangement_are_projected_alike():
    points = np.random.default_rng(0).normal(0, 10, (4, 5, 3))
    grid = STRAIGHT.project(points)
    assert grid.shape == (4, 5, 2)
    assert grid[2, 3] == pytest.approx(STRAIGHT.project(points[2, 3]))
