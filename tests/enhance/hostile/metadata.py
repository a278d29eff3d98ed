"""EXIF, ICC profiles and XMP that are damaged or lie, inside whole pictures."""

import struct
import zlib
from collections.abc import Iterator

from PIL import Image

from deepflash.enhance.profiles import adobe_rgb_profile, srgb_profile
from tests.enhance.hostile.bases import cloth, person, saved
from tests.enhance.hostile.case import Case
from tests.enhance.photo_files import directory, exif_block, grey_profile, table_profile

_FORMS = ((".jpg", "JPEG"), (".png", "PNG"), (".webp", "WEBP"), (".tif", "TIFF"))
_SIDE = 64
_PORTRAITS = 8
"""One in so many shows a face, which takes a hundred times as long."""


def metadata(random) -> Iterator[Case]:
    for number, block in enumerate([*_lying_exif(), *_broken(exif_block(6), random, 28)]):
        suffix, form = _FORMS[number % 3]
        data = saved(_picture(number), form, exif=block)
        yield Case("corrupt EXIF", suffix, data)
    for number, profile in enumerate([*_odd_profiles(), *_broken_profiles(random)]):
        suffix, form = _FORMS[number % 4]
        image = _picture(number)
        data = saved(image, form, icc_profile=profile)
        yield Case("corrupt ICC", suffix, data, "picture", image.size)
    for xmp in (b"<", b"\xff\xfe\0", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", bytes(60_000)):
        data = saved(person(4, _SIDE), "JPEG", xmp=xmp)
        yield Case("corrupt XMP", ".jpg", data, "picture", (_SIDE, _SIDE))


def _picture(number):
    return cloth() if number % _PORTRAITS else person(4, _SIDE)


def _lying_exif():
    """Blocks whose directories loop, point outside, or count to four thousand million."""
    head = b"Exif\0\0II*\0"
    at_8 = struct.pack("<I", 8)
    yield b"Exif\0\0"
    yield b"Exif\0\0II*\0"
    yield b"Exif\0\0XX*\0" + at_8
    for place in (0, 4, 9, 0x7FFFFFFF, 0xFFFFFFFF):
        yield head + struct.pack("<I", place) + bytes(20)
    for count in (0, 1, 0xFFFF):
        yield head + at_8 + struct.pack("<H", count)
    yield from (head + at_8 + directory(8, [entry], following=8) for entry in _lying_entries())
    for start, length in ((8, 0xFFFFFFFF), (0xFFFFFFFF, 8), (0, 0), (26, 1)):
        main = directory(8, [(0x0112, 3, 1, 1)], following=26)
        lost = directory(26, [(0x0103, 3, 1, 6), (0x0201, 4, 1, start), (0x0202, 4, 1, length)])
        yield head + at_8 + main + lost


def _lying_entries():
    for pointer in (0x8769, 0x8825, 0xA005):
        yield from ((pointer, 4, 1, target) for target in (8, 0, 9, 0xFFFFFFF0))
    for kind in (0, 1, 2, 3, 4, 5, 7, 12, 13, 99):
        yield from ((tag, kind, 0xFFFFFFFF, 8) for tag in (0x0112, 0x9209))
    yield from ((0x0112, 3, 1, orientation) for orientation in (0, 9, 255, 65535))


def _broken(block, random, times):
    for _ in range(times):
        data = bytearray(block)
        for _ in range(random.choice((1, 3, 10))):
            data[random.randrange(6, len(data))] = random.choice((0, 1, 0x7F, 0xFF))
        yield bytes(data[: random.choice((len(data), random.randrange(8, len(data))))])


def _odd_profiles():
    table = [(127, 128, 128)] * 8
    yield from (b"x", bytes(128), bytes(5000), b"\xff" * 300, b"not a profile" * 20)
    yield from (grey_profile(), table_profile(table), srgb_profile() * 3, adobe_rgb_profile())
    for space in (b"CMYK", b"Lab ", b"XYZ ", b"GRAY", b"\0\0\0\0"):
        yield srgb_profile()[:16] + space + srgb_profile()[20:]
    for count in (0, 1, 1000, 0xFFFFFFFF):
        yield srgb_profile()[:128] + struct.pack(">I", count) + srgb_profile()[132:]


def _broken_profiles(random):
    for profile in (srgb_profile(), adobe_rgb_profile()):
        yield from (profile[: len(profile) * eighth // 8] for eighth in range(1, 8))
        for _ in range(24):
            data = bytearray(profile)
            for _ in range(random.choice((1, 4, 30))):
                data[random.randrange(len(data))] = random.choice((0, 1, 0x80, 0xFF))
            yield bytes(data)


def chunk(kind, body):
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunks(image: Image.Image, *chunks) -> bytes:
    """A PNG with chunks behind its header."""
    data = saved(image, "PNG")
    return data[:33] + b"".join(chunks) + data[33:]
