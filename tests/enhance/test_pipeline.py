"""Predicted small, applied full size: what reaches the photograph and what must not."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import deepflash
from deepflash.enhance.pipeline import enhance_picture, reduced
from deepflash.errors import ModelFileError, UsageError
from deepflash.targets import Difference, LogRatio
from deepflash.upsample import texture_radius, upsample_along_edges, without_texture


class ClosedForm:
    """A model whose correction is a formula of the picture it is given."""

    def __init__(self, formula, *, size=64, target=None):
        self.formula, self.size = formula, size
        self.target = target or Difference()
        self.seen = []

    def correction(self, picture):
        self.seen.append(tuple(picture.shape))
        with torch.inference_mode():
            return self.formula(picture)


def constant(red, green, blue):
    level = torch.tensor([red, green, blue]).view(1, 3, 1, 1)
    return lambda picture: level.expand_as(picture).clone()


def _photo(height, width, dtype=np.uint8, seed=0):
    generator = np.random.default_rng(seed)
    base = generator.random((5, 4, 3), dtype=np.float32) * 0.6 + 0.2
    smooth = cv2.resize(base, (width, height), interpolation=cv2.INTER_LINEAR)
    smooth = smooth + 0.02 * generator.standard_normal(smooth.shape).astype(np.float32)
    if dtype == np.float32:
        return smooth
    return (smooth * np.iinfo(dtype).max).astype(dtype)


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(3))),
    st.sampled_from(["predicted", "input"]),
)
def test_strength_zero_gives_the_photograph_bit_for_bit(photo, offset):
    model = ClosedForm(lambda picture: picture * 0.5, target=LogRatio())
    result = enhance_picture(model, photo, strength=0.0, offset=offset)
    np.testing.assert_array_equal(result, photo)
    assert result is not photo


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_correction_of_zero_changes_no_bit(dtype):
    photo = _photo(300, 70, dtype)
    model = ClosedForm(torch.zeros_like)
    np.testing.assert_array_equal(enhance_picture(model, photo), photo)


@pytest.mark.parametrize(("dtype", "top"), [(np.uint8, 255), (np.uint16, 65535)])
def test_a_constant_correction_by_hand(dtype, top):
    # 0.2, 0 and -0.1 are 51, 0 and -25.5 of 255; rounding is to the nearest.
    photo = np.full((300, 130, 3), top * 2 // 5, dtype)
    result = enhance_picture(ClosedForm(constant(0.2, 0.0, -0.1)), photo)
    expected = np.array([top // 5, top * 2 // 5, np.floor(top * 0.5 + 0.5)]).astype(dtype)
    np.testing.assert_array_equal(result, np.broadcast_to(expected, photo.shape))


def test_strength_scales_the_correction_and_results_are_clipped():
    photo = np.full((40, 30, 3), 0.5, np.float32)
    model = ClosedForm(constant(0.2, -0.4, 0.0))
    half = enhance_picture(model, photo, strength=0.5)
    np.testing.assert_allclose(half[7, 7], [0.4, 0.7, 0.5], atol=1e-6)
    strong = enhance_picture(model, photo, strength=1.5)
    np.testing.assert_allclose(strong[7, 7], [0.2, 1.0, 0.5], atol=1e-6)


def test_offset_input_keeps_the_mean_of_each_channel():
    photo = _photo(90, 120, np.float32)
    model = ClosedForm(lambda picture: 0.3 * picture + 0.1, size=120)
    predicted = enhance_picture(model, photo)
    kept = enhance_picture(model, photo, offset="input")
    before = photo.mean((0, 1))
    assert (predicted.mean((0, 1)) < before - 0.1).all()
    np.testing.assert_allclose(kept.mean((0, 1)), before, atol=2e-3)


def test_the_target_of_the_model_is_the_one_that_is_applied():
    photo = np.full((50, 60, 3), 0.6, np.float32)
    model = ClosedForm(constant(np.log(2.0), 0.0, -np.log(1.5)), target=LogRatio())
    np.testing.assert_allclose(enhance_picture(model, photo)[3, 3], [0.3, 0.6, 0.9], atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "size", "seen"),
    [
        ((300, 200), None, (64, 43)),
        ((200, 300), 32, (21, 32)),
        ((20, 10), None, (20, 10)),
        ((1, 1), None, (1, 1)),
        ((1, 900), 30, (1, 30)),
    ],
)
def test_the_network_sees_the_long_side_at_its_size_and_never_enlarged(shape, size, seen):
    model = ClosedForm(constant(0.1, 0.1, 0.1))
    photo = _photo(*shape)
    result = enhance_picture(model, photo, size=size)
    assert model.seen == [(1, 3, *seen)]
    assert result.shape == photo.shape


def test_reduction_averages_areas():
    photo = np.zeros((4, 6, 3), np.uint8)
    photo[:2, :2] = [[[0], [255]], [[255], [255]]]
    small = reduced(photo, 3)
    assert small.shape == (2, 3, 3)
    np.testing.assert_allclose(small[0, 0], 0.75, atol=1e-6)
    np.testing.assert_allclose(small[1:], 0, atol=1e-6)


def test_strips_give_what_the_whole_picture_would():
    photo = _photo(600, 90, np.float32)
    model = ClosedForm(lambda picture: 0.8 * picture**2, size=75)
    small = reduced(photo, 75)
    guide = without_texture(photo, radius=texture_radius(8.0))
    correction = upsample_along_edges(
        np.float32(0.8) * small**2, small, guide, radius=1, epsilon=1e-4
    )
    np.testing.assert_allclose(
        enhance_picture(model, photo), np.clip(photo - correction, 0, 1), atol=1e-4
    )


def test_texture_comes_from_the_unfiltered_photograph():
    photo = _photo(400, 300, np.float32)
    model = ClosedForm(lambda picture: 0.4 * picture - 0.1, size=50)
    result = enhance_picture(model, photo)

    def fine(picture):
        return (picture - cv2.GaussianBlur(picture, (0, 0), 2))[8:-8, 8:-8]

    gain = (fine(result) * fine(photo)).sum() / (fine(photo) ** 2).sum()
    assert gain == pytest.approx(1, abs=0.03)
    # The low frequencies are those of the formula.
    low = cv2.blur(result, (33, 33))[20:-20, 20:-20]
    expected = cv2.blur(photo * 0.6 + 0.1, (33, 33))[20:-20, 20:-20]
    np.testing.assert_allclose(low, expected, atol=0.01)


def test_the_photograph_is_left_unchanged_and_the_answer_repeats():
    photo = _photo(300, 200)
    kept = photo.copy()
    model = ClosedForm(lambda picture: 0.3 * picture)
    first, second = enhance_picture(model, photo), enhance_picture(model, photo)
    np.testing.assert_array_equal(photo, kept)
    np.testing.assert_array_equal(first, second)


def test_a_model_that_diverged_is_refused():
    with pytest.raises(ModelFileError, match="not finite"):
        enhance_picture(ClosedForm(lambda picture: picture * float("nan")), _photo(20, 20))


def test_a_size_of_zero_is_refused():
    with pytest.raises(UsageError, match="at least 1"):
        enhance_picture(ClosedForm(torch.zeros_like), _photo(20, 20), size=0)


@pytest.mark.parametrize("shape", [(1, 1), (2, 70), (61, 45), (130, 97)])
def test_with_a_real_network(shape):
    from deepflash.filters import Bilateral
    from deepflash.model_file import Model
    from deepflash.nets.compact import CompactUNet

    torch.manual_seed(0)
    model = Model(CompactUNet(), filter=Bilateral(), target=Difference(), size=64, header={})
    photo = _photo(*shape)
    result = enhance_picture(model, photo, offset="input")
    assert result.shape == photo.shape
    assert result.dtype == np.uint8


_TWELVE_MEGAPIXELS = """
import resource, sys
import numpy as np, torch
import deepflash
from deepflash.enhance.pipeline import enhance_picture
from deepflash.targets import Difference

class Darkening:
    size = 512
    target = Difference()
    def correction(self, picture):
        return picture * 0.2

small = np.full((60, 40, 3), 90, np.uint8)
enhance_picture(Darkening(), small)
photo = np.full((4000, 3000, 3), 90, np.uint8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
enhance_picture(Darkening(), photo)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_twelve_megapixels_need_less_than_a_third_of_a_gigabyte():
    done = subprocess.run(
        [sys.executable, "-c", _TWELVE_MEGAPIXELS],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(deepflash.__file__).parents[1],
    )
    assert int(done.stdout) * 1024 < 0.33e9
