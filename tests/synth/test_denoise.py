"""Noise out, texture and highlights in."""

import builtins

import numpy as np
import pytest

from deepflash.errors import StudioError
from deepflash.synth.denoise import denoise, without_outliers

SIDE = 64


def noisy(seed=0):
    """A picture of stripes, its albedo, normals towards the lens, and the picture with noise."""
    rng = np.random.default_rng(seed)
    columns = np.arange(SIDE)
    stripes = np.where(columns // 8 % 2, 0.6, 0.2).astype(np.float32)
    clean = np.broadcast_to(stripes[None, :, None], (SIDE, SIDE, 3)).copy()
    normal = np.zeros((SIDE, SIDE, 3), np.float32)
    normal[..., 2] = 1
    noise = rng.gamma(4, 0.25, clean.shape).astype(np.float32)
    return clean, normal, clean * noise


def test_noise_goes_and_edges_stay(renderer):
    del renderer
    clean, normal, picture = noisy()
    result = denoise(picture[None], clean, normal)[0]
    assert result.dtype == np.float32
    assert np.sqrt(((result - clean) ** 2).mean()) < 0.25 * np.sqrt(((picture - clean) ** 2).mean())
    assert result.mean() == pytest.approx(clean.mean(), rel=0.03)
    step = result[:, 8:16].mean() / result[:, 0:8].mean()
    assert step == pytest.approx(3, rel=0.1)


def test_layers_are_treated_one_by_one_and_alike_every_time(renderer):
    del renderer
    clean, normal, picture = noisy()
    _, _, other = noisy(1)
    both = denoise(np.stack([picture, other]), clean, normal)
    assert np.array_equal(both[1], denoise(other[None], clean, normal)[0])
    assert np.array_equal(both, denoise(np.stack([picture, other]), clean, normal))


def test_a_missing_denoiser_is_named_with_the_extra_that_brings_it(monkeypatch):
    real = builtins.__import__

    def refusing(name, *args, **kwargs):
        if name == "mitsuba_oidn":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refusing)
    clean, normal, picture = noisy()
    with pytest.raises(StudioError, match=r"pip install 'deepflash\[synth\]'"):
        denoise(picture[None], clean, normal)


def test_a_lone_bright_pixel_is_dimmed_and_keeps_its_colour():
    picture = np.full((32, 32, 3), 0.1, np.float32)
    picture[10, 12] = (40.0, 20.0, 10.0)
    result = without_outliers(picture)
    # Six times its neighbours' level, and a little of the brightest percent.
    assert result[10, 12, 0] == pytest.approx(6 * 0.1 + 0.02 * 0.1, rel=0.01)
    assert result[10, 12] / result[10, 12, 0] == pytest.approx([1, 0.5, 0.25])
    untouched = np.ones((32, 32), bool)
    untouched[10, 12] = False
    assert np.array_equal(result[untouched], picture[untouched])


def test_a_highlight_of_many_pixels_stays():
    picture = np.full((32, 32, 3), 0.05, np.float32)
    picture[8:12, 8:12] = 30
    assert np.array_equal(without_outliers(picture)[9:11, 9:11], picture[9:11, 9:11])
