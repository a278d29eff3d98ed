"""Corrections along the edges of a picture, by the page and by the command line."""

import cv2
import numpy as np
import pytest

from deepflash import upsample
from tests.test_upsample import Drawn

MODULE = "src/enhance/upsample"


def fitted_by_python(correction, guide, radius, epsilon):
    fitted = upsample.fit_to_guide(correction, guide, radius=radius, epsilon=epsilon)
    parts = [np.dstack([fitted.slopes[c], fitted.offsets[..., c]]) for c in range(3)]
    return fitted, np.concatenate(parts, -1)


def noise(shape, seed=0):
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


@pytest.mark.parametrize("shape", [(40, 50), (3, 2), (1, 1), (1, 30), (61, 4)])
@pytest.mark.parametrize(("radius", "epsilon"), [(1, 4e-3), (2, 1e-4)])
def test_the_fit(node, shape, radius, epsilon):
    if radius > min(shape):
        pytest.skip("OpenCV mirrors once only")
    correction, guide = noise((*shape, 3)) - np.float32(0.5), noise((*shape, 3), 1)
    found = node.call(MODULE, "fitToGuide", correction, guide, radius, epsilon)
    _, expected = fitted_by_python(correction, guide, radius, epsilon)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_the_fit_where_the_guide_has_one_colour(node):
    guide = np.broadcast_to(np.float32([0.2, 0.5, 0.9]), (12, 9, 3)).copy()
    found = node.call(MODULE, "fitToGuide", noise((12, 9, 3)), guide, 1, 4e-3)
    np.testing.assert_allclose(found[..., [0, 1, 2, 4, 5, 6, 8, 9, 10]], 0, atol=1e-8)
    mean = cv2.blur(noise((12, 9, 3)), (3, 3), borderType=cv2.BORDER_REFLECT)
    mean = cv2.blur(mean, (3, 3), borderType=cv2.BORDER_REFLECT)
    np.testing.assert_allclose(found[..., 3::4], mean, atol=1e-5)


@pytest.mark.parametrize(
    ("small", "full", "rows"),
    [
        ((40, 50), (171, 233), (0, 171)),
        ((40, 50), (171, 233), (47, 90)),
        ((40, 50), (40, 50), (3, 40)),
        ((1, 1), (9, 7), (2, 5)),
        ((1, 30), (1, 200), (0, 1)),
        ((30, 1), (100, 1), (99, 100)),
    ],
)
def test_rows(node, small, full, rows):
    correction, guide = noise((*small, 3)) - np.float32(0.5), noise((*small, 3), 1)
    fitted, numbers = fitted_by_python(correction, guide, 1, 4e-3)
    whole = noise((*full, 3), 2)[rows[0] : rows[1]]
    found = node.call(MODULE, "correctionRows", numbers, whole, rows[0], full[0])
    expected = upsample.correction_rows(fitted, whole, first_row=rows[0], height=full[0])
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=0, atol=3e-6)


def test_a_drawn_scene(node):
    drawn = Drawn(3)
    small = cv2.resize(drawn.picture, (80, 64), interpolation=cv2.INTER_AREA)
    guide = node.call(MODULE, "withoutTexture", drawn.picture, 6)
    fitted = node.call(MODULE, "fitToGuide", drawn.small_correction, small, 1, 4e-3)
    found = node.call(MODULE, "correctionRows", fitted, guide, 0, drawn.height)
    expected = upsample.upsample_along_edges(
        drawn.small_correction,
        small,
        upsample.without_texture(drawn.picture, radius=6),
        radius=1,
        epsilon=4e-3,
    )
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
    assert np.sqrt(((found - drawn.truth) ** 2).mean()) < 0.02


@pytest.mark.parametrize("value", [0.0, 0.25, -0.3])
def test_constants_stay_what_they_are(node, value):
    correction = np.full((9, 12, 3), value, np.float32)
    fitted = node.call(MODULE, "fitToGuide", correction, noise((9, 12, 3)), 1, 4e-3)
    found = node.call(MODULE, "correctionRows", fitted, noise((40, 50, 3), 1), 0, 40)
    np.testing.assert_array_equal(found, np.float32(value))


def test_a_guide_without_texture(node):
    guide = noise((50, 64, 3))
    for radius in (0, 1, 3):
        found = node.call(MODULE, "withoutTexture", guide, radius)
        expected = upsample.without_texture(guide, radius=radius)
        # OpenCV takes its weights from a table.
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
        part = node.call(MODULE, "withoutTexture", guide, radius, {"first": 7, "last": 23})
        np.testing.assert_allclose(part, found[7:23], rtol=0, atol=5e-5)


def test_the_radius_follows_the_reduction(node):
    for reduction in (0.5, 1.0, 1.3, 1.34, 2.0, 2.6, 2.7, 4.8, 8.0, 100.0):
        found = node.call(MODULE, "textureRadius", reduction)
        assert found == upsample.texture_radius(reduction)
