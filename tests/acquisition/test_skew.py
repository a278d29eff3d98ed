import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.calibration.latency import LatencyCalibration, LatencyStatistics
from acquisition.clock import Interval
from acquisition.skew import exif_skew_ms, exif_warning, skew_of

MS = 1_000_000


def statistics(median_ms: float, spread_ms: float) -> LatencyStatistics:
    return LatencyStatistics(
        median_ms=median_ms, spread_ms=spread_ms, n=20, min_ms=median_ms, max_ms=median_ms
    )


def calibration(
    phone: tuple[float, float], studio: tuple[float, float], resolution_ms: float = 17.0
) -> LatencyCalibration:
    return LatencyCalibration(
        id="K-ABC123",
        date="2026-11-22T14:15:30+00:00",
        phone_device="phone",
        camera_model="camera",
        flash_kind="flash",
        phone=statistics(*phone),
        studio=statistics(*studio),
        display_resolution_ms=resolution_ms,
    )


def interval_ms(start: float, end: float) -> Interval:
    return Interval(start_ns=round(start * MS), end_ns=round(end * MS))


def test_skew_of_two_intervals_by_hand():
    # Middles 150 and 1050, half widths 50 and 30.
    skew, notes = skew_of(interval_ms(100, 200), interval_ms(1020, 1080))
    assert (skew.ms, skew.pm_ms, skew.method, skew.calibration) == (900.0, 80.0, "interval", None)
    assert notes == []


def test_a_calibration_narrows_by_hand():
    # Phone: 0 + 2 (bound) + 600 ms ± (3 x 10 + 2) ms; studio: 1500 + 80 ± 17 ms (resolution).
    skew, notes = skew_of(
        interval_ms(0, 1000),
        interval_ms(1500, 1700),
        calibration((600.0, 10.0), (80.0, 2.0)),
        phone_clock_bound_ns=2 * MS,
    )
    assert skew.ms == pytest.approx(1580.0 - 602.0)
    assert skew.pm_ms == pytest.approx(32.0 + 17.0)
    assert (skew.method, skew.calibration) == ("calibrated", "K-ABC123")
    assert notes == []


def test_a_calibrated_exposure_never_leaves_its_interval():
    # Phone: 90 ± 30 cut at 100 is 60 to 100. Studio: 1000 + 5 ± 17 cut at 1000 is 1000 to 1022.
    skew, _ = skew_of(
        interval_ms(0, 100), interval_ms(1000, 1200), calibration((90.0, 10.0), (5.0, 1.0))
    )
    assert skew.ms == pytest.approx(1011.0 - 80.0)
    assert skew.pm_ms == pytest.approx(20.0 + 11.0)


@pytest.mark.parametrize(
    ("phone", "studio", "who"),
    [((400.0, 5.0), (80.0, 5.0), "the phone"), ((50.0, 5.0), (900.0, 5.0), "the studio camera")],
)
def test_a_calibration_that_does_not_fit_is_noted(phone, studio, who):
    skew, (note,) = skew_of(
        interval_ms(0, 100), interval_ms(1000, 1200), calibration(phone, studio)
    )
    assert (skew.method, skew.calibration, skew.ms) == ("interval", None, 1050.0)
    assert who in note
    assert "acquire calibrate latency" in note


@given(
    phone_s=st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)),
    studio_s=st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)),
    shares=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_the_truth_lies_within_the_uncertainty(phone_s, studio_s, shares):
    phone = Interval(start_ns=phone_s[0], end_ns=phone_s[0] + phone_s[1])
    studio = Interval(start_ns=studio_s[0], end_ns=studio_s[0] + studio_s[1])
    truth_ms = (studio_s[0] + shares[1] * studio_s[1] - phone_s[0] - shares[0] * phone_s[1]) / MS
    skew, _ = skew_of(phone, studio)
    assert abs(skew.ms - truth_ms) <= skew.pm_ms + 1e-6


@given(
    median=st.floats(0, 900),
    spread=st.floats(0, 60),
    deviation=st.floats(-3, 3),
    bound_ns=st.integers(0, 5 * MS),
    clock_error=st.floats(-1, 1),
)
def test_within_three_spreads_the_calibrated_truth_lies_within(
    median, spread, deviation, bound_ns, clock_error
):
    called_ns = 5_000 * MS
    exposed_ns = called_ns + round((median + deviation * spread) * MS)
    error_ns = round(clock_error * bound_ns)
    end_ns = max(exposed_ns + error_ns, called_ns + error_ns) + 10 * MS + bound_ns
    phone = Interval(start_ns=called_ns + error_ns - bound_ns, end_ns=end_ns)
    studio = Interval(start_ns=9_000 * MS, end_ns=9_100 * MS)
    skew, _ = skew_of(
        phone, studio, calibration((median, spread), (50.0, 0.0)), phone_clock_bound_ns=bound_ns
    )
    truth_ms = (9_050 * MS - exposed_ns) / MS
    interval, _ = skew_of(phone, studio)
    assert skew.pm_ms <= interval.pm_ms + 1e-6
    if exposed_ns >= phone.start_ns:
        assert abs(skew.ms - truth_ms) <= skew.pm_ms + 1e-5


def exif(time: str, subsec: str | None = None) -> dict[str, str]:
    values = {"DateTimeOriginal": f"2026:11:22 {time}"}
    return values | ({"SubSecTimeOriginal": subsec} if subsec is not None else {})


def test_exif_skew_by_hand():
    # 30.375 (± 0.005 of 30.37) and 31.55 minus 0.2 that the camera is ahead: 0.975 s.
    found = exif_skew_ms(exif("14:15:30", "37"), exif("14:15:31", "5"), 0.0, 0.2)
    assert found is not None
    assert found[0] == pytest.approx(31_550 - 200 - 30_375)
    assert found[1] == pytest.approx(5.0 + 50.0 + 1000.0)


def test_exif_without_digits_is_a_second_wide():
    found = exif_skew_ms(exif("14:15:30"), exif("14:15:31"), 0.0, 0.0)
    assert found == pytest.approx((1000.0, 2000.0))


@pytest.mark.parametrize("offset_s", [0.0, 3600.0, -5 * 3600.0 - 1800.0, 45 * 60.0])
def test_time_zones_do_not_matter(offset_s):
    found = exif_skew_ms(exif("14:15:30"), exif("14:15:31"), offset_s, 0.0)
    assert found is not None
    assert found[0] == pytest.approx(1000.0)


@pytest.mark.parametrize(
    ("phone", "studio", "offsets"),
    [
        ({}, exif("14:15:30"), (0.0, 0.0)),
        (exif("14:15:30"), {"DateTimeOriginal": "nonsense"}, (0.0, 0.0)),
        (exif("14:15:30"), exif("14:15:30"), (None, 0.0)),
        (exif("14:15:30"), exif("14:15:30"), (0.0, None)),
        ({"DateTimeOriginal": 7}, exif("14:15:30"), (0.0, 0.0)),
    ],
)
def test_what_is_unknown_stays_unknown(phone, studio, offsets):
    assert exif_skew_ms(phone, studio, *offsets) is None


def test_a_wrong_file_is_noticed_and_a_right_one_is_not():
    skew, _ = skew_of(interval_ms(0, 100), interval_ms(900, 1000))
    right = exif_skew_ms(exif("14:15:30", "00"), exif("14:15:30", "90"), 0.0, 0.0)
    wrong = exif_skew_ms(exif("14:15:30", "00"), exif("14:15:24", "90"), 0.0, 0.0)
    assert exif_warning(skew, None) is None
    assert exif_warning(skew, right) is None
    warning = exif_warning(skew, wrong)
    assert warning is not None
    assert "-5.1 s apart" in warning
    assert "wrong file" in warning
