"""The strip with buttons down the front of a shirt."""

import numpy as np

from deepflash.synth.backdrops.shapes import lathe
from deepflash.synth.clothes.torso import Grid
from deepflash.synth.geometry import Mesh, grid_faces, joined, make_mesh, rotation
from deepflash.synth.materials import Material


def placket(
    body: Grid, rng: np.random.Generator, *, length: float, cloth: Material
) -> list[tuple[str, Mesh, Material]]:
    """Returns a strip of doubled cloth down the middle of a front, and its buttons.

    Args:
        body: surface of the shirt, rows from the neckline down, front in the middle column.
        rng: where the draws come from.
        length: of the strip in centimetres.
        cloth: what the strip is made of.
    """
    middle = body[:, body.shape[1] // 2]
    down = np.linspace(0.2, length, 60)
    y = middle[0, 1] - down
    # The running maximum keeps the strip outside the folds it crosses.
    z = np.interp(-y, -middle[:, 1], middle[:, 2])
    z = np.convolve(np.pad(z, 4, mode="edge"), np.full(9, 1 / 9), "valid")
    half = float(rng.uniform(1.2, 1.7))
    across = np.array([-1.0, -0.97, 0.0, 0.97, 1.0]) * half
    raised = np.array([-0.4, 0.3, 0.38, 0.3, -0.4])
    grid = np.stack(np.broadcast_arrays(across[None], y[:, None], z[:, None] + raised[None]), -1)
    u, v = np.meshgrid(across / 50 + 0.5, (75 + y - middle[0, 1]) / 75)
    strip = make_mesh(grid.reshape(-1, 3), grid_faces(60, 5), np.stack([u, v], -1).reshape(-1, 2))
    pale = float(rng.choice([0.02, 0.1, 0.6]))
    button = Material(colour=(pale, pale, pale * 0.95), roughness=0.2, specular=0.5)
    spots = np.arange(1.4, length - 1, float(rng.uniform(6.5, 9.5)))
    profile = np.array([[0, 0], [0.52, 0], [0.56, 0.1], [0.5, 0.18], [0.3, 0.12], [1e-3, 0.12]])
    disc = lathe(profile, sides=16)
    turned = disc.vertices @ rotation("x", 90.0).T
    depth = np.interp(spots, down, z) + 0.38
    at = np.stack([0 * spots, middle[0, 1] - spots, depth], -1)
    buttons = [make_mesh(turned + centre, disc.faces.astype(np.int64)) for centre in at]
    return [("placket", strip, cloth), ("buttons", joined(buttons), button)]
