"""Photographs as people have them: any common file in, the same kind of file out.

Pixels come upright (the EXIF orientation is applied and then reset), RGB and sRGB-encoded.
EXIF and the colour profile travel along; transparency is kept apart and put back.

Wide gamuts: 8-bit pictures with another profile are converted to sRGB, so their most saturated
colours are cut. 16-bit RGB pictures keep their values and their profile; the network looks at
them as if they were sRGB. XMP, captions inside PNG text, gain maps and depth maps are dropped.
"""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Shaped, UInt8, UInt16
from PIL import ExifTags, Image, JpegImagePlugin, TiffImagePlugin

from deepflash.atomic import replacing
from deepflash.enhance import colour, exif
from deepflash.enhance.encode import JpegCoding, Picture, encode
from deepflash.enhance.plan import READABLE
from deepflash.errors import PictureError

# Pillow opens multi-picture JPEGs (MPO) as JPEG. Nothing that runs other programs is allowed.
_FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP")

# What decoders raise for damaged files, found by feeding them damaged files.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    struct.error,
    zlib.error,
    cv2.error,
)

# Baseline tags that say who, when and with what; the others of a TIFF describe its own bytes.
_TIFF_TAGS = (270, 271, 272, 282, 283, 296, 305, 306, 315, 33432)


@dataclass(frozen=True)
class Photo:
    """A photograph in memory: an upright picture and what is needed to write its like."""

    source: Path
    picture: Picture
    jpeg: JpegCoding | None
    """How the file was compressed, if it was a JPEG in RGB."""


def read_photo(path: Path) -> Photo:
    """Returns a JPEG, PNG (8 or 16 bit), TIFF, WebP, GIF or BMP.

    Raises:
        PictureError: the file is missing, no picture, damaged, cut, animated or too large.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PictureError(f"cannot read {path}: {error.strerror}") from error
    if not data:
        raise PictureError(f"{path} is empty (0 bytes); copy it again")
    try:
        with warnings.catch_warnings():
            # Pillow warns at half the size that it refuses; phones of 108 megapixels exist.
            warnings.simplefilter("ignore")
            return _decoded(path, data)
    except Image.UnidentifiedImageError as error:
        raise PictureError(f"{path} is not a picture that can be decoded{_hint(data)}") from error
    except Image.DecompressionBombError as error:
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0) // 10**6
        raise PictureError(f"{path} claims to hold more than {limit} megapixels") from error
    except MemoryError as error:
        raise PictureError(f"{path} does not fit into memory; make it smaller first") from error
    except _DECODER_ERRORS as error:
        raise PictureError(f"{path} is damaged or cut ({error}); copy it again") from error


def _hint(data: bytes) -> str:
    if data[4:8] == b"ftyp":
        return "; HEIC and AVIF are not supported: save it as JPEG first"
    return f"; supported are {', '.join(READABLE)}"


def _decoded(path: Path, data: bytes) -> Photo:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        if image.format != "TIFF" and image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
            raise PictureError(f"{path} is animated; save the frame that you want as a picture")
        image.load()
        block = exif.normalised(_tiff_exif(image) or image.info.get("exif"))
        orientation = _orientation(image, block)
        bits = _bits(image, data)
        if bits > 16:
            raise PictureError(f"{path} holds {bits}-bit values; save it with 8 or 16 bits")
        pixels, alpha, icc = _deep(image, data) if bits == 16 else _shallow(image)
        jpeg = _jpeg_coding(image)
    pixels = upright(pixels, orientation)
    alpha = None if alpha is None else upright(alpha, orientation)
    picture = Picture(pixels, alpha, _refreshed(block, pixels, icc), icc)
    return Photo(path, picture, jpeg)


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


def _shallow(image: Image.Image) -> tuple[np.ndarray, np.ndarray | None, bytes | None]:
    """Returns 8-bit sRGB pixels (h w 3), alpha (h w) or None, and the profile to write."""
    alpha = None
    if "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info:
        image_with_alpha = image.convert("RGBA")
        alpha = np.array(image_with_alpha.getchannel("A"))
        picture = image_with_alpha.convert("RGB")
    else:
        picture = image
    if picture.mode in ("P", "YCbCr", "LAB", "HSV", "1"):
        picture = picture.convert("RGB")
    srgb, icc = colour.as_srgb(picture, image.info.get("icc_profile"))
    return np.array(srgb), alpha, icc


def _deep(image: Image.Image, data: bytes) -> tuple[np.ndarray, np.ndarray | None, bytes | None]:
    """Returns 16-bit pixels (h w 3), alpha (h w) or None, and the profile to write."""
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.shape[:2] != image.size[::-1]:
        raise OSError("16-bit values cannot be decoded")
    if values.ndim == 2:
        values = values[..., None]
    alpha = np.ascontiguousarray(values[..., 3]) if values.shape[2] == 4 else None
    if values.shape[2] == 1:
        pixels = np.repeat(values, 3, axis=2)
    else:
        pixels = np.ascontiguousarray(values[..., 2::-1])
    return pixels, alpha, colour.rgb_profile(image.info.get("icc_profile"))


def _jpeg_coding(image: Image.Image) -> JpegCoding | None:
    if not isinstance(image, JpegImagePlugin.JpegImageFile) or image.mode == "CMYK":
        return None
    tables = [list(image.quantization[key]) for key in sorted(image.quantization)]
    # Pillow answers -1 for grey and for unusual subsampling; 0 is 4:4:4, which loses nothing.
    return JpegCoding(tables, max(JpegImagePlugin.get_sampling(image), 0))


def _tiff_exif(image: Image.Image) -> bytes | None:
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return None
    block = Image.Exif()
    for tag in _TIFF_TAGS:
        if tag in image.tag_v2:
            block[tag] = image.tag_v2[tag]
    for directory in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        block.get_ifd(directory).update(image.getexif().get_ifd(directory))
    return block.tobytes()


def _orientation(image: Image.Image, block: bytes | None) -> int:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return int(image.tag_v2.get(exif.ORIENTATION, 1))
    return exif.number(block, exif.ORIENTATION) or 1


def _refreshed(block: bytes | None, pixels: np.ndarray, icc: bytes | None) -> bytes | None:
    """Returns the EXIF block, true of the upright sRGB pixels."""
    if block is None:
        return None
    height, width = pixels.shape[:2]
    values = {exif.ORIENTATION: 1, exif.WIDTH: width, exif.HEIGHT: height}
    if icc == colour.srgb_profile():
        values[exif.COLOUR_SPACE] = 1
    return exif.with_numbers(block, values)


def upright(
    pixels: Shaped[np.ndarray, "h w *c"], orientation: int
) -> Shaped[np.ndarray, "h2 w2 *c"]:
    """Returns the pixels as they are to be looked at.

    Args:
        pixels: in the order of the file.
        orientation: EXIF tag 0x0112, 1..8 (CIPA DC-008, section 4.6.4 A); others count as 1.
    """
    turned = {
        2: lambda: pixels[:, ::-1],
        3: lambda: pixels[::-1, ::-1],
        4: lambda: pixels[::-1],
        5: lambda: pixels.swapaxes(0, 1),
        6: lambda: np.rot90(pixels, -1),
        7: lambda: pixels[::-1, ::-1].swapaxes(0, 1),
        8: lambda: np.rot90(pixels),
    }.get(orientation, lambda: pixels)()
    return np.ascontiguousarray(turned)


def write_photo(
    path: Path,
    photo: Photo,
    pixels: UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"],
    *,
    quality: int | None = None,
) -> None:
    """Writes new pixels in the format of the suffix, with the photograph's own metadata.

    Args:
        path: with a suffix of `plan.WRITABLE`; never the photograph itself.
        photo: where the pixels come from; gives EXIF, profile, alpha and JPEG tables.
        pixels: RGB, in the encoding and of the size of `photo.picture.pixels`.
        quality: 1..100 for JPEG and WebP; None compresses a JPEG as its source was.

    Raises:
        PictureError: the format cannot hold the picture, or `path` is the photograph itself.
        StorageError: the file could not be written; nothing is left behind.
    """
    if path.resolve() == photo.source.resolve() or (path.exists() and path.samefile(photo.source)):
        raise PictureError(f"{path} is the photograph itself; choose another place for the result")
    before = photo.picture
    picture = Picture(pixels, before.alpha, before.exif, before.icc)
    data = encode(path, picture, jpeg=photo.jpeg, quality=quality)
    with replacing(path) as temporary:
        temporary.write_bytes(data)
