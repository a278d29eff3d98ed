"""Reads the pixels of JPEG, PNG, WebP and TIFF files as they are encoded, whole or not at all."""

import io
import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt
from PIL import Image, ImageCms

from acquisition.errors import StoreError
from acquisition.prepare import icc
from acquisition.prepare.icc import Encoding

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")
HEIF = "HEIF"
ORIENTATION = 0x0112
INTEROPERABILITY_IFD, INTEROPERABILITY_INDEX = 0xA005, 1
UNREADABLE_PROFILE = f"{icc.SRGB} (the file's own profile cannot be read)"
_MODES_OF_SPACE = {b"RGB ": "RGB", b"GRAY": "L", b"CMYK": "CMYK"}
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_END_OF_IMAGE = 0xD9
_NO_END = "its end is missing or damaged"
_DAMAGED = (OSError, SyntaxError, ValueError, LookupError, TypeError, EOFError, ArithmeticError)


@dataclass(frozen=True, eq=False)
class Pixels:
    """A picture as its file has it."""

    values: UInt[np.ndarray, "h w 3"]
    """8 or 16 bit, as stored: not yet upright."""
    encoding: Encoding
    orientation: int
    """EXIF's, 1 to 8."""


def read_pixels(path: Path) -> Pixels:
    """Reads a picture; grey becomes three channels, transparency is dropped.

    Raises:
        StoreError: it cannot be read, is no picture, not a whole one, or of a form that is not
            read here (HEIC without Pillow's plugin).
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from error
    if not data:
        raise StoreError(f"{path} is empty; copy it again from the device or the mirror")
    try:
        with Image.open(io.BytesIO(data), formats=_formats(path, data)) as image:
            image.load()
            if (check := _ENDS.get(image.format or "")) is not None:
                check(data)
            return _pixels(image, data)
    except (*_DAMAGED, struct.error, MemoryError, Image.DecompressionBombError) as error:
        why = str(error).replace(repr(path), "").strip() or type(error).__name__
        if isinstance(error, Image.UnidentifiedImageError):
            why = f"it begins with {data[:8].hex(' ')}"
        raise StoreError(
            f"{path} is no whole picture ({' '.join(why.split())}); copy it again from the device "
            "or the mirror"
        ) from error


def _formats(path: Path, data: bytes) -> tuple[str, ...]:
    if data[4:8] != b"ftyp":
        return FORMATS
    Image.init()
    if HEIF not in Image.OPEN:
        raise StoreError(
            f"{path} is a HEIC picture, which Pillow does not read here: set the phone to JPEG "
            "('most compatible'), or convert the file"
        )
    return (HEIF,)


def _pixels(image: Image.Image, data: bytes) -> Pixels:
    if image.mode in ("F", "I"):
        raise ValueError(f"its pixels are of a kind that cameras do not write: {image.mode}")
    exif = image.getexif()
    orientation = exif.get(ORIENTATION, 1)
    profile = image.info.get("icc_profile")
    values, encoding = None, None
    if image.mode != "CMYK":
        encoding = icc.encoding_of(profile)
    if encoding is None:
        values, encoding = _through_littlecms(image, profile)
    elif not profile and exif.get_ifd(INTEROPERABILITY_IFD).get(INTEROPERABILITY_INDEX) == "R03":
        encoding = icc.adobe_rgb()
    if values is None:
        values = _deep(image, data)
    if values is None:
        values = np.asarray(image.convert("RGB"))
    return Pixels(values, encoding, orientation if orientation in range(1, 9) else 1)


def _deep(image: Image.Image, data: bytes) -> UInt[np.ndarray, "h w 3"] | None:
    """Returns pixels of 16 bits, which Pillow cannot hold in colour; None for a file of 8."""
    if image.format not in ("PNG", "TIFF"):
        return None
    if not _has_16_bits(image, data):
        return None
    # Not IMREAD_COLOR_RGB: OpenCV 5.0 returns noise for a TIFF of 16 bits then.
    flags = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR_BGR | cv2.IMREAD_IGNORE_ORIENTATION
    values = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if values is None or values.dtype != np.uint16:
        raise ValueError("its 16-bit pixels cannot be decoded")
    return values[..., ::-1]


def _has_16_bits(image: Image.Image, data: bytes) -> bool:
    if image.format == "PNG":
        return data[24] == 16  # bit depth in IHDR, which is always first
    bits = getattr(image, "tag_v2", {}).get(258, (8,))
    return max(bits if isinstance(bits, tuple) else (bits,)) == 16


def _through_littlecms(
    image: Image.Image, profile: bytes | None
) -> tuple[UInt[np.ndarray, "h w 3"] | None, Encoding]:
    """Converts by a profile of tables: 8 bit, cut to sRGB; without a fitting one it is sRGB."""
    mode = _MODES_OF_SPACE.get((profile or b"")[16:20])
    if profile is None or mode is None or (mode == "CMYK") != (image.mode == "CMYK"):
        name = UNREADABLE_PROFILE if profile else icc.SRGB
        return None, Encoding(name, None, None)
    try:
        converted = ImageCms.profileToProfile(
            image if image.mode == mode else image.convert(mode),
            io.BytesIO(profile),  # type: ignore[arg-type] - Pillow takes any file
            io.BytesIO(icc.srgb_profile()),  # type: ignore[arg-type]
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError):
        return None, Encoding(UNREADABLE_PROFILE, None, None)
    name = icc.profile_name(profile) or "unnamed profile"
    return np.asarray(converted), Encoding(name, None, None)


def _check_jpeg(data: bytes) -> None:
    """The decoder is content with zeros in place of the rest; a thumbnail has an end of its own."""
    position = 2
    while True:
        found = _MARKER.search(data, position)
        if found is None:
            raise ValueError(_NO_END)
        marker = data[found.start() + 1]
        if marker == _END_OF_IMAGE:
            return
        (length,) = struct.unpack_from(">H", data, found.end())
        position = found.end() + length


def _check_png(data: bytes) -> None:
    """The decoder is content with pixels that are missing or damaged near the end."""
    position, kind = 8, b""
    while kind != b"IEND":
        if position + 12 > len(data):
            raise ValueError(_NO_END)
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        if data[end : end + 4] != struct.pack(">I", zlib.crc32(data[position + 4 : end])):
            raise ValueError(_NO_END)
        position = end + 4


_ENDS = {"JPEG": _check_jpeg, "MPO": _check_jpeg, "PNG": _check_png}
