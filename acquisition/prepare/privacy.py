"""Shows that a written picture holds nothing about whom it shows, where, and by which device."""

import struct
from collections.abc import Iterator
from pathlib import Path

from acquisition.errors import StoreError
from acquisition.prepare.icc import srgb_profile

_PNG_BEGIN = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNKS = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"sRGB"}
_SOI, _EOI, _SOS, _APP0, _APP2 = 0xD8, 0xD9, 0xDA, 0xE0, 0xE2
_JPEG_TABLES = {0xC0, 0xC1, 0xC2, 0xC4, 0xDB, 0xDD}
_JFIF = b"JFIF\x00"
_JFIF_THUMBNAIL = slice(12, 14)
_ICC = b"ICC_PROFILE\x00\x01\x01"
_KNOWN = {b"Exif": "EXIF", b"http": "XMP", b"Phot": "IPTC", b"MPF\x00": "further pictures (MPF)"}


def assert_private(path: Path) -> None:
    """Walks through a JPEG or PNG file part by part; all that is not needed to show it is refused.

    Allowed are the coded picture, a JFIF header without thumbnail, and the mark or profile that
    says sRGB. So no EXIF, XMP, IPTC, comment, thumbnail, second picture or trailer passes, known
    today or not.

    Raises:
        StoreError: names the first part that must not be there, or the file is of another kind.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from error
    try:
        if data.startswith(_PNG_BEGIN):
            found = next(_foreign_to_png(data), None)
        elif data.startswith(b"\xff\xd8"):
            found = next(_foreign_to_jpeg(data), None)
        else:
            found = "a file that is neither JPEG nor PNG"
    except (struct.error, LookupError, ValueError) as error:
        raise StoreError(f"{path} is no whole picture: {error}") from error
    if found:
        raise StoreError(f"{path} must not leave the studio: it holds {found}; prepare it again")


def _foreign_to_png(data: bytes) -> Iterator[str]:
    position, kind = len(_PNG_BEGIN), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind not in _PNG_CHUNKS:
            yield f"a chunk {kind.decode('latin-1')}"
        position += 12 + length
    if position != len(data):
        yield f"{len(data) - position} bytes behind its end"


def _foreign_to_jpeg(data: bytes) -> Iterator[str]:
    position, marker = 2, _SOI
    while marker != _EOI:
        marker = data[position + 1]
        if marker == _EOI:
            position += 2
            break
        (length,) = struct.unpack_from(">H", data, position + 2)
        body = data[position + 4 : position + 2 + length]
        if data[position] != 0xFF or not _is_needed(marker, body):
            yield _KNOWN.get(body[:4], f"a segment {data[position]:02X}{marker:02X}")
        position += 2 + length
        if marker == _SOS:
            position = _behind_scan(data, position)
    if position != len(data):
        yield f"{len(data) - position} bytes behind its end"


def _is_needed(marker: int, body: bytes) -> bool:
    if marker == _APP0:
        return body.startswith(_JFIF) and body[_JFIF_THUMBNAIL] == b"\x00\x00"
    if marker == _APP2:
        return body == _ICC + srgb_profile()
    return marker in _JPEG_TABLES or marker == _SOS


def _behind_scan(data: bytes, position: int) -> int:
    """Returns where the marker stands that ends the coded data from `position` on."""
    while True:
        position = data.index(b"\xff", position)
        if data[position + 1] not in (0x00, *range(0xD0, 0xD8)):
            return position
        position += 2
