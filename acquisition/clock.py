"""Two clocks brought together: the offset of a remote clock, with a bound that holds.

Host times are `time.monotonic_ns()`, one clock for all processes of a Linux host. A phone's
page counts from its own start (`performance.now()`).
"""

from collections.abc import Sequence

import msgspec

MINIMUM_HALF_WIDTH_NS = 1


class Ping(msgspec.Struct, frozen=True, kw_only=True):
    """One round trip: host -> remote -> host."""

    sent_ns: int
    """Host clock when the ping left."""
    received_ns: int
    """Remote clock when it arrived."""
    answered_ns: int
    """Remote clock when the answer left."""
    returned_ns: int
    """Host clock when the answer was in."""

    @property
    def round_trip_ns(self) -> int:
        """Returns the time on the way, without the remote's own time."""
        return (self.returned_ns - self.sent_ns) - (self.answered_ns - self.received_ns)


class ClockOffset(msgspec.Struct, frozen=True, kw_only=True):
    """Remote clock minus host clock, and how far off it can be."""

    offset_ns: int
    bound_ns: int
    """The truth lies within offset ± bound, however unequal the two ways were."""
    samples: int
    measured_ns: int
    """Host clock at the ping that was used."""

    def to_host(self, remote_ns: int) -> int:
        """Returns the host time of the remote time `remote_ns`."""
        return remote_ns - self.offset_ns

    def to_remote(self, host_ns: int) -> int:
        """Returns the remote time of the host time `host_ns`."""
        return host_ns + self.offset_ns


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """From when to when something happened at the latest bounds, in host nanoseconds."""

    start_ns: int
    end_ns: int

    def __post_init__(self) -> None:
        if self.end_ns < self.start_ns:
            raise ValueError(f"an interval cannot end at {self.end_ns} before {self.start_ns}")

    @property
    def middle_ns(self) -> int:
        """Returns the middle."""
        return (self.start_ns + self.end_ns) // 2

    @property
    def half_width_ns(self) -> int:
        """Returns half of the length."""
        return (self.end_ns - self.start_ns + 1) // 2


def offset_from_pings(pings: Sequence[Ping]) -> ClockOffset:
    """Returns the offset of the ping with the shortest way.

    The minimum filter is that of Ansari et al., *Wireless Software Synchronization of Multiple
    Distributed Cameras*, section 3; the bound is half of that way.

    Raises:
        ValueError: no ping, or one that came back before it was sent.
    """
    if not pings:
        raise ValueError("no ping came back")
    best = min(pings, key=lambda ping: ping.round_trip_ns)
    if best.round_trip_ns < 0 or best.returned_ns < best.sent_ns:
        raise ValueError("a ping came back before it was sent: a clock was set meanwhile")
    offset = ((best.received_ns - best.sent_ns) + (best.answered_ns - best.returned_ns)) // 2
    return ClockOffset(
        offset_ns=offset,
        bound_ns=max((best.round_trip_ns + 1) // 2, MINIMUM_HALF_WIDTH_NS),
        samples=len(pings),
        measured_ns=best.returned_ns,
    )


def stepped(before: ClockOffset, after: ClockOffset, drift_ppm: float = 100.0) -> bool:
    """Returns whether the remote clock jumped between two measurements.

    Both bounds and a drift of `drift_ppm` (a phone's quartz stays below 20) cannot explain a jump.
    """
    allowed = before.bound_ns + after.bound_ns
    allowed += abs(after.measured_ns - before.measured_ns) * drift_ppm * 1e-6
    return abs(after.offset_ns - before.offset_ns) > allowed
