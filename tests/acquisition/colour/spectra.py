"""Lights, a sensor and a chart as spectra, each from a short formula.

The chart's reflectances are the smoothest ones that have the reference colours under D65, so a
change of light or of sensor moves the patches as it would real ones, metamerism included.
"""

import functools

import numpy as np

from acquisition.colour.difference import RGB_TO_XYZ
from acquisition.colour.reference import reference_linear

NM = np.arange(400.0, 701.0, 10.0)


def _lobe(at, below, above):
    width = np.where(at > NM, below, above)
    return np.exp(-0.5 * ((NM - at) * width) ** 2)


def observer():
    """The CIE 1931 observer as a sum of lobes (fit of Wyman, Sloan and Shirley, 2013)."""
    x = 1.056 * _lobe(599.8, 0.0264, 0.0323) + 0.362 * _lobe(442.0, 0.0624, 0.0374)
    x -= 0.065 * _lobe(501.1, 0.0490, 0.0382)
    y = 0.821 * _lobe(568.8, 0.0213, 0.0247) + 0.286 * _lobe(530.9, 0.0613, 0.0322)
    z = 1.217 * _lobe(437.0, 0.0845, 0.0278) + 0.681 * _lobe(459.0, 0.0385, 0.0725)
    return np.stack([x, y, z], axis=1)


def black_body(kelvin):
    """Tungsten has 2856 K."""
    spectrum = NM**-5 / (np.exp(1.4388e7 / (NM * kelvin)) - 1)
    return spectrum / spectrum.mean()


def white_led():
    """A blue peak and a broad phosphor: a phone's light."""
    spectrum = 0.9 * np.exp(-0.5 * ((NM - 452) / 11) ** 2)
    spectrum += 0.75 * np.exp(-0.5 * ((NM - 570) / 60) ** 2)
    return spectrum / spectrum.mean()


def sensor():
    """Three overlapping channels, unlike any sum of the observer's."""
    red = np.exp(-0.5 * ((NM - 600) / 34) ** 2) + 0.12 * np.exp(-0.5 * ((NM - 530) / 30) ** 2)
    green = np.exp(-0.5 * ((NM - 535) / 38) ** 2)
    blue = np.exp(-0.5 * ((NM - 460) / 28) ** 2) + 0.05 * np.exp(-0.5 * ((NM - 540) / 40) ** 2)
    return np.stack([0.8 * red, green, 0.75 * blue], axis=1)


@functools.cache
def chart():
    """Reflectances of the 24 patches, 24 by wavelengths."""
    # The white of the coarse sum is made that of D65, so that a perfect white stays one.
    weights = observer() * black_body(6504)[:, None]
    weights *= RGB_TO_XYZ.sum(axis=1) / weights.sum(axis=0)
    return np.stack([_smoothest(weights, xyz) for xyz in reference_linear() @ RGB_TO_XYZ.T])


def _smoothest(weights, xyz):
    n = len(NM)
    slope = np.diff(np.eye(n), axis=0)
    smooth = slope.T @ slope + 1e-6 * np.eye(n)
    z = np.zeros(n)
    for _ in range(60):
        reflectance = 1 / (1 + np.exp(-z))
        jacobian = weights.T * (reflectance * (1 - reflectance))
        system = np.block([[smooth, jacobian.T], [jacobian, np.zeros((3, 3))]])
        miss = xyz - weights.T @ reflectance
        step = np.linalg.solve(system, np.concatenate([-smooth @ z, miss]))[:n]
        z += step * min(1.0, 2.0 / np.abs(step).max())
    return 1 / (1 + np.exp(-z))


def device_colours(light, gains=(1.0, 1.0, 1.0)):
    """What the sensor says of the patches, 24 by 3; its green of a perfect white is 1."""
    response = sensor() * light[:, None]
    response /= response.sum(axis=0)[1]
    return chart() @ response * np.asarray(gains)
