"""The faces' exposure and colour after a correction, worked out by hand."""

import numpy as np
import pytest

from deepflash.enhance.correction import apply_correction
from deepflash.enhance.exposure import offset

FACE = np.zeros((6, 8), np.float32)
FACE[1:5, 2:6] = 1
TARGETS = ["difference", "log_ratio"]


def flat(*colour):
    return np.broadcast_to(np.float32(colour), (6, 8, 3)).copy()


def result(target, picture, correction, faces=FACE):
    moved = correction + offset(target, picture, correction, faces)
    return apply_correction(target, picture, moved)


@pytest.mark.parametrize("target", TARGETS)
def test_a_darkened_and_tinted_face_comes_back(target):
    picture = flat(0.5, 0.4, 0.3)
    after = result(target, picture, flat(0.1, 0.05, -0.02))
    np.testing.assert_allclose(after[FACE > 0], picture[FACE > 0], atol=1e-5)


@pytest.mark.parametrize("target", TARGETS)
def test_a_brightened_face_stays_bright_but_keeps_its_hue(target):
    picture = flat(0.4, 0.3, 0.2)
    after = result(target, picture, flat(-0.1, -0.1, -0.1))[2, 3]
    assert after[0] / after[1] == pytest.approx(4 / 3, rel=1e-4)
    plain = apply_correction(target, picture, flat(-0.1, -0.1, -0.1))[2, 3]
    luma = np.float32([0.299, 0.587, 0.114])
    assert after @ luma == pytest.approx(float(plain @ luma), rel=1e-4)


def test_a_burnt_face_may_become_darker_but_only_to_what_portraits_are():
    picture = flat(0.9, 0.9, 0.9)
    np.testing.assert_allclose(result("difference", picture, flat(0.1, 0.1, 0.1))[2, 3], 0.8)
    np.testing.assert_allclose(
        result("difference", picture, flat(0.5, 0.5, 0.5))[2, 3], 0.62, atol=1e-6
    )


@pytest.mark.parametrize("target", TARGETS)
def test_light_within_the_face_and_behind_it_is_the_networks(target):
    rng = np.random.default_rng(0)
    picture = rng.uniform(0.3, 0.6, (6, 8, 3)).astype(np.float32)
    correction = rng.uniform(0.0, 0.2, (6, 8, 3)).astype(np.float32)
    shift = offset(target, picture, correction, FACE)
    assert shift.shape == (3,)
    assert abs(shift).max() > 0.01


def test_without_faces_nothing_moves():
    correction = flat(0.1, 0.2, 0.3)
    assert not offset("difference", flat(0.5, 0.5, 0.5), correction, 0 * FACE).any()
