"""The page repairs the red eyes that the command line repairs, to within one level."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from deepflash.enhance.redeye import repair_red_eyes
from deepflash.faces.finder import FaceFinder
from deepflash.pairs.starter import dataset_root
from deepflash.pictures import read_picture
from tests.enhance.redeye_portraits import AMBER, BLUE, BROWN, DARK, HAZEL, PEOPLE, portrait
from tests.enhance.test_redeye import REDS, red_eyed
from tests.enhance.test_redeye_spares import IRISES
from tests.web.face_objects import sent

DATA = Path(__file__).parents[3] / "shared" / "data"
GOLDEN = (255, 185, 75)


def repair(node, pixels, faces, most=1):
    """Returns how many pupils were repaired, after all was compared with the command line."""
    expected, count = repair_red_eyes(pixels, faces)
    found = node.call("tests/redeye", "repaired", pixels, [sent(face) for face in faces])
    assert len(found["patches"]) == count
    assert found["counts"] == [repair_red_eyes(pixels, [face])[1] for face in faces]
    apart = np.abs(found["picture"].astype(int) - expected)
    assert apart.max(initial=0) <= most
    # What the command line does not touch stays bit for bit.
    assert (found["picture"] == pixels)[expected == pixels].mean() > 0.9999
    return found


def both(name, radius, colour, scale=1.0):
    drawn = portrait(name, scale)
    for eye in (0, 1):
        drawn.pupil(eye, radius, colour)
    return drawn


@pytest.mark.parametrize("side", [60, 120, 250, 600, 1500])
@pytest.mark.parametrize("name", [BLUE, BROWN])
def test_faces_of_all_sizes(node, name, side):
    drawn = portrait(name)
    drawn = portrait(name, side / np.ptp(drawn.face.points[:, 1]))
    for eye in (0, 1):
        drawn.pupil(eye, 0.13 * drawn.eye_width(eye), REDS["red"])
    found = repair(node, drawn.pixels, [drawn.face])
    assert side < 100 or len(found["patches"]) == 2
    assert found["read"] < 0.25


@pytest.mark.parametrize("colour", [*REDS.values(), GOLDEN], ids=[*REDS, "golden"])
@pytest.mark.parametrize("name", [BLUE, HAZEL, DARK])
def test_colours(node, name, colour):
    repair(node, *_one(red_eyed(name, 8, colour=colour)))


@pytest.mark.parametrize("radius", [2, 3, 5, 12.3, 25])
def test_radii(node, radius):
    repair(node, *_one(red_eyed(AMBER, radius)))


def _one(drawn):
    return drawn.pixels, [drawn.face]


def test_one_eye_and_a_weak_one(node):
    drawn = portrait(HAZEL, 2)
    drawn.pupil(0, 8, (122, 80, 84))
    assert repair(node, *_one(drawn))["patches"] == []
    drawn.pupil(1, 8, REDS["red"])
    assert len(repair(node, *_one(drawn))["patches"]) == 2
    drawn = portrait(BROWN, 2)
    drawn.pupil(1, 8, REDS["red"])
    assert len(repair(node, *_one(drawn))["patches"]) == 1


def test_pink_catch_lights(node):
    drawn = red_eyed(BLUE, 12)
    drawn.disc(0, 4, (255, 205, 210), shift=(3, -3))
    repair(node, *_one(drawn))


def test_discs_of_any_red_anywhere(node):
    rng = np.random.default_rng(2)
    for _ in range(8):
        drawn = portrait(PEOPLE[rng.integers(len(PEOPLE))], float(rng.uniform(0.6, 2)))
        colour = (int(rng.integers(90, 256)), *(int(v) for v in rng.integers(0, 121, 2)))
        for eye in (0, 1):
            shift = (float(rng.uniform(-6, 6)), float(rng.uniform(-3, 3)))
            drawn.disc(eye, float(rng.uniform(1, 9)), colour, shift=shift)
        repair(node, *_one(drawn))


def test_several_faces(node):
    one, other = red_eyed(BLUE, 6), red_eyed(AMBER, 5)
    height = max(len(one.pixels), len(other.pixels))
    padded = [
        cv2.copyMakeBorder(p.pixels, 0, height - len(p.pixels), 0, 0, cv2.BORDER_REPLICATE)
        for p in (one, other)
    ]
    points = other.face.points + np.array([one.pixels.shape[1], 0], np.float32)
    faces = [one.face, replace(other.face, points=points)]
    assert len(repair(node, np.hstack(padded), faces)["patches"]) == 4


def test_patches_that_overlap_show_what_was_repaired_before(node):
    drawn = red_eyed(BLUE, 12)
    # Another face whose eyes are on the cheeks: their rectangles reach over the first one's pupils.
    below = np.float32([0, 0.42 * drawn.eye_width(0)])
    other = replace(drawn, face=replace(drawn.face, points=drawn.face.points + below))
    for eye in (0, 1):
        other.pupil(eye, 12, REDS["red"])
    found = repair(node, drawn.pixels, [drawn.face, other.face])
    assert len(found["patches"]) == 4
    (x, y), (_, top, _, _) = drawn.middle(0), found["patches"][2]
    assert top < y + 8
    # Red before, and well outside of the lids of the other face.
    assert found["picture"][round(y) + 6, round(x) - 3].max() < 75


def test_eyes_that_are_not_red_stay(node):
    for number, colour in enumerate(IRISES.values()):
        drawn = portrait(PEOPLE[number % len(PEOPLE)], 2)
        for eye in (0, 1):
            iris = 0.19 * drawn.eye_width(eye)
            drawn.disc(eye, iris, colour)
            drawn.pupil(eye, 0.5 * iris, (14, 12, 12))
        assert repair(node, *_one(drawn))["patches"] == []


def test_faces_that_the_picture_cuts(node):
    drawn = red_eyed(BLUE, 6)
    x, y = (int(value) for value in drawn.middle(1))
    for cut in (np.s_[:, : x + 2], np.s_[: y + 1, :], np.s_[:5, :5], np.s_[:1, :1], np.s_[y:, x:]):
        repair(node, np.ascontiguousarray(drawn.pixels[cut]), [drawn.face])
    for shift in (5000, -5000, np.float32([-x, -y])):
        repair(node, drawn.pixels, [replace(drawn.face, points=drawn.face.points + shift)])
    assert repair(node, drawn.pixels, [])["patches"] == []


def test_rendered_people(node):
    finder, root = FaceFinder(), dataset_root("starter")
    for path in sorted((root / "flash").glob("*.jpg"))[::30]:
        pixels = read_picture(path)
        repair(node, pixels, finder.find(pixels))


@pytest.mark.slow
@pytest.mark.parametrize("side", ["flash", "studio"])
def test_all_rendered_people(node, side):
    finder, root = FaceFinder(), dataset_root("starter")
    for path in sorted((root / side).glob("*.jpg")):
        pixels = read_picture(path)
        repair(node, pixels, finder.find(pixels))


@pytest.mark.local
def test_photographs(node):
    paths = sorted([*(DATA / "photos").glob("*.jpg"), *(DATA / "faid-sample").glob("People*.png")])
    if not paths:
        pytest.skip("no photographs at hand")
    finder = FaceFinder()
    for path in paths:
        pixels = read_picture(path)
        repair(node, pixels, finder.find(pixels))
