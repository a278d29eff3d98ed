"""The parameters of what stands behind a person."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from deepflash.synth.backdrops.colours import draw_colour
from deepflash.synth.materials import Colour

Kind = Literal[
    "plain_wall",
    "textured_wall",
    "corner",
    "bookshelf",
    "curtain",
    "window",
    "living_room",
    "kitchen",
    "bathroom",
    "doorway",
    "clutter",
    "wardrobe",
    "dark_void",
    "outdoor",
]

_SHARES: dict[Kind, float] = {
    "plain_wall": 0.09,
    "textured_wall": 0.1,
    "corner": 0.07,
    "bookshelf": 0.08,
    "curtain": 0.07,
    "window": 0.09,
    "living_room": 0.13,
    "kitchen": 0.06,
    "bathroom": 0.05,
    "doorway": 0.07,
    "clutter": 0.07,
    "wardrobe": 0.03,
    "dark_void": 0.06,
    "outdoor": 0.03,
}
KINDS: tuple[Kind, ...] = tuple(_SHARES)
"""All kinds of backdrops."""

_DEPTHS: dict[Kind, tuple[float, float]] = {
    "plain_wall": (30, 160),
    "textured_wall": (30, 160),
    "corner": (90, 260),
    "bookshelf": (55, 260),
    "curtain": (36, 180),
    "window": (60, 300),
    "living_room": (150, 420),
    "kitchen": (130, 350),
    "bathroom": (80, 220),
    "doorway": (70, 260),
    "clutter": (70, 260),
    "wardrobe": (60, 180),
    "dark_void": (320, 700),
    "outdoor": (250, 700),
}


@dataclass(frozen=True, kw_only=True)
class Backdrop:
    """What stands behind a person; details follow from `seed`."""

    kind: Kind
    seed: int
    depth_cm: float
    """Distance of its back from the middle of the head."""
    half_width_cm: float
    """Distance of the side walls, where there are any, from the middle."""
    floor_y_cm: float
    ceiling_y_cm: float
    covering: str
    """Of the back wall: plaster, bricks, wood, tiles or wallpaper."""
    wall: Colour
    """Linear reflectance of the back wall."""
    night: bool
    """Windows show darkness, and lamps are on."""
    clutter: float
    """0 tidy to 1 crammed: how many objects and pictures."""


def _draw_wall(rng: np.random.Generator) -> Colour:
    if rng.random() < 0.5:
        return draw_colour(rng, darkest=0.3, brightest=0.82, saturation=0.4)
    return draw_colour(rng, darkest=0.012, brightest=0.7)


def draw_backdrop(rng: np.random.Generator, kind: Kind | None = None) -> Backdrop:
    """Returns the parameters of a random backdrop, of the kind given or of any.

    Args:
        rng: where the draws come from.
        kind: one of `KINDS`, or None for a random one.
    """
    shares = np.array(list(_SHARES.values()))
    drawn = KINDS[int(rng.choice(len(KINDS), p=shares / shares.sum()))]
    kind = drawn if kind is None else kind
    near, far = _DEPTHS[kind]
    textured = rng.choice(["bricks", "wood", "tiles", "wallpaper", "plaster"])
    plain = "plaster" if rng.random() < 0.7 else textured
    return Backdrop(
        kind=kind,
        seed=int(rng.integers(2**31)),
        depth_cm=float(np.exp(rng.uniform(np.log(near), np.log(far)))),
        half_width_cm=float(rng.uniform(135, 320)),
        floor_y_cm=float(rng.uniform(-165, -105)),
        ceiling_y_cm=float(rng.uniform(112, 170)),
        covering=str(textured if kind == "textured_wall" else plain),
        wall=_draw_wall(rng),
        night=bool(rng.random() < 0.5),
        clutter=float(rng.beta(1.3, 1.3)),
    )
