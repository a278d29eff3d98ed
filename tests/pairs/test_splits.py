"""Splits: by subject, deterministic, nobody left out."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepflash.errors import DatasetError, UsageError
from deepflash.pairs.splits import assign_splits

subjects = st.lists(st.text(min_size=1, max_size=5), unique=True, max_size=40)


def people(count: int) -> list[str]:
    return [f"person-{number}" for number in range(count)]


@given(subjects, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(names, random):
    shuffled = names + names[:3]
    random.shuffle(shuffled)
    assert assign_splits(shuffled, seed=1) == assign_splits(names, seed=1)


@given(subjects, st.integers(0, 5))
def test_everybody_has_a_split_and_each_split_somebody_from_three_subjects(names, seed):
    splits = assign_splits(names, seed=seed)
    assert set(splits) == set(names)
    if len(names) >= 3:
        assert set(splits.values()) == {"train", "val", "test"}


def test_fractions_are_kept():
    assert Counter(assign_splits(people(100)).values()) == {"train": 80, "val": 10, "test": 10}
    counts = Counter(assign_splits(people(10), fractions=(0.5, 0.2, 0.3)).values())
    assert counts == {"train": 5, "val": 2, "test": 3}


@pytest.mark.parametrize(
    ("fractions", "counts"),
    [
        ((0.02, 0.49, 0.49), {"train": 1, "val": 2, "test": 1}),
        ((0.02, 0.78, 0.2), {"train": 1, "val": 2, "test": 1}),
    ],
)
def test_rounding_leaves_somebody_to_train(fractions, counts):
    assert Counter(assign_splits(people(4), fractions=fractions).values()) == counts


def test_a_share_of_zero_gets_nobody():
    assert set(assign_splits(people(20), fractions=(1.0, 0.0, 0.0)).values()) == {"train"}
    assert set(assign_splits(people(20), fractions=(0.0, 0.0, 1.0)).values()) == {"test"}


def test_two_subjects_both_train():
    assert set(assign_splits(people(2)).values()) == {"train"}


def test_the_ranking_is_the_documented_hash():
    # sha256 of "0\0a" begins with 5f, of "0\0b" with a8, of "0\0c" with 50: c, a, b.
    assert assign_splits(["a", "b", "c"]) == {"a": "test", "b": "train", "c": "val"}


def test_the_seed_chooses():
    assert len({str(assign_splits(people(20), seed=seed)) for seed in range(5)}) == 5


@given(st.integers(1, 30), st.integers(1, 30))
def test_published_test_is_exactly_the_test(others, tests):
    names = people(others + tests)
    splits = assign_splits(names, published_test=names[:tests])
    assert {s for s, split in splits.items() if split == "test"} == set(names[:tests])
    assert ("val" in splits.values()) == (others >= 2)
    assert "train" in splits.values()


def test_published_test_leaves_val_the_same_ratio_to_train():
    splits = assign_splits(people(100), published_test=people(100)[:10])
    assert Counter(splits.values()) == {"train": 80, "val": 10, "test": 10}


@pytest.mark.parametrize("fractions", [(0.8, 0.1, 0.2), (1.2, -0.1, -0.1)])
def test_fractions_that_are_none(fractions):
    with pytest.raises(UsageError, match="sum to 1"):
        assign_splits(people(5), fractions=fractions)


def test_published_subject_without_pairs():
    with pytest.raises(DatasetError, match="nobody"):
        assign_splits(people(5), published_test=["nobody"])
