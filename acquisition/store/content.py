"""What a file is, by its content, and whether it is whole."""

import struct
from pathlib import Path

from acquisition.errors import StoreError

JPEG, PNG, HEIC = "image/jpeg", "image/png", "image/heic"
SUFFIXES = {JPEG: "jpg", PNG: "png", HEIC: "heic"}
_HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"heif"}
_RAW_BEGINS = (b"II*\0", b"MM\0*", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FUJIFILMCCD", b"FOVb")
_PNG_END = b"IEND\xaeB`\x82"
_BOX = struct.Struct(">I4s")


def sniff_picture(path: Path) -> str:
    """Returns the MIME type of a JPEG, PNG or HEIC file, by its first bytes.

    Raises:
        StoreError: it is none of them.
    """
    head = _read_head(path)
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return HEIC
    begin = head[:8].hex(" ") or "nothing"
    raise StoreError(f"what came is no JPEG, PNG or HEIC picture: it begins with {begin}")


def check_picture(path: Path) -> str:
    """Reads a phone's picture to its end; returns its MIME type.

    Raises:
        StoreError: it is no picture, or not a whole one.
    """
    mime = sniff_picture(path)
    try:
        if mime == HEIC:
            _check_boxes(path)
        else:
            _decode(path, mime)
    except (OSError, SyntaxError, ValueError, struct.error) as error:
        raise StoreError(f"the picture that came is damaged ({error}); send it again") from error
    return mime


def check_raw(path: Path) -> None:
    """Unpacks a raw file where `rawpy` is installed and knows the body; else looks at its begin.

    Raises:
        StoreError: it is no raw file, or not a whole one.
    """
    head = _read_head(path)
    if not (head.startswith(_RAW_BEGINS) or head[4:11] == b"ftypcrx"):
        raise StoreError(f"{path} is no raw file: it begins with {head[:8].hex(' ') or 'nothing'}")
    try:
        import rawpy
    except ImportError:
        return
    try:
        with rawpy.imread(str(path)) as raw:
            raw.raw_image_visible.max()
    except rawpy.LibRawFileUnsupportedError:
        # A body that is newer than the library; its bytes are as they were on the card.
        return
    except (rawpy.LibRawError, OSError, ValueError) as error:
        raise StoreError(f"{path} is no whole raw file ({error})") from error


def _read_head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(16)
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}; send it again") from error


def _decode(path: Path, mime: str) -> None:
    from PIL import Image

    try:
        with Image.open(path, formats=("JPEG", "PNG")) as picture:
            picture.load()
    except Image.DecompressionBombError as error:
        raise ValueError(f"it has too many pixels: {error}") from error
    # The decoder is content without the end marker; a phone appends more pictures after it.
    data = path.read_bytes()
    begin, end = (b"\xff\xda", b"\xff\xd9") if mime == JPEG else (b"IDAT", _PNG_END)
    if data.rfind(end) < data.rfind(begin):
        raise ValueError("its end is missing")


def _check_boxes(path: Path) -> None:
    """A HEIC file is a row of boxes that name their lengths; cut short, they do not add up."""
    size, position, kinds = path.stat().st_size, 0, set()
    with path.open("rb") as file:
        while position < size:
            file.seek(position)
            length, kind = _BOX.unpack(file.read(8))
            if length == 1:
                (length,) = struct.unpack(">Q", file.read(8))
            if length == 0:
                length = size - position
            if length < 8:
                raise ValueError(f"a box of {length} bytes")
            kinds.add(kind)
            position += length
    if position != size:
        raise ValueError(f"{position - size} bytes are missing")
    if b"mdat" not in kinds or not kinds & {b"meta", b"moov"}:
        raise ValueError("its picture is missing")
