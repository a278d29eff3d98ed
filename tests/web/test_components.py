import cv2
import numpy as np
import pytest

KEYS = ("left", "top", "width", "height", "area")


def parts(node, mask, connectivity):
    found = node.call("src/image/components", "connectedComponents", mask, connectivity)
    return found["labels"].reshape(mask.shape), [[f[key] for key in KEYS] for f in found["figures"]]


@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (6, 1), (13, 21), (64, 65), (301, 400)])
def test_parts_are_those_of_opencv(node, shape, connectivity):
    rng = np.random.default_rng(5)
    for share in (0, 0.1, 0.4, 0.6, 0.9, 1):
        mask = (rng.random(shape) < share).astype(np.uint8) * 255
        labels, figures = parts(node, mask, connectivity)
        _, expected, measured, _ = cv2.connectedComponentsWithStats(mask, connectivity=connectivity)
        np.testing.assert_array_equal(labels, expected)
        np.testing.assert_array_equal(np.array(figures)[1:], measured[1:])
        if not mask.all():  # OpenCV's figures of an empty background are no numbers
            np.testing.assert_array_equal(figures[0], measured[0])
        assert figures[0][-1] == (mask == 0).sum()


def test_parts_by_hand(node):
    mask = np.array([[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 0, 1]], np.uint8)
    labels, figures = parts(node, mask, 4)
    np.testing.assert_array_equal(labels, [[1, 0, 0, 2], [0, 3, 0, 2], [0, 0, 0, 2]])
    assert figures == [[0, 0, 3, 3, 7], [0, 0, 1, 1, 1], [3, 0, 1, 3, 3], [1, 1, 1, 1, 1]]
    labels, figures = parts(node, mask, 8)
    np.testing.assert_array_equal(labels, [[1, 0, 0, 2], [0, 1, 0, 2], [0, 0, 0, 2]])
    assert figures == [[0, 0, 3, 3, 7], [0, 0, 2, 2, 2], [3, 0, 1, 3, 3]]


def test_a_spiral_is_one_part(node):
    mask = np.zeros((63, 61), np.uint8)
    for i in range(0, 30, 4):
        mask[i : 63 - i, i : 61 - i] = 1
        mask[i + 2 : 61 - i, i + 2 : 59 - i] = 0
        mask[i + 2 : i + 5, i + 2] = 1
    labels, _ = parts(node, mask, 4)
    np.testing.assert_array_equal(labels, cv2.connectedComponents(mask, connectivity=4)[1])
