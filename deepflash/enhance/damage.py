"""Whether anything is left of a picture that could be enhanced."""

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

SMALLEST_PX = 64
"""Long side below which no face has pixels enough."""
LEAST_SPREAD = 1.5
"""Standard deviation, in 8-bit levels, below which a picture shows nothing."""
BLACK, WHITE = 8, 248
MOST_CLIPPED = 0.99
"""Share of pixels that may be black, or white; a face in a dark room is a hundredth at least."""
MOST_FILLED = 0.1
"""Share that a decoder may have filled, where a JPEG was cut off."""

_FILL = 128
"""A JPEG decoder puts zeros where data is missing, and zeros are this grey."""
_ROUNDING = 1
"""Levels by which a colour profile and a reduction may move it."""

Picture = UInt8[np.ndarray, "h w 3"]


def damage(picture: Picture) -> str:
    """Returns what is wrong with a picture, as the end of a sentence; empty if it is whole.

    Args:
        picture: sRGB-encoded.
    """
    height, width = picture.shape[:2]
    if max(height, width) < SMALLEST_PX:
        return f"it has only {width} x {height} pixels"
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    if (grey <= BLACK).mean() > MOST_CLIPPED:
        return "it is black all over"
    if (grey >= WHITE).mean() > MOST_CLIPPED:
        return "it is white all over"
    if spread(picture) < LEAST_SPREAD:
        return "it is of one colour all over"
    filled = filled_share(picture)
    if filled > MOST_FILLED:
        return f"{filled:.0%} of it is the plain grey that a cut-off JPEG leaves"
    return ""


def spread(picture: Picture) -> float:
    """Returns the largest standard deviation of a channel, in 8-bit levels."""
    return float(cv2.meanStdDev(picture)[1].max())


def filled_share(picture: Picture) -> float:
    """Returns the share of whole lines, from one edge on, that are nothing but a decoder's filling.

    From any edge: a photograph that was taken upright may be stored lying.
    """
    rows, columns = (
        (picture.min(axis=axes) >= _FILL - _ROUNDING)
        & (picture.max(axis=axes) <= _FILL + _ROUNDING)
        for axes in ((1, 2), (0, 2))
    )
    return max(_leading(lines) for lines in (rows, rows[::-1], columns, columns[::-1]))


def _leading(lines: Bool[np.ndarray, " n"]) -> float:
    """Returns the share of lines before the first one that is False."""
    return 1.0 if lines.all() else float(lines.argmin()) / len(lines)
