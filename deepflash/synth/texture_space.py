"""Values at the texels of a mesh's texture, from values at its vertices."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float32, Integer
from scipy.ndimage import distance_transform_edt

# Triangles of at most so many texels are filled all at once; the few larger ones one by one.
_BLOCK = 10


def rasterise(
    uv: Float[np.ndarray, "n 2"],
    values: Float[np.ndarray, "n c"],
    faces: Integer[np.ndarray, "m 3"],
    *,
    height: int,
    width: int,
) -> tuple[Float32[np.ndarray, "h w c"], Bool[np.ndarray, "h w"]]:
    """Interpolates values over a texture; texels that no triangle covers take the nearest.

    Args:
        uv: texture coordinates of the vertices in [0, width / height] x [0, 1].
        values: what to interpolate.
        faces: triangles.
        height: of the texture; row 0 is v = 0.
        width: of the texture.

    Returns:
        The values, and which texels a triangle covers.
    """
    corners = uv[faces] * height - 0.5  # (m, 3, 2): texel centres lie on whole numbers
    out = np.zeros((height, width, values.shape[1]), np.float32)
    covered = np.zeros((height, width), bool)
    low = np.floor(corners.min(1)).astype(int)
    extent = (np.ceil(corners.max(1)).astype(int) - low).max(1) + 1
    small = extent <= _BLOCK
    for group, block in [(np.nonzero(small)[0], _BLOCK)] + [
        (np.array([index]), int(extent[index])) for index in np.nonzero(~small)[0]
    ]:
        _fill(out, covered, corners[group], values[faces[group]], low[group], block)
    nearest: Any = distance_transform_edt(~covered, return_distances=False, return_indices=True)
    return out[nearest[0], nearest[1]], covered


def _fill(
    out: np.ndarray,
    covered: np.ndarray,
    corners: np.ndarray,
    values: np.ndarray,
    low: np.ndarray,
    block: int,
) -> None:
    steps = np.arange(block)
    x = low[:, None, None, 0] + steps[None, None, :]
    y = low[:, None, None, 1] + steps[None, :, None]
    (ax, ay), (bx, by), (cx, cy) = (
        (corners[:, k, 0, None, None], corners[:, k, 1, None, None]) for k in range(3)
    )
    area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    area = np.where(np.abs(area) < 1e-12, 1e-12, area)
    second = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area
    third = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area
    first = 1 - second - third
    height, width = covered.shape
    inside = (first >= -1e-6) & (second >= -1e-6) & (third >= -1e-6)
    inside &= (x >= 0) & (x < width) & (y >= 0) & (y < height)
    which, row, column = np.nonzero(inside)
    weights = np.stack([first[inside], second[inside], third[inside]], -1)
    at_y = low[which, 1] + row
    at_x = low[which, 0] + column
    out[at_y, at_x] = (weights[..., None] * values[which]).sum(1)
    covered[at_y, at_x] = True
