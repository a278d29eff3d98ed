"""Another background behind the person: a studio's, or the photograph's own out of focus.

At a transition a pixel shows person and background at once. Both colours are estimated there
(person's from inside, background's from outside), and the person's is corrected so that the two
explain the pixel (after Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021); what
is laid over the new background then carries nothing of the old one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Float32, UInt8, UInt16

from deepflash.segmentation.guided import fit_matte, spread

Kind = Literal["studio", "blur"]
Pixels = UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"]

BLUR_RADIUS = 0.02
"""Of the lens's disc, in long sides of the photograph."""

_TILE_PX = 192
_RADIUS, _EPSILON = 2, 1e-4
_INSIDE, _OUTSIDE = 0.98, 0.02
_CLEAR_PX = 2
"""A pixel so near to a transition may show both person and background."""

_TONE, _DARKEST, _BRIGHTEST = 0.46, 0.30, 0.60
_WARM = np.array([1.02, 1.0, 0.965], np.float32)
_EDGE_OF_LIGHT, _LIGHT = 0.62, 0.56
_POWER = np.float32(2.2)


@dataclass(frozen=True, eq=False)
class _Layers:
    """All that a tile needs, at the matte's size; colours in [0,1], encoded as the photograph."""

    alpha: Float32[np.ndarray, "h w 4"]
    """Slopes and offset of the matte as a function of the photograph's colours."""
    person: Float32[np.ndarray, "h w 3"]
    old: Float32[np.ndarray, "h w 3"]
    new: Float32[np.ndarray, "h w 3"]
    bounds: Float32[np.ndarray, "h w 2"]
    """Least and most of the matte around each pixel, as far as the functions reach."""


def replace_background(
    pixels: Pixels, matte: Float32[np.ndarray, "small_h small_w"], kind: Kind
) -> Pixels:
    """Returns the photograph with another background; well inside the person nothing changes.

    The matte follows the photograph's own edges; where it is 1 for five of its pixels around, all
    stays bit for bit. A matte that is 0 everywhere names no person,
    and one without a 0 no background: the photograph comes back as a copy.

    Args:
        pixels: RGB as stored, any size from the matte's up. Left unchanged.
        matte: how much of a pixel is the person, 0 to 1; of the photograph's proportions.
        kind: `studio` is a neutral grey, slightly warm, lit from above; `blur` throws the
            photograph's own background out of focus.
    """
    if not (matte > _INSIDE).any() or not (matte < _OUTSIDE).any():
        return pixels.copy()
    layers = _layers(pixels, matte, kind)
    result = pixels.copy()
    dither = np.random.default_rng(0).random((_TILE_PX, _TILE_PX, 1), np.float32)
    for rows, columns in _tiles(pixels.shape[0], pixels.shape[1]):
        _replace(result, layers, rows, columns, dither)
    return result


def _layers(pixels: Pixels, matte: Float32[np.ndarray, "i j"], kind: Kind) -> _Layers:
    height, width = matte.shape
    small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    small = small.astype(np.float32) / np.iinfo(pixels.dtype).max
    weight = np.ones_like(matte)
    fitted = fit_matte(matte, small, weight, radius=_RADIUS, epsilon=_EPSILON)
    clear = np.ones((2 * _CLEAR_PX + 1, 2 * _CLEAR_PX + 1), np.uint8)
    inside, outside = (
        cv2.erode(sure.astype(np.uint8), clear).astype(np.float32)
        for sure in (matte > _INSIDE, matte < _OUTSIDE)
    )
    person, old = spread(small, inside), spread(small, outside)
    new = _out_of_focus(old) if kind == "blur" else _studio(matte, old)
    reach = np.ones((4 * _RADIUS + 3, 4 * _RADIUS + 3), np.uint8)
    return _Layers(
        alpha=np.dstack([fitted.slopes, fitted.offset]),
        person=person,
        old=old,
        new=new,
        bounds=np.dstack([cv2.erode(matte, reach), cv2.dilate(matte, reach)]),
    )


def _out_of_focus(old: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 3"]:
    """Returns a background, without the person, as a lens shows it that is focused nearer.

    A disc for each point, added up as light; lamps become discs as in photographs.
    """
    radius = BLUR_RADIUS * max(old.shape)
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    light = cv2.filter2D(old**_POWER, -1, disc / disc.sum(), borderType=cv2.BORDER_REFLECT)
    light = cv2.GaussianBlur(np.maximum(light, 0), (0, 0), max(radius / 6, 0.5))
    return light ** (1 / _POWER)


def _studio(
    matte: Float32[np.ndarray, "h w"], old: Float32[np.ndarray, "h w 3"]
) -> Float32[np.ndarray, "h w 3"]:
    """Returns a grey background lit from above, as bright as hair that was cut out allows.

    Half of its tone comes from the old background along the outline: what is left of that one
    in hairs shows least before the same tone.
    """
    height, width = matte.shape
    edge = (matte > _OUTSIDE) & (matte < _INSIDE)
    around = old[edge] if edge.any() else old.reshape(-1, 3)
    tone = float(np.clip((_TONE + np.median(around)) / 2, _DARKEST, _BRIGHTEST))
    person = matte.sum(axis=1) > 0
    top = int(person.argmax())
    middle = float((matte.sum(axis=0) * np.arange(width)).sum() / matte.sum())
    centre = top + 0.15 * (height - top)
    long_side = max(height, width)
    across = np.exp(-(((np.arange(width) - middle) / (0.62 * long_side)) ** 2))
    down = np.exp(-(((np.arange(height) - centre) / (0.60 * long_side)) ** 2))
    light = _EDGE_OF_LIGHT + _LIGHT * np.outer(down, across)
    return (light[..., None] * tone * _WARM).astype(np.float32)


def _tiles(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    for top in range(0, height, _TILE_PX):
        for left in range(0, width, _TILE_PX):
            bottom, right = min(top + _TILE_PX, height), min(left + _TILE_PX, width)
            yield slice(top, bottom), slice(left, right)


def _replace(
    result: Pixels,
    layers: _Layers,
    rows: slice,
    columns: slice,
    dither: Float32[np.ndarray, "s s 1"],
) -> None:
    """Gives one tile of the photograph, which `result` still holds, its new background."""
    tile = result[rows, columns]
    part = _Part(layers, result.shape[0], result.shape[1], rows, columns)
    least, most = part.extremes()
    if least >= 1:
        return
    largest = np.float32(np.iinfo(result.dtype).max)
    noise = dither[: tile.shape[0], : tile.shape[1]]
    if most <= 0:
        tile[:] = np.minimum(part.enlarged(layers.new) * largest + noise, largest)
        return
    photo = tile.astype(np.float32) / largest
    function = part.enlarged(layers.alpha)
    alpha = np.einsum("hwc,hwc->hw", function[..., :3], photo) + function[..., 3]
    alpha = np.clip(alpha, 0, 1)[..., None]
    person = part.enlarged(layers.person)
    mixed = alpha * person + (1 - alpha) * part.enlarged(layers.old)
    person = np.clip(person + alpha * (photo - mixed), 0, 1)
    shown = alpha * person + (1 - alpha) * part.enlarged(layers.new)
    stored = np.minimum(shown * largest + noise, largest).astype(result.dtype)
    np.copyto(tile, stored, where=alpha < 1)


@dataclass(frozen=True, eq=False)
class _Part:
    """Where a tile of the photograph lies in the small layers."""

    layers: _Layers
    height: int
    width: int
    rows: slice
    columns: slice

    def _scales(self) -> tuple[float, float]:
        small_height, small_width = self.layers.bounds.shape[:2]
        return small_width / self.width, small_height / self.height

    def extremes(self) -> tuple[float, float]:
        """Returns the least and the most that the matte may be in the tile."""
        across, down = self._scales()
        rows = slice(int(self.rows.start * down), int(np.ceil(self.rows.stop * down)))
        columns = slice(int(self.columns.start * across), int(np.ceil(self.columns.stop * across)))
        bounds = self.layers.bounds[rows, columns]
        return float(bounds[..., 0].min()), float(bounds[..., 1].max())

    def enlarged(
        self, layer: Float32[np.ndarray, "h w c"]
    ) -> Float32[np.ndarray, "rows columns c"]:
        """Returns a layer's part under the tile, interpolated, pixel centres aligned."""
        across, down = self._scales()
        left = (self.columns.start + 0.5) * across - 0.5
        top = (self.rows.start + 0.5) * down - 0.5
        place = np.array([[across, 0, left], [0, down, top]])
        size = (self.columns.stop - self.columns.start, self.rows.stop - self.rows.start)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(layer, place, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
