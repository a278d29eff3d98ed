"""From a phone's or a camera's file to linear light: one meaning for all numbers that follow."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from jaxtyping import Float32, UInt

from acquisition.errors import StoreError
from acquisition.exif import read_exif
from acquisition.prepare.encoded import Pixels, read_pixels
from acquisition.prepare.icc import SRGB
from acquisition.prepare.light import ROWS, reduced, to_srgb8
from acquisition.prepare.raw import develop

__all__ = ["Decoded", "decode_phone", "decode_studio", "reduced", "to_srgb8"]


@dataclass(frozen=True, eq=False)
class Decoded:
    """A photograph as linear light."""

    linear: Float32[np.ndarray, "h w 3"]
    """sRGB (Rec. 709) primaries, D65, upright; 1 is where the sensor or the encoding clips.

    Colours outside sRGB lie a little below 0 or above 1; `to_srgb8` clips them.
    """
    source: Literal["raw", "jpeg"]
    """`jpeg` stands for every file that a device encoded itself."""
    encoded_profile: str
    """Name of the colour profile that was undone; `sRGB` where the file has none."""
    exif: dict[str, Any]
    """As `acquisition.exif.read_exif`; its `Orientation` has been applied."""


def decode_phone(path: Path) -> Decoded:
    """Decodes a phone's picture: JPEG, PNG, WebP or TIFF, 8 or 16 bit.

    Raises:
        StoreError: it cannot be read, or is no whole picture; names the file.
    """
    pixels = read_pixels(path)
    return Decoded(_linear(pixels), "jpeg", pixels.encoding.name, read_exif(path))


def decode_studio(raw: Path | None, jpeg: Path | None) -> Decoded:
    """Decodes the studio camera's raw file if there is one, else its JPEG.

    A damaged raw file is an error also where a JPEG is at hand: the pair is not what was taken.

    Raises:
        StoreError: the file is damaged, of an unknown camera, or there is none.
    """
    if raw is not None:
        return Decoded(develop(raw), "raw", SRGB, read_exif(raw))
    if jpeg is None:
        raise StoreError("the pair has neither a raw file nor a JPEG of the studio camera")
    return decode_phone(jpeg)


def upright(values: UInt[np.ndarray, "h w 3"], orientation: int) -> UInt[np.ndarray, "i j 3"]:
    """Returns a view of pixels turned and mirrored as EXIF's orientation (1 to 8) asks for."""
    if orientation >= 5:
        values = values.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    return values


def _linear(pixels: Pixels) -> Float32[np.ndarray, "h w 3"]:
    values = upright(pixels.values, pixels.orientation)
    tables = pixels.encoding.tables(np.iinfo(values.dtype).max + 1)
    matrix = pixels.encoding.matrix
    linear = np.empty(values.shape, np.float32)
    for top in range(0, values.shape[0], ROWS):
        band = np.ascontiguousarray(values[top : top + ROWS])
        if band.dtype == np.uint8:
            light = cv2.LUT(band, tables[None])
        else:
            light = np.stack([tables[band[..., index], index] for index in range(3)], axis=2)
        linear[top : top + ROWS] = light if matrix is None else cv2.transform(light, matrix)
    return linear
