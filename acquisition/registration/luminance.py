"""What flash and studio light leave alike in a picture of a face.

Light changes slowly over a face, and skin, lips, lashes and cloth change fast. So the logarithm
turns light into something that is added, and what is slow is taken away. Beside luminance stands
the ratio of red and green, on which shading and most shadows have no influence at all.
"""

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

Planes = Float32[np.ndarray, "_ _ 2"]
Plane = Float32[np.ndarray, "_ _"]

WINDOW_IOD = 0.035
"""Standard deviation of the window over which a picture is normalised."""

_NOISE_PX = 0.5
_DARKEST = 0.01
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
# Contrasts below these, in natural logarithms, count as noise.
_LEAST_CONTRASTS = (0.025, 0.017)
_RATIO_WEIGHT = 0.8


def linear_light(picture: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 3"]:
    """Returns linear light, 0 to 1, of an sRGB picture."""
    levels = np.arange(256) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)[picture]


def normalised(linear: Float32[np.ndarray, "h w 3"], iod_px: float) -> Planes:
    """Returns log luminance and log ratio of red and green, each normalised in its surroundings.

    Args:
        linear: linear light, 0 to 1.
        iod_px: inter-ocular distance in it.

    Returns:
        Both planes have mean 0 and a standard deviation of about 1 in every window with structure.
    """
    light = cv2.log(linear + np.float32(_DARKEST))
    luminance = cv2.log(linear @ _LUMINANCE + np.float32(_DARKEST))
    ratio = light[..., 0] - light[..., 1]
    sigma = max(WINDOW_IOD * iod_px, 1.0)
    planes = [
        _normalised(np.asarray(plane, np.float32), sigma, least)
        for plane, least in zip((luminance, ratio), _LEAST_CONTRASTS, strict=True)
    ]
    return np.dstack([planes[0], np.float32(_RATIO_WEIGHT) * planes[1]])


def blurred(planes: Float32[np.ndarray, "*shape"], sigma_px: float) -> np.ndarray:
    """Returns planes under a Gaussian window; edges are continued."""
    return cv2.GaussianBlur(planes, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE)


def _normalised(plane: Plane, sigma_px: float, least_contrast: float) -> Plane:
    plane = blurred(plane, _NOISE_PX)
    plane = plane - blurred(plane, sigma_px)
    return plane / np.sqrt(blurred(plane * plane, sigma_px) + np.float32(least_contrast**2))
