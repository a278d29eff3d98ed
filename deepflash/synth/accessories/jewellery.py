"""Earrings at the lobes of the ears."""

import numpy as np

from deepflash.synth.accessories.accessories import Accessories
from deepflash.synth.backdrops.colours import draw_colour, tinted
from deepflash.synth.backdrops.shapes import ball
from deepflash.synth.geometry import Mesh, PosedHead, joined, tube
from deepflash.synth.materials import Material, Surface

_LOBE = np.array([7.75, -1.5, 0.75])
"""Middle of a lobe on the mean head."""


def _lobe(head: PosedHead, side: float) -> np.ndarray:
    """Returns the outer face of a lobe, unturned."""
    target = _LOBE * np.array([side, 1.0, 1.0])
    nearest = np.argsort(np.linalg.norm(head.rest - target, axis=-1))[:10]
    return head.to_rest(head.posed[nearest]).mean(0)


def earrings(
    worn: Accessories, head: PosedHead, rng: np.random.Generator
) -> list[tuple[str, Mesh, Surface]]:
    """Returns a pair of hoops, studs or drops, for the unturned head."""
    gold = tinted(0.55, 0.11, 0.5) if rng.random() < 0.5 else (0.62, 0.62, 0.64)
    metal = Material(colour=gold, roughness=0.15, metallic=1.0)
    stone = Material(colour=draw_colour(rng, saturation=1.0), roughness=0.08, specular=0.7)
    size = float(np.exp(rng.uniform(np.log(0.5), np.log(2.3))))
    length = float(rng.uniform(1.0, 3.5))
    metals, stones = [], []
    for side in (-1.0, 1.0):
        lobe = _lobe(head, side)
        if worn.earrings == "hoop":
            angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
            ring = np.stack([0.12 * np.sin(angle) * side, np.cos(angle) - 0.85, np.sin(angle)], -1)
            metals.append(tube(lobe + size * ring, 0.05 + 0.04 * size, sides=8, closed=True))
        elif worn.earrings == "stud":
            stones.append(ball(lobe + np.array([side * 0.2, 0, 0.05]), 0.2 + 0.12 * size, sides=14))
        else:
            top = lobe + np.array([side * 0.15, -0.1, 0.1])
            chain = np.linspace(0, 1, 8)[:, None] * np.array([0.0, -length, 0.0])
            metals.append(tube(top + chain, 0.04, sides=6))
            stones.append(ball(top + np.array([0, -length - 0.2, 0]), 0.2 + 0.18 * size, sides=14))
    pieces: list[tuple[str, Mesh, Surface]] = []
    if metals:
        pieces.append(("earrings", joined(metals), metal))
    if stones:
        pieces.append(("stones", joined(stones), metal if rng.random() < 0.4 else stone))
    return pieces
