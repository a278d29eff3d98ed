"""The parameters of what a person wears."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from deepflash.synth.backdrops.colours import draw_colour
from deepflash.synth.materials import Colour

Garment = Literal["t_shirt", "v_neck", "shirt", "polo", "hoodie", "turtleneck", "blazer", "sweater"]
GARMENTS: tuple[Garment, ...] = (
    "t_shirt",
    "v_neck",
    "shirt",
    "polo",
    "hoodie",
    "turtleneck",
    "blazer",
    "sweater",
)
"""All kinds of garments."""
_SHARES_MASCULINE = (0.3, 0.06, 0.17, 0.09, 0.14, 0.04, 0.1, 0.1)
_SHARES_FEMININE = (0.24, 0.17, 0.1, 0.02, 0.11, 0.12, 0.1, 0.14)

Pattern = Literal["plain", "melange", "stripes", "checks", "print", "logo"]
PATTERNS: tuple[Pattern, ...] = ("plain", "melange", "stripes", "checks", "print", "logo")
"""All kinds of patterns."""
_PATTERN_SHARES: dict[Garment, tuple[float, ...]] = {
    "t_shirt": (0.38, 0.14, 0.11, 0.02, 0.13, 0.22),
    "v_neck": (0.5, 0.16, 0.12, 0.02, 0.2, 0.0),
    "shirt": (0.4, 0.02, 0.16, 0.22, 0.2, 0.0),
    "polo": (0.55, 0.15, 0.22, 0.02, 0.03, 0.03),
    "hoodie": (0.4, 0.28, 0.04, 0.0, 0.04, 0.24),
    "turtleneck": (0.6, 0.25, 0.15, 0.0, 0.0, 0.0),
    "blazer": (0.65, 0.15, 0.06, 0.14, 0.0, 0.0),
    "sweater": (0.42, 0.3, 0.18, 0.0, 0.1, 0.0),
}


@dataclass(frozen=True, kw_only=True)
class Outfit:
    """What a person wears; details follow from `seed`."""

    garment: Garment
    seed: int
    pattern: Pattern
    colour: Colour
    """Linear reflectance of the ground."""
    second: Colour
    """Linear reflectance of stripes, prints and, at times, of the collar."""
    under: Colour
    """Linear reflectance of what shows below a blazer."""
    shoulder_cm: float
    """Half the width of the shoulders."""
    looseness_cm: float
    """How far the cloth stands off the body."""


def _draw_cloth_colour(rng: np.random.Generator) -> Colour:
    kind = rng.random()
    if kind < 0.36:
        return draw_colour(rng, darkest=0.006, brightest=0.035)
    if kind < 0.5:
        return draw_colour(rng, darkest=0.5, brightest=0.84, saturation=0.2)
    return draw_colour(rng, darkest=0.02, brightest=0.8, saturation=1.0)


def draw_outfit(
    rng: np.random.Generator, *, masculine: float, garment: Garment | None = None
) -> Outfit:
    """Returns the parameters of a random outfit.

    Args:
        rng: where the draws come from.
        masculine: 0 feminine to 1 masculine: width of the shoulders and kinds of garments.
        garment: one of `GARMENTS`, or None for a random one.
    """
    shares = masculine * np.array(_SHARES_MASCULINE) + (1 - masculine) * np.array(_SHARES_FEMININE)
    drawn = GARMENTS[int(rng.choice(len(GARMENTS), p=shares / shares.sum()))]
    garment = drawn if garment is None else garment
    patterns = np.array(_PATTERN_SHARES[garment])
    pattern = PATTERNS[int(rng.choice(len(PATTERNS), p=patterns / patterns.sum()))]
    shoulder = 17.0 + 3.2 * masculine + float(rng.normal(0, 0.9))
    return Outfit(
        garment=garment,
        seed=int(rng.integers(2**31)),
        pattern=pattern,
        colour=_draw_cloth_colour(rng),
        second=draw_colour(rng, darkest=0.01, brightest=0.84, saturation=1.0),
        under=draw_colour(rng, darkest=0.3 if rng.random() < 0.6 else 0.01, saturation=0.5),
        shoulder_cm=float(np.clip(shoulder, 15.5, 23)),
        looseness_cm=float(rng.uniform(0.0, 1.6)),
    )
