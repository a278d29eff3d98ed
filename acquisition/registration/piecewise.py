"""Parallax from the points of both faces: a smooth displacement that fades out around the face.

Each point carries a Gaussian. Their weights are solved for together, and the points are not taken
at their word: the light alone moves them by a percent of the inter-ocular distance.
"""

import numpy as np
from jaxtyping import Float32, Float64

from acquisition.registration.grid import Map, Points, SizeHW, pixels, resized

_WIDTH_IOD = 0.4
_DOUBT = 30.0
"""How little the points are trusted; 0 takes each at its word."""
_CELL_IOD = 0.1


def smooth_displacement(
    points: Points, displacement: Points, size_hw: SizeHW, iod_px: float
) -> Map:
    """Returns a displacement for each pixel of a picture that follows that of the points.

    Args:
        points: in the picture.
        displacement: of each point, in pixels of the other picture.
        size_hw: of the picture.
        iod_px: inter-ocular distance in the picture.
    """
    width_px = _WIDTH_IOD * iod_px
    system = _gaussians(points, points, width_px) + _DOUBT * np.eye(len(points))
    weights = np.linalg.solve(system, displacement.astype(np.float64))
    # The displacement is far smoother than the picture, so that a coarse net carries it.
    cell = max(_CELL_IOD * iod_px, 1.0)
    coarse_hw = (max(2, round(size_hw[0] / cell)), max(2, round(size_hw[1] / cell)))
    per_cell = np.array([size_hw[1] / coarse_hw[1], size_hw[0] / coarse_hw[0]], np.float32)
    at = ((pixels(coarse_hw) + 0.5) * per_cell - 0.5).reshape(-1, 2)
    coarse = (_gaussians(at, points, width_px) @ weights).astype(np.float32)
    return resized(coarse.reshape(*coarse_hw, 2), size_hw)


def _gaussians(
    at: Float32[np.ndarray, "m 2"], points: Points, width_px: float
) -> Float64[np.ndarray, "m n"]:
    apart = at[:, None].astype(np.float64) - points[None]
    return np.exp(-(apart**2).sum(axis=2) / (2 * width_px**2))
