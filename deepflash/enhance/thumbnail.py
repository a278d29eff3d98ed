"""The small picture inside an EXIF block, made anew from the new photograph.

Exif 2.32 section 4.5.5 and 4.8: the second directory says where a JPEG lies in the block.
"""

import io
import struct

import cv2
import numpy as np
from jaxtyping import UInt8, UInt16
from PIL import Image

from deepflash.enhance import exif

_LONG_SIDE = 160
_QUALITIES = (85, 75, 60, 40, 20)
_WIDTH, _HEIGHT = 0x0100, 0x0101
_START, _LENGTH = 0x0201, 0x0202
_LARGEST_BLOCK = 65533  # of a JPEG's segment

Pixels = UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"]


def renewed(block: bytes, pixels: Pixels) -> bytes:
    """Returns the EXIF block with its thumbnail, if it has one, showing `pixels`.

    The new thumbnail takes the place of the old one, so nothing else moves; where it does not
    fit it goes to the end. One that cannot be replaced is unlinked. The bytes of the old one
    are gone in all cases that cameras produce.

    Args:
        block: see `exif.normalised`.
        pixels: upright, in the colour space of the file.
    """
    changed = bytearray(block)
    try:
        order = exif.byte_order(block) or "<"
        link = _link(block, order)
        (offset,) = struct.unpack_from(order + "I", block, link)
        if offset:
            directory = len(exif.PREFIX) + offset
            numbers = {entry.tag: entry for entry in exif.entries(block, order, directory)}
            if not _replaced(changed, directory, numbers, pixels):
                struct.pack_into("4x", changed, link)
    except struct.error:
        # Beyond the end of a damaged block: there is no thumbnail to be found.
        return bytes(changed)
    return bytes(changed)


def _link(block: bytes, order: str) -> int:
    """Returns the place of the offset of the second directory."""
    main = exif.main_directory(block, order)
    return main + 2 + 12 * struct.unpack_from(order + "H", block, main)[0]


def _replaced(
    changed: bytearray, directory: int, numbers: dict[int, exif.Entry], pixels: Pixels
) -> bool:
    """Puts a new thumbnail into the block; tells whether there was one that could be replaced."""

    def value(tag: int) -> int:
        entry = numbers[tag]
        return struct.unpack_from(entry.layout, changed, entry.place)[0]

    if _START not in numbers or _LENGTH not in numbers:
        return False
    start, length = len(exif.PREFIX) + value(_START), value(_LENGTH)
    # Cameras put the picture behind its directory; elsewhere it could lie over something else.
    if start < directory + 2 + 12 * len(numbers) or start + length > len(changed):
        return False
    small = _small(pixels)
    changed[start : start + length] = bytes(length)
    made = next((jpeg for q in _QUALITIES if len(jpeg := _jpeg(small, q)) <= length), None)
    if made is not None:
        changed[start : start + len(made)] = made
    else:
        made, start = _jpeg(small, _QUALITIES[1]), len(changed)
        if start + len(made) > _LARGEST_BLOCK:
            return False
        changed += made
    news = {
        _START: start - len(exif.PREFIX),
        _LENGTH: len(made),
        _WIDTH: small.shape[1],
        _HEIGHT: small.shape[0],
        exif.ORIENTATION: 1,
    }
    for tag, entry in numbers.items():
        if tag in news:
            struct.pack_into(entry.layout, changed, entry.place, news[tag])
    return True


def _small(pixels: Pixels) -> UInt8[np.ndarray, "small_h small_w 3"]:
    height, width = pixels.shape[:2]
    scale = min(1.0, _LONG_SIDE / max(height, width))
    shape = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels, shape, interpolation=cv2.INTER_AREA)
    return cv2.convertScaleAbs(small, alpha=1 / 257) if small.dtype == np.uint16 else small


def _jpeg(small: UInt8[np.ndarray, "small_h small_w 3"], quality: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(small).save(buffer, "JPEG", quality=quality, subsampling=1)
    return buffer.getvalue()
