"""Light and its encoding: the sRGB curve both ways, and smaller pictures of the same light."""

from functools import cache

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

ROWS = 128
"""Pictures are worked on in bands of so many rows, so that no second copy of them is in memory."""


def srgb_curve(encoded: Float64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
    """Returns linear light for sRGB-encoded values, 0 to 1 each (IEC 61966-2-1)."""
    return np.where(
        encoded <= 0.04045, encoded / 12.92, ((np.maximum(encoded, 0) + 0.055) / 1.055) ** 2.4
    )


@cache
def _thresholds() -> Float32[np.ndarray, "256"]:
    """Returns the least linear light of each 8-bit code; 0 for code 0."""
    least = srgb_curve((np.arange(256) - 0.5) / 255)
    least[0] = 0.0
    return least.astype(np.float32)


@cache
def _cells() -> tuple[UInt8[np.ndarray, "65536"], Float32[np.ndarray, "65536"]]:
    """Returns for each 65535th of light the code at its begin, and where the next code begins.

    Codes are at least 19 such cells apart, so there is at most one border in each.
    """
    least = _thresholds()
    begins = (np.arange(65536) / 65535).astype(np.float32)
    codes = np.searchsorted(least, begins, side="right") - 1
    borders = np.append(least, np.float32(2.0))[codes + 1]
    return codes.astype(np.uint8), borders


def to_srgb8(linear: Float32[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """Returns linear light with sRGB primaries as 8-bit sRGB: the exact curve, rounded, undithered.

    What lies below 0 or above 1 is clipped.
    """
    codes, borders = _cells()
    encoded = np.empty(linear.shape, np.uint8)
    for top in range(0, linear.shape[0], ROWS):
        band = np.clip(linear[top : top + ROWS], 0, 1)
        cell = (band * np.float32(65535)).astype(np.uint16)
        encoded[top : top + ROWS] = np.take(codes, cell) + (band >= np.take(borders, cell))
    return encoded


def reduced(
    linear: Float32[np.ndarray, "h w 3"], long_side_px: int
) -> Float32[np.ndarray, "reduced_h reduced_w 3"]:
    """Returns the picture with a long side of `long_side_px`, each pixel the mean of its area.

    A picture that is not larger comes back as it is, uncopied. The short side is rounded, so the
    point x of the picture is (x + 0.5) * reduced_w / w - 0.5 of the result; y likewise.

    Args:
        linear: linear light.
        long_side_px: at least 1.
    """
    height, width = linear.shape[:2]
    longest = max(height, width)
    if longest <= long_side_px:
        return linear
    size = [max(1, round(side * long_side_px / longest)) for side in (width, height)]
    smaller = cv2.resize(linear, size, interpolation=cv2.INTER_AREA)
    # OpenCV leaves out what a pixel covers by less than a thousandth, so its weights miss 1.
    smaller *= 1 / _area_weights(height, size[1])[:, None, None]
    smaller *= 1 / _area_weights(width, size[0])[:, None]
    return smaller


def _area_weights(side_px: int, reduced_px: int) -> Float32[np.ndarray, " reduced"]:
    column = np.ones((side_px, 1), np.float32)
    return cv2.resize(column, (1, reduced_px), interpolation=cv2.INTER_AREA).ravel()
