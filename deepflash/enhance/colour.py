"""Colour spaces of photographs: to sRGB, which the network knows, and back, exactly.

Covers profiles of three primaries and three tone curves (ICC.1:2022 sections 8.4.3, 10.6, 10.18):
Display P3, Adobe RGB, ProPhoto, Rec. 2020 and what monitors and cameras name after themselves.
"""

import struct
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

SRGB_PRIMARIES = (
    (0.4360747, 0.3850649, 0.1430804),
    (0.2225045, 0.7168786, 0.0606169),
    (0.0139322, 0.0971045, 0.7141733),
)
"""XYZ under D50 of red, green and blue (columns), as every sRGB profile has them."""

_STEPS = 4096  # a line between two of them is nowhere 1e-4 from the curve
_GRID = np.linspace(0, 1, _STEPS)
_MAX_TAGS = 100

Curve = Float[np.ndarray, " steps"]


@dataclass(frozen=True, eq=False)
class Conversion:
    """Between the colour space of a photograph and sRGB, for small float pictures.

    Nothing is clipped: colours outside sRGB come out below 0 or above 1, and go back to what
    they were. Clip before a network looks at them.
    """

    to_linear_srgb: Float[np.ndarray, "3 3"]
    """Linear light of the photograph's space to linear light with sRGB primaries."""
    curves: tuple[Curve, Curve, Curve]
    """Linear light at evenly spaced encoded values, for red, green and blue."""

    def to_srgb(self, picture: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 3"]:
        """Returns sRGB-encoded values of a picture that is encoded in the photograph's space."""
        linear = np.empty_like(picture)
        for channel, curve in enumerate(self.curves):
            linear[..., channel] = _mirrored(picture[..., channel], curve, _slope_at_one(curve))
        return _srgb_encoded(linear @ self.to_linear_srgb.T.astype(np.float32))

    def from_srgb(self, picture: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 3"]:
        """Returns values in the photograph's space of a picture that is sRGB-encoded."""
        linear = _srgb_decoded(picture) @ np.linalg.inv(self.to_linear_srgb).T.astype(np.float32)
        for channel, curve in enumerate(self.curves):
            slope = 1 / _slope_at_one(curve)
            linear[..., channel] = _mirrored(
                linear[..., channel], _inverse(curve), slope, of_root=True
            )
        return linear


def _slope_at_one(curve: Curve) -> float:
    return max(float(curve[-1] - curve[-9]) * (_STEPS - 1) / 8, 0.1)


def _inverse(curve: Curve) -> Curve:
    """Returns encoded values at evenly spaced square roots of linear light.

    Roots, because encoded values rise too steeply from black for even steps of light.
    """
    return np.interp(_GRID**2, curve, _GRID)


def _mirrored(
    values: Float32[np.ndarray, "h w"], table: Curve, slope: float, *, of_root: bool = False
) -> Float32[np.ndarray, "h w"]:
    """Returns the values of a table over [0,1], straight on above 1 and mirrored below 0."""
    size = np.abs(values)
    within = np.minimum(size, 1)
    place = (np.sqrt(within) if of_root else within) * np.float32(_STEPS - 1)
    index = np.minimum(place.astype(np.int32), _STEPS - 2)
    levels = table.astype(np.float32)
    lower = levels[index]
    found = lower + (levels[index + 1] - lower) * (place - index)
    found += np.float32(slope) * np.maximum(size - 1, 0)
    return np.copysign(found, values).astype(np.float32)


def _srgb_encoded(linear: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 3"]:
    """Returns IEC 61966-2-1 values, mirrored below 0."""
    light = np.abs(linear)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.copysign(encoded, linear)


def _srgb_decoded(encoded: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 3"]:
    value = np.abs(encoded)
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return np.copysign(light, encoded)


def conversion_of(icc: bytes) -> Conversion | None:
    """Returns the conversion of an RGB profile of primaries and curves, None for all others."""
    try:
        tags = _tags(icc)
        primaries = np.array([_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]).T
        red, green, blue = (_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC"))
    except (KeyError, ValueError, IndexError, struct.error):
        return None
    matrix = np.linalg.inv(np.array(SRGB_PRIMARIES)) @ primaries
    white = matrix.sum(axis=1, keepdims=True)
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-3 or white.min() < 0.5:
        return None
    # Rounded primaries do not add up to white exactly; grey must stay grey.
    return Conversion(matrix / white, (red, green, blue))


def is_srgb(conversion: Conversion) -> bool:
    """Tells whether a conversion changes nothing that an 8-bit picture shows."""
    levels = np.linspace(0, 1, 9, dtype=np.float32)
    colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(27, 27, 3)
    return bool(np.abs(conversion.to_srgb(colours) - colours).max() < 2 / 255)


def _tags(icc: bytes) -> dict[bytes, bytes]:
    if icc[16:20] != b"RGB " or icc[20:24] != b"XYZ ":
        raise ValueError("no profile of RGB pictures by way of XYZ")
    count = min(struct.unpack_from(">I", icc, 128)[0], _MAX_TAGS)
    table = [struct.unpack_from(">4sII", icc, 132 + 12 * index) for index in range(count)]
    return {name: icc[place : place + size] for name, place, size in table}


def _xyz(tag: bytes) -> list[float]:
    if tag[:4] != b"XYZ ":
        raise ValueError("not a colour")
    return [value / 65536 for value in struct.unpack_from(">3i", tag, 8)]


def _curve(tag: bytes) -> Curve:
    """Returns the tone curve of a tag at `_GRID`. Raises ValueError if it cannot be inverted."""
    kind = tag[:4]
    if kind == b"curv":
        values = _table(tag)
    elif kind == b"para":
        values = _parametric(tag)
    else:
        raise ValueError("not a tone curve")
    steps = np.diff(values)
    if not np.isfinite(values).all() or values[-1] - values[0] < 0.5 or steps.min() < 0:
        raise ValueError("a tone curve that cannot be inverted")
    return values


def _table(tag: bytes) -> Curve:
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return _GRID
    if count == 1:
        return _GRID ** (struct.unpack_from(">H", tag, 12)[0] / 256)
    values = np.frombuffer(tag, ">u2", count, 12) / 65535
    return np.interp(_GRID, np.linspace(0, 1, count), values)


def _parametric(tag: bytes) -> Curve:
    """Returns a curve given by a formula (ICC.1:2022 section 10.18, functions 0 to 4)."""
    (kind,) = struct.unpack_from(">H", tag, 8)
    count = (1, 3, 4, 5, 7)[kind]
    given = [value / 65536 for value in struct.unpack_from(f">{count}i", tag, 12)]
    gamma, a, b, *others = given if count > 1 else (*given, 1.0, 0.0)
    upper = np.maximum(a * _GRID + b, 0) ** gamma
    if kind < 3:  # flat below the place where a x + b is 0
        (shift,) = others or (0.0,)
        values = upper + shift
    else:
        slope, start, shift, lower_shift = (*others, 0.0, 0.0)[:4]
        values = np.where(_GRID >= start, upper + shift, slope * _GRID + lower_shift)
    return np.clip(values, 0, 1)
