import dataclasses
import json
from collections import Counter

import numpy as np
import pytest

from deepflash.errors import UsageError
from deepflash.synth.lamps import (
    LUMINANCE,
    SET_UPS,
    draw_room,
    draw_studio,
    kelvin_rgb,
    mean_kelvin,
    seen_rgb,
    white_between,
)
from deepflash.synth.layout import LAYERS
from deepflash.synth.mixing import (
    FACE_KEY,
    TARGET_KINDS,
    Mix,
    MixSettings,
    compose_pair,
    draw_mix,
    face_level,
    level,
    mix,
    mix_from_json,
)

SIDE = 24
SRGB_TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def scene(skin: float = 0.3, wall: float = 0.5) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A grey square of skin before a grey wall; every light falls evenly on both."""
    person = np.zeros((SIDE, SIDE), np.float32)
    person[6:18, 6:18] = 1
    picture = np.where(person[..., None] > 0, skin, wall) * np.ones(3)
    layers = np.broadcast_to(picture, (len(LAYERS), SIDE, SIDE, 3)).astype(np.float32).copy()
    return layers, {"person": person, "skin": person}


def plain(kind: str = "studio", **changes) -> Mix:
    """A mix whose exposure is that of the meter alone."""
    still = {
        "frame_weight": 0.0,
        "flash_ev": 0.0,
        "target_ev": 0.0,
        "background_gain": 1.0,
        "adaptation": 0.4,
    }
    return dataclasses.replace(draw_mix(random(), kinds=(kind,)), **(still | changes))


def luminance(picture: np.ndarray) -> np.ndarray:
    return picture @ np.asarray(LUMINANCE)


@pytest.mark.parametrize(
    ("kelvin", "x", "y"),
    # Planckian chromaticities: illuminant A, and points of published tables of the locus.
    [
        (2856.0, 0.4476, 0.4074),
        (2000.0, 0.5267, 0.4133),
        (5000.0, 0.3451, 0.3516),
        (10000.0, 0.2807, 0.2884),
    ],
)
def test_black_bodies_have_their_known_chromaticity(kelvin, x, y):
    xyz = SRGB_TO_XYZ @ kelvin_rgb(kelvin)
    assert xyz[:2] / xyz.sum() == pytest.approx((x, y), abs=0.002)
    assert luminance(kelvin_rgb(kelvin)) == pytest.approx(1)


def test_a_lamp_is_white_when_balanced_for_and_else_warm_or_cool():
    np.testing.assert_allclose(seen_rgb(3000.0, 3000.0), 1, atol=1e-6)
    red, _, blue = seen_rgb(3000.0, 5500.0)
    assert red > 1.3 * blue
    red, _, blue = seen_rgb(8000.0, 5500.0)
    assert blue > 1.1 * red


def test_temperatures_average_in_reciprocal_kelvin():
    # 1 / ((1/3000 + 1/6000) / 2) = 4000
    assert mean_kelvin({"a": 1.0, "b": 1.0}, {"a": 3000.0, "b": 6000.0}) == pytest.approx(4000)
    assert white_between(3000.0, 0.5, 6000.0) == pytest.approx(4000)
    assert white_between(3000.0, 1.0) == pytest.approx(3000)


@pytest.mark.parametrize("set_up", SET_UPS)
def test_mirrored_set_ups_swap_left_and_right(set_up):
    as_drawn = draw_studio(random(4), set_up, mirrored=False)
    mirrored = draw_studio(random(4), set_up, mirrored=True)
    assert set(as_drawn) <= set(LAYERS)
    for name, strength in as_drawn.items():
        swapped = {"left": "right", "right": "left"}.get(name.split("_")[-1])
        other = f"{name.split('_')[0]}_{swapped}" if swapped else name
        assert mirrored[other] == strength


def test_rooms_are_evening_or_day_and_never_without_bounced_light():
    rooms = [draw_room(random(seed))[0] for seed in range(200)]
    assert all(sum(room.values()) == pytest.approx(1) for room in rooms)
    assert min(room["surround"] for room in rooms) >= 0.2 - 1e-9
    assert 40 < sum(room["window"] == 0 for room in rooms) < 95
    assert 25 < sum(room["room"] == 0 for room in rooms) < 75


def test_a_mix_is_the_weighted_sum():
    layers = np.stack([np.full((2, 2, 3), value, np.float32) for value in (1.0, 10.0, 100.0)])
    weights = ((1.0, 0.5, 0.0), (0.0, 0.0, 0.0), (0.01, 0.02, 0.03))
    np.testing.assert_allclose(mix(layers, weights)[0, 0], (2.0, 2.5, 3.0), rtol=1e-6)
    with pytest.raises(UsageError, match="2 weights do not fit 3 layers"):
        mix(layers, weights[:2])


def test_same_state_same_mix_and_json_keeps_it():
    drawn = draw_mix(random(3))
    assert drawn == draw_mix(random(3))
    assert drawn != draw_mix(random(4))
    assert mix_from_json(json.loads(json.dumps(dataclasses.asdict(drawn)))) == drawn


def test_kinds_come_by_their_shares_and_can_be_fixed():
    kinds = Counter(draw_mix(random(seed)).target_kind for seed in range(200))
    assert kinds["studio"] == pytest.approx(90, abs=25)
    assert kinds["room"] == pytest.approx(40, abs=20)
    only = {draw_mix(random(seed), kinds=("studio",)).target_kind for seed in range(20)}
    assert only == {"studio"}
    settings = MixSettings(studio=0.0, studio_kept=1.0, room=0.0)
    assert {draw_mix(random(s), settings).target_kind for s in range(9)} == {"studio_kept"}
    with pytest.raises(UsageError, match="no kind of target among room has a share"):
        draw_mix(random(), settings, kinds=("room",))


@pytest.mark.parametrize(
    "values",
    [{"studio": -0.1}, {"studio": 0.0, "studio_kept": 0.0, "room": 0.0}, {"darkest_room": 0.0}],
)
def test_settings_that_draw_nothing_are_refused(values):
    with pytest.raises(UsageError, match=r"data\.mixing"):
        MixSettings(**values)


def test_rooms_reach_from_nearly_dark_to_as_bright_as_the_flash():
    ratios = [draw_mix(random(seed)).room_ratio for seed in range(150)]
    assert 0.003 <= min(ratios) < 0.006
    assert 0.6 < max(ratios) <= 1.0
    assert np.median(ratios) == pytest.approx(0.055, rel=0.5)


def test_unlit_pictures_are_their_own_target():
    layers, masks = scene()
    settings = MixSettings(unlit=1.0, studio=0.5, studio_kept=0.2, room=0.3)
    for seed in range(8):
        mix_ = draw_mix(random(seed), settings)
        assert mix_.unlit
        flash, target = compose_pair(layers, masks, mix_, 0.3)
        np.testing.assert_allclose(flash, target, rtol=1e-5)
    assert not any(mix_.flash_weights[LAYERS.index("flash")])


def test_a_share_of_unlit_pictures_changes_no_other():
    some = [draw_mix(random(seed), MixSettings(unlit=0.4)) for seed in range(60)]
    plain = [draw_mix(random(seed)) for seed in range(60)]
    assert 12 <= sum(mix_.unlit for mix_ in some) <= 36
    kept = [(a, b) for a, b in zip(some, plain, strict=True) if not a.unlit]
    assert all(a == b for a, b in kept)


def test_only_the_flash_picture_has_flash():
    for seed in range(30):
        drawn = draw_mix(random(seed))
        assert sum(drawn.flash_weights[0]) > 2
        assert drawn.target_weights[0] == (0.0, 0.0, 0.0)
        assert drawn.background_weights[0] == (0.0, 0.0, 0.0)


def test_level_averages_roots():
    picture = np.array([[[0.04] * 3, [0.64] * 3, [9.0] * 3]], np.float32)
    # ((0.2 + 0.8) / 2) ** 2; the third pixel is outside.
    assert level(picture, np.array([[1, 1, 0]], np.float32)) == pytest.approx(0.25)


@pytest.mark.parametrize("kind", TARGET_KINDS)
def test_the_face_is_exposed_for_its_reflectance(kind):
    layers, masks = scene(skin=0.3)
    flash, target = compose_pair(layers, masks, plain(kind), 0.3)
    for picture in (flash, target):
        assert luminance(picture[12, 12]) == pytest.approx(FACE_KEY, rel=2e-3)
    brighter, _ = compose_pair(layers, masks, plain(kind, flash_ev=1.0), 0.3)
    np.testing.assert_allclose(brighter, 2 * flash, rtol=1e-5)


def test_dark_skin_stays_dark_and_pale_skin_pale():
    # 0.28 * (0.03 / 0.3) ** 0.6 and 0.28 * (0.55 / 0.3) ** 0.6
    assert face_level(0.03, 0.4) == pytest.approx(0.0703, abs=1e-4)
    assert face_level(0.55, 0.4) == pytest.approx(0.4028, abs=1e-4)
    for reflectance in (0.03, 0.55):
        layers, masks = scene(skin=reflectance)
        _, target = compose_pair(layers, masks, plain(), reflectance)
        assert luminance(target[12, 12]) == pytest.approx(face_level(reflectance, 0.4), rel=3e-3)


def test_the_frame_moves_the_flash_picture_but_not_far():
    for wall, brighter in ((0.0, True), (9.0, False)):
        layers, masks = scene(wall=wall)
        still, _ = compose_pair(layers, masks, plain(), 0.3)
        moved, _ = compose_pair(layers, masks, plain(frame_weight=0.3), 0.3)
        ratio = float(moved[12, 12, 1] / still[12, 12, 1])
        assert ratio > 1.1 if brighter else ratio < 0.9
        assert 2**-0.5 - 1e-3 <= ratio <= 2**0.5 + 1e-3


def test_exposure_takes_any_scale_of_the_light_away():
    layers, masks = scene()
    drawn = draw_mix(random(8), kinds=("studio_kept",))
    for one, other in zip(
        compose_pair(layers, masks, drawn, 0.3),
        compose_pair(layers * 7, masks, drawn, 0.3),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-3)


def test_a_glint_hardly_changes_the_exposure():
    layers, masks = scene()
    glint = layers.copy()
    glint[:, 10, 10] = 50
    still, _ = compose_pair(layers, masks, plain(), 0.3)
    moved, _ = compose_pair(glint, masks, plain(), 0.3)
    assert float(moved[12, 12, 1] / still[12, 12, 1]) > 0.8


def test_a_kept_background_has_the_rooms_light_at_the_flash_pictures_brightness():
    layers, masks = scene()
    layers[LAYERS.index("room"), :, : SIDE // 2] *= 3
    studio = plain("studio_kept", target_kind="studio")
    kept = plain("studio_kept")
    flash, whole = compose_pair(layers, masks, studio, 0.3)
    _, target = compose_pair(layers, masks, kept, 0.3)
    behind = 1 - masks["person"]
    np.testing.assert_array_equal(target[masks["person"] > 0], whole[masks["person"] > 0])
    assert level(target, behind) == pytest.approx(level(flash, behind), rel=1e-2)
    room = mix(layers, kept.background_weights)[behind > 0]
    ratio = target[behind > 0] / room
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-4)


def test_pictures_without_skin_person_or_light_stay_finite():
    layers, masks = scene()
    nobody = {name: np.zeros_like(mask) for name, mask in masks.items()}
    dark = np.zeros_like(layers)
    for kind in TARGET_KINDS:
        for one, inside in ((layers, nobody), (dark, masks), (dark, nobody)):
            for picture in compose_pair(one, inside, plain(kind), 0.3):
                assert np.isfinite(picture).all()
                assert picture.max() < 10


def test_layers_and_masks_are_left_as_they_are():
    layers, masks = scene()
    before = layers.copy(), {name: mask.copy() for name, mask in masks.items()}
    compose_pair(layers, masks, draw_mix(random(1), kinds=("studio_kept",)), 0.3)
    np.testing.assert_array_equal(layers, before[0])
    np.testing.assert_array_equal(masks["person"], before[1]["person"])


def test_faces_of_a_pair_are_about_as_bright():
    layers, masks = scene()
    for seed in range(60):
        flash, target = compose_pair(layers, masks, draw_mix(random(seed)), 0.3)
        stops = np.log2(luminance(flash[12, 12]) / luminance(target[12, 12]))
        assert abs(stops) < 2
