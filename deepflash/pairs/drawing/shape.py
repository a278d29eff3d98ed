"""The shape of a drawn person: signed distances, and the rays that find them.

Lengths are in metres. The world's origin is the centre of the head, x is right in the picture,
y is up and z points to the camera. A head is star-shaped about its centre: its radius is a table
over the stereographic map of directions, u = x / (|p| + z), v = y / (|p| + z), which keeps the
form of small features and puts the whole face inside the unit circle.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from deepflash.pairs.drawing.person import Person, View

Points = Float32[np.ndarray, "3 n"]
Point = Float32[np.ndarray, "3 1"]
Values = Float32[np.ndarray, " n"]
Maps = Float32[np.ndarray, "*shape"]

_REACH, _CELLS = 2.2, 400
_HAIR_M = {"bald": 0.0, "short": 0.010, "medium": 0.022, "long": 0.022, "round": 0.045}
# Everybody fits between these depths, so that rays need not look elsewhere.
FRONT_M, BACK_M = 0.20, -0.26

_CHEEKBONE_U = 0.44
# Bumps of the face: (u, v), standard deviations, height in metres. Those with u > 0 are doubled.
_FEATURES = (
    ((0.20, 0.200), (0.13, 0.055), 0.0045),  # brow ridge
    ((0.20, 0.090), (0.09, 0.060), -0.0105),  # eye socket
    ((0.20, 0.092), (0.055, 0.036), 0.0065),  # eyeball under the lids
    ((_CHEEKBONE_U, -0.060), (0.13, 0.090), 0.0045),  # cheekbone
    ((0.38, -0.330), (0.12, 0.120), -0.0030),  # hollow of the cheek
    ((0.00, -0.320), (0.17, 0.100), 0.0060),  # mouth
    ((0.00, -0.297), (0.09, 0.018), 0.0035),  # upper lip
    ((0.00, -0.358), (0.08, 0.022), 0.0050),  # lower lip
    ((0.00, -0.327), (0.10, 0.008), -0.0035),  # between the lips
    ((0.00, -0.425), (0.11, 0.030), -0.0030),  # below the lower lip
    ((0.00, -0.520), (0.12, 0.075), 0.0090),  # chin
)
_EAR = ((1.02, 0.000), (0.060, 0.150), 0.018)


def smoothstep(low: float, high: float, x: Maps) -> Maps:
    """Returns 0 at `low`, 1 at `high` and a smooth cubic between; `low` may be the larger."""
    t = np.clip((x - np.float32(low)) / np.float32(high - low), 0, 1)
    return t * t * (3 - 2 * t)


def bump(u: Maps, v: Maps, *, at: tuple[float, float], size: tuple[float, float]) -> Maps:
    """Returns a Gaussian of height 1 centred `at` (u, v) with standard deviations `size`."""
    return np.exp(-(((u - at[0]) / size[0]) ** 2 + ((v - at[1]) / size[1]) ** 2) / 2)


def hair_cover(u: Maps, v: Maps, person: Person, *, ramp: float, inset: float = 0.0) -> Maps:
    """Returns how much of the scalp's hair covers each direction of the head, 0 to 1.

    Args:
        u: right on the face map.
        v: up on the face map.
        person: style and hairline; "bald" is where hair would be.
        ramp: width of the transition at the edges, in units of the face map.
        inset: how far inside the hair's edge the transition has its middle.
    """
    # The hairline goes round the forehead and the temples, then down in front of the ears.
    width = 0.72 + 0.30 * smoothstep(0.0, -0.5, v)
    height = np.where(v > -0.06, np.float32(0.60 + person.hairline), np.float32(9))
    oval = ((u / width) ** 2 + ((v + 0.06) / height) ** 2) ** 0.5
    outside = smoothstep(1 + inset - ramp / 2, 1 + inset + ramp / 2, oval)
    lowest = {"short": 0.06, "medium": -0.35, "long": -0.7, "round": -0.15}
    # At the sides hair ends above or below the ears; behind them it goes down to the neck.
    radius = (u * u + v * v) ** 0.5
    floor = lowest.get(person.hair_style, 0.0) - 0.8 * smoothstep(1.05, 1.4, radius)
    return outside * smoothstep(inset - ramp / 2, inset + ramp / 2, v - floor)


@lru_cache(maxsize=2)  # all poses of a person share it
def _radius_table(person: Person) -> Float32[np.ndarray, "cells cells"]:
    """Returns the distance from the head's centre to its surface over the face map, in metres."""
    axis = np.linspace(-_REACH, _REACH, _CELLS, dtype=np.float32)
    u, v = np.meshgrid(axis, axis)
    squared = u * u + v * v
    x, y, z = 2 * u / (1 + squared), 2 * v / (1 + squared), (1 - squared) / (1 + squared)
    half_width = 0.083 * person.face_width * (1 - person.jaw * smoothstep(0.05, -0.95, y))
    height = np.where(y > 0, np.float32(0.120), np.float32(0.117 * person.face_length))
    radius = ((x / half_width) ** 2 + (y / height) ** 2 + (z / 0.095) ** 2) ** -0.5
    for at, size, metres in _features(person):
        radius += metres * _spot(axis, at=at, size=size)
    # The ridge of the nose rises evenly to the tip and falls steeply to the upper lip.
    profile = smoothstep(0.16, -0.13, axis) * smoothstep(-0.235, -0.165, axis)
    across = np.exp(-((axis / (0.042 * person.nose_width)) ** 2) / 2)
    radius += 0.0175 * person.nose_length * np.outer(profile, across)
    # Thick hair rises more gently, or rays would jump through its edge.
    rise = 0.10 + 6 * _HAIR_M[person.hair_style]
    hair = hair_cover(u, v, person, ramp=rise, inset=rise / 2)
    hair = hair * (person.hair_style != "bald")
    at, size, metres = _EAR
    for side in (1, -1):
        # Hair that covers an ear also hides its shape.
        radius += metres * (1 - hair) * _spot(axis, at=(side * at[0], at[1]), size=size)
    crown = 1 + 0.35 * smoothstep(0.3, 1.0, v)
    table = radius + _HAIR_M[person.hair_style] * crown * hair
    table.setflags(write=False)
    return table


def _features(person: Person) -> Iterator[tuple[tuple[float, float], tuple[float, float], float]]:
    wide = person.nose_width
    nose = (
        ((0.0, 0.07), (0.045, 0.11), 0.007),  # bridge
        ((0.068 * wide, -0.165), (0.030 * wide, 0.034), 0.0075),  # wing
        ((0.032 * wide, -0.212), (0.016 * wide, 0.012), -0.0050),  # nostril
    )
    for (at_u, at_v), size, metres in (*_FEATURES, *nose):
        factor = person.cheekbones if at_u == _CHEEKBONE_U else 1.0
        for side in (1, -1) if at_u else (1,):
            yield (side * at_u, at_v), size, factor * metres


def _spot(
    axis: Values, *, at: tuple[float, float], size: tuple[float, float]
) -> Float32[np.ndarray, "n n"]:
    # The same as `bump` on the whole map, from two exponentials of a line each.
    right = np.exp(-(((axis - at[0]) / size[0]) ** 2) / 2)
    up = np.exp(-(((axis - at[1]) / size[1]) ** 2) / 2)
    return np.outer(up, right)


def rotation(view: View) -> Float32[np.ndarray, "3 3"]:
    """Returns the matrix that turns the head's axes into the world's: yaw, then pitch and roll."""
    yaw, pitch, roll = np.radians([view.yaw_deg, view.pitch_deg, view.roll_deg])
    about_y = [[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]]
    about_x = [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    about_z = [[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
    return (np.array(about_z) @ np.array(about_x) @ np.array(about_y)).astype(np.float32)


class Distances(NamedTuple):
    """Signed distances (metres, approximate) of points to the parts of a person."""

    head: Values
    body: Values
    locks: Values
    """Hair that hangs down beside the neck."""

    def nearest(self) -> Values:
        """Returns the distance to the whole person, head and neck joined smoothly."""
        bare = _smooth_minimum(self.head, self.body, 0.012)
        return _smooth_minimum(bare, self.locks, 0.010)


class Figure:
    """A person in a pose, as a signed distance field."""

    def __init__(self, person: Person, view: View) -> None:
        self.person = person
        self.turn = rotation(view)
        self._radius = _radius_table(person).reshape(-1)
        self._long_hair = person.hair_style == "long"

    def face_map(self, points: Points) -> tuple[Values, Values, Values]:
        """Returns (u, v) of each point's direction from the head's centre, and its distance."""
        x, y, z = self.turn.T @ points
        length = np.sqrt(x * x + y * y + z * z)
        scale = 1 / np.maximum(length + z, 1e-6)
        return x * scale, y * scale, length

    def _head(self, points: Points) -> Values:
        u, v, length = self.face_map(points)
        # The back of the head lies outside of the table and takes the radius of its rim.
        column = np.clip((u + _REACH) * ((_CELLS - 1) / (2 * _REACH)), 0, _CELLS - 1.001)
        row = np.clip((v + _REACH) * ((_CELLS - 1) / (2 * _REACH)), 0, _CELLS - 1.001)
        left, top = column.astype(np.int32), row.astype(np.int32)
        column -= left
        row -= top
        index = top * _CELLS + left
        upper = self._radius[index]
        upper += column * (self._radius[index + 1] - upper)
        index += _CELLS
        lower = self._radius[index]
        lower += column * (self._radius[index + 1] - lower)
        return length - upper - row * (lower - upper)

    def _body(self, points: Points) -> Values:
        x, y, z = points
        along = np.clip((-0.04 - y) / 0.18, 0, 1)
        neck = np.sqrt(x * x + (y + 0.04 + 0.18 * along) ** 2 + (z + 0.02 + 0.03 * along) ** 2)
        neck -= 0.047 + 0.012 * along
        # Shoulders slope down and back from the neck; the trunk goes on below the picture.
        side = np.abs(x)
        reach = np.clip(side / 0.155, 0, 1)
        drop = y + 0.195 + 0.045 * reach * reach
        shoulders = np.sqrt(
            np.maximum(side - 0.155, 0) ** 2 + drop * drop + ((z + 0.055) * 0.9) ** 2
        )
        trunk = np.sqrt((x / 0.20) ** 2 + ((z + 0.05) / 0.11) ** 2)
        below = np.maximum((trunk - 1) * 0.11, y + 0.24)
        return _smooth_minimum(neck, _smooth_minimum(shoulders - 0.055, below, 0.05), 0.035)

    def _locks(self, points: Points) -> Values:
        if not self._long_hair:
            return np.full(points.shape[1], 9, np.float32)
        x, y, z = points
        along = np.clip((0.04 - y) / 0.23, 0, 1)
        across = np.maximum(np.abs(x) - 0.062 - 0.018 * along, 0)
        deep = z + 0.040 - 0.030 * along
        below = y - 0.04 + 0.23 * along
        return np.sqrt(across * across + deep * deep + below * below) - 0.034 + 0.010 * along

    def distances(self, points: Points) -> Distances:
        """Returns the signed distance of every point to each part."""
        return Distances(self._head(points), self._body(points), self._locks(points))

    def nearest(self, points: Points) -> Values:
        """Returns the signed distance of every point to the person, in metres."""
        return self.distances(points).nearest()

    def normals(self, points: Points, *, step_m: float = 0.0016) -> Points:
        """Returns outward unit normals by differences over four corners of a tetrahedron."""
        corners = np.array([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]], np.float32)
        normal = np.zeros_like(points)
        for corner in corners:
            normal += corner[:, None] * self.nearest(points + step_m * corner[:, None])
        return normal / np.maximum(np.linalg.norm(normal, axis=0), 1e-9)


def _smooth_minimum(a: np.ndarray, b: np.ndarray, width: float) -> np.ndarray:
    blend = np.maximum(width - np.abs(a - b), 0)
    return np.minimum(a, b) - blend * blend / (4 * width)


def hit(figure: Figure, *, origin: Point, direction: Points) -> tuple[Points, np.ndarray]:
    """Returns where rays meet the figure, and for which they do.

    Args:
        figure: the person.
        origin: where the rays start, in front of FRONT_M: one point.
        direction: unit vectors with negative z.

    Returns:
        Points on the surface (undefined where nothing was met), and a boolean per ray.
    """
    far = (BACK_M - origin[2]) / direction[2]
    along = (FRONT_M - origin[2]) / direction[2]
    met = np.zeros(direction.shape[1], bool)
    active = np.arange(direction.shape[1])
    for _ in range(56):
        distance = figure.nearest(origin + along[active] * direction[:, active])
        close = np.abs(distance) < 0.0004
        met[active[close]] = True
        # The distances of the head are estimates: full steps could jump through a nose.
        along[active] += np.where(close, 0, 0.75 * distance)
        active = active[~close & (along[active] < far[active])]
        if not active.size:
            break
    met[active] = True
    return origin + along * direction, met


def open_to(
    figure: Figure, points: Points, *, light: Point, sharpness: float, steps: int = 14
) -> Values:
    """Returns how much of a light each point sees: 0 in its shadow, 1 free, between in penumbra.

    The penumbra is estimated from how near the ray passes the figure, relative to the way it
    has come (I. Quilez, "Soft shadows in raymarched SDFs", 2010).

    Args:
        figure: the person who casts the shadow.
        points: on the person or on the wall.
        light: the centre of the light, one point.
        sharpness: about the distance of the light over its radius; high is a hard shadow.
        steps: how often each ray is probed.
    """
    ray = light - points
    ray /= np.linalg.norm(ray, axis=0)
    # From the wall nothing can be in the way before the back of the figure.
    along = np.maximum((BACK_M - points[2]) / np.maximum(ray[2], 0.05), 0.006)
    free = np.ones(points.shape[1], np.float32)
    active = np.arange(points.shape[1])
    for _ in range(steps):
        place = points[:, active] + along[active] * ray[:, active]
        distance = figure.nearest(place)
        passed = np.minimum(free[active], sharpness * distance / along[active])
        free[active] = passed
        along[active] += np.clip(distance, 0.007, 0.09)
        # Dark for good, in front of everything, or too far off to matter any more.
        active = active[(passed > 0) & (place[2] < FRONT_M) & (distance < 0.25)]
        if not active.size:
            break
    return smoothstep(0.0, 1.0, np.maximum(free, 0))
