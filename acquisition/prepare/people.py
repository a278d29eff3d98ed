"""Who is in train, val and test: by person, never by pair, and nobody moves without need."""

import hashlib
from collections.abc import Iterable, Mapping

from deepflash.pairs.manifest import Split

_TRAIN, _VAL = 0.8, 0.9
"""Shares of a person's hash below which it falls to train, to val; the rest is test."""
_ORDER: tuple[Split, ...] = ("train", "val", "test")
_DONORS: dict[Split, tuple[Split, ...]] = {"train": ("val", "test"), "val": ("test",), "test": ()}


def assign_people(people: Iterable[str], before: Mapping[str, Split]) -> dict[str, Split]:
    """Returns the split of each person; whoever had one keeps it.

    New people fall to train (80 %), val (10 %) or test (10 %) by a hash of their id. A trainer
    needs somebody in train and in val, so with few people new ones fill the empty splits first:
    one person is train, two are train and val, three are one each. Where there is nobody new,
    train is filled from val or test, and val from test; a person of train never moves, because
    models have seen it.

    Args:
        people: ids of those with accepted pairs.
        before: splits of an earlier run.
    """
    ranked = sorted(set(people), key=_rank)
    splits: dict[str, Split] = {one: before[one] for one in ranked if one in before}
    new = [one for one in ranked if one not in before]
    splits |= {one: _by_hash(one) for one in new}
    for wanted in _ORDER:
        if wanted in splits.values() or len(splits) <= _ORDER.index(wanted):
            continue
        mover = _mover(wanted, splits, new)
        if mover is not None:
            splits[mover] = wanted
    return {one: splits[one] for one in sorted(splits)}


def _mover(wanted: Split, splits: Mapping[str, Split], new: list[str]) -> str | None:
    """Returns who fills an empty split: a new person that others can spare, else an old one."""
    filled = _ORDER[: _ORDER.index(wanted)]
    counts = {split: sum(one == split for one in splits.values()) for split in _ORDER}
    spare = [one for one in new if splits[one] not in filled or counts[splits[one]] > 1]
    # The largest split can spare one best.
    spare.sort(key=lambda one: (-counts[splits[one]], _rank(one)))
    old = [one for donor in _DONORS[wanted] for one in splits if splits[one] == donor]
    return next(iter([*spare, *old]), None)


def _rank(person: str) -> bytes:
    return hashlib.sha256(person.encode()).digest()


def _by_hash(person: str) -> Split:
    share = int.from_bytes(_rank(person)[:8], "big") / 2**64
    return "train" if share < _TRAIN else "val" if share < _VAL else "test"
