"""What a photograph is, from its light, pupils and EXIF."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import deepflash
from deepflash.enhance import verdict as room
from deepflash.enhance.flash_lit import MEAN, SPREAD, Light
from deepflash.enhance.verdict import FULL, LEAST_FLASH_LIT, WEAKEST, judge, strength_of
from deepflash.faces.finder import Face, FaceFinder
from deepflash.pictures import read_picture

STARTER = Path(deepflash.__file__).parent / "starter"
PROJECT = STARTER.parents[1]
DATA = PROJECT.parent / "shared" / "data"
LIT = Light(side=0.0, above=0.0, front=0.6, eyes=0.1, nose=0.1)
DIM = Light(side=0.05, above=0.1, front=0.25, eyes=0.0, nose=-0.12)
SIDEWAYS = Light(side=0.6, above=0.12, front=0.27, eyes=-0.07, nose=-0.09)
OPPOSITE = Light(side=0.1, above=0.7, front=-0.6, eyes=-1.0, nose=-0.5)
"""Light from behind and above."""


def some_face(at=0.0):
    points = np.random.default_rng(0).uniform(20, 80, (468, 2)).astype(np.float32)
    return Face(points, 0.9, (20.0 + at, 20.0, 80.0, 80.5))


def noise():
    return np.random.default_rng(0).integers(0, 256, (100, 100, 3)).astype(np.uint8)


@pytest.fixture
def judged(monkeypatch):
    """Judges a picture with faces in the given light, so many pupils of each red."""

    def judge_lights(*lights, red=(), exif=None, scale=1.0):
        faces = [some_face(float(n)) for n in range(len(lights))]
        reds = [*red, *[0] * (len(lights) - len(red))]

        def light_on(_, face):
            return lights[faces.index(face)]

        def repaired(pixels, several):
            return pixels, reds[faces.index(several[0])]

        monkeypatch.setattr(room, "light_on", light_on)
        monkeypatch.setattr(room, "repair_red_eyes", repaired)
        return judge(noise(), faces, exif_flash=exif, scale=scale)

    return judge_lights


def test_a_face_lit_from_the_camera_is_a_flash_selfie(judged):
    found = judged(LIT)
    assert found.kind == "flash_selfie"
    assert found.reason == "flash: the light on the face comes from the camera"
    assert found.faces[0].strength == 1.0
    assert found.exif_flash is None
    assert found.figures["front"] == 0.6
    assert found.figures["by_light"] == found.faces[0].flash_lit > 0.9


@pytest.mark.parametrize(
    ("name", "sign", "said"),
    [
        ("side", 1, "comes from the side"),
        ("above", 1, "comes from above"),
        ("front", -1, "does not come from the camera"),
        ("eyes", -1, "leaves the eyes in shadow"),
        ("nose", -1, "throws a shadow under the nose"),
    ],
)
def test_what_speaks_most_against_a_flash_is_said(judged, name, sign, said):
    far = getattr(MEAN, name) + sign * 3 * getattr(SPREAD, name)
    found = judged(MEAN._replace(**{name: far}))
    assert found.kind == "not_flash"
    assert found.reason == f"no flash: the light on the face {said}"
    assert found.faces[0].strength == 0.0


def test_exif_that_no_flash_fired_outweighs_all_but_red_pupils(judged):
    found = judged(LIT, exif=False)
    assert found.kind == "not_flash"
    assert found.reason == "no flash: EXIF says that the flash did not fire"
    assert found.figures["by_light"] > 0.9  # what was seen is still told
    assert judged(SIDEWAYS, exif=False).reason == (
        "no flash: the light on the face comes from the side, "
        "and EXIF says that the flash did not fire"
    )
    red = judged(DIM, red=(2,), exif=False)
    assert red.kind == "flash_selfie"
    assert red.reason == "flash: it made pupils red"
    assert red.figures["red_pupils"] == 2


def test_red_pupils_of_one_prove_the_flash_for_the_others_too(judged):
    found = judged(LIT, DIM, red=(0, 1), exif=False)
    assert [face.strength > 0.2 for face in found.faces] == [True, True]
    assert found.exif_flash is False


def test_exif_that_the_flash_fired_is_believed_unless_the_light_is_clearly_another(judged):
    assert judged(SIDEWAYS).kind == "not_flash"
    fired = judged(SIDEWAYS, exif=True)
    assert fired.kind == "flash_selfie"
    assert fired.reason == "flash: EXIF says that the flash fired"
    against = judged(OPPOSITE, exif=True)
    assert against.kind == "not_flash"
    assert against.reason.endswith("although EXIF says that the flash fired")


def test_each_face_gets_the_strength_of_its_own_light(judged):
    found = judged(SIDEWAYS, LIT, DIM)
    assert found.kind == "flash_selfie"
    assert found.reason == "flash: 2 of 3 faces are lit from the camera"
    sideways, lit, dim = (face.strength for face in found.faces)
    assert sideways < 0.1
    assert lit == 1.0
    assert sideways < dim
    assert found.figures["front"] == 0.6  # of the face that is lit most


def test_all_strengths_are_zero_where_nobody_is_lit(judged):
    # 0.1: such a face in a group would get a little.
    found = judged(MEAN)
    assert WEAKEST < found.faces[0].flash_lit < LEAST_FLASH_LIT
    assert found.faces[0].strength == 0.0


def test_boxes_are_in_pixels_of_the_full_picture(judged):
    assert judged(LIT, scale=2.5).faces[0].box == (50.0, 50.0, 200.0, 201.2)


def test_strength_grows_from_nothing_to_all():
    assert strength_of(WEAKEST) == 0.0
    assert strength_of(0.0) == 0.0
    assert strength_of((WEAKEST + FULL) / 2) == pytest.approx(0.5)
    assert strength_of(FULL) == 1.0
    assert strength_of(1.0) == 1.0


def test_no_face_and_damage_are_told_before_anything_else():
    nobody = judge(noise(), [], exif_flash=True, scale=1.0)
    assert (nobody.kind, nobody.faces) == ("no_face", ())
    assert nobody.figures["contrast"] == pytest.approx(noise().std(axis=(0, 1)).max(), abs=1e-3)
    cut = noise()
    cut[60:] = 128
    found = judge(cut, [some_face()], exif_flash=True, scale=1.0)
    assert (found.kind, found.faces) == ("damaged", ())
    assert found.reason == "damaged: 40% of it is the plain grey that a cut-off JPEG leaves"
    assert found.figures["filled"] == 0.4


def test_rendered_people_pass_under_flash_and_most_do_not_under_studio_light():
    finder, kinds = FaceFinder(), {"flash": [], "studio": []}
    for number in range(2, 60, 12):
        for side, found in kinds.items():
            picture = read_picture(STARTER / side / f"person{number:05}-00-0.jpg")
            found.append(judge(picture, finder.find(picture), exif_flash=None, scale=1.0).kind)
    assert set(kinds["flash"]) == {"flash_selfie"}
    assert kinds["studio"].count("not_flash") >= 4


@pytest.mark.local
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("faid-sample/People_032_flash.png", "flash_selfie"),
        ("faid-sample/People_220_flash.png", "flash_selfie"),
        ("faid-sample/People_032_ambient.png", "not_flash"),
        ("faid-sample/Rooms_007_flash.png", "no_face"),
        ("photos/flash_group_of_three.jpg", "flash_selfie"),
        ("photos/redeye_man_flash.jpg", "flash_selfie"),
        ("photos/redeye_woman.jpg", "flash_selfie"),
        ("photos/redeye_man_noflash.jpg", "not_flash"),
    ],
)
def test_photographs(name, kind):
    picture = cv2.imread(str(DATA / name))
    if picture is None:
        pytest.skip(f"{DATA / name} is not there")
    scale = min(1.0, 1280 / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = np.ascontiguousarray(small[..., ::-1])
    found = judge(small, FaceFinder().find(small), exif_flash=None, scale=1 / scale)
    assert found.kind == kind, found
