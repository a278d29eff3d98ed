"""Repeating surfaces of walls and floors: plaster, bricks, wood, tiles, wallpaper, carpet, cloth.

Every texture is periodic, so that it may be laid over any area.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from deepflash.synth.backdrops.colours import draw_colour, draw_wood
from deepflash.synth.backdrops.motifs import MOTIFS
from deepflash.synth.geometry import Mesh, Vector, rectangle
from deepflash.synth.materials import Colour, Material, Texture

Plane = Float32[np.ndarray, "h w"]


class Covering(NamedTuple):
    """A repeating material and how much of a wall one repeat covers."""

    material: Material
    size_cm: float


def periodic_noise(
    rng: np.random.Generator,
    size: int,
    *,
    slope: float = 1.5,
    stretch: float = 1.0,
    coarsest: float = 0.0,
) -> Plane:
    """Returns noise of mean 0 and deviation 1 that wraps round.

    Args:
        rng: where the draws come from.
        size: pixels of a side.
        slope: how fast fine detail fades: 0 white noise, 2 soft clouds.
        stretch: above 1 draws the pattern out along the rows.
        coarsest: waves of fewer than this many periods are left out.
    """
    spectrum = np.fft.rfft2(rng.standard_normal((size, size), np.float32))
    across = np.fft.rfftfreq(size, 1 / size)[None] * stretch
    down = np.fft.fftfreq(size, 1 / size)[:, None] / stretch
    frequency = np.hypot(across, down)
    gain = np.where(frequency > coarsest, np.maximum(frequency, 1) ** -slope, 0)
    gain[0, 0] = 0
    noise = np.fft.irfft2(spectrum * gain, (size, size))
    return (noise / max(float(noise.std()), 1e-9)).astype(np.float32)


def _shaded(colour: Colour, factor: Plane) -> Texture:
    tinted = np.asarray(colour, np.float32) * factor[..., None]
    return np.clip(tinted, 0.004, 0.88).astype(np.float32)


def plaster(rng: np.random.Generator, colour: Colour) -> Covering:
    """Returns painted plaster: nearly even, or rough, or stained."""
    size = 256
    noise = periodic_noise(rng, size, slope=1.4)
    fine = periodic_noise(rng, size, slope=0.6, coarsest=8.0)
    rough = float(rng.choice([0.0, 0.04, 0.15], p=[0.4, 0.4, 0.2]))
    factor = 1 + float(rng.uniform(0.01, 0.09)) * noise + 0.15 * rough * fine
    material = Material(
        colour=_shaded(colour, factor),
        roughness=float(rng.uniform(0.35, 0.95)),
        specular=float(rng.uniform(0.1, 0.5)),
        bump=(rough * (fine + 0.5 * noise))[..., None] if rough else None,
    )
    return Covering(material, float(rng.uniform(90, 220)))


def _cells(size: int, rows: int, columns: int, gap: float, *, offset: float) -> tuple[Plane, Plane]:
    """Returns how far each pixel lies inside its cell (0 in the joint) and the cell's number."""
    v, u = np.mgrid[0:size, 0:size].astype(np.float32) / size
    row = np.floor(v * rows)
    across = u * columns + offset * (row % 2)
    column = np.floor(across) % columns
    inside_u = np.minimum(across % 1, 1 - across % 1) / columns
    inside_v = np.minimum((v * rows) % 1, 1 - (v * rows) % 1) / rows
    inside = np.clip((np.minimum(inside_u, inside_v) - gap / 2) / 0.006, 0, 1)
    return inside.astype(np.float32), (row * columns + column).astype(np.float32)


def _laid(
    rng: np.random.Generator,
    colour: Colour,
    cells: tuple[Plane, Plane],
    *,
    spread: float,
    joint: float,
) -> tuple[Texture, Plane]:
    """Returns the colour of bricks or tiles in mortar, and the height of their faces (0 to 1)."""
    inside, number = cells
    count = int(number.max()) + 1
    size = len(inside)
    shade = np.exp(spread * rng.standard_normal(count)).astype(np.float32)[number.astype(int)]
    shade = shade * (1 + 0.6 * spread * periodic_noise(rng, size, slope=1.0))
    face = _shaded(colour, shade)
    mortar = np.full(3, joint, np.float32) * (1 + 0.05 * periodic_noise(rng, size)[..., None])
    mixed = face * inside[..., None] + mortar * (1 - inside[..., None])
    return np.clip(mixed, 0.004, 0.88).astype(np.float32), inside


def bricks(rng: np.random.Generator, colour: Colour) -> Covering:
    """Returns a brick wall in running bond."""
    cells = _cells(512, 16, 4, float(rng.uniform(0.006, 0.014)), offset=0.5)
    joint = float(rng.choice([0.08, 0.3, 0.5]))
    face, inside = _laid(rng, colour, cells, spread=float(rng.uniform(0.05, 0.3)), joint=joint)
    height = 0.5 * inside + 0.06 * periodic_noise(rng, 512, slope=0.8, coarsest=4.0)
    material = Material(colour=face, roughness=0.9, specular=0.2, bump=height[..., None])
    return Covering(material, float(rng.uniform(95, 125)))


def tiles(rng: np.random.Generator, colour: Colour) -> Covering:
    """Returns glazed tiles: square, metro or mosaic."""
    rows, columns, offset = [(4, 4, 0.0), (8, 4, 0.5), (12, 12, 0.0), (2, 2, 0.0)][
        int(rng.integers(4))
    ]
    cells = _cells(512, rows, columns, float(rng.uniform(0.004, 0.012)), offset=offset)
    spread = float(rng.choice([0.01, 0.05, 0.25], p=[0.5, 0.3, 0.2]))
    face, inside = _laid(rng, colour, cells, spread=spread, joint=float(rng.choice([0.1, 0.55])))
    material = Material(
        colour=face,
        roughness=(0.7 - float(rng.uniform(0.3, 0.6)) * inside)[..., None],
        specular=0.5,
        # Mitsuba's bump map returns NaN where the height is exactly flat.
        bump=(0.15 * inside + 0.002 * periodic_noise(rng, 512, slope=0.5))[..., None],
    )
    return Covering(material, float(rng.uniform(50, 110)))


def planks(rng: np.random.Generator, colour: Colour, *, boards: int = 6) -> Covering:
    """Returns wooden boards along u with grain; `boards` of 1 gives a panel without joints."""
    size = 512 if boards > 1 else 256
    gap = 0.004 if boards > 1 else 0.0
    inside, number = _cells(size, boards, 1, gap, offset=float(rng.random()))
    jump = rng.integers(0, size, boards)[number.astype(int)]
    grain = periodic_noise(rng, size, slope=1.1, stretch=0.12, coarsest=1.0)
    v, u = np.mgrid[0:size, 0:size]
    grain = grain[(v + jump * 7) % size, (u + jump) % size]
    rings = np.sin(9 * grain + 0.02 * v).astype(np.float32)
    shade = 1 + float(rng.uniform(0.06, 0.22)) * (grain + 0.4 * rings)
    shade = (
        shade * np.exp(0.15 * rng.standard_normal(boards)).astype(np.float32)[number.astype(int)]
    )
    joints = inside if boards > 1 else np.ones_like(inside)
    material = Material(
        colour=_shaded(colour, shade * (0.25 + 0.75 * joints)),
        roughness=float(rng.uniform(0.25, 0.7)),
        specular=0.45,
        bump=(0.15 * joints + 0.01 * grain)[..., None],
    )
    return Covering(material, float(rng.uniform(70, 130)))


def wallpaper(rng: np.random.Generator, colour: Colour) -> Covering:
    """Returns printed wallpaper: stripes, dots, leaves, lattice or large blossoms."""
    size = 512
    ink = np.zeros((size, size, 3), np.float32)
    weight = np.zeros((size, size), np.float32)
    motif = MOTIFS[int(rng.integers(len(MOTIFS)))]
    for _ in range(int(rng.integers(1, 3))):
        mask = motif(rng, size)
        ink = np.where(mask[..., None] > 0.5, np.array(draw_colour(rng), np.float32), ink)
        weight = np.maximum(weight, mask)
    strength = float(rng.uniform(0.4, 1))
    base = _shaded(colour, 1 + 0.02 * periodic_noise(rng, size))
    mixed = base * (1 - strength * weight[..., None]) + ink * strength * weight[..., None]
    material = Material(colour=mixed.astype(np.float32), roughness=0.7, specular=0.25)
    return Covering(material, float(rng.uniform(25, 120)))


def carpet(rng: np.random.Generator, colour: Colour) -> Covering:
    """Returns a carpet or coarse cloth with a speckled pile."""
    pile = periodic_noise(rng, 256, slope=0.5, coarsest=6.0)
    factor = 1 + float(rng.uniform(0.08, 0.35)) * pile + 0.05 * periodic_noise(rng, 256)
    material = Material(
        colour=_shaded(colour, factor), roughness=1.0, specular=0.05, sheen=0.3,
        bump=(0.08 * pile)[..., None],
    )  # fmt: skip
    return Covering(material, float(rng.uniform(25, 50)))


def draw_covering(rng: np.random.Generator, kind: str, colour: Colour) -> Covering:
    """Returns a covering of the kind named: plaster, bricks, wood, tiles, wallpaper or carpet."""
    if kind == "wood":
        return planks(rng, draw_wood(rng), boards=int(rng.choice([4, 6, 10])))
    return {
        "plaster": plaster,
        "bricks": bricks,
        "tiles": tiles,
        "wallpaper": wallpaper,
        "carpet": carpet,
    }[kind](rng, colour)


def laid(centre: Vector, across: Vector, up: Vector, covering: Covering) -> Mesh:
    """Returns a rectangle whose texture coordinates count repeats of the covering."""
    mesh = rectangle(centre, across, up)
    lengths = [float(np.linalg.norm(side)) / covering.size_cm for side in (across, up)]
    return mesh._replace(uv=mesh.uv * np.array(lengths, np.float32))
