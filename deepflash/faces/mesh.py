"""FaceMesh: 468 points on a face whose place is known roughly."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from deepflash.faces.detector import LEFT_EYE, RIGHT_EYE, Detection
from deepflash.faces.network import Network
from deepflash.faces.patch import Square, cut, to_picture

SIZE_PX = 192
OUTPUTS = ("conv2d_21", "conv2d_31")

_POINTS = 468
_MARGIN = 1.5
_EYES = (33, 263)
_LARGEST_LOGIT = 60.0


@dataclass(frozen=True, eq=False)
class MeshPoints:
    """What FaceMesh says of one patch."""

    points: Float32[np.ndarray, "468 2"]
    """x, y in pixels of the picture."""
    depth: Float32[np.ndarray, "468"]
    """In the same unit, away from the camera; only differences mean something."""
    score: float
    """0 to 1: whether there is a face in the patch at all."""


class Mesh:
    """Asks FaceMesh about faces in a picture."""

    def __init__(self, file: Path) -> None:
        """Takes the network's file, checked."""
        self._network = Network(file, OUTPUTS)

    def around(self, picture: UInt8[np.ndarray, "h w 3"], square: Square) -> MeshPoints:
        """Returns the points of the face that fills `square` but for a margin; RGB."""
        patch = cut(picture, square, SIZE_PX, border=cv2.BORDER_REPLICATE)
        values, logit = self._network.run(patch, lowest=0.0)
        found = values.reshape(_POINTS, 3)
        sure = float(np.clip(logit.reshape(-1)[0], -_LARGEST_LOGIT, _LARGEST_LOGIT))
        return MeshPoints(
            # The network counts from the patch's edge, `to_picture` from its first pixel's middle.
            points=to_picture(found[:, :2] - np.float32(0.5), square, SIZE_PX),
            depth=(found[:, 2] * (square.side_px / SIZE_PX)).astype(np.float32),
            score=float(1.0 / (1.0 + np.exp(-sure))),
        )


def square_of_detection(detection: Detection) -> Square:
    """Returns the square for `Mesh.around`: eyes level, half as large again as the box."""
    across = detection.keys[LEFT_EYE] - detection.keys[RIGHT_EYE]
    x0, y0, x1, y1 = (float(value) for value in detection.box)
    return Square(
        x=(x0 + x1) / 2,
        y=(y0 + y1) / 2,
        side_px=max(x1 - x0, y1 - y0) * _MARGIN,
        angle_rad=float(np.arctan2(across[1], across[0])),
    )


def square_of_points(points: Float32[np.ndarray, "468 2"]) -> Square:
    """Returns the square for another look, from points found before."""
    across = points[_EYES[1]] - points[_EYES[0]]
    angle = float(np.arctan2(across[1], across[0]))
    axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    level = points @ axes.T
    low, high = level.min(axis=0), level.max(axis=0)
    x, y = (low + high) / 2 @ axes
    side = float((high - low).max()) * _MARGIN
    return Square(x=float(x), y=float(y), side_px=side, angle_rad=angle)
