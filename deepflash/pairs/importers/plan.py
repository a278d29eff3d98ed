"""What an import is going to do: the pairs found by file name, before any picture is opened."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from deepflash.errors import DatasetError
from deepflash.pairs.importers.source_picture import Light
from deepflash.pairs.manifest import FlashKind, Source, Split
from deepflash.pairs.splits import assign_splits

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".exr")


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """What the user asked for; everything here changes the imported dataset."""

    seed: int = 0
    """Chooses the subjects of val and test."""
    max_size: int | None = None
    """Longest side in pixels; None keeps the size."""
    eight_bit: bool = False
    """16-bit sources become 8-bit too."""
    flash_plus_ambient: float | None = None
    """K: the flash photograph is made as flash_only + K x ambient in linear light."""
    flash_kind: FlashKind = "unknown"
    """FAID: what its flash pictures are."""
    swapped: bool | None = None
    """FAID, eFAID: flash and ambient were exchanged; None: look, and refuse if they were."""
    categories: tuple[str, ...] = ()
    """FAID: only these; empty: all."""
    one_rotation: bool = False
    """DPD: only the first rotation of each portrait."""
    subject_pattern: str | None = None
    """DPD: a regular expression whose first group is the subject in a file's name."""
    mid_ambient: Literal["mean", "each"] = "mean"
    """MID: one pair with the mean of all side lights, or one pair for each of them."""
    mip: int | None = None
    """MID: the resolution level; None: the finest one that is there."""


@dataclass(frozen=True, kw_only=True)
class Ingredient:
    """One file and its share in a picture."""

    path: str
    """Relative to the dataset's folder, with forward slashes."""
    weight: float = 1.0
    """Factor in linear light."""


@dataclass(frozen=True, kw_only=True)
class PlannedPair:
    """One pair to make. Each picture is the weighted sum of its files in linear light."""

    pair_id: str
    subject_id: str
    flash: tuple[Ingredient, ...]
    studio: tuple[Ingredient, ...]
    light: Light
    source: Source
    flash_kind: FlashKind
    published: Literal["train", "test"] | None = None
    """The part of the dataset that its authors put the pair into."""
    pose: str | None = None
    votes_on_order: bool = False
    """The pair's fall-off tells whether flash and ambient were exchanged."""
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What a folder holds."""

    pairs: list[PlannedPair]
    """In the order of the manifest."""
    incomplete: list[str]
    """One line each for pictures without a partner."""


def picture_paths(root: Path) -> list[str]:
    """Returns the pictures below `root`, relative and sorted; opens none of them.

    Raises:
        DatasetError: there is no such folder.
    """
    if not root.is_dir():
        raise DatasetError(f"there is no folder {root}; give the folder of the unpacked dataset")
    found = (p for p in root.rglob("*") if p.suffix.lower() in PICTURE_SUFFIXES)
    # A name with a leading dot is a file manager's shadow of a picture, not a picture.
    return sorted(p.relative_to(root).as_posix() for p in found if not p.name.startswith("."))


def layout_error(kind: str, root: Path, expected: str) -> DatasetError:
    """Returns the error for a folder that is not laid out as `kind` is."""
    names = sorted(p.name + "/" * p.is_dir() for p in root.iterdir())
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return DatasetError(
        f"{root} is not laid out as {kind}: expected {expected}; found {shown or 'nothing'}"
    )


def safe_id(text: str) -> str:
    """Returns `text` with everything but letters, digits, '.', '_' and '-' replaced by '-'."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.") or "unnamed"


def checked(scan: Scan, *, skip_broken: bool) -> Scan:
    """Returns `scan` if it can be imported.

    Raises:
        DatasetError: pictures lack a partner (unless `skip_broken`), no pair is complete, or two
            pairs have one id.
    """
    if scan.incomplete and not (skip_broken and scan.pairs):
        raise DatasetError(
            f"{len(scan.incomplete)} pairs are incomplete, first: {scan.incomplete[0]}; complete "
            "the folder, or leave such pairs out with --skip-broken"
        )
    counts = Counter(pair.pair_id for pair in scan.pairs)
    if twice := [name for name, count in counts.items() if count > 1]:
        where = [p.flash[0].path for p in scan.pairs if p.pair_id == twice[0]]
        raise DatasetError(
            f"{len(twice)} pair names occur twice, first {twice[0]}: {', '.join(where)}; "
            "import a folder that holds one copy of the dataset"
        )
    return scan


def splits_of(pairs: Iterable[PlannedPair], seed: int) -> dict[str, Split]:
    """Returns the split of every subject; see `assign_splits`.

    Raises:
        DatasetError: the dataset's own folders put one subject into train and test.
    """
    parts: dict[str, set[str | None]] = {}
    for pair in pairs:
        parts.setdefault(pair.subject_id, set()).add(pair.published)
    for subject, published in parts.items():
        if "test" in published and len(published) > 1:
            raise DatasetError(
                f"subject {subject} is in the dataset's train and test folders; import the "
                "folders apart or rename the files"
            )
    test = [subject for subject, published in parts.items() if "test" in published]
    return assign_splits(parts, seed=seed, published_test=test)


def natural_key(text: str) -> list[tuple[int, str]]:
    """Returns a key that sorts `a2` before `a10`."""
    return [(int(n or 0), word) for n, word in re.findall(r"(\d+)|(\D+)", text)]
