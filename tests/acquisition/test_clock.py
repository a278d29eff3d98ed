import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from acquisition.clock import ClockOffset, Interval, Ping, offset_from_pings, stepped

MS = 1_000_000
SECOND = 1_000_000_000

offsets = st.integers(-(10**15), 10**15)
delays = st.integers(0, 3 * SECOND)


def ping(sent_ns: int, there_ns: int, busy_ns: int, back_ns: int, offset_ns: int) -> Ping:
    received_ns = sent_ns + there_ns + offset_ns
    return Ping(
        sent_ns=sent_ns,
        received_ns=received_ns,
        answered_ns=received_ns + busy_ns,
        returned_ns=sent_ns + there_ns + busy_ns + back_ns,
    )


@given(offset_ns=offsets, ways=st.lists(st.tuples(delays, delays, delays), min_size=1, max_size=20))
def test_the_truth_lies_within_the_bound_however_unequal_the_ways(offset_ns, ways):
    pings = [
        ping(index * 10 * SECOND, there, busy, back, offset_ns)
        for index, (there, busy, back) in enumerate(ways)
    ]
    found = offset_from_pings(pings)
    assert abs(found.offset_ns - offset_ns) <= found.bound_ns
    assert found.bound_ns <= max((min(there + back for there, _, back in ways) + 1) // 2, 1)
    assert found.samples == len(pings)


def test_the_shortest_way_is_used_by_hand():
    pings = [ping(0, 30 * MS, 0, 10 * MS, 500), ping(SECOND, 2 * MS, 7 * MS, 4 * MS, 500)]
    found = offset_from_pings(pings)
    assert found.bound_ns == 3 * MS
    assert found.offset_ns == 500 - 1 * MS
    assert found.measured_ns == SECOND + 13 * MS


def test_no_ping_or_a_clock_that_was_set_is_an_error():
    with pytest.raises(ValueError, match="no ping"):
        offset_from_pings([])
    with pytest.raises(ValueError, match="clock was set"):
        offset_from_pings([Ping(sent_ns=10, received_ns=0, answered_ns=0, returned_ns=5)])
    with pytest.raises(ValueError, match="clock was set"):
        offset_from_pings([Ping(sent_ns=0, received_ns=0, answered_ns=50, returned_ns=20)])


@given(offset_ns=offsets, time_ns=st.integers(0, 10**18))
def test_times_come_back(offset_ns, time_ns):
    offset = ClockOffset(offset_ns=offset_ns, bound_ns=1, samples=1, measured_ns=0)
    assert offset.to_host(offset.to_remote(time_ns)) == time_ns
    assert offset.to_remote(time_ns) - time_ns == offset_ns


def measured(offset_ns: int, bound_ns: int, at_ns: int) -> ClockOffset:
    return ClockOffset(offset_ns=offset_ns, bound_ns=bound_ns, samples=16, measured_ns=at_ns)


@given(
    drift_ppm=st.floats(-100, 100),
    apart_s=st.integers(0, 7200),
    errors=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
)
@example(drift_ppm=0.0, apart_s=0, errors=(-1.0, 1.0))
@example(drift_ppm=100.0, apart_s=3600, errors=(0.0, 0.0))
def test_drift_within_the_bounds_is_no_step(drift_ppm, apart_s, errors):
    bound_ns = 2 * MS
    before = measured(round(errors[0] * bound_ns), bound_ns, 0)
    drifted_ns = int(drift_ppm * 1e-6 * apart_s * SECOND * 0.999999)
    after = measured(drifted_ns + round(errors[1] * bound_ns), bound_ns, apart_s * SECOND)
    assert not stepped(before, after)


@given(jump_ns=st.integers(4 * MS + 60 * 100_000 + 1, 10**12), sign=st.sampled_from([-1, 1]))
def test_a_jump_beyond_bounds_and_drift_is_a_step(jump_ns, sign):
    # Bounds of 2 ms each, and 100 millionths of 60 s are 6 ms.
    before, after = measured(0, 2 * MS, 0), measured(sign * jump_ns, 2 * MS, 60 * SECOND)
    assert stepped(before, after)
    assert stepped(after, before)


def test_an_interval_has_a_middle_and_a_width():
    interval = Interval(start_ns=10, end_ns=15)
    assert (interval.middle_ns, interval.half_width_ns) == (12, 3)
    with pytest.raises(ValueError, match="cannot end"):
        Interval(start_ns=2, end_ns=1)
