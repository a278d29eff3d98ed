"""Loose hair, short or long: hairs that follow guides, clump, wave and fray."""

import numpy as np
from jaxtyping import Float

from deepflash.synth.geometry import Noise, Points, smoothstep, unit
from deepflash.synth.hair.guides import Face, grow_guides
from deepflash.synth.hair.recipes import (
    LONG,
    RECIPES,
    Recipe,
    end_level,
    is_fringe,
    lengths,
    parted_side,
)
from deepflash.synth.hair.scalp import combed_density, depth_inside
from deepflash.synth.hair.strands import (
    Strands,
    arc_length,
    clumped,
    coiled,
    follow,
    nearest_guides,
    shortened,
)
from deepflash.synth.hair.style import HairStyle
from deepflash.synth.hair.surface import Body, Roots, Skin

_GUIDES = 900


def grow_loose(
    style: HairStyle,
    skin: Skin,
    body: Body,
    down: Float[np.ndarray, " 3"],
    detail: float,
    rng: np.random.Generator,
) -> tuple[Strands, Roots]:
    """Returns the hairs of one of the cuts in `RECIPES`, and their roots.

    Args:
        style: the hair.
        skin: it grows on, unturned.
        body: it stays out of.
        down: unit direction of gravity for the unturned head.
        detail: share of the usual number of hairs.
        rng: source of all randomness.
    """
    recipe = RECIPES[style.cut]

    def density(points: Points) -> np.ndarray:
        return combed_density(style, points)

    face = Face.of(skin)
    origins = skin.sample(density, int(_GUIDES * min(1.0, 0.25 + 2 * detail)), rng)
    length = lengths(style, origins.rest) * rng.uniform(0.88, 1.08, len(origins.rest))
    guides = grow_guides(style, recipe, origins, length, body, face, down, rng)
    count = int(recipe.hairs * min(style.density, 1.05) * detail)
    roots = skin.sample(density, count, rng)
    index, weight = nearest_guides(_apart(style, recipe, roots), _apart(style, recipe, origins))
    strands = follow(roots.points - 0.04 * roots.normals, guides, index, weight)
    strands = _cut(style, strands, roots, face, rng)
    strands, clump = clumped(
        strands, _apart(style, recipe, roots), recipe.clumps, recipe.clumping, rng
    )
    strands = _waved(style, recipe, strands, roots, clump, rng)
    strands = _frayed(recipe, strands, rng)
    return body_push(body, strands), roots


def body_push(body: Body, strands: Strands, clearance_cm: float = 0.05) -> Strands:
    """Returns the hairs moved out of skin and clothes, all but their roots."""
    out = strands.copy()
    out[:, 1:] = body.push(strands[:, 1:], clearance_cm)
    return out


def _apart(style: HairStyle, recipe: Recipe, roots: Roots) -> Points:
    """Returns places at which hairs that are combed apart lie far from each other."""
    if recipe.combed not in ("parted", "side"):
        return roots.rest
    front = smoothstep(-5.0, -2.0, roots.rest[:, 2]) * (roots.rest[:, 1] > 6)
    side = parted_side(style, roots.rest) * front * 4.0
    places = roots.rest + np.stack([side, 0 * side, 0 * side], 1)
    places[:, 1] += 8.0 * is_fringe(style, roots.rest)
    return places


def _cut(
    style: HairStyle, strands: Strands, roots: Roots, face: Face, rng: np.random.Generator
) -> Strands:
    """Cuts to varied lengths, at a level for long hair, above the brows for a fringe."""
    count, points = strands.shape[:2]
    share = rng.uniform(0.8, 1.0, count)
    stray = rng.random(count) < 0.12
    share = np.where(stray, share * rng.uniform(0.4, 1.0, count), share)
    # Fine short hairs along the hairline.
    inside = depth_inside(style, roots.rest)
    baby = (inside < 0.7) & (rng.random(count) < 0.4)
    longest = np.maximum(arc_length(strands)[:, -1], 0.1)
    share = np.where(baby, np.minimum(share, rng.uniform(0.5, 2.0, count) / longest), share)
    if style.cut in LONG:
        level = end_level(style) + rng.normal(0, 0.5, count) + 1.2 * np.abs(rng.normal(0, 1, count))
        layered = rng.random(count) < 0.3
        level = level + np.where(layered, 3.0 * style.volume * rng.random(count), 0.0)
        over_eyes = face.brow_y + 0.3 + rng.gamma(2.0, 0.22, count)
        over_eyes = over_eyes - 7.0 * smoothstep(4.2, 6.2, np.abs(roots.rest[:, 0]))
        level = np.where(is_fringe(style, roots.rest), over_eyes, level)
        below = strands[..., 1] < level[:, None]
        share = np.minimum(share, np.where(below.any(1), below.argmax(1) / (points - 1), 1.0))
    return shortened(strands, np.maximum(share, 0.05))


def _waved(
    style: HairStyle,
    recipe: Recipe,
    strands: Strands,
    roots: Roots,
    clump: np.ndarray,
    rng: np.random.Generator,
) -> Strands:
    strength = style.wave if style.cut not in ("curly", "long_wavy") else 0.55 + 0.45 * style.wave
    if recipe.wave_cm * strength < 0.03:
        return strands
    number = int(clump.max()) + 1
    together = 1.8 * Noise(rng, side=16)(roots.rest, 0.1)
    own = rng.uniform(0, 2 * np.pi, number)[clump]
    phase = (1 - recipe.unruly) * together + recipe.unruly * own + rng.normal(0, 0.2, len(clump))
    wavelength = recipe.wavelength_cm * (1.15 - 0.3 * strength)
    wavelength = (
        wavelength * np.exp((0.04 + 0.12 * recipe.unruly) * rng.standard_normal(number))[clump]
    )
    grown = np.clip(arc_length(strands) / (0.8 * recipe.wavelength_cm), 0, 1) ** 0.8
    size = recipe.wave_cm * strength * rng.uniform(0.6, 1.15, number)[clump][:, None] * grown
    return coiled(
        strands, roots.normals, size, wavelength[:, None], phase[:, None], recipe.flatness
    )


def _frayed(recipe: Recipe, strands: Strands, rng: np.random.Generator) -> Strands:
    """Moves each hair a little off its neighbours, a few of them far: flyaways."""
    count, points = strands.shape[:2]
    s = np.linspace(0, 1, points)[None, :, None]
    wild = 1 + 4 * (rng.random((count, 1, 1)) < 0.04)
    aim = unit(rng.standard_normal((count, 1, 3))) * rng.random((count, 1, 1))
    length = np.minimum(arc_length(strands)[:, -1:, None], 12.0)
    strands = strands + recipe.frizz_cm * aim * s * wild * np.minimum(length * 0.5, 3.0)
    return strands + 0.25 * recipe.frizz_cm * s * rng.standard_normal((count, points, 3))
