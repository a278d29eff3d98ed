"""The page's backgrounds against the command line tool's, in strips."""

import functools

import cv2
import numpy as np
import pytest

from deepflash.enhance.background import replace_background
from deepflash.enhance.matte import person_matte
from deepflash.faces.finder import FaceFinder
from tests.web.test_matte import starter_picture

PERSON, WALL = np.array((120, 70, 40)), np.array((60, 200, 230))


def drawn(height: int = 421, width: int = 563, reduction: float = 5):
    """Returns a picture of a blob with a fine comb of hair before a wall, and its small matte."""
    rows, columns = np.indices((height, width))
    alpha = np.clip(120.5 - np.hypot(columns - 280, (rows - 230) * 0.8), 0, 1)
    hairs = (rows > 120) & (rows < 240) & (columns > 150) & (columns < 300) & (rows % 12 < 3)
    alpha = cv2.GaussianBlur(np.maximum(alpha, hairs), (0, 0), 0.8).astype(np.float32)
    texture = np.random.default_rng(0).normal(0, 8, (height, width, 3))
    picture = alpha[..., None] * PERSON + (1 - alpha[..., None]) * WALL + texture
    size = (round(width / reduction), round(height / reduction))
    small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    small[small > 0.9999] = 1
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8), small


@functools.cache
def photographed(index: int):
    """Returns a rendered person as a photograph of 1200 pixels, and the matte at 640."""
    picture = starter_picture(index)
    matte = person_matte(picture, FaceFinder().find(picture))
    return cv2.resize(picture, (1200, 1200), interpolation=cv2.INTER_CUBIC), matte


def replaced(node, picture, matte, kind, strips=(64,)):
    small = cv2.resize(picture, matte.shape[::-1], interpolation=cv2.INTER_AREA)
    opacity = np.random.default_rng(1).integers(0, 256, picture.shape[:2], np.uint8)
    rgba = np.dstack([picture, opacity])
    found = node.call("tests/background", "replaceInStrips", small, matte, kind, rgba, list(strips))
    if found is None:
        return None
    assert np.array_equal(found["picture"][..., 3], opacity)
    return found["picture"][..., :3]


def assert_alike(expected, found):
    away = np.abs(expected.astype(int) - found)
    assert away.max() <= 2
    assert (away > 1).mean() < 1e-4
    # Noise of the same mean was added.
    assert abs((expected.astype(int) - found).mean()) < 0.02


@pytest.mark.parametrize(("index", "kind"), [(0, "studio"), (0, "blur"), (4, "blur")])
def test_rendered_people_get_the_same_background(node, index, kind):
    picture, matte = photographed(index)
    expected = replace_background(picture, matte, kind)
    found = replaced(node, picture, matte, kind)
    assert_alike(expected, found)


@pytest.mark.parametrize("kind", ["studio", "blur"])
@pytest.mark.parametrize("reduction", [5, 2.3, 1])
def test_a_drawn_matte(node, kind, reduction):
    picture, matte = drawn(reduction=reduction)
    expected = replace_background(picture, matte, kind)
    assert_alike(expected, replaced(node, picture, matte, kind))


@pytest.mark.parametrize("shape", [(61, 43), (193, 385), (7, 90), (2, 3)])
def test_odd_and_tiny_sizes(node, shape):
    picture, matte = drawn()
    picture = cv2.resize(picture, shape[::-1], interpolation=cv2.INTER_AREA)
    for part in (1, 2):
        size = (max(1, shape[1] // part), max(1, shape[0] // part))
        small = cv2.resize(matte, size, interpolation=cv2.INTER_LINEAR)
        small[0, 0], small[-1, -1] = 0, 1
        for kind in ("studio", "blur"):
            expected = replace_background(picture, small, kind)
            found = replaced(node, picture, small, kind)
            away = expected.astype(int) - (picture if found is None else found)
            assert np.abs(away).max() <= 2


def test_strips_do_not_matter(node):
    picture, matte = drawn()
    whole = replaced(node, picture, matte, "studio", [1000])
    assert np.array_equal(whole, replaced(node, picture, matte, "studio", [1, 7, 64]))


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_nobody_or_no_background_changes_nothing(node, value):
    picture, matte = drawn()
    assert replaced(node, picture, np.full_like(matte, value), "studio") is None


def test_the_person_stays_bit_for_bit(node):
    picture, matte = drawn()
    inside = cv2.erode(matte, np.ones((13, 13), np.uint8)) >= 1
    inside = cv2.resize(inside.astype(np.uint8), picture.shape[1::-1]) > 0
    found = replaced(node, picture, matte, "blur")
    assert inside.sum() > 5_000
    assert np.array_equal(found[inside], picture[inside])


def test_flat_gradients_do_not_band(node):
    picture, matte = drawn()
    corner = replaced(node, picture, matte, "studio")[:60, :100, 1].astype(float)
    assert (np.diff(corner, axis=1) < 0).mean() > 0.05
    smooth = cv2.GaussianBlur(corner, (0, 0), 4)
    assert np.abs(corner - smooth)[8:-8, 12:-12].max() < 1.6
