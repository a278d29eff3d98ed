"""The pair dataset's manifest: `manifest.jsonl`, one record a line, pictures beside it.

`acquisition` and `deepflash` share it, so it imports the standard
library only.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any, Literal, get_args

from deepflash.errors import DatasetError, StorageError

VERSION = 1
MANIFEST = "manifest.jsonl"
PARTIAL = "manifest.jsonl.partial"

Split = Literal["train", "val", "test"]
Encoding = Literal["srgb8", "srgb16", "linear"]
FlashKind = Literal["flash", "torch", "screen", "flash_only", "flash_plus_ambient", "unknown"]
Source = Literal["session", "synth", "drawn", "dpd", "faid", "efaid", "mid"]

_CHOICES = {"split": Split, "encoding": Encoding, "flash_kind": FlashKind, "source": Source}


@dataclass(frozen=True, kw_only=True)
class PairRecord:
    """One flash photograph and the studio photograph of the same pose, registered onto it."""

    pair_id: str
    """Unique in the dataset; letters, digits, '.', '_' and '-'."""
    subject_id: str
    """The person (or scene). A subject is never in two splits."""
    split: Split
    flash: str
    """Path of the flash picture, relative to the manifest."""
    studio: str
    """Path of the studio picture, same size as the flash picture."""
    width: int
    height: int
    flash_sha256: str
    studio_sha256: str
    flash_bytes: int
    studio_bytes: int
    encoding: Encoding
    """How both files hold light: sRGB-encoded 8 or 16 bit, or linear with sRGB primaries."""
    flash_kind: FlashKind
    source: Source
    pose: str | None = None
    valid: str | None = None
    """Path of the 8-bit validity mask (255: registered here); None: valid everywhere."""
    masks: dict[str, str] = field(default_factory=dict)
    """Paths of further 8-bit masks by name: face, skin, hair, person."""
    skew_ms: float | None = None
    """Time from the flash exposure to the studio exposure."""
    skew_uncertainty_ms: float | None = None
    quality: dict[str, float] = field(default_factory=dict)
    consent: list[str] = field(default_factory=list)
    """Scopes of use that the person agreed to; empty for datasets without people's consent."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Provenance and parameters of the source; readers may ignore it.

    Rendered pairs may name here the file of their `layers`, relative to the manifest, and the
    `skin_reflectance` that exposes mixtures of them.
    """

    def to_json(self) -> str:
        """Returns the record as one line of the manifest."""
        return json.dumps({"version": VERSION} | asdict(self), sort_keys=True)

    def files(self) -> list[str]:
        """Returns the relative paths of all pictures of the record."""
        return [
            self.flash,
            self.studio,
            *([self.valid] if self.valid else []),
            *self.masks.values(),
        ]


def parse_record(line: str, where: str) -> PairRecord:
    """Reads one line of a manifest.

    Args:
        line: JSON text.
        where: names the line in errors, for example `pairs/a/manifest.jsonl line 3`.

    Raises:
        DatasetError: not JSON, written by a newer version, or fields missing or unknown.
    """
    try:
        values = json.loads(line)
        version = values.pop("version")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise DatasetError(f"{where} is not a pair record; run the import again") from error
    if not isinstance(version, int) or version > VERSION:
        raise DatasetError(
            f"{where} has version {version}, this program reads up to {VERSION}; update deepflash"
        )
    known = {f.name for f in fields(PairRecord)}
    if unknown := sorted(set(values) - known):
        raise DatasetError(f"{where} has unknown fields: {', '.join(unknown)}")
    _check_names(values, where)
    for name, choices in _CHOICES.items():
        if name in values and values[name] not in get_args(choices):
            raise DatasetError(
                f"{where}: {name} is {values[name]!r}, expected one of "
                f"{', '.join(get_args(choices))}"
            )
    try:
        return PairRecord(**values)
    except TypeError as error:
        raise DatasetError(f"{where} lacks fields: {error}") from error


def _check_names(values: dict[str, Any], where: str) -> None:
    """Keeps a manifest from elsewhere from reading or writing outside of its dataset."""
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", str(values.get("pair_id", "-"))):
        raise DatasetError(
            f"{where}: pair_id {values.get('pair_id')!r} has other characters than letters, "
            "digits, '.', '_' and '-'"
        )
    masks, extra = values.get("masks") or {}, values.get("extra") or {}
    paths = [values.get("flash"), values.get("studio"), values.get("valid")]
    paths.append(extra.get("layers") if isinstance(extra, dict) else None)
    for path in [*paths, *(masks.values() if isinstance(masks, dict) else [0])]:
        inside = isinstance(path, str) and not PurePath(path).is_absolute()
        if path is not None and not (inside and ".." not in PurePath(path).parts):
            raise DatasetError(f"{where}: {path!r} is not a path inside the dataset")


def read_manifest(root: Path) -> list[PairRecord]:
    """Returns all records of the dataset in the folder `root`, in the manifest's order.

    Raises:
        DatasetError: no such folder, no manifest, an unfinished import, no records, a damaged
            or newer record, a pair listed twice, or a subject in two splits.
    """
    path = root / MANIFEST
    if not path.is_file():
        if (root / PARTIAL).is_file():
            raise DatasetError(
                f"{root} holds an unfinished dataset; run the command that makes it again"
            )
        missing = "no such folder" if not root.is_dir() else f"it has no {MANIFEST}"
        raise DatasetError(
            f"no pair dataset at {root}: {missing}; make one with `deepflash import` "
            "or `deepflash draw`"
        )
    lines = path.read_text(encoding="utf-8").splitlines()
    records = [parse_record(line, f"{path} line {n}") for n, line in enumerate(lines, 1) if line]
    if not records:
        raise DatasetError(f"{path} lists no pairs; run the import again")
    _check_unique(records, path)
    return records


def _check_unique(records: list[PairRecord], path: Path) -> None:
    pairs: set[str] = set()
    splits: dict[str, str] = {}
    for record in records:
        if record.pair_id in pairs:
            raise DatasetError(f"{path} lists pair {record.pair_id} twice")
        pairs.add(record.pair_id)
        if splits.setdefault(record.subject_id, record.split) != record.split:
            raise DatasetError(
                f"{path}: subject {record.subject_id} is in the splits "
                f"{splits[record.subject_id]} and {record.split}; a person belongs to one"
            )


def fingerprint(records: Iterable[PairRecord]) -> str:
    """Returns 16 hex digits that change with any picture, split or pair of the dataset."""
    rows = sorted(f"{r.pair_id} {r.split} {r.flash_sha256} {r.studio_sha256}" for r in records)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]


def file_digest(path: Path) -> tuple[str, int]:
    """Returns the SHA-256 (hex) and the size in bytes of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.seek(0, os.SEEK_END)


def check_files(root: Path, records: Iterable[PairRecord]) -> None:
    """Checks that every picture is there and has its recorded size in bytes; reads none.

    Raises:
        DatasetError: names the first picture that is missing or of another size.
    """
    for record in records:
        sizes = {record.flash: record.flash_bytes, record.studio: record.studio_bytes}
        for name in record.files():
            path = root / name
            if not path.is_file():
                raise DatasetError(f"pair {record.pair_id}: {path} is missing; import it again")
            found, expected = path.stat().st_size, sizes.get(name)
            if expected is not None and found != expected:
                raise DatasetError(
                    f"pair {record.pair_id}: {path} has {found} bytes, the manifest says "
                    f"{expected}: it is truncated or was changed; import it again"
                )


class ManifestWriter:
    """Writes a manifest pair by pair, so that an interrupted run resumes where it stopped.

    Lines go to `manifest.jsonl.partial`, flushed one by one; leaving the `with` block without
    an error renames it to `manifest.jsonl`. On entering, the records of an earlier,
    interrupted run are read back into `done`; a last line cut short is dropped.

    Several processes or machines may each write a shard under a name of its own into the same
    folder; `merge_manifests` joins them.

    Args:
        root: folder of the dataset.
        name: of the finished file, `NAME.jsonl`.

    Example:
        >>> with ManifestWriter(root) as writer:
        ...     for item in items:
        ...         if item.name not in writer.done:
        ...             writer.add(make_pair(item))
    """

    def __init__(self, root: Path, name: str = MANIFEST) -> None:
        self.root = root
        self.name = name
        self.done: dict[str, PairRecord] = {}

    def __enter__(self) -> "ManifestWriter":
        """Opens the partial manifest; raises DatasetError if the dataset is already complete."""
        for name in {MANIFEST, self.name}:
            if (self.root / name).is_file():
                raise DatasetError(
                    f"{self.root} already holds a dataset ({name}); remove that folder or name "
                    "another one"
                )
        partial = self._partial
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            kept = self._read_back(partial)
            with partial.open("w", encoding="utf-8") as file:
                file.writelines(line + "\n" for line in kept)
            self._file = partial.open("a", encoding="utf-8")
        except OSError as error:
            raise StorageError(f"cannot write {partial}: {error.strerror}") from error
        return self

    @property
    def _partial(self) -> Path:
        return self.root / f"{self.name}.partial"

    def _read_back(self, partial: Path) -> list[str]:
        if not partial.is_file():
            return []
        lines = partial.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line.strip() for line in lines if line.endswith("\n")]
        for number, line in enumerate(kept, 1):
            record = parse_record(line, f"{partial} line {number}")
            self.done[record.pair_id] = record
        return kept

    def add(self, record: PairRecord) -> None:
        """Appends one record whose pictures are already on disk under their final names."""
        try:
            self._file.write(record.to_json() + "\n")
            self._file.flush()
        except OSError as error:
            raise StorageError(
                f"cannot write {self._partial}: {error.strerror}; free some space and run "
                "the same command again"
            ) from error
        self.done[record.pair_id] = record

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Finishes the manifest if nothing failed; otherwise leaves the partial one to resume."""
        del error, traceback
        self._file.close()
        if kind is None and self.done:
            self._partial.replace(self.root / self.name)


def merge_manifests(root: Path, names: Sequence[str]) -> None:
    """Joins complete shard manifests, in their order, into `manifest.jsonl`.

    The shards stay; joining the same ones again is refused, because the dataset is complete.

    Args:
        root: folder of the dataset and of its shards.
        names: of the shards, as `ManifestWriter` was told.

    Raises:
        DatasetError: no names, a shard is missing or unfinished, a pair is in two shards, a
            subject is in two splits, or the dataset is already complete.
        StorageError: the manifest could not be written; the shards are untouched.
    """
    records: list[PairRecord] = []
    for name in names:
        path = root / name
        if not path.is_file():
            state = "is unfinished" if (root / f"{name}.partial").is_file() else "is missing"
            raise DatasetError(f"{path} {state}; run the command that writes this shard again")
        lines = path.read_text(encoding="utf-8").splitlines()
        records += [parse_record(s, f"{path} line {n}") for n, s in enumerate(lines, 1) if s]
    if not records:
        raise DatasetError(f"no pairs to join in {root}; name the shards that were written there")
    _check_unique(records, root / MANIFEST)
    # An earlier joining that was cut short is not an interrupted rendering: begin anew.
    (root / PARTIAL).unlink(missing_ok=True)
    with ManifestWriter(root) as writer:
        for record in records:
            writer.add(record)
