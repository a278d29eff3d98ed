"""Keeps the exposure and colour that a photograph gave to the faces.

The method's loss does not supervise the mean of a correction (Capece et al. 2019, Fig. 3), so
brightness and colour of what a network predicts float. A face that comes out darker, or of another
colour, is the first thing that its owner sees.
"""

import numpy as np
from jaxtyping import Float32

from deepflash.enhance.correction import TargetName

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # Rec. 601, for encoded values
_BURNT = 0.62
"""Encoded luma from which on a face is brighter than portraits are printed, and may be darkened."""
_FURTHEST = 0.35
"""Most that luma is moved by, in encoded units."""


def offset(
    target: TargetName,
    picture: Float32[np.ndarray, "h w 3"],
    correction: Float32[np.ndarray, "h w 3"],
    face: Float32[np.ndarray, "h w"],
) -> Float32[np.ndarray, "3"]:
    """Returns what must be added to the correction so that a face's mean colour stays its own.

    What the network says about light, within a face and between face and background, stays. A face
    that it brightens stays as it says but for its hue; a burnt one may be darkened.

    Args:
        target: how the correction is applied.
        picture: sRGB-encoded in [0,1].
        correction: decoded.
        face: 1 on the face, 0 elsewhere. Without any pixel nothing is added.
    """
    if face.sum() < 1:
        return np.zeros(3, np.float32)
    before = _mean(picture, face)
    said = _mean(correction, face)
    after = before * np.exp(-said) if target == "log_ratio" else before - said
    after = np.maximum(after, 1 / 255)
    luma_before, luma_after = float(before @ _LUMA), float(after @ _LUMA)
    wanted = luma_after if luma_after >= luma_before else max(luma_after, min(luma_before, _BURNT))
    wanted = float(np.clip(wanted, luma_before - _FURTHEST, luma_before + _FURTHEST))
    goal = np.maximum(before * np.float32(wanted / max(luma_before, 1e-6)), 1 / 255)
    moved = np.log(after / goal) if target == "log_ratio" else after - goal
    return moved.astype(np.float32)


def _mean(
    values: Float32[np.ndarray, "h w 3"], weight: Float32[np.ndarray, "h w"]
) -> Float32[np.ndarray, "3"]:
    total = np.einsum("hwc,hw->c", values, weight, dtype=np.float64)
    return (total / weight.sum(dtype=np.float64)).astype(np.float32)
