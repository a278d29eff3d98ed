"""The parameters of what a person wears on the head and round the neck."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from deepflash.synth.backdrops.colours import draw_colour, tinted
from deepflash.synth.materials import Colour

Glasses = Literal["none", "round", "oval", "rectangle", "square", "aviator", "cat_eye", "half_rim"]
GLASSES: tuple[Glasses, ...] = (
    "round",
    "oval",
    "rectangle",
    "square",
    "aviator",
    "cat_eye",
    "half_rim",
)
"""All shapes of glasses."""
Hat = Literal["none", "cap", "beanie", "headscarf"]
HATS: tuple[Hat, ...] = ("cap", "beanie", "headscarf")
"""All kinds of hats."""
Earrings = Literal["none", "hoop", "stud", "drop"]


@dataclass(frozen=True, kw_only=True)
class Accessories:
    """What a person wears on the head and round the neck; details follow from `seed`."""

    glasses: Glasses
    hat: Hat
    earrings: Earrings
    scarf: bool
    seed: int
    frame: Colour
    """Linear reflectance of the glasses' frame."""
    frame_metal: bool
    """Thin wire; otherwise thick plastic."""
    lens_tint: Colour
    """Transmittance of the lenses."""
    hat_colour: Colour
    """Linear reflectance of the hat or headscarf."""
    scarf_colour: Colour
    """Linear reflectance of the scarf."""


def _draw_frame(rng: np.random.Generator, *, metal: bool) -> Colour:
    if metal:
        gold = tinted(0.55, 0.11, 0.45)
        silver = (0.6, 0.6, 0.6)
        dark = (0.05, 0.05, 0.055)
        return (gold, silver, dark)[int(rng.integers(3))]
    if rng.random() < 0.55:
        return draw_colour(rng, darkest=0.006, brightest=0.03)
    return draw_colour(rng, darkest=0.01, brightest=0.6, saturation=1.0)


def _draw_tint(rng: np.random.Generator) -> Colour:
    if rng.random() < 0.9:
        return 0.98, 0.98, 0.98
    return tinted(float(rng.uniform(0.1, 0.6)), float(rng.uniform(0, 0.2)), float(rng.random() / 2))


def draw_accessories(rng: np.random.Generator, *, masculine: float, age: float) -> Accessories:
    """Returns random accessories; most people have none.

    Args:
        rng: where the draws come from.
        masculine: 0 feminine to 1 masculine: earrings, headscarves, kinds of hats.
        age: 0 young to 1 old: glasses become commoner, hats rarer.
    """
    hat: Hat = "none"
    chance = rng.random()
    if chance < 0.08 - 0.04 * age:
        hat = "cap" if rng.random() < 0.35 + 0.3 * masculine else "beanie"
    elif chance > 1 - 0.06 * (1 - masculine):
        hat = "headscarf"
    glasses: Glasses = "none"
    if rng.random() < 0.15 + 0.2 * age:
        glasses = GLASSES[int(rng.integers(len(GLASSES)))]
    metal = bool(rng.random() < 0.45)
    wears = rng.random() < 0.27 - 0.24 * masculine
    kinds: tuple[Earrings, ...] = ("hoop", "stud", "drop")
    earrings = kinds[int(rng.choice(3, p=[0.35, 0.4, 0.25]))]
    return Accessories(
        glasses=glasses,
        hat=hat,
        earrings=earrings if wears and hat != "headscarf" else "none",
        scarf=bool(rng.random() < 0.04) and hat != "headscarf",
        seed=int(rng.integers(2**31)),
        frame=_draw_frame(rng, metal=metal),
        frame_metal=metal,
        lens_tint=_draw_tint(rng),
        hat_colour=draw_colour(rng, darkest=0.008, brightest=0.8, saturation=1.0),
        scarf_colour=draw_colour(rng, darkest=0.01, brightest=0.8, saturation=1.0),
    )
