"""Photographs as people have them: any common file in, the same kind of file out.

Pixels come upright (the EXIF orientation is applied and then reset) and RGB. They stay in the
colour space of the file where its profile is one of primaries and curves, as those of phones
and cameras are: no colour outside sRGB is lost, and the profile is written again byte for byte.
Grey, CMYK, Lab and profiles made of tables become sRGB; 16-bit RGB with such a profile keeps its
values and is looked at as if it were sRGB.

EXIF travels along with a thumbnail made anew, XMP where it is still true, opacity is kept apart
and put back. Dropped are captions outside EXIF and XMP (IPTC, PNG text, comments), gain maps,
depth maps, films and second pictures: they belong to the photograph as it was.
"""

import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Shaped, UInt8, UInt16
from PIL import Image

from deepflash.atomic import replacing
from deepflash.enhance import colour, exif, heif, profiles, raw, thumbnail, xmp
from deepflash.enhance.decode import Decoded, decode
from deepflash.enhance.encode import encode
from deepflash.enhance.picture import JpegCoding, Picture
from deepflash.enhance.plan import real
from deepflash.enhance.quiet import quiet_codecs
from deepflash.errors import PictureError, one_line

# What decoders raise for damaged files, found by feeding them damaged files.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    struct.error,
    zlib.error,
    cv2.error,
)


@dataclass(frozen=True)
class Photo:
    """A photograph in memory: an upright picture and what is needed to write its like."""

    source: Path
    picture: Picture
    jpeg: JpegCoding | None
    """How the file was compressed, if it was a JPEG in RGB."""
    profile: colour.Conversion | None = None
    """Between the colour space of the pixels and sRGB; None if they are sRGB."""

    @property
    def flash_fired(self) -> bool | None:
        """Whether the flash fired by the photograph's EXIF; None if that does not say."""
        return exif.flash_fired(self.picture.exif)


def read_photo(path: Path) -> Photo:
    """Returns a JPEG, PNG (8 or 16 bit), TIFF, WebP, AVIF, GIF, BMP, HEIC or raw file.

    Raises:
        PictureError: the file is missing, no picture, damaged, cut, animated or too large, or
            its kind needs a library that is not installed.
    """
    try:
        # A pipe would be waited for, and a device may never end.
        if path.exists() and not path.is_file() and not path.is_dir():
            raise PictureError(f"{path} is no file, but a pipe or device; save it as a file first")
        data = path.read_bytes()
    except OSError as error:
        raise PictureError(f"cannot read {path}: {error.strerror}") from error
    if not data:
        raise PictureError(f"{path} is empty (0 bytes); copy it again")
    try:
        with warnings.catch_warnings(), quiet_codecs():
            # Pillow warns at half the size that it refuses; phones of 108 megapixels exist.
            warnings.simplefilter("ignore")
            return _photo(path, _decoded(path, data))
    except Image.UnidentifiedImageError as error:
        raise PictureError(
            f"{path} is not a picture that can be decoded; supported are JPEG, PNG, TIFF, WebP, "
            "HEIC, AVIF, GIF, BMP and raw files of cameras"
        ) from error
    except Image.DecompressionBombError as error:
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0) // 10**6
        raise PictureError(f"{path} claims to hold more than {limit} megapixels") from error
    except MemoryError as error:
        raise PictureError(f"{path} does not fit into memory; make it smaller first") from error
    except _DECODER_ERRORS as error:
        raise PictureError(
            f"{path} is damaged or cut ({one_line(error)}); copy it again"
        ) from error


def _decoded(path: Path, data: bytes) -> Decoded:
    if raw.is_raw(path, data):
        return raw.develop(path, data)
    if heif.is_heif(data):
        return heif.decode(path, data)
    return decode(path, data)


def _photo(path: Path, found: Decoded) -> Photo:
    pixels = upright(found.pixels, found.orientation)
    alpha = None if found.alpha is None else upright(found.alpha, found.orientation)
    block = _refreshed(found.exif, pixels, found.icc)
    picture = Picture(pixels, alpha, block, found.icc, xmp.kept(found.xmp))
    profile = colour.conversion_of(found.icc) if found.icc else None
    if profile is not None and colour.is_srgb(profile):
        profile = None
    return Photo(path, picture, found.jpeg, profile)


def _refreshed(block: bytes | None, pixels: np.ndarray, icc: bytes | None) -> bytes | None:
    """Returns the EXIF block, true of the upright pixels; its thumbnail is still the old one."""
    if block is None:
        return None
    height, width = pixels.shape[:2]
    values = {exif.ORIENTATION: 1, exif.WIDTH: width, exif.HEIGHT: height}
    if icc == profiles.srgb_profile():
        values[exif.COLOUR_SPACE] = 1
    return exif.with_numbers(block, values)


_FLIPS = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}  # codes of cv2.flip, after transposing


def upright(
    pixels: Shaped[np.ndarray, "h w *c"], orientation: int
) -> Shaped[np.ndarray, "h2 w2 *c"]:
    """Returns the pixels as they are to be looked at.

    Args:
        pixels: in the order of the file, with up to three channels.
        orientation: EXIF tag 0x0112, 1..8 (CIPA DC-008, section 4.6.4 A); others count as 1.
    """
    turned = cv2.transpose(pixels) if orientation in (5, 6, 7, 8) else pixels
    if orientation in _FLIPS:
        turned = cv2.flip(turned, _FLIPS[orientation])
    return turned


def write_photo(
    path: Path,
    photo: Photo,
    pixels: UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"],
    *,
    quality: int | None = None,
    strip: bool = False,
) -> None:
    """Writes new pixels in the format of the suffix, with the photograph's own metadata.

    Args:
        path: with a suffix of `plan.WRITABLE`; never the photograph itself.
        photo: where the pixels come from; gives EXIF, XMP, profile, alpha and JPEG tables.
        pixels: RGB, in the encoding and of the size of `photo.picture.pixels`.
        quality: 1..100 for JPEG and WebP; None compresses a JPEG as its source was.
        strip: leaves out all private data (EXIF with place, time, camera and thumbnail; XMP);
            the colour profile stays.

    Raises:
        PictureError: the format cannot hold the picture, or `path` is the photograph itself.
        StorageError: the file could not be written; nothing is left behind.
    """
    if real(path) == real(photo.source) or (path.exists() and path.samefile(photo.source)):
        raise PictureError(f"{path} is the photograph itself; choose another place for the result")
    before = photo.picture
    picture = before._replace(pixels=pixels)
    if strip:
        picture = picture._replace(exif=None, xmp=None)
    elif before.exif is not None:
        picture = picture._replace(exif=thumbnail.renewed(before.exif, pixels))
    with quiet_codecs():
        data = encode(path, picture, jpeg=photo.jpeg, quality=quality)
    with replacing(path) as temporary:
        temporary.write_bytes(data)
