"""Colour profiles inside photographs: which are kept, and which are converted at decoding."""

import io
import struct
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt16
from PIL import Image, ImageCms

from deepflash.enhance.colour import conversion_of

_MODE_OF_SPACE = {b"GRAY": "L", b"RGB ": "RGB", b"CMYK": "CMYK"}


class Reading(NamedTuple):
    """How the stored values of an 8-bit picture become RGB."""

    to_rgb: Callable[[Image.Image], Image.Image]
    """Takes a part of the picture without alpha."""
    icc: bytes | None
    """The profile of what comes out; None is sRGB without a tag."""


def srgb_profile() -> bytes:
    """Returns an sRGB profile, the same bytes every time."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes(12)  # the time of creation
    return bytes(profile)


def adobe_rgb_profile() -> bytes:
    """Returns a profile for Adobe RGB (1998), drawn up from the figures of its definition."""
    colours = {
        b"rXYZ": (39994, 20389, 1276),
        b"gXYZ": (13453, 41012, 3990),
        b"bXYZ": (9781, 4135, 48782),
        b"wtpt": (63190, 65536, 54061),
    }
    tags = {name: b"XYZ \0\0\0\0" + struct.pack(">3i", *xyz) for name, xyz in colours.items()}
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        tags[name] = b"curv\0\0\0\0" + struct.pack(">IHxx", 1, 563)  # gamma 563/256
    text = b"compatible with Adobe RGB (1998)\0"
    tags[b"desc"] = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)
    tags[b"cprt"] = b"text\0\0\0\0no copyright\0"
    place, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        table += name + struct.pack(">II", place + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(
        ">I4xI4s4s4s12x4s", place + len(body), 0x02100000, b"mntr", b"RGB ", b"XYZ ", b"acsp"
    )
    head = head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _opened(icc: bytes) -> ImageCms.ImageCmsProfile | None:
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(icc))
    except OSError:
        return None


def _space(icc: bytes) -> bytes:
    """Returns the colour space of the pictures that the profile is for (ICC.1, section 7.2.6)."""
    return icc[16:20]


def rgb_profile(icc: bytes | None) -> bytes | None:
    """Returns `icc` if it is a readable profile of RGB pictures, else None."""
    return icc if icc and _space(icc) == b"RGB " and _opened(icc) is not None else None


def reading(mode: str, icc: bytes | None) -> Reading:
    """Returns how an 8-bit picture of a Pillow mode becomes RGB, and the profile it then has.

    RGB with a profile of primaries and curves keeps values and profile. A picture without a
    profile, or with one that is damaged or made for another kind of picture, is taken to be
    sRGB and stays untagged. The rest (grey, CMYK, tables of colours) is converted to sRGB
    (relative colorimetric, black point compensated) and tagged so; colours outside sRGB are cut.
    """
    plain = Reading(_as_rgb, None)
    profile = _opened(icc) if icc else None
    if icc is None or profile is None:
        return plain
    stored = _MODE_OF_SPACE.get(_space(icc))
    if stored is None or (stored == "CMYK") != (mode == "CMYK"):
        return plain
    if stored == "RGB" and conversion_of(icc) is not None:
        return Reading(_as_rgb, icc)
    tag = srgb_profile()
    try:
        transform = ImageCms.buildTransform(
            profile,
            ImageCms.ImageCmsProfile(io.BytesIO(tag)),
            stored,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except ImageCms.PyCMSError:
        return plain

    def converted(part: Image.Image) -> Image.Image:
        part = part if part.mode == stored else part.convert(stored)
        return ImageCms.applyTransform(part, transform) or part.convert("RGB")

    return Reading(converted, tag)


def _as_rgb(part: Image.Image) -> Image.Image:
    return part if part.mode == "RGB" else part.convert("RGB")


def grey_as_srgb(
    values: UInt16[np.ndarray, "h w"], icc: bytes | None
) -> tuple[UInt16[np.ndarray, "h w"], bytes | None]:
    """Returns 16-bit grey values as sRGB, and the profile to write with them.

    Without a readable grey profile they are sRGB already.
    """
    if not icc or _space(icc) != b"GRAY" or _opened(icc) is None:
        return values, None
    # The converter works on 8-bit pictures; between its 256 answers lies a smooth curve.
    steps = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    made = reading("L", icc)
    curve = np.asarray(made.to_rgb(steps))[0, :, 1].astype(np.float64) * 257
    table = np.interp(np.arange(65536), np.arange(256) * 257, curve)
    return np.round(table).astype(np.uint16)[values], made.icc
