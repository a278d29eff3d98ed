"""Afro and tight curls: coils that stand away from the head."""

import numpy as np

from deepflash.synth.geometry import Noise, Points, smoothstep, unit
from deepflash.synth.hair.loose import body_push
from deepflash.synth.hair.scalp import depth_inside, scalp_density
from deepflash.synth.hair.strands import Strands, clumped, coiled
from deepflash.synth.hair.style import HairStyle
from deepflash.synth.hair.surface import Body, Roots, Skin

_COUNT = 30000
_POINTS = {"afro": 15, "tight_curls": 11}
_CLUMPS = {"afro": 2600, "tight_curls": 1900}
RADIUS_CM = 0.0125


def grow_textured(
    style: HairStyle, skin: Skin, body: Body, detail: float, rng: np.random.Generator
) -> tuple[Strands, Roots]:
    """Returns the hairs of an afro or tight curls, and their roots.

    Args:
        style: the hair.
        skin: it grows on, unturned.
        body: it stays out of.
        detail: share of the usual number of hairs.
        rng: source of all randomness.
    """

    def density(points: Points) -> np.ndarray:
        return scalp_density(style, points) ** 1.3

    roots = skin.sample(density, int(_COUNT * min(style.density, 1.1) * detail), rng)
    count, points = len(roots.rest), _POINTS[style.cut]
    middle = roots.points.mean(0) - np.array([0, 2.5, 0])
    outward = unit(0.5 * roots.normals + 0.5 * unit(roots.points - middle))
    length = _lengths(style, roots, outward, rng) * rng.uniform(0.78, 1.0, count) ** 0.8
    s = np.linspace(0, 1, points)[None, :, None]
    lean = 0.28 * rng.standard_normal((count, 1, 3))
    straight = length[:, None, None] * unit(outward[:, None] + lean * s) * s
    strands = roots.points[:, None] - 0.04 * roots.normals[:, None] + straight
    strands, clump = clumped(strands, roots.rest, _CLUMPS[style.cut], 0.7, rng)
    number = int(clump.max()) + 1 if count else 0
    tight = 1.25 - 0.45 * style.wave
    # Fewer than 3.5 points a turn would not show a coil.
    wavelength = np.maximum(tight * rng.uniform(0.8, 1.2, number)[clump], 3.6 * length / points)
    phase = rng.uniform(0, 2 * np.pi, number)[clump] + rng.normal(0, 0.5, count)
    size = (0.14 + 0.16 * wavelength)[:, None] * np.minimum(1, 4 * s[..., 0])
    size = size * np.minimum(1.0, length / 1.2)[:, None]
    strands = coiled(strands, roots.normals[:, ::-1], size, wavelength[:, None], phase[:, None])
    strands = strands + 0.05 * s * rng.standard_normal(strands.shape)
    return body_push(body, strands, 0.04), roots


def _lengths(
    style: HairStyle, roots: Roots, outward: Points, rng: np.random.Generator
) -> np.ndarray:
    y = roots.rest[:, 1]
    fine = np.clip(0.3 + 0.45 * depth_inside(style, roots.rest), 0.15, 1)
    uneven = 1 + 0.07 * Noise(rng, side=16)(outward, 2.6)
    if style.cut == "afro":
        shape = np.interp(y, [-6, -2, 3, 7], [0.25, 0.5, 0.85, 1.0])
        return style.length_cm * style.volume * shape * fine * uneven
    upper = smoothstep(5.5, 10.0, y - np.interp(roots.rest[:, 2], [-8, -2], [2.5, 0.5]))
    sides = min(style.sides_cm, style.length_cm)
    low = sides * np.interp(y, [-6, -1, 5], [0.25, 0.6, 1.0])
    return (low + (style.length_cm - low) * upper) * fine * uneven
