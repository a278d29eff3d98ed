"""Pictures with their metadata as the bytes of a JPEG, PNG, TIFF or WebP file."""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from jaxtyping import UInt8, UInt16
from PIL import ExifTags, Image, TiffImagePlugin

from deepflash.enhance.plan import WRITABLE
from deepflash.errors import PictureError

_DEFAULT_QUALITY = 95
_LARGEST_EXIF_IN_JPEG = 65533  # a segment's length is a 16-bit number that counts itself

_ENCODER_ERRORS = (OSError, ValueError, TypeError, LookupError, struct.error, cv2.error)


class Picture(NamedTuple):
    """Upright RGB pixels and what belongs to them."""

    pixels: UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"]
    alpha: UInt8[np.ndarray, "h w"] | UInt16[np.ndarray, "h w"] | None
    """Opacity, of the same depth as the pixels."""
    exif: bytes | None
    """Starts with "Exif"."""
    icc: bytes | None


@dataclass(frozen=True)
class JpegCoding:
    """How a JPEG was compressed, to compress its successor the same way."""

    tables: list[list[int]]
    """Quantisation tables, 64 numbers each, as Pillow gives and takes them."""
    subsampling: int
    """0 is 4:4:4, 1 is 4:2:2, 2 is 4:2:0."""


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
            return _saved(_shallow(picture), "WEBP", quality=quality or _DEFAULT_QUALITY)
        if suffix in (".tif", ".tiff"):
            return _tiff(picture)
        if picture.pixels.dtype == np.uint16:
            return _deep_png(picture)
        return _saved(picture, "PNG")
    except _ENCODER_ERRORS as error:
        raise PictureError(f"cannot encode {path}: {error}; try another format") from error


def _shallow(picture: Picture) -> Picture:
    if picture.pixels.dtype == np.uint8:
        return picture

    def rounded(values: UInt16[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
        # 65535 = 257 * 255; the halves round up.
        return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)

    alpha = None if picture.alpha is None else rounded(picture.alpha)
    return picture._replace(pixels=rounded(picture.pixels), alpha=alpha)


def _saved(picture: Picture, form: str, **options: Any) -> bytes:
    pixels = picture.pixels
    if picture.alpha is not None:
        pixels = np.dstack([pixels, picture.alpha])
        options["exact"] = True  # WebP: colours under full transparency are part of the picture
    if picture.exif:
        options["exif"] = picture.exif
    # None keeps Pillow from looking for a profile elsewhere.
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, icc_profile=picture.icc, **options)
    return buffer.getvalue()


def _jpeg(path: Path, picture: Picture, jpeg: JpegCoding | None, quality: int | None) -> bytes:
    picture = _shallow(picture)
    if picture.alpha is not None and picture.alpha.min() < 255:
        raise PictureError(f"cannot write {path}: JPEG has no transparency; choose .png or .webp")
    if picture.exif and len(picture.exif) > _LARGEST_EXIF_IN_JPEG:
        picture = picture._replace(exif=None)
    picture = picture._replace(alpha=None)
    if jpeg is not None and quality is None:
        return _saved(picture, "JPEG", qtables=jpeg.tables, subsampling=jpeg.subsampling)
    return _saved(picture, "JPEG", quality=quality or _DEFAULT_QUALITY, subsampling=0)


def _deep_png(picture: Picture) -> bytes:
    pixels = picture.pixels[..., ::-1]
    if picture.alpha is not None:
        pixels = np.dstack([pixels, picture.alpha])
    kinds, blocks = [], []
    if picture.exif:
        kinds.append(cv2.IMAGE_METADATA_EXIF)
        blocks.append(np.frombuffer(picture.exif.removeprefix(b"Exif\x00\x00"), np.uint8))
    if picture.icc:
        kinds.append(cv2.IMAGE_METADATA_ICCP)
        blocks.append(np.frombuffer(picture.icc, np.uint8))
    options = [cv2.IMWRITE_PNG_COMPRESSION, 3]
    encoded, data = cv2.imencodeWithMetadata(
        ".png", np.ascontiguousarray(pixels), kinds, blocks, options
    )
    if not encoded:
        raise OSError("the PNG encoder failed")
    return data.tobytes()


def _tiff(picture: Picture) -> bytes:
    """Returns a TIFF of one deflated strip (TIFF 6.0, section 6 and technical note 2).

    OpenCV writes no EXIF, Pillow no 16-bit RGB; its libtiff refuses EXIF directories.
    """
    samples = picture.pixels
    if picture.alpha is not None:
        samples = np.dstack([samples, picture.alpha])
    height, width, channels = samples.shape
    little_endian = samples.dtype.newbyteorder("<")
    strip = zlib.compress(np.ascontiguousarray(samples, little_endian).tobytes(), 6)
    directory = _metadata_directory(picture)
    directory[TiffImagePlugin.IMAGEWIDTH] = width
    directory[TiffImagePlugin.IMAGELENGTH] = height
    directory[TiffImagePlugin.BITSPERSAMPLE] = (8 * samples.itemsize,) * channels
    directory[TiffImagePlugin.COMPRESSION] = 8  # deflate
    directory[TiffImagePlugin.PHOTOMETRIC_INTERPRETATION] = 2  # RGB
    directory[TiffImagePlugin.SAMPLESPERPIXEL] = channels
    directory[TiffImagePlugin.ROWSPERSTRIP] = height
    directory[TiffImagePlugin.STRIPBYTECOUNTS] = len(strip)
    directory[TiffImagePlugin.STRIPOFFSETS] = 0  # counted from the end of the directory
    if channels == 4:
        directory[TiffImagePlugin.EXTRASAMPLES] = 2  # alpha that is not multiplied in
    header = struct.pack("<2sHI", b"II", 42, 8)
    return header + directory.tobytes(len(header)) + strip


def _metadata_directory(picture: Picture) -> TiffImagePlugin.ImageFileDirectory_v2:
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    if picture.exif:
        block = Image.Exif()
        with warnings.catch_warnings():
            # About tags that are damaged and left out; the picture is whole.
            warnings.simplefilter("ignore")
            block.load(picture.exif)
            directories = {
                pointer: block.get_ifd(pointer)
                for pointer in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)
            }
            main = dict(block.items())
        for tag, value in main.items():
            directory[tag] = value
        for pointer, entries in directories.items():
            if entries:
                directory[pointer] = dict(entries)
    if picture.icc:
        directory[TiffImagePlugin.ICCPROFILE] = picture.icc
    return directory
