import cv2
import numpy as np
import pytest

MODULE = "src/image/warp"
BORDERS = {"constant": cv2.BORDER_CONSTANT, "replicate": cv2.BORDER_REPLICATE}
TURNED = [0.813, 0.2, 3.3, -0.17, 0.9, 1.1]
ENLARGED = [0.31, 0, -0.345, 0, 0.27, 0.4]
FAR_OUT = [1.7, -0.1, -5.2, 0.1, 1.7, -8]
SAME = [1.0, 0, 0, 0, 1, 0]


def warped(picture, matrix, size, border):
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    place = np.reshape(matrix, (2, 3)).astype(float)
    return cv2.warpAffine(picture, place, size, flags=flags, borderMode=BORDERS[border])


@pytest.mark.parametrize("matrix", [TURNED, ENLARGED, FAR_OUT, SAME])
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("shape", [(61, 97), (48, 64, 3), (5, 7, 4), (1, 1), (1, 9, 3), (2, 2)])
def test_affine_is_that_of_opencv(node, matrix, border, shape):
    values = np.random.default_rng(1).random(shape)
    size = (shape[1] + 3, shape[0] + 5)
    for picture, tolerance in (
        (values.astype(np.float32), 3e-5),
        ((values * 256).astype(np.uint8), 1),
    ):
        found = node.call(MODULE, "warpAffine", picture, matrix, *size, border)
        expected = warped(picture, matrix, size, border)
        assert found.dtype == expected.dtype
        off = np.abs(found.astype(float) - expected.astype(float))
        assert off.max() <= tolerance
        if tolerance == 1 and off.size > 99:  # halves may go either way
            assert (off > 0).mean() < 0.05


def test_other_places_than_32nds_of_pixels_count(node):
    ramp = np.arange(8, dtype=np.float32)[None].repeat(4, 0)
    found = node.call(MODULE, "warpAffine", ramp, [1, 0, 0.01, 0, 1, 0], 7, 4, "constant")
    np.testing.assert_allclose(found, ramp[:, :7] + 0.01, atol=1e-6)


def test_edges_blend_with_the_border(node):
    one = np.ones((1, 1), np.float32)
    moved = [1, 0, -0.75, 0, 1, 0]
    found = node.call(MODULE, "warpAffine", one, moved, 3, 1, "constant")
    np.testing.assert_allclose(found, [[0.25, 0.75, 0]], atol=1e-7)
    assert (node.call(MODULE, "warpAffine", one, moved, 3, 1, "replicate") == 1).all()


@pytest.mark.parametrize("shape", [(31, 45), (1, 6), (1, 1)])
def test_samples_are_those_of_remap(node, shape):
    random = np.random.default_rng(2)
    values = random.random(shape).astype(np.float32)
    x = (random.random(300) * (shape[1] + 4) - 2.5).astype(np.float32)
    y = (random.random(300) * (shape[0] + 4) - 2.5).astype(np.float32)
    found = node.call(MODULE, "sampleLinear", values, x, y)
    expected = cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    np.testing.assert_allclose(found, expected.reshape(-1), atol=1e-6)
