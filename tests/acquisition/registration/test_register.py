from dataclasses import replace

import numpy as np
import pytest

from acquisition.errors import AcquisitionError
from acquisition.registration.contract import Mode, Registration, Settings
from acquisition.registration.grid import affine_map
from acquisition.registration.register import register
from tests.acquisition.registration.drawn import IOD, Drawn, drawn, face_of, points, turned

STAY = turned(0.0)


def run(case: Drawn, mode: Mode = "full", settings: Settings | None = None) -> Registration:
    return register(
        case.phone, case.studio, case.phone_face, case.studio_face, mode, settings or Settings()
    )


def percentile(case: Drawn, found: Registration, share: float = 95) -> float:
    return float(np.percentile(case.error_iod(found.map_xy)[case.inside], share))


@pytest.mark.parametrize(
    "affine", [turned(0, shift=(9.3, -6.6)), turned(4.0), turned(-2.0, 1.06, (3.0, 2.0))]
)
def test_affine_is_found_under_another_light_with_points_that_err(affine: np.ndarray) -> None:
    case = drawn(affine, point_error_px=1.5)
    by_points = run(case, "affine", Settings(ecc=False))
    refined = run(case, "affine")
    assert percentile(case, by_points, 50) > 0.008
    assert percentile(case, refined) < 0.004
    assert refined.figures["ecc_correlation"] > 0.5
    assert percentile(case, run(case)) < 0.01


def test_smooth_bump_needs_full() -> None:
    case = drawn(turned(1.0), bump_px=5.0, point_error_px=1.0)
    affine, full = run(case, "affine"), run(case)
    assert percentile(case, affine) > 0.02
    assert percentile(case, full) < 0.01
    assert full.figures["flow_iod"] > 0.005


def test_each_stage_adds() -> None:
    case = drawn(turned(1.0, 1.02), bump_px=6.0, point_error_px=1.0)
    stages = (
        Settings(coarse=False, ecc=False, warp=False, flow=False),
        Settings(ecc=False, warp=False, flow=False),
        Settings(ecc=False, flow=False),
        Settings(),
    )
    errors = [percentile(case, run(case, settings=settings)) for settings in stages]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 5


def test_mode_none_only_scales() -> None:
    case = drawn(turned(0, shift=(9.0, 4.0)))
    wide = np.ascontiguousarray(np.repeat(case.studio, 2, axis=1))
    face = face_of(case.studio_face.points * np.array([2, 1], np.float32))
    found = register(case.phone, wide, case.phone_face, face, "none")
    # The middle of pixel 10 of 224 lies at 10.5 / 224 of the width.
    np.testing.assert_allclose(found.map_xy[7, 10], (10.5 * 2 - 0.5, 7.0), atol=1e-4)


def test_larger_studio_picture_gives_the_same_map_scaled() -> None:
    case = drawn(turned(2.0), bump_px=3.0)
    large = np.repeat(np.repeat(case.studio, 2, axis=0), 2, axis=1)
    face = face_of(case.studio_face.points * 2 + np.float32(0.5))
    found = register(case.phone, large, case.phone_face, face)
    back = (found.map_xy - 0.5) / 2
    assert np.percentile(case.error_iod(back)[case.inside], 95) < 0.012


def test_same_input_gives_same_result() -> None:
    case = drawn(turned(1.0), bump_px=2.0)
    one, other = run(case), run(case)
    np.testing.assert_array_equal(one.map_xy, other.map_xy)
    np.testing.assert_array_equal(one.valid, other.valid)


def test_mask_keeps_what_is_right() -> None:
    case = drawn(turned(1.0), bump_px=3.0)
    found = run(case)
    assert (found.valid[case.inside] > 0).mean() > 0.95
    assert found.figures["valid_share_face"] > 0.9
    assert found.figures["landmark_residual_iod"] < 0.01


def test_mask_is_empty_where_the_map_leaves_the_picture() -> None:
    case = drawn(turned(0, shift=(30.0, 0.0)))
    found = run(case, settings=Settings(validity=False))
    assert not found.valid[:, 200:].any()
    assert found.valid[5:-5, 20:180].all()


def test_mask_catches_a_part_of_which_only_one_picture_shows_anything() -> None:
    case = drawn(STAY)
    hidden = case.studio.copy()
    hidden[90:130, 90:130] = np.random.default_rng(5).integers(60, 200, (40, 40, 3), np.uint8)
    found = run(replace(case, studio=hidden))
    assert (found.valid[96:124, 96:124] == 0).mean() > 0.8
    assert (found.valid[40:70, 40:180] > 0).mean() > 0.9


@pytest.mark.parametrize("whose", ["phone", "studio"])
def test_face_outside_is_refused(whose: str) -> None:
    case = drawn(STAY)
    away = face_of(points() + np.float32(150.0))
    case = replace(case, **{f"{whose}_face": away})
    with pytest.raises(AcquisitionError, match=rf"points lie in the {whose} picture \(224 x 224\)"):
        run(case)


def test_points_that_are_no_numbers_are_refused() -> None:
    case = drawn(STAY)
    broken = points()
    broken[:] = np.nan
    with pytest.raises(AcquisitionError, match="points lie in the phone picture"):
        run(replace(case, phone_face=replace(case.phone_face, points=broken)))


def test_tiny_face_is_refused() -> None:
    case = drawn(STAY)
    tiny = face_of((points() - 111.5) * np.float32(0.2) + np.float32(111.5))
    with pytest.raises(AcquisitionError, match=f"eyes are {IOD * 0.2:.0f} pixels apart"):
        run(replace(case, phone_face=tiny))


def test_pictures_without_structure_keep_the_affine_map_and_are_invalid() -> None:
    case = drawn(turned(3.0))
    grey = np.full_like(case.phone, 128)
    found = run(replace(case, phone=grey, studio=grey))
    assert np.isfinite(found.map_xy).all()
    assert found.figures["ecc_correlation"] == 0.0
    assert np.abs(found.map_xy - affine_map(turned(3.0), (224, 224))).max() < 0.5
    assert not found.valid.any()
