"""The picture that is measured, decoded as the pairs' pictures are."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from acquisition.prepare.decode import decode_phone, decode_studio
from acquisition.store.publish import digest

_ENCODED = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".heic", ".heif"})


class Picture(NamedTuple):
    """A decoded picture and where it came from."""

    linear: Float32[np.ndarray, "h w 3"]
    """Linear light, 1 = clipped, upright."""
    has_tone_curve: bool
    """A picture that the device encoded itself; raw files are linear."""
    model: str
    """Of the device, by EXIF; empty where the file does not say."""
    sha256: str


def open_picture(path: Path) -> Picture:
    """Decodes a JPEG, PNG or raw file.

    Raises:
        StoreError: it is missing or cannot be decoded.
    """
    encoded = path.suffix.lower() in _ENCODED
    decoded = decode_phone(path) if encoded else decode_studio(path, None)
    return Picture(
        linear=decoded.linear,
        has_tone_curve=decoded.source != "raw",
        model=str(decoded.exif.get("Model", "")),
        sha256=digest(path)[0],
    )
