"""Meshes, curves and the small geometry that every room of the studio shares.

Lengths are centimetres. x points to the right of the picture, y up, z out of the picture towards
the camera; the origin is about the middle of a head at rest.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int, UInt32
from scipy.ndimage import map_coordinates

from deepflash.synth.materials import Surface

Label = Literal["skin", "eyes", "mouth", "hair", "clothes", "accessory", "background"]
"""What a piece is, for the masks."""

Points = Float[np.ndarray, "n 3"]
Vector = Sequence[float] | Float[np.ndarray, " 3"]


class Mesh(NamedTuple):
    """A triangle mesh with one normal and one texture coordinate a vertex."""

    vertices: Float32[np.ndarray, "n 3"]
    faces: UInt32[np.ndarray, "m 3"]
    normals: Float32[np.ndarray, "n 3"]
    uv: Float32[np.ndarray, "n 2"]


class Curves(NamedTuple):
    """Hairs: B-spline curves of equally many control points, thinner towards the tip."""

    points: Float32[np.ndarray, "n k 3"]
    radius: Float32[np.ndarray, " k"]
    """Radius at each control point in centimetres, the same for all hairs."""


class Piece(NamedTuple):
    """One thing of the scene: a shape, what it is made of, and what it is called in masks."""

    name: str
    shape: Mesh | Curves
    material: Surface
    label: Label


class PosedHead(NamedTuple):
    """The skin of a head in one pose, as hair, glasses and clothes need it.

    `rest` and `posed` list the same vertices: where a hair grows is decided on the head at rest,
    which has its landmarks where every other head has them, and drawn on the posed one.
    """

    rest: Float[np.ndarray, "n 3"]
    """Vertices of the mean head, looking straight ahead."""
    posed: Float[np.ndarray, "n 3"]
    """The same vertices of this person in this pose."""
    normals: Float[np.ndarray, "n 3"]
    """Unit normals of the posed vertices."""
    faces: Int[np.ndarray, "m 3"]
    rest_landmarks: Float[np.ndarray, "68 3"]
    """The 68 landmarks in the usual (iBUG) order on the mean head."""
    landmarks: Float[np.ndarray, "68 3"]
    """The same landmarks of this person in this pose."""
    rotation: Float[np.ndarray, "3 3"]
    """Turns directions of the head at rest into posed ones: `posed = rest @ rotation.T`."""
    pivot: Float[np.ndarray, " 3"]
    """The point in the neck that the head turns about."""
    lashes: Mesh
    """The strips from which lashes grow, posed; u runs along the lid, v away from it."""

    def to_rest(self, points: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """Returns posed points as they would lie if the head were not turned."""
        return (points - self.pivot) @ self.rotation + self.pivot

    def to_posed(self, points: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """Returns points given for the unturned head as they lie in this pose."""
        return (points - self.pivot) @ self.rotation.T + self.pivot


def unit(vectors: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
    """Returns the vectors at length 1; a zero vector stays."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def smoothstep(start: float, end: float, x: np.ndarray) -> np.ndarray:
    """Returns 0 up to `start`, 1 from `end` on, a smooth rise between; `end` may lie below."""
    t = np.clip((x - start) / (end - start), 0, 1)
    return t * t * (3 - 2 * t)


def rotation(axis: Literal["x", "y", "z"], degrees: float) -> Float[np.ndarray, "3 3"]:
    """Returns the right-handed rotation about a coordinate axis."""
    angle = np.deg2rad(degrees)
    c, s = float(np.cos(angle)), float(np.sin(angle))
    return {
        "x": np.array([[1, 0, 0], [0, c, -s], [0, s, c]]),
        "y": np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]),
        "z": np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]),
    }[axis]


def vertex_normals(vertices: Points, faces: Int[np.ndarray, "m 3"]) -> Points:
    """Returns unit normals: the area-weighted mean of the triangles around each vertex."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    weighted = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for corner in range(3):
        for axis in range(3):
            normals[:, axis] += np.bincount(faces[:, corner], weighted[:, axis], len(vertices))
    return unit(normals)


def make_mesh(
    vertices: Points, faces: Int[np.ndarray, "m 3"], uv: Float[np.ndarray, "n 2"] | None = None
) -> Mesh:
    """Returns a mesh with smooth normals; without `uv` the texture coordinates are zero."""
    normals = vertex_normals(np.asarray(vertices, np.float64), faces)
    if uv is None:
        uv = np.zeros((len(vertices), 2))
    return Mesh(
        np.ascontiguousarray(vertices, np.float32),
        np.ascontiguousarray(faces, np.uint32),
        np.ascontiguousarray(normals, np.float32),
        np.ascontiguousarray(uv, np.float32),
    )


def grid_faces(rows: int, columns: int, *, closed: bool = False) -> Int[np.ndarray, "m 3"]:
    """Returns the triangles of a grid of vertices in row order.

    Args:
        rows: vertices from one edge to the other.
        columns: vertices in a row.
        closed: joins the last column to the first, as round a tube.
    """
    last = columns if closed else columns - 1
    i = np.arange(rows - 1)[:, None] * columns + np.arange(last)[None]
    j = np.arange(rows - 1)[:, None] * columns + (np.arange(last)[None] + 1) % columns
    lower, upper = i + columns, j + columns
    return np.concatenate(
        [
            np.stack([i, lower, j], -1).reshape(-1, 3),
            np.stack([j, lower, upper], -1).reshape(-1, 3),
        ]
    )


def rectangle(centre: Vector, across: Vector, up: Vector) -> Mesh:
    """Returns a flat rectangle of two triangles.

    Args:
        centre: of the rectangle.
        across: from the left to the right edge; its length is the width.
        up: from the lower to the upper edge; the normal is across x up.
    """
    c, a, u = (np.asarray(v, np.float64) for v in (centre, across, up))
    corners = np.stack([c - a / 2 - u / 2, c + a / 2 - u / 2, c + a / 2 + u / 2, c - a / 2 + u / 2])
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)
    return make_mesh(corners, np.array([[0, 1, 2], [0, 2, 3]]), uv)


def box(centre: Vector, size: Vector, turn_deg: float = 0.0) -> Mesh:
    """Returns a box with sharp edges, turned about the vertical."""
    half = np.asarray(size, np.float64) / 2
    turn = rotation("y", turn_deg)
    sides = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            out, a, u = np.zeros(3), np.zeros(3), np.zeros(3)
            out[axis] = sign * half[axis]
            a[(axis + 1) % 3] = 2 * half[(axis + 1) % 3]
            u[(axis + 2) % 3] = sign * 2 * half[(axis + 2) % 3]
            sides.append(rectangle(turn @ out + np.asarray(centre), turn @ a, turn @ u))
    return joined(sides)


def joined(meshes: Sequence[Mesh]) -> Mesh:
    """Returns several meshes as one."""
    starts = np.cumsum([0, *(len(m.vertices) for m in meshes)])
    return Mesh(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate([m.faces + np.uint32(s) for m, s in zip(meshes, starts, strict=False)]),
        np.concatenate([m.normals for m in meshes]),
        np.concatenate([m.uv for m in meshes]),
    )


def tube(
    path: Points, radius: float | Float[np.ndarray, " n"], *, sides: int = 12, closed: bool = False
) -> Mesh:
    """Returns a round tube along a path, for frames, cords and rings.

    Args:
        path: points along its middle.
        radius: one, or one for each point.
        sides: of its cross-section.
        closed: joins the last point to the first.
    """
    path = np.asarray(path, np.float64)
    if closed:
        path = np.concatenate([path, path[:1]])
        along = unit(np.roll(path[:-1], -1, 0) - np.roll(path[:-1], 1, 0))
        along = np.concatenate([along, along[:1]])
        radius = np.append(radius, radius[0]) if isinstance(radius, np.ndarray) else radius
    else:
        along = unit(np.gradient(path, axis=0))
    # A direction carried along the path twists less than one chosen anew at each point.
    across = np.zeros_like(path)
    start = np.eye(3)[int(np.argmin(np.abs(along[0])))]
    for i, direction in enumerate(along):
        start = start - (start @ direction) * direction
        start = start / max(float(np.linalg.norm(start)), 1e-9)
        across[i] = start
    other = np.cross(along, across)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    size = np.broadcast_to(radius, (len(path),))[:, None, None]
    ring = across[:, None] * np.cos(angle)[None, :, None]
    ring = ring + other[:, None] * np.sin(angle)[None, :, None]
    points = path[:, None] + size * ring
    u, v = np.meshgrid(np.arange(sides) / sides, np.linspace(0, 1, len(path)))
    faces = grid_faces(len(path), sides, closed=True)[:, ::-1]
    return make_mesh(points.reshape(-1, 3), faces, np.stack([u, v], -1).reshape(-1, 2))


class Noise:
    """Smooth random values in space: a lattice of normal deviates, linearly interpolated."""

    def __init__(self, rng: np.random.Generator, side: int = 48) -> None:
        self._values = rng.standard_normal((side, side, side), np.float32)

    def __call__(self, points: Float[np.ndarray, "*n 3"], frequency: float) -> np.ndarray:
        """Returns one value a point, about normal, `frequency` lattice cells a centimetre."""
        at = (np.asarray(points).reshape(-1, 3).T * frequency) % self._values.shape[0]
        values = map_coordinates(self._values, at, order=1, mode="grid-wrap")
        return values.reshape(points.shape[:-1])

    def octaves(
        self, points: Float[np.ndarray, "*n 3"], frequency: float, count: int = 3
    ) -> np.ndarray:
        """Returns the sum of `count` octaves, each half as strong as the one before."""
        total = np.zeros(points.shape[:-1], np.float32)
        for octave in range(count):
            shifted = points + octave * 7.3
            total = total + self(shifted, frequency * 2**octave) * np.float32(0.5**octave)
        return total
