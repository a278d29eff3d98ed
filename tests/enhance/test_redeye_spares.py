"""What is red, brown or golden by nature, by make-up or by fashion is never touched."""

import json

import cv2
import numpy as np
import pytest

from deepflash.enhance.redeye import repair_red_eyes
from deepflash.faces.finder import FaceFinder
from deepflash.faces.points import OUTER_LIPS
from deepflash.pairs.starter import dataset_root
from deepflash.pictures import read_picture
from tests.enhance.redeye_portraits import BLUE, PEOPLE, RINGS, Portrait, portrait

# sRGB of irises as photographs show them, up to the reddest brown that eyes have.
IRISES = {
    "dark": (45, 30, 24),
    "brown": (95, 58, 35),
    "light_brown": (140, 90, 50),
    "red_brown": (110, 58, 38),
    "amber": (175, 115, 45),
    "hazel": (130, 105, 60),
    "green": (105, 120, 80),
    "grey": (130, 135, 140),
    "blue": (95, 130, 175),
}


def untouched(drawn: Portrait) -> bool:
    repaired, count = repair_red_eyes(drawn.pixels, [drawn.face])
    return repaired is drawn.pixels and count == 0


@pytest.mark.parametrize("pupil", [0.25, 0.5])
@pytest.mark.parametrize("colour", IRISES.values(), ids=IRISES)
@pytest.mark.parametrize("name", PEOPLE)
def test_irises_of_all_colours(name, colour, pupil):
    drawn = portrait(name, 2)
    for eye in (0, 1):
        iris = 0.19 * drawn.eye_width(eye)
        drawn.disc(eye, iris, tuple(value // 2 for value in colour))  # the darker rim
        drawn.disc(eye, 0.9 * iris, colour)
        drawn.pupil(eye, pupil * iris, (14, 12, 12))
    assert untouched(drawn)


@pytest.mark.parametrize("name", PEOPLE)
def test_red_make_up_around_the_eyes(name):
    drawn = portrait(name, 2)
    for eye in (0, 1):
        width = drawn.eye_width(eye)
        around = drawn.inside(eye, 0.4 * width) & ~drawn.inside(eye, 0.02 * width)
        drawn.fill(around.astype(np.float32), (170, 25, 45))
    assert untouched(drawn)


@pytest.mark.parametrize("name", PEOPLE)
def test_a_red_line_along_the_lids(name):
    drawn = portrait(name, 2)
    for eye in (0, 1):
        width = drawn.eye_width(eye)
        line = drawn.inside(eye, 0.03 * width) & ~_shrunk(drawn, eye, 0.03 * width)
        drawn.fill(line.astype(np.float32), (170, 40, 50))
    assert untouched(drawn)


@pytest.mark.parametrize("name", PEOPLE)
def test_red_lips(name):
    drawn = portrait(name)
    lips = np.zeros(drawn.pixels.shape[:2], np.uint8)
    ring = np.round(drawn.face.points[list(OUTER_LIPS)]).astype(np.int32)
    drawn.fill(cv2.fillPoly(lips, [ring], 1).astype(np.float32), (200, 10, 30))
    assert untouched(drawn)


@pytest.mark.parametrize("thickness", [0.08, 0.2])
@pytest.mark.parametrize("name", PEOPLE)
def test_red_frames_of_glasses(name, thickness):
    drawn = portrait(name, 2)
    for eye in (0, 1):
        width = drawn.eye_width(eye)
        away = drawn.away(eye)
        frame = (away > 0.5 * width) & (away < (0.5 + thickness) * width)
        drawn.fill(frame.astype(np.float32), (205, 20, 25))
    assert untouched(drawn)


@pytest.mark.parametrize("name", PEOPLE)
def test_red_hair_over_an_eye(name):
    drawn = portrait(name, 2)
    x, _ = drawn.middle(0)
    columns = np.arange(drawn.pixels.shape[1])
    strand = np.abs(columns - x + 0.15 * drawn.eye_width(0)) < 0.2 * drawn.eye_width(0)
    weight = np.broadcast_to(strand.astype(np.float32), drawn.pixels.shape[:2])
    drawn.fill(weight, (150, 60, 25))
    assert untouched(drawn)


@pytest.mark.parametrize("name", PEOPLE)
def test_inflamed_whites_of_the_eyes(name):
    drawn = portrait(name, 2)
    for eye in (0, 1):
        width = drawn.eye_width(eye)
        white = drawn.inside(eye) & (drawn.away(eye) > 0.2 * width)
        drawn.fill(0.8 * white.astype(np.float32), (205, 120, 115))
    assert untouched(drawn)


@pytest.mark.parametrize("name", PEOPLE)
def test_the_flesh_in_the_corners(name):
    drawn = portrait(name, 2)
    for eye, ring in enumerate(RINGS):
        x, y = drawn.face.points[ring[8]] - np.array(drawn.middle(eye))
        drawn.disc(eye, 0.09 * drawn.eye_width(eye), (195, 90, 90), shift=(0.92 * x, 0.92 * y))
    assert untouched(drawn)


def test_a_lamp_mirrored_in_a_brown_eye():
    drawn = portrait(BLUE, 2)
    for eye in (0, 1):
        drawn.disc(eye, 0.19 * drawn.eye_width(eye), IRISES["light_brown"])
        drawn.disc(eye, 0.08 * drawn.eye_width(eye), (255, 244, 225))
    assert untouched(drawn)


def _shrunk(drawn: Portrait, eye: int, by: float) -> np.ndarray:
    inside = drawn.inside(eye).astype(np.uint8)
    return cv2.distanceTransform(inside, cv2.DIST_L2, 5) > by


@pytest.fixture(scope="module")
def starter():
    """Red or not, and the path, of the starter's pictures with flash and without."""
    root = dataset_root("starter")
    rows = [json.loads(line) for line in (root / "manifest.jsonl").read_text().splitlines()]
    red = [root / row["flash"] for row in rows if row["extra"]["view"]["red_eyes"]]
    rest = [root / row["flash"] for row in rows if not row["extra"]["view"]["red_eyes"]]
    return red, rest, [root / row["studio"] for row in rows]


def test_red_eyes_that_were_rendered_are_repaired_and_others_left(starter):
    red, rest, studio = starter
    _count_all(red[::4], 2)
    _count_all([*rest[1:40:10], *studio[::40]], 0)


@pytest.mark.slow
def test_every_starter_portrait(starter):
    red, rest, studio = starter
    assert len(red) == 12
    _count_all(red, 2)
    _count_all(rest, 0)
    _count_all(studio, 0)


def _count_all(paths, expected):
    finder = FaceFinder()
    for path in paths:
        pixels = read_picture(path)
        faces = finder.find(pixels)
        repaired, count = repair_red_eyes(pixels, faces)
        assert count == expected * bool(faces), path
        assert (repaired is pixels) == (count == 0)
