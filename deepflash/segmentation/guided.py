"""A matte as a local linear function of the picture's colours.

The guided filter of He, Sun and Tang (TPAMI 35, 2013, section 3.4) for one channel, each pixel
with a weight of its own: what is sure about the matte decides, what is not follows.
"""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32


class LocalMatte(NamedTuple):
    """The matte of a pixel is `(slopes * guide).sum(-1) + offset`."""

    slopes: Float32[np.ndarray, "h w 3"]
    offset: Float32[np.ndarray, "h w"]

    def matte(self, guide: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w"]:
        """Returns the matte of a guide of the same size, 0 to 1."""
        found = np.einsum("hwc,hwc->hw", self.slopes, guide) + self.offset
        return np.clip(found, 0, 1)


def fit_matte(
    matte: Float32[np.ndarray, "h w"],
    guide: Float32[np.ndarray, "h w 3"],
    weight: Float32[np.ndarray, "h w"],
    *,
    radius: int,
    epsilon: float,
) -> LocalMatte:
    """Returns the averaged linear functions that explain `matte` by `guide`.

    Args:
        matte: 0 to 1.
        guide: picture in [0,1], of any encoding.
        weight: of each pixel in the windows' fits, above 0.
        radius: of the square windows, in pixels.
        epsilon: variance of the guide below which a window counts as flat.
    """

    def mean(values: Float32[np.ndarray, "h w *c"]) -> Float32[np.ndarray, "h w *c"]:
        return cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT)

    side = 2 * radius + 1
    # Around the middle grey single precision loses least in the differences of large sums.
    centred = guide - np.float32(0.5)
    total = mean(weight)
    each = total[..., None]
    weighted = centred * weight[..., None]
    guide_mean, matte_mean = mean(weighted) / each, mean(weight * matte) / total
    turned = (1, 2, 0)
    variance = mean(weighted * centred) / each - guide_mean**2 + np.float32(epsilon)
    mixed = mean(weighted * centred[..., turned]) / each - guide_mean * guide_mean[..., turned]
    covariance = mean(weighted * matte[..., None]) / each - guide_mean * matte_mean[..., None]
    slopes = _solved(variance, mixed, covariance, least=np.float32(epsilon) ** 3)
    offset = matte_mean - (slopes * guide_mean).sum(-1)
    slopes, offset = mean(slopes), mean(offset)
    return LocalMatte(slopes, offset - slopes.sum(-1) * np.float32(0.5))


def _solved(
    diagonal: Float32[np.ndarray, "h w 3"],
    mixed: Float32[np.ndarray, "h w 3"],
    right: Float32[np.ndarray, "h w 3"],
    *,
    least: np.float32,
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the solutions of symmetric 3 x 3 systems by their cofactors.

    A solver for many tiny matrices costs more than everything else here.

    Args:
        diagonal: rr, gg, bb.
        mixed: rg, gb, br.
        right: right sides.
        least: below which a determinant is rounding error.
    """
    (rr, gg, bb), (rg, gb, br) = np.moveaxis(diagonal, -1, 0), np.moveaxis(mixed, -1, 0)
    first = gg * bb - gb * gb, br * gb - rg * bb, rg * gb - br * gg
    second = first[1], rr * bb - br * br, rg * br - rr * gb
    third = first[2], second[2], rr * gg - rg * rg
    determinant = np.maximum(rr * first[0] + rg * first[1] + br * first[2], least)
    r, g, b = np.moveaxis(right, -1, 0)
    solved = [row[0] * r + row[1] * g + row[2] * b for row in (first, second, third)]
    return np.stack(solved, axis=-1) / determinant[..., None]


def spread(
    picture: Float32[np.ndarray, "h w 3"], known: Float32[np.ndarray, "h w"]
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the picture with its known colours (weight above 0) spread over all others.

    By a pyramid: each pixel takes the mean of the smallest neighbourhood that knows something.

    Args:
        picture: of any range.
        known: 0 to 1; where it is 1 the picture stays.
    """
    height, width = known.shape
    if min(height, width) == 1 or known.all():
        mean = (picture * known[..., None]).sum((0, 1)) / max(float(known.sum()), 1e-6)
        return np.where(known[..., None] > 0, picture, mean).astype(np.float32)
    size = ((width + 1) // 2, (height + 1) // 2)
    weight = cv2.resize(known, size, interpolation=cv2.INTER_AREA).reshape(size[::-1])
    summed = cv2.resize(picture * known[..., None], size, interpolation=cv2.INTER_AREA)
    mean = summed.reshape(*size[::-1], 3) / np.maximum(weight, np.float32(1e-6))[..., None]
    wide = spread(mean, np.minimum(weight * 4, 1))
    coarse = cv2.resize(wide, (width, height), interpolation=cv2.INTER_LINEAR)
    return coarse + (picture - coarse) * known[..., None]
