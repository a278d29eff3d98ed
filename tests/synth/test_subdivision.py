"""Catmull-Clark by hand on a cube, and on borders and triangles."""

import numpy as np
import pytest

from deepflash.synth.subdivision import subdivide, triangles

CUBE = np.array(
    [[0, 1, 2, 3], [7, 6, 5, 4], [0, 4, 5, 1], [1, 5, 6, 2], [2, 6, 7, 3], [3, 7, 4, 0]]
)
CORNERS = np.array(
    [[x, y, z] for z in (-1, 1) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))], float
)


def test_cube_by_hand():
    refined = subdivide(CUBE, CUBE, np.zeros((8, 2)))
    points = refined.matrix @ CORNERS
    # Old corners go to 5/9, edge points to 3/4 of the middle, face points to the middle.
    assert np.abs(points[:8]) == pytest.approx(np.full((8, 3), 5 / 9))
    assert np.sort(np.abs(points[8:20]), axis=1) == pytest.approx(np.tile([0, 0.75, 0.75], (12, 1)))
    assert np.sort(np.abs(points[20:]), axis=1) == pytest.approx(np.tile([0, 0, 1], (6, 1)))
    assert refined.quads.shape == (24, 4)


def test_refined_faces_keep_their_orientation():
    refined = subdivide(CUBE, CUBE, np.zeros((8, 2)))
    points = refined.matrix @ CORNERS
    before, after = _outwardness(CORNERS, CUBE), _outwardness(points, refined.quads)
    assert (np.sign(before) == np.sign(before[0])).all()
    assert (np.sign(after) == np.sign(before[0])).all()


def _outwardness(points, quads):
    a, b, c = (points[triangles(quads)[:, k]] for k in range(3))
    return (np.cross(b - a, c - a) * (a + b + c)).sum(1)


def test_border_is_a_curve_of_its_own():
    quad = np.array([[0, 1, 2, 3]])
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)
    refined = subdivide(quad, quad, square[:, :2])
    points = refined.matrix @ square
    # 3/4 of the corner and 1/8 of each neighbour along the border.
    assert points[0] == pytest.approx([0.125, 0.125, 0])
    assert [0.5, 0, 0] in points[4:8].tolist()
    # Texture coordinates are split linearly: corners stay.
    assert refined.uv[:4] == pytest.approx(square[:, :2])


def test_triangle_becomes_three_quads():
    triangle = np.array([[0, 1, 2, -1]])
    refined = subdivide(triangle, triangle, np.array([[0, 0], [1, 0], [0, 1]], float))
    assert refined.quads.shape == (3, 4)
    assert sorted(refined.quads[:, 0].tolist()) == [0, 1, 2]
    points = refined.matrix @ np.array([[0, 0, 0], [3, 0, 0], [0, 3, 0]], float)
    assert points[6] == pytest.approx([1, 1, 0])


def test_constant_stays_constant():
    refined = subdivide(CUBE, CUBE, np.zeros((8, 2)))
    assert refined.matrix @ np.ones(8) == pytest.approx(np.ones(26))
