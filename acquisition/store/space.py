"""The disk guard: no pair is begun where the next twenty might not fit."""

import shutil
from pathlib import Path

import msgspec

from acquisition.errors import StoreError
from acquisition.store.info import Limits


class Space(msgspec.Struct, frozen=True, kw_only=True):
    """Room on a session's disk, in bytes."""

    free: int
    needed: int
    """Below this no pair is begun."""

    @property
    def enough(self) -> bool:
        """Returns whether a pair may be begun."""
        return self.free >= self.needed


def space(root: Path, limits: Limits, last_pair_bytes: int) -> Space:
    """Returns the room on the disk of `root`; `last_pair_bytes` is what the last pair took.

    Raises:
        StoreError: the disk does not answer.
    """
    try:
        free = shutil.disk_usage(root).free
    except OSError as error:
        raise StoreError(f"the disk of {root} is away: {error.strerror}; attach it") from error
    needed = max(limits.least_free_bytes, limits.pairs_ahead * last_pair_bytes)
    return Space(free=free, needed=needed)


def check_space(root: Path, limits: Limits, last_pair_bytes: int) -> None:
    """Raises StoreError where there is too little room to begin a pair."""
    found = space(root, limits, last_pair_bytes)
    if not found.enough:
        raise StoreError(
            f"the disk of {root} has {in_words(found.free)} free and {in_words(found.needed)} are "
            "needed to begin a pair; free some space or begin a session on another disk"
        )


def in_words(size: int) -> str:
    """Returns for example `1.2 GB`, in steps of a thousand."""
    amount, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{size} bytes" if unit == "bytes" else f"{amount:.1f} {unit}"
