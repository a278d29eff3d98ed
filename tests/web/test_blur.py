import cv2
import numpy as np
import pytest

MODULE = "src/image/blur"
SHAPES = [(61, 97), (48, 64, 3), (5, 7, 3), (1, 9), (2, 2), (1, 1)]
BORDERS = {"reflect101": cv2.BORDER_REFLECT_101, "replicate": cv2.BORDER_REPLICATE}


def drawn(shape):
    return np.random.default_rng(sum(shape)).random(shape)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("sigma", [0.5, 1.3, 3, 8.2, 40])
def test_gaussian_is_that_of_opencv(node, shape, border, sigma):
    picture = drawn(shape).astype(np.float32)
    code = BORDERS[border]
    found = node.call(MODULE, "gaussianBlur", picture, sigma, border)
    expected = cv2.GaussianBlur(picture, (0, 0), sigma, borderType=code)
    np.testing.assert_allclose(found, expected, atol=2e-6)
    side = 2 * max(round(3 * sigma), 1) + 1
    found = node.call(MODULE, "gaussianBlur", picture, sigma, border, side)
    expected = cv2.GaussianBlur(picture, (side, side), sigma, borderType=code)
    np.testing.assert_allclose(found, expected, atol=2e-6)
    coarse = (picture * 256).astype(np.uint8)
    found = node.call(MODULE, "gaussianBlur", coarse, sigma, border)
    np.testing.assert_array_equal(found, cv2.GaussianBlur(coarse, (0, 0), sigma, borderType=code))


def test_wide_gaussian_keeps_constants_and_weak_tails(node):
    flat = np.full((40, 900), 5, np.float32)
    np.testing.assert_allclose(node.call(MODULE, "gaussianBlur", flat, 60), flat, atol=1e-5)
    # One bright pixel: the tail is compared with itself, not with the peak.
    dot = np.zeros((1, 801), np.float32)
    dot[0, 400] = 1e6
    found = node.call(MODULE, "gaussianBlur", dot, 40)
    expected = cv2.GaussianBlur(dot, (0, 0), 40)
    tail = expected[0] > 0
    assert np.abs(found[0, tail] / expected[0, tail] - 1).max() < 1e-3
    assert np.abs(found[0, ~tail]).max() < 1e-4


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("radius", [1, 4, 9])
def test_box_mean_is_that_of_opencv(node, shape, radius):
    side = 2 * radius + 1
    for kind, tolerance in ((np.float32, 1e-6), (np.float64, 1e-13)):
        values = drawn(shape).astype(kind)
        found = node.call(MODULE, "boxMean", values, radius)
        expected = cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT)
        assert found.dtype == kind
        np.testing.assert_allclose(found, expected, atol=tolerance)


def kernels():
    random = np.random.default_rng(3)
    y, x = np.mgrid[-6:7, -6:7]
    disc = np.clip(5.7 + 0.5 - np.hypot(x, y), 0, 1)
    ring = (np.hypot(x, y) > 3).astype(float)
    return [random.random((3, 3)), random.random((5, 9)), disc, ring, np.ones((1, 5))]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kernel", kernels(), ids=["small", "wide", "disc", "ring", "line"])
def test_filter2d_is_that_of_opencv(node, shape, kernel):
    picture = drawn(shape).astype(np.float32)
    kernel = (kernel / kernel.sum()).astype(np.float32)
    borders = {"constant": cv2.BORDER_CONSTANT, "reflect": cv2.BORDER_REFLECT}
    for border, code in borders.items():
        found = node.call(MODULE, "filter2d", picture, kernel, border)
        expected = cv2.filter2D(picture, -1, kernel, borderType=code)
        np.testing.assert_allclose(found, expected, atol=2e-6)


def test_values_by_hand(node):
    row = np.float32([[0, 0, 9, 0, 0]])
    found = node.call(MODULE, "boxMean", row, 1)
    np.testing.assert_allclose(found, [[0, 3, 3, 3, 0]], atol=1e-6)
    # A correlation: the kernel's right end takes the right neighbour.
    found = node.call(MODULE, "filter2d", row, np.float32([[0, 0, 1]]), "constant")
    np.testing.assert_allclose(found, [[0, 9, 0, 0, 0]])
    weights = np.exp(-0.5 * np.arange(-4, 5) ** 2)
    found = node.call(MODULE, "gaussianBlur", np.eye(1, 17, 8, dtype=np.float32), 1.0)
    np.testing.assert_allclose(found[0, 4:13], weights / weights.sum(), atol=1e-7)
