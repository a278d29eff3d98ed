import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from deepflash.compare.bootstrap import Interval, expanded_tail, paired_interval, student_quantile


def interval(differences, subjects, *, seed=0, resamples=2000, level=0.95) -> Interval:
    return paired_interval(
        np.array(differences, np.float64),
        subjects,
        generator=np.random.default_rng(seed),
        resamples=resamples,
        level=level,
    )


def test_equal_runs_differ_by_exactly_zero():
    found = interval([0.0] * 8, list("abcdefgh"))
    assert (found.difference, found.low, found.high) == (0, 0, 0)
    assert not found.excludes_zero


@given(st.floats(-1e3, 1e3), st.lists(st.integers(0, 5), min_size=12, max_size=12))
@settings(max_examples=30, deadline=None)
def test_a_constant_shift_is_known_exactly(shift, owners):
    found = interval([shift] * 12, [f"s{k}" for k in [*range(6), *owners[6:]]], resamples=200)
    assert found[:3] == pytest.approx((shift, shift, shift), rel=1e-12)
    # Twelve equal numbers may not average to themselves in floating point, hence the tolerance.
    assert found.excludes_zero == (found.low > 0 or found.high < 0)


def test_agrees_with_every_possible_resample_of_four_people():
    # Four people with 1, 2, 3 and 1 pictures: all 4**4 draws can be listed.
    values = {"a": [1.0], "b": [4.0, 2.0], "c": [-1.0, 0.0, 2.0], "d": [7.0]}
    differences = [v for listed in values.values() for v in listed]
    subjects = [name for name, listed in values.items() for _ in listed]
    pooled = [
        np.mean([v for name in drawn for v in values[name]])
        for drawn in itertools.product(values, repeat=4)
    ]
    # At level 0.5 the tails are fat enough for the enumeration to have distinct steps there.
    tail = expanded_tail(4, level=0.5)
    expected = np.quantile(pooled, [tail, 1 - tail])
    found = interval(differences, subjects, resamples=200_000, level=0.5)
    assert found.difference == pytest.approx(15 / 7)
    assert [found.low, found.high] == pytest.approx(expected, abs=0.08)
    assert (found.pictures, found.subjects) == (7, 4)


def test_pictures_of_one_person_are_not_independent():
    # Eight people, ten equal pictures each: as sure as eight numbers, not as eighty.
    people = np.random.default_rng(3).normal(size=8)
    differences = np.repeat(people, 10)
    by_person = interval(differences, [f"s{k // 10}" for k in range(80)])
    by_picture = interval(differences, [f"p{k}" for k in range(80)])
    alone = interval(people, [f"s{k}" for k in range(8)])
    assert by_person[:3] == pytest.approx(alone[:3])
    assert by_person.high - by_person.low > 2.5 * (by_picture.high - by_picture.low)


def test_the_order_of_rows_does_not_matter():
    differences, subjects = [0.1, 0.5, -0.2, 0.4, 0.3, 0.0], list("aabbcd")
    order = [5, 2, 0, 4, 1, 3]
    shuffled = interval([differences[k] for k in order], [subjects[k] for k in order])
    assert shuffled == pytest.approx(interval(differences, subjects))


def test_same_seed_same_interval_and_another_seed_another():
    differences, subjects = list(np.linspace(-1, 2, 12)), [f"s{k}" for k in range(12)]
    assert interval(differences, subjects) == interval(differences, subjects)
    assert interval(differences, subjects) != interval(differences, subjects, seed=1)


def test_many_people_are_resampled_in_several_portions():
    # 700 people x 2000 resamples exceed what is held at once; every portion must be filled.
    people = np.random.default_rng(0).normal(0.5, 1, size=700)
    found = interval(people, [f"s{k}" for k in range(700)])
    error = people.std(ddof=1) / np.sqrt(700)
    expected = people.mean() + np.array([-1.96, 1.96]) * error
    assert [found.low, found.high] == pytest.approx(expected, abs=0.15 * error)


def test_holds_the_truth_as_often_as_students_t_on_the_same_people():
    # Ten people: a plain percentile interval misses about twice as often as it says.
    generator = np.random.default_rng(11)
    people = generator.normal(size=(600, 10))
    names = [f"s{k}" for k in range(10)]
    intervals = [interval(row, names, seed=k, resamples=1000) for k, row in enumerate(people)]
    held = np.mean([one.low <= 0 <= one.high for one in intervals])
    reach = student.ppf(0.975, 9) * people.std(axis=1, ddof=1) / np.sqrt(10)
    held_by_student = np.mean(np.abs(people.mean(axis=1)) <= reach)
    assert held == pytest.approx(held_by_student, abs=0.015)


def test_one_person_gives_no_interval():
    found = interval([1.0, 2.0], ["a", "a"])
    assert found.difference == 1.5
    assert np.isnan(found.low)
    assert np.isnan(found.high)
    assert not found.excludes_zero


@pytest.mark.parametrize(("people", "marked"), [(2, False), (5, False), (6, True)])
def test_few_people_prove_nothing_however_alike(people, marked):
    assert interval([1.0] * people, list("abcdef"[:people])).excludes_zero is marked


def test_an_interval_below_zero_excludes_it_and_one_across_does_not():
    names = [f"s{k}" for k in range(10)]
    assert interval(np.linspace(-2, -1, 10), names).excludes_zero
    assert not interval(np.linspace(-2, 1.9, 10), names).excludes_zero


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 30, 99, 400])
def test_student_quantile_agrees_with_scipy(freedom, level):
    expected = student.ppf(0.5 + level / 2, freedom)
    assert student_quantile(level, freedom=freedom) == pytest.approx(expected, rel=1e-9)


def test_the_tail_approaches_the_plain_percentile():
    assert expanded_tail(100_00, level=0.95) == pytest.approx(0.025, abs=2e-4)
    # Phi(-sqrt(10/9) * 2.262157), worked out by hand.
    assert expanded_tail(10, level=0.95) == pytest.approx(0.008551, abs=1e-6)
