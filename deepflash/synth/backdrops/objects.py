"""Things that lie about: bottles, boxes, balls, books, plants, pictures in frames."""

import numpy as np

from deepflash.synth.backdrops.colours import draw_colour, draw_wood
from deepflash.synth.backdrops.prints import labels, picture, spines
from deepflash.synth.backdrops.shapes import ball, boxes, cushion, in_cells, lathe, leaves
from deepflash.synth.geometry import Mesh, Piece, joined, rectangle
from deepflash.synth.materials import Glow, Material, Surface


def thing(name: str, shape: Mesh, material: Surface) -> Piece:
    """Returns a piece of the background."""
    return Piece(name, shape, material, "background")


def _vessel(rng: np.random.Generator, x: float, y: float, z: float, height: float) -> Mesh:
    wide = height * float(rng.uniform(0.14, 0.45))
    at = np.array([0, 0.0, 0.08, 0.45, 0.62, 0.8, 1.0, 1.0])
    bottle = np.array([0, 1.0, 1.05, 1.0, 0.9, 0.35, 0.33, 0])
    vase = np.array([0, 0.6, 0.8, 1.0, 0.9, 0.6, 0.75, 0.7])
    tin = np.array([0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0])
    radius = (bottle, vase, tin)[int(rng.integers(3))] * wide
    return lathe(np.stack([radius, at * height], -1), (x, y, z), sides=16)


def _object(rng: np.random.Generator, x: float, y: float, z: float, size: float) -> Mesh:
    kind = rng.random()
    if kind < 0.45:
        return _vessel(rng, x, y, z, size)
    if kind < 0.6:
        return ball((x, y + size / 2, z), size / 2, sides=16)
    if kind < 0.7:
        return cushion((x, y + size / 2, z), size * rng.uniform(0.6, 1.2, 3), sides=16)
    extent = size * rng.uniform(0.4, 1.2, 3)
    extent[1] = size
    centre = np.array([[x, y + size / 2, z]])
    return boxes(centre, extent[None], turns_deg=rng.uniform(-40, 40, 1))


def objects_on(
    rng: np.random.Generator, left: float, right: float, y: float, z: float, *, sizes: tuple
) -> list[Piece]:
    """Returns a row of things standing on a surface, some matt, some shiny.

    Args:
        rng: where the draws come from.
        left: where the row starts.
        right: where it ends.
        y: height of the surface.
        z: of the row's middle.
        sizes: smallest and largest height.
    """
    groups: dict[str, list[Mesh]] = {"matt": [], "shiny": [], "metal": []}
    x, low, high = left, *sizes
    while x < right and sum(map(len, groups.values())) < 40:
        size = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        mesh = _object(rng, x + size / 2, y, z + float(rng.uniform(-0.3, 0.3)) * low, size)
        mesh = in_cells(mesh, rng.integers(0, 16, 1), 4, 4)
        groups[str(rng.choice(list(groups), p=[0.55, 0.37, 0.08]))].append(mesh)
        x += size * float(rng.uniform(0.7, 1.6))
    sheet = labels(rng)
    finish = {
        "matt": Material(colour=sheet, roughness=0.75),
        "shiny": Material(colour=sheet, roughness=0.18, specular=0.5),
        "metal": Material(colour=np.clip(sheet * 2, 0.1, 0.8), roughness=0.25, metallic=1.0),
    }
    name = f"objects_{int(abs(left * 7 + y * 131 + z))}"
    return [
        thing(f"{name}_{kind}", joined(meshes), finish[kind])
        for kind, meshes in groups.items()
        if meshes
    ]


def books(
    rng: np.random.Generator,
    left: float,
    right: float,
    shelves: list[tuple[float, float]],
    z: float,
) -> list[Piece]:
    """Returns rows of books.

    Args:
        rng: where the draws come from.
        left: where each row starts.
        right: where each row ends.
        shelves: height of each board and the room above it.
        z: of the books' backs, roughly.
    """
    centres, sizes = [], []
    for y, room in shelves:
        x = left
        while x < right:
            if rng.random() < 0.03:
                x += float(rng.uniform(5, 30))
            thick, tall = float(rng.uniform(1.2, 6)), float(room * rng.uniform(0.6, 0.95))
            deep = float(rng.uniform(13, 20))
            centres.append((x + thick / 2, y + tall / 2, z - deep / 2 - rng.uniform(0, 2)))
            sizes.append((thick * 0.97, tall, deep))
            x += thick
    mesh = boxes(np.array(centres), np.array(sizes))
    mesh = in_cells(mesh, rng.integers(0, 96, len(centres)), 24, 4)
    roughness = float(rng.uniform(0.3, 0.8))
    return [thing("books", mesh, Material(colour=spines(rng), roughness=roughness))]


def plant(rng: np.random.Generator, x: float, y: float, z: float, size: float) -> list[Piece]:
    """Returns a plant in a pot, at most `size` high, standing at (x, y, z)."""
    # Leaves must not reach the person.
    size = min(size, (-30.0 - z) / 0.95)
    pot = size * float(rng.uniform(0.2, 0.35))
    profile = np.array([[0, 0], [0.7, 0], [1, 1], [0.92, 1], [0.9, 0.85], [0, 0.85]]) * pot
    profile[:, 0] *= 0.55
    tone = rng.uniform(0.02, 0.2)
    green = (float(tone * rng.uniform(0.2, 0.8)), float(tone), float(tone * rng.uniform(0.1, 0.5)))
    thin = float(rng.uniform(0.06, 0.3))
    blades = leaves(
        rng,
        (x, y + 0.8 * pot, z),
        count=int(rng.integers(14, 60)),
        length=size * 0.75,
        width=size * thin,
    )
    leaf = Material(colour=green, roughness=float(rng.uniform(0.25, 0.6)))
    return [
        thing(f"pot_{int(abs(x))}", lathe(profile, (x, y, z)), Material(colour=draw_colour(rng))),
        thing(f"leaves_{int(abs(x))}", blades, leaf),
    ]


def framed(
    rng: np.random.Generator, x: float, y: float, z: float, width: float, height: float
) -> list[Piece]:
    """Returns a picture in a frame on a wall at z, or a poster without a frame."""
    border = float(rng.choice([0.0, 1.0, 2.5, 5.0]))
    print_ = picture(rng)
    glossy = rng.random() < 0.4
    sheet = Material(colour=print_, roughness=0.08 if glossy else 0.6, specular=0.5)
    name = f"picture_{int(x * 3 + y * 17) % 9999}"
    pieces = [thing(name, rectangle((x, y, z + 0.8), (width, 0.0, 0.0), (0.0, height, 0.0)), sheet)]
    if border:
        side = np.array([[border, height + 2 * border, 2.5]] * 2)
        bar = np.array([[width, border, 2.5]] * 2)
        dx, dy = (width + border) / 2, (height + border) / 2
        centres = np.array([[x - dx, y, z], [x + dx, y, z], [x, y - dy, z], [x, y + dy, z]])
        wood = draw_wood(rng) if rng.random() < 0.6 else draw_colour(rng)
        frame = boxes(centres + np.array([0, 0, 1.2]), np.concatenate([side, bar]))
        pieces.append(thing(name + "_frame", frame, Material(colour=wood, roughness=0.4)))
    return pieces


def lamp(
    rng: np.random.Generator, x: float, y: float, z: float, height: float, *, lit: bool
) -> list[Piece]:
    """Returns a lamp with a shade on a foot that stands at (x, y, z)."""
    wide = height * float(rng.uniform(0.12, 0.3))
    stem = np.array([[0, 0], [wide * 0.7, 0], [wide * 0.6, 2], [0.9, 3], [0.9, height * 0.75]])
    top = float(rng.uniform(0.5, 1.0))
    shade = np.array([[wide, height * 0.7], [wide * top, height], [0, height]])
    warm = np.array([1.0, rng.uniform(0.6, 0.95), rng.uniform(0.3, 0.85)])
    radiance = warm * float(np.exp(rng.uniform(np.log(1.5), np.log(9))))
    colour = draw_colour(rng, darkest=0.05)
    surface = Glow(radiance=tuple(radiance.tolist())) if lit else Material(colour=colour)
    foot = Material(colour=draw_colour(rng), roughness=0.3, metallic=float(rng.random() < 0.4))
    return [
        thing(f"lamp_foot_{int(abs(x))}", lathe(stem, (x, y, z)), foot),
        thing(f"lamp_shade_{int(abs(x))}", lathe(shade, (x, y, z)), surface),
    ]
