"""A thick scarf wound round the neck."""

from dataclasses import replace

import numpy as np

from deepflash.synth.accessories.accessories import Accessories
from deepflash.synth.backdrops.coverings import carpet, wallpaper
from deepflash.synth.clothes.neck import Neck, outwards, skin_edge
from deepflash.synth.geometry import Mesh, Noise, PosedHead, joined, make_mesh, tube
from deepflash.synth.materials import Surface


def scarf(
    worn: Accessories, head: PosedHead, rng: np.random.Generator
) -> list[tuple[str, Mesh, Surface]]:
    """Returns two or three wound rolls of cloth and perhaps an end that hangs down."""
    neck, noise = Neck(head), Noise(rng, side=32)
    azimuth = np.linspace(-np.pi, np.pi, 110, endpoint=False)
    edge = skin_edge(azimuth)
    meshes = []
    for turn in range(int(rng.integers(2, 4))):
        phase, tilt = float(rng.uniform(0, 6.28)), float(rng.uniform(0.3, 0.9))
        radius = 1.75 + 0.35 * np.sin(azimuth * 2 + phase) + 0.25 * turn
        height = edge + 3.4 - 1.7 * turn + tilt * np.sin(azimuth + phase)
        path = neck.ring(azimuth, np.clip(height, -17.5, -8.2), 0.0, keep=4)
        path = path + outwards(path) * (radius * (0.75 + 0.45 * turn))[:, None]
        path[:, 1] -= 0.9 * turn
        roll = tube(path, radius, sides=30, closed=True)
        crease = noise.octaves(roll.vertices * np.array([1, 1.6, 1], np.float32), 0.28, 3)
        moved = roll.vertices + 0.3 * crease[:, None] * roll.normals
        uv = roll.uv * np.array([0.6, 2.5])
        meshes.append(make_mesh(moved, roll.faces.astype(np.int64), uv))
    if rng.random() < 0.6:
        meshes.append(_end(rng, noise))
    cloth = (wallpaper if rng.random() < 0.3 else carpet)(rng, worn.scarf_colour).material
    material = replace(cloth, sheen=0.4)
    return [("scarf", joined(meshes), material)]


def _end(rng: np.random.Generator, noise: Noise) -> Mesh:
    """Returns one end of a scarf, hanging down the chest."""
    side = float(rng.choice([-1, 1]))
    down = np.linspace(0, 1, 40)
    length = float(rng.uniform(18, 40))
    path = np.stack(
        [
            side * (3.0 + 3.0 * down),
            -16.0 - length * down,
            11.0 + 3.2 * np.clip(down * 3, 0, 1) ** 0.7,
        ],
        -1,
    )
    roll = tube(path, 1.0, sides=30)
    centre = np.repeat(path, 30, 0)
    flat = centre + (roll.vertices - centre) * np.array([4.2, 1.0, 1.1])
    crease = noise.octaves(flat, 0.3, 2)
    flat = flat + np.array([0, 0, 0.35]) * crease[:, None]
    return make_mesh(flat, roll.faces.astype(np.int64), roll.uv * np.array([0.6, 1.5]))
