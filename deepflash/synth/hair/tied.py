"""Ponytails and buns: hair drawn back over the scalp to a tie."""

import numpy as np
from jaxtyping import Float

from deepflash.synth.geometry import Noise, Points, smoothstep, unit
from deepflash.synth.hair.loose import body_push
from deepflash.synth.hair.paths import frames, hanging
from deepflash.synth.hair.scalp import combed_density, depth_inside
from deepflash.synth.hair.strands import Strands, coiled, shortened
from deepflash.synth.hair.style import HairStyle
from deepflash.synth.hair.surface import Body, Roots, Skin

_MIDDLE = np.array([0.0, 4.5, -0.5])
_COUNT, _SCALP_POINTS, _TAIL_POINTS = 31000, 6, 9
RADIUS_CM = 0.0108


def grow_tied(
    style: HairStyle,
    skin: Skin,
    body: Body,
    down: Float[np.ndarray, " 3"],
    detail: float,
    rng: np.random.Generator,
) -> tuple[Strands, Roots]:
    """Returns the hairs of a ponytail or a bun, and their roots.

    Args:
        style: the hair; its seed decides how high it is tied.
        skin: it grows on, unturned.
        body: it stays out of.
        down: unit direction of gravity for the unturned head.
        detail: share of the usual number of hairs.
        rng: source of all randomness.
    """

    def density(points: Points) -> np.ndarray:
        before_ear = smoothstep(2.2, 3.2, points[..., 2]) * smoothstep(4.6, 3.4, points[..., 1])
        return combed_density(style, points) * (1 - 0.96 * before_ear)

    roots = skin.sample(density, int(_COUNT * min(style.density, 1.05) * detail), rng)
    tie, out = _tie(style, skin, rng)
    over = _over_scalp(style, roots, body, tie - 0.55 * out, rng)
    if style.cut == "bun":
        rest = _bun(len(over), tie, out, rng)
    else:
        rest = _tail(style, len(over), tie, out, body, down, rng)
    strands = np.concatenate([over, rest], 1)
    strands = strands + 0.012 * rng.standard_normal(strands.shape)
    strands[:, 0] = roots.points - 0.04 * roots.normals
    # Short hairs at the hairline escape the tie.
    inside = depth_inside(style, roots.rest)
    baby = (inside < 0.7) & (rng.random(len(strands)) < 0.2)
    baby = baby | (rng.random(len(strands)) < 0.015)
    baby = baby | ((roots.rest[:, 1] < 3.4) & (roots.rest[:, 2] > 2.5))
    loose = shortened(strands, np.where(baby, rng.uniform(0.03, 0.14, len(strands)), 1.0))
    lift = np.linspace(0, 1, strands.shape[1])[None, :, None] * baby[:, None, None]
    aim = roots.normals + 0.7 * rng.standard_normal((len(strands), 3)) + 0.5 * down
    loose = loose + 0.2 * lift * aim[:, None]
    return body_push(body, loose, 0.04), roots


def _tie(style: HairStyle, skin: Skin, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns where the hair is tied and the direction away from the head there."""
    heights = [10.5, 7.5, 2.5] if style.cut == "ponytail" else [12.5, 9.0, 3.0]
    y = float(rng.choice(heights))
    aim = np.array([0.0, y, -8.6 + 0.9 * max(0.0, y - 6)])
    near = skin.used[np.argmin(np.linalg.norm(skin.rest[skin.used] - aim, axis=1))]
    normal = unit(skin.points[near] - _MIDDLE)
    return skin.points[near] + 1.1 * normal, normal


def _over_scalp(
    style: HairStyle, roots: Roots, body: Body, tie: np.ndarray, rng: np.random.Generator
) -> Strands:
    """Returns the part of each hair that lies on the head, from its root to the tie."""
    s = np.linspace(0, 1, _SCALP_POINTS)[None, :, None]
    start, end = unit(roots.points - _MIDDLE)[:, None], unit(tie - _MIDDLE)[None, None]
    distance = np.linalg.norm(roots.points - _MIDDLE, axis=1)[:, None, None]
    angle = np.arccos(np.clip((start * end).sum(-1, keepdims=True), -0.999, 0.999))
    aim = (np.sin((1 - s) * angle) * start + np.sin(s * angle) * end) / np.sin(angle)
    paths = _MIDDLE + aim * (distance + s * (np.linalg.norm(tie - _MIDDLE) - distance))
    layer = 0.1 + 0.45 * style.volume * rng.random((len(paths), 1)) ** 1.5
    noise = Noise(rng, side=16)
    ripple = 0.5 + 0.35 * np.abs(noise(roots.rest * np.array([1, 1, 0.3]), 0.9))[:, None]
    rise = np.sin(np.pi * np.clip(s[..., 0] * 0.85 + 0.05, 0, 1)) * layer * ripple * 2
    return body.push(paths, 0.1 + rise)


def _tail(
    style: HairStyle,
    count: int,
    tie: np.ndarray,
    out: np.ndarray,
    body: Body,
    down: np.ndarray,
    rng: np.random.Generator,
) -> Strands:
    """Returns the part of each hair beyond the tie: one thick lock that frays."""
    length = np.array([max(style.length_cm - 8.0, 6.0)])
    direction = unit(out + np.array([0, 0.15, 0]))[None]
    middle = hanging(tie[None], direction, length, _TAIL_POINTS, body, down, 1.2, stiffness=0.55)
    across, up = frames(middle, out[None] + np.array([[0.3, 0.0, 0.0]]))
    locks = 26
    profile = np.interp(np.linspace(0, 1, _TAIL_POINTS), [0, 0.2, 0.6, 1], [0.5, 1.7, 2.0, 1.2])
    centre = rng.standard_normal((locks, 2)) * 0.5
    lock = rng.integers(0, locks, count)
    own = rng.standard_normal((count, 2)) * 0.55
    t = np.linspace(0, 1, _TAIL_POINTS)[None, :, None]
    place = (centre[lock] + 0.3 * own)[:, None] * t + own[:, None] * (1 - t)
    place = place * profile[None, :, None]
    hairs = middle + place[..., :1] * across + place[..., 1:] * up
    share = rng.uniform(0.72, 1.0, count)
    hairs = shortened(hairs, share)
    size = (0.1 + 0.6 * style.wave) * np.minimum(1, 3 * t[..., 0]) * np.ones((count, 1))
    phase = rng.uniform(0, 2 * np.pi, locks)[lock][:, None] * 0.3 + rng.normal(0, 0.3, (count, 1))
    wavelength = np.full((count, 1), 6.5) * rng.uniform(0.85, 1.15, locks)[lock][:, None]
    return coiled(hairs, np.repeat(out[None], count, 0), size, wavelength, phase, 0.5)


def _bun(count: int, tie: np.ndarray, out: np.ndarray, rng: np.random.Generator) -> Strands:
    """Returns the part of each hair beyond the tie, wound round into a knot."""
    across = unit(np.cross(out, np.array([1.0, 0.1, 0.0])))
    up = np.cross(out, across)
    size = rng.uniform(2.6, 3.5)
    coils = 9
    lock = rng.integers(0, coils, count)
    radius = size * np.sqrt((lock + 0.5) / coils) + rng.normal(0, 0.13, count)
    tilt = rng.normal(0, 0.22, (coils, 2))[lock]
    height = 2.3 * np.sqrt(np.clip(1.05 - (radius / size / 1.05) ** 2, 0, 1)) - 0.2
    height = height + rng.normal(0, 0.14, count) - rng.exponential(0.2, count)
    turn = np.linspace(0.0, 2 * np.pi * 1.25, _TAIL_POINTS)[None]
    angle = rng.uniform(0, 2 * np.pi, (count, 1)) + turn
    reach = radius[:, None] * np.linspace(0.75, 1.0, _TAIL_POINTS) ** 0.5
    first, second = reach * np.cos(angle), reach * np.sin(angle)
    level = height[:, None] + tilt[:, :1] * first + tilt[:, 1:] * second
    flat = first[..., None] * across + second[..., None] * up
    return tie + flat + np.clip(level, -0.6, None)[..., None] * out
