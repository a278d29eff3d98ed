import numpy as np
import pytest

from acquisition.colour.difference import RGB_TO_XYZ, ciede2000, lab_of_linear, xyz_of_lab
from acquisition.colour.reference import GREY_PATCH, NAMES, NEUTRAL, reference_linear

# Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula", 2005, table 1.
PUBLISHED = np.array(
    [
        [50, 2.6772, -79.7751, 50, 0, -82.7485, 2.0425],
        [50, 3.1571, -77.2803, 50, 0, -82.7485, 2.8615],
        [50, 2.8361, -74.0200, 50, 0, -82.7485, 3.4412],
        [50, -1.3802, -84.2814, 50, 0, -82.7485, 1.0000],
        [50, -1.1848, -84.8006, 50, 0, -82.7485, 1.0000],
        [50, -0.9009, -85.5211, 50, 0, -82.7485, 1.0000],
        [50, 0, 0, 50, -1, 2, 2.3669],
        [50, -1, 2, 50, 0, 0, 2.3669],
        [50, 2.49, -0.001, 50, -2.49, 0.0009, 7.1792],
        [50, 2.49, -0.001, 50, -2.49, 0.0011, 7.2195],
        [50, 2.49, -0.001, 50, -2.49, 0.0012, 7.2195],
        [50, -0.001, 2.49, 50, 0.0009, -2.49, 4.8045],
        [50, -0.001, 2.49, 50, 0.0011, -2.49, 4.7461],
        [50, -0.001, 2.49, 50, 0.0012, -2.49, 4.7461],
        [50, 2.5, 0, 50, 0, -2.5, 4.3065],
        [50, 2.5, 0, 73, 25, -18, 27.1492],
        [50, 2.5, 0, 61, -5, 29, 22.8977],
        [50, 2.5, 0, 56, -27, -3, 31.9030],
        [50, 2.5, 0, 58, 24, 15, 19.4535],
        [50, 2.5, 0, 50, 3.1736, 0.5854, 1.0000],
        [50, 2.5, 0, 50, 3.2972, 0, 1.0000],
        [50, 2.5, 0, 50, 1.8634, 0.5757, 1.0000],
        [50, 2.5, 0, 50, 3.2592, 0.3350, 1.0000],
        [60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644],
        [63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630],
        [61.2901, 3.7196, -5.3901, 61.4292, 2.2480, -4.9620, 1.8731],
        [35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645],
        [22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373],
        [36.4612, 47.8580, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146],
        [90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441],
        [90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381],
        [6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377],
        [2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082],
    ]
)


def test_differences_are_the_published_ones():
    first, second, expected = PUBLISHED[:, :3], PUBLISHED[:, 3:6], PUBLISHED[:, 6]
    assert ciede2000(first, second) == pytest.approx(expected, abs=1e-4)
    assert ciede2000(second, first) == pytest.approx(expected, abs=1e-4)
    assert ciede2000(first, first) == pytest.approx(0, abs=1e-12)


def test_lab_of_known_colours():
    colours = np.array([[1.0, 1, 1], [0, 0, 0], [1, 0, 0]])
    expected = np.array([[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20]])
    assert lab_of_linear(colours) == pytest.approx(expected, abs=0.02)


def test_lab_goes_back_to_the_same_colour():
    colours = np.random.default_rng(0).uniform(-0.05, 1.2, (50, 3))
    white = RGB_TO_XYZ.sum(axis=1)
    back = xyz_of_lab(lab_of_linear(colours), white) @ np.linalg.inv(RGB_TO_XYZ).T
    assert back == pytest.approx(colours, abs=1e-9)


def test_the_reference_shows_the_chart():
    reference = reference_linear()
    # The L* of the published D50 values stay: 0.191 is the luminance of L* = 50.76.
    assert reference[GREY_PATCH] == pytest.approx([0.191] * 3, abs=0.002)
    greys = reference[NEUTRAL]
    assert (np.diff(greys.mean(axis=1)) < 0).all()
    strongest = {NAMES.index("red"): 0, NAMES.index("green"): 1, NAMES.index("blue"): 2}
    assert all(reference[patch].argmax() == channel for patch, channel in strongest.items())
    assert reference[NAMES.index("cyan"), 0] < 0
