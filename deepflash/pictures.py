"""Reading and writing the pictures of a pair dataset, strictly: whole or not at all."""

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8, UInt16

from deepflash.atomic import replacing
from deepflash.errors import PictureError

_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_PNG_START, _PNG_END = b"\x89PNG", b"IEND\xaeB`\x82"

# A decoder that meets a cut file fills the rest with grey and only warns, so the end marker is
# looked for before decoding. Cameras may append a few bytes behind it.
_TAIL_BYTES = 4096


def _whole(data: bytes) -> bool:
    if data.startswith(_JPEG_START):
        return _JPEG_END in data[-_TAIL_BYTES:]
    if data.startswith(_PNG_START):
        return _PNG_END in data[-_TAIL_BYTES:]
    return True


def read_picture(path: Path) -> UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"]:
    """Returns the pixels of a JPEG, PNG, TIFF or WebP as RGB, without applying EXIF orientation.

    The encoding (sRGB or linear) is that of the file; 16-bit files stay 16-bit. Alpha is
    dropped and grey becomes RGB.

    Raises:
        PictureError: the file is missing, truncated or no picture.
    """
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    return _decode(path, flags)


def read_mask(path: Path) -> UInt8[np.ndarray, "h w"]:
    """Returns an 8-bit mask. Raises PictureError as `read_picture` does."""
    return _decode(path, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)


def _decode(path: Path, flags: int) -> np.ndarray:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PictureError(f"cannot read {path}: {error.strerror}") from error
    if not _whole(data):
        raise PictureError(f"{path} is truncated ({len(data)} bytes); copy or import it again")
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    except cv2.error:
        picture = None
    if picture is None:
        raise PictureError(f"{path} is not a picture that can be decoded")
    return picture


def write_picture(path: Path, picture: np.ndarray, *, quality: int = 95) -> None:
    """Writes RGB or grey pixels (uint8 or uint16) in the format of the suffix, atomically.

    Args:
        path: `.jpg` (quality, 4:4:4), `.png` (8 or 16 bit) or any other suffix OpenCV knows.
        picture: (h, w, 3) RGB or (h, w).
        quality: JPEG quality in 1..100.

    Raises:
        StorageError: the file could not be written; nothing is left behind.
    """
    pixels = picture[..., ::-1] if picture.ndim == 3 else picture
    options = {
        ".jpg": [
            cv2.IMWRITE_JPEG_QUALITY,
            quality,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        ],
        ".png": [cv2.IMWRITE_PNG_COMPRESSION, 3],
    }.get(path.suffix.lower(), [])
    encoded, data = cv2.imencode(path.suffix, np.ascontiguousarray(pixels), options)
    if not encoded:
        raise PictureError(f"cannot encode a picture as {path.suffix}: {path}")
    with replacing(path) as temporary:
        temporary.write_bytes(data.tobytes())


def srgb_to_linear(encoded: Float32[np.ndarray, "*shape"]) -> Float32[np.ndarray, "*shape"]:
    """Returns linear light in [0,1] for sRGB-encoded values in [0,1] (IEC 61966-2-1)."""
    low = encoded / np.float32(12.92)
    high = ((np.maximum(encoded, 0) + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.where(encoded <= np.float32(0.04045), low, high)


def linear_to_srgb(linear: Float32[np.ndarray, "*shape"]) -> Float32[np.ndarray, "*shape"]:
    """Returns sRGB-encoded values in [0,1] for linear light, clipped to [0,1] first."""
    linear = np.clip(linear, 0, 1)
    high = np.float32(1.055) * linear ** np.float32(1 / 2.4) - np.float32(0.055)
    encoded = np.where(linear <= np.float32(0.0031308), linear * np.float32(12.92), high)
    return np.where(linear >= 1, np.float32(1), encoded)  # 1.055 - 0.055 is not 1 in float32


def to_unit(picture: np.ndarray) -> Float32[np.ndarray, "*shape"]:
    """Returns integer pixels as float32 in [0,1]; the encoding stays."""
    return picture.astype(np.float32) / np.float32(np.iinfo(picture.dtype).max)


def from_unit(picture: Float32[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
    """Returns 8-bit pixels of values in [0,1], rounded and clipped; the encoding stays."""
    return (np.clip(picture, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)
