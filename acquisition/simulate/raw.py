"""Writes a minimal DNG: one Bayer mosaic with what a raw developer needs, nothing else.

Adobe, *Digital Negative Specification* 1.4, chapters 4 and 6. The camera's own colours are those
of sRGB behind filters of unequal strength, so a developer that follows the file gets the picture
back.
"""

import struct
from datetime import datetime

import msgspec
import numpy as np

WHITE_BALANCE = (0.55, 1.0, 0.7)
"""What the camera reads for white light: red, green, blue."""
XYZ_TO_SRGB = np.array(
    [
        [3.2404542, -1.5371385, -0.4985314],
        [-0.9692660, 1.8760108, 0.0415560],
        [0.0556434, -0.2040259, 1.0572252],
    ]
)
D65 = 21
COLOUR_FILTER_ARRAY = 32803
RGGB = bytes((0, 1, 1, 2))
_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _SIGNED = 1, 2, 3, 4, 5, 10
_DENOMINATOR = 1_000_000

Entry = tuple[int, int, int, bytes]
"""Tag, type, count and value of a TIFF directory."""


class RawMeta(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says about the shot."""

    taken: datetime
    exposure_s: float
    f_number: float
    iso: int
    serial: str
    number: int
    """Of the exposure; keeps two files of the same scene apart."""


def mosaic(picture: np.ndarray, bits: int) -> np.ndarray:
    """Returns what a sensor behind an RGGB filter reads for a picture.

    Args:
        picture: sRGB, 8 bit, both sides even, channels last.
        bits: of the sensor, 12 to 16.
    """
    import cv2

    black, white = levels(bits)
    encoded = np.arange(256) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    tables = [
        np.round(black + linear * gain * (white - black)).astype(np.uint16)
        for gain in WHITE_BALANCE
    ]
    sensor = np.empty(picture.shape[:2], np.uint16)
    for row, column, channel in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        light = np.ascontiguousarray(picture[row::2, column::2, channel])
        sensor[row::2, column::2] = cv2.LUT(light, tables[channel])
    return sensor


def levels(bits: int) -> tuple[int, int]:
    """Returns the sensor's readings for black and for white."""
    return 1 << (bits - 5), (1 << bits) - 1


def write_dng(sensor: np.ndarray, bits: int, meta: RawMeta) -> bytes:
    """Returns a DNG file that holds the readings of `mosaic`."""
    height, width = sensor.shape
    black, white = levels(bits)
    colour = np.diag(WHITE_BALANCE) @ XYZ_TO_SRGB
    date = meta.taken.strftime("%Y:%m:%d %H:%M:%S")
    entries = [
        _longs(254, 0),
        _longs(256, width),
        _longs(257, height),
        _shorts(258, 16),
        _shorts(259, 1),
        _shorts(262, COLOUR_FILTER_ARRAY),
        _text(271, "DeepFlash"),
        _text(272, "Simulated studio camera"),
        _shorts(274, 1),
        _shorts(277, 1),
        _longs(278, height),
        _longs(279, sensor.nbytes),
        _shorts(284, 1),
        _text(306, date),
        _shorts(33421, 2, 2),
        (33422, _BYTE, 4, RGGB),
        (50706, _BYTE, 4, bytes((1, 4, 0, 0))),
        (50707, _BYTE, 4, bytes((1, 1, 0, 0))),
        _text(50708, "DeepFlash Simulated studio camera"),
        _shorts(50714, black),
        _longs(50717, white),
        _rationals(50721, _SIGNED, *colour.ravel()),
        _rationals(50728, _RATIONAL, *WHITE_BALANCE),
        _text(50735, meta.serial),
        _shorts(50778, D65),
    ]
    return _file(entries, _exif(meta, date), sensor.astype("<u2", copy=False).tobytes())


def _exif(meta: RawMeta, date: str) -> list[Entry]:
    return [
        _rationals(33434, _RATIONAL, meta.exposure_s),
        _rationals(33437, _RATIONAL, meta.f_number),
        _shorts(34855, min(meta.iso, 65535)),
        (36864, 7, 4, b"0232"),
        _text(36867, date),
        _text(36881, "+00:00"),
        _text(37521, f"{meta.taken.microsecond // 10_000:02d}"),
        _text(42016, f"{meta.number:032x}"),
    ]


def _file(entries: list[Entry], exif: list[Entry], strip: bytes) -> bytes:
    start = 8
    # Two entries hold offsets that are known only when all sizes are: IFD0 first without them.
    size = _directory_size([*entries, _longs(273, 0), _longs(34665, 0)])
    strip_at = start + size + _directory_size(exif)
    entries = sorted([*entries, _longs(273, strip_at), _longs(34665, start + size)])
    head = b"II" + struct.pack("<HI", 42, start)
    return b"".join((head, _directory(entries, start), _directory(exif, start + size), strip))


def _directory_size(entries: list[Entry]) -> int:
    return 2 + 12 * len(entries) + 4 + sum(_room(value) for *_, value in entries)


def _room(value: bytes) -> int:
    return 0 if len(value) <= 4 else len(value) + len(value) % 2


def _directory(entries: list[Entry], start: int) -> bytes:
    table, values = struct.pack("<H", len(entries)), b""
    values_at = start + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        place = value.ljust(4, b"\x00")
        if len(value) > 4:
            place = struct.pack("<I", values_at + len(values))
            values += value.ljust(_room(value), b"\x00")
        table += struct.pack("<HHI", tag, kind, count) + place
    return table + struct.pack("<I", 0) + values


def _shorts(tag: int, *values: int) -> Entry:
    return tag, _SHORT, len(values), struct.pack(f"<{len(values)}H", *values)


def _longs(tag: int, *values: int) -> Entry:
    return tag, _LONG, len(values), struct.pack(f"<{len(values)}I", *values)


def _text(tag: int, text: str) -> Entry:
    value = text.encode("ascii", "replace") + b"\x00"
    return tag, _ASCII, len(value), value


def _rationals(tag: int, kind: int, *values: float) -> Entry:
    code = "<ii" if kind == _SIGNED else "<II"
    packed = b"".join(
        struct.pack(code, round(value * _DENOMINATOR), _DENOMINATOR) for value in values
    )
    return tag, kind, len(values), packed
