"""From page times to an interval of the host's clock that the exposure lies in."""

from acquisition.clock import ClockOffset, Interval, Ping, offset_from_pings
from acquisition.errors import PhoneError
from acquisition.phone.web.messages import Pong

DRIFT_PPM = 100.0
"""No phone's quartz is worse."""


def page_ns(time_ms: float) -> int:
    """Returns a page time in nanoseconds."""
    return round(time_ms * 1e6)


def ping_of(sent_ns: int, pong: Pong, returned_ns: int) -> Ping:
    """Returns the round trip, the page's own time counted as way.

    A page's clock steps by up to a millisecond: taking its few microseconds off the way would
    make the way shorter than it was.
    """
    received_ns = page_ns(pong.received_ms)
    return Ping(
        sent_ns=sent_ns, received_ns=received_ns, answered_ns=received_ns, returned_ns=returned_ns
    )


def page_clock(pings: list[Ping], tick_ns: int) -> ClockOffset:
    """Returns the offset of a clock that shows only whole ticks; the bound includes one.

    It shows less than the truth, never more: here and in a later time both, so one is enough.
    """
    found = offset_from_pings(pings)
    return ClockOffset(
        offset_ns=found.offset_ns,
        bound_ns=found.bound_ns + tick_ns,
        samples=found.samples,
        measured_ns=found.measured_ns,
    )


def exposure_interval(
    *,
    call_ns: int,
    resolve_ns: int,
    clock: ClockOffset,
    asked_ns: int,
    told_ns: int,
) -> Interval:
    """Returns when the picture was taken, in host time.

    Args:
        call_ns: page time before the page asked its browser for the picture.
        resolve_ns: page time when the browser had it.
        clock: the page's clock against the host's.
        asked_ns: host time when the order left: no exposure can be before it.
        told_ns: host time when the answer was in: no exposure can be after it.

    Raises:
        PhoneError: the times cannot be true; a clock jumped.
    """
    start, end = clock.to_host(call_ns), clock.to_host(resolve_ns)
    drift = max(abs(start - clock.measured_ns), abs(end - clock.measured_ns)) * DRIFT_PPM * 1e-6
    bound = clock.bound_ns + round(drift)
    start, end = max(start - bound, asked_ns), min(end + bound, told_ns)
    if start > end or resolve_ns < call_ns:
        raise PhoneError(
            "the phone's clock jumped while it took the picture, so its time is unknown; "
            "keep the page in the foreground and take the pair again"
        )
    return Interval(start_ns=start, end_ns=end)
