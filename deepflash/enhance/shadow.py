"""The hard shadow that a flash throws on a wall right beside the head, made lighter.

A shadow on a smooth wall is recognised by what it is: darker than the wall beyond it, of the
same colour ratio, as smooth as the wall, touching the person, and ending before long. Where one of
these fails nothing is changed: dark hair, clothes, furniture and patterns stay as they are.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from deepflash.faces.finder import Face

SHARE = 0.8
"""Of the darkening that is taken back at most."""

# Lengths are in widths of a face.
_WIDTH, _BEYOND, _AROUND_FACE, _FADE = 0.5, 1.0, 2.0, 0.1
_WALL_SIGMA, _NOISE_SIGMA = 0.3, 0.012
_CONTACT, _SMALLEST_AREA = 0.05, 0.04
# Natural logarithms of encoded values: 0.06 is some 5 levels of 8 bits on a bright wall, 0.9 is
# what a flash leaves in a room with next to no other light.
_FAINTEST, _DEEPEST, _LEAST_MEDIAN = 0.06, 0.9, 0.1
_COLOUR_FLOOR, _COLOUR_SHARE = 0.04, 0.12
_WALL_UNEVEN, _ROUGHER = 0.06, 1.8
_DARKEST, _WALL_DARKEST = 0.02, 0.2


def wall_shadow_correction(
    picture: Float32[np.ndarray, "h w 3"],
    matte: Float32[np.ndarray, "h w"],
    faces: Sequence[Face],
) -> Float32[np.ndarray, "h w"]:
    """Returns c <= 0 such that `picture * exp(-c)` has less of the flash's shadow on a wall.

    0 wherever no shadow is certain, on the person and at more than half a face's width from it.

    Args:
        picture: sRGB-encoded in [0,1], after all other corrections, a few hundred pixels large.
        matte: how much of a pixel is the person, 0 to 1.
        faces: in the picture's pixels; with none, the correction is 0 everywhere.
    """
    nothing = np.zeros(matte.shape, np.float32)
    if not faces or not (matte < 0.5).any():
        return nothing
    face_px = float(np.median([np.ptp(face.points[:, 0]) for face in faces]))
    apart = cv2.distanceTransform((matte < 0.05).astype(np.uint8), cv2.DIST_L2, 5) / face_px
    near = _near(matte.shape, faces, face_px)
    zone = (near > 0) & (apart > 0) & (apart <= _WIDTH)
    beyond = (near > 0) & (apart > _WIDTH) & (apart <= _BEYOND)
    logs = np.log(np.clip(picture, _DARKEST, None))
    smooth = _blurred(logs, max(_NOISE_SIGMA * face_px, 0.8))
    wall, uneven = _wall(smooth, beyond.astype(np.float32), _WALL_SIGMA * face_px)
    ratio = wall - smooth
    depth = ratio.mean(axis=-1)
    colour = np.abs(ratio - depth[..., None]).max(axis=-1)
    candidate = zone & (depth > _FAINTEST) & (uneven < _WALL_UNEVEN)
    candidate &= wall.mean(axis=-1) > np.log(_WALL_DARKEST)
    candidate &= colour < _COLOUR_FLOOR + _COLOUR_SHARE * depth
    rough = np.abs(logs - smooth).mean(axis=-1)
    shadow = nothing.copy()
    limit = _ROUGHER * float(rough[beyond].mean()) + 0.01 if beyond.any() else 0.0
    for part in _parts(candidate, _SMALLEST_AREA * face_px**2):
        if _is_shadow(part, depth, apart) and float(rough[part].mean()) < limit:
            shadow[part] = 1
    if not shadow.any():
        return nothing
    soft = _blurred(shadow, max(0.02 * face_px, 0.8)) * (zone & (depth > 0))
    soft *= near * np.clip((_WIDTH - apart) / _FADE, 0, 1)
    return (-SHARE * soft * np.clip(depth - _FAINTEST / 2, 0, None)).astype(np.float32)


def _near(
    shape: tuple[int, ...], faces: Sequence[Face], face_px: float
) -> Float32[np.ndarray, "h w"]:
    """Returns 1 around heads, fading to 0; a shadow far from all of them is not ours."""
    rows, columns = np.indices(shape, np.float32)
    near = np.zeros(shape, np.float32)
    for face in faces:
        x, y = face.points.mean(axis=0)
        away = np.hypot(columns - x, rows - y) / np.float32(face_px)
        near = np.maximum(near, np.clip((_AROUND_FACE - away) / (3 * _FADE), 0, 1))
    return near


def _blurred(values: Float32[np.ndarray, "h w *c"], sigma: float) -> Float32[np.ndarray, "h w *c"]:
    return cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


def _wall(
    logs: Float32[np.ndarray, "h w 3"], known: Float32[np.ndarray, "h w"], sigma: float
) -> tuple[Float32[np.ndarray, "h w 3"], Float32[np.ndarray, "h w"]]:
    """Returns the wall's logarithm continued from where it is known, and how uneven it is there."""
    weight = _blurred(known, sigma)
    total = np.maximum(weight, np.float32(1e-6))
    wall = _blurred(logs * known[..., None], sigma) / total[..., None]
    level = logs.mean(axis=-1)
    squared = _blurred(level**2 * known, sigma) / total
    uneven = np.sqrt(np.clip(squared - wall.mean(axis=-1) ** 2, 0, None))
    uneven[weight < 0.02] = np.inf
    return wall, uneven


def _parts(candidate: Bool[np.ndarray, "h w"], least_px: float) -> list[Bool[np.ndarray, "h w"]]:
    count, labels, figures, _ = cv2.connectedComponentsWithStats(
        candidate.astype(np.uint8), connectivity=4
    )
    return [labels == i for i in range(1, count) if figures[i, cv2.CC_STAT_AREA] >= least_px]


def _is_shadow(
    part: Bool[np.ndarray, "h w"],
    depth: Float32[np.ndarray, "h w"],
    apart: Float32[np.ndarray, "h w"],
) -> bool:
    """Says whether a darker part of the wall begins at the person and is as dark as shadows are."""
    if apart[part].min() > _CONTACT:
        return False
    usual, deep = np.quantile(depth[part], (0.5, 0.9))
    return bool(usual >= _LEAST_MEDIAN and deep <= _DEEPEST)
