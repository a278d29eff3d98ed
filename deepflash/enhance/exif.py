"""EXIF blocks read and changed in place, byte for byte.

Writing a block anew with another library loses what that library does not know (maker notes
point to absolute places inside the block). Here only the numbers that change are overwritten.
Layout: TIFF 6.0 section 2; tags: CIPA DC-008 (Exif 2.32) sections 4.6.4 and 4.6.5.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

PREFIX = b"Exif\x00\x00"

ORIENTATION = 0x0112
COLOUR_SPACE = 0xA001
WIDTH, HEIGHT = 0xA002, 0xA003
_EXIF_POINTER = 0x8769

_SHORT, _LONG = 3, 4
_MAX_ENTRIES = 1000


class _Entry(NamedTuple):
    tag: int
    layout: str  # of struct: byte order and size of the number
    place: int  # of the number, from the start of the block


def _byte_order(block: bytes) -> str | None:
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(block[len(PREFIX) : len(PREFIX) + 4])
    return order if block.startswith(PREFIX) else None


def _entries(block: bytes, order: str, directory: int) -> Iterator[_Entry]:
    """Yields the single numbers of one directory. Raises struct.error at the end of the data."""
    (count,) = struct.unpack_from(order + "H", block, directory)
    for index in range(min(count, _MAX_ENTRIES)):
        place = directory + 2 + 12 * index
        tag, kind, length = struct.unpack_from(order + "HHI", block, place)
        if kind in (_SHORT, _LONG) and length == 1:
            yield _Entry(tag, order + ("H" if kind == _SHORT else "I"), place + 8)


def _numbers(block: bytes) -> Iterator[_Entry]:
    """Yields the single numbers of the main directory and of the Exif directory."""
    order = _byte_order(block)
    if order is None:
        return
    main = len(PREFIX) + struct.unpack_from(order + "I", block, len(PREFIX) + 4)[0]
    for entry in _entries(block, order, main):
        yield entry
        if entry.tag == _EXIF_POINTER:
            pointer = struct.unpack_from(entry.layout, block, entry.place)[0]
            yield from _entries(block, order, len(PREFIX) + pointer)


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
    return block if _byte_order(block) else None


def number(block: bytes | None, tag: int) -> int | None:
    """Returns the value of a tag that holds one number, or None when it is not there."""
    if block is None:
        return None
    for entry in _numbers(block):
        if entry.tag == tag:
            return struct.unpack_from(entry.layout, block, entry.place)[0]
    return None


def with_numbers(block: bytes, values: dict[int, int]) -> bytes:
    """Returns the block with the given tags overwritten where they exist.

    The thumbnail is unlinked: it would show the photograph as it was before.
    """
    changed = bytearray(block)
    for entry in _numbers(block):
        if entry.tag in values:
            struct.pack_into(entry.layout, changed, entry.place, values[entry.tag])
    place = _thumbnail_pointer(block)
    changed[place : place + 4] = bytes(len(changed[place : place + 4]))
    return bytes(changed)


def _thumbnail_pointer(block: bytes) -> int:
    """Returns the place of the offset of the second directory, which describes the thumbnail."""
    order = _byte_order(block) or "<"
    main = len(PREFIX) + struct.unpack_from(order + "I", block, len(PREFIX) + 4)[0]
    return main + 2 + 12 * struct.unpack_from(order + "H", block, main)[0]
