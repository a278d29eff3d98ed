"""Before and after, side by side, small enough to look at."""

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8, UInt16

from deepflash.enhance.colour import Conversion
from deepflash.pictures import from_unit, to_unit, write_picture

_LONGEST_SIDE = 1024
_GAP = 8


def _small(
    pixels: UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"], profile: Conversion | None
) -> UInt8[np.ndarray, "small_h small_w 3"]:
    height, width = pixels.shape[:2]
    scale = min(1.0, _LONGEST_SIDE / max(height, width))
    shape = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels, shape, interpolation=cv2.INTER_AREA)
    if profile is not None:
        return from_unit(profile.to_srgb(to_unit(small)))
    return small if small.dtype == np.uint8 else from_unit(to_unit(small))


def side_by_side(
    before: UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"],
    after: UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"],
    *,
    profile: Conversion | None = None,
) -> UInt8[np.ndarray, "small_h both_w 3"]:
    """Returns before | after, each at most 1024 pixels long, RGB, sRGB-encoded.

    Args:
        before: the photograph, RGB.
        after: its result, of the same size.
        profile: what both are encoded in; None is sRGB. Colours outside of sRGB are clipped.
    """
    left, right = _small(before, profile), _small(after, profile)
    gap = np.full((left.shape[0], _GAP, 3), 255, np.uint8)
    return np.hstack([left, gap, right])


def write_preview(
    path: Path,
    before: UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"],
    after: UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"],
    *,
    profile: Conversion | None = None,
) -> None:
    """Writes `side_by_side` as a JPEG. Raises StorageError."""
    write_picture(path, side_by_side(before, after, profile=profile), quality=90)
