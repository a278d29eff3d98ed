"""The correction follows the photograph's edges and leaves its texture alone."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepflash import upsample
from deepflash.upsample import (
    correction_rows,
    fit_to_guide,
    texture_radius,
    upsample_along_edges,
    with_halo,
    without_texture,
)

RADIUS, EPSILON = 1, 1e-4


def _small(picture, height, width):
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def _noise(shape, seed=0):
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


class Drawn:
    """Discs on a ground: a picture with texture and a correction that steps where it steps."""

    def __init__(self, seed, reduction=8, small=(64, 80)):
        generator = np.random.default_rng(seed)
        # Sizes that are no multiples of the small ones.
        self.height, self.width = small[0] * reduction + 3, small[1] * reduction + 5
        y, x = np.mgrid[: self.height, : self.width].astype(np.float32)
        y, x = y / self.height, x / self.width
        label = np.zeros((self.height, self.width), np.int64)
        for disc in range(1, 6):
            centre_x, centre_y = generator.uniform(0.1, 0.9, 2)
            angle = np.arctan2(y - centre_y, x - centre_x)
            radius = generator.uniform(0.12, 0.3) * (1 + 0.2 * np.sin(5 * angle))
            label[np.hypot(x - centre_x, y - centre_y) < radius] = disc
        colours = generator.uniform(0.2, 0.8, (6, 3)).astype(np.float32)
        steps = generator.uniform(-0.25, 0.25, (6, 3)).astype(np.float32)
        shading = (0.1 * np.sin(3 * x + 2 * y))[..., None]
        self.truth = cv2.GaussianBlur(steps[label] + shading * 0.8, (0, 0), 0.8)
        texture = cv2.GaussianBlur(
            generator.standard_normal(label.shape).astype(np.float32), (0, 0), 1.2
        )
        self.texture = 0.03 * texture / texture.std()
        plain = cv2.GaussianBlur(colours[label] + shading, (0, 0), 0.8)
        self.picture = np.clip(plain + self.texture[..., None], 0, 1)
        border = np.zeros(label.shape, np.uint8)
        border[:, 1:] |= label[:, 1:] != label[:, :-1]
        border[1:] |= label[1:] != label[:-1]
        self.distance = cv2.distanceTransform(1 - border, cv2.DIST_L2, 5)
        self.reduction = reduction
        self.small_correction = _small(self.truth, *small)
        self.small_picture = _small(self.picture, *small)

    def upsampled(self):
        guide = without_texture(self.picture, radius=texture_radius(float(self.reduction)))
        return upsample_along_edges(
            self.small_correction, self.small_picture, guide, radius=RADIUS, epsilon=EPSILON
        )

    def error(self, correction, where):
        return float(np.sqrt(((correction - self.truth)[where] ** 2).mean()))

    def texture_gain(self, correction, where):
        """Contrast of the texture in picture - correction, per channel; 1 is untouched."""

        def fine(picture):
            return picture - cv2.GaussianBlur(picture, (0, 0), 3)

        texture = fine(self.texture)[where]
        leaked = fine(correction - self.truth)[where]
        return 1 - (leaked * texture[:, None]).sum(0) / (texture**2).sum()


@pytest.mark.parametrize("reduction", [8, 13])
@pytest.mark.parametrize("seed", [0, 1])
def test_edges_are_followed_several_times_better_than_by_interpolation(seed, reduction):
    drawn = Drawn(seed, reduction)
    near = drawn.distance < 1.5 * reduction
    size = (drawn.width, drawn.height)
    plain = [
        drawn.error(cv2.resize(drawn.small_correction, size, interpolation=how), near)
        for how in (cv2.INTER_LINEAR, cv2.INTER_CUBIC)
    ]
    assert drawn.error(drawn.upsampled(), near) < 0.5 * min(plain)


@pytest.mark.parametrize("reduction", [8, 13])
@pytest.mark.parametrize("seed", [0, 1])
def test_texture_is_kept_in_smooth_areas_and_beside_edges(seed, reduction):
    drawn = Drawn(seed, reduction)
    correction = drawn.upsampled()
    smooth = drawn.distance > 5 * reduction
    beside = (drawn.distance > 3) & (drawn.distance < 2 * reduction)
    np.testing.assert_allclose(drawn.texture_gain(correction, smooth), 1, atol=0.03)
    np.testing.assert_allclose(drawn.texture_gain(correction, beside), 1, atol=0.1)


def test_taking_texture_from_the_guide_keeps_more_texture_beside_edges():
    drawn = Drawn(0)
    beside = (drawn.distance > 3) & (drawn.distance < 16)
    raw = upsample_along_edges(
        drawn.small_correction,
        drawn.small_picture,
        drawn.picture,
        radius=RADIUS,
        epsilon=EPSILON,
    )
    lost = [abs(drawn.texture_gain(c, beside) - 1).max() for c in (raw, drawn.upsampled())]
    assert lost[1] < 0.6 * lost[0]


@given(
    small=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    full=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_zero_stays_exactly_zero_and_a_constant_stays_itself(small, full, seed):
    guides = _noise((*small, 3), seed), _noise((*full, 3), seed + 1)
    zero = np.zeros((*small, 3), np.float32)
    assert not upsample_along_edges(zero, *guides, radius=3, epsilon=1e-6).any()
    level = np.array([0.3, -0.07, 1.1], np.float32)
    constant = upsample_along_edges(zero + level, *guides, radius=3, epsilon=1e-6)
    np.testing.assert_allclose(constant, np.broadcast_to(level, (*full, 3)), atol=2e-7)


def test_a_correction_linear_in_the_colours_is_found_again_at_full_size():
    matrix = np.array([[0.5, -0.2, 0.1], [0, 0.3, 0.4], [-0.6, 0.2, 0]], np.float32)
    small, full = _noise((12, 17, 3)), _noise((50, 61, 3), 1)
    level = np.array([0.1, 0, -0.2], np.float32)
    result = upsample_along_edges(small @ matrix + level, small, full, radius=2, epsilon=1e-12)
    np.testing.assert_allclose(result, full @ matrix + level, atol=1e-5)


def test_the_slope_shrinks_as_the_paper_says():
    # One window over the whole picture: a = cov / (var + epsilon), the guide grey between
    # 0 and 1 (variance 1/4 in each colour, all colours equal), the correction twice the guide:
    # (V + e I) a = 2 v with V = 1/4 everywhere gives a = 2 (1/4) / (3/4 + e) in each colour.
    guide = np.zeros((4, 4, 3), np.float32)
    guide[::2] = 1
    fitted = fit_to_guide(2 * guide, guide, radius=6, epsilon=0.25)
    # A window of 13 rows mirrored over 4 holds as many bright rows as dark ones, up to one.
    bright = np.array([6, 7]) / 13
    variance = bright * (1 - bright)
    assert variance[0] == pytest.approx(variance[1])
    slope = 2 * variance[0] / (3 * variance[0] + 0.25)
    np.testing.assert_allclose(fitted.slopes, slope, rtol=1e-5)


def test_a_flat_guide_leaves_linear_interpolation():
    correction = _noise((9, 7, 3))
    grey = np.full((31, 40, 3), 0.5, np.float32)
    result = upsample_along_edges(
        correction, np.full((9, 7, 3), 0.5, np.float32), grey, radius=0, epsilon=1e-4
    )
    expected = cv2.resize(correction, (40, 31), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_a_grey_photograph_is_no_special_case():
    small = np.repeat(_noise((20, 20, 1)), 3, axis=2)
    full = np.repeat(_noise((77, 90, 1), 1), 3, axis=2)
    result = upsample_along_edges(small * 0.5, small, full, radius=2, epsilon=1e-9)
    np.testing.assert_allclose(result, full * 0.5, atol=1e-4)


def test_strips_join_without_seams(monkeypatch):
    small, guide, correction = _noise((9, 7, 3)), _noise((50, 40, 3), 1), _noise((9, 7, 3), 2)
    whole = upsample_along_edges(correction, small, guide, radius=2, epsilon=1e-3)
    monkeypatch.setattr(upsample, "STRIP_ROWS", 7)
    parts = upsample_along_edges(correction, small, guide, radius=2, epsilon=1e-3)
    np.testing.assert_allclose(parts, whole, atol=1e-6)


@pytest.mark.parametrize("radius", [0, 1, 6])
def test_the_guide_of_a_strip_is_that_of_the_whole(radius):
    picture = _noise((40, 30, 3))
    whole = without_texture(picture, radius=radius)
    for rows in (slice(0, 9), slice(9, 31), slice(31, 40)):
        wider, inner = with_halo(rows, radius)
        strip = without_texture(picture[wider], radius=radius)[inner]
        # The filter reads its weights from a table that spans the values it sees.
        np.testing.assert_allclose(strip, whole[rows], atol=1e-4)


@pytest.mark.parametrize(("reduction", "radius"), [(1.0, 0), (4.0, 3), (8.0, 6), (30.0, 6)])
def test_the_radius_grows_with_the_reduction_up_to_a_limit(reduction, radius):
    assert texture_radius(reduction) == radius


def test_rows_of_a_tiny_photograph():
    fitted = fit_to_guide(
        np.full((1, 1, 3), 0.25, np.float32),
        np.full((1, 1, 3), 0.5, np.float32),
        radius=2,
        epsilon=1e-4,
    )
    rows = correction_rows(fitted, np.full((1, 1, 3), 0.9, np.float32), first_row=0, height=1)
    np.testing.assert_allclose(rows, 0.25, atol=1e-7)
