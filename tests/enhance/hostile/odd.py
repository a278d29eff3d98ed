"""Whole files that are unusual: rare kinds of pixels, odd sizes, films, odd names, no pictures."""

import gzip
import struct
import zlib
from collections.abc import Iterator

import cv2
import numpy as np

from tests.enhance.hostile.bases import cloth, person, saved
from tests.enhance.hostile.case import Case
from tests.enhance.hostile.metadata import chunk
from tests.enhance.photo_files import directory

_FORMS = ((".png", "PNG"), (".jpg", "JPEG"), (".bmp", "BMP"), (".tif", "TIFF"), (".webp", "WEBP"))
_LONG = 30_000
_LONGEST_WEBP = 16_383


def odd(random) -> Iterator[Case]:
    yield from _sizes()
    yield from _pixels()
    yield from _films()
    yield from _no_pictures(random)
    yield from _names()


def _sizes():
    for suffix, form in _FORMS:
        for size in ((1, 1), (1, 2), (2, 1), (1, 97), (97, 1), (3, 3), (8, 8), (17, 400)):
            yield _whole("odd size", suffix, person().resize(size), form)
    for size in ((_LONG, 2), (2, _LONG), (_LONG, 1), (1, _LONG)):
        for suffix, form in _FORMS:
            if form != "WEBP" or max(size) <= _LONGEST_WEBP:
                yield _whole("long and narrow", suffix, person().resize(size), form)


def _whole(kind, suffix, image, form, **options):
    return Case(kind, suffix, saved(image, form, **options), "picture", image.size)


def _pixels():
    image = person(7)
    yield _whole("odd pixels", ".jpg", image.convert("CMYK"), "JPEG")
    yield _whole("odd pixels", ".tif", image.convert("CMYK"), "TIFF")
    yield _whole("odd pixels", ".tif", image.convert("LAB"), "TIFF")
    yield _whole("odd pixels", ".tif", image.convert("YCbCr"), "TIFF", compression="jpeg")
    yield Case("odd pixels", ".jpg", _ycck(image), "picture", image.size)
    for mode in ("1", "L", "LA", "P", "PA", "RGBA"):
        for suffix, form in ((".png", "PNG"), (".tif", "TIFF")):
            if (mode, form) != ("PA", "PNG"):
                yield _whole("odd pixels", suffix, image.convert(mode), form)
    yield _whole("odd pixels", ".gif", image.quantize(8), "GIF", transparency=2)
    yield _whole("odd pixels", ".png", image.quantize(7), "PNG", transparency=bytes(range(7)))
    yield _whole("odd pixels", ".png", image.quantize(2), "PNG", bits=1)
    yield _whole("odd pixels", ".png", image, "PNG", transparency=(0, 0, 0))
    yield Case("odd pixels", ".tif", saved(image.convert("F"), "TIFF"), "refused")
    yield Case("odd pixels", ".tif", saved(image.convert("I"), "TIFF"), "refused")
    yield from _deep(np.asarray(image))


def _ycck(image):
    """A CMYK JPEG whose Adobe segment says YCCK: other colours, but a picture."""
    data = bytearray(saved(image.convert("CMYK"), "JPEG"))
    data[data.index(b"Adobe") + 11] = 2
    return bytes(data)


def _deep(pixels):
    deep = pixels.astype(np.uint16) * 257
    size = pixels.shape[1::-1]
    grey, alpha = deep[..., 1], deep[..., :1]
    for values in (deep, np.concatenate([deep, alpha], axis=2), grey):
        for suffix in (".png", ".tif"):
            data = cv2.imencode(suffix, values)[1].tobytes()
            yield Case("odd pixels", suffix, data, "picture", size)
    floats = cv2.imencode(".tif", deep.astype(np.float32) / 65535)[1].tobytes()
    yield Case("odd pixels", ".tif", floats, "refused")
    yield Case("odd pixels", ".png", _grey_and_opacity(grey), "picture", size)


def _grey_and_opacity(grey):
    height, width = grey.shape
    header = struct.pack(">IIBBBBB", width, height, 16, 4, 0, 0, 0)
    rows = np.stack([grey, np.full_like(grey, 60000)], axis=-1).astype(">u2").reshape(height, -1)
    packed = b"".join(b"\0" + row.tobytes() for row in rows)
    body = chunk(b"IDAT", zlib.compress(packed))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def _films():
    frames = [cloth(number) for number in range(4)]
    film = {"save_all": True, "append_images": frames[1:], "duration": 50}
    for suffix, form in ((".gif", "GIF"), (".webp", "WEBP"), (".png", "PNG"), (".avif", "AVIF")):
        yield Case("animated", suffix, saved(frames[0], form, **film), "refused")
    pages = saved(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    yield Case("several pages", ".tif", pages, "picture", frames[0].size)
    looped = bytearray(pages)
    place = struct.unpack_from("<I", looped, 4)[0]
    count = struct.unpack_from("<H", looped, place)[0]
    struct.pack_into("<I", looped, place + 2 + 12 * count, place)
    yield Case("several pages", ".tif", bytes(looped), "picture", frames[0].size)


def _no_pictures(random):
    texts = [
        b"",
        b"\0",
        b"\n",
        b"Dear diary\n" * 50,
        b"<!DOCTYPE html><html><body>404</body></html>",
    ]
    texts += [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7\n%\xff",
        b"PK\3\4" + bytes(60),
    ]
    texts += [
        gzip.compress(bytes(1000), mtime=0),
        b"\x7fELF" + bytes(200),
        bytes(4096),
        b"\xff" * 4096,
    ]
    texts += [
        b"P6\n9 9\n255\n" + bytes(243),
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"GIF89a",
        b"\xff\xd8\xff",
    ]
    texts += [random.randbytes(length) for length in (10, 1000, 50_000)]
    for number, data in enumerate(texts):
        for suffix in (".jpg", (".png", ".tif", ".webp", ".gif", ".bmp", ".heic")[number % 6]):
            yield Case("no picture", suffix, data, "refused")
    empty = b"II*\0" + struct.pack("<I", 8) + directory(8, [])
    beginnings = (b"FUJIFILMCCD-RAW", b"IIRO", b"MMOR", b"IIU\0", b"\0MRM", b"\0\0\0\x18ftypcrx ")
    for start in (*beginnings, empty, b"MM\0*\0\0\0\x08", b"II*\0\xff\xff\xff\xff"):
        for suffix in (".dng", ".nef", ".cr3", ".raf"):
            yield Case("garbage raw", suffix, start + random.randbytes(3000), "refused")


def _names():
    data, size = saved(cloth(8), "JPEG"), cloth().size
    stems = [
        "with space",
        "-dash",
        "--force",
        "ümläut 写真 📷",
        "new\nline",
        "tab\t",
        "'quote\"",
        "%s{0}",
    ]
    stems += [
        "$(id)",
        "a;b&c|d",
        "x" * 251,
        "double..dots..",
        "back\\slash",
        "\x1b[31mred",
        "back\rhome",
    ]
    for stem in stems:
        yield Case("odd name", ".jpg", data, "picture", size, f"{stem}.jpg")
    yield Case("odd name", ".JPG", data, "picture", size, "LOUD.JPG")
    yield Case("odd name", ".jpg", b"no picture", "refused", None, "bad\nnew\nline.jpg")
    yield Case(
        "odd name",
        ".jpg",
        b"no picture",
        "refused",
        None,
        b"bytes\xff.jpg".decode("utf-8", "surrogateescape"),
    )
