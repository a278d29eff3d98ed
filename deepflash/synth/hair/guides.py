"""Guide hairs: a few hundred hairs grown step by step over the head, under gravity."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from deepflash.synth.geometry import Noise, Points, smoothstep, unit
from deepflash.synth.hair.recipes import LONG, Recipe, is_fringe, parted_side
from deepflash.synth.hair.strands import Strands
from deepflash.synth.hair.style import HairStyle
from deepflash.synth.hair.surface import Body, Roots, Skin

_WHORL = np.array([0.8, 12.6, -4.4])


class Face(NamedTuple):
    """Where hair must not hang, measured on one person, as if the head were not turned."""

    width: float
    """Half the width between the jaw's upper ends relative to the mean head's."""
    brow_y: float
    eye_y: float
    chin_y: float

    @classmethod
    def of(cls, skin: Skin) -> "Face":
        """Measures the face by its landmarks."""
        at = skin.landmarks
        return cls(
            width=float(abs(at[16, 0] - at[0, 0]) / 14.8),
            brow_y=float(at[17:27, 1].max()),
            eye_y=float(at[36:48, 1].mean()),
            chin_y=float(at[8, 1]),
        )

    def half_width(self, y: np.ndarray) -> np.ndarray:
        """Returns how far to either side the face is kept clear at a height."""
        levels = [self.chin_y - 4, self.chin_y, self.eye_y - 3, self.eye_y + 1.5, self.brow_y + 2.2]
        return self.width * np.interp(y, [*levels, self.brow_y + 5], [3.0, 5.0, 6.1, 6.3, 5.2, 0.0])

    def covered(self, points: Float[np.ndarray, "*n 3"]) -> np.ndarray:
        """Returns which points lie before the face."""
        x, y, z = points[..., 0], points[..., 1], points[..., 2]
        inner = (np.abs(x) < 0.92 * self.half_width(y)) & (z > 6.2)
        return inner & (y < self.brow_y + 1.2) & (y > self.chin_y - 2)


def grow_guides(
    style: HairStyle,
    recipe: Recipe,
    roots: Roots,
    length: Float[np.ndarray, " n"],
    body: Body,
    face: Face,
    down: Float[np.ndarray, " 3"],
    rng: np.random.Generator,
) -> Strands:
    """Grows one hair from each root.

    Args:
        style: part and volume matter.
        recipe: of the haircut.
        roots: where they grow.
        length: of each in centimetres.
        body: what they must stay out of.
        face: what long hair is combed away from.
        down: unit direction of gravity for the unturned head.
        rng: source of all randomness.
    """
    count = len(length)
    noise = Noise(rng, side=16)
    fringe = is_fringe(style, roots.rest)
    step = (length / (recipe.points - 1))[:, None]
    layer = recipe.standoff_cm * style.volume * rng.uniform(0.1, 1.0, count) ** 1.2
    layer = np.where(fringe, 0.3 + 0.3 * layer, layer)
    aside = rng.uniform(0.97, 1.1, count)
    point = roots.points - 0.04 * roots.normals
    comb = _combed(style, recipe, roots, roots.points, fringe)
    lift = recipe.lift * style.volume**0.5
    direction = unit(lift * roots.normals + (1 - lift) * comb)
    out = [point]
    for k in range(1, recipe.points):
        s = k / (recipe.points - 1)
        comb = _combed(style, recipe, roots, point, fringe)
        stray = np.stack([noise(point + 9.0 * axis, 0.23) for axis in range(3)], -1)
        pull = recipe.hold * (1 - 0.75 * s) * comb + recipe.gravity * (0.25 + 0.75 * s) * down
        pull = pull - recipe.cling * _standing(body, point, layer)
        direction = unit(recipe.stiffness * direction + pull + recipe.wander * stray)
        direction = _along_body(direction, point, body, roots)
        point = point + direction * step
        if style.cut in LONG:
            point = _gathered(point, face)
            point = _beside_face(point, face, aside, fringe)
        reach = np.minimum(1.0, k * step[:, 0] / 1.6)
        point = body.push(point, 0.06 + layer * reach * 0.8)
        out.append(point)
    return np.stack(out, 1)


def _along_body(direction: Points, point: Points, body: Body, roots: Roots) -> Points:
    """Returns directions that do not enter what is close below: hair slides off shoulders."""
    close = smoothstep(1.2, 0.3, body.distance(point)) * smoothstep(-9.0, -12.0, point[:, 1])
    outward = body.outward(point)
    inward = np.minimum((direction * outward).sum(1), 0) * close
    # Off the shoulder to the front or to the back, as it comes.
    aim = np.zeros_like(direction)
    aim[:, 2] = np.where(roots.rest[:, 2] > 0.5, 0.35, -0.35) * close
    return unit(direction - inward[:, None] * outward + aim)


def _standing(body: Body, point: Points, layer: Float[np.ndarray, " n"]) -> Points:
    """Returns a pull back to the head for hairs that stand further out than they should."""
    excess = np.clip(body.distance(point) - layer - 0.3, 0, 2.5)
    return body.outward(point) * excess[:, None]


def _combed(
    style: HairStyle, recipe: Recipe, roots: Roots, point: Points, fringe: np.ndarray
) -> Points:
    """Returns unit directions along the skin in which hair is combed at a point."""
    top = smoothstep(6.0, 10.5, np.minimum(roots.rest[:, 1], point[:, 1] + 1.0))[:, None]
    away = point - _WHORL
    swirl = 0.3 * np.cross(roots.normals, unit(away))
    whorl = unit(unit(away) + swirl)
    side = parted_side(style, roots.rest)[:, None]
    x, z = roots.rest[:, :1], roots.rest[:, 2:]
    if recipe.combed == "parted":
        # From the part outwards, and the more backwards the nearer to the forehead.
        back = np.interp(z, [-3, 4, 10], [-0.25, -0.4, -0.55])
        if style.cut == "fringe":
            back = 0.15 * smoothstep(1.0, 5.0, z) - 0.1
        upper = np.concatenate([side * (z > -4) + 0.12 * x * (z <= -4), 0 * x - 0.25, back], 1)
        lower = np.array([0, -1.0, -0.1])
    else:
        upper = {
            "whorl": whorl,
            "forward": 0.6 * whorl + np.concatenate([0.06 * x + 0.25 * side, 0 * x, 1 + 0 * x], 1),
            "side": np.concatenate([side, -0.2 + 0 * x, -0.75 + 0 * x], 1),
            "back": np.concatenate([0.06 * x, -0.4 + 0 * x, -1 + 0 * x], 1),
        }[recipe.combed]
        lower = np.concatenate([-0.02 * x, -1 + 0 * x, -0.12 * z], 1)
    direction = top * unit(upper) + (1 - top) * unit(lower)
    outer = np.clip(np.abs(x) - 3, 0, 3)
    forward = np.concatenate([0.12 * x, -0.35 - 0.3 * outer, 1 - 0.25 * outer], 1)
    direction = np.where(fringe[:, None], unit(forward), direction)
    normal = unit(point - np.array([0, 4.5, 0.5]))
    return unit(direction - (direction * normal).sum(1, keepdims=True) * normal)


def _beside_face(point: Points, face: Face, aside: np.ndarray, fringe: np.ndarray) -> Points:
    """Returns the points moved sideways and back out of the face."""
    limit = face.half_width(point[:, 1]) * aside * smoothstep(4.0, 6.5, point[:, 2])
    lack = np.clip(limit - np.abs(point[:, 0]), 0, None) * ~fringe
    side = np.where(point[:, 0] >= 0, 1.0, -1.0)
    out = point.copy()
    out[:, 0] += side * 0.8 * lack
    out[:, 2] -= 0.3 * lack
    return out


def _gathered(point: Points, face: Face) -> Points:
    """Returns the points drawn in below the ears, where long hair falls along the neck."""
    low = smoothstep(face.eye_y, face.chin_y, point[:, 1])
    out = point.copy()
    out[:, 0] -= 0.06 * low * np.sign(point[:, 0]) * np.clip(np.abs(point[:, 0]) - 7.0, 0, 4)
    return out
