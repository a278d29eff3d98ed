"""Fibres: the pigment of hairs, some of them white."""

import numpy as np
from jaxtyping import Float

from deepflash.synth.geometry import Curves, Noise, Piece, Points, smoothstep
from deepflash.synth.hair.style import WHITE_PIGMENT, HairStyle
from deepflash.synth.materials import HairFibre

_WHITE = HairFibre(eumelanin=WHITE_PIGMENT[0], pheomelanin=WHITE_PIGMENT[1])


def greyness(style: HairStyle, rest: Points) -> Float[np.ndarray, " n"]:
    """Returns how likely hairs are white: first at the temples, last at the back, in streaks."""
    y, z = rest[:, 1], rest[:, 2]
    temples = smoothstep(-2.0, 4.0, z) * smoothstep(11.5, 7.0, y)
    streaks = Noise(np.random.default_rng([style.seed, 3]), side=16)(rest, 0.55)
    later = np.exp(0.9 - 1.5 * temples + 0.45 * streaks)
    return np.clip(style.grey, 0, 1) ** later


def pigmented(
    name: str,
    style: HairStyle,
    curves: Curves,
    rng: np.random.Generator,
    *,
    least: float,
    grey: float | Float[np.ndarray, " n"],
) -> list[Piece]:
    """Returns hairs as pieces: those with pigment, and the white ones apart.

    Args:
        name: of the first piece; the second has "_grey" added.
        style: the pigments.
        curves: the hairs.
        rng: chooses the white ones.
        least: eumelanin that they have at least.
        grey: share of white hairs, of all or how likely each is to be white.
    """
    coloured = HairFibre(eumelanin=max(style.eumelanin, least), pheomelanin=style.pheomelanin)
    white = rng.random(len(curves.points)) < grey
    pieces = []
    for suffix, which, fibre in (("", ~white, coloured), ("_grey", white, _WHITE)):
        if which.any():
            shape = Curves(np.ascontiguousarray(curves.points[which]), curves.radius)
            pieces.append(Piece(name + suffix, shape, fibre, "hair"))
    return pieces
