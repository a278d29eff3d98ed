"""Hats built on the head's own surface, and which part of the scalp they cover."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import KDTree

from deepflash.synth.accessories.accessories import Accessories
from deepflash.synth.backdrops.coverings import periodic_noise
from deepflash.synth.backdrops.prints import picture
from deepflash.synth.backdrops.shapes import ball
from deepflash.synth.geometry import (
    Mesh,
    Noise,
    Points,
    PosedHead,
    grid_faces,
    joined,
    make_mesh,
    rectangle,
    tube,
    unit,
)
from deepflash.synth.materials import Material, Surface

Rows = Float[np.ndarray, "rows columns 3"]
_CENTRE = np.array([0.0, 4.0, -0.8])
_COLUMNS = 96
_AZIMUTH = np.linspace(-np.pi, np.pi, _COLUMNS, endpoint=False)

# Height of the rim at z = 0 and its rise per centimetre towards the front.
_RIMS = {"cap": (5.9, 0.27), "beanie": (5.6, 0.3)}


def hat_covers(worn: Accessories) -> Callable[[Points], Bool[np.ndarray, " n"]] | None:
    """Returns a test of points (n, 3) of the mean, unturned head: True below the hat.

    None without a hat.
    """
    if worn.hat == "none":
        return None
    if worn.hat == "headscarf":
        return lambda points: np.ones(len(points), bool)
    height, slope = _RIMS[worn.hat]
    return lambda points: points[:, 1] > height + slope * points[:, 2] - 0.3


class _Skull:
    """Distance of the scalp from the middle of the head by direction, unturned."""

    def __init__(self, head: PosedHead) -> None:
        points = head.to_rest(head.posed)
        # Ears stand out; a hat lies on the head above them.
        keep = (head.rest[:, 1] > 1.0) & (np.abs(head.rest[:, 0]) < 8.1)
        offset = points[keep] - _CENTRE
        self._radius = np.linalg.norm(offset, axis=-1)
        self._tree = KDTree(offset / self._radius[:, None])

    def grid(self, elevation: Float[np.ndarray, "r c"]) -> Rows:
        """Returns points of the scalp; azimuth along the columns, elevation in radians."""
        direction = _directions(elevation)
        _, nearest = self._tree.query(direction.reshape(-1, 3), k=min(5, len(self._radius)))
        radius = self._radius[nearest].max(1).reshape(elevation.shape)
        radius = gaussian_filter1d(radius, 1.2, axis=0, mode="nearest")
        radius = gaussian_filter1d(radius, 2.0, axis=1, mode="wrap")
        return _CENTRE + radius[..., None] * direction


def _directions(elevation: Float[np.ndarray, "r c"]) -> Float[np.ndarray, "r c 3"]:
    level = np.cos(elevation)
    return np.stack([level * np.sin(_AZIMUTH), np.sin(elevation), level * np.cos(_AZIMUTH)], -1)


def _dome(skull: _Skull, height: float, slope: float, rows: int) -> Rows:
    """Returns the scalp (rows, columns, 3) from the rim's plane up to the pole."""
    trial = np.linspace(-0.6, 1.2, 60)[:, None] * np.ones((1, _COLUMNS))
    points = skull.grid(trial)
    above = points[..., 1] > height + slope * points[..., 2]
    start = trial[np.argmax(above, axis=0), np.arange(_COLUMNS)]
    start = gaussian_filter1d(start, 2.0, mode="wrap")
    share = np.linspace(0, 1, rows)[:, None]
    return skull.grid(start + (np.pi / 2 - 1e-3 - start) * share)


def _surface(points: Rows, *, repeats: float = 1.0) -> Mesh:
    """Returns the mesh of rows round the head; the seam of its texture lies at the back."""
    closed = np.concatenate([points, points[:, :1]], 1)
    rows, columns = closed.shape[:2]
    u, v = np.meshgrid(np.linspace(0, repeats, columns), np.linspace(0, 1, rows))
    faces = grid_faces(rows, columns)[:, ::-1]
    return make_mesh(closed.reshape(-1, 3), faces, np.stack([u, v], -1).reshape(-1, 2))


def _inner(points: Rows, depth: float) -> Float[np.ndarray, "more columns 3"]:
    """Returns the rows with the rim's edge turned inwards, so that it looks thick."""
    inward = unit((_CENTRE - points[0]) * np.array([1.0, 0.0, 1.0]))
    return np.concatenate([(points[0] + depth * inward + [0, 0.3, 0])[None], points])


def _cloth(rng: np.random.Generator, colour: tuple[float, float, float], ribs: int) -> Material:
    size = 256
    bump = 0.02 * periodic_noise(rng, size, slope=0.6, coarsest=6.0)
    if ribs:
        line = np.abs(np.sin(np.pi * np.arange(size) * ribs / size)).astype(np.float32)
        bump = 0.4 * bump + 0.13 * line[None]
    shade = 1 + 0.08 * periodic_noise(rng, size, slope=1.0)[..., None]
    return Material(
        colour=np.clip(np.asarray(colour, np.float32) * shade, 0.004, 0.85).astype(np.float32),
        roughness=0.9,
        specular=0.15,
        sheen=0.5 if ribs else 0.1,
        bump=bump[..., None].astype(np.float32),
    )


def beanie(
    worn: Accessories, head: PosedHead, rng: np.random.Generator
) -> list[tuple[str, Mesh, Surface]]:
    """Returns a knitted cap with or without a turned-up edge."""
    height, slope = _RIMS["beanie"]
    dome = _dome(_Skull(head), height, slope, 40)
    out = unit(dome - _CENTRE)
    share = np.linspace(0, 1, 40)[:, None, None]
    slack = float(rng.uniform(0.2, 1.8))
    noise = Noise(rng, side=24)
    shape = dome + out * (0.55 + 0.35 * np.sin(np.pi * share) + slack * share**2)
    shape[..., 2] -= slack * 0.6 * share[..., 0] ** 3
    shape = shape + out * 0.22 * noise(shape, 0.22)[..., None] * share
    ribs = int(rng.integers(22, 40))
    material = _cloth(rng, worn.hat_colour, ribs)
    parts = [_surface(_inner(shape, 0.5), repeats=2.0)]
    if rng.random() < 0.7:
        rows = int(rng.integers(9, 14))
        cuff = shape[:rows] + out[:rows] * 0.5
        rim = cuff[0] - out[0] * 0.25 - np.array([0, 0.25, 0])
        lip = shape[rows - 1] + out[rows - 1] * 0.1
        parts.append(_surface(np.concatenate([rim[None], cuff, lip[None]]), repeats=2.0))
    if rng.random() < 0.25:
        parts.append(ball(shape[-1].mean(0) + np.array([0, 1.8, 0]), 2.4))
    return [("beanie", joined(parts), material)]


def cap(
    worn: Accessories, head: PosedHead, rng: np.random.Generator
) -> list[tuple[str, Mesh, Surface]]:
    """Returns a baseball cap of six panels with a brim and perhaps a badge."""
    height, slope = _RIMS["cap"]
    dome = _dome(_Skull(head), height, slope, 40)
    out = unit(dome - _CENTRE)
    share = np.linspace(0, 1, 40)[:, None, None]
    seam = np.abs(np.sin(3 * _AZIMUTH))[None, :, None] ** 0.35
    front = ((1 + np.cos(_AZIMUTH)) / 2)[None, :, None] ** 3
    raised = 0.5 + 0.09 * seam * (1 - share**4) + 1.1 * front * np.sin(np.pi * share) ** 2
    shape = dome + out * (raised + 0.5 * np.sin(np.pi * share * 0.9))
    material = _cloth(rng, worn.hat_colour, 0)
    parts = [_surface(_inner(shape, 0.5), repeats=2.0)]
    parts.append(ball(shape[-1].mean(0), 0.6, sides=14))
    pieces: list[tuple[str, Mesh, Surface]] = [("cap", joined(parts), material)]
    brim = material if rng.random() < 0.7 else _cloth(rng, worn.scarf_colour, 0)
    pieces.append(("brim", _brim(shape[0], rng), brim))
    if rng.random() < 0.6:
        middle = shape[13, _COLUMNS // 2]
        up = unit(shape[17, _COLUMNS // 2] - shape[9, _COLUMNS // 2])
        badge = rectangle(middle, (5.0, 0.0, 0.0), 4.0 * up)
        normal = badge.normals[0]
        points = badge.vertices + 0.3 * normal
        pieces.append(("badge", badge._replace(vertices=points), Material(colour=picture(rng))))
    return pieces


def _brim(rim: Points, rng: np.random.Generator) -> Mesh:
    """Returns a stiff curved brim from the front of a cap's rim."""
    reach, bend = float(rng.uniform(5.5, 7.5)), float(rng.uniform(0.02, 0.05))
    chosen = np.abs(_AZIMUTH) < 1.15
    inner, angle = rim[chosen], _AZIMUTH[chosen]
    length = reach * np.cos(angle / 1.15 * np.pi / 2) ** 0.55
    steps = np.linspace(-0.06, 1, 14)[:, None]
    # The brim thins out into the rim at its two ends.
    fade = steps * (length / reach)[None]
    x = inner[None, :, 0] * (1 + 0.12 * fade)
    z = inner[None, :, 2] + steps * length[None] * np.cos(0.35 * angle)[None]
    level = float(inner[:, 1].max())
    y = inner[None, :, 1] * (1 - np.abs(fade)) + np.abs(fade) * level
    y = y - bend * x**2 * np.abs(fade) - 0.16 * steps * length
    grid = np.stack(np.broadcast_arrays(x, y, z), -1)
    upper = grid + np.array([0, 0.15, 0])
    rows, columns = grid.shape[:2]
    uv = np.stack(np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows)), -1)
    faces = grid_faces(rows, columns)
    sheets = [
        make_mesh(part.reshape(-1, 3), order, uv.reshape(-1, 2))
        for part, order in ((upper, faces), (grid, faces[:, ::-1]))
    ]
    edge = grid[-1] + np.array([0, 0.075, 0])
    return joined([*sheets, tube(edge, 0.13, sides=8)])
