"""Whole rooms and far places behind a person: one function for each kind of backdrop."""

from dataclasses import replace

import numpy as np

from deepflash.synth.backdrops.backdrop import Backdrop
from deepflash.synth.backdrops.colours import draw_colour, glowing, tinted
from deepflash.synth.backdrops.coverings import Covering, carpet, laid, tiles, wallpaper
from deepflash.synth.backdrops.furniture import (
    cupboards,
    curtains,
    screen,
    shelves,
    sofa,
    table,
    window,
)
from deepflash.synth.backdrops.objects import lamp, objects_on, plant, thing
from deepflash.synth.backdrops.prints import foliage, outside
from deepflash.synth.backdrops.room import pictures, shell, surface
from deepflash.synth.backdrops.shapes import ball, boxes, lathe
from deepflash.synth.geometry import Piece, joined, rectangle
from deepflash.synth.materials import Glow, Material


def living_room(backdrop: Backdrop, rng: np.random.Generator) -> list[Piece]:
    """Returns a furnished room: sofa, lamp, pictures, plant, rug, shelf, window or screen."""
    wide, far, floor = backdrop.half_width_cm, -backdrop.depth_cm, backdrop.floor_y_cm
    pieces = shell(backdrop, rng)
    sofa_z = max(far + 92, far * float(rng.uniform(0.5, 1.0)))
    sofa_x = float(rng.uniform(-0.5, 0.5)) * wide
    pieces += sofa(rng, sofa_x, floor, min(sofa_z, -32.0))
    rug = carpet(rng, draw_colour(rng)) if rng.random() < 0.5 else wallpaper(rng, draw_colour(rng))
    mat = laid(
        (sofa_x * 0.5, floor + 1, far / 2 - 10), (wide, 0.0, 0.0), (0.0, 0.0, 0.6 * far), rug
    )
    pieces.append(thing("rug", mat, rug.material))
    side = float(rng.choice([-1, 1]))
    lamp_x = side * float(rng.uniform(0.3, 0.9)) * wide
    pieces += lamp(
        rng, lamp_x, floor, far + 30, float(rng.uniform(120, 190)), lit=rng.random() < 0.7
    )
    pieces += plant(rng, -side * 0.8 * wide, floor, far * 0.8, float(rng.uniform(60, 170)))
    if rng.random() < 0.5:
        x = float(rng.uniform(-0.5, 0.5)) * wide
        pieces += window(rng, x, 20.0, far, (110.0, 120.0), night=backdrop.night)
    else:
        pieces += pictures(backdrop, rng, z=far, half_width=0.9 * wide)
    if rng.random() < 0.5:
        left, right = sorted((side * 0.95 * wide, side * 0.45 * wide))
        pieces += shelves(
            rng,
            left=left,
            right=right,
            bottom=floor,
            top=60.0,
            z=far + 28,
            fullness=backdrop.clutter,
        )
    if rng.random() < 0.35:
        pieces += screen(rng, -side * 0.5 * wide, -20.0, far + 8, float(rng.uniform(70, 130)))
    return pieces


def kitchen(backdrop: Backdrop, rng: np.random.Generator) -> list[Piece]:
    """Returns cupboards below and above a worktop full of things."""
    far, floor, wide = -backdrop.depth_cm, backdrop.floor_y_cm, backdrop.half_width_cm
    pieces = shell(backdrop, rng)
    top = floor + 90
    pieces += cupboards(rng, half_width=wide, bottom=floor + 10, height=76.0, z=far + 60, deep=55.0)
    slab = boxes(np.array([[0, top - 2, far + 31]]), np.array([[2 * wide, 4, 62]]))
    gloss = float(rng.uniform(0.1, 0.6))
    pieces.append(thing("worktop", slab, Material(colour=draw_colour(rng), roughness=gloss)))
    splash = tiles(rng, draw_colour(rng))
    centre = (0.0, top + 32, far + 1)
    pieces.append(surface("splash", centre, (2 * wide, 0.0, 0.0), (0.0, 64.0, 0.0), splash))
    upper = float(rng.uniform(0.35, 1)) * wide
    pieces += [
        piece._replace(name="upper_" + piece.name)
        for piece in cupboards(
            rng, half_width=upper, bottom=top + 62, height=70.0, z=far + 36, deep=32.0
        )
    ]
    reach = -0.9 * wide + 1.8 * wide * max(0.2, backdrop.clutter)
    pieces += objects_on(rng, -0.9 * wide, reach, top, far + 18, sizes=(9.0, 42.0))
    pieces += objects_on(rng, -0.6 * wide, reach, top, far + 46, sizes=(5.0, 20.0))
    if rng.random() < 0.5:
        x = float(rng.uniform(-0.9, 0.9)) * wide
        fridge = boxes(np.array([[x, floor + 92, far + 34]]), np.array([[62.0, 184, 66]]))
        steel = Material(colour=draw_colour(rng), roughness=0.3, metallic=float(rng.random() < 0.5))
        pieces.append(thing("fridge", fridge, steel))
    return [*pieces, *_pendants(rng, backdrop, far * 0.6)]


def bathroom(backdrop: Backdrop, rng: np.random.Generator) -> list[Piece]:
    """Returns tiled walls, a shelf of bottles, towels and a mirror."""
    far, wide = -backdrop.depth_cm, backdrop.half_width_cm
    tiled = replace(backdrop, covering="tiles")
    pieces = shell(tiled, rng)
    y = float(rng.uniform(-45, 5))
    board = boxes(np.array([[0, y - 1, far + 8]]), np.array([[0.8 * wide, 2, 16]]))
    pieces.append(thing("board", board, Material(colour=draw_colour(rng), roughness=0.2)))
    pieces += objects_on(rng, -0.38 * wide, 0.35 * wide, y, far + 8, sizes=(6.0, 24.0))
    x = float(rng.uniform(0.5, 0.85) * rng.choice([-1, 1])) * wide
    spans = [(x - 22, x + 22)]
    pieces += curtains(rng, spans=spans, bottom=y - 50, top=y + 35, z=far + 10)
    if rng.random() < 0.35:
        mirror = rectangle((-0.4 * x, y + 55, far + 3), (90.0, 0.0, 0.0), (0.0, 65.0, 0.0))
        silver = Material(colour=(0.75, 0.77, 0.76), roughness=0.03, metallic=1.0)
        pieces.append(thing("mirror", mirror, silver))
        strip = boxes(np.array([[-0.4 * x, y + 92, far + 5]]), np.array([[60.0, 4, 5]]))
        lit = Glow(radiance=glowing((1.0, 0.9, 0.75), float(rng.uniform(2, 9))))
        pieces.append(thing("mirror_lamp", strip, lit))
    return pieces


def clutter(backdrop: Backdrop, rng: np.random.Generator) -> list[Piece]:
    """Returns a crammed corner: tables, shelves and walls full of things, near and far."""
    far, wide, floor = -backdrop.depth_cm, backdrop.half_width_cm, backdrop.floor_y_cm
    pieces = shell(backdrop, rng)
    pieces += pictures(backdrop, rng, z=far, half_width=0.8 * wide, at_most=9)
    for number in range(int(rng.integers(1, 4))):
        y = float(rng.uniform(-60, 75))
        left = float(rng.uniform(-0.8, 0.2)) * wide
        right = left + float(rng.uniform(0.4, 0.9)) * wide
        board = boxes(np.array([[(left + right) / 2, y - 1.5, far + 14]]),
                      np.array([[right - left, 3, 28]]))  # fmt: skip
        pieces.append(thing(f"board_{number}", board, Material(colour=draw_colour(rng))))
        pieces += objects_on(rng, left, right - 8, y, far + 14, sizes=(5.0, 36.0))
    near = max(far * 0.7, far + 40)
    height = float(rng.uniform(floor + 60, -40))
    pieces += table(
        rng,
        middle=0.0,
        width=1.7 * wide,
        y=height,
        z=min(near, -70.0),
        crammed=0.5 + backdrop.clutter / 2,
    )
    if rng.random() < 0.5:
        pieces += screen(rng, float(rng.uniform(-0.6, 0.6)) * wide, 20.0, far + 20, 70.0)
    return [*pieces, *_pendants(rng, backdrop, far * 0.5)]


def dark_void(backdrop: Backdrop, rng: np.random.Generator) -> list[Piece]:
    """Returns a large dark room or street at night with small lights far away."""
    dim = tinted(float(rng.uniform(0.006, 0.05)), float(rng.random()), float(rng.uniform(0, 0.7)))
    hall = replace(backdrop, wall=dim, covering="plaster", half_width_cm=420.0)
    dark = [_darkened(piece) for piece in shell(hall, rng)]
    far = -backdrop.depth_cm
    by_colour: list[list] = [[], [], []]
    for _ in range(int(rng.integers(3, 45))):
        at = (float(rng.uniform(-400, 400)), float(rng.uniform(-60, 105)),
              float(rng.uniform(far + 5, far * 0.45)))  # fmt: skip
        radius = float(np.exp(rng.uniform(np.log(0.5), np.log(5))))
        by_colour[int(rng.integers(3))].append(ball(at, radius, sides=10))
    for number, meshes in enumerate(by_colour):
        if meshes:
            colour = tinted(0.5, float(rng.random()), float(rng.beta(1, 1.5)))
            lit = Glow(radiance=glowing(colour, float(np.exp(rng.uniform(0, 3)))))
            dark.append(thing(f"lights_{number}", joined(meshes), lit))
    if rng.random() < 0.6:
        dark += window(
            rng, float(rng.uniform(-250, 250)), 20.0, far + 2, (120.0, 110.0), night=True
        )
    if rng.random() < 0.5:
        dark += screen(rng, float(rng.uniform(-250, 250)), 0.0, far + 10, 130.0)
    return dark


def _darkened(piece: Piece) -> Piece:
    material = piece.material
    if not isinstance(material, Material):
        return piece
    colour = np.minimum(np.asarray(material.colour, np.float32) * 0.15, 0.05)
    kept = colour if colour.ndim == 3 else (float(colour[0]), float(colour[1]), float(colour[2]))
    return piece._replace(material=replace(material, colour=kept))


def outdoor(backdrop: Backdrop, rng: np.random.Generator) -> list[Piece]:
    """Returns ground, a hedge or trees and the sky, by day or at night."""
    far, floor = -backdrop.depth_cm, backdrop.floor_y_cm
    sky = outside(rng, size=512) * np.float32(rng.uniform(0.8, 4))
    surface_ = Material(colour=(0.004, 0.004, 0.006)) if backdrop.night else Glow(radiance=sky)
    pieces = [
        thing(
            "sky",
            rectangle((0.0, 250.0, far - 30), (2400.0, 0.0, 0.0), (0.0, 1400.0, 0.0)),
            surface_,
        )
    ]
    canvas, height = foliage(rng)
    leafy = Material(colour=canvas, roughness=0.6, bump=1.5 * height)
    hedge = Covering(leafy, float(rng.uniform(50, 110)))
    top = float(rng.uniform(20, 260))
    middle = (floor + top) / 2
    pieces.append(
        surface("hedge", (0.0, middle, far), (2200.0, 0.0, 0.0), (0.0, top - floor, 0.0), hedge)
    )
    ground = carpet(rng, draw_colour(rng, brightest=0.4)) if rng.random() < 0.5 else hedge
    deep = -40 - far
    centre = (0.0, floor, far + deep / 2)
    pieces.append(surface("ground", centre, (2200.0, 0.0, 0.0), (0.0, 0.0, -deep), ground))
    for number in range(int(rng.integers(0, 5))):
        x, z = float(rng.uniform(-250, 250)), float(rng.uniform(far + 10, 0.5 * far))
        radius = float(rng.uniform(6, 22))
        trunk = lathe(np.array([[radius, 0], [radius * 0.8, 700]]), (x, floor, z))
        bark = Material(colour=draw_colour(rng, brightest=0.25), roughness=0.95)
        pieces.append(thing(f"trunk_{number}", trunk, bark))
    return pieces


def _pendants(rng: np.random.Generator, backdrop: Backdrop, z: float) -> list[Piece]:
    """Returns up to three lit bulbs hanging from the ceiling."""
    count = int(rng.integers(0, 4))
    if count == 0:
        return []
    x = np.linspace(-0.5, 0.5, count + 2)[1:-1] * backdrop.half_width_cm * 1.5
    y = backdrop.ceiling_y_cm - float(rng.uniform(10, 45))
    lit = Glow(radiance=glowing((1.0, 0.8, 0.55), float(rng.uniform(2, 12))))
    return [thing("bulbs", joined([ball((place, y, z), 5.5, sides=14) for place in x]), lit)]
