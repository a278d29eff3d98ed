"""Teeth and the whites of eyes get the correction of the skin around them.

To a network they look like glare: small, bright and without colour. Darkened as glare is, teeth
turn grey and eyes dull.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float32

from deepflash.faces.finder import Face
from deepflash.faces.points import INNER_LIPS, LEFT_EYE, RIGHT_EYE

_GROWTH, _REACH = 0.012, 0.05  # of a face's height
_LEAST_AREA = 0.002  # of the square of a face's height
_FRACTION_BITS = 4


def even_over_features(
    correction: Float32[np.ndarray, "h w 3"], faces: Sequence[Face]
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the correction, inside eyes and open mouths that of their surroundings.

    Args:
        correction: decoded.
        faces: in pixels of `correction`. A closed mouth is left as it is.
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
    scaled = np.rint(face.points * (1 << _FRACTION_BITS)).astype(np.int32)
    for ring in (RIGHT_EYE, LEFT_EYE, INNER_LIPS):
        if cv2.contourArea(face.points[list(ring)]) < _LEAST_AREA * height**2:
            continue  # closed
        cv2.fillPoly(mask, [scaled[list(ring)]], 255, shift=_FRACTION_BITS, lineType=cv2.LINE_AA)
    grown = max(1, round(_GROWTH * height))
    wide = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grown + 1,) * 2))
    soft = cv2.GaussianBlur(wide, (0, 0), max(0.6, grown / 2))
    return soft.astype(np.float32) / 255
