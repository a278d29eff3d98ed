"""One small correction for a whole photograph, with its faces as large as the network knows them.

A network that was trained on faces of a certain size is sure of those. The whole photograph is
reduced until its largest face has that size; every face that is then too small is looked at once
more in a window of its own, which is blended in around it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from deepflash.enhance.correction import CorrectionModel
from deepflash.enhance.pipeline import Pixels, reduced

Box = tuple[float, float, float, float]

# In shares of the size that a network was trained at. Faces of the training pictures are a
# quarter to three quarters of it high.
_FACE, _SMALLEST_FACE = 0.4, 0.22
_LEAST, _MOST = 1.0, 2.0
_WINDOW = 4.0
_LARGEST_CANVAS = 4.0


class Canvas(NamedTuple):
    """What the network says about a photograph."""

    picture: Float32[np.ndarray, "h w 3"]
    """The photograph reduced, sRGB-encoded in [0,1]."""
    correction: Float32[np.ndarray, "h w 3"]
    """Decoded, at full strength."""


def canvas_of(
    model: CorrectionModel,
    photo: Pixels,
    faces: Sequence[Box],
    *,
    size: int | None = None,
) -> Canvas:
    """Returns the correction of a photograph.

    Args:
        model: answers with a correction.
        photo: sRGB-encoded, upright.
        faces: boxes from brow to chin and ear to ear, x0, y0, x1, y1 in pixels of `photo`.
        size: long side in pixels at which the network sees the whole photograph, instead of the
            size that fits the largest face. The photograph is never enlarged for it.

    Raises:
        ModelFileError: the network answers with something that is not finite.
    """
    long_side = max(photo.shape[:2])
    heights = [(box[3] - box[1]) / long_side for box in faces]
    whole = size or _whole_size(model.size, heights)
    small = reduced(photo, whole)
    correction = model.correction(small)
    tiny = [
        box
        for box, height in zip(faces, heights, strict=True)
        if 0 < height * max(small.shape[:2]) < _SMALLEST_FACE * model.size
    ]
    if size or not tiny:
        return Canvas(small, correction)
    least = min((box[3] - box[1]) / long_side for box in tiny)
    across = min(_FACE * model.size / least, _LARGEST_CANVAS * model.size)
    picture = reduced(photo, round(across))
    height, width = picture.shape[:2]
    correction = cv2.resize(correction, (width, height), interpolation=cv2.INTER_LINEAR)
    scale = max(picture.shape[:2]) / long_side
    for box in sorted(tiny, key=lambda box: box[3] - box[1]):
        _blend_in(model, picture, correction, tuple(scale * value for value in box))
    return Canvas(picture, correction)


def _whole_size(trained: int, heights: Sequence[float]) -> int:
    if not heights:
        return round(1.4 * trained)
    wanted = _FACE / max(*heights, 1e-6)
    return round(trained * min(max(wanted, _LEAST), _MOST))


def _blend_in(
    model: CorrectionModel,
    picture: Float32[np.ndarray, "h w 3"],
    correction: Float32[np.ndarray, "h w 3"],
    box: Box,
) -> None:
    """Replaces the correction around one face by that of a window, fading towards its border."""
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = box
    half = _WINDOW / 2 * (y1 - y0)
    left, right = max(0, round((x0 + x1) / 2 - half)), min(width, round((x0 + x1) / 2 + half))
    top, bottom = max(0, round((y0 + y1) / 2 - half)), min(height, round((y0 + y1) / 2 + half))
    if right - left < 2 or bottom - top < 2:
        return
    window = np.s_[top:bottom, left:right]
    part = np.ascontiguousarray(picture[window])
    factor = _FACE * model.size / max(y1 - y0, 1e-6)
    shape = (max(1, round((right - left) * factor)), max(1, round((bottom - top) * factor)))
    seen = cv2.resize(
        part, shape, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    ).reshape(*shape[::-1], 3)
    answer = cv2.resize(model.correction(seen), (right - left, bottom - top))
    rows = (np.arange(top, bottom, dtype=np.float32) - (y0 + y1) / 2) / half
    columns = (np.arange(left, right, dtype=np.float32) - (x0 + x1) / 2) / half
    away = np.hypot(rows[:, None], columns)
    weight = np.cos(np.clip((away - 0.4) / 0.6, 0, 1) * np.float32(np.pi)) / 2 + 0.5
    correction[window] += weight[..., None].astype(np.float32) * (answer - correction[window])


def near_faces(
    shape: tuple[int, int], boxes: Sequence[Box], values: Sequence[float]
) -> Float32[np.ndarray, "h w"]:
    """Returns a number at each place: that of the faces near it; 1 without any face.

    Args:
        shape: height and width in pixels.
        boxes: of the faces, in the same pixels.
        values: of the faces: strengths, or a channel of their offsets.
    """
    height, width = shape
    if len(set(values)) < 2:
        return np.full(shape, values[0] if values else 1.0, np.float32)
    total, weighted = np.full(shape, 1e-12), np.zeros(shape)
    rows, columns = np.arange(height)[:, None], np.arange(width)
    for (x0, y0, x1, y1), value in zip(boxes, values, strict=True):
        size = max(y1 - y0, x1 - x0, 1.0)
        away = ((rows - (y0 + y1) / 2) ** 2 + (columns - (x0 + x1) / 2) ** 2) / size**2
        # Falls like a Gaussian on and beside the face and slowly far away, where it never is 0.
        weight = np.exp(-2 * away) + 1e-3 / (1 + away)
        total += weight
        weighted += weight * value
    return (weighted / total).astype(np.float32)
