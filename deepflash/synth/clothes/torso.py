"""The loft from the neckline over the shoulders down to the waist, and the sleeves."""

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator

from deepflash.synth.clothes.fabric import HEIGHT_CM, WIDTH_CM
from deepflash.synth.clothes.neck import Neck, skin_edge
from deepflash.synth.geometry import (
    Mesh,
    Noise,
    Points,
    grid_faces,
    joined,
    make_mesh,
    tube,
    unit,
    vertex_normals,
)

COLUMNS = 168
Grid = Float[np.ndarray, "rows columns 3"]

# Rings of the body below the collar: half width as a share of the shoulders', half depth, height
# in front and at the back, by how much the sides lie higher, middle in z.
_BODY = np.array(
    [
        [0.58, 8.8, -15.8, -1.0, -0.6],
        [0.76, 9.4, -17.6, -0.6, -1.0],
        [0.93, 10.4, -20.6, -0.3, -1.2],
        [1.0, 11.2, -25.0, 0.0, -1.2],
        [0.98, 12.0, -32.0, 0.0, -1.0],
        [0.93, 12.2, -44.0, 0.0, -1.0],
        [0.9, 12.0, -60.0, 0.0, -1.0],
        [0.92, 12.4, -76.0, 0.0, -1.0],
    ]
)


def circle() -> Float[np.ndarray, " n"]:
    """Returns the azimuths of the columns in (-pi, pi], 0 in front."""
    return np.linspace(-np.pi, np.pi, COLUMNS, endpoint=False)


class Torso:
    """A body's surface by azimuth and by how far down from the neckline."""

    def __init__(
        self, neck: Neck, neckline: Float[np.ndarray, " n"], *, shoulder: float, loose: float
    ) -> None:
        azimuth = circle()
        self.neckline = neckline
        top = neck.ring(azimuth, neckline, 0.1, keep=14)
        below = neck.ring(azimuth, neckline - 0.7, 0.45)
        away = neck.ring(azimuth, neckline - 1.7, 1.25)
        shift = top.mean(0) * np.array([1.0, 0.0, 1.0]) * 0.6
        rise = 0.5 * (float(neck.ring(azimuth, skin_edge(azimuth), 0.0)[:, 1].mean()) + 13.9)
        rings = [top, below, away]
        for row, ring in enumerate(_BODY):
            fade = 0.6**row
            rings.append(_ring(ring, azimuth, shoulder, loose) + shift * fade + [0, rise * fade, 0])
        self._rings = PchipInterpolator(np.arange(len(rings)), np.stack(rings))
        self.last = len(rings) - 1

    def grid(self, rows: int, *, start: float = 0.0) -> Grid:
        """Returns points from the neckline (or `start` rings below it) to the hem."""
        return self._rings(np.linspace(start, self.last, rows))


def _ring(
    ring: Float[np.ndarray, " k"], azimuth: Float[np.ndarray, " n"], shoulder: float, loose: float
) -> Points:
    wide, deep, height, saddle, middle = ring
    power = 2 / 2.45
    sine, cosine = np.sin(azimuth), np.cos(azimuth)
    x = np.sign(sine) * np.abs(sine) ** power
    z = np.sign(cosine) * np.abs(cosine) ** power
    # The back of the collar lies higher than the front: the neck leans forward.
    tilt = np.interp(height, [-25.0, -15.0], [0.0, -2.3]) * cosine
    y = height - saddle * (0.35 - np.abs(x)) + tilt
    return np.stack([(wide * shoulder + loose) * x, y, (deep + loose) * z + middle], -1)


def folded(grid: Grid, rng: np.random.Generator, *, strength: float) -> Grid:
    """Returns the surface with folds that grow away from the collar.

    Args:
        grid: rows from the collar down.
        rng: where the draws come from.
        strength: depth of the folds in centimetres.
    """
    noise = Noise(rng)
    rows = len(grid)
    grow = np.clip(np.linspace(0, 4, rows) - 0.25, 0, 1)[:, None, None]
    squeezed = grid * np.array([1.0, 0.4, 1.0])
    # Folds run from the shoulders towards the middle of the chest.
    slanted = squeezed + np.abs(grid[..., :1]) * np.array([0.0, 0.35, 0.0])
    depth = noise.octaves(slanted, 0.15, 3) + 0.35 * noise.octaves(grid, 0.5, 2)
    out = unit(grid * np.array([1.0, 0.0, 1.0]) + np.array([0, 0.01, 0]))
    out = unit(out + np.array([0.0, 0.6, 0.0]) * (grid[..., 1:2] > -22))
    return grid + strength * grow * depth[..., None] * out


def front_uv(grid: Grid) -> Float[np.ndarray, "n 2"]:
    """Returns texture coordinates that lay the sheet of a front over chest and shoulders."""
    step = np.linalg.norm(np.diff(grid[..., 1:], axis=0), axis=-1)
    down = np.concatenate([np.zeros((1, grid.shape[1])), np.cumsum(step, 0)])
    v = (down[-1:] - down) / HEIGHT_CM
    u = grid[..., 0] / WIDTH_CM + 0.5
    return np.stack([u, v], -1).reshape(-1, 2)


def closed_mesh(grid: Grid, uv: Float[np.ndarray, "n 2"]) -> Mesh:
    """Returns the mesh of a grid whose last column meets the first."""
    rows, columns = grid.shape[:2]
    return make_mesh(grid.reshape(-1, 3), grid_faces(rows, columns, closed=True), uv)


def lifted(grid: Grid, by: float | np.ndarray, *, closed: bool) -> Grid:
    """Returns the surface moved along its normals."""
    rows, columns = grid.shape[:2]
    points = grid.reshape(-1, 3)
    normals = vertex_normals(points, grid_faces(rows, columns, closed=closed))
    return grid + np.asarray(by) * normals.reshape(grid.shape)


def sleeves(shoulder: float, loose: float, rng: np.random.Generator) -> Mesh:
    """Returns two hanging sleeves that start inside the shoulders."""
    noise = Noise(rng, side=32)
    meshes = []
    for side in (-1.0, 1.0):
        spread = float(rng.uniform(1.5, 6))
        key = np.array(
            [
                [side * (shoulder - 9.0), -24.5, -1.4],
                [side * (shoulder - 5.4), -24.8, -1.3],
                [side * (shoulder - 2.4), -28.0, -1.2],
                [side * (shoulder - 0.6 + 0.3 * spread), -40, -0.5],
                [side * (shoulder - 0.6 + spread), -76, 2.0],
            ]
        )
        along = np.linspace(0, 4, 60)
        path = PchipInterpolator(np.arange(5), key)(along)
        radius = np.interp(along, [0, 1, 2, 3, 4], [3.0, 4.8, 5.9, 5.7, 5.0]) + 0.5 * loose
        arm = tube(path, radius, sides=40)
        crease = noise.octaves(arm.vertices * np.array([1, 1.6, 1], np.float32), 0.22, 3)
        moved = arm.vertices + 0.22 * crease[:, None] * arm.normals
        uv = arm.uv * np.array([0.7, -0.75]) + np.array([0.1, 0.5])
        meshes.append(make_mesh(moved, arm.faces.astype(np.int64), uv))
    return joined(meshes)
