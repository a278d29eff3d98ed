"""The shell of a room behind a person: walls, floor and ceiling, open towards the camera."""

import numpy as np

from deepflash.synth.backdrops.backdrop import Backdrop
from deepflash.synth.backdrops.colours import draw_colour
from deepflash.synth.backdrops.coverings import Covering, draw_covering, laid, plaster
from deepflash.synth.backdrops.objects import framed, thing
from deepflash.synth.backdrops.shapes import boxes
from deepflash.synth.geometry import Piece, Vector
from deepflash.synth.materials import Material

FRONT_Z = -16.0
"""Nothing stands in front of this plane: it is about as deep as a person's back."""
_REACH = 1400.0


def surface(
    name: str, centre: Vector, across: Vector, up: Vector, covering: Covering
) -> Piece:  # fmt: skip
    """Returns a rectangle of a wall or floor."""
    return thing(name, laid(centre, across, up, covering), covering.material)


def back_covering(backdrop: Backdrop, rng: np.random.Generator) -> Covering:
    """Returns what covers the back wall."""
    return draw_covering(rng, backdrop.covering, backdrop.wall)


def wide_wall(backdrop: Backdrop, rng: np.random.Generator) -> Piece:
    """Returns a back wall that fills any view without sides, floor or ceiling."""
    centre = (0.0, 0.0, -backdrop.depth_cm)
    return surface(
        "wall", centre, (_REACH, 0.0, 0.0), (0.0, _REACH, 0.0), back_covering(backdrop, rng)
    )


def floor_covering(rng: np.random.Generator) -> Covering:
    """Returns a floor: boards, carpet or tiles."""
    kind = str(rng.choice(["wood", "carpet", "tiles"], p=[0.5, 0.3, 0.2]))
    return draw_covering(rng, kind, draw_colour(rng))


def shell(backdrop: Backdrop, rng: np.random.Generator, *, back: bool = True) -> list[Piece]:
    """Returns back wall (unless left out), side walls, floor, ceiling and skirting."""
    wide, far = backdrop.half_width_cm, -backdrop.depth_cm
    low, high = backdrop.floor_y_cm, backdrop.ceiling_y_cm
    deep, tall = FRONT_Z - far, high - low
    z, y = (far + FRONT_Z) / 2, (high + low) / 2
    covering = back_covering(backdrop, rng)
    side = covering if rng.random() < 0.6 else plaster(rng, draw_colour(rng))
    bright = draw_colour(rng, darkest=0.3) if rng.random() < 0.85 else draw_colour(rng)
    roof = plaster(rng, bright)
    pieces = [
        surface("wall_left", (-wide, y, z), (0.0, 0.0, -deep), (0.0, tall, 0.0), side),
        surface("wall_right", (wide, y, z), (0.0, 0.0, deep), (0.0, tall, 0.0), side),
        surface(
            "floor", (0.0, low, z), (2 * wide, 0.0, 0.0), (0.0, 0.0, -deep), floor_covering(rng)
        ),
        surface("ceiling", (0.0, high, z), (2 * wide, 0.0, 0.0), (0.0, 0.0, deep), roof),
    ]
    if back:
        pieces.append(
            surface("wall", (0.0, y, far), (2 * wide, 0.0, 0.0), (0.0, tall, 0.0), covering)
        )
        board = boxes(np.array([[0, low + 5, far + 0.8]]), np.array([[2 * wide, 10, 1.6]]))
        pieces.append(thing("skirting", board, Material(colour=draw_colour(rng), roughness=0.4)))
    return pieces


def wall_with_opening(
    backdrop: Backdrop,
    rng: np.random.Generator,
    opening: tuple[float, float, float, float],
    *,
    reach: float,
) -> list[Piece]:
    """Returns the back wall around an opening (left, right, bottom, top), out to +-`reach`."""
    left, right, bottom, top = opening
    low, high, z = -reach, reach, -backdrop.depth_cm
    covering = back_covering(backdrop, rng)
    parts = [(low, left, low, high), (right, high, low, high), (left, right, top, high)]
    parts.append((left, right, low, bottom))
    return [
        surface(
            f"wall_{number}",
            ((a + b) / 2, (c + d) / 2, z),
            (b - a, 0.0, 0.0),
            (0.0, d - c, 0.0),
            covering,
        )
        for number, (a, b, c, d) in enumerate(parts)
    ]


def pictures(
    backdrop: Backdrop, rng: np.random.Generator, *, z: float, half_width: float, at_most: int = 7
) -> list[Piece]:
    """Returns frames and posters on a wall at z that do not overlap."""
    count = int(rng.binomial(at_most, 0.15 + 0.7 * backdrop.clutter))
    pieces, taken = [], []
    for _ in range(3 * count):
        width = float(np.exp(rng.uniform(np.log(14), np.log(75))))
        height = width * float(rng.choice([0.7, 1.0, 1.4]))
        x = float(rng.uniform(-half_width, half_width))
        y = float(rng.uniform(-35, min(75, backdrop.ceiling_y_cm - height / 2 - 12)))
        apart = [abs(x - a) > (width + w) / 2 + 8 or abs(y - b) > (height + h) / 2 + 8
                 for a, b, w, h in taken]  # fmt: skip
        if len(taken) < count and all(apart):
            taken.append((x, y, width, height))
            pieces += framed(rng, x, y, z, width, height)
    return pieces
