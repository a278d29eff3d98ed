"""Finds the four corner markers of the clock in a photograph of a monitor."""

from itertools import combinations

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

Marker = tuple[Float64[np.ndarray, "2"], float]
"""Centre (x, y) in pixels and area in pixels."""

# Sides 7 : 5 : 3; wide, because blur and a threshold off the middle shift every edge.
_OUTER_TO_HOLE = (1.25, 4.5)
_HOLE_TO_INNER = (1.4, 9.0)
_LEAST_AREA_PX = 60.0
_MOST_AREA_SHARE = 0.04
_LEAST_FILL = 0.7
_MOST_ELONGATED = 2.6
_MOST_OFF_CENTRE = 0.2
_MOST_CANDIDATES = 9
_MOST_UNEQUAL = 6.0
# Windows of the local threshold as shares of the picture's long side: a near and a far monitor.
_WINDOWS = (1 / 6, 1 / 14, 1 / 32)


def find_markers(grey: UInt8[np.ndarray, "h w"]) -> list[Marker]:
    """Returns centre (x, y) in pixels and area in pixels of everything that looks like a marker."""
    found: list[Marker] = []
    for binary in _binaries(grey):
        for centre, area in _nested(binary):
            same = [
                index
                for index, (other, other_area) in enumerate(found)
                if np.hypot(*(other - centre)) < 0.5 * np.sqrt(min(area, other_area))
            ]
            if not same:
                found.append((centre, area))
    return sorted(found, key=lambda marker: -marker[1])[:_MOST_CANDIDATES]


def quads(
    markers: list[Marker],
) -> list[Float64[np.ndarray, "4 2"]]:
    """Returns each convex four of markers of similar size, clockwise, the largest first."""
    possible: list[tuple[float, Float64[np.ndarray, "4 2"]]] = []
    for four in combinations(markers, 4):
        areas = [area for _, area in four]
        if max(areas) > _MOST_UNEQUAL * min(areas):
            continue
        points = np.array([centre for centre, _ in four], np.float64)
        around = points - points.mean(0)
        points = points[np.argsort(np.arctan2(around[:, 1], around[:, 0]))]
        if not cv2.isContourConvex(points.astype(np.float32)):
            continue
        area = float(cv2.contourArea(points.astype(np.float32)))
        # The grid holds about forty markers.
        if 10.0 * max(areas) < area < 120.0 * min(areas):
            possible.append((area, points))
    return [points for _, points in sorted(possible, key=lambda quad: -quad[0])]


def _binaries(grey: UInt8[np.ndarray, "h w"]) -> list[UInt8[np.ndarray, "h w"]]:
    """Returns pictures where black is 255 and white 0, by several thresholds."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)
    _, whole = cv2.threshold(smooth, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    binaries = [whole]
    for window in _WINDOWS:
        side = max(int(max(grey.shape) * window) | 1, 5)
        local = cv2.boxFilter(smooth, cv2.CV_32F, (side, side), borderType=cv2.BORDER_REPLICATE)
        binaries.append((smooth < local - 6.0).astype(np.uint8) * 255)
    return [np.asarray(binary) for binary in binaries]


def _nested(
    binary: UInt8[np.ndarray, "h w"],
) -> list[Marker]:
    """Returns black squares with a white hole with a black square in it."""
    contours, hierarchy = cv2.findContours(binary, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    if hierarchy is None:
        return []
    links = np.asarray(hierarchy).reshape(-1, 4)
    areas = [float(cv2.contourArea(contour)) for contour in contours]
    found: list[Marker] = []
    for index, area in enumerate(areas):
        hole = _largest_child(index, links, areas)
        inner = _largest_child(hole, links, areas)
        if inner < 0 or not (_LEAST_AREA_PX < area < _MOST_AREA_SHARE * binary.size):
            continue
        sizes = (area / max(areas[hole], 1), areas[hole] / max(areas[inner], 1))
        if not (_OUTER_TO_HOLE[0] < sizes[0] < _OUTER_TO_HOLE[1]):
            continue
        if not (_HOLE_TO_INNER[0] < sizes[1] < _HOLE_TO_INNER[1]):
            continue
        outer_centre, inner_centre = _centre(contours[index]), _centre(contours[inner])
        off_centre = float(np.hypot(*(outer_centre - inner_centre)))
        if _is_square(contours[index], area) and off_centre < _MOST_OFF_CENTRE * np.sqrt(area):
            found.append((outer_centre, area))
    return found


def _largest_child(index: int, links: np.ndarray, areas: list[float]) -> int:
    """Returns the index of the largest contour directly inside, -1 if there is none."""
    if index < 0:
        return -1
    best, child = -1, int(links[index, 2])
    while child >= 0:
        if best < 0 or areas[child] > areas[best]:
            best = child
        child = int(links[child, 0])
    return best


def _centre(contour: np.ndarray) -> Float64[np.ndarray, "2"]:
    moments = cv2.moments(contour)
    return np.array([moments["m10"], moments["m01"]], np.float64) / max(moments["m00"], 1e-9)


def _is_square(contour: np.ndarray, area: float) -> bool:
    _, (width, height), _ = cv2.minAreaRect(contour)
    short, long = sorted((width, height))
    return short > 0 and long / short < _MOST_ELONGATED and area / (width * height) > _LEAST_FILL
