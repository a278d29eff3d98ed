"""Where a map can be trusted.

Alike is not enough: skin is alike everywhere, and under another light nothing is. So the question
is whether both pictures are more alike under the map than under the same map shifted a little in
any direction. Where the person hides the background, or the flow stuck, some shift does better.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from acquisition.registration.flow import CELL_PX, Level
from acquisition.registration.grid import Map, inside_of, pixels, resized, sampled, shrunk
from acquisition.registration.luminance import Plane, Planes, blurred

_WINDOWS_IOD = (0.05, 0.15)
_WEIGHTS = (1.0, 2.0)
_SHIFTS_IOD = (0.025, 0.05)
_DIRECTIONS = 8
_LEAST_VARIANCE = 1e-3
_SMALL_HOLE_IOD = 0.15
_SMALL_ISLAND_IOD = 0.4


def distinctness(phone: Level, studio: Level, map_xy: Map) -> Plane:
    """Returns by how much the correlation under the map exceeds that under any shift of it.

    Correlation is measured in a small and a wide window; the shifts are 2.5 and 5 percent of the
    inter-ocular distance.

    Args:
        phone: normalised picture whose pixels the map has.
        studio: normalised picture that it leads to.
        map_xy: between the full pictures.

    Returns:
        For each pixel of the map -6 to 6; 0 and less where a shift does better.
    """
    places = studio.own_places(resized(map_xy, phone.size_hw))
    seen = sampled(studio.planes, places)
    windows = [share * phone.iod_px / CELL_PX for share in _WINDOWS_IOD]
    here = _correlations(phone.planes, seen, windows)
    best = [np.full_like(plane, -1) for plane in here]
    for shifted in _shifted(seen, phone.iod_px):
        there = _correlations(phone.planes, shifted, windows)
        best = [np.maximum(one, other) for one, other in zip(best, there, strict=True)]
    total = np.zeros_like(here[0])
    for own, other, weight in zip(here, best, _WEIGHTS, strict=True):
        total += np.float32(weight) * (own - other)
    return resized(total, (map_xy.shape[0], map_xy.shape[1]))


def return_error(there: Map, back: Map) -> Plane:
    """Returns how far from its start each pixel comes back, in pixels; outside is infinite."""
    inside = inside_of(there, (back.shape[0], back.shape[1]))
    returned = sampled(back, there)
    apart = np.linalg.norm(returned - pixels((there.shape[0], there.shape[1])), axis=2)
    return np.where(inside, apart, np.float32(np.inf)).astype(np.float32)


def cleaned(
    trusted: Bool[np.ndarray, "h w"], fillable: Bool[np.ndarray, "h w"], iod_px: float
) -> Bool[np.ndarray, "h w"]:
    """Returns a mask without small islands and without small holes.

    A small island was alike by chance; in a small hole the light differs, and the smooth map
    around it holds there too.

    Args:
        trusted: the mask.
        fillable: where holes may be filled.
        iod_px: inter-ocular distance in the picture.
    """
    filled = trusted | (~_large_parts(~trusted, _SMALL_HOLE_IOD * iod_px) & fillable)
    return filled & _large_parts(filled, _SMALL_ISLAND_IOD * iod_px)


def _large_parts(mask: Bool[np.ndarray, "h w"], side_px: float) -> Bool[np.ndarray, "h w"]:
    """Returns the connected parts that are at least as large as a square."""
    _, parts, measures, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    large = measures[:, cv2.CC_STAT_AREA] >= side_px**2
    large[0] = False
    return large[np.asarray(parts, np.intp)]


def _shifted(planes: Planes, iod_px: float) -> Iterator[Planes]:
    room = int(np.ceil(max(_SHIFTS_IOD) * iod_px)) + 1
    padded = cv2.copyMakeBorder(planes, room, room, room, room, cv2.BORDER_REPLICATE)
    height, width = planes.shape[:2]
    for share in _SHIFTS_IOD:
        for angle in np.arange(_DIRECTIONS) * (2 * np.pi / _DIRECTIONS):
            left = room + round(share * iod_px * np.cos(angle))
            top = room + round(share * iod_px * np.sin(angle))
            yield padded[top : top + height, left : left + width]


def _correlations(one: Planes, other: Planes, windows: list[float]) -> list[Plane]:
    net_hw = one.shape[0] // CELL_PX, one.shape[1] // CELL_PX
    products = (one, other, one * one, other * other, one * other)
    small = [shrunk(product, net_hw) for product in products]
    return [_correlation([blurred(plane, window) for plane in small]) for window in windows]


def _correlation(means: list[Float32[np.ndarray, "h w 2"]]) -> Plane:
    one, other, one_squared, other_squared, product = means
    own = (one_squared - one * one).sum(axis=2)
    its = (other_squared - other * other).sum(axis=2)
    both = (product - one * other).sum(axis=2)
    return both / np.sqrt(np.maximum(own * its, np.float32(_LEAST_VARIANCE**2)))
