"""Walls right behind a person, and openings in them: one function for each kind of backdrop."""

from dataclasses import replace

import numpy as np

from deepflash.synth.backdrops.backdrop import Backdrop
from deepflash.synth.backdrops.colours import draw_colour, draw_wood
from deepflash.synth.backdrops.coverings import draw_covering, plaster
from deepflash.synth.backdrops.furniture import curtains, shelves, window
from deepflash.synth.backdrops.objects import objects_on, plant, thing
from deepflash.synth.backdrops.room import (
    FRONT_Z,
    back_covering,
    pictures,
    shell,
    surface,
    wall_with_opening,
    wide_wall,
)
from deepflash.synth.backdrops.shapes import boxes, drape
from deepflash.synth.geometry import Mesh, Piece, joined
from deepflash.synth.materials import Material


def visible_half_width(z: float) -> float:
    """Returns how far to the side the widest picture sees at depth z."""
    return 0.85 * (75 - z) + 10


def plain_wall(backdrop: Backdrop, rng: np.random.Generator) -> list[Piece]:
    """Returns one wall with hardly anything on it."""
    pieces = [wide_wall(backdrop, rng)]
    if backdrop.clutter > 0.6:
        half = visible_half_width(-backdrop.depth_cm) * 0.7
        pieces += pictures(backdrop, rng, z=-backdrop.depth_cm, half_width=half, at_most=3)
    if rng.random() < 0.3:
        x, y = float(rng.uniform(30, 80) * rng.choice([-1, 1])), float(rng.uniform(-45, 10))
        plate = boxes(np.array([[x, y, 0.5 - backdrop.depth_cm]]), np.array([[8.0, 8.0, 1.0]]))
        pieces.append(thing("switch", plate, Material(colour=draw_colour(rng, darkest=0.3))))
    return pieces


def textured_wall(backdrop: Backdrop, rng: np.random.Generator) -> list[Piece]:
    """Returns a wall of bricks, boards, tiles or printed paper, perhaps with pictures."""
    pieces = [wide_wall(backdrop, rng)]
    if rng.random() < 0.5:
        half = visible_half_width(-backdrop.depth_cm) * 0.8
        pieces += pictures(backdrop, rng, z=-backdrop.depth_cm, half_width=half)
    return pieces


def corner(backdrop: Backdrop, rng: np.random.Generator) -> list[Piece]:
    """Returns two walls that meet behind the person."""
    x, z = float(rng.uniform(-70, 70)), -backdrop.depth_cm
    coverings = [back_covering(backdrop, rng)]
    other = draw_covering(rng, str(rng.choice(["plaster", "wallpaper", "tiles"])), draw_colour(rng))
    coverings.append(coverings[0] if rng.random() < 0.5 else other)
    pieces = []
    steepest = float(np.arctan2(FRONT_Z - z, 150 + abs(x)))
    for side, covering in zip((-1.0, 1.0), coverings, strict=True):
        angle = steepest * float(rng.uniform(0.35, 1.0))
        along = (FRONT_Z - z) / np.sin(angle)
        across = np.array([side * np.cos(angle), 0, np.sin(angle)]) * along
        centre = np.array([x, 0, z]) + across / 2
        up = (0.0, 900.0, 0.0)
        # The wall on the left runs towards the corner, so that both face the room.
        pieces.append(surface(f"wall_{side:.0f}", centre, side * across, up, covering))
    y = backdrop.ceiling_y_cm
    roof = plaster(rng, draw_colour(rng, darkest=0.2))
    pieces.append(
        surface("ceiling", (0.0, y, z / 2 - 8), (900.0, 0.0, 0.0), (0.0, 0.0, FRONT_Z - z), roof)
    )
    if backdrop.clutter > 0.4:
        place = float(rng.uniform(-0.3, 0.3)) * backdrop.depth_cm + x
        size = float(rng.uniform(60, 140))
        pieces += plant(rng, place, float(rng.uniform(-110, -60)), z * 0.7, size)
    return pieces


def bookshelf(backdrop: Backdrop, rng: np.random.Generator) -> list[Piece]:
    """Returns a wall of books, as wide as the view or with wall beside it."""
    z = -backdrop.depth_cm + 27.5
    half = visible_half_width(z)
    left, right = -half, half
    if rng.random() < 0.5:
        left, right = sorted(
            (float(rng.uniform(-0.9, -0.1)) * half, float(rng.uniform(0.1, 1)) * half)
        )
    bottom, top = max(-half, backdrop.floor_y_cm), float(rng.uniform(45, 130))
    fullness = float(rng.uniform(0.35, 1))
    pieces = shelves(
        rng, left=left, right=right, bottom=bottom, top=top, z=z, fullness=fullness
    )  # fmt: skip
    if rng.random() < 0.5:
        pieces += objects_on(rng, left + 5, right - 10, top, z - 12, sizes=(8.0, 35.0))
    return [wide_wall(backdrop, rng), *pieces]


def curtain(backdrop: Backdrop, rng: np.random.Generator) -> list[Piece]:
    """Returns a curtain from wall to wall."""
    z = -backdrop.depth_cm + 6
    half = visible_half_width(z) + 20
    bottom, top = -half - 20, float(rng.uniform(40, 200))
    spans = [(-half, half)]
    if rng.random() < 0.3:
        gap = float(rng.uniform(-0.6, 0.6)) * half
        spans = [(-half, gap - 6), (gap + 6, half)]
    return [
        wide_wall(backdrop, rng),
        *curtains(rng, spans=spans, bottom=bottom, top=top, z=z),
    ]


def window_wall(backdrop: Backdrop, rng: np.random.Generator) -> list[Piece]:
    """Returns a wall with one or two windows, by day or night, perhaps with curtains or a sill."""
    z = -backdrop.depth_cm
    scale = min(1.0, 0.4 + backdrop.depth_cm / 250)
    width, height = float(rng.uniform(70, 190)) * scale, float(rng.uniform(80, 150)) * scale
    x, y = (
        float(rng.uniform(-0.5, 0.5)) * (60 + 0.5 * backdrop.depth_cm),
        float(rng.uniform(-15, 30)),
    )
    pieces = [wide_wall(backdrop, rng)]
    pieces += window(rng, x, y, z, (width, height), night=backdrop.night)
    if rng.random() < 0.4:
        second = x + (width + 60) * (1 if x < 0 else -1)
        pieces += window(rng, second, y, z, (width * 0.8, height), night=backdrop.night)
    if rng.random() < 0.5:
        spans = [(x - width * 0.85, x - width * 0.42), (x + width * 0.42, x + width * 0.85)]
        bottom = y - height / 2 - 25
        pieces += curtains(rng, spans=spans, bottom=bottom, top=y + height / 2 + 12, z=z + 16)
    if backdrop.clutter > 0.35:
        sill = y - height / 2 - 2.5
        pieces += objects_on(
            rng, x - width / 2, x + 0.3 * width, sill, z + 11, sizes=(6.0, 0.3 * height)
        )
        pieces += plant(rng, x + 0.4 * width, sill, z + 12, 0.4 * height)
    return pieces


def doorway(backdrop: Backdrop, rng: np.random.Generator) -> list[Piece]:
    """Returns a wall with an open door into a darker room."""
    z = -backdrop.depth_cm
    x = float(rng.uniform(-0.5, 0.5)) * (50 + 0.4 * backdrop.depth_cm)
    width, top, bottom = float(rng.uniform(70, 110)), float(rng.uniform(40, 90)), -1000.0
    opening = (x - width / 2, x + width / 2, bottom, top)
    pieces = wall_with_opening(backdrop, rng, opening, reach=1000.0)
    dim = draw_colour(rng, darkest=0.015, brightest=0.5)
    deep = float(rng.uniform(150, 400))
    beyond = replace(backdrop, depth_cm=backdrop.depth_cm + deep, wall=dim, half_width_cm=260.0)
    pieces += [
        piece._replace(name="beyond_" + piece.name) for piece in _beyond(beyond, rng, z)
    ]  # fmt: skip
    sides = np.array([[x - width / 2 - 3, 0, z], [x + width / 2 + 3, 0, z]])
    frame = np.concatenate([sides + np.array([0, top / 2 - 200, 0]), [[x, top + 3, z]]])
    sizes = np.array([[7, top + 400, 8], [7, top + 400, 8], [width + 12, 7, 8]])
    wood = Material(colour=draw_wood(rng), roughness=0.4)
    pieces.append(thing("door_frame", boxes(frame, sizes), wood))
    if rng.random() < 0.6:
        hinge, turn = float(rng.choice([-1, 1])), float(rng.uniform(50, 85))
        angle = np.deg2rad(turn)
        along = np.array([-hinge * np.cos(angle), 0, -np.sin(angle)]) * width
        centre = np.array([x + hinge * width / 2, top / 2 - 200, z - 4]) + along / 2
        leaf = boxes(
            centre[None], np.array([[width, top + 400, 4]]), turns_deg=np.array([-hinge * turn])
        )
        pieces.append(thing("door", leaf, wood))
    half = visible_half_width(z) * 0.8
    shown = pictures(backdrop, rng, z=z, half_width=half, at_most=4)
    return pieces + [p for p in shown if _apart(p, x, width / 2 + 8)]


def _beyond(backdrop: Backdrop, rng: np.random.Generator, wall_z: float) -> list[Piece]:
    """Returns the room behind a wall at `wall_z`: the shell's parts that reach past it."""
    pieces = shell(backdrop, rng)
    cut = []
    for piece in pieces:
        if isinstance(piece.shape, Mesh):
            points = piece.shape.vertices.copy()
            points[:, 2] = np.minimum(points[:, 2], wall_z - 5)
            cut.append(piece._replace(shape=piece.shape._replace(vertices=points)))
    if rng.random() < 0.7:
        z = -backdrop.depth_cm
        cut += pictures(backdrop, rng, z=z, half_width=120.0)
        if not backdrop.night:
            cut += window(rng, float(rng.uniform(-90, 90)), 10.0, z, (90.0, 110.0), night=False)
    return cut


def _apart(piece: Piece, x: float, distance: float) -> bool:
    """Returns whether all of a piece is further than `distance` to the side of x."""
    if not isinstance(piece.shape, Mesh):
        return False
    return bool(np.abs(piece.shape.vertices[:, 0] - x).min() > distance)


def wardrobe(backdrop: Backdrop, rng: np.random.Generator) -> list[Piece]:
    """Returns a rail of hanging clothes, many of them dark."""
    z = -backdrop.depth_cm + 22
    half = visible_half_width(z)
    groups: list[list] = [[] for _ in range(6)]
    x = -half
    while x < half:
        wide, tall = float(rng.uniform(9, 26)), float(rng.uniform(60, 130))
        at = (x + wide / 2, 45 - tall / 2, z + float(rng.uniform(-6, 6)))
        groups[int(rng.integers(6))].append(drape(rng, at, wide, tall, depth=6.0))
        x += wide * 0.8
    pieces = [wide_wall(backdrop, rng)]
    for number, meshes in enumerate(groups):
        dark = 0.04 if number < 3 else 0.7
        cloth = Material(colour=draw_colour(rng, brightest=dark), roughness=0.9)
        if meshes:
            pieces.append(thing(f"hanging_{number}", joined(meshes), cloth))
    rail = boxes(np.array([[0, 48, z]]), np.array([[2 * half, 3, 3]]))
    metal = Material(colour=(0.5, 0.5, 0.5), roughness=0.3, metallic=1.0)
    pieces += objects_on(rng, -half, half, 62.0, z - 8, sizes=(10.0, 40.0))
    board = boxes(np.array([[0, 60.5, z - 8]]), np.array([[2 * half, 3, 28]]))
    return [
        *pieces,
        thing("rail", rail, metal),
        thing("board", board, Material(colour=draw_wood(rng))),
    ]
