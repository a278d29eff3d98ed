"""Measures of the pixels of a face: light, clipping, sharpness, and whether two are one face."""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from acquisition.quality_measures import local_contrast
from deepflash.faces.finder import Face
from deepflash.faces.points import (
    FACE_OVAL,
    LEFT_BROW,
    LEFT_EYE,
    LEFT_EYE_OUTER,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_EYE_OUTER,
    inter_ocular,
)

FACE_SCALE_PX = 96.0
"""Inter-ocular distance at which structure is measured."""

Linear = Float32[np.ndarray, "_ _ 3"]
"""Linear light; each picture has a shape of its own."""

_SIDE_PX = 224
_EYES_AT = (0.5, 0.4)
_EYE_REGION = RIGHT_EYE + RIGHT_BROW + LEFT_EYE + LEFT_BROW
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
# 253 of 255 in an 8-bit file: encoders ring, so the very top is rarely reached.
_CLIPPED_LIGHT = 0.982
_LOCAL_PX = 6.0
_SMOOTH_PX = 1.5
_LEAST_SLOPE = np.float32(0.002)
_SKIN_AROUND = 1.6


class LaidFace(NamedTuple):
    """A face at the fixed scale, eyes level."""

    luminance: Float32[np.ndarray, "side side"]
    points: Float32[np.ndarray, "468 2"]


def luminance(picture: Linear) -> Float32[np.ndarray, "h w"]:
    """Returns linear luminance; what lies below 0 counts as black."""
    return np.maximum(cv2.transform(picture, _LUMINANCE[None]), 0).astype(np.float32)


def face_area(face: Face, size_hw: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """Returns which pixels of a picture lie inside the oval of the face."""
    area = np.zeros(size_hw, np.uint8)
    hull = cv2.convexHull(face.points[list(FACE_OVAL)])
    cv2.fillConvexPoly(area, np.rint(hull).astype(np.int32), 1)
    return area.astype(bool)


def clipped_share(picture: Linear, area: Bool[np.ndarray, "h w"]) -> float:
    """Returns the share of an area's pixels with at least two channels at white."""
    inside = picture[area]
    return float(((inside >= _CLIPPED_LIGHT).sum(axis=1) >= 2).mean()) if len(inside) else 0.0


def laid(picture: Linear, face: Face) -> LaidFace:
    """Returns the luminance of a face, turned and scaled so that all faces are equally large."""
    across = face.points[LEFT_EYE_OUTER] - face.points[RIGHT_EYE_OUTER]
    middle = (face.points[LEFT_EYE_OUTER] + face.points[RIGHT_EYE_OUTER]) / 2
    scale = FACE_SCALE_PX / max(inter_ocular(face), 1e-3)
    x, y = scale * across / max(float(np.linalg.norm(across)), 1e-6)
    matrix = np.array([[x, y, 0.0], [-y, x, 0.0]])
    matrix[:, 2] = np.array(_EYES_AT) * _SIDE_PX - matrix[:, :2] @ middle
    plane = luminance(picture)
    if scale < 1:
        # What the smaller picture cannot hold must go first, or it comes back as false structure.
        plane = cv2.GaussianBlur(plane, (0, 0), 0.5 * float(np.sqrt(1 / scale**2 - 1)) + 1e-3)
    small = cv2.warpAffine(plane, matrix, (_SIDE_PX, _SIDE_PX), flags=cv2.INTER_LINEAR)
    points = face.points @ matrix[:, :2].T + matrix[:, 2]
    return LaidFace(np.asarray(small, np.float32), points.astype(np.float32))


def sharpness(face: LaidFace) -> float:
    """Returns the strength of fine structure over that of coarse structure around the eyes.

    Exposure and contrast do not change it. Of four directions the weakest counts, because motion
    blurs along one only. Structure below 1 % of the inter-ocular distance is left out, because
    most of it is noise.
    """
    region = face.points[list(_EYE_REGION)]
    (left, top), (right, bottom) = (
        np.clip(corner, 0, _SIDE_PX - 1).astype(int)
        for corner in (np.floor(region.min(axis=0)), np.ceil(region.max(axis=0)))
    )
    part = np.s_[top : bottom + 1, left : right + 1]
    grey = np.sqrt(face.luminance)
    fine = cv2.GaussianBlur(grey, (0, 0), 1.0) - cv2.GaussianBlur(grey, (0, 0), 2.0)
    coarse = cv2.GaussianBlur(grey, (0, 0), 4.0) - cv2.GaussianBlur(grey, (0, 0), 16.0)
    return float((_slopes(fine, part) / (_slopes(coarse, part) + _LEAST_SLOPE)).min())


def _slopes(plane: np.ndarray, part: tuple[slice, slice]) -> Float32[np.ndarray, "4"]:
    """Returns how steep a part of a plane is in four directions."""
    across, down = (cv2.Sobel(plane, cv2.CV_32F, x, y)[part] for x, y in ((1, 0), (0, 1)))
    diagonal = np.float32(np.sqrt(0.5))
    ways = (across, down, (across + down) * diagonal, (across - down) * diagonal)
    return np.array([np.sqrt((way * way).mean()) for way in ways], np.float32)


def eye_detail(face: LaidFace, openness: tuple[float, float]) -> float:
    """Returns how much of iris and white is seen in the eye that shows less of it.

    The points of closed eyes do not close all the way, so what lies between the lids is looked
    at too: from left to right, skin changes less than an eye. About 0.012 for open eyes, below
    0.004 for closed ones.

    Args:
        face: laid.
        openness: as from `eye_openness`, left and right.
    """
    grey = np.sqrt(face.luminance)
    across = np.abs(cv2.Sobel(cv2.GaussianBlur(grey, (0, 0), 1.0), cv2.CV_32F, 1, 0)) / 8
    details = []
    for ring, ratio in zip((LEFT_EYE, RIGHT_EYE), openness, strict=True):
        points = face.points[list(ring)]
        middle = points.mean(axis=0)
        inside, around = (
            _filled(middle + (points - middle) * grown) for grown in (1.0, _SKIN_AROUND)
        )
        if not inside.any():
            return 0.0
        skin = float(np.median(grey[around & ~inside]))
        details.append(float(across[inside].mean()) / max(skin, 0.01) * ratio)
    return min(details)


def _filled(points: np.ndarray) -> Bool[np.ndarray, "side side"]:
    area = np.zeros((_SIDE_PX, _SIDE_PX), np.uint8)
    cv2.fillPoly(area, [np.rint(points * 16).astype(np.int32)], 1, shift=4)
    return area.astype(bool)


def likeness(one: LaidFace, other: LaidFace) -> float:
    """Returns from -1 to 1 how alike two faces are in structure, whatever their light.

    The other one is first laid onto the one by an affine map of the points.
    """
    matrix, _ = cv2.estimateAffine2D(other.points, one.points, method=cv2.LMEDS)
    if matrix is None:
        return 0.0
    moved = cv2.warpAffine(other.luminance, matrix, (_SIDE_PX, _SIDE_PX))
    oval = Face(points=one.points, score=1.0, box=(0.0, 0.0, 0.0, 0.0))
    area = face_area(oval, (_SIDE_PX, _SIDE_PX))
    first, second = (
        cv2.GaussianBlur(local_contrast(plane, _LOCAL_PX), (0, 0), _SMOOTH_PX)[area]
        for plane in (one.luminance, np.asarray(moved, np.float32))
    )
    spread = float(first.std() * second.std())
    if spread < 1e-6:
        return 0.0
    return float(((first - first.mean()) * (second - second.mean())).mean()) / spread
