"""What the 468 points of a face say: distances, open eyes, pose, expression, and the crop.

Right and left are the person's: the right eye is on the left of an unmirrored picture.
"""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32, Float64

from deepflash.faces.finder import Face

RIGHT_EYE_OUTER, RIGHT_EYE_INNER = 33, 133
LEFT_EYE_OUTER, LEFT_EYE_INNER = 263, 362
NOSE_TIP, NOSE_BRIDGE, NOSE_BASE = 1, 168, 2
MOUTH_RIGHT, MOUTH_LEFT = 61, 291
FOREHEAD, CHIN = 10, 152
INNER_LIP_TOP, INNER_LIP_BOTTOM = 13, 14

# Outer corner, two of the upper lid, inner corner, two of the lower lid; the eye aspect ratio
# pairs 1 with 5 and 2 with 4.
RIGHT_EYE_SIX = (33, 160, 158, 133, 153, 144)
LEFT_EYE_SIX = (263, 387, 385, 362, 380, 373)

# fmt: off
RIGHT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LEFT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
RIGHT_BROW = (70, 63, 105, 66, 107, 46, 53, 52, 65, 55)
LEFT_BROW = (300, 293, 334, 296, 336, 276, 283, 282, 295, 285)
OUTER_LIPS = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375,
    291, 409, 270, 269, 267, 0, 37, 39, 40, 185,
)
INNER_LIPS = (
    78, 95, 88, 178, 87, 14, 317, 402, 318, 324,
    308, 415, 310, 311, 312, 13, 82, 81, 80, 191,
)
FACE_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)
# fmt: on
"""Rings in order, each closed by its first point."""

_EXPRESSIVE = (
    RIGHT_EYE + RIGHT_BROW,
    LEFT_EYE + LEFT_BROW,
    OUTER_LIPS + INNER_LIPS,
)
_COUNT = 468

# A mean head in cm, x to the person's left, y down, z away from the camera. Neither chin nor lips:
# they move when the mouth opens.
_POSE_POINTS = (
    RIGHT_EYE_OUTER,
    RIGHT_EYE_INNER,
    LEFT_EYE_INNER,
    LEFT_EYE_OUTER,
    NOSE_BRIDGE,
    NOSE_TIP,
    NOSE_BASE,
    MOUTH_RIGHT,
    MOUTH_LEFT,
)
_POSE_HEAD_CM = (
    (-4.5, -3.4, -8.6),
    (-1.8, -3.2, -9.2),
    (1.8, -3.2, -9.2),
    (4.5, -3.4, -8.6),
    (0.0, -3.7, -10.7),
    (0.0, -0.4, -13.1),
    (0.0, 1.2, -11.6),
    (-2.5, 3.5, -10.2),
    (2.5, 3.5, -10.2),
)
_EYE_CORNERS_APART_CM = 9.0
_LIKELY_DISTANCE_CM = 120.0
_LEVEL_PITCH_DEG = -6.4
"""What the nine points give for heads that face the camera: the mean of 60 rendered people."""


class HeadPose(NamedTuple):
    """Where a head points, in degrees; rough: some 5 degrees off."""

    yaw_deg: float
    """Positive: towards the right edge of the picture, the person's left."""
    pitch_deg: float
    """Positive: up."""
    roll_deg: float
    """Positive: clockwise as seen in the picture."""


class Margins(NamedTuple):
    """Room around a face, in heights of the face from hairline to chin."""

    above: float = 0.7
    below: float = 1.0
    least_above: float = 0.4
    """Of a crop that must shrink to stay inside the picture: the hair still fits."""
    least_below: float = 0.15


PORTRAIT = Margins()


def inter_ocular(face: Face) -> float:
    """Returns the distance of the outer corners of the eyes in pixels."""
    return _distance(face.points, RIGHT_EYE_OUTER, LEFT_EYE_OUTER)


def eye_openness(face: Face) -> tuple[float, float]:
    """Returns the eye aspect ratio of the left and the right eye: height by width.

    About 0.3 for open eyes, below 0.15 for closed ones.
    """
    return _aspect_ratio(face.points, LEFT_EYE_SIX), _aspect_ratio(face.points, RIGHT_EYE_SIX)


def mouth_openness(face: Face) -> float:
    """Returns the gap between the lips by the distance of the mouth's corners; 0 is closed."""
    gap = _distance(face.points, INNER_LIP_TOP, INNER_LIP_BOTTOM)
    return gap / max(_distance(face.points, MOUTH_RIGHT, MOUTH_LEFT), 1e-6)


def normalised_shape(face: Face) -> Float32[np.ndarray, "468 2"]:
    """Returns the points with their mean at 0, eyes level, and an inter-ocular distance of 1."""
    across = face.points[LEFT_EYE_OUTER] - face.points[RIGHT_EYE_OUTER]
    length = max(float(np.linalg.norm(across)), 1e-6)
    x, y = across / length
    turn = np.array([[x, y], [-y, x]], np.float32)
    centred = face.points - face.points.mean(axis=0)
    return (centred @ turn.T / length).astype(np.float32)


def expression_change(face: Face, other: Face) -> float:
    """Returns how far eyes, brows or mouth moved, in shares of the inter-ocular distance.

    The rest of the face is laid onto the other one first: with the depths of `other` where they
    are known, which takes the difference of two viewpoints out, otherwise turned, moved and
    scaled only. Then the mean distance of each expressive part is taken; the largest counts.
    """
    shape, reference = normalised_shape(face), normalised_shape(other)
    rigid = np.ones(_COUNT, bool)
    for part in (*_EXPRESSIVE, FACE_OVAL):
        rigid[list(part)] = False
    design = _design(reference, other)
    solved = np.linalg.lstsq(design[np.repeat(rigid, 2)], shape[rigid].ravel(), rcond=None)[0]
    laid = (design @ solved).reshape(-1, 2)
    apart = np.linalg.norm(laid - shape, axis=1)
    return float(max(apart[list(part)].mean() for part in _EXPRESSIVE))


def head_pose(face: Face) -> HeadPose:
    """Returns where the head points, from nine points of a mean head."""
    seen = face.points[list(_POSE_POINTS)].astype(np.float64)
    # Any lens will do: the head is taken to be at a portrait's distance, in its axis.
    focal_px = inter_ocular(face) * _LIKELY_DISTANCE_CM / _EYE_CORNERS_APART_CM
    x, y = seen.mean(axis=0)
    lens = np.array([[focal_px, 0, x], [0, focal_px, y], [0, 0, 1]])
    head = np.array(_POSE_HEAD_CM)
    start = np.array([0.0, 0.0, _LIKELY_DISTANCE_CM])
    _, vector, _ = cv2.solvePnP(
        head,
        seen,
        lens,
        None,
        np.zeros(3),
        start,
        useExtrinsicGuess=True,
        flags=cv2.SOLVEPNP_ITERATIVE,
    )
    return _angles(cv2.Rodrigues(vector)[0])


def head_and_shoulders(
    face: Face,
    size_hw: tuple[int, int],
    *,
    aspect: float = 1.0,
    margins: Margins = PORTRAIT,
) -> tuple[float, float, float, float]:
    """Returns the crop of a portrait: x0, y0, x1, y1 in pixels, width = aspect * height.

    The crop is moved into the picture where it fits, and shrunk where it does not, as far as the
    head allows. It still reaches beyond the picture where the head is too near to an edge or too
    large; whoever cuts has to pad or clip.

    Args:
        face: whose.
        size_hw: height and width of the picture.
        aspect: width by height of the crop.
        margins: room above and below the face.
    """
    oval = face.points[list(FACE_OVAL)]
    (left, top), (right, bottom) = (
        (float(x), float(y)) for x, y in (oval.min(axis=0), oval.max(axis=0))
    )
    # A face that looks down or aside is foreshortened in one direction only.
    tall = max(bottom - top, (right - left) * 1.25)
    most = tall * (1 + margins.above + margins.below)
    least = tall * (1 + margins.least_above + margins.least_below)
    height = min(most, max(least, float(min(size_hw[0], size_hw[1] / aspect))))
    room = (height - least) / max(most - least, 1e-6)
    above = tall * (margins.least_above + room * (margins.above - margins.least_above))
    width = height * aspect
    x0 = _inside((left + right) / 2 - width / 2, width, size_hw[1])
    y0 = _inside((top + bottom) / 2 - tall / 2 - above, height, size_hw[0])
    return x0, y0, x0 + width, y0 + height


def _distance(points: Float32[np.ndarray, "468 2"], one: int, other: int) -> float:
    return float(np.linalg.norm(points[one] - points[other]))


def _aspect_ratio(points: Float32[np.ndarray, "468 2"], six: tuple[int, ...]) -> float:
    heights = _distance(points, six[1], six[5]) + _distance(points, six[2], six[4])
    return heights / max(2 * _distance(points, six[0], six[3]), 1e-6)


def _design(reference: Float32[np.ndarray, "468 2"], other: Face) -> Float64[np.ndarray, "936 k"]:
    """Returns what a linear fit may combine to get x and y (rows in turn) of the other shape."""
    one, zero = np.ones(_COUNT), np.zeros(_COUNT)
    x, y = reference.astype(np.float64).T
    if other.depth is None:
        rows = [[x, -y, one, zero], [y, x, zero, one]]
    else:
        z = other.depth.astype(np.float64) / max(inter_ocular(other), 1e-6)
        z -= z.mean()
        rows = [[x, -y, one, zero, z, zero], [y, x, zero, one, zero, z]]
    return np.transpose(np.array(rows), (2, 0, 1)).reshape(2 * _COUNT, -1)


def _angles(turn: Float64[np.ndarray, "3 3"]) -> HeadPose:
    ahead = -turn[:, 2]
    yaw = np.arctan2(ahead[0], -ahead[2])
    pitch = np.arctan2(-ahead[1], np.hypot(ahead[0], ahead[2]))
    # The person's left-hand axis, seen by an eye that looks straight at the face.
    level = np.array([np.cos(yaw), 0.0, np.sin(yaw)])
    roll = np.arctan2(turn[:, 0] @ np.cross(level, ahead), turn[:, 0] @ level)
    yaw_deg, pitch_deg, roll_deg = (float(np.degrees(value)) for value in (yaw, pitch, roll))
    return HeadPose(yaw_deg=yaw_deg, pitch_deg=pitch_deg - _LEVEL_PITCH_DEG, roll_deg=roll_deg)


def _inside(start: float, length: float, available: int) -> float:
    """Returns a start that keeps a stretch within the picture's pixels, if it is not longer."""
    if length > available:
        return start
    return min(max(start, -0.5), available - 0.5 - length)
