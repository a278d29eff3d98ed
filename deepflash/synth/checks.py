"""What a rendered scene must pass before it is written."""

import numpy as np
from jaxtyping import Float32

from deepflash.synth.layout import LAYERS
from deepflash.synth.studio import Shot

_LEAST_SKIN, _MOST_SKIN = 0.015, 0.75
_LEAST_PERSON = 0.05
_LEAST_EYE_PX = 12.0
_GLINT_RATIO = 60.0
_LEAST_LIGHT, _MOST_LIGHT = 0.002, 0.995


def scene_fault(shot: Shot) -> str | None:
    """Returns what is wrong with a rendered scene in words, or None.

    Checked are numbers that are none, how much skin and person can be seen, and that each light
    lights the face at all; for open eyes also that the flash glints in both or in none.
    """
    if not np.isfinite(shot.layers).all():
        return "a pixel has no finite value"
    skin, person = float(shot.masks["skin"].mean()), float(shot.masks["person"].mean())
    if not _LEAST_SKIN <= skin <= _MOST_SKIN:
        return f"skin covers {skin:.1%} of the picture"
    if person < _LEAST_PERSON:
        return f"the person covers {person:.1%} of the picture"
    for name in ("flash", "high", "surround"):
        layer = shot.layers[LAYERS.index(name)]
        level = float((layer.mean(-1) * shot.masks["skin"]).sum() / shot.masks["skin"].sum())
        if level < 0.02 * shot.skin_reflectance:
            return f"the light {name} does not reach the face"
    return glint_fault(shot.layers[LAYERS.index("flash")], shot.masks["eyes"])


def glint_fault(
    flash: Float32[np.ndarray, "h w 3"], eyes: Float32[np.ndarray, "h w"]
) -> str | None:
    """Returns what is wrong with the flash's reflections in the eyes, or None.

    Two open eyes mirror the same small light: one glint far brighter than the other is a fault of
    the scene, unless an eye is hidden.
    """
    columns = np.nonzero(eyes.sum(0) > 0.5)[0]
    if not len(columns):
        return None
    gaps = np.nonzero(np.diff(columns) > 1)[0]
    if not len(gaps):
        return None
    widest = int(gaps[np.argmax(np.diff(columns)[gaps])])
    middle = (columns[widest] + columns[widest + 1]) // 2
    peaks = []
    for half in (np.s_[:, :middle], np.s_[:, middle:]):
        area = eyes[half]
        if area.sum() < _LEAST_EYE_PX:
            return None
        peaks.append(float((flash[half].max(-1) * (area > 0.5)).max()))
    ratio = max(peaks) / max(min(peaks), 1e-6)
    if ratio > _GLINT_RATIO:
        return f"the flash glints {ratio:.0f} times as bright in one eye"
    return None


def picture_fault(
    encoded: Float32[np.ndarray, "h w 3"], skin: Float32[np.ndarray, "h w"]
) -> str | None:
    """Returns what is wrong with the exposure of a picture, sRGB-encoded in [0,1], or None."""
    level = float((encoded.mean(-1) * skin).sum() / max(float(skin.sum()), 1e-6))
    if not _LEAST_LIGHT < level < _MOST_LIGHT:
        return f"the face is exposed at {level:.3f}"
    return None
