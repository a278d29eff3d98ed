"""The colours of a drawn person and of the wall behind: linear reflectance, texture, materials."""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from deepflash.pairs.drawing.person import Colour, Person, View
from deepflash.pairs.drawing.shape import (
    Figure,
    Maps,
    Points,
    Values,
    bump,
    hair_cover,
    smoothstep,
)

Colours = Float32[np.ndarray, "3 n"]

# Log-reflectance of pale skin, and what melanin and blood take from it per channel (R, G, B).
# Fitted by eye so that melanin 0.1 and 0.75 stand near the patches "light skin" and "dark skin" of
# the 24-patch colour chart; both pigments absorb blue and green more than red.
_PALE = np.log(np.array([0.66, 0.46, 0.36], np.float32))
_MELANIN = np.array([1.70, 2.10, 2.37], np.float32)
_BLOOD = np.array([0.08, 0.42, 0.36], np.float32)


class Paint(NamedTuple):
    """What the surface is made of at each point."""

    colour: Colours
    """Linear sRGB reflectance."""
    shine: Values
    """Strength of the oily layer of the skin, 0 to 1."""
    hair: Values
    """1 where the surface is hair, which shines in bands."""
    eye: Values
    """1 on the eyeball, which mirrors the lights."""
    ball: Points
    """What to add to the normal on an eyeball, which is rounder than the face."""
    face: Values
    """1 on the face: forehead to chin, without ears."""
    skin: Values
    """1 on bare skin: face and neck without eyes, lips and brows."""


def noise(rng: np.random.Generator, cells: int, *, octaves: int = 3) -> Float32[np.ndarray, "s s"]:
    """Returns a 256 x 256 texture with mean 0 and deviation about 1, `cells` blobs across."""
    total = np.zeros((256, 256), np.float32)
    for octave in range(octaves):
        grid = rng.standard_normal((min(cells << octave, 256),) * 2).astype(np.float32)
        scaled = cv2.resize(grid, (256, 256), interpolation=cv2.INTER_CUBIC)
        total += scaled / np.float32(1.6**octave)
    return total / max(float(total.std()), 1e-6)


def sample(texture: Float32[np.ndarray, "s s"], x: Maps, y: Maps) -> Maps:
    """Returns the texture at (x, y), which repeats mirrored outside of [0,1], bilinearly."""
    size = texture.shape[0] - 1
    columns = np.abs((x + 1) % 2 - 1) * size
    rows = np.abs((y + 1) % 2 - 1) * size
    left, top = columns.astype(np.int32), rows.astype(np.int32)
    right, bottom = np.minimum(left + 1, size), np.minimum(top + 1, size)
    columns -= left
    rows -= top
    upper = texture[top, left] * (1 - columns) + texture[top, right] * columns
    lower = texture[bottom, left] * (1 - columns) + texture[bottom, right] * columns
    return upper * (1 - rows) + lower * rows


def skin_colour(melanin: Values, blood: Values) -> Colours:
    """Returns the linear reflectance of skin from its two pigments (both about 0 to 1)."""
    return np.exp(_PALE[:, None] - _MELANIN[:, None] * melanin - _BLOOD[:, None] * blood)


def _over(under: Colours, colour: Colour | Colours, cover: Values) -> Colours:
    top = np.asarray(colour, np.float32).reshape(3, -1)
    return under + cover * (top - under)


def paint(figure: Figure, points: Points, view: View, *, pixel_m: float) -> Paint:
    """Returns what a person is made of at points of the surface.

    Args:
        figure: the person in a pose.
        points: on the surface.
        view: where the eyes look.
        pixel_m: size of a pixel on the head; edges are softened to it.
    """
    person = figure.person
    rng = np.random.default_rng(person.texture_seed)
    u, v, _ = figure.face_map(points)
    soft = pixel_m / 0.18
    part = figure.distances(points)
    on_head = smoothstep(-0.004, 0.004, np.minimum(part.body, part.locks) - part.head)

    colour, lips, brows = _face(u, v, person, rng, soft=soft)
    colour, eye, off_u, off_v = _eyes(colour, u, v, person, view, soft=soft)
    scalp = hair_cover(u, v, person, ramp=0.06) * on_head
    strands = sample(noise(rng, 48, octaves=2), *_strands(u, v, person))
    cover = scalp * (person.hair_style != "bald")
    cover = smoothstep(0.25, 0.75, cover + 0.18 * strands * (cover > 0) * (cover < 1))
    hangs = smoothstep(0.006, 0.001, part.locks - np.minimum(part.head, part.body))
    hair = np.maximum(cover, hangs)
    hair_colour = np.array(person.hair_colour, np.float32)[:, None] * np.exp(0.35 * strands)
    colour = _over(colour, hair_colour, hair)

    cloth = _cloth_cover(points, part.body - part.head, person, soft=pixel_m) * (1 - hair)
    colour = _over(colour, _cloth(points, person, rng), cloth)
    face = on_head * (1 - hair) * smoothstep(1.02, 0.98, (u / 0.86) ** 2 + ((v + 0.03) / 0.68) ** 2)
    bare = (1 - hair) * (1 - cloth)
    return Paint(
        colour=colour,
        shine=_shine(u, v, person) * bare * (1 - brows) * (1 - eye),
        hair=hair,
        eye=eye * on_head * (1 - hair),
        ball=figure.turn[:, :2] @ np.stack([off_u, off_v]) * 14,
        face=face * (1 - cloth),
        skin=bare * (1 - np.maximum(np.maximum(lips, brows), eye) * on_head),
    )


def _strands(u: Values, v: Values, person: Person) -> tuple[Values, Values]:
    if person.hair_style == "round":
        return u * 0.9, v * 0.9
    # Hair falls from the crown: fine across, long along.
    radius = np.hypot(u, v - 0.9)
    angle = np.arctan2(u, v - 0.9)
    return angle * 2.2, radius * 0.16


def _face(
    u: Values, v: Values, person: Person, rng: np.random.Generator, *, soft: float
) -> tuple[Colours, Values, Values]:
    mottle = sample(noise(rng, 6), u * 0.4 + 0.5, v * 0.4 + 0.5)
    pores = sample(noise(rng, 120, octaves=1), u * 0.5 + 0.5, v * 0.5 + 0.5)
    # The map of directions is stretched on the neck, and so would the pores be.
    pores = pores * smoothstep(-1.0, -0.75, v)
    cheeks = sum(bump(u, v, at=(side * 0.4, -0.13), size=(0.16, 0.13)) for side in (1, -1))
    nose = bump(u, v, at=(0.0, -0.13), size=(0.09, 0.07))
    under_eyes = sum(bump(u, v, at=(side * 0.2, 0.01), size=(0.09, 0.03)) for side in (1, -1))
    blood = person.haemoglobin * (0.75 + 0.14 * mottle + 0.55 * cheeks + 0.6 * nose)
    melanin = person.melanin * (1 + 0.05 * mottle) + 0.012 * pores + 0.05 * under_eyes
    for _ in range(person.blemishes):
        at = (float(rng.uniform(-0.6, 0.6)), float(rng.uniform(-0.5, 0.45)))
        radius = max(float(rng.uniform(0.008, 0.018)), soft * 0.7)
        spot = bump(u, v, at=at, size=(radius, radius))
        if rng.random() < 0.7:
            blood = blood + 0.8 * spot
        else:
            melanin = melanin + 0.35 * spot
    freckles = smoothstep(1.1, 2.0, sample(noise(rng, 70, octaves=1), u * 0.5 + 0.5, v * 0.5 + 0.5))
    melanin = melanin + 0.2 * person.freckles * freckles * smoothstep(-0.45, 0.0, v)
    lips = _lips(u, v, person, soft=soft)
    blood = blood + lips * (0.8 - 0.2 * person.melanin)
    colour = skin_colour(melanin, blood)
    line = smoothstep(0.010 + soft, 0.002, np.abs(v + 0.327 - 0.25 * u * u))
    colour *= 1 - 0.6 * line * smoothstep(0.16, 0.12, np.abs(u))
    stubble = person.beard * _beard(u, v) * (1 - lips) * np.clip(0.8 + 0.25 * pores, 0, 1)
    colour = _over(colour, person.hair_colour, 0.85 * stubble)
    brows = _brows(u, v, person, soft=soft) * np.clip(0.85 + 0.25 * pores, 0, 1)
    dark = tuple(0.6 * c for c in person.hair_colour)
    return _over(colour, (dark[0], dark[1], dark[2]), 0.85 * brows), lips, brows


def _lips(u: Values, v: Values, person: Person, *, soft: float) -> Values:
    half = np.clip(1 - (u / 0.155) ** 2, 0, 1)
    bow = 0.006 * bump(u, np.zeros_like(u), at=(0.0, 0.0), size=(0.018, 1.0))
    line = -0.327 + 0.25 * u * u
    full = person.lip_fullness
    upper = line + (0.042 * full * half**0.8 - bow) * (half > 0)
    lower = line - 0.055 * full * half**0.9
    return smoothstep(-soft, soft, upper - v) * smoothstep(-soft, soft, v - lower) * (half > 0.02)


def _brows(u: Values, v: Values, person: Person, *, soft: float) -> Values:
    across = np.clip((np.abs(u) - 0.085) / 0.25, 0, 1)
    middle = 0.185 + 0.055 * np.sin(np.pi * (0.15 + 0.7 * across))
    thick = 0.020 * person.brow_thickness * (1 - 0.65 * across)
    ends = smoothstep(0.07, 0.10, np.abs(u)) * smoothstep(0.345, 0.31, np.abs(u))
    return ends * smoothstep(soft, -soft, np.abs(v - middle) - thick)


def _beard(u: Values, v: Values) -> Values:
    jaw = smoothstep(-0.16, -0.27, v + 0.45 * np.maximum(np.abs(u) - 0.35, 0))
    cheeks = 1 - bump(u, v, at=(0.30, -0.20), size=(0.10, 0.07))
    cheeks = cheeks * (1 - bump(u, v, at=(-0.30, -0.20), size=(0.10, 0.07)))
    return jaw * cheeks * smoothstep(0.95, 0.8, np.abs(u)) * smoothstep(-0.78, -0.66, v)


def _shine(u: Values, v: Values, person: Person) -> Values:
    zones = (
        0.35
        + bump(u, v, at=(0.0, 0.38), size=(0.28, 0.12))
        + bump(u, v, at=(0.0, -0.1), size=(0.06, 0.12))
    )
    for side in (1, -1):
        zones = zones + 0.7 * bump(u, v, at=(side * 0.4, -0.05), size=(0.13, 0.09))
    return person.oiliness * np.clip(zones, 0, 1.2)


def _eyes(
    colour: Colours, u: Values, v: Values, person: Person, view: View, *, soft: float
) -> tuple[Colours, Values, Values, Values]:
    whole, off_u, off_v = (np.zeros_like(u) for _ in range(3))
    for side in (1, -1):
        x = (u - side * 0.2 * person.eye_spacing) / 0.088
        y = v - 0.088
        arch = np.clip(1 - x * x, 0, 1)
        top, bottom = 0.040 * person.eye_size * arch**0.75, -0.026 * person.eye_size * arch**0.9
        inside = smoothstep(-soft, soft, top - y) * smoothstep(-soft, soft, y - bottom)
        inside = inside * (np.abs(x) < 1)
        from_iris = np.hypot(x * 0.088 - view.gaze[0], y - 0.006 - view.gaze[1])
        white = np.array([0.62, 0.58, 0.55], np.float32)[:, None] * (
            smoothstep(0.005, -0.022, y - top)[None] * 0.55 + 0.45
        )
        ring = 0.55 + 0.45 * smoothstep(0.038, 0.028, from_iris)
        iris = np.array(person.eye_colour, np.float32)[:, None] * ring
        ball = _over(white, iris, smoothstep(0.037 + soft, 0.037 - soft, from_iris))
        ball = _over(ball, (0.004, 0.004, 0.004), smoothstep(0.015 + soft, 0.015 - soft, from_iris))
        colour = _over(colour, ball, inside)
        lashes = (
            smoothstep(0.010 + soft, 0.002, np.abs(y - top)) * (np.abs(x) < 1.0) * (arch > 0.04)
        )
        crease = smoothstep(0.008 + soft, 0.0, np.abs(y - top * 1.35 - 0.014)) * (np.abs(x) < 0.95)
        colour = colour * (1 - 0.8 * lashes) * (1 - 0.25 * crease)
        inside = inside * (1 - lashes)
        off_u += inside * (x * 0.088 - view.gaze[0])
        off_v += inside * (y - 0.006 - view.gaze[1])
        whole = np.maximum(whole, inside)
    return colour, whole, off_u, off_v


def _cloth_cover(points: Points, below_head: Values, person: Person, *, soft: float) -> Values:
    x, y, z = points
    collar = -0.135 - person.neckline_m - 0.30 * np.maximum(z + 0.04, 0) + 0.5 * x * x
    on_body = smoothstep(0.004, -0.004, below_head)
    return smoothstep(soft, -soft, y - collar) * on_body


def _cloth(points: Points, person: Person, rng: np.random.Generator) -> Colours:
    x, y, _ = points
    folds = sample(noise(rng, 5), x * 2 + 0.5, y * 1.2 + 0.5)
    weave = sample(noise(rng, 128, octaves=1), x * 3 + 0.5, y * 3 + 0.5)
    stripes = 1 - person.stripes * smoothstep(-0.25, 0.25, np.sin(y * 220))
    level = np.exp(0.10 * folds + 0.06 * weave) * stripes
    return np.array(person.clothes_colour, np.float32)[:, None] * level
