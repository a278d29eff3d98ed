"""What the patches of a ColorChecker Classic look like under D65.

The values are those that X-Rite publishes for charts made since November 2014 (CIELAB, D50, 2°
observer, measured with an i1Pro 2 in mode M0). They are carried to D65 by Bradford's adaptation.
Older charts differ from them by one to two units of CIEDE2000.
"""

import numpy as np
from jaxtyping import Float64

from acquisition.colour.difference import RGB_TO_XYZ, xyz_of_lab

ROWS, COLUMNS = 4, 6
NEUTRAL = slice(18, 24)
"""The row of greys, white first."""
GREY_PATCH = 21
"""`neutral 5`, which reflects about 0.2 of the light."""

NAMES = (
    *("dark skin", "light skin", "blue sky", "foliage", "blue flower", "bluish green"),
    *("orange", "purplish blue", "moderate red", "purple", "yellow green", "orange yellow"),
    *("blue", "green", "red", "yellow", "magenta", "cyan"),
    *("white", "neutral 8", "neutral 6.5", "neutral 5", "neutral 3.5", "black"),
)

_LAB_D50 = np.array(
    [
        [37.54, 14.37, 14.92],
        [64.66, 19.27, 17.50],
        [49.32, -3.82, -22.54],
        [43.46, -12.74, 22.72],
        [54.94, 9.61, -24.79],
        [70.48, -32.26, -0.37],
        [62.73, 35.83, 56.50],
        [39.43, 10.75, -45.17],
        [50.57, 48.64, 16.67],
        [30.10, 22.54, -20.87],
        [71.77, -24.13, 58.19],
        [71.51, 18.24, 67.37],
        [28.37, 15.42, -49.80],
        [54.38, -39.72, 32.27],
        [42.43, 51.05, 28.62],
        [81.80, 2.67, 80.41],
        [50.63, 51.28, -14.12],
        [49.57, -29.71, -28.32],
        [95.19, -1.03, 2.93],
        [81.29, -0.57, 0.44],
        [66.89, -0.75, -0.06],
        [50.76, -0.13, 0.14],
        [35.63, -0.46, -0.48],
        [20.64, 0.07, -0.46],
    ]
)
_WHITE_D50 = np.array([0.96422, 1.0, 0.82521])
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


def reference_linear() -> Float64[np.ndarray, "24 3"]:
    """Returns the patches as linear sRGB under D65, 1 = a perfect white; cyan is below 0 in red."""
    gain = (_BRADFORD @ RGB_TO_XYZ.sum(axis=1)) / (_BRADFORD @ _WHITE_D50)
    adapt = np.linalg.inv(_BRADFORD) @ np.diag(gain) @ _BRADFORD
    xyz = xyz_of_lab(_LAB_D50, _WHITE_D50) @ adapt.T
    return xyz @ np.linalg.inv(RGB_TO_XYZ).T
