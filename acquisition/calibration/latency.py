"""What a latency calibration found, and its file."""

import secrets
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from acquisition.errors import CalibrationError
from acquisition.record import FlashKind

SCHEMA = 1
MAD_TO_SPREAD = 1.4826
"""Turns a median absolute deviation into the standard deviation of a normal distribution."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class LatencyStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Times from the call to the exposure of one device, in milliseconds."""

    median_ms: float
    spread_ms: float
    """Robust: 1.4826 times the median absolute deviation."""
    n: int
    min_ms: float
    max_ms: float


class LatencyCalibration(msgspec.Struct, frozen=True, kw_only=True):
    """Both devices' latencies; valid for these devices and this kind of light."""

    schema: int = SCHEMA
    id: str
    """`K-` and six characters."""
    date: str
    """ISO 8601 in UTC."""
    phone_device: str
    camera_model: str
    flash_kind: FlashKind
    phone: LatencyStatistics
    studio: LatencyStatistics
    display_resolution_ms: float
    """How long one reading of the monitor's clock stood, the clock's own bound included."""

    def misfits(self, phone_device: str, camera_model: str, flash_kind: FlashKind) -> list[str]:
        """Returns what differs from the devices that were measured, in words; empty if nothing."""
        pairs = [
            ("phone", self.phone_device, phone_device),
            ("camera", self.camera_model, camera_model),
            ("phone's light", self.flash_kind, flash_kind),
        ]
        return [
            f"calibration {self.id} is for the {what} {measured!r}, this is {now!r}: "
            "run `acquire calibrate latency` with the present set-up"
            for what, measured, now in pairs
            if measured != now
        ]


def new_calibration_id() -> str:
    """Returns a new id: `K-` and six characters of Crockford's base32."""
    return "K-" + "".join(secrets.choice(_CROCKFORD) for _ in range(6))


def statistics_of(latencies_ms: Sequence[float]) -> LatencyStatistics:
    """Returns median, robust spread and extremes of latencies in milliseconds.

    Raises:
        CalibrationError: fewer than three latencies.
    """
    if len(latencies_ms) < 3:
        raise CalibrationError(
            f"{len(latencies_ms)} shots could be read, at least 3 are needed: take more shots"
        )
    median = statistics.median(latencies_ms)
    deviation = statistics.median(abs(latency - median) for latency in latencies_ms)
    return LatencyStatistics(
        median_ms=float(median),
        spread_ms=float(MAD_TO_SPREAD * deviation),
        n=len(latencies_ms),
        min_ms=float(min(latencies_ms)),
        max_ms=float(max(latencies_ms)),
    )


def write_calibration(calibration: LatencyCalibration, path: Path) -> None:
    """Writes the calibration as JSON to a new file.

    Raises:
        CalibrationError: the file exists or cannot be written.
    """
    data = msgspec.json.format(msgspec.json.encode(calibration), indent=2) + b"\n"
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError as error:
        raise CalibrationError(f"{path} exists already: choose another name with -o") from error
    except OSError as error:
        raise CalibrationError(
            f"{path} cannot be written ({error.strerror}): choose another place with -o"
        ) from error


def read_calibration(path: Path) -> LatencyCalibration:
    """Reads the file that `acquire calibrate latency` wrote.

    Raises:
        CalibrationError: no such file, not a calibration, or one of a newer version.
    """
    try:
        data = path.read_bytes()
        schema = msgspec.json.decode(data, type=dict[str, Any]).get("schema")
        if isinstance(schema, int) and schema > SCHEMA:
            raise CalibrationError(
                f"{path} has version {schema}, this program reads up to {SCHEMA}; update acquire"
            )
        return msgspec.json.decode(data, type=LatencyCalibration)
    except OSError as error:
        raise CalibrationError(f"{path} cannot be read ({error.strerror})") from error
    except msgspec.MsgspecError as error:
        raise CalibrationError(
            f"{path} is no latency calibration ({error}): run `acquire calibrate latency`"
        ) from error
