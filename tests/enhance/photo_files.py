"""Photographs drawn for tests, with the metadata that cameras write."""

import io
import struct

import numpy as np
from PIL import Image

from deepflash.enhance.photo import read_photo, write_photo

MAKER_NOTE = bytes(range(200))


def draw_pixels(height=24, width=32, dtype=np.uint8, channels=3):
    """A smooth picture with a mark in its top left corner."""
    y, x = np.mgrid[:height, :width]
    planes = [x / width, y / height, (x + y) / (width + height), 0.3 + 0.5 * x / width]
    picture = 0.1 + 0.7 * np.stack(planes[:channels], axis=-1)
    picture[: height // 4, : width // 4] = 0.95
    return (picture * np.iinfo(dtype).max).astype(dtype)


def exif_block(orientation=1):
    """EXIF of a photograph of 32 x 24 pixels that is to be turned."""
    block = Image.Exif()
    block[0x010F] = "Maker"
    block[0x0112] = orientation
    inner = block.get_ifd(0x8769)
    inner[0x927C] = MAKER_NOTE
    inner[0xA001] = 65535
    inner[0xA002], inner[0xA003] = 32, 24
    return block.tobytes()


def directory(place, entries, following=0):
    """A little endian TIFF directory at `place`: (tag, type, count, value) or bytes for a value.

    Returns its bytes and, behind them, those of the values that do not fit into the entries.
    """
    head, body = struct.pack("<H", len(entries)), b""
    behind = place + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        head += struct.pack("<HHI", tag, kind, count)
        if isinstance(value, int):
            head += struct.pack("<I", value)
        elif len(value) <= 4:
            head += value.ljust(4, b"\0")
        else:
            head += struct.pack("<I", behind + len(body))
            body += value
    return head + struct.pack("<I", following) + body


def exif_with_thumbnail(thumbnail, *, orientation=6, after=b"", flash=0x19):
    """EXIF whose second directory describes a JPEG, and whatever is to lie behind that."""
    inner_place, second_place = 8 + 2 + 2 * 12 + 4, 400
    main = directory(
        8, [(0x0112, 3, 1, orientation), (0x8769, 4, 1, inner_place)], following=second_place
    )
    inner = directory(
        inner_place,
        [(0x9209, 3, 1, flash), (0x927C, 7, 200, MAKER_NOTE), (0xA001, 3, 1, 65535)],
    )
    start = second_place + 2 + 4 * 12 + 4
    second = directory(
        second_place,
        [
            (0x0103, 3, 1, 6),
            (0x0112, 3, 1, orientation),
            (0x0201, 4, 1, start),
            (0x0202, 4, 1, len(thumbnail)),
        ],
    )
    tiff = (b"II*\0" + struct.pack("<I", 8) + main + inner).ljust(second_place, b"\0") + second
    return b"Exif\0\0" + tiff + thumbnail + after


def small_jpeg(pixels, quality=90):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def table_profile(colours):
    """An RGB profile made of a table (ICC.1:2022 section 10.11): Lab for the eight corners.

    Args:
        colours: Lab of (0,0,0), (0,0,1), (0,1,0) ... (1,1,1) as bytes L * 2.55, a + 128, b + 128.
    """
    line = bytes(range(256)) * 3
    one, none = struct.pack(">i", 65536), bytes(4)
    matrix = one + none * 3 + one + none * 3 + one
    lut = b"mft1\0\0\0\0" + bytes((3, 3, 2, 0)) + matrix + line + bytes(sum(colours, ())) + line
    return _profile(
        b"RGB ",
        b"Lab ",
        {
            b"A2B0": lut,
            b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061),
            b"desc": b"desc\0\0\0\0" + struct.pack(">I", 6) + b"table\0" + bytes(78),
        },
    )


def grey_profile():
    """The smallest grey ICC profile (ICC.1 section 8.3.3): white point and one gamma of 1.8."""
    tags = {
        b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061),
        b"kTRC": b"curv\0\0\0\0" + struct.pack(">IH", 1, int(1.8 * 256)) + b"\0\0",
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"grey\0" + bytes(79),
    }
    return _profile(b"GRAY", b"XYZ ", tags)


def _profile(space, connection, tags):
    place, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for tag, content in tags.items():
        content += bytes(-len(content) % 4)
        table += tag + struct.pack(">II", place + len(body), len(content))
        body += content
    head = struct.pack(
        ">I4xI4s4s4s12x4s", place + len(body), 0x02100000, b"mntr", space, connection, b"acsp"
    ).ljust(68, b"\0")
    head += struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def save(path, pixels, **options):
    Image.fromarray(pixels).save(path, **options)
    return path


def round_trip(path, out, **options):
    photo = read_photo(path)
    write_photo(out, photo, photo.picture.pixels, **options)
    return photo, read_photo(out)
