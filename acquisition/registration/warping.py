"""Applying a map to pictures of any size."""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32, Float64, Int, UInt8

from acquisition.registration.grid import Map, SizeHW, moved, sampled, scaling

_STRIP_ROWS = 256
_HALF = 127
_SHRINK_FROM = 1.5


class Enlargement(NamedTuple):
    """Sizes (height, width) that lead from a map between reduced pictures to the full ones."""

    studio_map_hw: SizeHW
    """Of the reduced studio picture that the map leads to."""
    phone_hw: SizeHW
    """Of the full phone picture."""
    studio_hw: SizeHW
    """Of the full studio picture."""


def enlarge(map_xy: Float32[np.ndarray, "h w 2"], sizes: Enlargement) -> Map:
    """Returns the map between the full pictures."""
    return np.concatenate([strip for _, strip in _strips(map_xy, sizes)])


def enlarge_valid(
    valid: UInt8[np.ndarray, "h w"], phone_hw: SizeHW
) -> UInt8[np.ndarray, "rows columns"]:
    """Returns the mask at the size of the full phone picture, 0 or 255, with smooth edges."""
    large = cv2.resize(valid, (phone_hw[1], phone_hw[0]), interpolation=cv2.INTER_LINEAR)
    return np.where(large > _HALF, 255, 0).astype(np.uint8)


def warp(
    linear_studio: Float32[np.ndarray, "i j 3"], map_xy: Float32[np.ndarray, "h w 2"]
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the studio's picture as the phone would have seen it, in linear light, at least 0.

    Interpolates cubically. Where the map leads out of the picture, its edge is continued.
    """
    factor = _shrinking(map_xy)
    picture, fitted = _shrunk(linear_studio, factor)
    height, width = map_xy.shape[:2]
    out = np.empty((height, width, 3), np.float32)
    for top in range(0, height, _STRIP_ROWS):
        rows = slice(top, min(top + _STRIP_ROWS, height))
        _warp_strip(picture, _moved_map(map_xy[rows], fitted), out[rows])
    return out


def warp_full(
    linear_studio: Float32[np.ndarray, "i j 3"],
    map_xy: Float32[np.ndarray, "h w 2"],
    sizes: Enlargement,
) -> Float32[np.ndarray, "rows columns 3"]:
    """Returns `warp` under the enlarged map, which is never there as a whole.

    Args:
        linear_studio: the full picture, linear light.
        map_xy: between the reduced pictures.
        sizes: of all pictures.
    """
    reach = sizes.studio_hw[1] / sizes.studio_map_hw[1] * map_xy.shape[1] / sizes.phone_hw[1]
    picture, fitted = _shrunk(linear_studio, _shrinking(map_xy) * reach)
    out = np.empty((*sizes.phone_hw, 3), np.float32)
    for rows, strip in _strips(map_xy, sizes):
        _warp_strip(picture, _moved_map(strip, fitted), out[rows])
    return out


def _strips(map_xy: Map, sizes: Enlargement) -> Iterator[tuple[slice, Map]]:
    """Yields rows of the enlarged map."""
    to_full = scaling(sizes.studio_map_hw, sizes.studio_hw)
    height, width = sizes.phone_hw
    # Columns once for all, rows strip by strip: the whole map is never there.
    x = _places(np.arange(width), width, map_xy.shape[1])
    wide = np.swapaxes(_between(np.swapaxes(_moved_map(map_xy, to_full), 0, 1), x), 0, 1)
    wide = np.ascontiguousarray(wide)
    for top in range(0, height, _STRIP_ROWS):
        rows = slice(top, min(top + _STRIP_ROWS, height))
        y = _places(np.arange(rows.start, rows.stop), height, map_xy.shape[0])
        yield rows, _between(wide, y)


def _places(
    full: Int[np.ndarray, " n"], full_length: int, length: int
) -> Float64[np.ndarray, " n"]:
    """Returns where pixels of a full side lie on the reduced side."""
    return (full + 0.5) * (length / full_length) - 0.5


def _between(map_xy: Map, y: Float64[np.ndarray, " n"]) -> Float32[np.ndarray, "n m 2"]:
    """Returns a map between its rows; OpenCV would round the places, and these are enlarged.

    Beyond its edge it goes on as it does there.
    """
    rows = np.clip(np.floor(y), 0, map_xy.shape[0] - 2).astype(np.intp)
    down = (y - rows).astype(np.float32)[:, None, None]
    above = map_xy[rows]
    return above + (map_xy[rows + 1] - above) * down


def _warp_strip(
    picture: Float32[np.ndarray, "i j 3"],
    strip: Float32[np.ndarray, "h w 2"],
    out: Float32[np.ndarray, "h w 3"],
) -> None:
    # A cubic overshoots beside bright edges, and light is not negative.
    np.maximum(sampled(picture, strip, cv2.INTER_CUBIC), 0, out=out)


def _moved_map(map_xy: Map, affine: np.ndarray) -> Map:
    return moved(map_xy.reshape(-1, 2), affine).reshape(map_xy.shape).astype(np.float32)


def _shrinking(map_xy: Map) -> float:
    """Returns how many pixels of the studio's picture fall on one of the phone's, along a line."""
    along = np.linalg.norm(np.diff(map_xy, axis=1), axis=2)
    return float(np.median(along)) if along.size else 1.0


def _shrunk(
    picture: Float32[np.ndarray, "i j 3"], factor: float
) -> tuple[Float32[np.ndarray, "k l 3"], np.ndarray]:
    """Returns the picture, averaged down where pixels would be skipped, and the affine to it."""
    source_hw = picture.shape[0], picture.shape[1]
    if factor < _SHRINK_FROM:
        return picture, scaling(source_hw, source_hw)
    target_hw = max(1, round(source_hw[0] / factor)), max(1, round(source_hw[1] / factor))
    small = cv2.resize(picture, (target_hw[1], target_hw[0]), interpolation=cv2.INTER_AREA)
    return small, scaling(source_hw, target_hw)
