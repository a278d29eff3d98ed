"""Motifs of printed paper and cloth: masks that wrap round."""

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float32

Plane = Float32[np.ndarray, "h w"]


def _wrapped(draw: Callable[[np.ndarray, int, int], object], size: int, spots: np.ndarray) -> Plane:
    """Draws at each spot and at its copies across the border."""
    mask = np.zeros((size, size), np.uint8)
    for x, y in spots.astype(int):
        for dx in (-size, 0, size):
            for dy in (-size, 0, size):
                if -120 < x + dx < size + 120 and -120 < y + dy < size + 120:
                    draw(mask, int(x + dx), int(y + dy))
    return cv2.GaussianBlur(mask, (3, 3), 0).astype(np.float32) / 255


def stripes(rng: np.random.Generator, size: int) -> Plane:
    """Returns stripes, upright or level as a mask in [0,1] that wraps round."""
    count, share = int(rng.integers(2, 9)), float(rng.uniform(0.2, 0.7))
    row = (np.arange(size) * count / size % 1 < share).astype(np.float32)
    stripes = np.repeat(row[None], size, 0)
    return stripes.T.copy() if rng.random() < 0.2 else stripes


def dots(rng: np.random.Generator, size: int) -> Plane:
    """Returns a grid of dots as a mask in [0,1] that wraps round."""
    count = int(rng.choice([2, 4, 8]))
    radius = int(size / count * rng.uniform(0.12, 0.35))
    at = (
        np.stack(np.meshgrid(np.arange(count), np.arange(count)), -1).reshape(-1, 2) + 0.5
    ) / count
    at[:, 0] += 0.25 / count * (np.round(at[:, 1] * count - 0.5) % 2)
    return _wrapped(lambda m, x, y: cv2.circle(m, (x, y), radius, 255, -1), size, at * size)


def leaves(rng: np.random.Generator, size: int) -> Plane:
    """Returns scattered leaves as a mask in [0,1] that wraps round."""
    length = int(rng.integers(14, 60))
    angles = rng.uniform(0, 360, 200)

    def draw(mask: np.ndarray, x: int, y: int) -> None:
        turn = float(angles[(x * 7 + y * 13) % size % 200])
        cv2.ellipse(mask, (x, y), (length, length // 3), turn, 0, 360, 255, -1)

    return _wrapped(draw, size, rng.uniform(0, size, (int(40000 / length**2) + 10, 2)))


def lattice(rng: np.random.Generator, size: int) -> Plane:
    """Returns a lattice of diagonal bars as a mask in [0,1] that wraps round."""
    count, width = int(rng.integers(2, 7)), float(rng.uniform(0.05, 0.16))
    v, u = np.mgrid[0:size, 0:size].astype(np.float32) * count / size
    a, b = (u + v) % 1, (u - v) % 1
    return ((np.minimum(a, b) < width) | (np.minimum(1 - a, 1 - b) < width)).astype(np.float32)


def blossoms(rng: np.random.Generator, size: int) -> Plane:
    """Returns scattered flowers as a mask in [0,1] that wraps round."""
    radius, petals = int(rng.integers(25, 75)), int(rng.integers(5, 9))

    def draw(mask: np.ndarray, x: int, y: int) -> None:
        for petal in np.linspace(0, 2 * np.pi, petals, endpoint=False):
            centre = (int(x + 0.6 * radius * np.cos(petal)), int(y + 0.6 * radius * np.sin(petal)))
            cv2.ellipse(
                mask, centre, (radius // 2, radius // 4), float(np.rad2deg(petal)), 0, 360, 255, -1
            )
        cv2.circle(mask, (x, y), radius // 5, 0, -1)

    return _wrapped(draw, size, rng.uniform(0, size, (9, 2)))


MOTIFS = (stripes, dots, leaves, lattice, blossoms)
"""Functions of a generator and a size in pixels."""
