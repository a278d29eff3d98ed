"""The affine map under which the normalised faces are most alike (ECC)."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from acquisition.registration.grid import Affine, Points, SizeHW, moved
from acquisition.registration.luminance import Plane

_ITERATIONS = 60
_CHANGE = 1e-5
_FILTER_PX = 3


@dataclass(frozen=True, eq=False)
class Refined:
    """An affine, and how alike the faces are under it; 0 where the start was kept."""

    affine: Affine
    correlation: float


def refined(
    phone: Plane,
    studio: Plane,
    points: Points,
    studio_points: Points,
    start: Affine,
    limit_px: float,
) -> Refined:
    """Returns the affine near `start` that makes the faces most alike.

    Args:
        phone: normalised plane.
        studio: normalised plane; may have another size.
        points: of the face in the phone's picture; nothing outside of their hull counts.
        studio_points: of the face in the studio's picture.
        start: from the phone's picture to the studio's.
        limit_px: a result that moves one of the points farther than this is not believed.
    """
    hulls = (
        hull_mask(points, (phone.shape[0], phone.shape[1])),
        hull_mask(studio_points, (studio.shape[0], studio.shape[1])),
    )
    left, top, width, height = cv2.boundingRect(hulls[0])
    part = slice(top, top + height), slice(left, left + width)
    corner = np.array([left, top], np.float32)
    until = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, _ITERATIONS, _CHANGE)
    try:
        correlation, found = cv2.findTransformECCWithMask(
            np.ascontiguousarray(phone[part]),
            studio,
            np.ascontiguousarray(hulls[0][part]),
            hulls[1],
            _from_corner(start, corner),
            cv2.MOTION_AFFINE,
            until,
            _FILTER_PX,
        )
    except cv2.error as error:
        if error.code != cv2.Error.StsNoConv:
            raise
        return Refined(start, 0.0)
    found = _from_corner(np.asarray(found, np.float32), -corner)
    farthest = np.linalg.norm(moved(points, found) - moved(points, start), axis=1).max()
    # Written so that a result that is not a number is not believed either.
    if not farthest <= limit_px:
        return Refined(start, 0.0)
    return Refined(found, float(correlation))


def hull_mask(points: Points, size_hw: SizeHW) -> UInt8[np.ndarray, "h w"]:
    """Returns 255 in the convex hull of some points, else 0."""
    hull = cv2.convexHull(points.astype(np.float32)).round().astype(np.int32)
    return cv2.fillConvexPoly(np.zeros(size_hw, np.uint8), hull, 255)


def _from_corner(affine: Affine, corner: Float32[np.ndarray, "2"]) -> Affine:
    """Returns the affine for a part of the picture that begins at `corner`."""
    part = affine.copy()
    part[:, 2] += affine[:, :2] @ corner
    return part
