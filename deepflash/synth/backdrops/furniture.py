"""Larger pieces: sofas, shelves, cupboards, tables, windows, doors, curtains, screens."""

import numpy as np

from deepflash.synth.backdrops.colours import draw_colour, draw_wood
from deepflash.synth.backdrops.coverings import carpet, planks, wallpaper
from deepflash.synth.backdrops.objects import books, objects_on, plant, thing
from deepflash.synth.backdrops.prints import outside, picture
from deepflash.synth.backdrops.shapes import ball, boxes, cushion, drape
from deepflash.synth.geometry import Piece, joined, rectangle
from deepflash.synth.materials import Glow, Material


def _wood(rng: np.random.Generator) -> Material:
    colour = draw_wood(rng) if rng.random() < 0.7 else draw_colour(rng)
    return planks(rng, colour, boards=1).material


def sofa(rng: np.random.Generator, x: float, floor: float, z: float) -> list[Piece]:
    """Returns a sofa with cushions whose seat ends before z; a third are black or nearly."""
    dark = rng.random() < 0.35
    colour = draw_colour(rng, darkest=0.012, brightest=0.03 if dark else 0.6)
    if rng.random() < 0.4:
        cover = Material(colour=colour, roughness=0.35, specular=0.5)
    else:
        cover = carpet(rng, colour).material
    width, back = float(rng.uniform(130, 230)), float(rng.uniform(75, 100))
    body = [
        cushion((x, floor + 30, z - 40), (width, 40.0, 80.0), sharpness=8.0),
        cushion((x, floor + back / 2, z - 75), (width, back, 26.0), sharpness=6.0),
    ]
    for side in (-1.0, 1.0):
        at = (x + side * (width / 2 + 8), floor + 34, z - 42)
        body.append(cushion(at, (24.0, 66.0, 82.0), sharpness=6.0))
    for place in np.linspace(-0.33, 0.33, 3) * width:
        body.append(cushion((x + place, floor + back - 12, z - 58), (width / 3, 50.0, 24.0)))
    pieces = [thing("sofa", joined(body), cover)]
    for number in range(int(rng.integers(0, 4))):
        at = (x + float(rng.uniform(-0.4, 0.4)) * width, floor + 68, z - 44)
        pillow = cushion(
            at, (44.0, 42.0, 16.0), sharpness=3.0, turn_deg=float(rng.uniform(-30, 30))
        )
        print_ = wallpaper(rng, draw_colour(rng)).material if number < 1 else None
        pieces.append(
            thing(f"pillow_{number}", pillow, print_ or Material(colour=draw_colour(rng)))
        )
    return pieces


def shelves(
    rng: np.random.Generator,
    *,
    left: float,
    right: float,
    bottom: float,
    top: float,
    z: float,
    fullness: float,
) -> list[Piece]:
    """Returns a shelf of books and objects whose front edge lies at z; it is 26 cm deep."""
    step = float(rng.uniform(26, 42))
    heights = np.arange(bottom, top, step)
    across, middle = right - left, (left + right) / 2
    centres = [(middle, y, z - 13) for y in heights] + [(middle, (bottom + top) / 2, z - 26.5)]
    sizes = [(across, 2.2, 26.0)] * len(heights) + [(across, top - bottom, 1.0)]
    uprights = np.arange(left, right + 1, float(rng.uniform(60, 110)))
    centres += [(x, (bottom + top) / 2, z - 13) for x in uprights]
    sizes += [(2.2, top - bottom, 26.0)] * len(uprights)
    pieces = [thing("shelf", boxes(np.array(centres), np.array(sizes)), _wood(rng))]
    rows, show = [], 0
    for y in heights:
        if rng.random() < fullness:
            rows.append((float(y) + 1.1, step - 3))
        elif rng.random() < 0.8 and show < 3:
            show += 1
            sizes_cm = (5.0, step * 0.8)
            pieces += objects_on(rng, left + 4, right - 8, float(y) + 1.1, z - 12, sizes=sizes_cm)
    if rows:
        pieces += books(rng, left + 2, right - 2, rows, z - 2)
    return pieces


def cupboards(
    rng: np.random.Generator,
    *,
    half_width: float,
    bottom: float,
    height: float,
    z: float,
    deep: float,
) -> list[Piece]:
    """Returns a row of cupboard doors with handles; their fronts lie at z."""
    wide = float(rng.uniform(38, 62))
    columns = np.arange(-half_width, half_width, wide) + wide / 2
    gap = float(rng.uniform(0.3, 1.2))
    middle = bottom + height / 2
    doors = np.stack([columns, 0 * columns + middle, 0 * columns + z - 1], -1)
    handles = doors + np.array([wide * 0.36, float(rng.choice([-0.3, 0.3])) * height, 2.2])
    front = Material(colour=draw_colour(rng), roughness=float(rng.uniform(0.1, 0.6)))
    if rng.random() < 0.4:
        front = _wood(rng)
    count = len(columns)
    body = boxes(
        np.array([[0, middle, z - deep / 2 - 2]]), np.array([[2 * half_width, height, deep]])
    )
    grip = np.array([1.2, 14, 1.5]) if rng.random() < 0.5 else np.array([3, 3, 2.5])
    metal = Material(colour=draw_colour(rng, darkest=0.05), roughness=0.25, metallic=1.0)
    name = f"cupboard_{int(abs(bottom))}"
    size = np.array([wide - gap, height - gap, 2])
    return [
        thing(name, boxes(doors, np.tile(size, (count, 1))), front),
        thing(name + "_body", body, Material(colour=draw_colour(rng, brightest=0.3))),
        thing(name + "_grips", boxes(handles, np.tile(grip, (count, 1))), metal),
    ]


def window(
    rng: np.random.Generator,
    x: float,
    y: float,
    z: float,
    size: tuple[float, float],
    *,
    night: bool,
) -> list[Piece]:
    """Returns a window in a wall at z: panes of daylight, or dark glass with a few lights."""
    width, height = size
    pane = rectangle((x, y, z + 0.5), (width, 0.0, 0.0), (0.0, height, 0.0))
    if night:
        dark = (0.004, 0.005, 0.008)
        pieces = [thing("pane", pane, Material(colour=dark, roughness=0.02, specular=0.6))]
        lights = [
            ball((x + rng.uniform(-0.45, 0.45) * width, y - rng.uniform(0, 0.45) * height, z), r)
            for r in rng.uniform(0.6, 2.2, int(rng.integers(1, 12)))
        ]
        warm = (1.6, float(rng.uniform(0.7, 1.4)), float(rng.uniform(0.2, 1.2)))
        pieces.append(thing("far_lights", joined(lights), Glow(radiance=warm)))
    else:
        strength = float(np.exp(rng.uniform(np.log(0.8), np.log(6))))
        pieces = [thing("pane", pane, Glow(radiance=outside(rng) * np.float32(strength)))]
    bars = int(rng.integers(1, 4))
    columns = np.linspace(-0.5, 0.5, bars + 1) * width
    centres = [(x + c, y, z + 2) for c in columns]
    sizes = [(5.0, height + 5, 4.0)] * len(columns)
    rows = np.linspace(-0.5, 0.5, int(rng.integers(2, 4))) * height
    centres += [(x, y + r, z + 2) for r in rows]
    sizes += [(width, 5.0, 4.0)] * len(rows)
    centres.append((x, y - height / 2 - 4, z + 8))
    sizes.append((width + 20, 3.0, 16.0))
    white = draw_colour(rng, darkest=0.4) if rng.random() < 0.6 else draw_wood(rng)
    frame = boxes(np.array(centres), np.array(sizes))
    return [*pieces, thing("window_frame", frame, Material(colour=white, roughness=0.4))]


def curtains(
    rng: np.random.Generator,
    *,
    spans: list[tuple[float, float]],
    bottom: float,
    top: float,
    z: float,
) -> list[Piece]:
    """Returns hanging cloth over each (left, right) of `spans`, with a rail above."""
    deep = float(rng.uniform(3, 10))
    meshes = [
        drape(rng, ((a + b) / 2, (bottom + top) / 2, z), b - a, top - bottom, depth=deep)
        for a, b in spans
    ]
    colour = draw_colour(rng)
    if rng.random() < 0.3:
        cloth = wallpaper(rng, colour).material
    elif rng.random() < 0.3:
        cloth = Material(colour=colour, roughness=0.35, sheen=0.6)
    else:
        cloth = carpet(rng, colour).material
    left, right = spans[0][0], spans[-1][1]
    centre, size = [[(left + right) / 2, top + 1, z]], [[right - left, 3, 3]]
    rail = Material(colour=draw_colour(rng), roughness=0.3)
    return [
        thing("curtain", joined(meshes), cloth),
        thing("rail", boxes(np.array(centre), np.array(size)), rail),
    ]


def table(
    rng: np.random.Generator, *, middle: float, width: float, y: float, z: float, crammed: float
) -> list[Piece]:
    """Returns a table or sideboard at height y, its middle at z, and what stands on it."""
    closed = rng.random() < 0.5
    centres = [(middle, y - 1.5, z)]
    sizes = [(width, 3.0, 45.0)]
    if closed:
        centres.append((middle, y - 40, z))
        sizes.append((width - 2, 74.0, 42.0))
    pieces = [thing("table", boxes(np.array(centres), np.array(sizes)), _wood(rng))]
    left, right = middle - width / 2, middle + width / 2
    reach = left + (right - left) * max(0.25, crammed)
    pieces += objects_on(rng, left + 3, reach, y, z - 12, sizes=(10.0, 45.0))
    if crammed > 0.4:
        pieces += objects_on(rng, left + 8, right - 8, y, z + 12, sizes=(4.0, 18.0))
    if rng.random() < 0.4:
        pieces += plant(rng, middle + float(rng.uniform(-0.4, 0.4)) * width, y, z, 45.0)
    return pieces


def screen(rng: np.random.Generator, x: float, y: float, z: float, width: float) -> list[Piece]:
    """Returns a television or monitor on a wall at z: black glass, or lit with a picture."""
    height = width * 0.58
    case = boxes(np.array([[x, y, z + 2]]), np.array([[width + 3, height + 3, 4]]))
    face = rectangle((x, y, z + 4.2), (width, 0.0, 0.0), (0.0, height, 0.0))
    if rng.random() < 0.5:
        strength = np.float32(np.exp(rng.uniform(np.log(0.5), np.log(4))))
        surface = Glow(radiance=picture(rng, 108, 192) * strength)
    else:
        surface = Material(colour=(0.006, 0.006, 0.007), roughness=0.06, specular=0.5)
    black = Material(colour=(0.012, 0.012, 0.012), roughness=0.4)
    return [thing("screen_case", case, black), thing("screen", face, surface)]
