"""Every fault of a scene, planted."""

import numpy as np
import pytest

from deepflash.synth.checks import glint_fault, picture_fault, scene_fault
from deepflash.synth.layout import LAYERS, MASKS
from deepflash.synth.studio import Shot

SIDE = 96
EYES = (np.s_[40:46, 24:36], np.s_[40:46, 60:72])


def good_shot():
    """A square face with two eyes that glint alike."""
    layers = np.full((len(LAYERS), SIDE, SIDE, 3), 0.2, np.float32)
    masks = {name: np.zeros((SIDE, SIDE), np.float32) for name in MASKS}
    masks["person"][16:, 16:80] = 1
    masks["skin"][20:76, 20:76] = 1
    for eye in EYES:
        masks["skin"][eye], masks["eyes"][eye] = 0, 1
        layers[LAYERS.index("flash")][eye][2, 5] = 8.0
    return Shot(layers, masks, 0.3)


def flash_of(shot):
    return shot.layers[LAYERS.index("flash")]


def test_a_good_scene_has_no_fault():
    assert scene_fault(good_shot()) is None


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_pixel_without_a_value(value):
    shot = good_shot()
    shot.layers[3, 5, 5, 1] = value
    assert scene_fault(shot) == "a pixel has no finite value"


@pytest.mark.parametrize(("rows", "share"), [(1, "0.8%"), (0, "0.0%")])
def test_too_little_skin(rows, share):
    shot = good_shot()
    shot.masks["skin"][:] = 0
    shot.masks["skin"][:rows, :72] = 1
    assert scene_fault(shot) == f"skin covers {share} of the picture"


def test_too_much_skin():
    shot = good_shot()
    shot.masks["skin"][:] = 1
    assert scene_fault(shot) == "skin covers 100.0% of the picture"


def test_too_little_of_a_person():
    shot = good_shot()
    shot.masks["person"][:] = 0
    assert scene_fault(shot) == "the person covers 0.0% of the picture"


@pytest.mark.parametrize("name", ["flash", "high", "surround"])
def test_a_light_that_does_not_reach_the_face(name):
    shot = good_shot()
    shot.layers[LAYERS.index(name)][shot.masks["skin"] > 0] = 0.001
    assert scene_fault(shot) == f"the light {name} does not reach the face"


def test_a_light_behind_may_leave_the_face_dark():
    shot = good_shot()
    shot.layers[LAYERS.index("rim_left")] = 0
    assert scene_fault(shot) is None


def test_a_glint_in_one_eye_only():
    shot = good_shot()
    flash_of(shot)[EYES[1]] = 0.05
    assert scene_fault(shot) == "the flash glints 160 times as bright in one eye"


def test_no_glint_in_either_eye_is_no_fault():
    shot = good_shot()
    for eye in EYES:
        flash_of(shot)[eye] = 0.05
    assert scene_fault(shot) is None


def test_a_hidden_eye_cannot_glint():
    shot = good_shot()
    flash_of(shot)[EYES[1]] = 0.05
    shot.masks["eyes"][EYES[1]] = 0
    assert scene_fault(shot) is None
    # A sliver of it neither.
    shot.masks["eyes"][40:46, 60:61] = 1
    assert scene_fault(shot) is None


def test_shut_eyes_have_no_fault():
    flash = np.zeros((SIDE, SIDE, 3), np.float32)
    assert glint_fault(flash, np.zeros((SIDE, SIDE), np.float32)) is None


@pytest.mark.parametrize(
    ("level", "fault"),
    [(0.0, "the face is exposed at 0.000"), (1.0, "the face is exposed at 1.000"), (0.5, None)],
)
def test_exposure(level, fault):
    skin = good_shot().masks["skin"]
    picture = np.full((SIDE, SIDE, 3), 0.3, np.float32)
    picture[skin > 0] = level
    assert picture_fault(picture, skin) == fault
