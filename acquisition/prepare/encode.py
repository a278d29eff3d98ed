"""Writes the pictures of a dataset: nothing in them but the picture and that it is sRGB."""

import hashlib
import io
import struct
import zlib
from pathlib import Path

import cv2
import msgspec
import numpy as np
from jaxtyping import UInt, UInt8
from PIL import Image

from acquisition.errors import StoreError
from acquisition.prepare.icc import srgb_profile
from acquisition.prepare.light import to_srgb8
from acquisition.prepare.privacy import assert_private
from acquisition.store.publish import replace_bytes

__all__ = ["Written", "assert_private", "to_srgb8", "write_jpeg", "write_png"]

JPEG_QUALITY = 95
_PNG_COMPRESSION = 3
_AFTER_HEADER = 8 + 25
"""Where a PNG's second chunk begins: behind signature and IHDR."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is on the disk, for the manifest."""

    bytes: int
    sha256: str


def write_jpeg(
    path: Path, picture: UInt8[np.ndarray, "h w 3"], quality: int = JPEG_QUALITY
) -> Written:
    """Writes sRGB pixels as a JPEG with full colour resolution (4:4:4) and an sRGB profile.

    The file appears under its name when it is whole, and replaces one that was there.

    Args:
        path: in an existing folder.
        picture: sRGB, channels last.
        quality: 1 to 95.

    Raises:
        StoreError: the disk is full or failed; what was there before is still there.
    """
    buffer = io.BytesIO()
    try:
        Image.fromarray(np.ascontiguousarray(picture)).save(
            buffer, "JPEG", quality=quality, subsampling=0, icc_profile=srgb_profile()
        )
    except (OSError, ValueError) as error:
        raise StoreError(f"cannot encode {path} as JPEG: {error}") from error
    return _put(path, buffer.getvalue())


def write_png(path: Path, pixels: UInt[np.ndarray, "h w *channels"]) -> Written:
    """Writes a mask (8 bit, no channels) or a picture (8 or 16 bit sRGB, channels last) as PNG.

    The file appears under its name when it is whole, and replaces one that was there. Pictures
    are marked as sRGB, masks are not.

    Args:
        path: in an existing folder.
        pixels: uint8 or uint16.

    Raises:
        StoreError: the disk is full or failed; what was there before is still there.
    """
    coloured = pixels.ndim == 3
    ordered = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if coloured else pixels
    try:
        done, data = cv2.imencode(
            ".png", np.ascontiguousarray(ordered), [cv2.IMWRITE_PNG_COMPRESSION, _PNG_COMPRESSION]
        )
    except cv2.error as error:
        raise StoreError(f"cannot encode {path} as PNG: {error.err}") from error
    if not done:
        raise StoreError(f"cannot encode {path} as PNG: {pixels.dtype}, {pixels.shape}")
    encoded = data.tobytes()
    if coloured:
        encoded = encoded[:_AFTER_HEADER] + _srgb_chunk() + encoded[_AFTER_HEADER:]
    return _put(path, encoded)


def _srgb_chunk() -> bytes:
    body = b"sRGB\x00"  # rendering intent: perceptual
    return struct.pack(">I", 1) + body + struct.pack(">I", zlib.crc32(body))


def _put(path: Path, data: bytes) -> Written:
    replace_bytes(data, path, scratch=path.parent)
    return Written(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
