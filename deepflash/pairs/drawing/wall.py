"""The wall behind a drawn person, with a few things on it: linear reflectance per point."""

import numpy as np
from jaxtyping import Float32

from deepflash.pairs.drawing.paint import Colours, noise, sample
from deepflash.pairs.drawing.person import View
from deepflash.pairs.drawing.shape import Values, smoothstep


class _Canvas:
    """Reflectance being painted at fixed points, with edges softened to a pixel."""

    def __init__(self, x: Values, y: Values, colour: Colours, *, soft: float) -> None:
        self.x, self.y, self.colour, self.soft = x, y, colour, soft

    def box(
        self, left: float, bottom: float, width: float, height: float, colour: np.ndarray
    ) -> None:
        """Paints a rectangle given in metres."""
        edge = np.minimum(
            width / 2 - np.abs(self.x - left - width / 2),
            height / 2 - np.abs(self.y - bottom - height / 2),
        )
        cover = smoothstep(-self.soft, self.soft, edge)
        self.colour += cover * (colour[:, None] - self.colour)

    def shade(
        self, left: float, bottom: float, width: float, height: float, *, reach: float
    ) -> None:
        """Darkens the surroundings of a rectangle, as a thing that stands off the wall does."""
        off_x = np.maximum(np.abs(self.x - left - width / 2) - width / 2, 0)
        off_y = np.maximum(np.abs(self.y - bottom - height / 2) - height / 2, 0)
        self.colour *= 1 - 0.35 * np.exp(-np.hypot(off_x, off_y) / reach)


def wall_colours(x: Values, y: Values, view: View, *, pixel_m: float) -> Colours:
    """Returns the reflectance of the wall at points of it.

    Args:
        x: metres to the right of the head's centre.
        y: metres above it.
        view: colour of the wall, and the seed of what is on it.
        pixel_m: size of a pixel on the wall; edges are softened to it.
    """
    rng = np.random.default_rng(view.wall_seed)
    stain = 0.03 * sample(noise(rng, 3), x * 0.6 + 0.5, y * 0.6 + 0.5)
    grain = 0.015 * sample(noise(rng, 128, octaves=1), x * 1.5 + 0.5, y * 1.5 + 0.5)
    colour = np.array(view.wall_colour, np.float32)[:, None] * np.exp(stain + grain)
    canvas = _Canvas(x, y, colour, soft=pixel_m)
    for paint_thing in (_curtain, _frames, _shelf, _door):
        if rng.random() < 0.5:
            paint_thing(canvas, rng)
    return canvas.colour


def _any_colour(rng: np.random.Generator, *, high: float = 0.6) -> Float32[np.ndarray, "3"]:
    return (rng.uniform(0.03, high) * rng.uniform(0.3, 1.0, 3)).astype(np.float32)


def _frames(canvas: _Canvas, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 4))):
        width, height = (float(s) for s in rng.uniform(0.10, 0.30, 2))
        left, bottom = float(rng.uniform(-0.55, 0.4)), float(rng.uniform(-0.1, 0.25))
        canvas.shade(left, bottom, width, height, reach=0.012)
        canvas.box(left, bottom, width, height, _any_colour(rng, high=0.3))
        mat = np.full(3, rng.uniform(0.4, 0.8), np.float32)
        canvas.box(left + 0.012, bottom + 0.012, width - 0.024, height - 0.024, mat)
        inner = 0.012 + 0.18 * min(width, height)
        split = float(rng.uniform(0.3, 0.7)) * (height - 2 * inner)
        canvas.box(left + inner, bottom + inner, width - 2 * inner, split, _any_colour(rng))
        canvas.box(
            left + inner,
            bottom + inner + split,
            width - 2 * inner,
            height - 2 * inner - split,
            _any_colour(rng),
        )


def _shelf(canvas: _Canvas, rng: np.random.Generator) -> None:
    base = float(rng.uniform(-0.3, 0.2))
    side = 1 if rng.random() < 0.5 else -1
    start = 0.12 if side > 0 else -0.62
    canvas.shade(start, base - 0.02, 0.5, 0.02, reach=0.02)
    canvas.box(start, base - 0.02, 0.5, 0.02, _any_colour(rng, high=0.4))
    at = start + 0.02
    while at < start + 0.44:
        width, height = float(rng.uniform(0.012, 0.04)), float(rng.uniform(0.12, 0.22))
        canvas.box(at, base, width, height, _any_colour(rng))
        at += width + 0.002


def _curtain(canvas: _Canvas, rng: np.random.Generator) -> None:
    edge, dense = float(rng.uniform(0.10, 0.45)), float(rng.uniform(60, 110))
    outward = canvas.x if rng.random() < 0.5 else -canvas.x
    folds = 0.75 + 0.25 * np.sin(canvas.x * dense + 1.5 * np.sin(canvas.x * 23))
    cover = smoothstep(-canvas.soft, canvas.soft, outward - edge)
    canvas.colour += cover * (_any_colour(rng)[:, None] * folds - canvas.colour)


def _door(canvas: _Canvas, rng: np.random.Generator) -> None:
    left = float(rng.uniform(0.05, 0.4)) if rng.random() < 0.5 else float(rng.uniform(-0.9, -0.5))
    colour = _any_colour(rng, high=0.7)
    canvas.shade(left, -2.0, 0.5, 2.35, reach=0.02)
    canvas.box(left, -2.0, 0.5, 2.35, colour * 1.15)
    canvas.box(left + 0.03, -2.0, 0.44, 2.32, colour)
    for bottom in (-0.75, -0.15):
        canvas.box(left + 0.09, bottom, 0.32, 0.40, colour * 0.8)
        canvas.box(left + 0.10, bottom + 0.01, 0.30, 0.38, colour * 0.97)
