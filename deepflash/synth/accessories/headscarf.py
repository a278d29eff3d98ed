"""A headscarf that frames the face and falls over neck and shoulders."""

from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import KDTree

from deepflash.synth.accessories.accessories import Accessories
from deepflash.synth.backdrops.coverings import carpet
from deepflash.synth.geometry import Mesh, Noise, PosedHead, grid_faces, make_mesh, unit
from deepflash.synth.materials import Surface

_CENTRE = np.array([0.0, 1.5, 0.5])
_COLUMNS, _ROWS = 120, 60


def headscarf(
    worn: Accessories, head: PosedHead, rng: np.random.Generator
) -> list[tuple[str, Mesh, Surface]]:
    """Returns a cloth from the edge of the face round the head, and its fall below the chin."""
    noise = Noise(rng, side=32)
    points = head.to_rest(head.posed)
    keep = np.abs(head.rest[:, 0]) < 8.3
    offset = points[keep] - _CENTRE
    radius = np.linalg.norm(offset, axis=-1)
    tree = KDTree(offset / radius[:, None])
    around = np.linspace(0, 2 * np.pi, _COLUMNS, endpoint=False)
    # From the rim of the face (about 55 degrees off the nose) to the back of the head.
    start = 0.93 + 0.08 * np.cos(2 * around) + 0.12 * np.clip(-np.cos(around), 0, 1)
    polar = start + (np.pi - 1e-3 - start) * np.linspace(0, 1, _ROWS)[:, None] ** 1.2
    direction = np.stack(
        [
            np.sin(polar) * np.sin(around),
            np.sin(polar) * np.cos(around),
            np.cos(polar) + 0 * around,
        ],
        -1,
    )
    _, nearest = tree.query(direction.reshape(-1, 3), k=min(5, len(radius)))
    size = radius[nearest].max(1).reshape(polar.shape)
    size = gaussian_filter1d(size, 1.5, axis=0, mode="nearest")
    size = gaussian_filter1d(size, 2.5, axis=1, mode="wrap")
    size = np.minimum(size, 14.5)
    share = np.linspace(0, 1, _ROWS)[:, None]
    lift = 0.45 + 0.9 * np.clip(share * 3, 0, 1)
    shape = _CENTRE + (size + lift)[..., None] * direction
    crease = noise.octaves(shape * np.array([1, 0.5, 1]), 0.22, 2)[..., None]
    shape = shape + 0.3 * share[..., None] * crease * direction
    edge = shape[0] + np.array([0, 0, -0.5]) - 0.35 * direction[0]
    shape = np.concatenate([edge[None], shape])
    hood = _mesh(head.to_posed(shape.reshape(-1, 3)), _ROWS + 1)
    cloth = carpet(rng, worn.hat_colour).material
    material = replace(cloth, sheen=0.2)
    return [("headscarf", hood, material), ("headscarf_fall", _fall(head, rng), material)]


def _mesh(points: np.ndarray, rows: int) -> Mesh:
    columns = len(points) // rows
    u, v = np.meshgrid(np.arange(columns) / columns * 3, np.linspace(0, 1, rows))
    faces = grid_faces(rows, columns, closed=True)[:, ::-1]
    return make_mesh(points, faces, np.stack([u, v], -1).reshape(-1, 2))


def _fall(head: PosedHead, rng: np.random.Generator) -> Mesh:
    """Returns the cloth from below the chin over neck, shoulders and chest, in folds."""
    noise = Noise(rng, side=32)
    azimuth = np.linspace(-np.pi, np.pi, _COLUMNS, endpoint=False)
    chin = head.to_rest(head.landmarks)[8]
    low = float(rng.uniform(-38, -27))
    key = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    t = np.linspace(0, 1, 44)
    wide = np.interp(t, key, [6.6, 9.0, 14.2, 20.5, 23.5])
    deep = np.interp(t, key, [7.6, 9.4, 12.2, 14.4, 15.8])
    tall = np.interp(t, key, [chin[1] - 0.4, -12.5, -15.2, -19.5, low])
    smooth = [gaussian_filter1d(values, 3.0, mode="nearest") for values in (wide, deep, tall)]
    wide, deep, tall = (values[:, None] for values in smooth)
    front = (1 + np.cos(azimuth)) / 2
    x, z = wide * np.sin(azimuth), deep * np.cos(azimuth) + 0.8
    y = tall + (1 - front) * 2.2 * (1 - t[:, None])
    grid = np.stack([x, y, z + 0 * y], -1)
    pleat = noise.octaves(grid * np.array([1.0, 1.8, 1.0]), 0.2, 3)[..., None]
    out = unit(grid * np.array([1.0, 0.0, 1.0]))
    grid = grid + 0.55 * pleat * out
    # The upper rows turn with the head, the lower ones lie on the shoulders.
    turned = head.to_posed(grid.reshape(-1, 3)).reshape(grid.shape)
    share = np.clip(1 - t * 2.2, 0, 1)[:, None, None]
    return _mesh((share * turned + (1 - share) * grid).reshape(-1, 3), 44)
