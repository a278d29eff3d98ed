"""Red pupils: found by colour and shape between the lids, and made dark again."""

import numpy as np

from deepflash.enhance.redeye.eyes import Pixels, at_view_size, eyes_of, skin_light
from deepflash.enhance.redeye.find import red_pupils
from deepflash.enhance.redeye.repair import repaired
from deepflash.faces.finder import Face
from deepflash.pictures import linear_to_srgb

__all__ = ["repair_red_eyes"]

_LEAST_SHARE = 1e-3


def repair_red_eyes(pixels: Pixels, faces: list[Face]) -> tuple[Pixels, int]:
    """Makes the pupils dark that a flash turned red, pink or golden.

    Everything but these pupils stays bit for bit: irises, lids, and all eyes that are less than
    8 pixels wide. The picture's values are taken as sRGB-encoded; those of another RGB space come
    out nearly the same.

    Args:
        pixels: RGB, uint8 or uint16, any size; not written to.
        faces: with points in its pixels.

    Returns:
        The same array if no pupil was red, else a changed copy; and how many were repaired.
    """
    result, count = pixels, 0
    for face in faces:
        eyes, skin = eyes_of(pixels, face), skin_light(pixels, face)
        found = red_pupils([at_view_size(eye) for eye in eyes], skin)
        for eye, pupil in zip(eyes, found, strict=True):
            if pupil is None:
                continue
            result = pixels.copy() if result is pixels else result
            light, weight = repaired(eye, *pupil, skin)
            height, width = weight.shape
            part = result[eye.top : eye.top + height, eye.left : eye.left + width]
            highest = np.iinfo(part.dtype).max
            encoded = np.round(linear_to_srgb(light) * highest).astype(part.dtype)
            part[...] = np.where(weight[..., None] > _LEAST_SHARE, encoded, part)
            count += 1
    return result, count
