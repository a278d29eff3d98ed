"""The page's wall shadow against the command line tool's, on drawn walls."""

import cv2
import numpy as np
import pytest

from deepflash.enhance.shadow import wall_shadow_correction
from deepflash.faces.finder import Face


def face(size: int, x: float = 0.5) -> Face:
    turn = np.linspace(0, 2 * np.pi, 468, endpoint=False)
    across, down = 0.137 * size * np.cos(turn), 0.18 * size * np.sin(turn)
    points = np.column_stack([x * size + across, 0.43 * size + down])
    return Face(points=points.astype(np.float32), score=1.0, box=(0.0, 0.0, 1.0, 1.0))


def person(size: int, height: int) -> np.ndarray:
    """Returns the matte of a head and shoulders."""
    whole = np.zeros((size, size), np.float32)
    head, body = (round(0.17 * size), round(0.22 * size)), (round(0.4 * size), round(0.31 * size))
    cv2.ellipse(whole, (size // 2, round(0.43 * size)), head, 0, 0, 360, (1,), cv2.FILLED)
    cv2.ellipse(whole, (size // 2, round(0.98 * size)), body, 0, 0, 360, (1,), cv2.FILLED)
    return np.ascontiguousarray(cv2.GaussianBlur(whole, (0, 0), 0.8)[:height])


def scene(matte, depth=0.4, colour=(0.62, 0.6, 0.55), noise=0.006, right=0.07):
    """Returns a person before a wall whose logarithm a shadow lowers by `depth`."""
    height, size = matte.shape
    shift = np.array([[1.0, 0, right * size], [0, 1, 0.02 * size]])
    cast = cv2.GaussianBlur(cv2.warpAffine(matte, shift, (size, height)), (0, 0), 2)
    rows, columns = np.indices(matte.shape)
    light = 1 - 0.1 * np.hypot(columns / size - 0.5, rows / size - 0.43)
    wall = light[..., None] * colour * np.exp(-depth * cast)[..., None]
    picture = wall * (1 - matte[..., None]) + matte[..., None] * (0.5, 0.35, 0.25)
    picture += np.random.default_rng(0).normal(0, noise, picture.shape)
    return np.clip(picture, 0, 1).astype(np.float32)


def assert_alike(node, picture, matte, faces) -> np.ndarray:
    expected = wall_shadow_correction(picture, matte, faces)
    sent = [{"points": one.points.ravel(), "score": 1, "box": [0, 0, 1, 1]} for one in faces]
    found = node.call("src/enhance/shadow", "wallShadowCorrection", picture, matte, sent)
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-3
    return expected


@pytest.mark.parametrize(("size", "height"), [(256, 256), (301, 233), (480, 400)])
@pytest.mark.parametrize("noise", [0.0, 0.006])
def test_a_shadow_is_lifted_as_much(node, size, height, noise):
    matte = person(size, height)
    expected = assert_alike(node, scene(matte, noise=noise), matte, [face(size)])
    assert expected.min() < -0.2


@pytest.mark.parametrize(
    "change",
    [
        {"depth": 0.0},
        {"depth": 0.04},
        {"depth": 1.3},
        {"colour": (0.12, 0.12, 0.11)},
        {"noise": 0.05},
        {"right": 0.3},
        {"right": -0.15},
    ],
)
def test_what_is_no_shadow_stays_as_it_does_there(node, change):
    matte = person(256, 256)
    assert_alike(node, scene(matte, **change), matte, [face(256)])


def test_eight_bit_steps_and_two_faces(node):
    matte = person(320, 290)
    picture = np.rint(scene(matte) * 255).astype(np.float32) / np.float32(255)
    assert assert_alike(node, picture, matte, [face(320), face(320, 0.95)]).min() < -0.1


def test_another_colour_stays(node):
    matte = person(256, 256)
    plain, dark = scene(matte, depth=0.0), scene(matte, depth=0.4)
    tinted = plain * (dark / plain) ** np.array([0.5, 1, 1.5], np.float32)
    assert not assert_alike(node, tinted, matte, [face(256)]).any()


def test_deep_rough_and_detached_darkness_is_judged_alike(node):
    matte = person(256, 256)
    beside = (1 - matte)[..., None]
    random = np.random.default_rng(6)
    grain = 1 + random.normal(0, 0.02, (256, 256, 1))
    for depth in (0.6, 1.3):
        assert_alike(node, as_picture(scene(matte, depth, noise=0.0) * grain), matte, [face(256)])
    dark = scene(matte, depth=0.0) / scene(matte)
    for rough in (0.01, 0.08):
        texture = 1 + random.normal(0, rough, (256, 256, 1)) * (dark > 1.05) * beside
        assert_alike(node, as_picture(scene(matte) * texture), matte, [face(256)])
    thing = np.zeros((256, 256), np.float32)
    thing[50:140, 186:196] = 0.4
    thing = np.exp(-cv2.GaussianBlur(thing, (0, 0), 1.5))[..., None]
    detached = as_picture(scene(matte, depth=0.0) * thing)
    assert not assert_alike(node, detached, matte, [face(256)]).any()


def as_picture(values) -> np.ndarray:
    return np.clip(values, 0, 1).astype(np.float32)


def test_only_the_surroundings_of_a_head_are_looked_at(node):
    sides = ((0, 0), (120, 170))
    matte = person(200, 180)
    picture = np.pad(scene(matte), (*sides, (0, 0)), mode="edge")
    points = face(200).points + np.array([120, 0], np.float32)
    moved = Face(points=points, score=1.0, box=(0.0, 0.0, 1.0, 1.0))
    assert assert_alike(node, picture, np.pad(matte, sides), [moved]).min() < -0.2


def test_nobody_and_nothing_but_a_person(node):
    matte = person(64, 64)
    assert not assert_alike(node, scene(matte), matte, []).any()
    full = np.ones_like(matte)
    assert not assert_alike(node, scene(matte), full, [face(64)]).any()
    assert not assert_alike(node, scene(matte), 0 * full, [face(64)]).any()


@pytest.mark.parametrize("shape", [(1, 1), (2, 9), (17, 5)])
def test_tiny_pictures(node, shape):
    random = np.random.default_rng(3)
    picture, matte = random.random((*shape, 3), np.float32), random.random(shape, np.float32)
    assert_alike(node, picture, matte, [face(max(shape))])
