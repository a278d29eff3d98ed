"""Where in an eye a pupil shines: the round spot whose colour stands out most."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from deepflash.enhance.redeye.eyes import Eye, between_lids

Map = Callable[[Float32[np.ndarray, "h w 3"], Float32[np.ndarray, "3"]], Float32[np.ndarray, "h w"]]
"""What gives every pixel a number for its colour, given the skin's: `redness` or `goldenness`."""

_RADII = (4.0, 5.0, 6.0, 7.0, 8.0, 9.5, 11.0, 13.0, 15.0, 17.0)
"""Of pupils, in pixels of a view: 6 % of the eye's width (small, in light) to 27 % (a wide one)."""
_RING, _BEYOND = (1.2, 1.7), 2.2
"""The iris around a pupil of radius 1."""
_CORNERS = 0.2
"""Share of the width at a corner where no pupil's middle is, but flesh that is red by nature."""
_DARK = 0.04
"""Of the skin's red light: noise and chroma blur outweigh the colour of darker pixels."""
_YELLOWER, _BLUEST = 0.7, -0.4
"""How much being yellower than the skin counts against a red: brown irises are. Being bluer
counts for it, up to a limit: pupils that the camera shows in wine red."""
_PALEST = 0.4
"""Logarithm of red by green of the palest skin; less is overexposed and says nothing."""
_FAIR, _HEADROOM = 0.4, 1.0
_PALE, _BRIGHT = 0.55, 1.6


@dataclass(frozen=True, eq=False)
class Spot:
    """The spot of an eye that may be a red pupil, in pixels of the view."""

    x: float
    y: float
    radius: float
    glow: float
    """Median `redness` or `goldenness` without the catch-light."""
    around: float
    """The same of the ring around it."""
    light: Float32[np.ndarray, "3"]
    """Median linear light, without the catch-light."""
    covers: Bool[np.ndarray, "h w"]
    """The pixels that it covers, catch-light included."""
    roundness: float
    """Area by that of the circle around it: 1 for a disc, less where lids cut it or for a line."""
    hollow: float
    """Share of its middle that is dark and does not glow: the pupil of a brown iris."""
    beyond: float
    """Share of the skin around that glows as much: hair and make-up do not end at the lids."""


def redness(
    light: Float32[np.ndarray, "h w 3"], skin: Float32[np.ndarray, "3"]
) -> Float32[np.ndarray, "h w"]:
    """Returns how much redder pixels are than the face's own skin.

    By how much the natural logarithm of red by green exceeds the skin's, less where a pixel is
    also yellower than skin, more where it is bluer. 0 is skin; white, brown and all other irises
    lie below or near.
    """
    red, green, yellow = _against_skin(light, skin)
    washed = max(_PALEST - float(np.log(skin[0] / max(float(skin[1]), 1e-4))), 0.0)
    return (red - green - washed - _YELLOWER * np.maximum(yellow, _BLUEST)).astype(np.float32)


def goldenness(
    light: Float32[np.ndarray, "h w 3"], skin: Float32[np.ndarray, "3"]
) -> Float32[np.ndarray, "h w"]:
    """Returns how much yellower than skin pixels are that are as bright as fair skin.

    By how much the natural logarithm of red by blue exceeds the skin's, but no more than its
    brightness earns: amber irises are as yellow as a golden pupil, but dark.
    """
    red, green, yellow = _against_skin(light, skin)
    bright = np.log(light[..., 0] + np.float32(1e-3)) - np.log(max(float(skin[0]), _FAIR))
    return np.minimum(bright + _HEADROOM, red - green + yellow).astype(np.float32)


def _against_skin(
    light: Float32[np.ndarray, "h w 3"], skin: Float32[np.ndarray, "3"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns logarithms of red and green, and of green by blue, less the skin's."""
    dark = np.float32(_DARK * max(float(skin[0]), 0.02))
    red, green, blue = np.moveaxis(np.log(light + dark) - np.log(skin + dark), -1, 0)
    return red, green, green - blue


def brightest_spot(view: Eye, glowing: Float32[np.ndarray, "h w"]) -> Spot | None:
    """Returns the spot of an eye that glows most above its surroundings, None without any.

    Args:
        view: the eye at a width of `VIEW_PX`.
        glowing: `redness` or `goldenness` of its pixels.
    """
    inside = between_lids(view)
    known = inside & ~_catch_light(view.light, inside)
    found = _best_disc(glowing, known, _possible_centres(view))
    if found is None:
        return None
    x, y, radius = found
    away = _distances(glowing.shape, x, y)
    disc = known & (away <= 0.9 * radius)
    ring = known & (away > _RING[0] * radius) & (away < _RING[1] * radius)
    if disc.sum() < 3 or ring.sum() < 3:
        return None
    level, around = float(np.median(glowing[disc])), float(np.median(glowing[ring]))
    middle = (level + around) / 2
    glows = glowing > middle
    covers = _shape(glows & inside & (away < _RING[1] * radius), x, y)
    return Spot(
        x=x,
        y=y,
        radius=radius,
        glow=level,
        around=around,
        light=np.median(view.light[disc], axis=0).astype(np.float32),
        covers=covers,
        roundness=_roundness(covers),
        hollow=_share(~glows & _darker(view.light, disc), away < 0.5 * radius),
        beyond=_share(glowing > (level + middle) / 2, ~inside & (away < _BEYOND * radius)),
    )


def _share(chosen: Bool[np.ndarray, "h w"], of: Bool[np.ndarray, "h w"]) -> float:
    return float(chosen[of].mean()) if of.any() else 0.0


def _darker(
    light: Float32[np.ndarray, "h w 3"], than: Bool[np.ndarray, "h w"]
) -> Bool[np.ndarray, "h w"]:
    """Returns the pixels that have less than half of the red light of some."""
    return light[..., 0] < 0.5 * np.median(light[than, 0])


def _catch_light(
    light: Float32[np.ndarray, "h w 3"], inside: Bool[np.ndarray, "h w"]
) -> Bool[np.ndarray, "h w"]:
    """Returns pale and bright pixels: mirrored lamps, and the white of the eye."""
    brightness = light.mean(axis=-1)
    usual = np.median(brightness[inside]) if inside.any() else 1.0
    return (light.min(axis=-1) > _PALE * light.max(axis=-1)) & (brightness > _BRIGHT * usual)


def _possible_centres(view: Eye) -> Bool[np.ndarray, "h w"]:
    height, width = view.light.shape[:2]
    centres = np.zeros((height, width), np.uint8)
    cv2.fillPoly(centres, [np.round(view.contour).astype(np.int32).reshape(-1, 1, 2)], 1)
    outer, inner = view.contour[0], view.contour[len(view.contour) // 2]
    across = (inner - outer) / max(float(np.sum((inner - outer) ** 2)), 1e-6)
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    along = (x - outer[0]) * across[0] + (y - outer[1]) * across[1]
    return (centres > 0) & (along > _CORNERS) & (along < 1 - _CORNERS)


def _best_disc(
    glowing: Float32[np.ndarray, "h w"],
    known: Bool[np.ndarray, "h w"],
    centres: Bool[np.ndarray, "h w"],
) -> tuple[float, float, float] | None:
    """Returns x, y and radius of the disc that exceeds the ring around it most."""
    weight = known.astype(np.float32)
    weighted = weight * glowing.clip(-0.5, 1.5)
    best, found = 0.0, None
    for radius in _RADII:
        disc, ring = _disc(radius), _disc(radius * _RING[1])
        ring = ring - np.pad(hole := _disc(radius * _RING[0]), (len(ring) - len(hole)) // 2)
        inner, outer = _summed(weight, disc), _summed(weight, ring)
        above = _summed(weighted, disc) / np.maximum(inner, 1e-3)
        above -= _summed(weighted, ring) / np.maximum(outer, 1e-3)
        seen = inner / disc.sum()
        enough = centres & (seen > 0.4) & (outer > 0.2 * ring.sum())
        # Of two discs that fit, the larger and fuller one is the pupil.
        score = np.where(enough, above * np.sqrt(seen.clip(0, 1)) * (1 + 0.02 * radius), 0)
        y, x = np.unravel_index(int(score.argmax()), score.shape)
        if score[y, x] > best:
            best, found = float(score[y, x]), (float(x), float(y), radius)
    return found


def _disc(radius: float) -> Float32[np.ndarray, "n n"]:
    reach = int(np.ceil(radius)) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)


def _summed(
    values: Float32[np.ndarray, "h w"], kernel: Float32[np.ndarray, "n n"]
) -> Float32[np.ndarray, "h w"]:
    return cv2.filter2D(values, -1, kernel, borderType=cv2.BORDER_CONSTANT).reshape(values.shape)


def _distances(shape: tuple[int, ...], x: float, y: float) -> np.ndarray:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return np.hypot(columns - x, rows - y)


def _shape(glowing: Bool[np.ndarray, "h w"], x: float, y: float) -> Bool[np.ndarray, "h w"]:
    """Returns the hull of the connected pixels that lie nearest to the middle."""
    hull = np.zeros(glowing.shape, np.uint8)
    _, labels = cv2.connectedComponents(glowing.astype(np.uint8))
    away = np.where(labels > 0, _distances(glowing.shape, x, y), np.inf)
    nearest = np.unravel_index(int(away.argmin()), away.shape)
    if labels[nearest]:
        points = np.argwhere(labels == labels[nearest])[:, ::-1].astype(np.int32)
        cv2.fillConvexPoly(hull, cv2.convexHull(points), 1)
    return hull.astype(bool)


def _roundness(shape: Bool[np.ndarray, "h w"]) -> float:
    points = np.argwhere(shape)[:, ::-1].astype(np.int32)
    if len(points) < 3:
        return 0.0
    _, radius = cv2.minEnclosingCircle(points)
    return float(len(points) / (np.pi * (radius + 0.5) ** 2))
