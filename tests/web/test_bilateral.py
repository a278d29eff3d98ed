import cv2
import numpy as np
import pytest

from tests.web.node import JsError

MODULE = "src/image/bilateral"


def drawn(height, width):
    """Returns soft colours, a few edges and grain."""
    random = np.random.default_rng(height + width)
    y, x = np.mgrid[:height, :width]
    soft = 0.5 + 0.3 * np.sin(x / 17)[..., None] * np.cos(y[..., None] / 13 + np.arange(3))
    edges = 0.2 * ((x // 16 + y // 24) % 2)[..., None]
    return (soft + edges + 0.03 * random.standard_normal((height, width, 3))).astype(np.float32)


@pytest.mark.parametrize(("height", "width"), [(97, 131), (33, 64), (32, 5), (1, 9), (2, 2)])
@pytest.mark.parametrize(
    ("radius", "sigma_range", "sigma_space"),
    [(1, 0.1, 0.7), (3, 0.1, 2), (6, 0.1, 4), (10, 0.4, 7), (2, 0.01, 1.3), (2, 3.0, 1.3)],
)
def test_it_is_that_of_opencv(node, height, width, radius, sigma_range, sigma_space):
    picture = drawn(height, width)
    found = node.call(MODULE, "bilateral", picture, radius, sigma_range, sigma_space)
    expected = cv2.bilateralFilter(picture, 2 * radius + 1, sigma_range, sigma_space)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_noise_is_within_the_tolerance_too(node):
    noise = np.random.default_rng(4).random((70, 50, 3)).astype(np.float32)
    found = node.call(MODULE, "bilateral", noise, 4, 0.2, 3)
    np.testing.assert_allclose(found, cv2.bilateralFilter(noise, 9, 0.2, 3), atol=2e-4)


@pytest.mark.parametrize(("first", "last"), [(0, 10), (3, 4), (20, 75), (70, 80), (0, 80)])
def test_rows_are_those_of_the_whole(node, first, last):
    picture = drawn(80, 30)
    whole = node.call(MODULE, "bilateral", picture, 5, 0.1, 3)
    found = node.call(MODULE, "bilateral", picture, 5, 0.1, 3, {"first": first, "last": last})
    np.testing.assert_allclose(found, whole[first:last], atol=2e-5)


def test_values_by_hand(node):
    flat = np.full((4, 5, 3), 0.25, np.float32)
    np.testing.assert_allclose(node.call(MODULE, "bilateral", flat, 3, 0.1, 2), flat, atol=1e-7)
    # The step is one sigma, so the neighbour weighs exp(-1/2) for the colour and the distance.
    row = np.float32([[[0, 0, 0], [0.1, 0.1, 0.1]]])
    found = node.call(MODULE, "bilateral", row, 1, 0.3, 1.0)
    weight = np.exp(-1)
    # Beyond the edge lies the other pixel again, and above it the pixel itself.
    share = 2 * weight / (1 + 2 * weight + 2 * np.exp(-0.5))
    np.testing.assert_allclose(found[0, :, 0], [0.1 * share, 0.1 * (1 - share)], atol=1e-4)


def test_grey_pictures_are_refused(node):
    with pytest.raises(JsError, match="3 channels"):
        node.call(MODULE, "bilateral", np.zeros((3, 3), np.float32), 1, 0.1, 1)
