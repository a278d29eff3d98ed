import math

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError
from skimage.metrics import structural_similarity

from deepflash.errors import PictureError
from deepflash.metrics import (
    PSNR_CAP_DB,
    affine_fit,
    delta_e,
    picture_figures,
    psnr,
    ssim,
    ssim_map,
    whole_windows,
)

EVERY_METRIC = [psnr, ssim, delta_e]


def random_pictures(seed, *, count=2, height=24, width=20):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 3, height, width, generator=generator)


def half_mask(pictures):
    mask = torch.zeros_like(pictures[:, :1], dtype=torch.bool)
    mask[..., : pictures.shape[-1] // 2] = True
    return mask


def test_psnr_by_hand():
    a = torch.full((2, 3, 4, 4), 0.5)
    b = torch.stack([a[0] + 0.1, a[0] - 0.01])
    torch.testing.assert_close(psnr(a, b), torch.tensor([20.0, 40.0]), rtol=0, atol=1e-3)


def test_psnr_under_a_mask_sees_only_the_mask():
    a, b = torch.zeros(1, 3, 4, 4), torch.full((1, 3, 4, 4), 0.1)
    b[..., 2:] = 1.0
    assert psnr(a, b, valid=half_mask(a)).item() == pytest.approx(20, abs=1e-3)
    assert psnr(a, b).item() == pytest.approx(10 * math.log10(2 / 1.01), abs=1e-3)


def test_ssim_by_hand():
    # Two flat pictures have no structure to differ in: the luminance term alone is left.
    a = torch.full((1, 3, 16, 16), 0.6, dtype=torch.float64)
    b = torch.full_like(a, 0.2)
    expected = (2 * 0.6 * 0.2 + 0.01**2) / (0.6**2 + 0.2**2 + 0.01**2)
    assert ssim(a, b).item() == pytest.approx(expected, abs=1e-9)
    # Variances in float32 carry the rounding of the squares.
    assert ssim(a.float(), b.float()).item() == pytest.approx(expected, abs=2e-4)


def test_ssim_map_is_that_of_scikit_image():
    a = random_pictures(0, count=1)
    b = (a + 0.2 * random_pictures(1, count=1)).clamp(0, 1)
    _, expected = structural_similarity(
        a[0].double().numpy(),
        b[0].double().numpy(),
        channel_axis=0,
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    # Borders are mirrored differently there.
    ours = ssim_map(a, b)[0, 0, 5:-5, 5:-5].numpy()
    np.testing.assert_allclose(ours, expected.mean(0)[5:-5, 5:-5], rtol=0, atol=1e-5)


def test_ssim_of_a_full_mask_is_that_of_none():
    a, b = random_pictures(2), random_pictures(3)
    full = torch.ones_like(a[:, :1])
    torch.testing.assert_close(ssim(a, b, valid=full), ssim(a, b))


def test_whole_windows_stay_five_pixels_inside():
    valid = torch.ones(1, 1, 20, 20)
    valid[0, 0, 10, 10] = 0
    expected = torch.ones(20, 20, dtype=torch.bool)
    expected[5:16, 5:16] = False
    assert torch.equal(whole_windows(valid)[0, 0], expected)


@pytest.mark.parametrize("metric", EVERY_METRIC)
def test_pixels_outside_the_mask_change_nothing(metric):
    a, b = random_pictures(4, width=30), random_pictures(5, width=30)
    valid = half_mask(a)
    before = metric(a, b, valid=valid)
    b = torch.where(valid, b, 1 - b)
    assert torch.equal(metric(a, b, valid=valid), before)
    assert not torch.allclose(metric(a, b), before)


@pytest.mark.parametrize("metric", EVERY_METRIC)
def test_mask_may_be_of_numbers(metric):
    a, b = random_pictures(4, width=30), random_pictures(5, width=30)
    valid = half_mask(a)
    assert torch.equal(metric(a, b, valid=valid.float()), metric(a, b, valid=valid))


@pytest.mark.parametrize(("metric", "best"), [(psnr, PSNR_CAP_DB), (ssim, 1.0), (delta_e, 0.0)])
def test_identical_pictures_are_best(metric, best):
    a = random_pictures(6)
    torch.testing.assert_close(metric(a, a), torch.full((2,), best))


@pytest.mark.parametrize("metric", EVERY_METRIC)
def test_batch_is_the_stack_of_its_pictures(metric):
    a, b = random_pictures(7, count=3), random_pictures(8, count=3)
    valid = half_mask(a)
    valid[0] = True
    single = torch.cat(
        [metric(a[i : i + 1], b[i : i + 1], valid=valid[i : i + 1]) for i in range(3)]
    )
    torch.testing.assert_close(metric(a, b, valid=valid), single)


@pytest.mark.parametrize("metric", EVERY_METRIC)
def test_empty_mask_gives_nan_for_that_picture_only(metric):
    a, b = random_pictures(9), random_pictures(10)
    valid = torch.ones_like(a[:, :1])
    valid[1] = 0
    values = metric(a, b, valid=valid)
    assert values[0].isfinite()
    assert values[1].isnan()


def test_ssim_under_autocast_keeps_its_precision():
    a, b = random_pictures(11), random_pictures(12)
    with torch.autocast("cpu", torch.bfloat16):
        value = ssim(a, b)
    assert torch.equal(value, ssim(a, b))


def test_ssim_refuses_pictures_smaller_than_half_a_window():
    with pytest.raises(PictureError, match="at least 6 pixels a side; got 9 x 5"):
        ssim(torch.zeros(1, 3, 5, 9), torch.zeros(1, 3, 5, 9))


def test_delta_e_by_hand():
    # Grey has neither chroma nor hue, so CIEDE2000 is |L1 - L2| / S_L.
    def grey(value):
        return torch.full((1, 3, 2, 2), value)

    def lightness(value):
        linear = ((value + 0.055) / 1.055) ** 2.4
        return 116 * linear ** (1 / 3) - 16

    one, other = 0.5, 0.45
    mean = (lightness(one) + lightness(other)) / 2
    scale = 1 + 0.015 * (mean - 50) ** 2 / math.sqrt(20 + (mean - 50) ** 2)
    expected = (lightness(one) - lightness(other)) / scale
    assert delta_e(grey(one), grey(other)).item() == pytest.approx(expected, abs=1e-2)


def test_affine_fit_finds_a_gain_and_an_offset_per_channel():
    studio = random_pictures(13) * 0.4 + 0.3
    gain = torch.tensor([0.8, 1.1, 0.9]).view(1, 3, 1, 1)
    offset = torch.tensor([0.1, -0.1, 0.0]).view(1, 3, 1, 1)
    fitted = affine_fit(studio * gain + offset, studio)
    torch.testing.assert_close(fitted, studio, rtol=0, atol=1e-5)


def test_affine_fit_is_least_squares():
    a, b = random_pictures(14, count=1), random_pictures(15, count=1) * 0.2 + 0.4
    fitted = affine_fit(a, b)
    for channel in range(3):
        gain, offset = np.polyfit(
            a[0, channel].flatten().numpy(), b[0, channel].flatten().numpy(), 1
        )
        expected = a[0, channel] * gain + offset
        torch.testing.assert_close(
            fitted[0, channel], expected, rtol=0, atol=1e-5, check_dtype=False
        )


def test_affine_fit_looks_only_at_the_mask():
    studio = random_pictures(16) * 0.4 + 0.3
    valid = half_mask(studio)
    a = torch.where(valid, studio * 0.5 + 0.2, 0.0)
    fitted = affine_fit(a, studio, valid=valid)
    inside = valid.expand_as(studio)
    torch.testing.assert_close(fitted[inside], studio[inside], rtol=0, atol=1e-5)


def test_affine_fit_of_a_constant_channel_is_an_offset():
    studio = random_pictures(17)
    fitted = affine_fit(torch.full_like(studio, 0.3), studio)
    expected = studio.mean((2, 3), keepdim=True).expand_as(studio)
    torch.testing.assert_close(fitted, expected)


def test_affine_fit_is_clipped():
    # The line through these points has a slope of 25/28 and would reach 1.16 at the last one.
    a = torch.tensor([0.0, 0.2, 0.4, 1.0]).expand(1, 3, 1, 4)
    b = torch.tensor([0.0, 0.5, 1.0, 1.0]).expand(1, 3, 1, 4)
    expected = torch.tensor([15 / 56, 25 / 56, 0.625, 1.0]).expand(1, 3, 1, 4)
    torch.testing.assert_close(affine_fit(a, b), expected)


def test_affine_fit_without_pixels_changes_nothing():
    a = random_pictures(18)
    assert torch.equal(affine_fit(a, 1 - a, valid=torch.zeros_like(a[:, :1])), a)


def test_picture_figures_are_those_of_the_functions():
    result, studio = random_pictures(19), random_pictures(20)
    low, low_studio = random_pictures(21), random_pictures(22)
    figures = picture_figures(result, studio, low_result=low, low_studio=low_studio)
    fitted = affine_fit(result, studio)
    expected = {
        "ssim": ssim(result, studio),
        "psnr": psnr(result, studio),
        "ssim_affine": ssim(fitted, studio),
        "psnr_affine": psnr(fitted, studio),
        "delta_e": delta_e(result, studio),
        "ssim_lowfreq": ssim(low, low_studio),
    }
    assert figures.keys() == expected.keys()
    for name, values in expected.items():
        assert torch.equal(figures[name], values), name
    assert "ssim_lowfreq" not in picture_figures(result, studio)


def test_picture_figures_forgive_exposure_only_after_the_fit():
    studio = random_pictures(23) * 0.5 + 0.2
    figures = picture_figures(studio * 0.5, studio)
    assert (figures["psnr"] < 15).all()
    assert (figures["psnr_affine"] > 90).all()
    assert (figures["ssim_affine"] > 0.999).all()


def test_picture_figures_of_an_empty_mask_are_nan():
    a, b = random_pictures(24), random_pictures(25)
    figures = picture_figures(
        a, b, low_result=a, low_studio=b, valid=torch.zeros_like(a[:, :1], dtype=torch.bool)
    )
    assert all(values.isnan().all() for values in figures.values())


@pytest.mark.gpu
def test_ssim_on_cuda_is_that_of_the_processor():
    a = random_pictures(26, height=96, width=80)
    b = (a + 0.02 * random_pictures(27, height=96, width=80)).clamp(0, 1)
    torch.testing.assert_close(ssim(a.cuda(), b.cuda()).cpu(), ssim(a, b), rtol=0, atol=1e-5)


@pytest.mark.parametrize("metric", [*EVERY_METRIC, affine_fit])
def test_refuses_other_shapes(metric):
    with pytest.raises(TypeCheckError):
        metric(torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 15))
