import cv2
import numpy as np
import pytest

SHAPES = [(1, 1), (1, 9), (6, 1), (13, 21), (64, 50)]
MODULE = "src/image/morphology"


def disc(side):
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))


def pictures(shape):
    rng = np.random.default_rng(7)
    spots = rng.random(shape) < 0.1
    yield spots.astype(np.uint8)
    yield np.where(spots, 255, 3).astype(np.uint8)
    yield rng.integers(0, 256, shape).astype(np.uint8)
    yield rng.normal(size=shape).astype(np.float32)
    yield np.zeros(shape, np.uint8)


def test_elements_are_those_of_opencv(node):
    for side in [*range(1, 40), 101, 102]:
        np.testing.assert_array_equal(node.call(MODULE, "ellipse", side), disc(side))
    np.testing.assert_array_equal(node.call(MODULE, "rectangle", 3), np.ones((3, 3)))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("side", [1, 2, 3, 8, 11, 31])
def test_dilate_and_erode_are_those_of_opencv(node, shape, side):
    uneven = (np.random.default_rng(side).random((side, side + 1)) < 0.3).astype(np.uint8)
    uneven[side // 2, (side + 1) // 2] = 1
    for element in (disc(side), np.ones((side, side), np.uint8), uneven):
        for picture in pictures(shape):
            grown = node.call(MODULE, "dilate", picture, element)
            np.testing.assert_array_equal(grown, cv2.dilate(picture, element))
            shrunk = node.call(MODULE, "erode", picture, element)
            np.testing.assert_array_equal(shrunk, cv2.erode(picture, element))


def test_a_large_disc_grows_a_large_mask(node):
    mask = np.zeros((300, 640), np.uint8)
    cv2.circle(mask, (200, 140), 60, 255, cv2.FILLED)
    soft = cv2.GaussianBlur(mask, (0, 0), 3)
    for picture in (mask, soft):
        grown = node.call(MODULE, "dilate", picture, disc(101))
        np.testing.assert_array_equal(grown, cv2.dilate(picture, disc(101)))


@pytest.mark.parametrize("shape", [*SHAPES, (300, 400)])
@pytest.mark.parametrize("zeros", [0.001, 0.01, 0.3, 1])
def test_distances_are_those_of_opencv(node, shape, zeros):
    mask = (np.random.default_rng(3).random(shape) >= zeros).astype(np.uint8)
    mask[-1, 0] = 0
    found = node.call(MODULE, "distanceTransform", mask)
    # Measured: 1.2e-7, where two ways of the same length are summed in another order.
    expected = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_without_a_zero_all_is_far_as_in_opencv(node):
    mask = np.ones((4, 5), np.uint8)
    found = node.call(MODULE, "distanceTransform", mask)
    np.testing.assert_array_equal(found, cv2.distanceTransform(mask, cv2.DIST_L2, 5))


def test_distances_by_hand(node):
    mask = np.ones((3, 4), np.uint8)
    mask[0, 0] = 0
    expected = [[0, 1, 2, 3], [1, 1.4, 2.1969, 3.1969], [2, 2.1969, 2.8, 3.5969]]
    found = node.call(MODULE, "distanceTransform", mask)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
