"""Redness and goldenness: what they say of eyes' own colours, by the face's skin."""

import numpy as np
import pytest

from deepflash.enhance.redeye.eyes import VIEW_PX, Eye, at_view_size, skin_light
from deepflash.enhance.redeye.pupils import goldenness, redness
from tests.enhance.redeye_portraits import PEOPLE, portrait

# Linear light in a flash.
FAIR, DEEP = (np.array(light, np.float32) for light in ((0.5, 0.32, 0.24), (0.16, 0.08, 0.045)))
RED, WINE, GOLDEN = (0.30, 0.02, 0.02), (0.19, 0.015, 0.05), (0.95, 0.45, 0.08)
BROWN, AMBER, BLUE, WHITE = (0.10, 0.05, 0.02), (0.20, 0.11, 0.03), (0.1, 0.2, 0.4), (0.7,) * 3
WARM = np.array([1.0, 0.7, 0.4], np.float32)


def of(colours, light, skin=FAIR) -> float:
    return float(colours(np.array([[light]], np.float32), skin)[0, 0])


@pytest.mark.parametrize("skin", [FAIR, DEEP])
def test_skin_is_neither_red_nor_above_its_own_yellow(skin):
    assert of(redness, skin, skin) == pytest.approx(0, abs=1e-6)
    assert of(goldenness, skin, skin) <= 1e-6


@pytest.mark.parametrize("skin", [FAIR, DEEP])
def test_red_pupils_are_redder_than_all_that_eyes_have(skin):
    natural = max(of(redness, light, skin) for light in (BROWN, AMBER, BLUE, WHITE))
    assert min(of(redness, light, skin) for light in (RED, WINE)) > natural + 0.7


def test_redness_by_hand():
    # Logarithms of 0.32 / 0.04 and 0.52 / 0.34: the skin's red is 0.5, so dark is 0.02.
    assert of(redness, (0.30, 0.02, 0.02)) == pytest.approx(
        np.log(0.32 / 0.04) - np.log(0.52 / 0.34) - 0.7 * max(-np.log(0.34 / 0.26), -0.4), abs=1e-5
    )


def test_a_warm_lamp_does_not_make_eyes_red():
    for light in (BROWN, AMBER, BLUE, WHITE):
        assert of(redness, light * WARM, FAIR * WARM) < 0.15


def test_overexposed_skin_does_not_make_eyes_red():
    overexposed = np.ones(3, np.float32)
    assert of(redness, BROWN, overexposed) < of(redness, BROWN, FAIR) + 0.1
    assert of(redness, RED, overexposed) > 0.5


def test_golden_pupils_are_bright_and_amber_irises_are_not():
    assert of(goldenness, GOLDEN) > 1
    for light in (BROWN, AMBER, BLUE, WHITE, FAIR):
        assert of(goldenness, light) < 0.4


@pytest.mark.parametrize("factor", [0.25, 4.0])
def test_points_stay_on_what_they_are_on_when_an_eye_is_resized(factor):
    width = VIEW_PX / factor
    rows, columns = np.mgrid[: round(width), : round(1.5 * width)]
    at = np.array([0.9 * width, 0.4 * width], np.float32)
    light = np.exp(-((columns - at[0]) ** 2 + (rows - at[1]) ** 2) / (0.04 * width**2))
    eye = Eye(np.repeat(light[..., None], 3, -1).astype(np.float32), at[None], width)
    view = at_view_size(eye)
    weight = view.light[..., 0] / view.light[..., 0].sum()
    middle = [(weight * axis).sum() for axis in np.mgrid[: len(weight), : weight.shape[1]]][::-1]
    assert np.abs(view.contour[0] - middle).max() < 0.5


@pytest.mark.parametrize("name", PEOPLE)
def test_the_skin_of_a_face_is_its_cheeks_and_brow(name):
    drawn = portrait(name)
    skin = skin_light(drawn.pixels, drawn.face)
    x, y = np.round(drawn.face.points[50]).astype(int)
    cheek = drawn.pixels[y, x] / 255
    assert np.abs(skin ** (1 / 2.2) - cheek).max() < 0.2
    eyes = drawn.inside(0, 3) | drawn.inside(1, 3)
    drawn.fill(eyes.astype(np.float32), (255, 0, 0))
    assert np.allclose(skin_light(drawn.pixels, drawn.face), skin, atol=0.02)
