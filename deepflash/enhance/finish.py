"""The steps after the network, in their order: red eyes, light, wall shadow, background."""

from typing import Literal

import cv2
import numpy as np
from jaxtyping import Float32

from deepflash.enhance.analysis import Analysis
from deepflash.enhance.correction import TargetName, apply_correction
from deepflash.enhance.look import Look
from deepflash.enhance.pipeline import Pixels, Small, corrected
from deepflash.pictures import from_unit, to_unit


def finished(analysis: Analysis, look: Look) -> tuple[Pixels, int]:
    """Returns a photograph with a look, and how many red pupils were repaired."""
    pixels, red_eyes = analysis.pixels, 0
    if look.red_eyes and analysis.faces and pixels.dtype != np.float32:
        from deepflash.enhance.redeye import repair_red_eyes

        # Before the light: pupils are judged by the colours that the flash gave them.
        pixels, red_eyes = repair_red_eyes(pixels, analysis.faces)
    if look.strength:
        small = analysis.small(look)
        if look.region == "face":
            pixels = corrected(pixels, small, mask=analysis.face_mask())
        else:
            pixels = corrected(pixels, _without_shadow(analysis, small, look))
    if look.background != "keep":
        pixels = _with_background(analysis, pixels, look.background)
    return (pixels.copy() if pixels is analysis.pixels else pixels), red_eyes


def _without_shadow(analysis: Analysis, small: Small, look: Look) -> Small:
    """Returns the correction that also lifts the flash's shadow from the wall."""
    if look.background != "keep" or not analysis.small_faces:
        return small
    from deepflash.enhance.shadow import wall_shadow_correction

    after = np.clip(apply_correction(small.target, small.picture, small.correction), 0, 1)
    height, width = after.shape[:2]
    matte = cv2.resize(analysis.matte, (width, height), interpolation=cv2.INTER_LINEAR)
    faces = analysis.faces_at(width)
    lift = wall_shadow_correction(after, matte, faces) * np.float32(min(look.strength, 1.0))
    return small._replace(
        correction=small.correction + _in_target(small.target, after, lift).astype(np.float32)
    )


def _in_target(
    target: TargetName,
    after: Float32[np.ndarray, "h w 3"],
    lift: Float32[np.ndarray, "h w"],
) -> Float32[np.ndarray, "h w 3"]:
    """Returns a log-ratio as a correction of the model's kind, to be added to the network's."""
    if target == "log_ratio":
        return np.broadcast_to(lift[..., None], after.shape)
    return after - after * np.exp(-lift[..., None])


def _with_background(analysis: Analysis, pixels: Pixels, kind: Literal["studio", "blur"]) -> Pixels:
    from deepflash.enhance.background import replace_background

    if not analysis.small_faces:
        return pixels  # without a person all of it would be background
    if pixels.dtype == np.float32:
        return to_unit(replace_background(from_unit(pixels), analysis.matte, kind))
    return replace_background(pixels, analysis.matte, kind)
