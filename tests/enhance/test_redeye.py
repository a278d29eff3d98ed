"""Red pupils: made dark, whatever their red and size, and nothing else touched."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepflash.enhance.redeye import repair_red_eyes
from tests.enhance.redeye_portraits import (
    AMBER,
    BLUE,
    BROWN,
    DARK,
    HAZEL,
    PEOPLE,
    Portrait,
    portrait,
)

REDS = {
    "red": (200, 30, 30),
    "bright": (255, 60, 50),
    "dark": (110, 20, 25),
    "wine": (120, 30, 60),
    "pink": (255, 130, 150),
    "orange": (255, 110, 40),
}


def red_eyed(name: str, radius: float, share: float = 0.13, colour=REDS["red"]) -> Portrait:
    """Returns a portrait whose pupils have a radius in pixels, and are a share of its eyes."""
    drawn = portrait(name)
    drawn = portrait(name, radius / (share * drawn.eye_width(0)))
    for eye in (0, 1):
        drawn.pupil(eye, radius, colour)
    return drawn


def core(drawn: Portrait, eye: int, radius: float) -> np.ndarray:
    """Returns the pixels of a painted pupil away from its edge and its catch-light."""
    light = drawn.away(eye, (radius / 4, -radius / 4)) < radius / 4 + 1.5
    return (drawn.away(eye) < max(0.75 * radius, 1)) & drawn.inside(eye) & ~light


@pytest.mark.parametrize("colour", REDS.values(), ids=REDS)
def test_pupils_of_all_reds_become_dark_and_neutral(colour):
    drawn = red_eyed(BLUE, 8, colour=colour)
    repaired, count = repair_red_eyes(drawn.pixels, [drawn.face])
    assert count == 2
    for eye in (0, 1):
        pupil = repaired[core(drawn, eye, 8)].astype(int)
        assert pupil.max() < 75
        assert np.ptp(pupil, axis=1).max() <= 2


@pytest.mark.parametrize("radius", [3, 5, 12, 25, 40])
@pytest.mark.parametrize("name", [BLUE, BROWN, DARK])
def test_pupils_of_all_sizes_are_repaired(name, radius):
    drawn = red_eyed(name, radius)
    repaired, count = repair_red_eyes(drawn.pixels, [drawn.face])
    assert count == 2
    for eye in (0, 1):
        assert repaired[core(drawn, eye, radius)].max() < 60


def test_a_golden_glow_becomes_dark():
    drawn = red_eyed(BLUE, 8, colour=(255, 185, 75))
    repaired, count = repair_red_eyes(drawn.pixels, [drawn.face])
    assert count == 2
    for eye in (0, 1):
        rim = (drawn.away(eye) < 7.5) & (drawn.away(eye) > 6) & drawn.inside(eye)
        assert repaired[core(drawn, eye, 8)].max() < 75
        assert np.ptp(repaired[rim].astype(int), axis=1).max() < 30


@pytest.mark.parametrize("name", [AMBER, BROWN])
def test_lids_next_to_a_red_pupil_keep_their_colour(name):
    drawn = portrait(name)
    for eye in (0, 1):
        drawn.disc(eye, 5, REDS["red"])
    repaired, count = repair_red_eyes(drawn.pixels, [drawn.face])
    assert count == 2
    lids = ~(drawn.inside(0) | drawn.inside(1))
    assert np.abs(repaired[lids].astype(int) - drawn.pixels[lids]).max() <= 6


def test_the_catch_light_stays():
    drawn = red_eyed(BLUE, 12)
    repaired, _ = repair_red_eyes(drawn.pixels, [drawn.face])
    for eye in (0, 1):
        light = (drawn.away(eye, (3, -3)) < 1.5) & drawn.inside(eye)
        assert light.any()
        assert repaired[light].min() > 230


def test_the_white_in_a_pink_catch_light_stays():
    drawn = red_eyed(BLUE, 12)
    drawn.disc(0, 4, (255, 205, 210), shift=(3, -3))
    repaired, _ = repair_red_eyes(drawn.pixels, [drawn.face])
    light = repaired[(drawn.away(0, (3, -3)) < 1.5) & drawn.inside(0)].astype(int)
    assert light.min() > 170
    assert np.ptp(light, axis=1).max() <= 2


@pytest.mark.parametrize("name", PEOPLE)
def test_iris_and_lids_stay_bit_for_bit(name):
    radius = 10
    drawn = red_eyed(name, radius)
    repaired, count = repair_red_eyes(drawn.pixels, [drawn.face])
    assert count == 2
    changed = (repaired != drawn.pixels).any(axis=-1)
    allowed = np.zeros_like(changed)
    for eye in (0, 1):
        # The feather reaches 5 % of the eye's width beyond the pupil, whose edge is soft itself.
        reach = radius + 2 + 0.06 * drawn.eye_width(eye)
        allowed |= (drawn.away(eye) < reach) & drawn.inside(eye, 0.05 * drawn.eye_width(eye))
    assert changed.any()
    assert not (changed & ~allowed).any()


@pytest.mark.parametrize("name", [BLUE, HAZEL])
def test_the_iris_at_the_edge_of_the_pupil_keeps_its_colour(name):
    radius = 9
    drawn = red_eyed(name, radius)
    repaired, _ = repair_red_eyes(drawn.pixels, [drawn.face])
    for eye in (0, 1):
        edge = (drawn.away(eye) > radius + 1.5) & drawn.inside(eye)
        change = np.abs(repaired[edge].astype(int) - drawn.pixels[edge])
        assert change.max() <= 10


@settings(max_examples=15, deadline=None)
@given(
    colour=st.tuples(st.integers(90, 255), st.integers(0, 120), st.integers(0, 120)),
    radius=st.floats(1.0, 6.0),
    shift=st.tuples(st.floats(-6, 6), st.floats(-3, 3)),
    name=st.sampled_from(PEOPLE),
)
def test_outside_of_the_eyes_nothing_changes(colour, radius, shift, name):
    drawn = portrait(name)
    outside = np.ones(drawn.pixels.shape[:2], bool)
    for eye in (0, 1):
        drawn.disc(eye, radius, colour, shift=shift)
        outside &= ~drawn.inside(eye, max(0.05 * drawn.eye_width(eye), 1.5))
    repaired, _ = repair_red_eyes(drawn.pixels, [drawn.face])
    assert np.array_equal(repaired[outside], drawn.pixels[outside])


@pytest.mark.parametrize("eye", [0, 1])
def test_one_red_eye_is_repaired_and_the_other_one_stays(eye):
    drawn = portrait(BROWN, 2)
    drawn.pupil(eye, 8, REDS["red"])
    repaired, count = repair_red_eyes(drawn.pixels, [drawn.face])
    assert count == 1
    other = drawn.inside(1 - eye, 10)
    assert np.array_equal(repaired[other], drawn.pixels[other])


def test_a_weak_red_counts_where_the_other_eye_is_clearly_red():
    weak = (122, 80, 84)
    alone = portrait(HAZEL, 2)
    alone.pupil(0, 8, weak)
    assert repair_red_eyes(alone.pixels, [alone.face])[1] == 0
    alone.pupil(1, 8, REDS["red"])
    assert repair_red_eyes(alone.pixels, [alone.face])[1] == 2


def test_all_faces_of_a_picture_are_seen_to():
    one, other = red_eyed(BLUE, 6), red_eyed(AMBER, 5)
    height = max(len(one.pixels), len(other.pixels))
    padded = [
        cv2.copyMakeBorder(p.pixels, 0, height - len(p.pixels), 0, 0, cv2.BORDER_REPLICATE)
        for p in (one, other)
    ]
    points = other.face.points + np.array([one.pixels.shape[1], 0], np.float32)
    faces = [one.face, replace(other.face, points=points)]
    assert repair_red_eyes(np.hstack(padded), faces)[1] == 4


def test_what_is_repaired_needs_no_repair():
    drawn = red_eyed(BROWN, 8)
    repaired, _ = repair_red_eyes(drawn.pixels, [drawn.face])
    assert repair_red_eyes(repaired, [drawn.face]) == (repaired, 0)


def test_the_picture_given_is_not_written_to():
    drawn = red_eyed(BLUE, 6)
    drawn.pixels.setflags(write=False)
    repaired, count = repair_red_eyes(drawn.pixels, [drawn.face])
    assert count == 2
    assert repaired is not drawn.pixels


def test_16_bit_is_repaired_as_8_bit_is():
    drawn = red_eyed(BLUE, 9)
    repaired, count = repair_red_eyes(drawn.pixels, [drawn.face])
    deep, deep_count = repair_red_eyes(drawn.pixels.astype(np.uint16) * 257, [drawn.face])
    assert (count, deep_count, deep.dtype) == (2, 2, np.uint16)
    assert np.abs(deep / 257 - repaired).max() <= 0.5 + 1e-3


def test_eyes_of_less_than_8_pixels_are_left_alone():
    tiny = red_eyed(BLUE, 1.2, share=0.2)
    assert tiny.eye_width(0) < 8
    assert repair_red_eyes(tiny.pixels, [tiny.face])[0] is tiny.pixels


def test_faces_that_the_picture_cuts_do_no_harm():
    drawn = red_eyed(BLUE, 6)
    x, y = (int(value) for value in drawn.middle(1))
    for cut in (np.s_[:, : x + 2], np.s_[: y + 1, :], np.s_[:5, :5], np.s_[:1, :1]):
        part = np.ascontiguousarray(drawn.pixels[cut])
        repaired, _ = repair_red_eyes(part, [drawn.face])
        assert repaired.shape == part.shape
    away = replace(drawn.face, points=drawn.face.points - 5000)
    assert repair_red_eyes(drawn.pixels, [away])[0] is drawn.pixels


def test_without_faces_the_same_picture_comes_back():
    pixels = np.zeros((4, 5, 3), np.uint8)
    assert repair_red_eyes(pixels, []) == (pixels, 0)
