"""Turns the parameters of a backdrop into its pieces."""

from collections.abc import Callable

import numpy as np

from deepflash.synth.backdrops import rooms, scenes
from deepflash.synth.backdrops.backdrop import Backdrop, Kind
from deepflash.synth.backdrops.objects import lamp, plant
from deepflash.synth.geometry import Piece

_BUILDERS: dict[Kind, Callable[[Backdrop, np.random.Generator], list[Piece]]] = {
    "plain_wall": scenes.plain_wall,
    "textured_wall": scenes.textured_wall,
    "corner": scenes.corner,
    "bookshelf": scenes.bookshelf,
    "curtain": scenes.curtain,
    "window": scenes.window_wall,
    "doorway": scenes.doorway,
    "wardrobe": scenes.wardrobe,
    "living_room": rooms.living_room,
    "kitchen": rooms.kitchen,
    "bathroom": rooms.bathroom,
    "clutter": rooms.clutter,
    "dark_void": rooms.dark_void,
    "outdoor": rooms.outdoor,
}


def _near(backdrop: Backdrop, rng: np.random.Generator) -> list[Piece]:
    """Returns something that stands close behind the person, where there is room for it."""
    if backdrop.depth_cm < 110 or rng.random() > 0.15 + 0.4 * backdrop.clutter:
        return []
    side, z = float(rng.choice([-1, 1])), -float(rng.uniform(66, 100))
    x = side * float(rng.uniform(45, 80))
    if rng.random() < 0.6:
        return plant(rng, x, float(rng.uniform(-80, -45)), z, float(rng.uniform(35, 80)))
    return lamp(rng, x, -60.0, z, float(rng.uniform(35, 65)), lit=bool(rng.random() < 0.3))


def furnish(backdrop: Backdrop) -> list[Piece]:
    """Returns the pieces of a backdrop, all labelled "background".

    They lie behind z = -14 and leave a person and lamps before, above and beside it free.
    """
    rng = np.random.default_rng(backdrop.seed)
    pieces = _BUILDERS[backdrop.kind](backdrop, rng)
    pieces += [piece._replace(name="near_" + piece.name) for piece in _near(backdrop, rng)]
    # The scene is a dictionary by name: two of the same name would hide one another.
    return [
        piece._replace(name=f"background_{number}_{piece.name}")
        for number, piece in enumerate(pieces)
    ]
