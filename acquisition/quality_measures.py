"""Figures of decoded pictures: luminance, clipping, sharpness, motion, likeness."""

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

LONG_SIDE_PX = 512
"""All figures are defined at this size of the picture's long side."""

Picture = UInt8[np.ndarray, "h w 3"]
Plane = Float32[np.ndarray, "h w"]

_CLIPPED_LEVEL = 253
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
_THUMBNAIL_PX = 64
# How much larger one device may show the scene than the other.
_SCALES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def reduced(picture: Picture) -> UInt8[np.ndarray, "rows columns 3"]:
    """Returns the picture with a long side of 512 pixels; a smaller one is enlarged."""
    height, width = picture.shape[:2]
    scale = LONG_SIDE_PX / max(height, width)
    if scale == 1.0:
        return picture
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)


def centre(plane: np.ndarray) -> np.ndarray:
    """Returns the middle half in width and 60 % in height, where the face is."""
    height, width = plane.shape[:2]
    return plane[round(0.2 * height) : round(0.8 * height), width // 4 : width - width // 4]


def luminance(picture: Picture) -> Plane:
    """Returns linear luminance, 0 to 1, of an sRGB picture."""
    levels = np.arange(256, dtype=np.float32) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return (linear.astype(np.float32)[picture] @ _LUMINANCE).astype(np.float32)


def clipped_share(picture: Picture) -> float:
    """Returns the share of the centre's pixels with at least two channels at white."""
    return float(((centre(picture) >= _CLIPPED_LEVEL).sum(2) >= 2).mean())


def sharpness(picture: Picture) -> float:
    """Returns the strength of fine structure over that of coarse structure in the centre.

    It does not change with exposure or contrast. Structure below two pixels is left out, because
    most of it is noise.
    """
    grey = np.sqrt(luminance(reduced(picture)))
    fine = cv2.GaussianBlur(grey, (0, 0), 1.0) - cv2.GaussianBlur(grey, (0, 0), 2.0)
    coarse = cv2.GaussianBlur(grey, (0, 0), 4.0) - cv2.GaussianBlur(grey, (0, 0), 16.0)
    return float(centre(fine).std() / (centre(coarse).std() + 0.01))


def local_contrast(plane: Plane, sigma_px: float) -> Plane:
    """Returns the logarithm of luminance with mean 0 and spread 1 around each pixel."""
    level = np.log(plane + np.float32(0.01))
    level = level - cv2.GaussianBlur(level, (0, 0), sigma_px)
    spread = np.sqrt(cv2.GaussianBlur(level * level, (0, 0), sigma_px))
    return (level / (spread + np.float32(0.05))).astype(np.float32)


def motion(
    before: Picture, after: UInt8[np.ndarray, "rows columns 3"]
) -> tuple[float, float] | None:
    """Returns the shift in percent of the picture's width, and how clear it is from 0 to 1.

    None for pictures of different shape. Only the centre counts: the wall behind does not move.
    """
    if before.shape != after.shape:
        return None
    planes = [
        np.ascontiguousarray(centre(local_contrast(luminance(reduced(picture)), 12.0)))
        for picture in (before, after)
    ]
    height, width = planes[0].shape
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    (shift_x, shift_y), response = cv2.phaseCorrelate(planes[0], planes[1], window)
    whole_width = reduced(before).shape[1]
    return 100.0 * float(np.hypot(shift_x, shift_y)) / whole_width, float(response)


def likeness(one: Picture, other: UInt8[np.ndarray, "rows columns 3"]) -> float:
    """Returns from -1 to 1 how alike two scenes are in structure, whatever their light.

    The middle of one is looked for in the other at several sizes and places, both ways round.
    """
    first, second = _thumbnail(one), _thumbnail(other)
    return max(_best_match(first, second), _best_match(second, first))


def _thumbnail(picture: Picture) -> Float32[np.ndarray, "rows columns"]:
    plane = luminance(picture)
    height, width = plane.shape
    scale = _THUMBNAIL_PX / min(height, width)
    size = (round(width * scale), round(height * scale))
    small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    return local_contrast(np.asarray(small, np.float32), 6.0)


def _best_match(whole: Plane, other: Float32[np.ndarray, "rows columns"]) -> float:
    height, width = other.shape
    part = other[height // 6 : height - height // 6, width // 6 : width - width // 6]
    best = -1.0
    for scale in _SCALES:
        size = (round(part.shape[1] * scale), round(part.shape[0] * scale))
        small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        if small.shape[0] <= whole.shape[0] and small.shape[1] <= whole.shape[1]:
            matches = cv2.matchTemplate(whole, small, cv2.TM_CCOEFF_NORMED)
            best = max(best, float(matches.max()))
    return best
