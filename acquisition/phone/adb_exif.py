"""What a phone's camera app wrote into the picture: whether the flash fired, and when."""

import io
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec

from acquisition.clock import ClockOffset, Interval
from acquisition.record import FlashKind

FLASH = "Flash"
TAKEN = "DateTimeOriginal"
TAKEN_SUBSECOND = "SubSecTimeOriginal"
TAKEN_ZONE = "OffsetTimeOriginal"

# IFD0 and Exif tags that tell how a picture was taken; position, serial numbers and maker notes
# of a person's phone are left where they are.
_MAIN_TAGS = {0x010F: "Make", 0x0110: "Model"}
_EXIF_TAGS = {
    0x829A: "ExposureTime",
    0x8827: "ISO",
    0x9003: TAKEN,
    0x9011: TAKEN_ZONE,
    0x9209: FLASH,
    0x920A: "FocalLength",
    0x9291: TAKEN_SUBSECOND,
}
_EXIF_IFD = 0x8769
_FIRED = 0b1
_SECOND_NS = 1_000_000_000
# With fewer digits, a writer may have dropped leading zeros: `37` for 0.037 s.
_TRUSTED_DIGITS = 3


class ExifSpan(msgspec.Struct, frozen=True, kw_only=True):
    """From when to when the picture was taken, in nanoseconds since 1970 by the phone's clock."""

    start_ns: int
    end_ns: int


def read_exif(data: bytes) -> dict[str, Any]:
    """Returns the tags that tell how a picture was taken; empty where there are none.

    `data` may be the beginning of a file.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            tags = image.getexif()
            found = {name: tags.get(tag) for tag, name in _MAIN_TAGS.items()}
            inner = tags.get_ifd(_EXIF_IFD)
    except (OSError, ValueError, SyntaxError, KeyError, TypeError):
        return {}
    found |= {name: inner.get(tag) for tag, name in _EXIF_TAGS.items()}
    return {name: _plain(value) for name, value in found.items() if value is not None}


def flash_kind(exif: dict[str, Any]) -> FlashKind | None:
    """Returns `flash` if it fired, None if it did not, `unknown` if the file does not say."""
    value = exif.get(FLASH)
    if not isinstance(value, int):
        return "unknown"
    return "flash" if value & _FIRED else None


def taken_span(exif: dict[str, Any], zone: str) -> ExifSpan | None:
    """Returns when the picture was taken, as exactly as the file says.

    `zone` is the phone's (`+0100`), for files that do not name one.
    """
    try:
        offset = _zone(str(exif.get(TAKEN_ZONE) or zone))
        calendar = datetime.strptime(str(exif[TAKEN]).strip("\0 "), "%Y:%m:%d %H:%M:%S")
    except (KeyError, ValueError):
        return None
    since = calendar.replace(tzinfo=offset) - datetime(1970, 1, 1, tzinfo=UTC)
    start_ns = round(since.total_seconds()) * _SECOND_NS
    digits = str(exif.get(TAKEN_SUBSECOND, "")).strip("\0 ")
    if not re.fullmatch(rf"[0-9]{{{_TRUSTED_DIGITS},9}}", digits):
        return ExifSpan(start_ns=start_ns, end_ns=start_ns + _SECOND_NS)
    step_ns = 10 ** (9 - len(digits))
    start_ns += int(digits) * step_ns
    return ExifSpan(start_ns=start_ns, end_ns=start_ns + step_ns)


def on_host(span: ExifSpan, clock: ClockOffset, slack_ns: int) -> Interval:
    """Returns the span on the host's clock, wider by the clock's bound and by `slack_ns`.

    Camera apps write the moment of the key, of the exposure or of the finished picture; the
    slack covers the difference.
    """
    wider_ns = clock.bound_ns + slack_ns
    return Interval(
        start_ns=clock.to_host(span.start_ns) - wider_ns,
        end_ns=clock.to_host(span.end_ns) + wider_ns,
    )


def common(first: Interval, second: Interval) -> Interval | None:
    """Returns what both intervals cover, None if they do not meet."""
    start_ns, end_ns = max(first.start_ns, second.start_ns), min(first.end_ns, second.end_ns)
    return Interval(start_ns=start_ns, end_ns=end_ns) if start_ns <= end_ns else None


def _zone(text: str) -> timezone:
    match = re.fullmatch(r"([+-])([0-9]{2}):?([0-9]{2})", text.strip("\0 "))
    if match is None:
        raise ValueError(f"{text} is no time zone")
    minutes = int(match[2]) * 60 + int(match[3])
    return timezone(timedelta(minutes=-minutes if match[1] == "-" else minutes))


def _plain(value: Any) -> str | int | float:
    if isinstance(value, int | str):
        return value
    try:
        return float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return str(value)
