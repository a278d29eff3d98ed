"""First guess: the map between the points of both faces."""

import numpy as np
from jaxtyping import Float32

from acquisition.registration.grid import Affine, Points, moved

_ROUNDS = 3
_FAR_OFF = 2.5


def similarity(source: Points, target: Points) -> Affine:
    """Returns scale, rotation and shift from source to target with the least squared distance."""
    start, end = source.mean(axis=0), target.mean(axis=0)
    one, other = (source - start).astype(np.float64), (target - end).astype(np.float64)
    spread = max(float((one**2).sum()), 1e-12)
    along = float((one * other).sum()) / spread
    across = float((one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]).sum()) / spread
    turn = np.array([[along, -across], [across, along]])
    return np.column_stack([turn, end - turn @ start]).astype(np.float32)


def affine(source: Points, target: Points) -> Affine:
    """Returns the affine from source to target; points far off the rest are left out."""
    kept = np.ones(len(source), bool)
    fitted = similarity(source, target)
    for _ in range(_ROUNDS):
        fitted = _least_squares(source[kept], target[kept])
        distance = np.linalg.norm(moved(source, fitted) - target, axis=1)
        kept = distance <= _FAR_OFF * max(float(np.median(distance)), 1e-6)
    return fitted


def scale_and_rotation(affine: Affine) -> tuple[float, float]:
    """Returns the scale of a similarity, and its rotation in degrees, clockwise in a picture."""
    along, across = float(affine[0, 0]), float(affine[1, 0])
    return float(np.hypot(along, across)), float(np.degrees(np.arctan2(across, along)))


def residual(source: Points, target: Points) -> Float32[np.ndarray, " n"]:
    """Returns the distances between two sets of points."""
    return np.linalg.norm(source - target, axis=1).astype(np.float32)


def _least_squares(source: Points, target: Points) -> Affine:
    design = np.column_stack([source, np.ones(len(source))]).astype(np.float64)
    solved = np.linalg.lstsq(design, target.astype(np.float64), rcond=None)[0]
    return solved.T.astype(np.float32)
