import cv2
import numpy as np
import pytest

MODULE = "src/image/draw"
SHAPE = (40, 44)


def drawn(node, name, *arguments, kind=np.uint8):
    return node.call("tests/draw", "drawn", name, np.zeros(SHAPE, kind), *arguments)


def flat(points):
    return np.asarray(points, np.float32).ravel()


def as_set(points):
    return {tuple(point) for point in np.reshape(points, (-1, 2)).tolist()}


def polygons(count, seed, *, whole):
    """Random ones, some beyond the picture's borders, and smooth ones."""
    rng = np.random.default_rng(seed)
    for i in range(count):
        least, most = (-20, 70) if i % 3 == 0 else (0, 40)
        points = rng.uniform(least, most, (rng.integers(1, 12), 2))
        if i % 2:
            angles = np.sort(rng.uniform(0, 2 * np.pi, 16))
            radius = rng.uniform(1, 25)
            points = 20 + radius * np.stack([np.cos(angles), 0.6 * np.sin(angles)], axis=1)
        yield np.rint(points) if whole else points.astype(np.float32)


def test_hulls_areas_and_circles_are_those_of_opencv(node):
    for whole in (True, False):
        for points in polygons(60, 1, whole=whole):
            points = points.astype(np.float32)
            given = points.astype(np.int32) if whole else points
            hull = node.call(MODULE, "convexHull", flat(points))
            assert as_set(hull) == as_set(cv2.convexHull(given))
            area = node.call(MODULE, "contourArea", flat(points))
            assert area == pytest.approx(cv2.contourArea(points), abs=1e-6)
            circle = node.call(MODULE, "minEnclosingCircle", flat(points))
            (x, y), radius = cv2.minEnclosingCircle(given)
            found = [circle["x"], circle["y"], circle["radius"]]
            # OpenCV adds 1e-4 to the radius.
            np.testing.assert_allclose(found, [x, y, radius - 1e-4], atol=1e-4)


def test_geometry_by_hand(node):
    square = flat([[0, 0], [4, 0], [2, 0], [4, 3], [1, 1], [0, 3], [0, 3]])
    hull = node.call(MODULE, "convexHull", square)
    assert as_set(hull) == {(0, 0), (4, 0), (4, 3), (0, 3)}
    assert len(hull) == 8
    assert node.call(MODULE, "contourArea", hull) == 12
    circle = node.call(MODULE, "minEnclosingCircle", square)
    assert circle == pytest.approx({"x": 2, "y": 1.5, "radius": 2.5})
    one = flat([[3, 5], [3, 5]])
    assert node.call(MODULE, "convexHull", one).tolist() == [3, 5]
    assert node.call(MODULE, "minEnclosingCircle", one) == {"x": 3, "y": 5, "radius": 0}


def test_convex_fills_are_those_of_opencv(node):
    for points in polygons(200, 2, whole=True):
        hull = cv2.convexHull(points.astype(np.int32)).reshape(-1, 2)
        for outline in (hull, points):  # outlines of faces are not always convex
            for kind in (np.uint8, np.float32):
                expected = np.zeros(SHAPE, kind)
                cv2.fillConvexPoly(expected, outline.astype(np.int32), (1,))
                found = drawn(node, "fillConvexPoly", flat(outline), 1, kind=kind)
                np.testing.assert_array_equal(found, expected)


def test_fills_between_whole_numbers_are_those_of_opencv(node):
    for points in polygons(200, 3, whole=True):
        expected = np.zeros(SHAPE, np.uint8)
        cv2.fillPoly(expected, [points.astype(np.int32)], 1)
        np.testing.assert_array_equal(drawn(node, "fillPoly", [flat(points)], 1), expected)


@pytest.mark.parametrize("bits", [4, 8])
def test_fills_with_fractions_are_those_of_opencv(node, bits):
    for points in polygons(200, 4, whole=False):
        ring = np.round(points * 2**bits).astype(np.int32)
        expected = np.zeros(SHAPE, np.uint8)
        cv2.fillPoly(expected, [ring.reshape(-1, 1, 2)], 1, cv2.LINE_8, bits)
        found = drawn(node, "fillPoly", [flat(points)], 1, {"fractionBits": bits})
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("bits", [0, 4, 8])
def test_smooth_fills_are_those_of_opencv(node, bits):
    for points in polygons(200, 5, whole=False):
        ring = np.round(points * 2**bits).astype(np.int32)
        expected = np.zeros(SHAPE, np.uint8)
        cv2.fillPoly(expected, [ring], 255, shift=bits, lineType=cv2.LINE_AA)
        options = {"fractionBits": bits, "antialias": True}
        found = drawn(node, "fillPoly", [flat(points)], 255, options)
        np.testing.assert_array_equal(found, expected)


def test_several_rings_are_filled_at_once(node):
    rings = [p.astype(np.int32) for p in polygons(6, 6, whole=True)]
    expected = np.zeros(SHAPE, np.uint8)
    cv2.fillPoly(expected, rings, 9)
    found = drawn(node, "fillPoly", [flat(ring) for ring in rings], 9)
    np.testing.assert_array_equal(found, expected)


def test_a_triangle_by_hand(node):
    triangle = flat([[1, 1], [4, 1], [1, 4]])
    for name, points in (("fillConvexPoly", triangle), ("fillPoly", [triangle])):
        found = drawn(node, name, points, 1)
        np.testing.assert_array_equal(np.argwhere(found)[[0, 3, -1]], [[1, 1], [1, 4], [4, 1]])
        assert found.sum() == 4 + 3 + 2 + 1


def test_circles_are_those_of_opencv(node):
    for radius in (0, 1, 2, 3, 7, 19, 20, 38, 60):
        for x, y in ((20, 19), (-3, 5), (43, 39), (100, 20)):
            expected = np.zeros(SHAPE, np.uint8)
            cv2.circle(expected, (x, y), radius, (1,), cv2.FILLED)
            np.testing.assert_array_equal(drawn(node, "fillCircle", x, y, radius, 1), expected)
