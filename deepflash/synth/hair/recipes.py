"""How the loose haircuts differ: numbers for growing guides and the hairs between them."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from deepflash.synth.geometry import Points, smoothstep
from deepflash.synth.hair.scalp import depth_inside
from deepflash.synth.hair.style import HairStyle

SHORT = ("receding", "buzz", "crop", "side_part", "slick_back")
LONG = ("medium", "long_straight", "long_wavy", "curly", "fringe")


class Recipe(NamedTuple):
    """How one loose haircut grows."""

    hairs: int
    points: int
    """Control points a hair."""
    radius_cm: float
    combed: str
    """Where the top hair is combed: whorl, forward, side, back or parted."""
    lift: float = 0.3
    """Direction at the root: 0 along the skin, 1 straight out."""
    hold: float = 0.5
    """How strongly the comb's direction lasts along the hair."""
    gravity: float = 0.0
    stiffness: float = 0.6
    """How strongly a hair keeps its direction."""
    cling: float = 0.3
    """How strongly hair that stands too far out is drawn back."""
    standoff_cm: float = 0.5
    """How far above the skin the outermost hairs lie."""
    wander: float = 0.1
    """How much neighbouring guides differ in direction."""
    clumps: int = 900
    clumping: float = 0.5
    frizz_cm: float = 0.05
    wave_cm: float = 0.0
    """Radius of curls at full wave."""
    wavelength_cm: float = 6.0
    flatness: float = 0.5
    unruly: float = 0.0
    """1: each clump curls in its own time; 0: neighbours wave together."""


RECIPES = {
    "receding": Recipe(22000, 5, 0.0085, "whorl", lift=0.35, wander=0.12, clumping=0.25),
    "buzz": Recipe(34000, 4, 0.0085, "whorl", lift=0.5, wander=0.06, clumping=0.0, frizz_cm=0.02),
    "crop": Recipe(
        32000, 7, 0.0105, "forward", lift=0.55, hold=0.32, standoff_cm=1.6, wander=0.3,
        clumps=650, clumping=0.75, frizz_cm=0.06, wave_cm=0.3, wavelength_cm=3.5,
    ),
    "side_part": Recipe(
        32000, 8, 0.0105, "side", lift=0.45, hold=0.9, cling=0.9, gravity=0.16, standoff_cm=1.2,
        wander=0.16, clumps=700, clumping=0.55, wave_cm=0.4, wavelength_cm=6.0,
    ),
    "slick_back": Recipe(
        32000, 10, 0.0105, "back", lift=0.3, hold=1.0, cling=0.9, gravity=0.14, standoff_cm=0.9,
        wander=0.08, clumps=420, clumping=0.6, frizz_cm=0.04, wave_cm=0.3, wavelength_cm=6.0,
    ),
    "medium": Recipe(
        32000, 12, 0.011, "parted", lift=0.22, hold=0.5, gravity=0.6, standoff_cm=0.9,
        wander=0.18, clumps=500, clumping=0.6, wave_cm=0.5, wavelength_cm=7.0,
    ),
    "long_straight": Recipe(
        33000, 14, 0.011, "parted", lift=0.2, hold=0.5, gravity=0.6, standoff_cm=0.6,
        clumps=520, clumping=0.6, wave_cm=0.25, wavelength_cm=11.0,
    ),
    "long_wavy": Recipe(
        23500, 20, 0.0125, "parted", lift=0.28, hold=0.5, gravity=0.5, standoff_cm=1.1,
        clumps=420, clumping=0.65, frizz_cm=0.08, wave_cm=2.0, wavelength_cm=8.5, unruly=0.12,
    ),
    "curly": Recipe(
        13500, 36, 0.0145, "parted", lift=0.45, hold=0.42, gravity=0.3, standoff_cm=2.8,
        wander=0.2, clumps=230, clumping=0.9, frizz_cm=0.05, wave_cm=1.15, wavelength_cm=4.0,
        flatness=0.15, unruly=1.0,
    ),
    "fringe": Recipe(
        33000, 14, 0.011, "parted", lift=0.2, hold=0.5, gravity=0.6, standoff_cm=0.7,
        clumps=520, clumping=0.55, wave_cm=0.5, wavelength_cm=9.0,
    ),
}  # fmt: skip


def lengths(style: HairStyle, rest: Points) -> Float[np.ndarray, " n"]:
    """Returns how long the hair is at roots on the head at rest, in centimetres."""
    y, z = rest[:, 1], rest[:, 2]
    if style.cut in SHORT:
        # The back is cut higher up than the sides.
        rise = np.interp(z, [-8, -3, 4], [3.0, 1.2, 0.4])
        upper = smoothstep(5.6, 9.6, y - rise)
        sides = min(style.sides_cm, style.length_cm)
        low = sides * np.interp(y, [-6, -2, 3, 6], [0.25, 0.5, 0.8, 1.0])
        upper = upper * smoothstep(7.6, 3.5, np.abs(rest[:, 0]))
        if style.cut == "side_part":
            lesser = parted_side(style, rest) == np.sign(style.part_cm)
            upper = upper * np.where(lesser, 0.55, 1.0)
        length = low + (style.length_cm - low) * upper
        fine = np.clip(0.35 + 0.5 * depth_inside(style, rest), 0.2, 1)
        return np.maximum(length * fine, 0.12)
    # Long hair ends at about one level, which is where it is cut.
    level = end_level(style)
    fine = np.clip(0.5 + 0.4 * depth_inside(style, rest), 0.3, 1)
    return np.maximum((y - level) * 1.18 + 2.5, 4.0) * fine


def end_level(style: HairStyle) -> float:
    """Returns the height at which long hair ends on the head at rest."""
    return 12.0 - style.length_cm


def is_fringe(style: HairStyle, rest: Points) -> np.ndarray:
    """Returns which roots belong to a fringe over the forehead."""
    if style.cut != "fringe":
        return np.zeros(len(rest), bool)
    x, y, z = np.abs(rest[:, 0]), rest[:, 1], rest[:, 2]
    ragged = 0.5 * np.sin(31.0 * rest[:, 0] + 47.0 * y)
    return (z > 3.4 + 0.3 * x + ragged) & (y > 8.2) & (x < 6.4)


def parted_side(style: HairStyle, rest: Points) -> Float[np.ndarray, " n"]:
    """Returns to which side of the part roots lie, -1 or 1; the part is not quite straight."""
    bend = 0.18 * np.sin(1.7 * rest[:, 2] + style.seed % 7) + 0.12 * np.sin(4.3 * rest[:, 2])
    # Hairs right at the part fall to either side.
    mixed = 0.22 * np.sin(37.0 * rest[:, 0] + 53.0 * rest[:, 2])
    return np.where(rest[:, 0] > style.part_cm + bend + mixed, 1.0, -1.0)
