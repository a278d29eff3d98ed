import numpy as np
import pytest

from deepflash.pictures import linear_to_srgb, srgb_to_linear, to_unit

MODULE = "src/image/numbers"


@pytest.mark.parametrize("count", [1, 2, 3, 10, 1001])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int32, np.uint8])
def test_statistics_are_those_of_numpy(node, count, kind):
    values = (np.random.default_rng(count).normal(size=count) * 50 + 100).astype(kind)
    exact = values.astype(np.float64)
    assert node.call(MODULE, "median", values) == np.median(exact)
    assert node.call(MODULE, "mean", values) == pytest.approx(exact.mean(), rel=1e-12)
    assert node.call(MODULE, "std", values) == pytest.approx(exact.std(), rel=1e-12, abs=1e-12)
    for q in (0, 0.05, 0.5, 0.9, 1):
        found = node.call(MODULE, "quantile", values, q)
        assert found == pytest.approx(np.quantile(exact, q), rel=1e-14)


def test_statistics_by_hand_and_of_nothing(node):
    values = [4, 1, 10, 3]
    assert node.call(MODULE, "median", values) == 3.5
    assert node.call(MODULE, "quantile", values, 0.9) == pytest.approx(8.2)
    assert node.call(MODULE, "std", [1, 3]) == 1
    assert values == [4, 1, 10, 3]
    # JSON has no NaN: it comes back as None.
    assert node.call(MODULE, "median", []) is None
    assert node.call(MODULE, "quantile", [], 0.5) is None


def test_the_given_values_stay_as_they_are(node):
    values = np.array([3, 1, 2], np.float32)
    assert node.call("tests/numbers", "afterMedian", values).tolist() == [3, 1, 2]


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (40, 4), (300, 6), (3, 5)])
def test_least_squares_are_those_of_numpy(node, shape):
    rng = np.random.default_rng(1)
    for case in range(4):
        rows, values = rng.normal(size=shape), rng.normal(size=shape[0])
        if case == 1:
            rows[:, -1] = 2 * rows[:, 0]
        if case == 2:
            rows[:, 0] = 0
        if case == 3:
            rows = rows * 1e-3 + 1  # columns that are almost alike
        found = node.call(MODULE, "leastSquares", rows.tolist(), values)
        expected = np.linalg.lstsq(rows, values, rcond=None)[0]
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


def test_normals_are_those_of_numpy(node):
    rng = np.random.default_rng(2)
    for spread in (0, 1e-3, 0.2, 0.9):
        for _ in range(10):
            turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
            points = rng.normal(size=(9, 3)) * [1, 2, spread] @ turn + [300, 200, 5]
            _, _, axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
            found = np.array(node.call(MODULE, "planeNormal", points.ravel()))
            assert np.linalg.norm(found) == pytest.approx(1)
            assert abs(found @ axes[-1]) == pytest.approx(1, abs=1e-9)


def test_srgb_is_that_of_the_command_line(node):
    values = np.concatenate(
        [np.linspace(-0.1, 1.2, 5000), [0, 0.0031308, 0.04045, 0.5, 1]], dtype=np.float32
    )
    # Measured: at most 3.6e-7; numpy's float32 powers are rounded more.
    found = node.call(MODULE, "srgbToLinearArray", values)
    np.testing.assert_allclose(found, srgb_to_linear(values), rtol=5e-7)
    few = values[::100]
    found = [node.call(MODULE, "linearToSrgb", float(value)) for value in few]
    np.testing.assert_allclose(found, linear_to_srgb(few), rtol=5e-7, atol=1e-7)
    assert node.call(MODULE, "srgbToLinear", 1) == 1
    assert node.call(MODULE, "linearToSrgb", 1) == 1
    assert node.call(MODULE, "srgbToLinear", 0.5) == pytest.approx(0.2140411, abs=1e-6)
    levels = np.arange(256, dtype=np.uint8)
    found = node.call(MODULE, "bytesToLinear", levels)
    np.testing.assert_allclose(found, srgb_to_linear(to_unit(levels)), rtol=5e-7)
