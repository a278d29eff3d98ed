"""Square patches of a picture, turned and reduced without aliasing, and the way back."""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8


class Square(NamedTuple):
    """A square in a picture; the middle of the picture's first pixel is (0, 0)."""

    x: float
    y: float
    side_px: float
    angle_rad: float = 0.0
    """Its x axis points this much clockwise (towards y) of the picture's."""


def cut(
    picture: UInt8[np.ndarray, "h w 3"], square: Square, size_px: int, *, border: int
) -> UInt8[np.ndarray, "s s 3"]:
    """Returns the part of `picture` in `square`, `size_px` wide; `border` as OpenCV names it."""
    reduction = max(1, int(square.side_px // size_px))
    left, top, region = _region(picture, square, reduction)
    # From the patch's pixels to the picture's, then to those of the reduced region.
    back = _patch_to_picture(square, size_px)
    back[:, 2] = (back[:, 2] - (left, top) + 0.5) / reduction - 0.5
    back[:, :2] /= reduction
    return cv2.warpAffine(
        region,
        back,
        (size_px, size_px),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=border,
    )


def to_picture(
    points: Float32[np.ndarray, "n 2"], square: Square, size_px: int
) -> Float32[np.ndarray, "n 2"]:
    """Returns where points in pixels of a patch lie in the picture that it was cut from."""
    back = _patch_to_picture(square, size_px)
    return (points @ back[:, :2].T + back[:, 2]).astype(np.float32)


def _patch_to_picture(square: Square, size_px: int) -> Float64[np.ndarray, "2 3"]:
    scale = square.side_px / size_px
    cosine, sine = np.cos(square.angle_rad) * scale, np.sin(square.angle_rad) * scale
    turn = np.array([[cosine, -sine], [sine, cosine]])
    middle = (size_px - 1) / 2
    shift = np.array([square.x, square.y]) - turn @ (middle, middle)
    return np.column_stack([turn, shift])


def _region(
    picture: UInt8[np.ndarray, "h w 3"], square: Square, reduction: int
) -> tuple[int, int, UInt8[np.ndarray, "_ _ 3"]]:
    """Returns left, top and pixels of the part around `square`, area-averaged by `reduction`."""
    height, width = picture.shape[:2]
    turned = abs(np.cos(square.angle_rad)) + abs(np.sin(square.angle_rad))
    reach = square.side_px / 2 * turned + 2 * reduction
    left, right = _range(square.x, reach, width)
    top, bottom = _range(square.y, reach, height)
    region = np.ascontiguousarray(picture[top:bottom, left:right])
    if reduction > 1:
        columns, rows = (max(1, n // reduction) for n in (right - left, bottom - top))
        region = region[: rows * reduction, : columns * reduction]
        region = cv2.resize(region, (columns, rows), interpolation=cv2.INTER_AREA)
    return left, top, region


def _range(middle: float, reach: float, length: int) -> tuple[int, int]:
    """Returns first and last + 1 of the pixels within reach; at least one pixel."""
    first = min(max(int(np.floor(middle - reach)), 0), length - 1)
    last = max(min(int(np.ceil(middle + reach)) + 1, length), first + 1)
    return first, last
