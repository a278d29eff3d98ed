"""Teeth and the whites of eyes get the correction of the skin around them.

To a network they look like glare: small, bright and without colour. Darkened as glare is, teeth
turn grey and eyes dull.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from deepflash.faces.finder import Face
from deepflash.faces.points import INNER_LIPS, LEFT_EYE, RIGHT_EYE

_GROWTH, _REACH = 0.012, 0.05  # of a face's height
# In squares of a face's height: closed up to the first, open from the second on. In between a
# feature counts in part, so that points that move by a hair move the result by as much.
_CLOSED, _OPEN = 0.0015, 0.0025
_FRACTION_BITS, _FINE = 4, 8


def even_over_features(
    correction: Float32[np.ndarray, "h w 3"], faces: Sequence[Face]
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the correction, inside eyes and open mouths that of their surroundings.

    Args:
        correction: decoded.
        faces: in pixels of `correction`. Closed eyes and mouths are left as they are.
    """
    even = correction.copy()
    for face in faces:
        height = max(face.box[3] - face.box[1], 1.0)
        inside = _mask(face, correction.shape[:2], height)
        sigma = max(_REACH * height, 1.0)
        outside = 1 - inside
        # Weights far from any skin vanish; there the correction stays.
        weight = cv2.GaussianBlur(outside, (0, 0), sigma)[..., None]
        around = cv2.GaussianBlur(even * outside[..., None], (0, 0), sigma)
        filled = np.where(weight > 1e-3, around / np.maximum(weight, 1e-3), even)
        even += inside[..., None] * (filled - even)
    return even


def _mask(face: Face, shape: tuple[int, ...], height: float) -> Float32[np.ndarray, "h w"]:
    mask = np.zeros(shape[:2], np.uint8)
    for ring in (RIGHT_EYE, LEFT_EYE, INNER_LIPS):
        points = face.points[list(ring)]
        area = cv2.contourArea(points) / height**2
        level = round(255 * min(max((area - _CLOSED) / (_OPEN - _CLOSED), 0.0), 1.0))
        if level:
            _draw(mask, points, level)
    grown = max(1, round(_GROWTH * height))
    wide = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grown + 1,) * 2))
    soft = cv2.GaussianBlur(wide, (0, 0), max(0.6, grown / 2))
    return soft.astype(np.float32) / 255


def _draw(mask: UInt8[np.ndarray, "h w"], ring: Float32[np.ndarray, "n 2"], level: int) -> None:
    """Draws larger and averages: lids a pixel apart cover some of their pixels, not all or none."""
    limits = np.array([mask.shape[1], mask.shape[0]])
    first = np.floor(ring.min(axis=0)).astype(int).clip(0, limits - 1)
    last = (np.ceil(ring.max(axis=0)).astype(int) + 1).clip(first + 1, limits)
    (left, top), (right, bottom) = first, last
    fine = np.zeros(((bottom - top) * _FINE, (right - left) * _FINE), np.uint8)
    points = (ring - first + 0.5) * _FINE - 0.5
    scaled = np.rint(points * (1 << _FRACTION_BITS)).astype(np.int32)
    cv2.fillPoly(fine, [scaled], level, cv2.LINE_AA, _FRACTION_BITS)
    size = (int(right - left), int(bottom - top))
    covered = cv2.resize(fine, size, interpolation=cv2.INTER_AREA).reshape(size[::-1])
    part = mask[top:bottom, left:right]
    np.maximum(part, covered, out=part)
