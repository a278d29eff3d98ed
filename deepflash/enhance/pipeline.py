"""A small correction applied to the whole photograph, at its own size and depth.

The correction is brought up along the edges of a picture of at most `MIDDLE_PX`, of which fine
texture was taken away, and from there to the full size linearly: an edge is then off by a pixel
or two of twelve million, and the costly part does not grow with the photograph. The photograph
itself is never resized or filtered, so its texture comes through (Capece et al. 2019, Fig. 3: the
difference is subtracted from the unfiltered photograph).
"""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32, Real, UInt8, UInt16

from deepflash.enhance.correction import TargetName
from deepflash.pictures import to_unit
from deepflash.upsample import (
    correction_rows,
    fit_to_guide,
    strips,
    texture_radius,
    with_halo,
    without_texture,
)

Pixels = UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"] | Float32[np.ndarray, "h w 3"]
_Shrunk = (
    UInt8[np.ndarray, "small_h small_w 3"]
    | UInt16[np.ndarray, "small_h small_w 3"]
    | Float32[np.ndarray, "small_h small_w 3"]
)

MIDDLE_PX = 1536
"""Long side up to which edges are followed; a square multiple of time beyond."""
# A radius of 2 costs 1 dB on drawn pictures with known corrections (tests/test_upsample.py) and
# doubles the texture that leaks. An epsilon of 4e-3 keeps 0.4 % more of a real face's fine detail
# than 1e-4 and costs 0.05 dB at most.
_RADIUS = 1
_EPSILON = 4e-3
_DEPTH = {np.dtype(np.uint8): cv2.CV_8U, np.dtype(np.uint16): cv2.CV_16U}


def reduced(photo: Pixels, size: int) -> Float32[np.ndarray, "small_h small_w 3"]:
    """Returns the photograph in [0,1] with its long side reduced to `size` by area averaging.

    A photograph that is not larger keeps its size. The encoding stays.
    """
    small = shrunk(photo, size)
    return to_unit(small) if np.issubdtype(small.dtype, np.integer) else small


def shrunk(photo: Pixels, size: int) -> _Shrunk:
    """Returns what `reduced` does in the photograph's own depth, rounded to it."""
    height, width = photo.shape[:2]
    scale = min(1.0, size / max(height, width))
    if scale == 1:
        return photo
    shape = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(photo, shape, interpolation=cv2.INTER_AREA)
    return small.reshape(*shape[::-1], 3)


class Small(NamedTuple):
    """A correction at the size the networks work at."""

    picture: Float32[np.ndarray, "h w 3"]
    """The photograph reduced, in [0,1] and its own encoding."""
    correction: Float32[np.ndarray, "h w 3"]
    """Decoded, to be applied in that encoding; 0 changes nothing."""
    target: TargetName


def corrected(
    pixels: Pixels, small: Small, *, mask: Float32[np.ndarray, "mask_h mask_w"] | None = None
) -> Pixels:
    """Returns the corrected photograph, of its own size and depth.

    Where the correction is 0 not a bit is changed.

    Args:
        pixels: RGB; uint8, uint16 or float32 in [0,1]. Left unchanged.
        small: the correction and the picture that it belongs to.
        mask: factor on the correction, of any size, in [0,1]; exactly 0 where nothing may change.
    """
    middle = _middle_correction(shrunk(pixels, MIDDLE_PX), small)
    if mask is not None:
        height, width = middle.shape[:2]
        middle *= cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)[..., None]
    if small.target == "log_ratio":
        np.exp(np.negative(middle, out=middle), out=middle)
    result = np.empty_like(pixels)
    for rows, values in _full_rows(middle, pixels.shape[0], pixels.shape[1]):
        _apply(small.target, pixels[rows], values, result[rows])
    return result


def _middle_correction(middle: Pixels, small: Small) -> Float32[np.ndarray, "h w 3"]:
    fitted = fit_to_guide(small.correction, small.picture, radius=_RADIUS, epsilon=_EPSILON)
    height = middle.shape[0]
    radius = texture_radius(max(middle.shape) / max(small.picture.shape))
    full = np.empty(middle.shape, np.float32)
    for rows in strips(height):
        wider, inner = with_halo(rows, radius)
        guide = without_texture(_unit(middle[wider]), radius=radius)[inner]
        full[rows] = correction_rows(fitted, guide, first_row=rows.start, height=height)
    return full


def _unit(pixels: Real[np.ndarray, "*shape"]) -> Float32[np.ndarray, "*shape"]:
    return to_unit(pixels) if np.issubdtype(pixels.dtype, np.integer) else pixels


def _full_rows(
    middle: Float32[np.ndarray, "h w 3"], height: int, width: int
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields strips of `middle` brought to (height, width) linearly, pixel centres aligned."""
    down, across = middle.shape[0] / height, middle.shape[1] / width
    for rows in strips(height):
        if middle.shape[:2] == (height, width):
            yield rows, middle[rows]
            continue
        to_middle = np.array(
            [
                [across, 0, 0.5 * across - 0.5],
                [0, down, (rows.start + 0.5) * down - 0.5],
            ]
        )
        yield (
            rows,
            cv2.warpAffine(
                middle,
                to_middle,
                (width, rows.stop - rows.start),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            ).reshape(-1, width, 3),
        )


def _apply(
    target: TargetName,
    photo: Real[np.ndarray, "r w 3"],
    values: Float32[np.ndarray, "r w 3"],
    result: Real[np.ndarray, "r w 3"],
) -> None:
    """Writes corrected rows into `result`; `values` are factors for a log-ratio."""
    depth = _DEPTH.get(photo.dtype)
    if depth is None:
        changed = photo * values if target == "log_ratio" else photo - values
        np.clip(changed, 0, 1, out=result)
        return
    # OpenCV saturates and rounds while it calculates: no second picture of floats is needed.
    if target == "log_ratio":
        changed = cv2.multiply(photo, values, dtype=depth)
    else:
        changed = cv2.subtract(photo, values * np.float32(np.iinfo(photo.dtype).max), dtype=depth)
    result[...] = changed.reshape(photo.shape)
