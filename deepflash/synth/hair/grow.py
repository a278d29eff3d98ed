"""A head's hair as pieces of the scene."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from deepflash.synth.geometry import Curves, Piece, Points, PosedHead
from deepflash.synth.hair import braided, facial, textured, tied
from deepflash.synth.hair.fibre import greyness, pigmented
from deepflash.synth.hair.guides import Face
from deepflash.synth.hair.loose import grow_loose
from deepflash.synth.hair.recipes import RECIPES
from deepflash.synth.hair.strands import Strands, cut_where
from deepflash.synth.hair.style import HairStyle
from deepflash.synth.hair.surface import Body, Obstacles, Roots, Skin

Hat = Callable[[Points], np.ndarray]
# Brows and lashes of fair people are darker than the hair of their heads.
_LEAST_BROW, _LEAST_LASH = 0.35, 0.9


def grow_hair(
    style: HairStyle,
    head: PosedHead,
    *,
    hat: Hat | None = None,
    obstacles: Obstacles | None = None,
    detail: float = 1.0,
) -> list[Piece]:
    """Grows all hair of a head.

    Args:
        style: what it is like; the same style on the same head gives the same hairs.
        head: that it grows on.
        hat: which points, given as if this head were not turned, a hat covers; no hair grows or
            pokes through there.
        obstacles: points and outward normals on clothes, as posed, on which long hair lies.
        detail: share of the usual number of hairs, each thicker for it: less for small pictures.

    Returns:
        pieces labelled "hair", named "hair", "beard", "stubble", "brows" and "lashes", each with
        "_grey" added for white hairs; those that would be empty are left out.
    """
    skin = Skin(head)
    down = np.array([0.0, -1.0, 0.0]) @ head.rotation
    pieces: list[Piece] = []
    if style.cut != "bald":
        rng = np.random.default_rng([style.seed, 1])
        turned = None
        if obstacles is not None:
            turned = (head.to_rest(obstacles[0]), obstacles[1] @ head.rotation)
        strands, roots, radius = _on_scalp(style, skin, Body(skin, turned), down, detail, rng)
        strands, rest = _kept(strands, roots, Face.of(skin), hat, rng)
        curves = _curves(head, strands, radius, detail)
        pieces += pigmented("hair", style, curves, rng, least=0.0, grey=greyness(style, rest))
    return pieces + _on_face(style, skin, head, down, detail)


def _on_scalp(
    style: HairStyle,
    skin: Skin,
    body: Body,
    down: Float[np.ndarray, " 3"],
    detail: float,
    rng: np.random.Generator,
) -> tuple[Strands, Roots, float]:
    """Returns hairs, their roots and their radius at the usual detail."""
    if style.cut in RECIPES:
        return *grow_loose(style, skin, body, down, detail, rng), RECIPES[style.cut].radius_cm
    if style.cut in ("afro", "tight_curls"):
        return *textured.grow_textured(style, skin, body, detail, rng), textured.RADIUS_CM
    if style.cut in ("ponytail", "bun"):
        return *tied.grow_tied(style, skin, body, down, detail, rng), tied.RADIUS_CM
    return braided.grow_braided(style, skin, body, down, detail, rng)


def _on_face(
    style: HairStyle, skin: Skin, head: PosedHead, down: Float[np.ndarray, " 3"], detail: float
) -> list[Piece]:
    rng = np.random.default_rng([style.seed, 2])
    beard = facial.grow_beard(style, skin, down, detail, rng)
    stubble = facial.grow_stubble(style, skin, detail, rng)
    brows = facial.grow_brows(style, skin, head.rest_landmarks, detail, rng)
    lashes = facial.grow_lashes(style, head.lashes, head.landmarks, rng)
    grown = (
        ("beard", _curves(head, beard, facial.BEARD_RADIUS_CM, detail), 0.0, style.grey),
        ("stubble", _curves(head, stubble, facial.STUBBLE_RADIUS_CM, detail), 0.0, style.grey),
        (
            "brows",
            _curves(head, brows, facial.BROW_RADIUS_CM, detail),
            _LEAST_BROW,
            0.35 * style.grey,
        ),
        (
            "lashes",
            _curves(head, head.to_rest(lashes), facial.LASH_RADIUS_CM, 1.0),
            _LEAST_LASH,
            0.0,
        ),
    )
    pieces: list[Piece] = []
    for name, curves, least, grey in grown:
        pieces += pigmented(name, style, curves, rng, least=least, grey=grey)
    return pieces


def _kept(
    strands: Strands, roots: Roots, face: Face, hat: Hat | None, rng: np.random.Generator
) -> tuple[Float[np.ndarray, "m k 3"], Float[np.ndarray, "m 3"]]:
    """Returns hairs that neither hang before the face nor poke through a hat; their roots."""
    strands, kept = cut_where(strands, face.covered(strands), rng)
    roots = roots.pick(kept)
    if hat is None:
        return strands, roots.rest
    bare = ~np.asarray(hat(roots.points))
    strands, roots = strands[bare], roots.pick(bare)
    under = np.asarray(hat(strands.reshape(-1, 3))).reshape(strands.shape[:2])
    strands, kept = cut_where(strands, under, rng)
    return strands, roots.rest[kept]


def _curves(head: PosedHead, strands: Strands, radius_cm: float, detail: float) -> Curves:
    taper = np.interp(np.linspace(0, 1, strands.shape[1]), [0, 0.6, 1], [1.0, 0.9, 0.4])
    radius = radius_cm / np.sqrt(detail) * taper
    return Curves(
        np.ascontiguousarray(head.to_posed(strands), np.float32), radius.astype(np.float32)
    )
