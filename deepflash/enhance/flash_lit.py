"""How much a face is lit by a flash beside the lens, from five measures of the light on it.

Such a flash is frontal: skin is the brighter the more it faces the camera, both cheeks are alike,
and neither brows nor nose throw a shadow that the camera can see. A lamp, a window or the sky
shows by the opposite. Brightness of the background says less: a white wall behind the head is as
bright under a flash as under daylight. The weights were fitted on rendered people, see
`python -m benchmarks.flash_lit`.
"""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

from deepflash.faces.finder import Face
from deepflash.faces.points import (
    INNER_LIPS,
    LEFT_BROW,
    LEFT_EYE,
    OUTER_LIPS,
    RIGHT_BROW,
    RIGHT_EYE,
    inter_ocular,
)
from deepflash.pictures import srgb_to_linear, to_unit


class Light(NamedTuple):
    """The light on one face; each 0 under light that is the same from everywhere."""

    side: float
    """How much skin brightens towards one side, right or left."""
    above: float
    """How much it brightens towards the top of the picture; negative: towards the bottom."""
    front: float
    """How much it brightens towards the camera."""
    eyes: float
    """Brightness of the eye sockets against the cheeks, as a logarithm."""
    nose: float
    """Brightness under the nose against the cheeks, as a logarithm."""


MEAN = Light(side=0.110, above=0.117, front=0.268, eyes=-0.066, nose=-0.088)
SPREAD = Light(side=0.120, above=0.140, front=0.261, eyes=0.134, nose=0.134)
WEIGHT = Light(side=-0.803, above=-0.936, front=1.402, eyes=0.761, nose=1.400)
BIAS = -1.711
MOST_SPREADS = 3.0
"""No measure counts further from its mean: a beard or a fringe decides nothing alone."""

_INTER_OCULAR_PX = 64.0
"""Larger faces are reduced to it: pores and noise say nothing about light."""
_BLUR, _LEAST_BLUR_PX = 0.04, 0.8
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
_NEIGHBOURS = 20
_FITS, _OUTLIER = 3, 2.0
_FAINT = 1e-3
_RIGHT_CHEEK, _LEFT_CHEEK = (50, 205, 101, 118, 117, 123), (280, 425, 330, 347, 346, 352)
_RIGHT_SOCKET, _LEFT_SOCKET = (222, 223, 224, 225, 28, 27, 56), (442, 443, 444, 445, 258, 257, 286)
_UNDER_NOSE = (164, 167, 393, 2)
_NO_SKIN = sorted({*RIGHT_EYE, *LEFT_EYE, *RIGHT_BROW, *LEFT_BROW, *OUTER_LIPS, *INNER_LIPS})

Values = Float32[np.ndarray, "468"]


def flash_lit(picture: UInt8[np.ndarray, "h w 3"], face: Face) -> float:
    """Returns how likely a flash beside the lens lit the face, 0 to 1.

    Args:
        picture: upright, sRGB-encoded.
        face: in pixels of the picture.
    """
    return likelihood(light_on(picture, face))


def likelihood(light: Light) -> float:
    """Returns how likely a flash gave this light, 0 to 1."""
    return float(1.0 / (1.0 + np.exp(-BIAS - sum(contributions(light)))))


def contributions(light: Light) -> Light:
    """Returns what each measure says, in log odds: positive speaks for a flash."""
    rows = zip(light, MEAN, SPREAD, WEIGHT, strict=True)
    return Light(
        *(
            weight * min(max((value - mean) / spread, -MOST_SPREADS), MOST_SPREADS)
            for value, mean, spread, weight in rows
        )
    )


def light_on(picture: UInt8[np.ndarray, "h w 3"], face: Face) -> Light:
    """Returns the light on a face; arguments as for `flash_lit`."""
    brightness, seen = _brightness(picture, face)
    skin = seen.copy()
    skin[_NO_SKIN] = False
    if skin.sum() < _NEIGHBOURS:
        return MEAN
    typical = float(np.median(brightness[skin])) + _FAINT
    side, above, front = _shading(brightness, skin, surface_normals(face)) / typical

    def of(*parts: tuple[int, ...]) -> float:
        """Mean of the parts' medians; a part outside of the picture counts as usual skin."""
        medians = [brightness[[i for i in part if seen[i]]] for part in parts]
        return float(np.mean([np.median(one) if one.size else typical for one in medians]))

    cheeks = of(_RIGHT_CHEEK, _LEFT_CHEEK) + _FAINT
    return Light(
        side=abs(float(side)),
        above=float(above),
        front=float(front),
        eyes=float(np.log(of(_RIGHT_SOCKET, _LEFT_SOCKET) / cheeks + _FAINT)),
        nose=float(np.log(of(_UNDER_NOSE) / cheeks + _FAINT)),
    )


def surface_normals(face: Face) -> Float64[np.ndarray, "468 3"]:
    """Returns unit vectors out of the face at its points: x right, y up, z towards the camera.

    Each is that of the plane through the nearest points. Without depths all face the camera.
    """
    if face.depth is None:
        return np.tile([0.0, 0.0, 1.0], (len(face.points), 1))
    places = np.column_stack([face.points, face.depth]).astype(np.float64)
    apart = ((places[:, None] - places[None]) ** 2).sum(axis=-1)
    near = places[np.argpartition(apart, _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS]]
    _, _, axes = np.linalg.svd(near - near.mean(axis=1, keepdims=True), full_matrices=False)
    normals = axes[:, -1] * np.array([1.0, -1.0, -1.0])
    return normals * np.where(normals[:, 2:] < 0, -1.0, 1.0)


def _shading(
    brightness: Values, skin: Bool[np.ndarray, "468"], normals: Float64[np.ndarray, "468 3"]
) -> Float64[np.ndarray, "3"]:
    """Returns how brightness grows with each part of the normal; moles and glints are left out."""
    design = np.column_stack([np.ones(len(normals)), normals])
    taken, found = skin, np.zeros(4)
    for _ in range(_FITS):
        found = np.linalg.lstsq(design[taken], brightness[taken].astype(np.float64), rcond=None)[0]
        left = np.abs(brightness - design @ found)
        taken = skin & (left <= _OUTLIER * max(float(left[taken].std()), _FAINT))
    return found[1:]


def _brightness(
    picture: UInt8[np.ndarray, "h w 3"], face: Face
) -> tuple[Values, Bool[np.ndarray, "468"]]:
    """Returns the brightness at each point of the face, and which points are in the picture."""
    region, points, apart_px = _region(picture, face)
    light = srgb_to_linear(to_unit(region)) @ _LUMINANCE
    light = cv2.GaussianBlur(light, (0, 0), max(_LEAST_BLUR_PX, _BLUR * apart_px))
    values = np.sqrt(light)
    x, y = (np.ascontiguousarray(axis) for axis in points.T)
    sampled = cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    height, width = values.shape
    seen = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    return sampled.reshape(-1), seen


def _region(
    picture: UInt8[np.ndarray, "h w 3"], face: Face
) -> tuple[UInt8[np.ndarray, "_ _ 3"], Float32[np.ndarray, "468 2"], float]:
    """Returns the part around a face, reduced; its points there; the distance of its eyes."""
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = face.box
    left, top = int(np.clip(x0, 0, width - 1)), int(np.clip(y0, 0, height - 1))
    right, bottom = int(np.clip(x1 + 2, left + 1, width)), int(np.clip(y1 + 2, top + 1, height))
    apart = inter_ocular(face)
    scale = min(1.0, _INTER_OCULAR_PX / max(apart, 1.0))
    size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    region = cv2.resize(picture[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
    factor = np.array([size[0] / (right - left), size[1] / (bottom - top)])
    points = (face.points - (left, top) + 0.5) * factor - 0.5
    return region, points.astype(np.float32), apart * scale
