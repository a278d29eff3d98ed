"""A head model of the real one's sizes, drawn from formulas: an egg on a post with two eyes.

It lets the whole studio run where ICT-FaceKit is not at hand. Nobody would take it for a face.
"""

from pathlib import Path

import numpy as np

from deepflash.synth.ict_facekit import _FACES, _PARTS, _VERTICES, EXPRESSIONS

# Outline of a head in rows: landmarks of jaw, brows, nose, eyes and lips as (x, y).
_JAW = [(-7, 2), (-6.9, 0), (-6.6, -2), (-6.1, -4), (-5.2, -6), (-4, -7.4), (-2.7, -8.3)]
_JAW = [*_JAW, (-1.3, -8.7)]
_JAW = [*_JAW, (0, -8.8), *[(-x, y) for x, y in reversed(_JAW)]]
_BROW = [(-5.4, 4.9), (-4.6, 5.6), (-3.5, 5.7), (-2.4, 5.4), (-1.4, 5.0)]
_NOSE = [(0, 3.4), (0, 2.4), (0, 1.4), (0, 0.4), (-1.4, -0.7), (-0.7, -0.9), (0, -1.1), (0.7, -0.9)]
_EYE = [(-4.4, 3.2), (-3.6, 3.7), (-2.7, 3.7), (-1.9, 3.1), (-2.7, 2.8), (-3.6, 2.8)]
_LIPS = [(2.3 * np.cos(a), -4 + 0.9 * np.sin(a)) for a in np.linspace(np.pi, -np.pi, 12, False)]
_INNER = [(1.5 * np.cos(a), -4 + 0.3 * np.sin(a)) for a in np.linspace(np.pi, -np.pi, 8, False)]


def _mirrored(points):
    return [(-x, y) for x, y in points]


_LANDMARKS = [
    *_JAW, *_BROW, *reversed(_mirrored(_BROW)), *_NOSE, (1.4, -0.7), *_EYE,
    *[_mirrored(_EYE)[k] for k in (3, 2, 1, 0, 5, 4)], *_LIPS, *_INNER,
]  # fmt: skip


def arrays() -> dict[str, np.ndarray]:
    """Returns the arrays of the compact form."""
    vertices, uv = np.zeros((_VERTICES, 3)), []
    quads, quads_uv = [], []
    bounds = [*[(v, f) for _, v, f in _PARTS], (_VERTICES, _FACES)]
    for number, (name, first, first_face) in enumerate(_PARTS):
        count, faces = bounds[number + 1][0] - first, bounds[number + 1][1] - first_face
        columns = int(np.sqrt(count))
        rows = count // columns
        while (rows - 1) * (columns - 1) > faces:
            rows -= 1
        v, u = (a.reshape(-1) for a in np.mgrid[0 : 1 : rows * 1j, 0 : 1 : columns * 1j])
        points, texture = _part(name, u, v)
        vertices[first : first + count] = points[-1]
        vertices[first : first + len(points)] = points
        i = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).reshape(-1)
        grid = np.stack([i, i + 1, i + columns + 1, i + columns], -1)
        grid = np.concatenate([grid, np.repeat(grid[:1], faces - len(grid), 0)])
        quads.append(grid + first)
        quads_uv.append(grid + sum(map(len, uv)))
        uv.append(texture)
    texture = np.concatenate(uv)
    texture = np.concatenate([texture, np.zeros((28911 - len(texture), 2))])
    return _as_arrays(vertices, texture, np.concatenate(quads), np.concatenate(quads_uv))


def _as_arrays(vertices, texture, quads, quads_uv):
    rng = np.random.default_rng(0)
    face = vertices[:9409]
    flat = np.array(_LANDMARKS)
    front = np.where(face[:, 2:] > 0, 0, 50)
    landmarks = [int(np.argmin(np.hypot(*(face[:, :2] - at).T) + front[:, 0])) for at in flat]
    # Directions of identity: wider, taller, deeper by a few millimetres.
    identity = rng.normal(0, 0.01, (100, 1, 3)) * (vertices / 8)
    firsts = [(v, f) for _, v, f in _PARTS]
    lasts = [*firsts[1:], (_VERTICES, _FACES)]
    return {
        "v0": vertices.astype(np.float32),
        "idd": identity.astype(np.float16),
        "exd": np.zeros((55, _VERTICES, 3), np.float16),
        "ex_names": np.array(EXPRESSIONS),
        "vt": texture.astype(np.float32),
        "quads": quads.astype(np.int32),
        "quads_uv": quads_uv.astype(np.int32),
        "part_names": np.array([name for name, _, _ in _PARTS]),
        "part_ranges": np.array(
            [(a[0], b[0], a[1], b[1]) for a, b in zip(firsts, lasts, strict=True)], np.int32
        ),
        "landmarks": np.array(landmarks, np.int32),
    }


def _part(name: str, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns points and texture coordinates of one part for parameters in [0,1]."""
    side = 1.0 if name.endswith("L") else -1.0
    if name == "face":
        return _egg(np.radians(-95 + 190 * u), v), np.stack([u, v], -1) * 0.99 + 0.005
    if name == "headneck":
        return _egg(np.radians(95 + 170 * u), v), np.stack([1.3 + 0.3 * u, 0.6 * v], -1)
    if name.startswith("sclera"):
        ball = _ball(np.array([3.1 * side, 3.2, 9.0]), 1.25, (u - 0.5) * 2.6, (v - 0.5) * 2.6)
        return ball, np.stack([u, v], -1)
    if name.startswith("lash"):
        strip = np.stack([(3.1 + 2.4 * (u - 0.5)) * side, 3.9 + 0.1 * v, 10.2 + 0.6 * v], -1)
        return strip, np.stack([6.0 + 0.5 * (side > 0) + 0.4 * u, v], -1)
    texture = {"mouthsocket": (1.02, 0.71, 0.2), "eyesocketL": (1.87, 0.84, 0.1)}
    x, y, size = texture.get(name, (1.73, 0.84, 0.1) if name == "eyesocketR" else (2.1, 0.1, 0.5))
    hidden = _ball(np.array([0.0, 1.0, 0.0]), 1.0, (u - 0.5) * 2, (v - 0.5) * 2)
    return hidden, np.stack([x + size * u, y + size * v], -1)


def _egg(angle: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Returns points of a head on a neck; v runs from below upwards."""
    y = -22 + 36 * v
    head = np.sqrt(np.clip(1 - ((y - 2) / 12.2) ** 2, 0, 1))
    neck = 1 / (1 + np.exp(1.5 * (y + 8.5)))
    x = (7.4 * head) * (1 - neck) + 6.3 * neck
    z = (10.8 * head) * (1 - neck) + 6.0 * neck
    return np.stack([x * np.sin(angle), y, z * np.cos(angle)], -1)


def _ball(centre: np.ndarray, radius: float, across: np.ndarray, up: np.ndarray) -> np.ndarray:
    direction = [np.sin(across) * np.cos(up), np.sin(up), np.cos(across) * np.cos(up)]
    return centre + radius * np.stack(direction, -1)


def write(path: Path) -> Path:
    """Writes the model as a compact `.npz`."""
    np.savez(path, allow_pickle=False, **arrays())
    return path
