"""Eyes cut out of a photograph, in linear light, with the contour of the lids."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8, UInt16

from deepflash.faces.finder import Face
from deepflash.faces.points import LEFT_EYE, LEFT_EYE_OUTER, RIGHT_EYE, RIGHT_EYE_OUTER
from deepflash.pictures import srgb_to_linear, to_unit

Pixels = UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"]

LEAST_WIDTH_PX = 8.0
"""Between the corners of an eye; a pupil is a pixel or two in smaller ones."""
GROWTH = 0.045
"""The contour is off by up to 3 % of the distance between the eyes; in widths of an eye."""
VIEW_PX = 64
"""Width of every eye when pupils are searched, so that one set of radii serves all pictures."""

_ROOM = 0.3
_CORNERS_APART = 8
# Cheeks, brow and forehead: points that neither make-up of the eyes nor a beard reaches.
_SKIN_POINTS = (50, 280, 205, 425, 36, 266, 151, 9, 108, 337, 187, 411)
_SKIN_PATCH = 0.03
_FINE = 4  # bits of a pixel's fraction in OpenCV's drawing


@dataclass(frozen=True, eq=False)
class Eye:
    """A rectangle of a picture around one eye."""

    light: Float32[np.ndarray, "h w 3"]
    """Linear light in [0,1]."""
    contour: Float32[np.ndarray, "n 2"]
    """x, y in pixels of `light`: along the lids, from the outer corner on."""
    width: float
    """Between the corners, in pixels of `light`."""
    left: int = 0
    top: int = 0
    """Where the rectangle begins in the picture."""


def eyes_of(pixels: Pixels, face: Face) -> list[Eye]:
    """Returns the eyes of a face that are large enough to look at; sRGB-encoded pixels."""
    eyes = (_cut(pixels, face.points[list(ring)]) for ring in (RIGHT_EYE, LEFT_EYE))
    return [eye for eye in eyes if eye is not None]


def _cut(pixels: Pixels, contour: Float32[np.ndarray, "n 2"]) -> Eye | None:
    width = float(np.linalg.norm(contour[0] - contour[_CORNERS_APART]))
    if width < LEAST_WIDTH_PX:
        return None
    limits = np.array([pixels.shape[1], pixels.shape[0]])
    first = np.floor(contour.min(axis=0) - _ROOM * width).astype(int).clip(0, limits)
    last = np.ceil(contour.max(axis=0) + _ROOM * width).astype(int).clip(0, limits)
    if (last - first).min() < LEAST_WIDTH_PX / 2:
        return None
    (left, top), (right, bottom) = first, last
    light = srgb_to_linear(to_unit(pixels[top:bottom, left:right]))
    return Eye(light, (contour - first).astype(np.float32), width, int(left), int(top))


def at_view_size(eye: Eye) -> Eye:
    """Returns the eye resized to a width of `VIEW_PX`."""
    height, width = eye.light.shape[:2]
    factor = VIEW_PX / eye.width
    shape = (max(round(width * factor), 1), max(round(height * factor), 1))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    light = cv2.resize(eye.light, shape, interpolation=method).clip(0, 1)
    factors = np.array(shape, np.float32) / np.array([width, height], np.float32)
    half = np.float32(0.5)
    return Eye(light, (eye.contour + half) * factors - half, float(VIEW_PX))


def between_lids(eye: Eye) -> Bool[np.ndarray, "h w"]:
    """Returns where the eyeball may show: inside the contour, and `GROWTH` around it."""
    inside = np.zeros(eye.light.shape[:2], np.uint8)
    ring = np.round(eye.contour * 2**_FINE).astype(np.int32).reshape(-1, 1, 2)
    cv2.fillPoly(inside, [ring], 1, cv2.LINE_8, _FINE)
    reach = max(round(GROWTH * eye.width), 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return cv2.dilate(inside, disc).astype(bool)


def skin_light(pixels: Pixels, face: Face) -> Float32[np.ndarray, "3"]:
    """Returns the linear light of the face's skin: the median of some patches; 0.5 without any."""
    across = np.linalg.norm(face.points[LEFT_EYE_OUTER] - face.points[RIGHT_EYE_OUTER])
    reach = max(1, int(across * _SKIN_PATCH))
    patches = []
    for x, y in np.round(face.points[list(_SKIN_POINTS)]).astype(int):
        rows = slice(max(y - reach, 0), max(y + reach + 1, 0))
        columns = slice(max(x - reach, 0), max(x + reach + 1, 0))
        patch = pixels[rows, columns]
        if patch.size:
            patches.append(srgb_to_linear(to_unit(patch)).mean(axis=(0, 1)))
    return np.median(patches or [np.full(3, 0.5)], axis=0).astype(np.float32)
