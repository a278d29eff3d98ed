"""CIELAB under D65 and the colour difference CIEDE2000."""

import numpy as np
from jaxtyping import Float64

RGB_TO_XYZ = np.array(
    [
        [0.4123907993, 0.3575843394, 0.1804807884],
        [0.2126390059, 0.7151686788, 0.0721923154],
        [0.0193308187, 0.1191947798, 0.9505321522],
    ]
)
"""Linear light in the primaries of sRGB (IEC 61966-2-1) to CIE XYZ; white has Y = 1."""

LUMINANCE = RGB_TO_XYZ[1]
_WHITE = RGB_TO_XYZ.sum(axis=1)
_KNEE = 6 / 29
_TWENTY_FIVE_7 = 25.0**7

Colours = Float64[np.ndarray, "n 3"]


def lab_of_linear(linear: Colours) -> Colours:
    """Returns CIELAB (white D65, L* from 0 to 100) of linear sRGB, 1 = white; also below 0."""
    return lab_of_xyz(linear @ RGB_TO_XYZ.T, _WHITE)


def lab_of_xyz(xyz: Colours, white: Float64[np.ndarray, "3"]) -> Colours:
    """Returns CIELAB of CIE XYZ for the given white."""
    share = xyz / white
    root = np.where(share > _KNEE**3, np.cbrt(share), share / (3 * _KNEE**2) + 4 / 29)
    x, y, z = root.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def xyz_of_lab(lab: Colours, white: Float64[np.ndarray, "3"]) -> Colours:
    """Returns CIE XYZ of CIELAB for the given white."""
    y = (lab[:, 0] + 16) / 116
    root = np.stack([y + lab[:, 1] / 500, y, y - lab[:, 2] / 200], axis=1)
    return np.where(root > _KNEE, root**3, 3 * _KNEE**2 * (root - 4 / 29)) * white


def ciede2000(first: Colours, second: Colours) -> Float64[np.ndarray, " n"]:
    """Returns the colour difference CIEDE2000 of pairs of CIELAB colours, all weights 1.

    About 1 is the smallest difference that can be seen side by side.
    """
    chroma = np.hypot(first[:, 1], first[:, 2]), np.hypot(second[:, 1], second[:, 2])
    seventh = ((chroma[0] + chroma[1]) / 2) ** 7
    stretch = 1 + 0.5 * (1 - np.sqrt(seventh / (seventh + _TWENTY_FIVE_7)))
    c1, h1 = _polar(first, stretch)
    c2, h2 = _polar(second, stretch)
    grey = c1 * c2 == 0
    turn = h2 - h1
    turn = np.where(turn > 180, turn - 360, np.where(turn < -180, turn + 360, turn))
    turn = np.where(grey, 0.0, turn)
    d_light, d_chroma = second[:, 0] - first[:, 0], c2 - c1
    d_hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2)
    light, mean_chroma = (first[:, 0] + second[:, 0]) / 2, (c1 + c2) / 2
    hue = _mean_hue(h1, h2, grey)
    s_light = 1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2)
    s_chroma = 1 + 0.045 * mean_chroma
    s_hue = 1 + 0.015 * mean_chroma * _hue_dependence(hue)
    l, c, h = d_light / s_light, d_chroma / s_chroma, d_hue / s_hue  # noqa: E741
    return np.sqrt(l**2 + c**2 + h**2 + _rotation(hue, mean_chroma) * c * h)


def _polar(
    lab: Colours, stretch: Float64[np.ndarray, " n"]
) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Returns chroma and hue in degrees (0 to 360) with a* stretched."""
    a, b = lab[:, 1] * stretch, lab[:, 2]
    return np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360


def _mean_hue(
    h1: Float64[np.ndarray, " n"], h2: Float64[np.ndarray, " n"], grey: np.ndarray
) -> Float64[np.ndarray, " n"]:
    total = h1 + h2
    across = np.where(total < 360, total + 360, total - 360)
    mean = np.where(np.abs(h1 - h2) > 180, across, total) / 2
    return np.where(grey, total, mean)


def _hue_dependence(hue: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    def wave(times: float, phase: float) -> Float64[np.ndarray, " n"]:
        return np.cos(np.radians(times * hue + phase))

    return (
        1
        - 0.17 * wave(1.0, -30.0)
        + 0.24 * wave(2.0, 0.0)
        + 0.32 * wave(3.0, 6.0)
        - 0.2 * wave(4.0, -63.0)
    )


def _rotation(
    hue: Float64[np.ndarray, " n"], chroma: Float64[np.ndarray, " n"]
) -> Float64[np.ndarray, " n"]:
    angle = np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2)))
    seventh = chroma**7
    return -2 * np.sqrt(seventh / (seventh + _TWENTY_FIVE_7)) * np.sin(angle)
