from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from PIL import Image

import deepflash
from acquisition.errors import StoreError
from acquisition.quality import decode, judge
from acquisition.quality_limits import QualityLimits, SharpnessMemory
from acquisition.quality_measures import (
    likeness,
    local_contrast,
    luminance,
    motion,
    sharpness,
)

STARTER = Path(deepflash.__file__).parent / "starter"
LIMITS = QualityLimits()
FIRED = {"Flash": 1, "ExposureTime": 0.01, "ISO": 100}
# Five times the time and twice the ISO: ten times as bright for the same scene.
REFERENCE = {"Flash": 16, "ExposureTime": 0.05, "ISO": 200}


def scene(seed: int = 0, side: int = 512) -> np.ndarray:
    """A drawn scene: blobs of all sizes on grey, sharp edges, full of detail."""
    rng = np.random.default_rng(seed)
    picture = np.full((side, side, 3), 90, np.uint8)
    for _ in range(250):
        centre = tuple(int(value) for value in rng.integers(0, side, 2))
        colour = tuple(int(value) for value in rng.integers(30, 200, 3))
        cv2.circle(picture, centre, int(rng.integers(3, 40)), colour, -1)
    return cv2.GaussianBlur(picture, (0, 0), 0.7)


def dimmed(picture: np.ndarray, factor) -> np.ndarray:
    """The same scene in `factor` of the light."""
    linear = (picture / 255.0) ** 2.2 * factor
    return np.round(np.clip(linear, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


def shifted(picture: np.ndarray, x_px: float, y_px: float) -> np.ndarray:
    move = np.array([[1, 0, x_px], [0, 1, y_px]], np.float32)
    size = (picture.shape[1], picture.shape[0])
    return cv2.warpAffine(picture, move, size, borderMode=cv2.BORDER_REFLECT)


def verdict(flash=None, reference=None, studio=None, after=None, **more):
    flash = scene() if flash is None else flash
    reference = dimmed(scene(), 0.2) if reference is None else reference
    studio = dimmed(scene(), 0.8) if studio is None else studio
    after = reference if after is None else after
    given = {"flash_kind": "flash", "flash_exif": FIRED, "reference_exif": REFERENCE} | more
    return judge(flash, reference, studio, after, LIMITS, **given)


def test_a_good_pair_has_no_reason_and_no_note():
    found = verdict()
    assert (found.reasons, found.notes) == ([], [])
    # A fifth of the light, at ten times the exposure.
    assert found.figures["leak"] == pytest.approx(0.02, rel=0.15)
    assert found.figures["flash_fired"] == 1.0
    assert found.figures["motion_percent"] == pytest.approx(0.0, abs=0.01)


def test_luminance_by_hand():
    picture = np.array([[[255, 255, 255], [0, 0, 0], [188, 188, 188], [255, 0, 0]]], np.uint8)
    assert luminance(picture)[0].tolist() == pytest.approx([1.0, 0.0, 0.5029, 0.2126], abs=1e-3)


@pytest.mark.parametrize(("factor", "is_rejected"), [(0.4, False), (0.7, True)])
def test_leak_is_measured_at_equal_exposure(factor, is_rejected):
    found = verdict(reference=dimmed(scene(), factor))
    assert found.figures["leak"] == pytest.approx(factor / 10, rel=0.1)
    assert any("light is from the room" in reason for reason in found.reasons) == is_rejected


def test_without_exposure_times_leak_is_noted_and_rejects_nothing():
    found = verdict(reference=scene(), reference_exif={}, flash_exif={}, flash_kind="torch")
    assert found.figures["leak_unscaled"] == pytest.approx(1.0)
    assert "leak" not in found.figures
    assert found.reasons == []
    assert any("light came on" in note for note in found.notes)


def test_a_flash_that_did_not_fire_is_rejected_for_that_alone():
    found = verdict(flash_exif=FIRED | {"Flash": 16}, reference_exif=FIRED, reference=scene())
    (reason,) = found.reasons
    assert "flash did not fire" in reason


@pytest.mark.parametrize("kind", ["torch", "screen", "flash"])
def test_a_light_that_makes_nothing_brighter_is_rejected(kind):
    found = verdict(flash_kind=kind, reference=scene(), reference_exif=FIRED)
    (reason,) = found.reasons
    assert "hardly brighter" in reason


def test_a_torch_needs_no_flash_bit():
    found = verdict(flash_kind="torch", flash_exif=FIRED | {"Flash": 16})
    assert found.reasons == []
    assert "flash_fired" not in found.figures


def test_a_dark_studio_picture_is_a_strobe_that_did_not_fire():
    (reason,) = verdict(studio=dimmed(scene(), 0.01)).reasons
    assert "strobe did not fire" in reason


def test_a_blown_studio_picture_is_rejected():
    (reason,) = verdict(studio=dimmed(scene(), 12.0)).reasons
    assert "close the aperture" in reason


def test_a_covered_lens_is_rejected():
    noise = np.random.default_rng(0).integers(0, 12, (512, 512, 3)).astype(np.uint8)
    found = verdict(flash=noise, reference=noise)
    assert any("nearly black" in reason for reason in found.reasons)


@pytest.mark.parametrize("side", ["flash", "studio"])
def test_total_blur_is_rejected(side):
    (reason,) = verdict(**{side: cv2.GaussianBlur(scene(), (0, 0), 12.0)}).reasons
    assert "out of focus altogether" in reason


def test_sharpness_does_not_change_with_light():
    assert sharpness(dimmed(scene(), 0.3)) == pytest.approx(sharpness(scene()), rel=0.15)


def test_a_picture_is_compared_with_the_same_persons_others():
    memory = SharpnessMemory()
    blurred = cv2.GaussianBlur(scene(), (0, 0), 3.0)
    more = {"memory": memory, "person": "P-000001"}
    assert verdict(flash=blurred, **more).reasons == []
    memory.learn("P-000001", verdict().figures)
    assert verdict(flash=blurred, **more).reasons == []
    memory.learn("P-000001", verdict().figures)
    (reason,) = verdict(flash=blurred, **more).reasons
    assert "less sharp than this person's others" in reason
    assert verdict(flash=blurred, memory=memory, person="P-000002").reasons == []


def test_one_noisy_picture_is_no_measure():
    memory = SharpnessMemory()
    for value in (1.0, 1.1, 1.2, 50.0):
        memory.learn("P-1", {"flash_sharpness": value})
    assert memory.best("P-1", "flash") == 1.2
    assert memory.best("P-1", "studio") is None


@pytest.mark.parametrize(("x_px", "y_px"), [(3.0, 0.0), (0.0, -8.5), (12.0, 9.0)])
def test_motion_is_measured_by_hand(x_px, y_px):
    after = dimmed(shifted(scene(), x_px, y_px), 0.5)
    found = motion(scene(), after)
    assert found is not None
    assert found[0] == pytest.approx(100 * np.hypot(x_px, y_px) / 512, abs=0.05)
    assert found[1] > LIMITS.least_motion_response
    assert bool(verdict(reference=scene(), after=after, reference_exif={}).reasons) == (
        found[0] > LIMITS.most_motion_percent
    )


def test_local_contrast_forgets_the_light():
    ramp = np.linspace(0.1, 1.0, 512)[None, :, None]
    even = local_contrast(luminance(scene()), 12.0)
    lit = local_contrast(luminance(dimmed(scene(), ramp)), 12.0)
    assert np.corrcoef(even.ravel(), lit.ravel())[0, 1] > 0.95
    assert abs(float(even.mean())) < 0.1
    assert 0.5 < float(even.std()) < 1.1


def test_a_light_from_the_side_is_no_motion():
    ramp = np.linspace(0.02, 1.0, 512)[None, :, None]
    lit_left, lit_right = dimmed(scene(), ramp[:, ::-1]), dimmed(scene(), ramp)
    found = motion(lit_left, shifted(lit_right, 6.0, 0.0))
    assert found is not None
    assert found[0] == pytest.approx(100 * 6.0 / 512, abs=0.05)
    assert found[1] > LIMITS.least_motion_response


def test_references_that_do_not_match_are_noted():
    found = verdict(after=dimmed(scene(7), 0.2))
    assert found.reasons == []
    assert any("hardly match" in note for note in found.notes)
    turned = np.ascontiguousarray(scene()[:400])
    assert any("do not turn" in note for note in verdict(after=turned).notes)


def test_another_scene_is_noted_and_another_framing_is_not():
    assert any("different scenes" in note for note in verdict(studio=scene(5)).notes)
    wider = cv2.copyMakeBorder(scene(), 100, 100, 160, 160, cv2.BORDER_REFLECT)
    assert verdict(studio=dimmed(wider, 0.7)).notes == []
    assert likeness(scene(), dimmed(wider, 0.7)) > 0.6


def test_only_the_flash_picture_is_needed():
    found = judge(scene(), None, None, None, LIMITS, flash_kind="flash", flash_exif=FIRED)
    assert found.reasons == []
    assert not {"leak", "motion_percent", "likeness", "studio_sharpness"} & set(found.figures)


def test_limits_come_from_outside():
    strict = msgspec.structs.replace(LIMITS, most_leak=0.001)
    found = judge(
        scene(),
        dimmed(scene(), 0.2),
        None,
        None,
        strict,
        flash_exif=FIRED,
        reference_exif=REFERENCE,
    )
    assert any("at most 0.1%" in reason for reason in found.reasons)


def test_decoding_turns_a_picture_upright_and_small(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    wide = np.zeros((600, 1600, 3), np.uint8)
    wide[:, :800] = 255
    Image.fromarray(wide).save(tmp_path / "a.jpg", exif=exif)
    upright = decode(tmp_path / "a.jpg")
    assert upright.shape == (512, 192, 3)
    assert upright[100].mean() > 250
    assert upright[400].mean() < 5


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.nef"])
def test_damaged_files_are_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"\xff\xd8\xff\xe0 nothing")
    with pytest.raises(StoreError, match=name):
        decode(tmp_path / name)
    with pytest.raises(StoreError, match=r"gone\.jpg"):
        decode(tmp_path / "gone.jpg")


def test_rendered_pairs_are_not_rejected():
    memory = SharpnessMemory()
    for path in sorted((STARTER / "flash").glob("*.jpg"))[::12]:
        flash = decode(path)
        reference = dimmed(flash, 0.3)
        found = verdict(
            flash, reference, decode(STARTER / "studio" / path.name), memory=memory, person="P-1"
        )
        assert (path.name, found.reasons, found.notes) == (path.name, [], [])
        memory.learn("P-1", found.figures)
