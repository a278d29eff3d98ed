import functools

import numpy as np
import pytest

from acquisition.colour.calibration import tone_curve
from acquisition.colour.chart import Patches, read_chart
from acquisition.colour.fit import fit_chart
from acquisition.colour.reference import GREY_PATCH, NEUTRAL, reference_linear
from tests.acquisition.colour.drawn_chart import Shot, encoded, phone_tone, photograph
from tests.acquisition.colour.spectra import black_body, device_colours, white_led

LIGHTS = {
    # Spectrum, and gains as a camera's white balance would set them, not quite right.
    "tungsten": (black_body(2856), (0.75, 1.0, 2.6)),
    "daylight": (black_body(6504), (1.2, 1.0, 1.4)),
    "phone LED": (white_led(), (1.25, 1.0, 2.0)),
}


@functools.cache
def picture(light):
    return photograph(device_colours(*LIGHTS[light]), Shot(exposure=0.75))


@functools.cache
def phone_patches(light):
    """8-bit sRGB with a tone curve, decoded."""
    level = encoded(phone_tone(picture(light))) / 255
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return read_chart(linear.astype(np.float32))


def patches_of(linear, usable=None):
    return Patches(
        linear=linear,
        usable=np.ones(24, bool) if usable is None else usable,
        straightened=np.zeros((4, 6, 3), np.float32),
    )


@pytest.mark.parametrize("light", LIGHTS)
def test_colours_are_right_after_correction(light):
    fit = fit_chart(read_chart(picture(light)), tone=False)
    assert np.nanmean(fit.before) > 3
    assert fit.mean < 1.5
    assert np.nanmax(fit.delta_e[NEUTRAL]) < 0.5
    assert fit.light_fall == pytest.approx(0.11, abs=0.03)


@pytest.mark.parametrize("light", LIGHTS)
def test_a_phones_tone_curve_is_undone(light):
    without, fitted = (fit_chart(phone_patches(light), tone=tone) for tone in (False, True))
    assert fitted.mean < 1.5
    assert fitted.mean < 0.7 * without.mean
    # The curve and its inverse make a straight line.
    scene = np.linspace(0.05, 0.6, 30)
    back = tone_curve(phone_tone(scene).astype(np.float64), fitted.tone) / scene
    assert back.max() / back.min() < 1.12


def test_a_known_matrix_is_found_again():
    mix = np.array([[0.8, 0.15, 0.0], [0.1, 0.9, 0.1], [0.05, 0.2, 0.6]])
    fit = fit_chart(patches_of(reference_linear() @ mix.T * 0.37), tone=False)
    scale = fit.matrix @ mix
    assert scale == pytest.approx(np.eye(3) * scale[1, 1], abs=1e-4)
    assert fit.mean < 1e-3


def test_exposure_stays():
    mix = np.diag([0.5, 1.0, 0.7])
    for exposure in (0.2, 0.9):
        measured = reference_linear() @ mix * exposure
        fit = fit_chart(patches_of(measured), tone=False)
        grey = fit.matrix @ measured[GREY_PATCH]
        assert grey[1] == pytest.approx(measured[GREY_PATCH, 1])
        assert grey == pytest.approx([grey[1]] * 3, rel=0.01)


def test_clipped_patches_do_not_count():
    measured, usable = reference_linear() * 0.5, np.ones(24, bool)
    measured[[2, 18]], usable[[2, 18]] = 1.0, False
    fit = fit_chart(patches_of(measured, usable), tone=False)
    assert fit.mean < 1e-3
    assert np.isnan(fit.delta_e[[2, 18]]).all()
    assert np.isfinite(fit.delta_e).sum() == 22


def test_a_glare_on_one_patch_does_not_bend_the_others():
    measured = reference_linear() * 0.5
    measured[15] += 0.15
    fit = fit_chart(patches_of(measured), tone=False)
    others = np.delete(fit.delta_e, 15)
    assert fit.delta_e[15] > 5
    assert others.mean() < 1.0
