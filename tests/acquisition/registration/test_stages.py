import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.registration import coarse, flow, piecewise, refine, validity
from acquisition.registration.grid import affine_map, inverse, moved, pixels, scaling
from acquisition.registration.luminance import linear_light, normalised
from tests.acquisition.registration.drawn import IOD, SIDE, drawn, lit, points, scene, turned


def levels(picture: np.ndarray) -> list[flow.Level]:
    return flow.levels(linear_light(picture), IOD, IOD)


def test_similarity_by_hand() -> None:
    # A quarter turn, doubled, shifted by (10, 20).
    source = np.array([[0, 0], [1, 0], [0, 1]], np.float32)
    target = np.array([[10, 20], [10, 22], [8, 20]], np.float32)
    found = coarse.similarity(source, target)
    np.testing.assert_allclose(found, [[0, -2, 10], [2, 0, 20]], atol=1e-6)
    assert coarse.scale_and_rotation(found) == pytest.approx((2.0, 90.0))


@settings(max_examples=25, deadline=None)
@given(st.floats(-20, 20), st.floats(0.5, 2.0), st.floats(-50, 50))
def test_affine_ignores_points_far_off(degrees: float, scale: float, shift: float) -> None:
    true = turned(degrees, scale, (shift, -shift))
    target = moved(points(), true)
    target[::10] += np.float32(25.0)
    np.testing.assert_allclose(coarse.affine(points(), target), true, atol=2e-2)


def test_inverse_leads_back() -> None:
    affine = turned(7.0, 1.3, (4.0, 5.0))
    np.testing.assert_allclose(moved(moved(points(), affine), inverse(affine)), points(), atol=1e-3)


def test_scaling_keeps_corners() -> None:
    corners = np.array([[-0.5, -0.5], [99.5, 49.5]], np.float32)
    np.testing.assert_allclose(
        moved(corners, scaling((50, 100), (75, 300))), [[-0.5, -0.5], [299.5, 74.5]], atol=1e-4
    )


def test_normalised_planes_do_not_see_slow_light() -> None:
    plain = scene()
    slow = np.linspace(0.4, 1.6, SIDE, dtype=np.float32)[None, :, None]
    one, other = normalised(plain, IOD), normalised(plain * slow, IOD)
    assert np.corrcoef(one[20:-20, 20:-20].ravel(), other[20:-20, 20:-20].ravel())[0, 1] > 0.99
    assert 0.5 < one[..., 0].std() < 1.5


def test_ecc_is_not_believed_where_it_goes_far() -> None:
    case = drawn(turned(0, shift=(2.0, 0.0)))
    one, other = levels(case.phone)[-1].planes[..., 0], levels(case.studio)[-1].planes[..., 0]
    planes = np.ascontiguousarray(one), np.ascontiguousarray(other)
    start = turned(0.0)
    near = refine.refined(*planes, points(), points(), start, 4.0)
    far = refine.refined(*planes, points(), points(), start, 1.0)
    np.testing.assert_allclose(near.affine[:, 2], (2.0, 0.0), atol=0.2)
    np.testing.assert_array_equal(far.affine, start)
    assert near.correlation > 0.5
    assert far.correlation == 0.0


def test_smooth_displacement_follows_points_and_fades_out() -> None:
    push = np.tile(np.array([[4.0, -2.0]], np.float32), (468, 1))
    found = piecewise.smooth_displacement(points(), push, (SIDE, SIDE), IOD)
    np.testing.assert_allclose(found[112, 112], (4.0, -2.0), atol=0.6)
    far = piecewise.smooth_displacement(points(), push, (4 * SIDE, 4 * SIDE), IOD)
    assert np.abs(far[-1, -1]).max() < 1e-3


def test_flow_stays_within_its_limit() -> None:
    case = drawn(turned(0, shift=(6.0, 0.0)))
    start = pixels((SIDE, SIDE))
    bent = flow.refined(
        levels(case.phone), levels(case.studio), start, stiffness=0.08, limit_iod=0.02
    )
    length = np.linalg.norm(bent - start, axis=2)
    # The cubic between the cells of the net may go a little over.
    assert length.max() < 0.02 * IOD * 1.2
    free = flow.refined(
        levels(case.phone), levels(case.studio), start, stiffness=0.08, limit_iod=0.5
    )
    found = np.median((free - start)[60:160, 60:160], axis=(0, 1))
    np.testing.assert_allclose(found, (6, 0), atol=0.2)


def test_distinctness_catches_a_planted_displacement() -> None:
    case = drawn(turned(0.0))
    planted = case.truth.copy()
    planted[90:134, 90:134] += np.float32(0.05 * IOD)
    one, other = levels(case.phone)[-1], levels(case.studio)[-1]
    right = validity.distinctness(one, other, case.truth)
    wrong = validity.distinctness(one, other, planted)
    assert (right[40:180, 40:180] > 0.12).mean() > 0.98
    assert (wrong[98:126, 98:126] < 0.12).mean() > 0.95
    assert (wrong[20:60, 20:60] > 0.12).mean() > 0.95


def test_return_error_by_hand() -> None:
    there = affine_map(turned(0, shift=(5.0, 0.0)), (40, 60))
    back = affine_map(turned(0, shift=(-5.0, 2.0)), (40, 60))
    apart = validity.return_error(there, back)
    np.testing.assert_allclose(apart[:, :50], 2.0, atol=1e-3)
    assert np.isinf(apart[:, 56:]).all()


def test_linear_light_by_hand() -> None:
    picture = np.array([[[0, 128, 255]]], np.uint8)
    np.testing.assert_allclose(linear_light(picture)[0, 0], (0, 0.2159, 1), atol=1e-3)


def test_hull_mask_is_filled() -> None:
    square = np.array([[10, 10], [30, 10], [30, 20], [10, 20], [20, 15]], np.float32)
    mask = refine.hull_mask(square, (40, 50))
    assert (mask[10:21, 10:31] == 255).all()
    assert cv2.countNonZero(mask) == 11 * 21


def test_lit_is_8_bit() -> None:
    assert lit(scene(), np.ones((1, 1, 1), np.float32), 2.2).dtype == np.uint8


def test_mask_is_cleaned_of_islands_and_of_holes_that_may_be_filled() -> None:
    trusted = np.zeros((100, 100), bool)
    trusted[10:90, 10:60] = True
    trusted[20:24, 20:24] = False
    trusted[40:44, 20:24] = False
    trusted[60:80, 30:50] = False
    trusted[50:55, 80:85] = True
    fillable = np.ones((100, 100), bool)
    fillable[40:44, 20:24] = False
    cleaned = validity.cleaned(trusted, fillable, 40.0)
    assert cleaned[20:24, 20:24].all()
    assert not cleaned[40:44, 20:24].any()
    assert not cleaned[60:80, 30:50].any()
    assert not cleaned[:, 70:].any()
