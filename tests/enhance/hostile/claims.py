"""Small files that claim to be enormous, and bombs that become so."""

import struct
import zlib
from collections.abc import Iterator

from tests.enhance.hostile.bases import cloth, person, saved
from tests.enhance.hostile.case import Case
from tests.enhance.hostile.metadata import chunk, with_chunks
from tests.enhance.photo_files import directory

_SIZES = (
    (65535, 65535), (65500, 65500), (30000, 30000), (16383, 16383), (65535, 1), (1, 65535),
    (0, 100), (100, 0), (0, 0), (20000, 9000),
)  # fmt: skip
_LARGER = ((2**31 - 1, 2**31 - 1), (2**31, 1), (2**32 - 1, 2**32 - 1), (1, 2**31 - 1))
_BOMB = 2**26


def claims() -> Iterator[Case]:
    for width, height in _SIZES:
        for suffix, write in _HEADERS:
            yield Case("claimed size", suffix, write(width, height))
    for width, height in _LARGER:
        for suffix, write in _WIDE_HEADERS:
            yield Case("claimed size", suffix, write(width, height), "refused")
    yield from _bombs()


def _png(width, height, depth=8, colour=2, packed=None):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    packed = zlib.compress(bytes(1000)) if packed is None else packed
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def _jpeg(width, height, progressive=False):
    data = bytearray(saved(cloth(), "JPEG", progressive=progressive))
    frame = data.index(b"\xff\xc2" if progressive else b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def _progressive(width, height):
    return _jpeg(width, height, progressive=True)


def _gif(width, height):
    data = bytearray(saved(cloth(), "GIF"))
    data[6:10] = struct.pack("<HH", width, height)
    picture = data.index(b"\x2c\0\0\0\0")
    data[picture + 5 : picture + 9] = struct.pack("<HH", width, height)
    return bytes(data)


def _bmp(width, height):
    data = bytearray(saved(cloth(), "BMP"))
    data[18:26] = struct.pack("<II", width, height)
    return bytes(data)


def _packed_bmp(width, height):
    info = struct.pack("<IIIHHIIiiII", 40, width, height, 1, 8, 1, 4, 0, 0, 256, 0)
    head = struct.pack("<2sIHHI", b"BM", 14 + 40 + 1024 + 4, 0, 0, 14 + 40 + 1024)
    return head + info + bytes(1024) + bytes((200, 7, 0, 1))


def _tiff(width, height, compression=1):
    entries = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, compression),
        (262, 3, 1, 1), (273, 4, 1, 200), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, 100),
    ]  # fmt: skip
    packed = zlib.compress(bytes(100_000))
    return (b"II*\0" + struct.pack("<I", 8) + directory(8, entries)).ljust(200, b"\0") + packed


def _packed_tiff(width, height):
    return _tiff(width, height, compression=8)


def _webp(width, height):
    body = bytearray(saved(cloth(), "WEBP"))
    body[26:30] = struct.pack("<HH", width & 0x3FFF, height & 0x3FFF)
    return bytes(body)


def _webp_canvas(width, height):
    still = saved(cloth(), "WEBP")[12:]
    canvas = (max(width, 1) - 1).to_bytes(4, "little")[:3] + (max(height, 1) - 1).to_bytes(
        4, "little"
    )[:3]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + canvas + still
    return b"RIFF" + struct.pack("<I", len(body)) + body


_HEADERS = [
    (".png", _png),
    (".jpg", _jpeg),
    (".jpg", _progressive),
    (".gif", _gif),
    (".bmp", _bmp),
    (".bmp", _packed_bmp),
    (".tif", _tiff),
    (".tif", _packed_tiff),
    (".dng", _tiff),
    (".webp", _webp),
    (".webp", _webp_canvas),
]
_WIDE_HEADERS = [(".png", _png), (".bmp", _bmp), (".tif", _tiff), (".tif", _packed_tiff)]


def _bombs():
    zeros = zlib.compress(bytes(_BOMB), 9)
    text = zlib.compress(b"<" * _BOMB, 9)
    image = person(5, 64)
    for body in (b"a\0\0" + text, b"icc\0\0" + zeros):
        for kind in (b"zTXt", b"iCCP"):
            yield Case("bomb", ".png", with_chunks(image, chunk(kind, body)))
    itxt = chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + text)
    yield Case("bomb", ".png", with_chunks(image, itxt))
    many = [chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**19), 9))] * 400
    yield Case("bomb", ".png", with_chunks(image, *many))
    # A picture that claims little and unpacks to much more, and one that is truly large.
    yield Case("bomb", ".png", _png(100, 100, packed=zeros))
    yield Case("bomb", ".png", _png(30000, 20000, 1, 0, packed=zeros), "refused")
    yield Case("bomb", ".tif", _tiff(100, 100, 8)[:200] + zeros)
    data = saved(person(6, 64), "JPEG", progressive=True)
    scan = data.rfind(b"\xff\xda")
    yield Case("bomb", ".jpg", data[:scan] + data[scan:-2] * 20_000 + data[-2:])
    greedy = b"".join(struct.pack("<HHII", 40000 + i, 7, 2**18, 0) for i in range(5000))
    greedy = b"II*\0" + struct.pack("<IH", 8, 5000) + greedy + bytes(4)
    yield Case("bomb", ".tif", greedy.ljust(2**18, b"\0"), "refused")
