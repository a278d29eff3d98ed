"""BlazeFace: boxes and six key points of all faces in a picture."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from deepflash.faces.network import Network
from deepflash.faces.patch import Square, cut, to_picture

SIZE_PX = 128
OUTPUTS = ("regressors", "classificators")
RIGHT_EYE, LEFT_EYE, NOSE, MOUTH, RIGHT_EAR, LEFT_EAR = range(6)

_STRIDES_AND_ANCHORS = ((8, 2), (16, 6))
_LARGEST_LOGIT = 60.0


@dataclass(frozen=True, eq=False)
class Detection:
    """One face; `right` and `left` are the person's."""

    box: Float32[np.ndarray, "4"]
    """x0, y0, x1, y1 in pixels; the box spans brows to chin and cheek to cheek."""
    keys: Float32[np.ndarray, "6 2"]
    """Right eye, left eye, nose tip, mouth, right ear, left ear."""
    score: float
    """0 to 1."""


def anchors() -> Float32[np.ndarray, "896 2"]:
    """Returns the points that the network's answers are relative to, in shares of the patch."""
    grids = []
    for stride, count in _STRIDES_AND_ANCHORS:
        middles = (np.arange(SIZE_PX // stride) + 0.5) * stride / SIZE_PX
        x, y = np.meshgrid(middles, middles)
        grids.append(np.repeat(np.column_stack([x.ravel(), y.ravel()]), count, axis=0))
    return np.concatenate(grids).astype(np.float32)


def decode(
    answers: Float32[np.ndarray, "896 16"],
    logits: Float32[np.ndarray, "896"],
    threshold: float,
) -> list[Detection]:
    """Returns the detections above `threshold`, in pixels of the patch, the best first.

    Args:
        answers: middle, size and six key points, each x before y, in pixels from the anchor.
        logits: how sure the network is.
        threshold: of the score, 0 to 1.
    """
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits, -_LARGEST_LOGIT, _LARGEST_LOGIT)))
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] >= threshold]
    origin = _ORIGINS_PX[order]
    middle = answers[order, 0:2] + origin
    half = np.abs(answers[order, 2:4]) / 2
    boxes = np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)
    keys = (answers[order, 4:].reshape(-1, 6, 2) + origin[:, None]).astype(np.float32)
    found = zip(boxes, keys, scores[order], strict=True)
    return [Detection(box=box, keys=points, score=float(score)) for box, points, score in found]


def overlap(
    box: Float32[np.ndarray, "4"],
    boxes: Float32[np.ndarray, "n 4"],
    of: Literal["union", "smaller"] = "union",
) -> Float32[np.ndarray, " n"]:
    """Returns the shared area of `box` and each of `boxes`, as a share of both or the smaller."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    own = np.prod(box[2:] - box[:2])
    others = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    whole = own + others - shared if of == "union" else np.minimum(own, others)
    return (shared / np.maximum(whole, np.float32(1e-9))).astype(np.float32)


def merge(
    detections: list[Detection],
    least_overlap: float,
    of: Literal["union", "smaller"] = "union",
) -> list[Detection]:
    """Returns one detection per face, the best first.

    What overlaps the best detection by more than `least_overlap` is averaged into it, weighted by
    score; its score is the best one's.
    """
    left = sorted(detections, key=lambda one: -one.score)
    merged = []
    while left:
        boxes = np.stack([one.box for one in left])
        same: Bool[np.ndarray, " n"] = overlap(left[0].box, boxes, of) > least_overlap
        same[0] = True
        group = [one for one, is_same in zip(left, same, strict=True) if is_same]
        left = [one for one, is_same in zip(left, same, strict=True) if not is_same]
        merged.append(_average(group))
    return merged


def _average(group: list[Detection]) -> Detection:
    weights = np.array([one.score for one in group], np.float32)
    weights /= weights.sum()
    return Detection(
        box=np.einsum("n,nk->k", weights, np.stack([one.box for one in group])),
        keys=np.einsum("n,nkd->kd", weights, np.stack([one.keys for one in group])),
        score=group[0].score,
    )


_ORIGINS_PX = anchors() * np.float32(SIZE_PX) - np.float32(0.5)
"""The network counts from the patch's edge; here the middle of the first pixel is 0."""


class Detector:
    """Asks BlazeFace about square parts of a picture."""

    def __init__(self, file: Path) -> None:
        """Takes the network's file, checked."""
        self._network = Network(file, OUTPUTS)

    def look(
        self, picture: UInt8[np.ndarray, "h w 3"], square: Square, threshold: float
    ) -> list[Detection]:
        """Returns the faces in an upright square of an RGB picture, in the picture's pixels."""
        patch = cut(picture, square, SIZE_PX, border=cv2.BORDER_CONSTANT)
        answers, logits = self._network.run(patch, lowest=-1.0)
        found = decode(answers.reshape(-1, 16), logits.reshape(-1), threshold)
        return [_placed(one, square) for one in merge(found, least_overlap=0.3)]


def _placed(detection: Detection, square: Square) -> Detection:
    corners = to_picture(detection.box.reshape(2, 2), square, SIZE_PX)
    keys = to_picture(detection.keys, square, SIZE_PX)
    return Detection(box=corners.reshape(4), keys=keys, score=detection.score)
