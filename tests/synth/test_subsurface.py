"""Light below the skin: what is kept, how far it goes, and what it leaves alone."""

from math import erf

import numpy as np
import pytest

from deepflash.synth.subsurface import scatter

SIDE = 96


def half_lit():
    """Skin of which the right half is lit: what comes back, and the light that falls on it."""
    light = np.zeros((1, SIDE, SIDE), np.float32)
    light[:, :, SIDE // 2 :] = 1
    albedo = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    return light[..., None] * albedo, light, albedo, np.ones((SIDE, SIDE), np.float32)


def test_even_light_stays_as_it_is():
    _, _, albedo, skin = half_lit()
    light = np.full((2, SIDE, SIDE), 0.8, np.float32)
    layers = light[..., None] * albedo
    assert scatter(layers, light, albedo, skin, mm_per_px=0.5) == pytest.approx(layers, abs=2e-3)


def test_light_goes_across_the_edge_of_a_shadow_red_farthest_and_none_is_lost():
    before, light, albedo, skin = half_lit()
    after = scatter(before, light, albedo, skin, mm_per_px=0.5)[0]
    red, green, blue = after[SIDE // 2, SIDE // 2 - 4]  # 2 mm into the dark
    assert red > 4 * green > 0
    assert green >= blue
    assert after.mean((0, 1)) == pytest.approx(before[0].mean((0, 1)), rel=0.01)


def test_one_gaussian_is_spread_as_published():
    before, light, albedo, skin = half_lit()
    after = scatter(before, light, albedo, skin, mm_per_px=0.2)[0, SIDE // 2]
    # Blue of the edge: 0.649 of variance 0.0064 mm^2, 0.344 of 0.0484, 0.007 of 0.567; half a
    # pixel before the edge each has fallen to the normal distribution's share.
    at_mm = -0.1
    shares = ((0.649, 0.0064), (0.344, 0.0484), (0.007, 0.567))
    expected = 0.5 * sum(w * 0.5 * (1 + erf(at_mm / np.sqrt(2 * v))) for w, v in shares)
    assert after[SIDE // 2 - 1, 2] == pytest.approx(expected, abs=0.03)
    assert after[SIDE // 2 - 15, 2] < 1e-3


def test_texture_stays_sharp():
    light = np.ones((1, SIDE, SIDE), np.float32)
    albedo = np.random.default_rng(0).uniform(0.2, 0.8, (SIDE, SIDE, 3)).astype(np.float32)
    skin = np.ones((SIDE, SIDE), np.float32)
    layers = light[..., None] * albedo
    assert scatter(layers, light, albedo, skin, mm_per_px=0.3) == pytest.approx(layers, abs=3e-3)


def test_light_does_not_leave_the_skin():
    before, light, albedo, _ = half_lit()
    skin = np.zeros((SIDE, SIDE), np.float32)
    skin[:, : SIDE // 2 + 8] = 1
    light = light * skin
    after = scatter(before, light, albedo, skin, mm_per_px=0.3)
    assert np.array_equal(after[:, :, SIDE // 2 + 8 :], before[:, :, SIDE // 2 + 8 :])
    assert after[0, 40, SIDE // 2 + 7] == pytest.approx(before[0, 40, SIDE // 2 + 7], rel=0.25)
    assert (after >= 0).all()
    assert np.isfinite(after).all()


def test_nothing_happens_without_skin():
    before, light, albedo, skin = half_lit()
    assert np.array_equal(scatter(before, 0 * light, albedo, 0 * skin, mm_per_px=0.3), before)
