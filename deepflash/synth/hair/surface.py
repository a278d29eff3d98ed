"""The skin that hair grows on, and the body that it must stay out of."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

from deepflash.synth.geometry import Points, PosedHead, unit

Obstacles = tuple[Points, Points]
_CELL_CM = 0.6
_LOW = np.array([-17.0, -34.0, -13.0])
_HIGH = np.array([17.0, 18.0, 17.0])


def _slope(grid: np.ndarray, axis: int) -> np.ndarray:
    """Returns central differences along an axis."""
    return np.asarray(np.gradient(grid, axis=axis), np.float32)


class Roots(NamedTuple):
    """Places on the skin."""

    rest: Points
    """On the mean head at rest."""
    points: Points
    """On this person, as if the head were not turned."""
    normals: Points

    def pick(self, which: np.ndarray) -> "Roots":
        """Returns some of the places, by index or mask."""
        return Roots(*(array[which] for array in self))


class Skin:
    """The skin of one head, as if it were not turned."""

    def __init__(self, head: PosedHead) -> None:
        self.rest = head.rest
        self.faces = head.faces
        self.points = head.to_rest(head.posed)
        self.normals = head.normals @ head.rotation
        corners = self.points[self.faces]
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        self._area = np.linalg.norm(across, axis=1)
        self.used = np.unique(self.faces)
        self.landmarks = head.to_rest(head.landmarks)

    def sample(
        self, density: Callable[[Points], np.ndarray], count: int, rng: np.random.Generator
    ) -> Roots:
        """Returns `count` random places, as densely as `density` of the points at rest says."""
        at_vertex = np.zeros(len(self.rest))
        at_vertex[self.used] = density(self.rest[self.used])
        total = np.cumsum(self._area * at_vertex[self.faces].mean(1))
        if total[-1] <= 0 or count <= 0:
            return Roots(*(np.zeros((0, 3)) for _ in range(3)))
        face = np.searchsorted(total, rng.random(count) * total[-1])
        face = self.faces[np.minimum(face, len(self.faces) - 1)]
        a, b = rng.random((2, count, 1))
        a, b = np.where(a + b > 1, 1 - a, a), np.where(a + b > 1, 1 - b, b)

        def mixed(values: Points) -> np.ndarray:
            first, second, third = (values[face[:, k]] for k in range(3))
            return first + a * (second - first) + b * (third - first)

        return Roots(mixed(self.rest), mixed(self.points), unit(mixed(self.normals)))


class Body:
    """Signed distances to skin and clothes on a grid: quick to look up for many hairs."""

    def __init__(self, skin: Skin, obstacles: Obstacles | None = None) -> None:
        points, normals = skin.points[skin.used], skin.normals[skin.used]
        if obstacles is not None:
            points = np.concatenate([points, obstacles[0]])
            normals = np.concatenate([normals, obstacles[1]])
        size = np.ceil((_HIGH - _LOW) / _CELL_CM).astype(int)
        cell = np.round((points - _LOW) / _CELL_CM).astype(int)
        inside = ((cell >= 0) & (cell < size)).all(1)
        cell, points, normals = cell[inside], points[inside], normals[inside]
        owner = np.full(tuple(size), -1)
        owner[tuple(cell.T)] = np.arange(len(cell))
        nearest = distance_transform_edt(owner < 0, return_distances=False, return_indices=True)
        owner = owner[tuple(np.asarray(nearest))]
        axes = [_LOW[k] + _CELL_CM * np.arange(size[k]) for k in range(3)]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1)
        away = grid - points[owner]
        above, far = (away * normals[owner]).sum(-1), np.linalg.norm(away, axis=-1)
        # Beyond an open edge, as under the neck, the nearest normal says little.
        distance = np.where(above < -0.6 * far, -far, np.maximum(above, 0.8 * far))
        distance = np.where(far < 2 * _CELL_CM, above, distance)
        self._distance = gaussian_filter(distance.astype(np.float32), 0.6)
        self._gradient = [_slope(self._distance, axis) for axis in range(3)]

    def distance(self, points: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n"]:
        """Returns how far points lie outside, in centimetres; negative within."""
        return self._look_up(self._distance, points)

    def outward(self, points: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """Returns the unit directions in which the distance grows."""
        return unit(np.stack([self._look_up(g, points) for g in self._gradient], -1))

    def push(
        self, points: Float[np.ndarray, "*n 3"], clearance: np.ndarray | float
    ) -> Float[np.ndarray, "*n 3"]:
        """Returns the points moved out to at least `clearance` centimetres."""
        lack = np.broadcast_to(clearance, points.shape[:-1]) - self.distance(points)
        short = lack > 0
        out = points.copy()
        out[short] += self.outward(points[short]) * lack[short][:, None]
        return out

    @staticmethod
    def _look_up(grid: np.ndarray, points: np.ndarray) -> np.ndarray:
        at = (points.reshape(-1, 3).T - _LOW[:, None]) / _CELL_CM
        values = map_coordinates(grid, at, order=1, mode="nearest")
        return values.reshape(points.shape[:-1]).astype(np.float64)
