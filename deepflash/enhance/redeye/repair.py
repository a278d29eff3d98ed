"""Takes the glow of a retina out of a pupil and leaves the rest: the pupil's dark, its catch-light.

A pixel of a red pupil is the sum of a dark pupil, some of the glow, and what the cornea mirrors,
which is white. So as much glow as explains the pixel's red is subtracted, in linear light; where
the mirrored lamp is bright, what remains is white.
"""

import cv2
import numpy as np
from jaxtyping import Float32

from deepflash.enhance.redeye.eyes import VIEW_PX, Eye, at_view_size, between_lids
from deepflash.enhance.redeye.pupils import Map, Spot, goldenness

_MARGIN = 0.05
"""How far the repair reaches beyond the spot, in widths of the eye: the blurred edge, and the
colour that JPEG spreads."""
_LEAST_MARGIN_PX = 1.0
_FEATHER = 0.5
"""Of the margin."""
_GATE = (0.05, 0.3)
"""Shares of the way from the iris's redness to the pupil's where repair begins and is whole."""
_LIDS = 0.12
"""Redness of lids, which is the skin's or a little more: no repair below."""
_GOLDEN_GATE = (0.15, 0.35)
"""The same for golden pupils, in shares of their glow."""
_DARKEST, _LIGHTEST = 0.003, 0.03
"""Linear light of a pupil in a photograph that was lit by a flash."""
_OF_GLOW = 0.5
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


def repaired(
    eye: Eye, spot: Spot, colours: Map, skin: Float32[np.ndarray, "3"]
) -> tuple[Float32[np.ndarray, "h w 3"], Float32[np.ndarray, "h w"]]:
    """Returns the eye's linear light with a dark pupil, and how much of each pixel was replaced.

    Args:
        eye: at the picture's own size.
        spot: its pupil, in pixels of the view.
        colours: what the spot was found by.
        skin: linear light of the face's skin.
    """
    dark = np.float32(np.clip(_OF_GLOW * spot.light[1:].min(), _DARKEST, _LIGHTEST))
    share = np.maximum(_red(eye.light), 0) / max(float(_red(spot.light[None])[0]), 1e-4)
    left = eye.light - share[..., None] * (spot.light - dark)
    # Where noise makes more of the glow than there is light, some of the dark stays.
    left = np.maximum(left, np.minimum(eye.light, 0.5 * dark))
    coloured = _redder_than_iris(colours(eye.light, skin), spot)
    if colours is goldenness:  # the map falls steeply towards a pupil's edge, the share does not
        coloured = (share - _GOLDEN_GATE[0]) / (_GOLDEN_GATE[1] - _GOLDEN_GATE[0])
    near, within = _nearness(eye, spot)
    coloured = np.maximum(coloured.clip(0, 1), within)
    weight = near * coloured * coloured * (3 - 2 * coloured)
    light = eye.light + weight[..., None] * (left @ _LUMINANCE[:, None] - eye.light)
    return light.astype(np.float32), weight.astype(np.float32)


def _red(light: Float32[np.ndarray, "*axes 3"]) -> Float32[np.ndarray, "*axes"]:
    """Returns by how much red exceeds what would be neutral: of white and black, nothing."""
    return light[..., 0] - (light[..., 1] + light[..., 2]) / 2


def _redder_than_iris(
    glowing: Float32[np.ndarray, "h w"], spot: Spot
) -> Float32[np.ndarray, "h w"]:
    """Returns 0 or less for what is as red as the ring around the spot or as lids, 1 from full."""
    above = spot.glow - spot.around
    first = max(spot.around + _GATE[0] * above, min(_LIDS, 0.5 * spot.glow))
    return (glowing - np.float32(first)) / np.float32(_GATE[1] * (spot.glow - first))


def _nearness(
    eye: Eye, spot: Spot
) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """Returns two weights in [0,1]: 1 on the spot and falling around it, and 1 well within it.

    Both are 0 on the lids. The second one takes the pink out of catch-lights, which are not red
    enough by themselves.
    """
    height, width = eye.light.shape[:2]
    margin = max(_MARGIN * VIEW_PX, _LEAST_MARGIN_PX * VIEW_PX / eye.width)
    covers = spot.covers.astype(np.uint8)
    away = cv2.distanceTransform(1 - covers, cv2.DIST_L2, 5)
    within = (cv2.distanceTransform(covers, cv2.DIST_L2, 5) - 1).clip(0, 1)
    near = np.clip((margin - away) / (_FEATHER * margin), 0, 1) * between_lids(at_view_size(eye))
    both = np.stack([near, within], axis=-1).astype(np.float32)
    method = cv2.INTER_AREA if width < near.shape[1] else cv2.INTER_LINEAR
    both = cv2.resize(both, (width, height), interpolation=method)
    both *= between_lids(eye)[..., None]
    return both[..., 0], both[..., 1]
