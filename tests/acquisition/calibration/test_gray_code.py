import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.calibration.clock_reading import ClockReading, read_clock
from acquisition.calibration.gray_code import (
    BIT_NAMES,
    COUNT_BITS,
    LAYOUT,
    ClockFace,
    cells_of,
    draw,
    face_at,
    from_gray,
    range_ms,
    to_gray,
)
from acquisition.errors import CalibrationError
from tests.acquisition.calibration.photographs import Conditions, code_at, photograph

STEP_MS = 17
TIMES_MS = [0.0, 16.9, 12345.6, 34799.0, range_ms(STEP_MS) - 1.0, 5.0 * range_ms(STEP_MS) + 777.0]


def error_ms(reading: ClockReading, time_ms: float) -> float:
    half = reading.range_ms / 2
    return abs((reading.time_ms - time_ms + half) % reading.range_ms - half)


@given(st.integers(0, 2**COUNT_BITS - 2))
def test_neighbouring_codes_differ_in_one_bit_and_come_back(number):
    assert (to_gray(number) ^ to_gray(number + 1)).bit_count() == 1
    assert from_gray(to_gray(number)) == number


def test_each_bit_stands_beside_its_inverse():
    where = {name: (r, c) for r, row in enumerate(LAYOUT) for c, name in enumerate(row)}
    for name in BIT_NAMES:
        (row, column), (inverse_row, inverse_column) = where[name], where[name.upper()]
        assert row == inverse_row
        assert abs(column - inverse_column) == 1
    # By hand: count 5 is 0b101, its Gray code 0b111, so j, k, l are white.
    cells = cells_of(ClockFace(count=5, step_ms=1))
    white = {name for name, place in where.items() if name in BIT_NAMES and cells[place]}
    assert white == set("jklr")


@pytest.mark.parametrize("time_ms", TIMES_MS)
def test_an_undisturbed_picture_is_read_within_half_a_step(time_ms):
    reading = read_clock(code_at(time_ms, STEP_MS))
    assert reading.step_ms == STEP_MS
    assert reading.uncertain_cells == 0
    assert reading.half_width_ms == STEP_MS / 2
    assert error_ms(reading, time_ms) <= STEP_MS / 2


@pytest.mark.parametrize(
    "conditions",
    [
        Conditions(tilt=0.12, seed=1),
        Conditions(turn_deg=90.0, fill=0.5, seed=2),
        Conditions(turn_deg=180.0, seed=3),
        Conditions(turn_deg=-137.0, fill=0.5, uneven=0.6, seed=4),
        Conditions(mirrored=True, seed=5),
        Conditions(mirrored=True, turn_deg=90.0, fill=0.5, seed=6),
        Conditions(blur_px=3.0, seed=7),
        Conditions(noise=16.0, uneven=0.6, seed=8),
        Conditions(fill=0.4, noise=8.0, moire=12.0, seed=9),
        Conditions(gain=0.2, noise=3.0, moire=2.0, uneven=0.2, seed=10),
        Conditions(uneven=0.8, noise=3.0, moire=2.0, seed=12),
        Conditions(width_px=1800, noise=10.0, seed=11),
    ],
)
def test_photographs_are_read_within_half_a_step(conditions):
    time_ms = 1000.0 * conditions.seed + 4321.0
    reading = read_clock(photograph(code_at(time_ms, STEP_MS), conditions))
    assert error_ms(reading, time_ms) <= STEP_MS / 2


@pytest.mark.parametrize("share", [0.5, 0.4, 0.6])
def test_two_mixed_codes_are_read_as_the_time_between(share):
    boundary_ms = 1024 * STEP_MS
    mixed = share * code_at(boundary_ms - 1, STEP_MS) + (1 - share) * code_at(boundary_ms, STEP_MS)
    reading = read_clock(photograph(mixed, Conditions(seed=3)))
    assert reading.uncertain_cells == 1
    assert reading.time_ms == boundary_ms
    assert reading.half_width_ms == STEP_MS


def test_a_rolling_exposure_reads_one_of_both_codes():
    boundary_ms = 1024 * STEP_MS
    for cut in range(40, 280, 30):
        rolled = code_at(boundary_ms - 1, STEP_MS).copy()
        rolled[:cut] = code_at(boundary_ms, STEP_MS)[:cut]
        reading = read_clock(rolled)
        assert error_ms(reading, boundary_ms) <= STEP_MS


def test_an_exposure_over_the_end_of_the_range_is_read():
    end_ms = float(range_ms(STEP_MS))
    mixed = (code_at(end_ms - 1, STEP_MS).astype(float) + code_at(end_ms, STEP_MS)) / 2
    assert read_clock(photograph(mixed, Conditions())).time_ms == 0.0


@pytest.mark.parametrize("start_ms", [5003.0, 20000.0])
def test_the_middle_of_a_long_exposure_lies_within_the_bound(start_ms):
    times = np.linspace(start_ms, start_ms + 50.0, 12)
    mean = np.mean([code_at(time_ms, STEP_MS) for time_ms in times], axis=0)
    reading = read_clock(photograph(mean, Conditions(seed=1)))
    assert error_ms(reading, start_ms + 25.0) <= reading.half_width_ms


def test_a_reflection_is_an_error_and_no_wrong_time():
    picture = photograph(code_at(9000.0, STEP_MS), Conditions(noise=1.0, tilt=0.0)).copy()
    height, width = picture.shape[:2]
    picture[height // 2 - 40 : height // 2 + 40, width // 2 - 60 : width // 2 + 60] = 255
    with pytest.raises(CalibrationError, match="reflections"):
        read_clock(picture)


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.full((300, 400, 3), 255, np.uint8), "overexposed"),
        (np.zeros((300, 400, 3), np.uint8), "too dark"),
        (photograph(code_at(1.0, 17), Conditions(blur_px=25.0, noise=1.0)), "too blurred"),
        (photograph(code_at(1.0, 17), Conditions())[:, 260:], "four corner squares"),
        (
            np.random.default_rng(0).integers(0, 255, (300, 400, 3)).astype(np.uint8),
            "no clock in the picture",
        ),
    ],
)
def test_pictures_without_a_readable_clock_say_what_to_do(picture, words):
    with pytest.raises(CalibrationError, match=words):
        read_clock(np.ascontiguousarray(picture))


def test_a_wall_clock_without_a_step_is_refused():
    with pytest.raises(CalibrationError, match="step of 0 ms"):
        read_clock(draw(ClockFace(count=7, step_ms=0), 28))


@given(st.integers(0, 10**15), st.floats(-500.0, 20000.0))
def test_latency_is_unwrapped_over_the_range(host_ns, latency_ms):
    shown_ms = (host_ns / 1e6 + latency_ms) % range_ms(STEP_MS)
    reading = ClockReading(
        time_ms=shown_ms, half_width_ms=8.5, range_ms=range_ms(17), step_ms=17, uncertain_cells=0
    )
    assert reading.since(host_ns) == pytest.approx(latency_ms, abs=1e-3)


def test_the_face_counts_steps():
    assert face_at(33.9, 17).count == 1
    assert face_at(34.0, 17).count == 2
    assert face_at(float(range_ms(17)), 17).count == 0
