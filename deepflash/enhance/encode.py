"""Pictures with their metadata as the bytes of a JPEG, PNG, TIFF or WebP file."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from deepflash.enhance import exif, tiff, xmp
from deepflash.enhance.picture import JpegCoding, Picture
from deepflash.enhance.plan import WRITABLE
from deepflash.errors import PictureError, one_line

_DEFAULT_QUALITY = 95
_LARGEST_EXIF_IN_JPEG = 65533  # a segment's length is a 16-bit number that counts itself
_LARGEST_PROGRESSIVE = 40_000_000  # pixels; all coefficients are in memory at once
_PNG_HEADER = 8 + 25  # signature and IHDR
_PNG_LEVEL = 3  # of zlib: half the time of 6 for 3 % more bytes

_ENCODER_ERRORS = (OSError, ValueError, TypeError, LookupError, struct.error, cv2.error)


def encode(path: Path, picture: Picture, *, jpeg: JpegCoding | None, quality: int | None) -> bytes:
    """Returns the bytes of a file in the format of the suffix of `path`.

    16-bit pixels stay so in PNG and TIFF and become 8-bit in JPEG and WebP.

    Args:
        path: is only looked at, not written.
        picture: what to encode.
        jpeg: the compression that a JPEG follows unless `quality` is given.
        quality: 1..100 for JPEG and WebP; 95 if there is nothing to follow.

    Raises:
        PictureError: the format is unknown or cannot hold the picture.
    """
    suffix = path.suffix.lower()
    if suffix not in WRITABLE:
        raise PictureError(f"cannot write {path}: the suffix must be one of {', '.join(WRITABLE)}")
    try:
        if suffix in (".jpg", ".jpeg"):
            return _jpeg(path, picture, jpeg, quality)
        if suffix == ".webp":
            # exact: colours under full transparency are part of the picture.
            return _saved(
                _shallow(picture), "WEBP", quality=quality or _DEFAULT_QUALITY, exact=True
            )
        return tiff.encode(picture) if suffix in (".tif", ".tiff") else _png(picture)
    except _ENCODER_ERRORS as error:
        raise PictureError(
            f"cannot encode {path}: {one_line(error)}; try another format"
        ) from error


def _shallow(picture: Picture) -> Picture:
    if picture.pixels.dtype == np.uint8:
        return picture
    # 65535 = 257 * 255, and no 16-bit value lies half-way between two 8-bit ones.
    pixels = cv2.convertScaleAbs(picture.pixels, alpha=1 / 257)
    alpha = picture.alpha
    if alpha is not None:
        alpha = cv2.convertScaleAbs(alpha, alpha=1 / 257).reshape(alpha.shape)
    return picture._replace(pixels=pixels.reshape(picture.pixels.shape), alpha=alpha)


def _saved(picture: Picture, form: str, **options: Any) -> bytes:
    image = Image.fromarray(picture.pixels)
    if picture.alpha is not None:
        image.putalpha(Image.fromarray(picture.alpha))
    for name, block in (("exif", picture.exif), ("xmp", picture.xmp)):
        if block:
            options[name] = block
    # None keeps Pillow from looking for a profile elsewhere.
    buffer = io.BytesIO()
    image.save(buffer, form, icc_profile=picture.icc, **options)
    return buffer.getvalue()


def _jpeg(path: Path, picture: Picture, jpeg: JpegCoding | None, quality: int | None) -> bytes:
    picture = _shallow(picture)
    if picture.alpha is not None and picture.alpha.min() < 255:
        raise PictureError(f"cannot write {path}: JPEG has no transparency; choose .png or .webp")
    picture = picture._replace(alpha=None)
    if picture.exif and len(picture.exif) > _LARGEST_EXIF_IN_JPEG:
        picture = picture._replace(exif=None)
    if picture.xmp and len(picture.xmp) > xmp.LARGEST_IN_JPEG:
        picture = picture._replace(xmp=None)
    small = picture.pixels.size // 3 <= _LARGEST_PROGRESSIVE
    progressive = jpeg is not None and jpeg.progressive and small
    if jpeg is not None and quality is None:
        how: dict[str, Any] = {"qtables": jpeg.tables, "subsampling": jpeg.subsampling}
    else:
        how = {"quality": quality or _DEFAULT_QUALITY, "subsampling": 0}
    return _saved(picture, "JPEG", progressive=progressive, **how)


def _webp(picture: Picture, quality: int | None) -> bytes:
    # Colours under full transparency are part of the picture.
    return _saved(_shallow(picture), "WEBP", quality=quality or _DEFAULT_QUALITY, exact=True)


def _png(picture: Picture) -> bytes:
    """Returns a PNG by OpenCV, because Pillow writes no RGB of 16 bits.

    The metadata is put in here (PNG, third edition, sections 11.3.2.3, 11.3.3.4 and 11.3.4.5):
    OpenCV refuses profiles for trifles and writes XMP where nobody looks for it.
    """
    if picture.alpha is None:
        pixels = cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2BGR)
    else:
        pixels = np.dstack([picture.pixels[..., ::-1], picture.alpha])
    encoded, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, _PNG_LEVEL])
    if not encoded:
        raise OSError("the PNG encoder failed")
    png, chunks = data.tobytes(), b""
    if picture.icc:
        chunks += _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(picture.icc))
    if picture.exif:
        chunks += _chunk(b"eXIf", picture.exif.removeprefix(exif.PREFIX))
    if picture.xmp:
        chunks += _chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + picture.xmp)
    return png[:_PNG_HEADER] + chunks + png[_PNG_HEADER:]


def _chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
