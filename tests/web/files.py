"""Photographs drawn for the tests of the page's file formats."""

import io
import struct

import numpy as np
from PIL import Image, PngImagePlugin

from deepflash.enhance.profiles import adobe_rgb_profile
from tests.enhance.photo_files import MAKER_NOTE, directory, draw_pixels

PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" '
    b'exif:PixelXDimension="32" dc:creator="Ada"><dc:title>Portrait</dc:title>'
    b"</rdf:Description></x:xmpmeta>"
)
PLACE = PACKET.replace(b"dc:creator", b'exif:GPSLatitude="48,12.5N" dc:creator')


def p3_profile():
    """Display P3 by its primaries (CSS Color 4) and the curve of sRGB."""
    icc = bytearray(adobe_rgb_profile())
    primaries = ((33756, 15807, -69), (19136, 45343, 2745), (10305, 4386, 51402))
    for index, xyz in enumerate(primaries):
        (place,) = struct.unpack_from(">I", icc, 132 + 12 * index + 4)
        struct.pack_into(">3i", icc, place + 8, *xyz)
    curve = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    tag = b"para\0\0\0\0" + struct.pack(">HH5i", 3, 0, *(round(v * 65536) for v in curve))
    for index in (4, 5, 6):
        struct.pack_into(">II", icc, 132 + 12 * index + 4, len(icc), len(tag))
    icc += tag
    struct.pack_into(">I", icc, 0, len(icc))
    return bytes(icc)


def gps_entries():
    degrees = struct.pack("<6I", 48, 1, 12, 1, 30, 1)
    return [(0, 1, 4, 0x302), (1, 2, 2, b"N\0"), (2, 5, 3, degrees), (3, 2, 2, b"E\0"),
            (4, 5, 3, degrees)]  # fmt: skip


def camera_exif(*, orientation=6, thumbnail=b"", gps=True, flash=0x19, after=b""):
    """EXIF as a phone writes it: date, maker, maker note, place and a thumbnail, little endian."""
    main_place, inner_place, gps_place, second_place = 8, 150, 500, 700
    main = directory(
        main_place,
        [
            (0x010F, 2, 6, b"Maker\0"),
            (0x0112, 3, 1, orientation),
            (0x0132, 2, 20, b"2026:02:03 04:05:06\0"),
            (0x8769, 4, 1, inner_place),
            *([(0x8825, 4, 1, gps_place)] if gps else []),
            (0x9C9B, 1, 2, b"A\0"),
        ],
        following=second_place if thumbnail else 0,
    )
    inner = directory(
        inner_place,
        [
            (0x9003, 2, 20, b"2026:02:03 04:05:06\0"),
            (0x9209, 3, 1, flash),
            (0x927C, 7, 200, MAKER_NOTE),
            (0xA001, 3, 1, 65535),
            (0xA002, 4, 1, 32),
            (0xA003, 3, 1, 24),
        ],
    )
    tiff = (b"II*\0" + struct.pack("<I", 8) + main).ljust(inner_place, b"\0") + inner
    tiff = tiff.ljust(gps_place, b"\0")
    if gps:
        tiff += directory(gps_place, gps_entries())
    tiff = tiff.ljust(second_place, b"\0")
    if thumbnail:
        start = second_place + 2 + 4 * 12 + 4
        tiff += directory(
            second_place,
            [
                (0x0103, 3, 1, 6),
                (0x0112, 3, 1, orientation),
                (0x0201, 4, 1, start),
                (0x0202, 4, 1, len(thumbnail)),
            ],
        )
    return b"Exif\0\0" + tiff + thumbnail + after


def saved(image, form, **options):
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def smooth(height=72, width=96, channels=3):
    return draw_pixels(height, width, channels=channels)


def sixteen_bits(height=72, width=96):
    """A PNG with 16 bits a sample."""
    import cv2

    return cv2.imencode(".png", draw_pixels(height, width, np.uint16))[1].tobytes()


def png_info(packet, *, packed=False):
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", packet.decode(), zip=packed)
    return info


def array(data):
    return np.frombuffer(data, np.uint8)
