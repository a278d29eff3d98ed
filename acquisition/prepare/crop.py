"""Which part of a picture is used, and its coordinates at other sizes."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from deepflash.faces.finder import Face
from deepflash.faces.points import head_and_shoulders, inter_ocular


@dataclass(frozen=True)
class Region:
    """A part of a picture in whole pixels; it may reach beyond the picture."""

    left: int
    top: int
    width: int
    height: int


def portrait_region(face: Face, size_hw: tuple[int, int]) -> Region:
    """Returns the square with head and shoulders.

    Args:
        face: in the picture.
        size_hw: of the picture.
    """
    x0, y0, x1, _ = head_and_shoulders(face, size_hw)
    side = max(1, round(x1 - x0))
    # The first pixel begins at -0.5.
    return Region(round(x0 + 0.5), round(y0 + 0.5), side, side)


def same_region(region: Region, face: Face, other: Face, room: float) -> Region:
    """Returns the part of another picture that shows what `region` shows of this one, and more.

    Args:
        region: of the picture with `face`.
        face: there.
        other: the same face in the other picture.
        room: how much more on each side, as a share of the region's side.
    """
    scale = inter_ocular(other) / max(inter_ocular(face), 1e-6)
    here, there = face.points.mean(axis=0), other.points.mean(axis=0)
    more = room * max(region.width, region.height)
    # Edges, not the middles of pixels: the region begins half a pixel before its first one.
    corner = np.array([region.left - more, region.top - more]) - 0.5
    left, top = (corner - here) * scale + there + 0.5
    width, height = (round((side + 2 * more) * scale) for side in (region.width, region.height))
    return Region(round(float(left)), round(float(top)), max(1, width), max(1, height))


def cut(picture: Float32[np.ndarray, "h w 3"], region: Region) -> Float32[np.ndarray, "i j 3"]:
    """Returns the region: a view where it lies in the picture; beyond, its edge is repeated."""
    height, width = picture.shape[:2]
    over = (
        max(-region.top, 0),
        max(region.top + region.height - height, 0),
        max(-region.left, 0),
        max(region.left + region.width - width, 0),
    )
    rows = slice(max(region.top, 0), max(region.top + region.height, 0))
    columns = slice(max(region.left, 0), max(region.left + region.width, 0))
    part = picture[rows, columns]
    return cv2.copyMakeBorder(part, *over, cv2.BORDER_REPLICATE) if any(over) else part


def inside(region: Region, size_hw: tuple[int, int]) -> UInt8[np.ndarray, "h w"]:
    """Returns 255 where the region lies in a picture of that size, else 0."""
    mask = np.zeros((region.height, region.width), np.uint8)
    top, left = max(-region.top, 0), max(-region.left, 0)
    bottom, right = size_hw[0] - region.top, size_hw[1] - region.left
    mask[top : max(bottom, 0), left : max(right, 0)] = 255
    return mask


def face_in(face: Face, region: Region) -> Face:
    """Returns a face of the whole picture in the coordinates of a region."""
    return moved(face, (-float(region.left), -float(region.top)), (1.0, 1.0))


def moved(face: Face, by: tuple[float, float], scale: tuple[float, float]) -> Face:
    """Returns the face moved, then scaled about the corner of the first pixel."""
    factor = np.array(scale, np.float32)
    points = (face.points + np.array(by, np.float32) + np.float32(0.5)) * factor
    points = (points - np.float32(0.5)).astype(np.float32)
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    depth = None if face.depth is None else (face.depth * factor[0]).astype(np.float32)
    return replace(
        face, points=points, box=(float(x0), float(y0), float(x1), float(y1)), depth=depth
    )
