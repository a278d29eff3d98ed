"""Paths over the head and through the air along which bound hair runs."""

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline

from deepflash.synth.geometry import Points, unit
from deepflash.synth.hair.strands import Strands
from deepflash.synth.hair.surface import Body


def hanging(
    start: Points,
    direction: Points,
    length: Float[np.ndarray, " n"],
    points: int,
    body: Body,
    down: Float[np.ndarray, " 3"],
    clearance_cm: float | Float[np.ndarray, " n"],
    stiffness: float = 0.7,
) -> Strands:
    """Returns paths that leave in a direction and then fall, lying on what is in the way.

    Args:
        start: first points.
        direction: unit vectors.
        length: of each path in centimetres.
        points: of each path.
        body: what they lie on.
        down: unit direction of gravity.
        clearance_cm: of the paths' middle from the body.
        stiffness: how long they keep their direction, 0 to 1.
    """
    step = (length / (points - 1))[:, None]
    point, heading = start, direction
    out = [start]
    for _ in range(points - 1):
        heading = unit(stiffness * heading + (1 - stiffness) * down)
        moved = body.push(point + step * heading, clearance_cm)
        heading = unit(0.5 * heading + 0.5 * unit(moved - point))
        point = moved
        out.append(point)
    return np.stack(out, 1)


def refined(paths: Strands, points: int) -> Float[np.ndarray, "n m 3"]:
    """Returns smooth paths through the given ones, divided into more points."""
    at = np.linspace(0, 1, paths.shape[1])
    return np.asarray(CubicSpline(at, paths, axis=1)(np.linspace(0, 1, points)))


def frames(paths: Strands, outward: Points) -> tuple[Strands, Strands]:
    """Returns two unit directions across each path: along the skin, and about outwards."""
    along = unit(np.gradient(paths, axis=1))
    across = unit(np.cross(along, outward[:, None] + np.array([0.013, 0.007, 0.011])))
    return across, unit(np.cross(across, along))
