"""Collars: ribbed bands, rolled necks, shirt collars, hoods."""

import numpy as np
from jaxtyping import Float

from deepflash.synth.clothes.neck import Neck, outwards
from deepflash.synth.clothes.torso import Grid, circle
from deepflash.synth.geometry import Mesh, Noise, Points, grid_faces, joined, make_mesh, tube, unit

Heights = Float[np.ndarray, " n"]


def _uv(rows: int, columns: int, *, repeats: float = 1.0) -> Float[np.ndarray, "n 2"]:
    u, v = np.meshgrid(np.linspace(0, repeats, columns), np.linspace(0, 0.1, rows))
    return np.stack([u, v], -1).reshape(-1, 2)


def _round_mesh(grid: Grid) -> Mesh:
    """Returns a band round the neck; the texture's seam lies at the back."""
    grid = np.concatenate([grid, grid[:, :1]], 1)
    rows, columns = grid.shape[:2]
    return make_mesh(
        grid.reshape(-1, 3), grid_faces(rows, columns), _uv(rows, columns, repeats=3.0)
    )


def band(neck: Neck, neckline: Heights, *, high: float, thick: float = 0.17) -> Mesh:
    """Returns a flat ribbed band along the neckline, `high` centimetres wide."""
    azimuth = circle()
    middle = neck.ring(azimuth, neckline, 0.12 + thick, keep=14)
    below = neck.ring(azimuth, neckline - 0.8, 0.3 + thick, keep=14)
    up, out = unit(middle - below), outwards(middle)
    angle = np.linspace(0, 2 * np.pi, 13)[::-1]
    shape = np.abs(np.cos(angle)) ** 0.6 * np.sign(np.cos(angle))
    rows = [
        middle + 0.5 * high * along * up + thick * across * out
        for along, across in zip(shape, np.sin(angle), strict=True)
    ]
    return _round_mesh(np.stack(rows))


def rolled(neck: Neck, neckline: Heights, top: Heights, rng: np.random.Generator) -> Mesh:
    """Returns a turtleneck: cloth up to `top` and folded back down over itself."""
    azimuth = circle()
    fat = float(rng.uniform(0.35, 0.75))
    share = np.array([-0.15, 0.4, 0.92, 1.04, 1.07, 1.02, 0.85, 0.4, 0.05, -0.06, 0.02])
    gap = np.array([0.3, 0.25, 0.25, 0.35, 0.6, 0.85, 1.0, 1.1, 1.15, 0.9, 0.5]) * (0.6 + fat)
    noise = Noise(rng, side=24)
    rows = []
    for height, outside in zip(share, gap, strict=True):
        at = np.clip(neckline + height * (top - neckline), -17.5, -6.8)
        ring = neck.ring(azimuth, at, outside, keep=5)
        ring[:, 1] += np.maximum(height - 1, 0) * (top - neckline)
        rows.append(ring + 0.12 * noise(ring, 0.35)[:, None] * outwards(ring))
    return _round_mesh(np.stack(rows))


def shirt_collar(
    neck: Neck, neckline: Heights, rng: np.random.Generator, *, stand: float, soft: float
) -> Mesh:
    """Returns a collar that stands, folds over and ends in two points in front.

    Args:
        neck: where it lies.
        neckline: its lower edge at the columns of the torso.
        rng: where the draws come from.
        stand: its height at the back in centimetres.
        soft: 0 stiff to 1 limp.
    """
    opening = float(rng.uniform(0.05, 0.22))
    spread = float(rng.uniform(0.6, 1.5))
    azimuth = np.linspace(-np.pi + opening, np.pi - opening, 121) + np.pi
    azimuth = (azimuth + np.pi) % (2 * np.pi) - np.pi
    low = np.interp(azimuth, circle(), neckline, period=2 * np.pi)
    front = np.clip(1 - (np.abs(azimuth) - opening) / 0.95, 0, 1) ** 1.6
    high = stand * (1 - 0.45 * front)
    tip = 1.0 + float(rng.uniform(1.6, 3.2)) * front
    rows = []
    for share, gap in (
        (-0.2, 0.35),
        (0.5, 0.3),
        (0.95, 0.32),
        (1.1, 0.5),
        (1.12, 0.75),
        (1.0, 0.95),
    ):
        rows.append(_open_ring(neck, azimuth, low + share * high, gap))
    fold = rows[-1]
    out = outwards(fold)
    side = np.cross(np.array([0.0, 1.0, 0.0]), out) * np.sign(azimuth)[:, None] * -1
    for share in (0.35, 0.7, 1.0):
        drop = (high + 0.55 * tip) * share
        away = (0.25 + 0.5 * share) * (1 + 0.5 * soft) * (0.6 + 0.9 * front) * share
        move = out * away[:, None] - np.array([0.0, 1.0, 0.0]) * drop[:, None]
        rows.append(fold + move - side * (spread * front**2 * share)[:, None])
    grid = np.stack(rows)
    count, columns = grid.shape[:2]
    noise = Noise(rng, side=24)
    grid = grid + 0.1 * (0.5 + soft) * noise(grid, 0.3)[..., None] * out[None]
    return _thick(grid, _uv(count, columns))


def _open_ring(neck: Neck, azimuth: Heights, heights: Heights, gap: float) -> Points:
    points = neck.at(azimuth, np.clip(heights, -17.6, -6.8))
    # A running mean takes out the facets of the skin without closing the curve.
    kernel = np.hanning(15)[1:-1] / np.hanning(15).sum()
    padded = np.pad(points, ((6, 6), (0, 0)), mode="edge")
    smooth = np.stack([np.convolve(padded[:, k], kernel, "valid") for k in range(3)], -1)
    rise = np.maximum(heights + 6.8, 0)
    return smooth + gap * outwards(smooth) + rise[:, None] * np.array([0.0, 1.0, 0.0])


def _thick(grid: Grid, uv: Float[np.ndarray, "n 2"]) -> Mesh:
    """Returns a sheet as a mesh with a rounded free edge, so that it does not look like paper."""
    rows, columns = grid.shape[:2]
    sheet = make_mesh(grid.reshape(-1, 3), grid_faces(rows, columns), uv)
    edge = np.concatenate([grid[1:, 0], grid[-1, 1:-1], grid[1:, -1][::-1]])
    rim = tube(edge, 0.09, sides=6)
    return joined([sheet, rim])


def hood(neck: Neck, neckline: Heights, rng: np.random.Generator) -> Mesh:
    """Returns a hood that lies in a thick roll round the back of the neck."""
    azimuth = np.linspace(0.5, 2 * np.pi - 0.5, 90)
    azimuth = (azimuth + np.pi) % (2 * np.pi) - np.pi
    low = np.interp(azimuth, circle(), neckline, period=2 * np.pi)
    behind = (1 - np.cos(azimuth)) / 2
    fat = float(rng.uniform(1.7, 2.6))
    radius = 0.5 + fat * behind**1.1
    path = _open_ring(neck, azimuth, low + 0.35 - 0.9 * (1 - behind), 0.55)
    path = path + outwards(path) * (radius * 0.85)[:, None]
    path[:, 1] += 0.25 * radius - 0.5 * (1 - behind)
    roll = tube(path, radius, sides=26)
    noise = Noise(rng, side=32)
    crease = noise.octaves(roll.vertices, 0.22, 3)
    moved = roll.vertices + (0.16 * crease)[:, None] * roll.normals
    moved[:, 1] = path[:, 1].mean() + (moved[:, 1] - path[:, 1].mean()) * 1.0
    return make_mesh(moved, roll.faces.astype(np.int64), roll.uv * np.array([0.4, 1.2]))


def cords(front: Points, rng: np.random.Generator) -> Mesh:
    """Returns the two cords of a hood, hanging down the chest from the neckline.

    Args:
        front: points of the chest's surface along its middle, from the top down.
        rng: where the draws come from.
    """
    meshes = []
    for side in (-1.0, 1.0):
        length = float(rng.uniform(10, 24))
        down = np.linspace(0, length, 30)
        y = front[0, 1] - 0.6 - down
        z = np.interp(-y, -front[:, 1], front[:, 2]) + 0.55
        wave = 0.5 * np.sin(down / length * float(rng.uniform(2, 5)) + float(rng.uniform(0, 6)))
        x = side * (2.6 + 0.03 * down) + wave
        radius = np.where(down > length - 1.6, 0.34, 0.24)
        meshes.append(tube(np.stack([x, y, z], -1), radius, sides=10))
    return joined(meshes)
