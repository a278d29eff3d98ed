"""EXIF blocks read and changed in place, byte for byte.

Writing a block anew with another library loses what that library does not know (maker notes
point to absolute places inside the block). Here only the numbers that change are overwritten.
Layout: TIFF 6.0 section 2; tags: CIPA DC-008 (Exif 2.32) sections 4.6.4 to 4.6.7.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

PREFIX = b"Exif\x00\x00"

ORIENTATION = 0x0112
FLASH = 0x9209
COLOUR_SPACE = 0xA001
WIDTH, HEIGHT = 0xA002, 0xA003
EXIF_POINTER, GPS_POINTER = 0x8769, 0x8825
_INTEROPERABILITY_POINTER = 0xA005
_INTEROPERABILITY_INDEX = 1
_POINTERS = (EXIF_POINTER, GPS_POINTER, _INTEROPERABILITY_POINTER)

_SHORT, _LONG = 3, 4
_MAX_ENTRIES = 1000
_SIZE_OF_KIND = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_OVERLAP = 64 * 2**20


class Entry(NamedTuple):
    """One number of a directory."""

    tag: int
    layout: str
    """Byte order and size of the number, for `struct`."""
    place: int
    """Of the number, from the start of the block."""


def byte_order(block: bytes) -> str | None:
    """Returns < or > for `struct`, None if the block is no EXIF."""
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(block[len(PREFIX) : len(PREFIX) + 4])
    return order if block.startswith(PREFIX) else None


def main_directory(block: bytes, order: str) -> int:
    """Returns the place of the first directory. Raises struct.error at the end of the data."""
    return len(PREFIX) + struct.unpack_from(order + "I", block, len(PREFIX) + 4)[0]


def entries(block: bytes, order: str, directory: int) -> Iterator[Entry]:
    """Yields the single numbers of one directory. Raises struct.error at the end of the data."""
    (count,) = struct.unpack_from(order + "H", block, directory)
    for index in range(min(count, _MAX_ENTRIES)):
        place = directory + 2 + 12 * index
        tag, kind, length = struct.unpack_from(order + "HHI", block, place)
        if kind in (_SHORT, _LONG) and length == 1:
            yield Entry(tag, order + ("H" if kind == _SHORT else "I"), place + 8)


def _numbers(block: bytes) -> Iterator[Entry]:
    """Yields the single numbers of the main directory and of the Exif directory."""
    order = byte_order(block)
    if order is None:
        return
    for entry in entries(block, order, main_directory(block, order)):
        yield entry
        if entry.tag == EXIF_POINTER:
            pointer = struct.unpack_from(entry.layout, block, entry.place)[0]
            yield from entries(block, order, len(PREFIX) + pointer)


def normalised(block: bytes | None) -> bytes | None:
    """Returns the block with its "Exif" prefix, or None when there is none or it is damaged."""
    if not block:
        return None
    block = block if block.startswith(PREFIX) else PREFIX + block
    try:
        for entry in _numbers(block):
            struct.unpack_from(entry.layout, block, entry.place)
    except struct.error:
        return None
    return block if byte_order(block) and not claims_too_much(block[len(PREFIX) :]) else None


def number(block: bytes | None, tag: int) -> int | None:
    """Returns the value of a tag that holds one number, or None when it is not there."""
    if block is None:
        return None
    for entry in _numbers(block):
        if entry.tag == tag:
            return struct.unpack_from(entry.layout, block, entry.place)[0]
    return None


def with_numbers(block: bytes, values: dict[int, int]) -> bytes:
    """Returns the block with the given tags overwritten where they exist."""
    changed = bytearray(block)
    for entry in _numbers(block):
        if entry.tag in values:
            struct.pack_into(entry.layout, changed, entry.place, values[entry.tag])
    return bytes(changed)


def flash_fired(block: bytes | None) -> bool | None:
    """Returns whether the flash fired, None if the camera does not say or has none."""
    flash = number(block, FLASH)
    if flash is None or flash & 0x20:  # bit 5: no flash function
        return None
    return bool(flash & 1)


def means_adobe_rgb(block: bytes | None) -> bool:
    """Tells whether a camera marked its JPEG as Adobe RGB, the way DCF does without a profile."""
    if block is None or number(block, COLOUR_SPACE) != 0xFFFF:
        return False
    order, pointer = byte_order(block), number(block, _INTEROPERABILITY_POINTER)
    if order is None or pointer is None:
        return False
    directory = len(PREFIX) + pointer
    try:
        tag, _, length, value = struct.unpack_from(order + "HHI4s", block, directory + 2)
    except struct.error:
        return False
    return (tag, length, value[:3]) == (_INTEROPERABILITY_INDEX, 4, b"R03")


def has_tag(tiff: bytes, wanted: int) -> bool:
    """Tells whether the first directory of a TIFF file has a tag."""
    order = "<" if tiff[:2] == b"II" else ">"
    try:
        (directory,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, directory)
        tags = (struct.unpack_from(order + "H", tiff, directory + 2 + 12 * i) for i in range(count))
        return any(tag == wanted for (tag,) in tags)
    except struct.error:
        return False


def claims_too_much(tiff: bytes) -> bool:
    """Tells whether the tags claim far more bytes than there are, as only hostile files do.

    A library that loads every tag would copy the same bytes thousands of times.

    Args:
        tiff: a TIFF file, or an EXIF block without its prefix.
    """
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return False
    claimed, waiting, seen = 0, [struct.unpack_from(order + "I", tiff, 4)[0]], set()
    while waiting and len(seen) <= len(_POINTERS):
        directory = waiting.pop()
        if directory in seen or directory + 2 > len(tiff):
            continue
        seen.add(directory)
        (count,) = struct.unpack_from(order + "H", tiff, directory)
        table = tiff[directory + 2 : directory + 2 + 12 * count]
        for tag, kind, length, value in struct.iter_unpack(
            order + "HHII", table[: len(table) // 12 * 12]
        ):
            size = length * _SIZE_OF_KIND.get(kind, 0)
            claimed += size if size > 4 and value + size <= len(tiff) else 0
            if tag in _POINTERS:
                waiting.append(value)
    return claimed > len(tiff) + _OVERLAP
