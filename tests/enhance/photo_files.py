"""Photographs drawn for tests, with the metadata that cameras write."""

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


def grey_profile():
    """The smallest grey ICC profile (ICC.1 section 8.3.3): white point and one gamma of 1.8."""
    tags = {
        b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061),
        b"kTRC": b"curv\0\0\0\0" + struct.pack(">IH", 1, int(1.8 * 256)) + b"\0\0",
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"grey\0" + bytes(79),
    }
    place, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for tag, content in tags.items():
        content += bytes(-len(content) % 4)
        table += tag + struct.pack(">II", place + len(body), len(content))
        body += content
    head = struct.pack(
        ">I4xI4s4s4s12x4s", place + len(body), 0x02100000, b"mntr", b"GRAY", b"XYZ ", b"acsp"
    ).ljust(68, b"\0")
    head += struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def save(path, pixels, **options):
    Image.fromarray(pixels).save(path, **options)
    return path


def round_trip(path, out):
    photo = read_photo(path)
    write_photo(out, photo, photo.picture.pixels)
    return photo, read_photo(out)
