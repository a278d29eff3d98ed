"""Bytes of a picture file to pixels and metadata, by Pillow; 16-bit values by OpenCV."""

import io
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import UInt8, UInt16
from PIL import Image, JpegImagePlugin, TiffImagePlugin

from deepflash.enhance import exif, limits, profiles, tiff
from deepflash.enhance.picture import JpegCoding
from deepflash.errors import PictureError

# Pillow opens multi-picture JPEGs (MPO) as JPEG. Nothing that runs other programs is allowed.
_FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP", "AVIF")
_PIXELS_AT_ONCE = 2**18  # a part that stays in the cache on its way from Pillow to NumPy
_LARGEST_RLE = 10**7  # Pillow unpacks run lengths of BMP in Python


class Decoded(NamedTuple):
    """What a decoder finds in a file."""

    pixels: UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"]
    """As stored, not yet turned upright."""
    alpha: UInt8[np.ndarray, "h w"] | UInt16[np.ndarray, "h w"] | None
    icc: bytes | None
    """The profile of the pixels; None is sRGB without a tag."""
    exif: bytes | None
    xmp: bytes | None
    orientation: int = 1
    """By which the pixels are to be turned, see `exif.ORIENTATION`."""
    jpeg: JpegCoding | None = None


def decode(path: Path, data: bytes) -> Decoded:
    """Returns a JPEG, PNG, TIFF, WebP, GIF, BMP or AVIF.

    Args:
        path: for messages.
        data: the whole file.

    Raises:
        PictureError: it is animated, too large or of an unknown depth; and everything that
            decoders raise for damaged files.
    """
    if exif.claims_too_much(data) or exif.claims_too_much(_jpeg_exif(data)):
        raise PictureError(f"{path} is damaged: its tags hold more than the file; copy it again")
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        bits = _bits(image, data)
        _refuse_at_once(path, image, data, bits)
        image.load()
        block = exif.normalised(
            tiff.exif_of(data)
            if isinstance(image, TiffImagePlugin.TiffImageFile)
            else image.info.get("exif")
        )
        icc = image.info.get("icc_profile")
        if icc is None and image.format in ("JPEG", "MPO") and exif.means_adobe_rgb(block):
            icc = profiles.adobe_rgb_profile()
        metadata = {
            "exif": block,
            "xmp": image.info.get("xmp"),
            "orientation": _orientation(image, block),
            "jpeg": _jpeg_coding(image),
        }
        if bits == 8:
            return Decoded(*as_rgb(image, icc), **metadata)
        size = image.size
    # Out of the context, so that Pillow's copy is gone.
    return Decoded(*_deep(data, size, icc), **metadata)


def _jpeg_exif(data: bytes) -> bytes:
    """Returns the EXIF of a JPEG as Pillow will put it together, without the prefix."""
    if data[:2] != b"\xff\xd8":
        return b""
    place, parts = 2, []
    while data[place : place + 1] == b"\xff" and data[place + 1 : place + 2] != b"\xda":
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4])
        if data[place + 1] == 0xE1 and data[place + 4 : place + 10] == exif.PREFIX:
            parts.append(data[place + 10 : end])
        place = end
    return b"".join(parts)


def _refuse_at_once(path: Path, image: Image.Image, data: bytes, bits: int) -> None:
    """Raises PictureError for what is not to be decoded at all."""
    if image.format not in ("TIFF", "MPO") and getattr(image, "is_animated", False):
        raise PictureError(f"{path} is animated; save the frame that you want as a picture")
    if bits > 16:
        raise PictureError(f"{path} holds {bits}-bit values; save it with 8 or 16 bits")
    need = {"WEBP": limits.WEBP, "AVIF": limits.HEIF}.get(image.format or "", 0)
    if not need:
        need = limits.WITH_ALPHA if _has_alpha(image) else limits.EIGHT_BITS
    limits.check_size(path, *image.size, limits.SIXTEEN_BITS if bits == 16 else need)
    if image.format in ("JPEG", "MPO"):
        limits.check_scans(path, data, *image.size)
    packed = any(tile[0] == "bmp_rle" for tile in getattr(image, "tile", ()))
    if packed and image.width * image.height > _LARGEST_RLE:
        raise PictureError(f"{path} is a large packed BMP; save it as PNG first")


def _bits(image: Image.Image, data: bytes) -> int:
    """Returns the bits of a channel value: 8 (or fewer, as 8), 16 or 32."""
    if image.mode.startswith("I;16"):
        return 16
    if image.mode in ("I", "F"):
        return 32
    if image.mode in ("RGB", "RGBA", "L", "LA"):
        if image.format == "PNG":
            return 16 if data[24] == 16 else 8  # bit depth of IHDR
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            return 16 if 16 in image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, ()) else 8
    return 8


def _has_alpha(image: Image.Image) -> bool:
    return not {"A", "a"}.isdisjoint(image.getbands()) or "transparency" in image.info


def as_rgb(
    image: Image.Image, icc: bytes | None
) -> tuple[UInt8[np.ndarray, "h w 3"], UInt8[np.ndarray, "h w"] | None, bytes | None]:
    """Returns 8-bit RGB, opacity if there is any, and the profile of the RGB.

    Works through the picture in parts, so that only one copy of it comes into being.

    Args:
        image: of any mode with 8 bits or fewer.
        icc: the profile of its values; see `profiles.reading`.
    """
    width, height = image.size
    reading = profiles.reading(image.mode, icc)
    has_alpha = _has_alpha(image)
    pixels = np.empty((height, width, 3), np.uint8)
    alpha = np.empty((height, width), np.uint8) if has_alpha else None
    rows = max(1, _PIXELS_AT_ONCE // width)
    for top in range(0, height, rows):
        bottom = min(height, top + rows)
        part = image.crop((0, top, width, bottom))
        if alpha is not None:
            part = part.convert("RGBA")
            alpha[top:bottom] = np.asarray(part.getchannel("A"))
            part = part.convert("RGB")
        pixels[top:bottom] = np.asarray(reading.to_rgb(part))
    return pixels, alpha, reading.icc


def _deep(
    data: bytes, size: tuple[int, int], icc: bytes | None
) -> tuple[UInt16[np.ndarray, "h w 3"], UInt16[np.ndarray, "h w"] | None, bytes | None]:
    """Returns 16-bit pixels, alpha or None, and the profile to write."""
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.shape[1::-1] != size:
        raise OSError("16-bit values cannot be decoded")
    if values.ndim == 2:
        grey, icc = profiles.grey_as_srgb(values, icc)
        return np.repeat(grey[..., None], 3, axis=2), None, icc
    alpha = np.ascontiguousarray(values[..., 3]) if values.shape[2] == 4 else None
    code = cv2.COLOR_BGR2RGB if alpha is None else cv2.COLOR_BGRA2RGB
    return cv2.cvtColor(values, code), alpha, profiles.rgb_profile(icc)


def _jpeg_coding(image: Image.Image) -> JpegCoding | None:
    if not isinstance(image, JpegImagePlugin.JpegImageFile) or image.mode == "CMYK":
        return None
    tables = [list(image.quantization[key]) for key in sorted(image.quantization)]
    # Pillow answers -1 for grey and for unusual subsampling; 0 is 4:4:4, which loses nothing.
    sampling = max(JpegImagePlugin.get_sampling(image), 0)
    return JpegCoding(tables, sampling, progressive=bool(image.info.get("progressive")))


def _orientation(image: Image.Image, block: bytes | None) -> int:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return 1  # Pillow and OpenCV have turned it already
    return exif.number(block, exif.ORIENTATION) or 1
