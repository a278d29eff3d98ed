"""Who is in train, val and test: by subject, fixed by a hash, never by pair."""

import hashlib
import math
from collections.abc import Collection, Iterable

from deepflash.errors import DatasetError, UsageError
from deepflash.pairs.manifest import Split

FRACTIONS = (0.8, 0.1, 0.1)


def assign_splits(
    subjects: Iterable[str],
    *,
    seed: int = 0,
    fractions: tuple[float, float, float] = FRACTIONS,
    published_test: Collection[str] = (),
) -> dict[str, Split]:
    """Returns the split of every subject, the same for any order or repetition of `subjects`.

    Subjects are ranked by a hash of (seed, subject) and the ranking is cut: first val, then
    test, the rest is train. How many pairs a subject has does not matter.

    Args:
        subjects: ids, one per pair or one per subject.
        seed: another seed gives another ranking.
        fractions: shares of train, val and test among the subjects, summing to 1. A share above
            zero gets at least one subject as soon as there are three.
        published_test: subjects that the dataset's authors put into test. When any is given,
            test is exactly these, and val is cut from the others in the ratio val : train.

    Raises:
        UsageError: the fractions are negative or do not sum to 1.
        DatasetError: a published test subject is not among `subjects`.
    """
    if min(fractions) < 0 or not math.isclose(sum(fractions), 1, abs_tol=1e-6):
        raise UsageError(f"split fractions must be 0 or more and sum to 1, got {fractions}")
    everyone, test = set(subjects), set(published_test)
    if unknown := sorted(test - everyone):
        raise DatasetError(f"test subject {unknown[0]} has no pairs; check the list of subjects")
    train_share, val_share, test_share = fractions
    if test:
        ranked = _ranked(everyone - test, seed)
        remaining = train_share + val_share
        share = val_share / remaining if remaining else 0.0
        val = set(ranked[: _count(share, len(ranked), at_least_from=2)])
    else:
        ranked = _ranked(everyone, seed)
        val_count = _count(val_share, len(ranked), at_least_from=3)
        test_count = _count(test_share, len(ranked), at_least_from=3)
        # Rounding two shares up may ask for more subjects than there are.
        test_count = min(test_count, len(ranked) - val_count)
        if train_share and val_count + test_count == len(ranked):
            val_count, test_count = _give_back_one(val_count, test_count)
        val, test = set(ranked[:val_count]), set(ranked[val_count : val_count + test_count])
    return {s: "test" if s in test else "val" if s in val else "train" for s in sorted(everyone)}


def _ranked(subjects: Iterable[str], seed: int) -> list[str]:
    def rank(subject: str) -> str:
        return hashlib.sha256(f"{seed}\0{subject}".encode()).hexdigest()

    return sorted(subjects, key=rank)


def _count(share: float, total: int, *, at_least_from: int) -> int:
    """Returns `share` of `total`, rounded half up; one at least from `at_least_from` subjects."""
    least = 1 if share > 0 and total >= at_least_from else 0
    return min(total, max(least, math.floor(share * total + 0.5)))


def _give_back_one(val_count: int, test_count: int) -> tuple[int, int]:
    """Returns the two counts with one subject less in the larger, for train to have one."""
    if val_count > test_count:
        return val_count - 1, test_count
    return val_count, max(test_count - 1, 0)
