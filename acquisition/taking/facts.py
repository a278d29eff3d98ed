"""From what was seen while a pair was taken to its record."""

import time
from dataclasses import dataclass, field
from typing import Any

import msgspec

from acquisition import __version__
from acquisition.clock import Interval
from acquisition.exif import read_exif
from acquisition.phone.contract import PhoneExposure, PhoneKind, PhoneStatus
from acquisition.record import (
    FileKind,
    LightsUsed,
    Missing,
    PairRecord,
    PhoneShot,
    Skew,
    StoredFile,
    StudioShot,
)
from acquisition.sequence.words import Scene, State
from acquisition.skew import exif_skew_ms, exif_warning, skew_of
from acquisition.taking.studio import Studio


@dataclass(kw_only=True)
class PairFacts:
    """What is known so far about a pair that is being taken."""

    participant: str
    pose: str
    consent: str = ""
    attempt: int = 1
    began_ns: int = 0
    wall_time: str = ""
    phone_status: PhoneStatus | None = None
    exposures: dict[PhoneKind, PhoneExposure] = field(default_factory=dict)
    phone_may_have: bool = False
    """The phone went silent after it was told to fire."""
    studio_exposure: Interval | None = None
    studio_said_so: bool = False
    """The release came back; otherwise the exposure is where it would be if there was one."""
    studio_may_have: bool = False
    settings: dict[str, str] = field(default_factory=dict)
    """The camera's, as read back before the shot."""
    camera_clock_offset_s: float | None = None
    events: list[tuple[int, str]] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)
    files: dict[FileKind, StoredFile] = field(default_factory=dict)
    missing: list[Missing] = field(default_factory=list)
    quality: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, file: StoredFile) -> None:
        """Notes a file that is in the store now."""
        self.files[file.kind] = file


def build_record(
    studio: Studio, pair: str, facts: PairFacts, state: State, lights: LightsUsed
) -> PairRecord:
    """Returns the record of a pair that has ended as `state` says."""
    if state.outcome is None or state.outcome == "aborted":
        raise ValueError(f"a pair that ended as {state.outcome} has no record")
    phone = phone_shot(studio, pair, facts)
    camera = studio_shot(studio, pair, facts)
    skew, notes = _skew(studio, phone, camera)
    return PairRecord(
        pair=pair,
        participant=facts.participant,
        pose=facts.pose,
        session=studio.folder.info.session,
        consent=facts.consent,
        state=state.outcome,
        order=state.order,
        attempt=facts.attempt,
        wall_time=facts.wall_time,
        began_ns=facts.began_ns,
        tool=f"acquire {__version__}",
        lights=lights,
        phone=phone,
        studio=camera,
        skew=skew,
        files=list(facts.files.values()),
        missing=list(facts.missing),
        quality=facts.quality,
        reasons=list(state.reasons),
        notes=[*facts.notes, *notes],
    )


def _exif(studio: Studio, pair: str, facts: PairFacts, *kinds: FileKind) -> dict[str, Any]:
    for kind in kinds:
        if file := facts.files.get(kind):
            return read_exif(studio.folder.pair_folder(pair) / file.name)
    return {}


def phone_shot(studio: Studio, pair: str, facts: PairFacts) -> PhoneShot | None:
    """Returns what is known of the phone's picture so far, None before the phone was asked."""
    status = facts.phone_status
    if status is None:
        return None
    fired = facts.exposures.get("phone_flash")
    return PhoneShot(
        driver=status.driver,
        device=status.device,
        flash_kind=fired.flash_kind if fired else "unknown",
        exposure=fired.exposure if fired else None,
        facing=status.facing,
        late_ns=fired.late_ns if fired else None,
        clock=fired.clock if fired else status.clock,
        requested=fired.requested if fired else {},
        capabilities=status.capabilities,
        exif=_exif(studio, pair, facts, "phone_flash"),
    )


def studio_shot(studio: Studio, pair: str, facts: PairFacts) -> StudioShot | None:
    """Returns what is known of the studio picture so far, None before the release."""
    identity = studio.camera.identity
    if facts.studio_exposure is None or identity is None:
        return None
    return StudioShot(
        driver="gphoto2",
        model=identity.model,
        serial=identity.serial,
        library=identity.library,
        settings=facts.settings,
        exposure=facts.studio_exposure,
        events=facts.events,
        clock_offset_s=facts.camera_clock_offset_s,
        exif=_exif(studio, pair, facts, "studio_jpeg", "studio_raw"),
    )


def phone_calendar_offset_s(phone: PhoneShot) -> float | None:
    """Returns the phone's calendar clock minus the host's, None if the phone does not say."""
    origin_ms = phone.capabilities.get("time_origin_ms")
    if phone.clock is None or not isinstance(origin_ms, int | float):
        return None
    page_s = phone.clock.to_remote(time.monotonic_ns()) * 1e-9
    return origin_ms * 1e-3 + page_s - time.time()


def _skew(
    studio: Studio, phone: PhoneShot | None, camera: StudioShot | None
) -> tuple[Skew | None, list[str]]:
    if phone is None or camera is None or phone.exposure is None or camera.exposure is None:
        return None, []
    bound_ns = phone.clock.bound_ns if phone.clock else 0
    skew, notes = skew_of(
        phone.exposure,
        camera.exposure,
        studio.options.calibration,
        phone_clock_bound_ns=bound_ns,
    )
    by_files = exif_skew_ms(
        phone.exif, camera.exif, phone_calendar_offset_s(phone), camera.clock_offset_s
    )
    if by_files is not None:
        skew = msgspec.structs.replace(skew, exif_ms=by_files[0])
    warning = exif_warning(skew, by_files)
    return skew, [*notes, *([warning] if warning else [])]
