"""Turns the parameters of accessories into pieces on a posed head."""

import numpy as np

from deepflash.synth.accessories.accessories import Accessories
from deepflash.synth.accessories.glasses import glasses
from deepflash.synth.accessories.hats import beanie, cap
from deepflash.synth.accessories.headscarf import headscarf
from deepflash.synth.accessories.jewellery import earrings
from deepflash.synth.accessories.scarf import scarf
from deepflash.synth.geometry import Mesh, Piece, PosedHead, make_mesh
from deepflash.synth.materials import Surface


def _turned(
    head: PosedHead, parts: list[tuple[str, Mesh, Surface]]
) -> list[tuple[str, Mesh, Surface]]:
    return [
        (
            name,
            make_mesh(
                head.to_posed(mesh.vertices.astype(np.float64)),
                mesh.faces.astype(np.int64),
                mesh.uv.astype(np.float64),
            ),
            material,
        )
        for name, mesh, material in parts
    ]


def wear(worn: Accessories, head: PosedHead) -> list[Piece]:
    """Returns the pieces of what a person wears on head and neck, labelled "accessory"."""
    rng = np.random.default_rng(worn.seed)
    parts: list[tuple[str, Mesh, Surface]] = []
    if worn.glasses != "none":
        parts += glasses(worn, head, rng)
    if worn.hat == "cap":
        parts += _turned(head, cap(worn, head, rng))
    elif worn.hat == "beanie":
        parts += _turned(head, beanie(worn, head, rng))
    elif worn.hat == "headscarf":
        parts += headscarf(worn, head, rng)
    if worn.earrings != "none":
        parts += _turned(head, earrings(worn, head, rng))
    if worn.scarf:
        parts += scarf(worn, head, rng)
    return [
        Piece(f"accessory_{name}", mesh, material, "accessory") for name, mesh, material in parts
    ]
