"""Simple solids that furniture and objects are put together from."""

import numpy as np
from jaxtyping import Float, Int

from deepflash.synth.geometry import (
    Mesh,
    Points,
    Vector,
    box,
    grid_faces,
    joined,
    make_mesh,
    rotation,
    unit,
)

_CUBE = box((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
Cells = Int[np.ndarray, " n"]


def boxes(
    centres: Points, sizes: Points, *, turns_deg: Float[np.ndarray, " n"] | None = None
) -> Mesh:
    """Returns many sharp boxes as one mesh; each face's texture coordinates fill [0,1]."""
    cube = _CUBE
    corners = cube.vertices[None] * sizes[:, None]
    normals = np.repeat(cube.normals[None], len(centres), 0)
    if turns_deg is not None:
        turns = np.stack([rotation("y", float(turn)) for turn in turns_deg])
        corners = np.einsum("nij,nkj->nki", turns, corners)
        normals = np.einsum("nij,nkj->nki", turns, normals)
    start = np.arange(len(centres))[:, None, None] * len(cube.vertices)
    return Mesh(
        (corners + centres[:, None]).reshape(-1, 3).astype(np.float32),
        (cube.faces[None] + start).reshape(-1, 3).astype(np.uint32),
        normals.reshape(-1, 3).astype(np.float32),
        np.tile(cube.uv, (len(centres), 1)),
    )


def in_cells(mesh: Mesh, cells: Cells, columns: int, rows: int) -> Mesh:
    """Returns the mesh with its texture squeezed into one cell of a sheet.

    Args:
        mesh: whose vertices belong to `len(cells)` things of equally many vertices, in order.
        cells: number of each thing's cell, row by row.
        columns: cells across the sheet.
        rows: cells up the sheet.
    """
    uv = mesh.uv.reshape(len(cells), -1, 2) * 0.9 + 0.05
    corner = np.stack([cells % columns, cells // columns % rows], -1)
    uv = (uv + corner[:, None]) / np.array([columns, rows])
    return mesh._replace(uv=uv.reshape(-1, 2).astype(np.float32))


def lathe(
    profile: Float[np.ndarray, "k 2"], centre: Vector = (0.0, 0.0, 0.0), *, sides: int = 20
) -> Mesh:
    """Returns a turned solid.

    Args:
        profile: radius and height from the bottom up.
        centre: where its axis meets height 0.
        sides: of its cross-section.
    """
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    around = np.stack([np.sin(angle), np.zeros_like(angle), np.cos(angle)], -1)
    points = profile[:, 0, None, None] * around[None]
    points = points + profile[:, 1, None, None] * np.array([0, 1, 0]) + np.asarray(centre)
    u, v = np.meshgrid(np.linspace(0, 1, sides + 1), np.linspace(0, 1, len(profile)))
    faces = grid_faces(len(profile), sides + 1)[:, ::-1]
    return make_mesh(points.reshape(-1, 3), faces, np.stack([u, v], -1).reshape(-1, 2))


def ball(centre: Vector, radius: float, *, sides: int = 20) -> Mesh:
    """Returns a sphere."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, sides // 2 + 1)
    profile = radius * np.stack([np.maximum(np.cos(angle), 1e-4), np.sin(angle)], -1)
    return lathe(profile, centre, sides=sides)


def cushion(
    centre: Vector, size: Vector, *, sharpness: float = 4.0, turn_deg: float = 0.0, sides: int = 28
) -> Mesh:
    """Returns a box with rounded edges: a cushion at sharpness 3, furniture at 8."""
    around = np.linspace(0, 2 * np.pi, sides + 1)
    up = np.linspace(-np.pi / 2, np.pi / 2, sides // 2 + 1)[:, None]
    direction = np.stack(
        [np.cos(up) * np.sin(around), np.sin(up) + 0 * around, np.cos(up) * np.cos(around)], -1
    )
    norm = (np.abs(direction) ** sharpness).sum(-1, keepdims=True) ** (1 / sharpness)
    points = direction / norm * np.asarray(size) / 2
    points = points.reshape(-1, 3) @ rotation("y", turn_deg).T + np.asarray(centre)
    u, v = np.meshgrid(np.linspace(0, 1, sides + 1), np.linspace(0, 1, sides // 2 + 1))
    faces = grid_faces(sides // 2 + 1, sides + 1)[:, ::-1]
    return make_mesh(points, faces, np.stack([u, v], -1).reshape(-1, 2))


def drape(
    rng: np.random.Generator, centre: Vector, width: float, height: float, *, depth: float = 4.0
) -> Mesh:
    """Returns a hanging cloth in folds, facing +z; texture coordinates count half metres."""
    columns, rows = min(420, int(width * 1.6) + 20), 14
    x = np.linspace(-width / 2, width / 2, columns)
    spacing = float(rng.uniform(6, 16))
    phase = 2 * np.pi * x / spacing + 1.2 * np.cumsum(rng.standard_normal(columns)) * 0.25
    y = np.linspace(-height / 2, height / 2, rows)[:, None]
    gather = 0.45 + 0.55 * (0.5 - y / height)
    z = depth / 2 * gather * np.sin(phase + 0.6 * np.sin(y / height * 2))
    z = z + 0.15 * depth * np.sin(2.3 * phase + 1)
    points = np.stack([x + 0 * y, y + 0 * x, z], -1) + np.asarray(centre)
    u, v = np.meshgrid(x / 50 * 1.5, y[:, 0] / 50)
    faces = grid_faces(rows, columns)[:, ::-1]
    return make_mesh(points.reshape(-1, 3), faces, np.stack([u, v], -1).reshape(-1, 2))


def leaves(
    rng: np.random.Generator, root: Vector, *, count: int, length: float, width: float
) -> Mesh:
    """Returns leaves that rise from about one place and bend outwards."""
    along = np.linspace(0, 1, 7)
    blades = []
    for _ in range(count):
        turn, lean = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 1.0)
        size = length * rng.uniform(0.5, 1.1)
        outward = np.array([np.sin(turn), 0, np.cos(turn)])
        side = np.array([np.cos(turn), 0, -np.sin(turn)])
        spine = (outward * lean * along[:, None] + np.array([0, 1, 0]) * along[:, None]) * size
        spine[:, 1] -= 0.55 * size * lean * along**2.5
        half = (
            width / 2 * rng.uniform(0.6, 1.2) * np.sin(np.pi * np.clip(along * 0.94 + 0.05, 0, 1))
        )
        edge = side * half[:, None]
        fold = unit(np.cross(side, np.gradient(spine, axis=0))) * (0.35 * half)[:, None]
        rows = np.stack([spine - edge + fold, spine, spine + edge + fold], 1)
        uv = np.stack(np.meshgrid([0, 0.5, 1], along), -1).reshape(-1, 2)
        blades.append(make_mesh(rows.reshape(-1, 3) + np.asarray(root), grid_faces(7, 3), uv))
    return joined(blades)
