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


def anchored(
    target: TargetName,
    picture: Float32[np.ndarray, "h w 3"],
    correction: Float32[np.ndarray, "h w 3"],
    faces: Float32[np.ndarray, "h w"],
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the correction, moved as a whole, after which the faces' mean colour is their own.

    What the network says about light, within a face and between face and background, stays. Faces
    that it brightens stay as it says but for their hue; burnt ones may be darkened.

    Args:
        target: how the correction is applied.
        picture: sRGB-encoded in [0,1].
        correction: decoded.
        faces: 1 on faces, 0 elsewhere. Without any the correction is returned as it is.
    """
    if faces.sum() < 1:
        return correction
    before = _mean(picture, faces)
    said = _mean(correction, faces)
    after = before * np.exp(-said) if target == "log_ratio" else before - said
    after = np.maximum(after, 1 / 255)
    luma_before, luma_after = float(before @ _LUMA), float(after @ _LUMA)
    wanted = luma_after if luma_after >= luma_before else max(luma_after, min(luma_before, _BURNT))
    wanted = float(np.clip(wanted, luma_before - _FURTHEST, luma_before + _FURTHEST))
    goal = np.maximum(before * np.float32(wanted / max(luma_before, 1e-6)), 1 / 255)
    if target == "log_ratio":
        return correction + np.log(after / goal).astype(np.float32)
    return correction + (after - goal).astype(np.float32)


def _mean(
    values: Float32[np.ndarray, "h w 3"], weight: Float32[np.ndarray, "h w"]
) -> Float32[np.ndarray, "3"]:
    total = np.einsum("hwc,hw->c", values, weight, dtype=np.float64)
    return (total / weight.sum(dtype=np.float64)).astype(np.float32)
