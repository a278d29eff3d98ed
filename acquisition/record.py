"""The record of one pair: everything that is known about how it was taken.

`record.json` is written last, so its presence means that every file it names is there and
verified. A pair that lacks something has `incomplete.json` instead, of the same form.
"""

from typing import Any, Literal

import msgspec

from acquisition.clock import ClockOffset, Interval
from acquisition.errors import SessionError

SCHEMA = 1
RECORD = "record.json"
INCOMPLETE = "incomplete.json"

PairState = Literal["committed", "rejected", "incomplete"]
Order = Literal["phone_first", "studio_first"]
FlashKind = Literal["flash", "torch", "screen", "unknown"]
FileKind = Literal[
    "phone_flash", "phone_reference", "phone_reference_after", "studio_raw", "studio_jpeg", "log"
]
Whereabouts = Literal["never_taken", "on_card", "on_phone", "unknown"]


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the pair, verified after it was written."""

    name: str
    """Its name in the pair's folder."""
    kind: FileKind
    bytes: int
    sha256: str
    mime: str
    origin: str
    """Where the device keeps it: a path on the camera's card or the phone's name for the shot."""


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the pair lacks, and where it still is."""

    kind: FileKind
    where: Whereabouts
    origin: str = ""
    note: str = ""


class PhoneShot(msgspec.Struct, frozen=True, kw_only=True):
    """How the phone took its picture."""

    driver: Literal["web", "adb"]
    device: str
    flash_kind: FlashKind
    exposure: Interval | None
    """Host clock; the exposure lies inside. None where the phone never said so."""
    facing: str = "unknown"
    late_ns: int | None = None
    """How much later than asked the phone started."""
    clock: ClockOffset | None = None
    requested: dict[str, Any] = {}
    capabilities: dict[str, Any] = {}
    exif: dict[str, Any] = {}


class StudioShot(msgspec.Struct, frozen=True, kw_only=True):
    """How the studio camera took its picture."""

    driver: str
    model: str
    serial: str
    library: str
    """Name and version of the library that spoke to the camera."""
    settings: dict[str, str]
    """As read back from the camera, not as asked."""
    exposure: Interval | None
    events: list[tuple[int, str]] = []
    """Host nanoseconds and what the camera said."""
    clock_offset_s: float | None = None
    """The camera's calendar clock minus the host's."""
    exif: dict[str, Any] = {}


class Skew(msgspec.Struct, frozen=True, kw_only=True):
    """Time from the phone's exposure to the studio's."""

    ms: float
    pm_ms: float
    """The truth lies within ms ± pm_ms (interval), or within three spreads (calibrated)."""
    method: Literal["interval", "calibrated"]
    calibration: str | None = None
    exif_ms: float | None = None
    """The same from both files' EXIF; independent, coarse."""


class LightsUsed(msgspec.Struct, frozen=True, kw_only=True):
    """Which scenes were set."""

    driver: Literal["none", "http", "sacn", "simulated"]
    settle_ms: int
    scenes: list[str] = []


class PairRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at one pair; a retry is another pair."""

    schema: int = SCHEMA
    pair: str
    participant: str
    pose: str
    session: str
    consent: str
    """Consent id and hash of the text that was agreed to: `C-...@sha256:...`."""
    state: PairState
    order: Order
    attempt: int
    """1 for the first try at this pose."""
    wall_time: str
    """ISO 8601 in UTC when the pair was begun, by the host's calendar clock."""
    began_ns: int
    """The same moment by the host's monotonic clock."""
    tool: str
    lights: LightsUsed
    phone: PhoneShot | None = None
    studio: StudioShot | None = None
    skew: Skew | None = None
    files: list[StoredFile] = []
    missing: list[Missing] = []
    quality: dict[str, float] = {}
    reasons: list[str] = []
    """In words: why it was rejected, or what stopped it."""
    notes: list[str] = []
    """In words: what is odd, and no reason to reject the pair."""


def write_record(record: PairRecord) -> bytes:
    """Returns the record as indented JSON, UTF-8."""
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


def read_record(data: bytes, where: str) -> PairRecord:
    """Reads a record; `where` names it in errors.

    Raises:
        SessionError: not a record, or one of a newer version.
    """
    try:
        schema = msgspec.json.decode(data, type=dict[str, Any]).get("schema")
        if isinstance(schema, int) and schema > SCHEMA:
            raise SessionError(
                f"{where} has version {schema}, this program reads up to {SCHEMA}; update acquire"
            )
        return msgspec.json.decode(data, type=PairRecord)
    except msgspec.MsgspecError as error:
        raise SessionError(
            f"{where} is not a pair record ({error}); run `acquire verify` on the session"
        ) from error
