"""A small correction applied full size: what reaches the photograph and what must not."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import deepflash
from deepflash.enhance import pipeline
from deepflash.enhance.pipeline import Small, corrected, reduced, shrunk
from deepflash.upsample import texture_radius, upsample_along_edges, without_texture


def small_of(photo, formula, *, size=64, target="difference"):
    picture = reduced(photo, size)
    return Small(picture, np.broadcast_to(formula(picture), picture.shape).copy(), target)


def constant(red, green, blue):
    return lambda picture: np.float32([red, green, blue]) + 0 * picture


def nothing(picture):
    return np.zeros_like(picture)


def a_photo(height, width, dtype=np.uint8, seed=0):
    generator = np.random.default_rng(seed)
    base = generator.random((5, 4, 3), dtype=np.float32) * 0.6 + 0.2
    smooth = cv2.resize(base, (width, height), interpolation=cv2.INTER_LINEAR)
    smooth = smooth + 0.02 * generator.standard_normal(smooth.shape).astype(np.float32)
    if dtype == np.float32:
        return smooth
    return (smooth * np.iinfo(dtype).max).astype(dtype)


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(3))),
    st.sampled_from(["difference", "log_ratio"]),
)
def test_no_correction_gives_the_photograph_bit_for_bit(photo, target):
    result = corrected(photo, small_of(photo, nothing, target=target))
    np.testing.assert_array_equal(result, photo)
    assert result is not photo


@pytest.mark.parametrize("target", ["difference", "log_ratio"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_no_correction_changes_no_bit_of_large_pictures_either(dtype, target, monkeypatch):
    monkeypatch.setattr(pipeline, "MIDDLE_PX", 90)
    photo = a_photo(300, 170, dtype)
    result = corrected(photo, small_of(photo, nothing, target=target))
    np.testing.assert_array_equal(result, photo)


@pytest.mark.parametrize("middle", [1536, 100])
@pytest.mark.parametrize(("dtype", "top"), [(np.uint8, 255), (np.uint16, 65535)])
def test_a_constant_difference_by_hand(dtype, top, middle, monkeypatch):
    monkeypatch.setattr(pipeline, "MIDDLE_PX", middle)
    # 0.2, 0 and -0.1 are 51, 0 and -25.5 of 255; the half may go either way.
    photo = np.full((300, 130, 3), top * 2 // 5, dtype)
    result = corrected(photo, small_of(photo, constant(0.2, 0.0, -0.1))).astype(int)
    np.testing.assert_array_equal(result[..., 0], top // 5)
    np.testing.assert_array_equal(result[..., 1], top * 2 // 5)
    assert set(np.unique(result[..., 2])) <= {int(top * 0.5), int(top * 0.5) + 1}


def test_a_constant_ratio_by_hand():
    photo = np.full((50, 60, 3), 150, np.uint8)
    logs = constant(np.log(2.0), 0.0, -np.log(1.5))
    result = corrected(photo, small_of(photo, logs, target="log_ratio"))
    np.testing.assert_array_equal(result[3, 3], [75, 150, 225])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("target", ["difference", "log_ratio"])
def test_results_are_clipped_not_wrapped(dtype, target):
    photo = a_photo(40, 30, dtype)
    bright = corrected(photo, small_of(photo, constant(-3.0, -3.0, -3.0), target=target))
    dark = corrected(photo, small_of(photo, constant(9.0, 9.0, 9.0), target=target))
    top = 1 if dtype == np.float32 else np.iinfo(dtype).max
    assert bright.min() == top
    assert dark.max() <= top * 1e-3


@pytest.mark.parametrize("shape", [(1, 1), (2, 70), (1, 900), (61, 45), (130, 97)])
def test_any_shape_keeps_its_size(shape):
    photo = a_photo(*shape)
    result = corrected(photo, small_of(photo, lambda picture: 0.3 * picture, size=40))
    assert result.shape == photo.shape
    assert result.dtype == np.uint8


def test_reduction_averages_areas():
    photo = np.zeros((4, 6, 3), np.uint8)
    photo[:2, :2] = [[[0], [255]], [[255], [253]]]
    small = reduced(photo, 3)
    assert small.shape == (2, 3, 3)
    np.testing.assert_allclose(small[0, 0], 191 / 255, atol=1e-6)  # 190.75 of 255, rounded
    np.testing.assert_allclose(small[1:], 0, atol=1e-6)
    assert shrunk(photo, 6) is photo


def test_strips_give_what_the_whole_picture_would():
    photo = a_photo(600, 90, np.float32)
    small = small_of(photo, lambda picture: 0.8 * picture**2, size=75)
    guide = without_texture(photo, radius=texture_radius(8.0))
    correction = upsample_along_edges(
        small.correction, small.picture, guide, radius=1, epsilon=4e-3
    )
    np.testing.assert_allclose(
        corrected(photo, small), np.clip(photo - correction, 0, 1), atol=1e-4
    )


def test_rows_beyond_the_middle_size_lie_where_a_whole_resize_puts_them(monkeypatch):
    monkeypatch.setattr(pipeline, "MIDDLE_PX", 173)
    photo = np.full((601, 401, 3), 0.5, np.float32)
    slope = np.linspace(-0.3, 0.3, 173, dtype=np.float32)[:, None, None]
    picture = reduced(photo, 173)
    small = Small(picture, np.broadcast_to(slope, picture.shape).copy(), "difference")
    expected = cv2.resize(small.correction, (401, 601), interpolation=cv2.INTER_LINEAR)
    inner = np.s_[12:-12]
    np.testing.assert_allclose(corrected(photo, small)[inner], 0.5 - expected[inner], atol=1.5e-3)


def test_a_step_stays_on_the_photographs_edge(monkeypatch):
    monkeypatch.setattr(pipeline, "MIDDLE_PX", 500)
    photo = np.full((400, 1000, 3), 60, np.uint8)
    photo[:, 517:] = 190
    # The difference is 0.2 on the bright side alone; at 50 pixels its step is 20 pixels wide.
    small = small_of(photo, lambda picture: np.float32(0.2) * (picture > 0.5), size=50)
    result = corrected(photo, small).astype(int)
    assert abs(result[:, 540:] - 139).max() <= 2
    assert abs(result[:, :500] - 60).max() <= 4  # linear interpolation: 12


def test_texture_comes_from_the_unfiltered_photograph():
    photo = a_photo(400, 300, np.float32)
    result = corrected(photo, small_of(photo, lambda picture: 0.4 * picture - 0.1, size=50))

    def fine(picture):
        return (picture - cv2.GaussianBlur(picture, (0, 0), 2))[8:-8, 8:-8]

    gain = (fine(result) * fine(photo)).sum() / (fine(photo) ** 2).sum()
    assert gain == pytest.approx(1, abs=0.03)
    # The low frequencies are those of the formula.
    low = cv2.blur(result, (33, 33))[20:-20, 20:-20]
    expected = cv2.blur(photo * 0.6 + 0.1, (33, 33))[20:-20, 20:-20]
    np.testing.assert_allclose(low, expected, atol=0.01)


def test_nothing_changes_outside_of_a_mask(monkeypatch):
    monkeypatch.setattr(pipeline, "MIDDLE_PX", 120)
    photo = a_photo(300, 240)
    mask = np.zeros((75, 60), np.float32)
    mask[20:40, 20:40] = 1
    result = corrected(photo, small_of(photo, constant(0.2, 0.2, 0.2)), mask=mask)
    changed = (result != photo).any(-1)
    assert changed[100:140, 100:140].all()
    # 80 to 160 is the mask; linear interpolation reaches one pixel of each size further.
    changed[70:170, 70:170] = False
    assert not changed.any()


def test_the_photograph_is_left_unchanged_and_the_answer_repeats():
    photo = a_photo(300, 200)
    kept = photo.copy()
    small = small_of(photo, lambda picture: 0.3 * picture)
    first, second = corrected(photo, small), corrected(photo, small)
    np.testing.assert_array_equal(photo, kept)
    np.testing.assert_array_equal(first, second)


_TWELVE_MEGAPIXELS = """
import resource
import numpy as np
from deepflash.enhance.pipeline import Small, corrected, reduced

def darker(photo):
    picture = reduced(photo, 256)
    return corrected(photo, Small(picture, picture * np.float32(0.2), "log_ratio"))

darker(np.full((60, 40, 3), 90, np.uint8))
photo = np.full((4000, 3000, 3), 90, np.uint8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
darker(photo)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_twelve_megapixels_need_less_than_a_fifth_of_a_gigabyte():
    done = subprocess.run(
        [sys.executable, "-c", _TWELVE_MEGAPIXELS],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(deepflash.__file__).parents[1],
    )
    assert int(done.stdout) * 1024 < 0.2e9
