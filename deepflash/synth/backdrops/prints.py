"""Flat pictures: posters, photographs, labels, book spines, screens and views from a window."""

import cv2
import numpy as np
from jaxtyping import Float32

from deepflash.synth.backdrops.colours import draw_colour, palette
from deepflash.synth.backdrops.coverings import periodic_noise
from deepflash.synth.materials import Texture


def _gradient(rng: np.random.Generator, height: int, width: int) -> Texture:
    ends = palette(rng, 2)
    angle = rng.uniform(0, 2 * np.pi)
    v, u = np.mgrid[0:height, 0:width]
    along = np.cos(angle) * (u / width - 0.5) + np.sin(angle) * (v / height - 0.5) + 0.5
    along = np.clip(along, 0, 1)[..., None]
    return (ends[0] * (1 - along) + ends[1] * along).astype(np.float32)


def _shapes(rng: np.random.Generator, canvas: Texture, count: int) -> None:
    height, width = canvas.shape[:2]
    for _ in range(count):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        radius = int(min(height, width) * rng.uniform(0.04, 0.35))
        colour = draw_colour(rng)
        kind = int(rng.integers(4))
        if kind == 0:
            cv2.circle(canvas, (x, y), radius, colour, -1)
        elif kind == 1:
            cv2.rectangle(
                canvas, (x, y), (x + radius, y + int(radius * rng.random() * 2)), colour, -1
            )
        elif kind == 2:
            points = rng.integers(-radius, radius + 1, (3, 2)) + np.array([x, y])
            cv2.fillPoly(canvas, [points.astype(np.int32)], colour)
        else:
            end = (x + int(rng.integers(-radius, radius + 1)), y + radius)
            cv2.line(canvas, (x, y), end, colour, max(1, radius // 6))


def write(rng: np.random.Generator, canvas: Texture, *, lines: int) -> None:
    """Draws lines of strokes that look like writing, in place, one colour."""
    height, width = canvas.shape[:2]
    colour = draw_colour(rng, darkest=0.01, brightest=0.85)
    size = max(2, int(height * rng.uniform(0.02, 0.12)))
    top = int(rng.integers(1, max(2, height - lines * 2 * size)))
    strokes = []
    for line in range(lines):
        glyphs = int(width * rng.uniform(0.5, 0.84) / (1.2 * size)) + 1
        x = int(width * 0.08) + np.cumsum(rng.choice([1.1, 2.0], glyphs, p=[0.8, 0.2])) * size
        corner = np.stack([x, np.full(glyphs, top + 2 * line * size)], -1)[:, None, None]
        strokes.append(corner + rng.integers(0, size + 1, (glyphs, 2, 2, 2)))
    segments = np.concatenate(strokes).reshape(-1, 2, 2).astype(np.int32)
    cv2.polylines(canvas, list(segments), False, colour, max(1, size // 6))


def _landscape(rng: np.random.Generator, height: int, width: int) -> Texture:
    canvas = _gradient(rng, height, width)
    x = np.arange(width)
    for layer in range(int(rng.integers(2, 6))):
        ridge = np.interp(x, np.linspace(0, width, 9), rng.standard_normal(9)) * height * 0.09
        ridge = height * (0.3 + 0.15 * layer) + ridge + rng.standard_normal(width)
        outline = np.stack([np.append(x, [width, 0]), np.append(ridge, [height, height])], -1)
        cv2.fillPoly(canvas, [outline.astype(np.int32)], draw_colour(rng))
    return canvas


def _figure(rng: np.random.Generator, height: int, width: int) -> Texture:
    canvas = _gradient(rng, height, width)
    skin = float(rng.uniform(0.05, 0.5)) * np.array([1.0, 0.65, 0.5])
    x, y = int(width * rng.uniform(0.35, 0.65)), int(height * rng.uniform(0.3, 0.5))
    head = int(min(height, width) * rng.uniform(0.08, 0.18))
    cv2.ellipse(
        canvas, (x, y + 5 * head), (int(2.2 * head), 4 * head), 0, 0, 360, draw_colour(rng), -1
    )
    cv2.ellipse(canvas, (x, y - head // 4), (int(1.1 * head), int(1.3 * head)), 0, 0, 360,
                draw_colour(rng, brightest=0.2), -1)  # fmt: skip
    cv2.ellipse(canvas, (x, y + head // 4), (int(0.8 * head), head), 0, 0, 360, skin.tolist(), -1)
    return canvas


def picture(rng: np.random.Generator, height: int = 192, width: int = 144) -> Texture:
    """Returns a poster, painting or photograph in linear sRGB, first row at the bottom."""
    kind = int(rng.integers(5))
    if kind == 0:
        canvas = _landscape(rng, height, width)
    elif kind == 1:
        canvas = _figure(rng, height, width)
    else:
        canvas = _gradient(rng, height, width)
        _shapes(rng, canvas, int(rng.integers(1, 14)))
    if kind > 2 or rng.random() < 0.3:
        write(rng, canvas, lines=int(rng.integers(1, 7)))
    noise = cv2.resize(periodic_noise(rng, 64, slope=1.2), (width, height))
    canvas = canvas * (1 + 0.12 * noise[..., None])
    return np.ascontiguousarray(np.clip(canvas, 0.006, 0.85)[::-1], dtype=np.float32)


def spines(rng: np.random.Generator, columns: int = 24, rows: int = 4) -> Texture:
    """Returns `rows` x `columns` backs of books, 512 x 512."""
    size = 512
    sheet = np.zeros((size, size, 3), np.float32)
    dark, bright = ((0.012, 0.3), (0.03, 0.85), (0.2, 0.85))[int(rng.integers(3))]
    for row in range(rows):
        for column in range(columns):
            top, left = row * size // rows, column * size // columns
            bottom, right = (row + 1) * size // rows, (column + 1) * size // columns
            cell = sheet[top:bottom, left:right]
            cell[:] = draw_colour(rng, darkest=dark, brightest=bright)
            if rng.random() < 0.5:
                band = int(rng.integers(4, 40))
                at = int(rng.integers(0, bottom - top - band))
                cell[at : at + band] = draw_colour(rng)
            upright = np.ascontiguousarray(np.swapaxes(cell, 0, 1))
            write(rng, upright, lines=1)
            cell[:] = np.swapaxes(upright, 0, 1)
    return sheet


def labels(rng: np.random.Generator, cells: int = 4, size: int = 256) -> Texture:
    """Returns `cells` x `cells` faces of packages, bottles and toys on one sheet."""
    side = size // cells
    sheet = np.zeros((size, size, 3), np.float32)
    for row in range(cells):
        for column in range(cells):
            cell = np.empty((side, side, 3), np.float32)
            cell[:] = draw_colour(rng)
            kind = rng.random()
            if kind < 0.3:
                cell[:] = _gradient(rng, side, side)
            if 0.2 < kind < 0.6:
                low = int(rng.integers(4, side // 2))
                cell[low : low + int(rng.integers(8, side // 2))] = draw_colour(rng)
                write(rng, cell, lines=int(rng.integers(1, 4)))
            elif kind < 0.7:
                _shapes(rng, cell, int(rng.integers(1, 5)))
            top, left = row * side, column * side
            sheet[top : top + side, left : left + side] = cell[::-1]
    return sheet


def outside(rng: np.random.Generator, *, size: int = 256) -> Float32[np.ndarray, "h w 3"]:
    """Returns the radiance of a view by day, out of focus; the sky is about 1, trees dark."""
    v = np.linspace(0, 1, size)[:, None, None]
    sky = np.array([[0.75, 0.88, 1.1], [1.0, 1.0, 1.0], [0.45, 0.65, 1.05]])[int(rng.integers(3))]
    canvas = np.ascontiguousarray(
        np.broadcast_to(sky * (0.6 + 0.4 * v), (size, size, 3)), np.float32
    )
    horizon = int(size * rng.uniform(0.25, 0.55))
    for _ in range(int(rng.integers(3, 14) * size / 256)):
        x, top = int(rng.integers(size)), int(horizon * rng.uniform(0.6, 1.7))
        colour = np.array(draw_colour(rng, brightest=0.5)) * 0.8
        if rng.random() < 0.5:
            cv2.rectangle(canvas, (x, 0), (x + int(rng.integers(20, 90)), top), colour.tolist(), -1)
        else:
            tone = float(rng.uniform(0.03, 0.2))
            green = (tone * float(rng.uniform(0.3, 1)), tone, 0.4 * tone)
            for _ in range(9):
                at = (x + int(rng.normal(0, 18)), int(top * rng.uniform(0.5, 1)))
                cv2.circle(canvas, at, int(rng.integers(8, 26)), green, -1)
    canvas = cv2.GaussianBlur(canvas, (0, 0), float(rng.uniform(0.8, 5)))
    return canvas.astype(np.float32)


def foliage(rng: np.random.Generator, size: int = 512) -> tuple[Texture, Texture]:
    """Returns the colour of a hedge or meadow and the height of its leaves (0 to 1)."""
    canvas = np.full((size, size, 3), 0.008, np.float32)
    height = np.zeros((size, size), np.float32)
    tone = np.array([rng.uniform(0.15, 0.7), 1.0, rng.uniform(0.05, 0.4)])
    for step in range(1400):
        share = step / 1400
        colour = tone * (0.015 + 0.2 * share * rng.random())
        at = tuple(rng.integers(0, size, 2).tolist())
        axes = (int(rng.integers(5, 15)), int(rng.integers(2, 6)))
        turn = float(rng.uniform(0, 180))
        cv2.ellipse(canvas, at, axes, turn, 0, 360, colour.tolist(), -1)
        cv2.ellipse(height, at, axes, turn, 0, 360, share, -1)
    height += 0.01 * periodic_noise(rng, size, slope=0.5)
    return canvas, height[..., None]
