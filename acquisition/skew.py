"""How much time lies between the two exposures of a pair, and how sure that is."""

from datetime import UTC, datetime
from typing import Any

from acquisition.calibration.latency import LatencyCalibration, LatencyStatistics
from acquisition.clock import Interval
from acquisition.record import Skew

SPREADS = 3.0
"""A calibrated exposure lies within this many robust spreads of the median latency."""

# Cameras and phones disagree on what a calendar time without a zone means, and zones differ by
# whole quarters of an hour. A wrong file from exactly such a distance goes unnoticed.
_ZONE_STEP_S = 900.0
_CALENDAR_RESOLUTION_MS = 1000.0
_TOLERANCE_MS = 1000.0


def skew_of(
    phone: Interval,
    studio: Interval,
    calibration: LatencyCalibration | None = None,
    *,
    phone_clock_bound_ns: int = 0,
) -> tuple[Skew, list[str]]:
    """Returns the time from the phone's exposure to the studio's, and notes in words.

    Args:
        phone: the phone's exposure lies inside; contains the clock's bound on both sides.
        studio: the studio camera's exposure lies inside.
        calibration: latencies of both devices. Where they do not fit into the intervals the
            intervals alone are used, and a note says so.
        phone_clock_bound_ns: the part of the phone's interval on each side that is the clock's
            bound; the phone was called that much after the start, give or take as much.
    """
    notes: list[str] = []
    if calibration is not None:
        resolution_ms = calibration.display_resolution_ms
        phone_part = _calibrated(phone, calibration.phone, resolution_ms, phone_clock_bound_ns)
        studio_part = _calibrated(studio, calibration.studio, resolution_ms, 0)
        if phone_part is not None and studio_part is not None:
            return _difference(phone_part, studio_part, calibration.id), notes
        who = "phone" if phone_part is None else "studio camera"
        notes.append(
            f"calibration {calibration.id} does not fit: the {who} was faster or slower than any "
            "calibrated shot, so the skew is from the intervals; run `acquire calibrate latency`"
        )
    return _difference(phone, studio, None), notes


def _calibrated(
    interval: Interval, latency: LatencyStatistics, resolution_ms: float, bound_ns: int
) -> Interval | None:
    """Returns where the exposure lies by latency and interval together, None if nowhere."""
    expected_ns = interval.start_ns + bound_ns + round(latency.median_ms * 1e6)
    half_ns = round(max(SPREADS * latency.spread_ms, resolution_ms) * 1e6) + bound_ns
    start_ns = max(interval.start_ns, expected_ns - half_ns)
    end_ns = min(interval.end_ns, expected_ns + half_ns)
    return Interval(start_ns=start_ns, end_ns=end_ns) if start_ns <= end_ns else None


def _difference(phone: Interval, studio: Interval, calibration: str | None) -> Skew:
    # Twice the middles and widths are whole numbers, so nothing is lost to rounding.
    middles_ns = (studio.start_ns + studio.end_ns) - (phone.start_ns + phone.end_ns)
    widths_ns = (studio.end_ns - studio.start_ns) + (phone.end_ns - phone.start_ns)
    return Skew(
        ms=middles_ns / 2e6,
        pm_ms=widths_ns / 2e6,
        method="interval" if calibration is None else "calibrated",
        calibration=calibration,
    )


def exif_skew_ms(
    phone_exif: dict[str, Any],
    studio_exif: dict[str, Any],
    phone_clock_offset_s: float | None,
    camera_clock_offset_s: float | None,
) -> tuple[float, float] | None:
    """Returns the skew by both files' calendar times and how far off it can be, in milliseconds.

    Coarse, but independent of everything that was measured during the shot. The result lies
    within ± 450 s: whole quarters of an hour are taken for time zones.

    Args:
        phone_exif: as from `acquisition.exif.read_exif`.
        studio_exif: likewise.
        phone_clock_offset_s: the phone's calendar clock minus the host's; None if unknown.
        camera_clock_offset_s: the camera's calendar clock minus the host's.

    Returns:
        None where a file has no time or a clock's offset is unknown.
    """
    phone, studio = _calendar(phone_exif), _calendar(studio_exif)
    if phone is None or studio is None:
        return None
    if phone_clock_offset_s is None or camera_clock_offset_s is None:
        return None
    apart_s = (studio[0] - camera_clock_offset_s) - (phone[0] - phone_clock_offset_s)
    apart_s = (apart_s + _ZONE_STEP_S / 2) % _ZONE_STEP_S - _ZONE_STEP_S / 2
    return apart_s * 1e3, (phone[1] + studio[1]) * 1e3 + _CALENDAR_RESOLUTION_MS


def exif_warning(skew: Skew, exif: tuple[float, float] | None) -> str | None:
    """Returns one line where both ways to know the skew disagree, None where they agree."""
    if exif is None:
        return None
    exif_ms, exif_pm_ms = exif
    apart_ms = abs(exif_ms - skew.ms)
    if apart_ms <= _TOLERANCE_MS + exif_pm_ms + skew.pm_ms:
        return None
    return (
        f"the files' own times are {exif_ms / 1e3:+.1f} s apart, the shots {skew.ms / 1e3:+.1f} s: "
        "a wrong file may have been matched; compare both pictures and check the devices' clocks"
    )


def _calendar(exif: dict[str, Any]) -> tuple[float, float] | None:
    """Returns seconds since 1970 of the middle of a file's time stamp and half its resolution."""
    text, digits = exif.get("DateTimeOriginal"), str(exif.get("SubSecTimeOriginal", ""))
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.strptime(text, "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    digits = digits if digits.isdecimal() and digits.isascii() else ""
    half_s = 0.5 * 10.0 ** -len(digits)
    return moment.timestamp() + float(f"0.{digits or 0}") + half_s, half_s
