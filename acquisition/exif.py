"""What a record keeps of a picture's EXIF; places, serial numbers and maker notes never."""

import math
import struct
from pathlib import Path
from typing import Any

_TEXT = {
    "Make": 0x010F,
    "Model": 0x0110,
    "DateTimeOriginal": 0x9003,
    "SubSecTimeOriginal": 0x9291,
    "OffsetTimeOriginal": 0x9011,
}
_WHOLE = {"Orientation": 0x0112, "Flash": 0x9209, "ISO": 0x8827}
_REAL = {"ExposureTime": 0x829A, "FNumber": 0x829D}
_EXIF_IFD = 0x8769
_LONGEST_TEXT = 64
_TIFF_HEADS = (b"II*\x00", b"MM\x00*")

# What a damaged or hostile header can make the reader raise.
_UNREADABLE = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    SyntaxError,
    ArithmeticError,
    EOFError,
    struct.error,
)


def read_exif(path: Path) -> dict[str, Any]:
    """Returns the values of a JPEG, PNG, TIFF or raw file that a record keeps.

    Keys are EXIF's names: `Make`, `Model`, `DateTimeOriginal`, `SubSecTimeOriginal`,
    `OffsetTimeOriginal` (text), `Orientation`, `Flash`, `ISO` (whole numbers), `ExposureTime` in
    seconds and `FNumber`. What the file lacks, or says in a wrong form, is left out; a file
    without EXIF, damaged or missing gives an empty dict.
    """
    try:
        values = _tags(path)
    except _UNREADABLE:
        values = {}
    return values or _by_raw_reader(path)


def fired(exif: dict[str, Any]) -> bool | None:
    """Returns whether the file says that the flash fired; None if it says nothing."""
    flash = exif.get("Flash")
    return bool(flash & 1) if isinstance(flash, int) else None


def exposure_scale(exif: dict[str, Any]) -> float | None:
    """Returns how bright a scene of luminance 1 comes out: time x ISO / f-number².

    None where time or ISO is unknown. A phone's aperture is fixed, so an unknown f-number is 1.
    """
    time_s, iso = exif.get("ExposureTime"), exif.get("ISO")
    f_number = exif.get("FNumber", 1.0)
    if not all(isinstance(value, int | float) and value > 0 for value in (time_s, iso, f_number)):
        return None
    return float(time_s or 0) * float(iso or 0) / float(f_number) ** 2


def _tags(path: Path) -> dict[str, Any]:
    from PIL import Image

    with path.open("rb") as file:
        head = file.read(4)
        file.seek(0)
        if head in _TIFF_HEADS:
            # Most raw files are TIFF outside; Pillow would try to identify the picture inside.
            exif = Image.Exif()
            exif.load_from_fp(file)
        else:
            try:
                with Image.open(file) as image:
                    exif = image.getexif()
            except Image.DecompressionBombError as error:
                raise ValueError("a picture of an impossible size") from error
        inner = exif.get_ifd(_EXIF_IFD)
        return _wanted({**dict(exif), **dict(inner)})


def _wanted(tags: dict[int, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, tag in _TEXT.items():
        found[name] = _text(tags.get(tag))
    for name, tag in _WHOLE.items():
        found[name] = _whole(tags.get(tag))
    for name, tag in _REAL.items():
        found[name] = _real(tags.get(tag))
    return {name: value for name, value in found.items() if value is not None}


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, tuple | list) and value else value


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if not isinstance(value, str):
        return None
    kept = "".join(letter for letter in value if letter.isprintable()).strip()
    return kept[:_LONGEST_TEXT] or None


def _whole(value: Any) -> int | None:
    value = _first(value)
    return int(value) if isinstance(value, int) and value >= 0 else None


def _real(value: Any) -> float | None:
    try:
        number = float(_first(value))
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) and number > 0 else None


def _by_raw_reader(path: Path) -> dict[str, Any]:
    """Reads raw files of other forms (CR3, RAF, ORF, RW2); they have no time below a second."""
    import rawpy

    if path.suffix.lower() not in {".cr3", ".raf", ".orf", ".rw2", ".cr2", ".nef", ".arw", ".dng"}:
        return {}
    try:
        with rawpy.imread(str(path)) as raw:
            other = raw.other
    except (rawpy.LibRawError, *_UNREADABLE):
        return {}
    values = {
        "ISO": round(other.iso_speed) or None,
        "ExposureTime": _real(other.shutter_speed),
        "FNumber": _real(other.aperture),
    }
    return {name: value for name, value in values.items() if value is not None}
