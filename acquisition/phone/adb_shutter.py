"""The stock camera app as a shutter: note what is there, find the new picture, time it."""

import time
from pathlib import PurePosixPath
from threading import Event
from typing import Any

import msgspec

from acquisition.clock import ClockOffset, Interval
from acquisition.errors import PhoneSilent
from acquisition.phone import adb_exif
from acquisition.phone.adb_shell import AdbLink, PhoneFile

_PICTURES = (".jpg", ".jpeg", ".png", ".heic", ".heif")
# A file whose EXIF is this much older than the key belongs to another clock, not to another shot.
_ANOTHER_CLOCK_NS = 60_000_000_000


class Pressed(msgspec.Struct, frozen=True, kw_only=True):
    """A key that is pressed now; a new file shall appear."""

    folder: str
    before: frozenset[str]
    """Names in the folder before."""
    called_ns: int
    """Host clock before the key."""


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """How to wait for the picture and what to make of its EXIF time."""

    poll_s: float
    stable_s: float
    """How long a file must keep its size to count as finished."""
    slack_ns: int
    clock: ClockOffset | None
    zone: str


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """The picture on the phone."""

    path: str
    bytes: int
    exposure: Interval
    exif: dict[str, Any]
    exif_agrees: bool | None
    """Whether the EXIF time lies in the bracket; None where it could not be compared."""
    others: list[str]
    """More new pictures, for example the second file of a portrait mode."""


def aim(link: AdbLink, folder: str) -> Pressed:
    """Notes what is in the folder; the key shall be pressed next. Raises PhoneError."""
    before = frozenset(file.name for file in link.list_folder(folder))
    return Pressed(folder=folder, before=before, called_ns=time.monotonic_ns())


def wait_for_picture(
    link: AdbLink, pressed: Pressed, timing: Timing, deadline_ns: int, stop: Event
) -> Taken:
    """Waits for the picture of a key.

    Raises:
        PhoneSilent: there was none by the deadline, or `stop` was set.
    """
    first_seen: dict[tuple[str, int], int] = {}
    strays: set[str] = set()
    while not stop.is_set():
        new = [file for file in _new_pictures(link, pressed) if file.name not in strays]
        now_ns = time.monotonic_ns()
        for file in new:
            seen_ns = first_seen.setdefault((file.name, file.bytes), now_ns)
            if file.bytes == 0 or now_ns - seen_ns < timing.stable_s * 1e9:
                continue
            taken = _examine(link, pressed, file, seen_ns, timing)
            if taken is None:
                strays.add(file.name)
                continue
            others = sorted({other.name for other in new} - {file.name})
            return msgspec.structs.replace(taken, others=others)
        if now_ns > deadline_ns:
            break
        stop.wait(timing.poll_s)
    raise PhoneSilent(_none_came(link, pressed, strays))


def _new_pictures(link: AdbLink, pressed: Pressed) -> list[PhoneFile]:
    return sorted(
        (
            file
            for file in link.list_folder(pressed.folder)
            if file.name not in pressed.before
            and PurePosixPath(file.name).suffix.lower() in _PICTURES
        ),
        key=lambda file: file.name,
    )


def _examine(
    link: AdbLink, pressed: Pressed, file: PhoneFile, seen_ns: int, timing: Timing
) -> Taken | None:
    """Returns None for the late picture of an earlier key."""
    path = f"{pressed.folder.rstrip('/')}/{file.name}"
    exif = adb_exif.read_exif(link.head(path))
    bracket = Interval(start_ns=pressed.called_ns, end_ns=seen_ns)
    exposure, agrees = bracket, None
    span = adb_exif.taken_span(exif, timing.zone)
    if span is not None and timing.clock is not None:
        told = adb_exif.on_host(span, timing.clock, timing.slack_ns)
        if 0 < pressed.called_ns - told.end_ns < _ANOTHER_CLOCK_NS:
            return None
        narrowed = adb_exif.common(bracket, told)
        exposure, agrees = narrowed or bracket, narrowed is not None
    return Taken(
        path=path,
        bytes=file.bytes,
        exposure=exposure,
        exif=exif,
        exif_agrees=agrees,
        others=[],
    )


def _none_came(link: AdbLink, pressed: Pressed, strays: set[str]) -> str:
    waited_s = (time.monotonic_ns() - pressed.called_ns) / 1e9
    late = f" ({', '.join(sorted(strays))} came late, of an earlier key)" if strays else ""
    return (
        f"phone {link.serial} put no new picture into {pressed.folder} within {waited_s:.1f} s of "
        f"the shutter key{late}; it may still have taken one: bring the camera app to the front "
        "in photo mode, and look whether the key takes a picture there"
    )
