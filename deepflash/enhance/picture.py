"""What a photograph is once it is decoded, and what it needs to be encoded again."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8, UInt16


class Picture(NamedTuple):
    """Upright RGB pixels and what belongs to them."""

    pixels: UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"]
    """In the colour space of `icc`; sRGB where there is none."""
    alpha: UInt8[np.ndarray, "h w"] | UInt16[np.ndarray, "h w"] | None
    """Opacity, of the same depth as the pixels."""
    exif: bytes | None
    """Starts with "Exif"."""
    icc: bytes | None
    """A profile for RGB."""
    xmp: bytes | None = None
    """An XMP packet in UTF-8."""


@dataclass(frozen=True)
class JpegCoding:
    """How a JPEG was compressed, to compress its successor the same way."""

    tables: list[list[int]]
    """Quantisation tables, 64 numbers each, as Pillow gives and takes them."""
    subsampling: int
    """0 is 4:4:4, 1 is 4:2:2, 2 is 4:2:0."""
    progressive: bool = False
    """Whether the file shows a coarse picture first."""
