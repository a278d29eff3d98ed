import cv2
import numpy as np
import pytest

from tests.web.node import JsError

MODULE = "src/image/resize"
# Width and height before and after: blocks of whole pixels, parts of pixels, one axis, tiny ones.
SHRUNK = [
    ((96, 64), (48, 32)),
    ((96, 63), (32, 21)),
    ((133, 97), (80, 61)),
    ((133, 97), (40, 97)),
    ((64, 48), (42, 21)),
    ((9, 1), (4, 1)),
    ((2, 2), (1, 1)),
    ((7, 5), (7, 5)),
]
GROWN = [
    ((31, 23), (62, 46)),
    ((48, 64), (55, 67)),
    ((7, 5), (8, 2)),
    ((2, 3), (9, 3)),
    ((1, 1), (3, 2)),
]


def drawn(size, channels, kind):
    shape = (size[1], size[0], channels) if channels > 1 else (size[1], size[0])
    values = np.random.default_rng(sum(size) + channels).random(shape)
    return (values * 256).astype(np.uint8) if kind == "uint8" else values.astype(kind)


def apart(found, expected):
    assert found.dtype == expected.dtype
    return np.abs(found.astype(float) - expected.reshape(found.shape).astype(float)).max()


@pytest.mark.parametrize(("size", "new"), SHRUNK + GROWN)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_area_is_that_of_opencv(node, size, new, channels):
    for kind, tolerance in (("uint8", 0), ("float32", 1e-6)):
        picture = drawn(size, channels, kind)
        expected = cv2.resize(picture, new, interpolation=cv2.INTER_AREA)
        assert apart(node.call(MODULE, "resizeArea", picture, *new), expected) <= tolerance


@pytest.mark.parametrize(("size", "new"), SHRUNK + GROWN)
@pytest.mark.parametrize("channels", [1, 3])
def test_linear_and_cubic_are_those_of_opencv(node, size, new, channels):
    picture = drawn(size, channels, "uint8")
    expected = cv2.resize(picture, new, interpolation=cv2.INTER_LINEAR)
    assert apart(node.call(MODULE, "resizeLinear", picture, *new), expected) == 0
    picture = drawn(size, channels, "float32")
    for name, method in (("resizeLinear", cv2.INTER_LINEAR), ("resizeCubic", cv2.INTER_CUBIC)):
        expected = cv2.resize(picture, new, interpolation=method)
        assert apart(node.call(MODULE, name, picture, *new), expected) < 3e-5


def test_values_by_hand(node):
    # Two by two: halves go up. Three in a row: their mean. One and a half: a third of the middle.
    assert node.call(MODULE, "resizeArea", np.uint8([[0, 1], [0, 1]]), 1, 1) == 1
    assert node.call(MODULE, "resizeArea", np.float32([[3, 6, 0]]), 1, 1) == 3
    found = node.call(MODULE, "resizeArea", np.float32([[3, 6, 0]]), 2, 1)
    np.testing.assert_allclose(found, [[4, 2]], atol=1e-6)
    found = node.call(MODULE, "resizeLinear", np.float32([[0, 4]]), 4, 1)
    np.testing.assert_allclose(found, [[0, 1, 3, 4]], atol=1e-6)
    found = node.call(MODULE, "resizeCubic", np.float32([[0, 4]]), 4, 1)
    assert found[0, 0] < 0 < 4 < found[0, 3]


@pytest.mark.parametrize("strip", [1, 7, 100])
def test_strips_of_rgba_give_the_reduced_rgb(node, strip):
    rgba = drawn((131, 83), 4, "uint8")
    for new in ((50, 31), (131, 83)):
        found = node.call("tests/area", "reduceStrips", rgba, *new, strip)
        expected = cv2.resize(rgba[..., :3], new, interpolation=cv2.INTER_AREA)
        np.testing.assert_array_equal(found, expected)


def test_reducer_refuses_to_enlarge(node):
    with pytest.raises(JsError, match="not larger"):
        node.call("tests/area", "reduceStrips", drawn((4, 4), 4, "uint8"), 5, 4, 1)
