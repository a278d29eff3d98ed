"""The flash's shadow on a wall: lifted where it is one, and everything else left alone."""

import cv2
import numpy as np
import pytest

from deepflash.enhance.shadow import SHARE, wall_shadow_correction
from deepflash.faces.finder import Face

SIZE, FACE = 256, 70
DEPTH = 0.4


def face() -> Face:
    turn = np.linspace(0, 2 * np.pi, 468, endpoint=False)
    points = np.column_stack([128 + FACE / 2 * np.cos(turn), 110 + 46 * np.sin(turn)])
    return Face(points=points.astype(np.float32), score=1.0, box=(93.0, 64.0, 163.0, 156.0))


def person() -> np.ndarray:
    """Returns the matte of a head and shoulders."""
    drawn = np.zeros((SIZE, SIZE), np.float32)
    cv2.ellipse(drawn, (128, 110), (44, 56), 0, 0, 360, (1,), cv2.FILLED)
    cv2.ellipse(drawn, (128, 250), (100, 80), 0, 0, 360, (1,), cv2.FILLED)
    return cv2.GaussianBlur(drawn, (0, 0), 0.8)


def cast(right: float = 18, down: float = 5, soft: float = 2.0) -> np.ndarray:
    """Returns how much of the flash is kept from the wall, 0 to 1."""
    shift = np.array([[1.0, 0, right], [0, 1, down]])
    return cv2.GaussianBlur(cv2.warpAffine(person(), shift, (SIZE, SIZE)), (0, 0), soft)


def scene(depth: float = DEPTH, colour: tuple = (0.62, 0.6, 0.55), noise: float = 0.006, **where):
    """Returns a person before a wall whose logarithm a shadow lowers by `depth`."""
    rows, columns = np.indices((SIZE, SIZE))
    light = 1 - 0.1 * np.hypot(columns - 128, rows - 110) / SIZE
    wall = light[..., None] * colour * np.exp(-depth * cast(**where))[..., None]
    matte = person()[..., None]
    picture = wall * (1 - matte) + matte * (0.5, 0.35, 0.25)
    picture += np.random.default_rng(0).normal(0, noise, picture.shape)
    return np.clip(picture, 0, 1).astype(np.float32)


def band() -> np.ndarray:
    """Returns where the shadow is full, beside the head."""
    away = person() < 0.02
    return away & (cast() > 0.95) & (np.indices(away.shape)[0] < 150)


def test_most_of_a_shadow_is_taken_back():
    correction = wall_shadow_correction(scene(), person(), [face()])
    assert correction.dtype == np.float32
    lifted = -correction[band()]
    assert 0.5 * DEPTH < lifted.mean() <= SHARE * DEPTH + 0.02
    assert correction.max() <= 0
    noiseless = wall_shadow_correction(scene(noise=0.0), person(), [face()])
    assert -np.quantile(noiseless[band()], 0.02) <= SHARE * DEPTH


def test_less_shadow_is_left_on_the_other_side_too():
    mirrored = np.ascontiguousarray(scene()[:, ::-1])
    correction = wall_shadow_correction(mirrored, person()[:, ::-1].copy(), [face()])
    straight = wall_shadow_correction(scene(), person(), [face()])
    assert np.abs(correction[:, ::-1] - straight).mean() < 2e-3


def test_the_person_and_the_far_wall_stay():
    correction = wall_shadow_correction(scene(), person(), [face()])
    assert not correction[person() > 0.99].any()
    away = cv2.distanceTransform((person() < 0.05).astype(np.uint8), cv2.DIST_L2, 5)
    assert not correction[away > 0.5 * FACE + 1].any()


def test_it_ends_without_a_step():
    noiseless = wall_shadow_correction(scene(noise=0.0), person(), [face()])
    free = cv2.dilate((person() > 0.02).astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
    step = np.abs(np.diff(noiseless, axis=1))[free[:, 1:] & free[:, :-1]]
    assert noiseless.min() < -0.2
    assert step.max() < 0.12


def test_a_shadow_wider_than_the_limit_ends_without_a_step():
    wide = scene(noise=0.0, right=38, soft=5.0)
    correction = wall_shadow_correction(wide, person(), [face()])
    assert correction.min() < -0.1
    away = cv2.distanceTransform((person() < 0.05).astype(np.uint8), cv2.DIST_L2, 5) / FACE
    assert correction[away > 0.48].min() > -0.05


@pytest.mark.parametrize("depth", [0.0, 0.04])
def test_a_wall_without_a_shadow_stays(depth):
    assert not wall_shadow_correction(scene(depth=depth), person(), [face()]).any()


def changed(picture: np.ndarray) -> bool:
    return bool(wall_shadow_correction(picture.astype(np.float32), person(), [face()]).any())


def test_the_guards_have_something_to_refuse():
    assert changed(scene())


def test_a_band_of_another_colour_stays():
    tinted = scene(depth=0.0) * np.exp(
        -cast()[..., None] * (0.2, 0.4, 0.6) * (1 - person()[..., None])
    )
    assert not changed(tinted)


def test_black_hair_beside_the_matte_stays():
    hair = np.where((cast() > 0.5)[..., None] & (person() < 0.5)[..., None], 0.1, scene(depth=0.0))
    assert not changed(hair)
    # Even of the wall's very hue.
    grain = 1 + np.random.default_rng(6).normal(0, 0.02, (SIZE, SIZE, 1))
    assert changed(scene(depth=0.6, noise=0.0) * grain)
    assert not changed(scene(depth=1.3, noise=0.0) * grain)


def test_a_textured_dark_object_stays():
    texture = np.random.default_rng(5).normal(0, 0.08, (SIZE, SIZE, 1))
    rough = scene() * (1 + texture * (cast() * (1 - person()))[..., None])
    assert not changed(rough)


def test_a_dark_thing_that_does_not_touch_the_person_stays():
    picture = scene(depth=0.0)
    thing = np.zeros((SIZE, SIZE), np.float32)
    thing[50:140, 186:196] = 1
    picture *= np.exp(-0.4 * cv2.GaussianBlur(thing, (0, 0), 1.5))[..., None]
    assert not changed(picture)


def test_a_dark_part_of_the_wall_that_goes_on_stays():
    picture = scene(depth=0.0)
    darker = (np.indices((SIZE, SIZE))[1] > 150) & (person() < 0.5)
    picture[darker] *= np.float32(0.7)
    assert not changed(picture)


def test_a_patterned_or_dark_wall_stays():
    pattern = np.where(np.indices((SIZE, SIZE))[0] % 24 < 12, 1.0, 0.8)[..., None]
    pattern = np.where(person()[..., None] > 0.5, 1, pattern)
    assert not changed(scene() * pattern)
    assert not changed(scene(colour=(0.12, 0.12, 0.11)))


def test_without_a_face_nothing_changes():
    assert not wall_shadow_correction(scene(), person(), []).any()


def test_a_matte_that_is_full_changes_nothing():
    assert not wall_shadow_correction(scene(), np.ones_like(person()), [face()]).any()
