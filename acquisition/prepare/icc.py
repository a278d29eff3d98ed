"""What an ICC profile says: how encoded values become linear light with sRGB primaries.

ICC.1:2022, chapters 7 to 10, and only what pictures of cameras have: three curves and a matrix, or
one curve for grey. Such a profile is undone in floating point, so colours outside sRGB stay what
they are: beyond 0 and 1. littleCMS through Pillow would cut them, at 8 bits.
"""

import io
import struct
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float32, Float64
from PIL import ImageCms

from acquisition.prepare.light import srgb_curve

SRGB = "sRGB"
ADOBE_RGB = "Adobe RGB (1998)"
ADOBE_GAMMA = 563 / 256
SRGB_TO_D50 = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)
"""Linear sRGB to XYZ under D50 (Bradford)."""
ADOBE_TO_D50 = np.array(
    [
        [0.6097559, 0.2052401, 0.1492240],
        [0.3111242, 0.6256560, 0.0632197],
        [0.0194811, 0.0608902, 0.7448387],
    ]
)
_MATRIX_SLACK = 2e-3
_CURVE_SLACK = 2e-3
_TAG = struct.Struct(">4sII")
_PARAMETERS = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}


@dataclass(frozen=True, eq=False)
class Encoding:
    """How a picture's values hold light."""

    name: str
    curves: tuple["Curve", "Curve", "Curve"] | None
    """Red, green, blue; None: sRGB's."""
    matrix: Float32[np.ndarray, "3 3"] | None
    """Linear light of the picture's primaries to sRGB's; None: they are sRGB's."""

    def tables(self, levels: int) -> Float32[np.ndarray, "levels 3"]:
        """Returns the linear light of each of the `levels` codes, channel by channel."""
        encoded = np.arange(levels) / (levels - 1)
        if self.curves is None:
            return np.repeat(srgb_curve(encoded)[:, None], 3, axis=1).astype(np.float32)
        return np.stack([curve.light(encoded) for curve in self.curves], axis=1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Curve:
    """A tone curve: a table over equal steps, or a parametric function of ICC's five kinds."""

    table: Float64[np.ndarray, " n"] | None = None
    kind: int = 0
    parameters: tuple[float, ...] = (1.0,)

    def light(self, encoded: Float64[np.ndarray, " levels"]) -> Float64[np.ndarray, " levels"]:
        """Returns linear light for encoded values, 0 to 1 each."""
        if self.table is not None:
            return np.interp(encoded, np.linspace(0, 1, len(self.table)), self.table)
        gamma, a, b, slope, border, raised, lower = self._all()
        power = np.maximum(a * encoded + b, 0) ** gamma + raised
        return np.clip(np.where(encoded >= border, power, slope * encoded + lower), 0, 1)

    def _all(self) -> tuple[float, ...]:
        """Returns gamma, a, b, slope below the border, border, and what is added on both sides."""
        given = self.parameters
        if self.kind == 0:
            return given[0], 1.0, 0.0, 0.0, 0.0, 0.0, 0.0
        gamma, a, b, *rest = given
        if self.kind <= 2:
            added = rest[0] if rest else 0.0
            return gamma, a, b, 0.0, -b / a, added, added
        return gamma, a, b, rest[0], rest[1], *(rest[2:] or (0.0, 0.0))


SRGB_ENCODING = Encoding(SRGB, None, None)


def encoding_of(icc: bytes | None) -> Encoding | None:
    """Returns what a profile says, sRGB without one.

    None where it has no curves and matrix (tables of printers), or cannot be read. Neutral stays
    neutral whatever rounding the profile's matrix has. One that is sRGB but for rounding is undone
    by sRGB's exact curve.
    """
    if not icc:
        return SRGB_ENCODING
    try:
        return _parsed(icc)
    except (ValueError, LookupError, ArithmeticError, struct.error, np.linalg.LinAlgError):
        return None


def adobe_rgb() -> Encoding:
    """Returns the encoding of cameras that name it by EXIF (interoperability `R03`) alone."""
    curve = Curve(parameters=(ADOBE_GAMMA,))
    return Encoding(ADOBE_RGB, (curve, curve, curve), _to_srgb(ADOBE_TO_D50))


def profile_name(icc: bytes) -> str:
    """Returns how the profile describes itself, on one line."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        name = ImageCms.getProfileDescription(profile)
    except (OSError, ImageCms.PyCMSError):
        return ""
    return " ".join(name.split())[:64]


@cache
def srgb_profile() -> bytes:
    """Returns an sRGB profile, the same bytes every time."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes(12)  # the time of creation
    return bytes(profile)


def _parsed(icc: bytes) -> Encoding | None:
    tags = _tags(icc)
    space, connection = icc[16:20], icc[20:24]
    name = profile_name(icc) or "unnamed profile"
    if space == b"GRAY" and b"kTRC" in tags:
        curve = _curve(tags[b"kTRC"])
        return _simplest(Encoding(name, (curve, curve, curve), None))
    wanted = [b"rTRC", b"gTRC", b"bTRC", b"rXYZ", b"gXYZ", b"bXYZ"]
    if space != b"RGB " or connection != b"XYZ " or not all(tag in tags for tag in wanted):
        return None
    red, green, blue = (_curve(tags[tag]) for tag in wanted[:3])
    matrix = _to_srgb(np.stack([_xyz(tags[tag]) for tag in wanted[3:]], axis=1))
    return _simplest(Encoding(name, (red, green, blue), matrix))


def _tags(icc: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", icc, 128)
    if count > 256:
        raise ValueError(f"{count} tags")
    table = [_TAG.unpack_from(icc, 132 + _TAG.size * index) for index in range(count)]
    return {tag: icc[offset : offset + size] for tag, offset, size in table}


def _xyz(tag: bytes) -> Float64[np.ndarray, "3"]:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _curve(tag: bytes) -> Curve:
    if tag.startswith(b"para"):
        (kind,) = struct.unpack_from(">H", tag, 8)
        values = struct.unpack_from(f">{_PARAMETERS[kind]}i", tag, 12)
        return Curve(kind=kind, parameters=tuple(value / 65536 for value in values))
    if not tag.startswith(b"curv"):
        raise ValueError(f"a curve of kind {tag[:4]!r}")
    (count,) = struct.unpack_from(">I", tag, 8)
    values = struct.unpack_from(f">{min(count, 65536)}H", tag, 12)
    if count == 0:
        return Curve()
    if count == 1:
        return Curve(parameters=(values[0] / 256,))
    return Curve(table=np.array(values) / 65535)


def _to_srgb(to_d50: Float64[np.ndarray, "3 3"]) -> Float32[np.ndarray, "3 3"]:
    matrix = np.linalg.solve(SRGB_TO_D50, to_d50)
    white = matrix.sum(axis=1, keepdims=True)
    if not np.all(white > 0):
        raise ValueError("a profile without white")
    return (matrix / white).astype(np.float32)


def _simplest(encoding: Encoding) -> Encoding:
    """Returns the encoding with sRGB's own curve and primaries where they are these."""
    matrix, curves = encoding.matrix, encoding.curves
    if matrix is not None and np.abs(matrix - np.eye(3)).max() < _MATRIX_SLACK:
        matrix = None
    difference = encoding.tables(256) - SRGB_ENCODING.tables(256)
    if matrix is None and np.abs(difference).max() < _CURVE_SLACK:
        curves = None
    return Encoding(encoding.name, curves, matrix)
