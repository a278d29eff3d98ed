"""Maps between two pictures: making, scaling and applying them."""

import cv2
import numpy as np
from jaxtyping import Bool, Float32

Map = Float32[np.ndarray, "_ _ 2"]
"""Each has a size of its own."""
Affine = Float32[np.ndarray, "2 3"]
Points = Float32[np.ndarray, "n 2"]
SizeHW = tuple[int, int]


def pixels(size_hw: SizeHW) -> Map:
    """Returns the place of each pixel."""
    y, x = np.indices(size_hw, np.float32)
    return np.dstack([x, y])


def affine_map(affine: Affine, size_hw: SizeHW) -> Map:
    """Returns where an affine takes each pixel of a picture."""
    height, width = size_hw
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    (a, b, c), (d, e, f) = affine
    return np.dstack([a * x + b * y + c, d * x + e * y + f])


def moved(points: Points, affine: Affine) -> Points:
    """Returns points under an affine."""
    return points @ affine[:, :2].T + affine[:, 2]


def inverse(affine: Affine) -> Affine:
    """Returns the affine that leads back. One that folds everything together has none."""
    return cv2.invertAffineTransform(affine).astype(np.float32)


def scaling(source_hw: SizeHW, target_hw: SizeHW) -> Affine:
    """Returns the affine between two sizes of one picture: its corners stay its corners."""
    across, down = target_hw[1] / source_hw[1], target_hw[0] / source_hw[0]
    return np.array(
        [[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2]],
        np.float32,
    )


def resized(planes: np.ndarray, size_hw: SizeHW, how: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Returns planes at another size."""
    if planes.shape[:2] == size_hw:
        return planes
    return cv2.resize(planes, (size_hw[1], size_hw[0]), interpolation=how)


def shrunk(picture: np.ndarray, size_hw: SizeHW) -> np.ndarray:
    """Returns a smaller picture, each pixel the mean of its area; a larger one is interpolated."""
    smaller = size_hw[0] < picture.shape[0]
    return resized(picture, size_hw, cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)


def sampled(planes: np.ndarray, at: Map, how: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Returns what planes show at the places of a map; their edges are continued."""
    # With an empty array as its second map OpenCV 5 reads beyond it; with two maps it does not.
    x, y = np.ascontiguousarray(at[..., 0]), np.ascontiguousarray(at[..., 1])
    return cv2.remap(planes, x, y, how, borderMode=cv2.BORDER_REPLICATE)


def sampled_at(planes: np.ndarray, points: Points) -> Float32[np.ndarray, "n k"]:
    """Returns what planes show at some points."""
    found = sampled(planes, points[:, None, :].astype(np.float32))
    return np.asarray(found, np.float32).reshape(len(points), -1)


def inside_of(at: Map, size_hw: SizeHW) -> Bool[np.ndarray, "h w"]:
    """Returns where a map leads between the middles of a picture's outermost pixels."""
    x, y = at[..., 0], at[..., 1]
    return (x >= 0) & (y >= 0) & (x <= size_hw[1] - 1) & (y <= size_hw[0] - 1)
