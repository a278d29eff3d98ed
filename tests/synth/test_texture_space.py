"""Values over a texture, on triangles drawn by hand."""

import numpy as np
import pytest

from deepflash.synth.texture_space import rasterise

SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
TWO = np.array([[0, 1, 2], [0, 2, 3]])


@pytest.mark.parametrize("height", [6, 40])
def test_a_linear_value_is_linear_in_the_texture(height):
    # Small triangles are filled together, large ones one by one.
    values = SQUARE @ np.array([[2.0, 0.0], [0.0, -3.0]]) + 1
    out, covered = rasterise(SQUARE, values, TWO, height=height, width=height)
    centre = (np.arange(height) + 0.5) / height
    assert covered.all()
    assert out[..., 0] == pytest.approx(np.broadcast_to(1 + 2 * centre, (height, height)), abs=1e-5)
    assert out[..., 1].T == pytest.approx(
        np.broadcast_to(1 - 3 * centre, (height, height)), abs=1e-5
    )


def test_half_of_a_square_is_covered_by_one_triangle_and_the_rest_takes_the_nearest():
    values = np.array([[5.0], [5.0], [5.0], [9.0]])
    out, covered = rasterise(SQUARE, values, TWO[:1], height=16, width=16)
    rows, columns = np.mgrid[0:16, 0:16]
    assert np.array_equal(covered, columns >= rows)
    assert out == pytest.approx(5)


def test_a_wide_texture_has_two_squares_side_by_side():
    uv = np.concatenate([SQUARE, SQUARE + np.array([1.0, 0.0])])
    values = np.repeat([[1.0], [2.0]], 4, axis=0)
    out, covered = rasterise(uv, values, np.concatenate([TWO, TWO + 4]), height=8, width=16)
    assert covered.all()
    assert out[:, :8] == pytest.approx(1)
    assert out[:, 8:] == pytest.approx(2)


def test_triangles_without_area_or_outside_do_no_harm():
    uv = np.concatenate([SQUARE, SQUARE + 3.0])
    values = np.ones((8, 1))
    faces = np.concatenate([TWO, TWO + 4, [[0, 0, 1]]])
    out, covered = rasterise(uv, values, faces, height=8, width=8)
    assert covered.all()
    assert out == pytest.approx(1)
