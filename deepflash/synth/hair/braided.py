"""Cornrows, box braids and locs: ropes of hair along guides."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.cluster.vq import kmeans2
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import KDTree

from deepflash.synth.geometry import Points, unit
from deepflash.synth.hair.guides import Face, grow_guides
from deepflash.synth.hair.paths import frames, hanging, refined
from deepflash.synth.hair.recipes import Recipe
from deepflash.synth.hair.scalp import depth_inside
from deepflash.synth.hair.strands import Strands
from deepflash.synth.hair.style import HairStyle
from deepflash.synth.hair.surface import Body, Roots, Skin

_MIDDLE = np.array([0.0, 4.5, -0.5])
_FALL = Recipe(
    0, 18, 0.0, "parted", lift=0.18, hold=0.9, gravity=0.7, cling=0.6, standoff_cm=0.7, wander=0.1
)


class _Rope(NamedTuple):
    """How hairs run within a braid or a loc."""

    points: int
    hairs: int
    """Of each of three strands, or of the whole loc."""
    hair_radius_cm: float
    width_cm: float
    pitch_cm: float
    """Along the rope for one turn."""


_ROPES = {
    "cornrows": _Rope(110, 14, 0.024, 0.4, 2.0),
    "box_braids": _Rope(84, 12, 0.022, 0.3, 2.1),
    "locs": _Rope(30, 80, 0.016, 0.42, 5.0),
}


def grow_braided(
    style: HairStyle,
    skin: Skin,
    body: Body,
    down: Float[np.ndarray, " 3"],
    detail: float,
    rng: np.random.Generator,
) -> tuple[Strands, Roots, float]:
    """Returns the hairs of cornrows, box braids or locs, their roots and their radius.

    Args:
        style: the hair.
        skin: it grows on, unturned.
        body: it stays out of.
        down: unit direction of gravity for the unturned head.
        detail: share of the usual number of hairs.
        rng: source of all randomness.
    """
    rope = _ROPES[style.cut]
    hairs = max(3, round(rope.hairs * detail))
    rope = rope._replace(hairs=hairs)
    if style.cut == "cornrows":
        paths, starts = _rows(style, skin, body, down, rng)
    else:
        paths, starts = _hanging_ropes(style, skin, body, down, rng)
    build = _twisted if style.cut == "locs" else _plaited
    paths = body.push(refined(paths, rope.points), 0.9 * rope.width_cm)
    strands, roots = build(paths, starts, rope, rng)
    return strands, roots, rope.hair_radius_cm * np.sqrt(hairs / _ROPES[style.cut].hairs * detail)


def _hanging_ropes(
    style: HairStyle, skin: Skin, body: Body, down: np.ndarray, rng: np.random.Generator
) -> tuple[Strands, Roots]:
    """Returns paths that start in the middle of patches of the scalp."""

    def density(points: Points) -> np.ndarray:
        return (depth_inside(style, points) > 0.35).astype(float)

    many = skin.sample(density, 2500, rng)
    number = {"box_braids": 120, "locs": 95}[style.cut]
    centres, _ = kmeans2(many.points, number, minit="++", iter=8, rng=rng)
    starts = many.pick(np.asarray(KDTree(many.points).query(centres)[1]))
    level = 12.0 - style.length_cm
    length = np.maximum((starts.rest[:, 1] - level) * 1.1 + 2.0, 5.0)
    length = length * rng.uniform(0.9, 1.06, len(length))
    # Under the name of a cut that is kept out of the face.
    long_style = replace(style, cut="long_straight")
    return grow_guides(long_style, _FALL, starts, length, body, Face.of(skin), down, rng), starts


def _rows(
    style: HairStyle, skin: Skin, body: Body, down: np.ndarray, rng: np.random.Generator
) -> tuple[Strands, Roots]:
    """Returns paths along the scalp from the hairline to the neck that hang down from there."""
    inside = np.zeros(len(skin.rest))
    inside[skin.used] = depth_inside(style, skin.rest[skin.used])
    scalp = np.flatnonzero(inside > 0.2)
    tree = KDTree(unit(skin.rest[scalp] - _MIDDLE))
    paths, starts = [], []
    for angle in np.deg2rad(np.linspace(-80, 80, 17)):
        turn = np.deg2rad(np.linspace(15, 215, 90))
        aim = np.stack(
            [
                np.full(90, np.sin(angle)),
                np.cos(angle) * np.sin(turn),
                np.cos(angle) * np.cos(turn),
            ],
            1,
        )
        away, nearest = tree.query(aim)
        near = scalp[np.asarray(nearest)[np.asarray(away) < 0.06]]
        if len(near) < 8:
            continue
        on_skin = gaussian_filter1d(skin.points[near], 3, axis=0, mode="nearest")
        on_skin = body.push(on_skin, 0.16)
        heading = unit(on_skin[-1:] - on_skin[-3:-2])
        length = np.array([max(style.length_cm - 8.0, 3.0) * rng.uniform(0.85, 1.1)])
        tail = hanging(on_skin[-1:], heading, length, 30, body, down, 0.35)[0]
        whole = np.concatenate([on_skin, tail[1:]])
        paths.append(_evenly(whole, 60))
        starts.append(near[0])
    first = np.array(starts, int)
    return np.stack(paths), Roots(skin.rest[first], skin.points[first], skin.normals[first])


def _evenly(path: Points, points: int) -> Float[np.ndarray, "m 3"]:
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    at = np.concatenate([[0.0], np.cumsum(steps)])
    where = np.linspace(0, at[-1], points)
    return np.stack([np.interp(where, at, path[:, k]) for k in range(3)], 1)


def _spread(starts: Roots, count: int, width: float, rng: np.random.Generator) -> np.ndarray:
    """Returns `count` roots on the skin about each start: (ropes, count, 3)."""
    aim = rng.standard_normal((len(starts.points), count, 3)) * width * 0.6
    normal = starts.normals[:, None]
    return starts.points[:, None] + aim - (aim * normal).sum(-1, keepdims=True) * normal


def _rooted(
    hairs: np.ndarray, starts: Roots, width: float, rng: np.random.Generator
) -> tuple[Strands, Roots]:
    """Returns hairs (ropes, hairs, k, 3) as one array with their roots put on the skin."""
    ropes, count = hairs.shape[:2]
    roots = _spread(starts, count, width, rng)
    hairs[:, :, 0] = roots - 0.04 * starts.normals[:, None]
    owner = np.repeat(np.arange(ropes), count)
    picked = starts.pick(owner)
    return hairs.reshape(ropes * count, -1, 3), picked._replace(points=roots.reshape(-1, 3))


def _plaited(
    paths: Strands, starts: Roots, rope: _Rope, rng: np.random.Generator
) -> tuple[Float[np.ndarray, "m k 3"], Roots]:
    """Returns hairs plaited in three strands."""
    ropes, points = paths.shape[:2]
    steps = np.linalg.norm(np.diff(paths, axis=1), axis=2)
    along = np.concatenate([np.zeros((ropes, 1)), np.cumsum(steps, 1)], 1)
    outward = paths - np.array([0.0, 4.0, 0.0])
    across, up = _skin_frames(paths, outward)
    taper = np.interp(np.linspace(0, 1, points), [0, 0.05, 0.75, 1], [0.7, 1, 0.85, 0.45])
    strands = []
    for k in range(3):
        angle = 2 * np.pi * along / rope.pitch_cm + 2 * np.pi * k / 3
        side = rope.width_cm * taper * np.sin(angle)
        over = 0.5 * rope.width_cm * taper * np.sin(2 * angle)
        middle = paths + side[..., None] * across + over[..., None] * up
        spread = rng.standard_normal((ropes, rope.hairs, 1, 2)) * 0.5
        spread = spread / np.maximum(1, np.linalg.norm(spread, axis=-1, keepdims=True))
        size = 0.46 * rope.width_cm * taper[None, None, :, None]
        strands.append(
            middle[:, None]
            + size * spread[..., :1] * across[:, None]
            + size * spread[..., 1:] * up[:, None]
        )
    hairs = np.concatenate(strands, 1)
    hairs = hairs + 0.012 * rng.standard_normal(hairs.shape)
    return _rooted(hairs, starts, 1.3 * rope.width_cm, rng)


def _skin_frames(paths: Strands, outward: np.ndarray) -> tuple[Strands, Strands]:
    along = unit(np.gradient(paths, axis=1))
    across = unit(np.cross(along, outward + np.array([0.01, 0.02, 0.01])))
    return across, unit(np.cross(across, along))


def _twisted(
    paths: Strands, starts: Roots, rope: _Rope, rng: np.random.Generator
) -> tuple[Float[np.ndarray, "m k 3"], Roots]:
    """Returns hairs matted into round locs, uneven and fuzzy."""
    ropes, points = paths.shape[:2]
    across, up = frames(paths, starts.normals)
    taper = np.interp(np.linspace(0, 1, points), [0, 0.1, 0.8, 1], [0.7, 1, 0.9, 0.6])
    uneven = 1 + 0.14 * gaussian_filter1d(rng.standard_normal((ropes, points)), 1.2, axis=1)
    size = rope.width_cm * taper * uneven * rng.uniform(0.75, 1.25, (ropes, 1))
    distance = np.sqrt(rng.uniform(0.35, 1, (ropes, rope.hairs, 1)))
    turn = np.linspace(0, 2 * np.pi * 30 / rope.pitch_cm / 3, points)
    wind = rng.normal(1.0, 0.5, (ropes, rope.hairs, 1))
    angle = rng.uniform(0, 2 * np.pi, (ropes, rope.hairs, 1)) + turn * wind
    radius = size[:, None] * distance
    hairs = paths[:, None] + (radius * np.cos(angle))[..., None] * across[:, None]
    hairs = hairs + (radius * np.sin(angle))[..., None] * up[:, None]
    hairs = hairs + 0.05 * rng.standard_normal(hairs.shape)
    return _rooted(hairs, starts, 1.2 * rope.width_cm, rng)
