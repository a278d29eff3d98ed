"""Pictures of the clock and when they were called for; from them the calibration."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from acquisition.calibration.latency import (
    LatencyCalibration,
    LatencyStatistics,
    new_calibration_id,
    statistics_of,
)
from acquisition.errors import CalibrationError, one_line
from acquisition.record import FlashKind

SHOTS = "shots.json"
_LEAST_READABLE_SHARE = 0.5
_LEAST_SHOTS = 3


class ClockShot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One picture of the clock."""

    device: Literal["phone", "studio"]
    file: str
    """Its name in the folder."""
    call_ns: int
    """Host clock when the device was called."""


class ShotList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The form of `shots.json`."""

    phone_device: str
    camera_model: str
    flash_kind: FlashKind = "unknown"
    clock_bound_ms: float = 0.0
    """How far off the page's clock can be."""
    shots: list[ClockShot]


class MeasuredLatencies(msgspec.Struct, frozen=True, kw_only=True):
    """A calibration, and in words which pictures could not be read."""

    calibration: LatencyCalibration
    notes: list[str]


def write_shots(shots: ShotList, folder: Path) -> None:
    """Writes `shots.json` beside the pictures, so that they can be read again."""
    data = msgspec.json.format(msgspec.json.encode(shots), indent=2) + b"\n"
    (folder / SHOTS).write_bytes(data)


def calibrate_folder(folder: Path, say: Callable[[str], None] | None = None) -> MeasuredLatencies:
    """Reads the clock off all pictures of a folder with its `shots.json`.

    Args:
        folder: pictures and `shots.json`.
        say: takes one line for each picture, for showing progress.

    Raises:
        CalibrationError: no or a wrong list, or too few pictures can be read; says what to do.
    """
    listed = _read_list(folder)
    latencies: dict[str, list[float]] = {"phone": [], "studio": []}
    problems: dict[str, list[str]] = {"phone": [], "studio": []}
    step_ms = 0
    for shot in listed.shots:
        try:
            latency_ms, step = _latency(folder, shot)
            latencies[shot.device].append(latency_ms)
            step_ms = max(step_ms, step)
            line = f"{shot.device} {shot.file}: {latency_ms:.0f} ms"
        except CalibrationError as error:
            problems[shot.device].append(one_line(error))
            line = f"{shot.device} {shot.file}: {one_line(error)}"
        if say is not None:
            say(line)
    calibration = LatencyCalibration(
        id=new_calibration_id(),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        phone_device=listed.phone_device,
        camera_model=listed.camera_model,
        flash_kind=listed.flash_kind,
        phone=_statistics("phone", latencies["phone"], problems["phone"]),
        studio=_statistics("studio", latencies["studio"], problems["studio"]),
        display_resolution_ms=float(step_ms + listed.clock_bound_ms),
    )
    notes = [
        f"{device}: {len(lines)} of {len(lines) + len(latencies[device])} pictures were left out, "
        f"most often because {Counter(lines).most_common(1)[0][0]}"
        for device, lines in problems.items()
        if lines
    ]
    return MeasuredLatencies(calibration=calibration, notes=notes)


def _read_list(folder: Path) -> ShotList:
    path = folder / SHOTS
    try:
        listed = msgspec.json.decode(path.read_bytes(), type=ShotList)
    except OSError as error:
        raise CalibrationError(
            f"{path} cannot be read ({error.strerror}): it lists each picture's file, device and "
            "time of call"
        ) from error
    except msgspec.MsgspecError as error:
        raise CalibrationError(f"{path} is no list of clock pictures: {error}") from error
    for shot in listed.shots:
        if Path(shot.file).name != shot.file:
            raise CalibrationError(f"{path} names {shot.file!r}: only files beside it can be read")
    return listed


def _latency(folder: Path, shot: ClockShot) -> tuple[float, int]:
    """Returns milliseconds from the call to the exposure, and the clock's step."""
    from acquisition.calibration.clock_reading import read_clock_file

    reading = read_clock_file(folder / shot.file)
    return reading.since(shot.call_ns), reading.step_ms


def _statistics(device: str, latencies: Sequence[float], problems: list[str]) -> LatencyStatistics:
    readable, taken = len(latencies), len(latencies) + len(problems)
    if readable < max(_LEAST_SHOTS, _LEAST_READABLE_SHARE * taken):
        why = Counter(problems).most_common(1)[0][0] if problems else "take more shots"
        raise CalibrationError(
            f"only {readable} of {taken} pictures of the {device} show a readable clock: {why}"
        )
    return statistics_of(latencies)
