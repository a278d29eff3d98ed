"""What points say, by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepflash.faces import points as names
from deepflash.faces.finder import Face
from deepflash.faces.points import (
    Margins,
    expression_change,
    eye_openness,
    head_and_shoulders,
    head_pose,
    inter_ocular,
    mouth_openness,
    normalised_shape,
)

ANGLES = st.floats(-0.5, 0.5)


def face_of(points, depth=None):
    points = np.asarray(points, np.float32)
    (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return Face(points=points, score=1.0, box=(x0, y0, x1, y1), depth=depth)


def solid(seed=0):
    """Points of a made-up head: a bulge 200 wide and 250 high, in pixels."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-100, 100, 468), rng.uniform(-125, 125, 468)
    for index, place in {33: (-90, -40), 263: (90, -40), 10: (0, -125), 152: (0, 125)}.items():
        x[index], y[index] = place
    z = 60 - 60 * np.exp(-(x**2 + y**2) / 5000)
    return np.column_stack([x, y, z])


def seen(head, yaw=0.0, roll=0.0, scale=1.0):
    """The head turned and drawn without perspective."""
    c, s = np.cos(yaw), np.sin(yaw)
    head = head @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]).T
    c, s = np.cos(roll), np.sin(roll)
    flat = head[:, :2] @ np.array([[c, -s], [s, c]]).T * scale + (500, 400)
    return face_of(flat, depth=(head[:, 2] * scale).astype(np.float32))


def test_every_name_is_a_point_and_rings_repeat_none():
    for ring in (
        names.RIGHT_EYE,
        names.LEFT_EYE,
        names.OUTER_LIPS,
        names.INNER_LIPS,
        names.FACE_OVAL,
        names.RIGHT_BROW,
        names.LEFT_BROW,
    ):
        assert len(set(ring)) == len(ring)
        assert all(0 <= index < 468 for index in ring)
    assert set(names.RIGHT_EYE_SIX) <= set(names.RIGHT_EYE)
    assert set(names.LEFT_EYE_SIX) <= set(names.LEFT_EYE)
    assert not set(names.RIGHT_EYE) & set(names.LEFT_EYE)


def test_distances_and_openness_by_hand():
    points = np.zeros((468, 2), np.float32)
    # Right eye: 40 wide, 12 high. Left eye: 40 wide, 6 and 2 high. Both level; 120 in all.
    for index, place in zip(
        names.RIGHT_EYE_SIX, [(0, 0), (10, -6), (30, -6), (40, 0), (30, 6), (10, 6)], strict=True
    ):
        points[index] = place
    for index, place in zip(
        names.LEFT_EYE_SIX, [(120, 0), (110, -3), (90, -1), (80, 0), (90, 1), (110, 3)], strict=True
    ):
        points[index] = place
    points[61], points[291], points[13], points[14] = (40, 80), (80, 80), (60, 78), (60, 88)
    face = face_of(points)
    assert inter_ocular(face) == 120
    left, right = eye_openness(face)
    assert left == pytest.approx(0.1)
    assert right == pytest.approx(0.3)
    assert mouth_openness(face) == pytest.approx(0.25)


def test_a_face_without_extent_gives_finite_figures():
    face = face_of(np.zeros((468, 2)))
    assert eye_openness(face) == (0, 0)
    assert mouth_openness(face) == 0
    assert np.isfinite(normalised_shape(face)).all()


@given(roll=ANGLES, scale=st.floats(0.2, 5))
def test_the_normalised_shape_forgets_place_size_and_turn(roll, scale):
    shape = normalised_shape(seen(solid(), roll=roll, scale=scale))
    np.testing.assert_allclose(shape, normalised_shape(seen(solid())), atol=2e-4)
    assert shape[263, 0] - shape[33, 0] == pytest.approx(1, abs=1e-4)
    assert shape[263, 1] == pytest.approx(shape[33, 1], abs=1e-4)


@given(yaw=st.floats(-0.2, 0.2), roll=ANGLES, scale=st.floats(0.5, 2))
def test_another_viewpoint_is_no_change_of_expression(yaw, roll, scale):
    face, other = seen(solid(), yaw=yaw, roll=roll, scale=scale), seen(solid())
    assert expression_change(face, other) < 0.01


def test_without_depth_another_viewpoint_shows_but_a_turned_picture_does_not():
    flat = replace(seen(solid()), depth=None)
    assert expression_change(seen(solid(), roll=0.3, scale=2), flat) < 1e-4
    assert expression_change(seen(solid(), yaw=0.2), flat) > 0.01


def test_a_part_that_moves_is_measured_in_inter_ocular_distances():
    head = solid()
    smile = head.copy()
    smile[list(names.OUTER_LIPS + names.INNER_LIPS), 1] += 9.0  # of 180
    assert expression_change(seen(smile), seen(head)) == pytest.approx(0.05, abs=1e-3)
    blink = head.copy()
    blink[list(names.LEFT_EYE + names.LEFT_BROW), 1] += 3.6
    blink[263] = head[263]
    assert expression_change(seen(blink), seen(head)) == pytest.approx(0.02, abs=2e-3)


def project(yaw_deg=0.0, pitch_deg=0.0, roll_deg=0.0):
    """Draws the mean head's nine points: pitched up, then turned to its left, at 1.5 m."""
    yaw, pitch, roll = np.radians([yaw_deg, pitch_deg, roll_deg])
    head = np.array(names._POSE_HEAD_CM)
    c, s = np.cos(roll), np.sin(roll)
    head = head @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T
    c, s = np.cos(pitch), np.sin(pitch)
    head = head @ np.array([[1, 0, 0], [0, c, s], [0, -s, c]]).T
    c, s = np.cos(yaw), np.sin(yaw)
    head = head @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]]).T
    points = np.zeros((468, 2), np.float32)
    points[list(names._POSE_POINTS)] = head[:, :2] / (head[:, 2:] + 150) * 3000 + [[700, 300]]
    return face_of(points)


@pytest.mark.parametrize(
    "angles", [(0, 0, 0), (20, 0, 0), (-30, 0, 0), (0, 15, 0), (0, -20, 0), (0, 0, 25), (12, -9, 7)]
)
def test_the_pose_of_the_mean_head_is_read_back(angles):
    yaw, pitch, roll = head_pose(project(*(float(angle) for angle in angles)))
    straight = pitch + names._LEVEL_PITCH_DEG
    np.testing.assert_allclose((yaw, straight, roll), angles, atol=2.0)


def test_a_nose_right_of_the_middle_is_a_positive_yaw_and_a_high_one_a_positive_pitch():
    straight = project()
    turned, raised = straight.points.copy(), straight.points.copy()
    turned[[names.NOSE_TIP, names.NOSE_BASE], 0] += 15
    raised[[names.NOSE_TIP, names.NOSE_BASE], 1] -= 15
    assert head_pose(face_of(turned)).yaw_deg > 5
    assert head_pose(face_of(raised)).pitch_deg > head_pose(straight).pitch_deg + 5


def oval_face(x, y, tall):
    """A face whose oval is `tall` high and 0.75 as wide, its middle at x, y."""
    angle = np.linspace(0, 2 * np.pi, len(names.FACE_OVAL), endpoint=False)
    points = np.full((468, 2), (x, y), np.float32)
    ring = np.column_stack([x + 0.375 * tall * np.sin(angle), y - tall / 2 * np.cos(angle)])
    points[list(names.FACE_OVAL)] = ring
    return face_of(points)


def test_the_crop_of_a_face_amid_a_large_picture():
    crop = head_and_shoulders(oval_face(1000, 900, 200), (3000, 2000))
    np.testing.assert_allclose(crop, (1000 - 270, 900 - 100 - 140, 1270, 900 + 100 + 200))
    tall = head_and_shoulders(oval_face(1000, 900, 200), (3000, 2000), aspect=0.75)
    assert tall[2] - tall[0] == pytest.approx(0.75 * 540)
    assert (tall[1], tall[3]) == (crop[1], crop[3])
    wide = head_and_shoulders(oval_face(1000, 900, 200), (3000, 2000), margins=Margins(above=1.0))
    assert wide[3] - wide[1] == pytest.approx(600)


def test_the_crop_moves_into_the_picture_and_shrinks_but_never_cuts_the_head():
    near = head_and_shoulders(oval_face(100, 130, 200), (3000, 2000))
    np.testing.assert_allclose(near, (-0.5, -0.5, 539.5, 539.5))
    small = head_and_shoulders(oval_face(200, 210, 200), (400, 420))
    np.testing.assert_allclose((small[2] - small[0], small[1], small[3]), (400, -0.5, 399.5))
    large = head_and_shoulders(oval_face(150, 150, 280), (300, 300))
    assert large[3] - large[1] == pytest.approx(1.55 * 280)
    np.testing.assert_allclose(large[1], 150 - 140 - 0.4 * 280)


@given(
    x=st.floats(0, 1000),
    y=st.floats(0, 800),
    tall=st.floats(5, 900),
    aspect=st.floats(0.5, 2),
)
def test_the_crop_has_its_aspect_and_lies_inside_where_it_fits(x, y, tall, aspect):
    x0, y0, x1, y1 = head_and_shoulders(oval_face(x, y, tall), (800, 1000), aspect=aspect)
    assert (x1 - x0) / (y1 - y0) == pytest.approx(aspect)
    if x1 - x0 < 999 and y1 - y0 < 799:
        assert x0 >= -0.51
        assert y0 >= -0.51
        assert x1 <= 999.51
        assert y1 <= 799.51
