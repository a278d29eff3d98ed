"""A dataset's folder: what is known of every pair, the manifest, and taking people out.

manifest.jsonl            accepted pairs; `manifest.jsonl.partial` while a run changes the rest
prepared.jsonl            every pair, a `Prepared` a line; `.partial` holds those of a run
settings.json             how the pairs were made
flash, studio, valid, masks/face, full/flash, full/studio, full/valid
                          each with a folder a person, sub-XXXXXX, so that a person can leave
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from acquisition.errors import SessionError, StoreError, UsageError
from acquisition.prepare.people import assign_people
from acquisition.prepare.settings import FileName, Prepared, PrepareSettings
from acquisition.store.lock import LOCK, locked
from acquisition.store.publish import PART, make_folder, replace_bytes
from deepflash.errors import DatasetError
from deepflash.pairs.manifest import MANIFEST, PARTIAL, PairRecord, Split, parse_record

PREPARED = "prepared.jsonl"
PREPARED_PARTIAL = "prepared.jsonl.partial"
SETTINGS = "settings.json"
FOLDERS: dict[FileName, str] = {
    "flash": "flash",
    "studio": "studio",
    "valid": "valid",
    "face": "masks/face",
    "full_flash": "full/flash",
    "full_studio": "full/studio",
    "full_valid": "full/valid",
}


def person_folder(participant: str) -> str:
    """Returns the name of a person's folders in a dataset."""
    return f"sub-{participant.removeprefix('P-')}"


def file_path(name: FileName, participant: str, pair: str, suffix: str) -> str:
    """Returns where a file of a pair is, relative to the dataset."""
    return f"{FOLDERS[name]}/{person_folder(participant)}/{pair}.{suffix}"


@contextmanager
def opened(root: Path) -> Iterator["Dataset"]:
    """Opens the dataset in `root` for one writer, or begins one.

    Raises:
        UsageError: the folder holds something else.
        SessionError: another process prepares it.
        StoreError: the disk failed.
    """
    if root.is_dir() and not _is_ours(root):
        raise UsageError(
            f"{root} holds other things than a prepared dataset; name another folder with -o"
        )
    make_folder(root)
    try:
        lock = locked(root)
        lock.__enter__()
    except SessionError as error:
        raise SessionError(
            f"{root} is being prepared by another process; wait until it has ended"
        ) from error
    try:
        yield Dataset(root)
    finally:
        lock.__exit__(None, None, None)


def _is_ours(root: Path) -> bool:
    own = {PREPARED, PREPARED_PARTIAL, SETTINGS}
    names = {path.name for path in root.iterdir()} - {LOCK}
    return not names or bool(names & own)


class Dataset:
    """What a dataset's folder holds; made by `opened`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.known: dict[str, Prepared] = {}
        """By pair."""
        for name in (PREPARED, PREPARED_PARTIAL):
            self.known |= {one.pair: one for one in _read_lines(root / name)}
        self.splits = _read_splits(root)

    def has_files(self, prepared: Prepared) -> bool:
        """Returns whether all files of a pair are there with their sizes."""
        for file in prepared.files.values():
            try:
                if (self.root / file.path).stat().st_size != file.bytes:
                    return False
            except OSError:
                return False
        return True

    def begin(self) -> None:
        """Makes the dataset unfinished: what readers see must not change under them.

        Raises:
            StoreError: the disk failed.
        """
        try:
            if (self.root / MANIFEST).is_file():
                (self.root / MANIFEST).replace(self.root / PARTIAL)
            (self.root / PARTIAL).touch()
            for part in self.root.rglob(f"{PART}*"):
                part.unlink(missing_ok=True)
        except OSError as error:
            raise _in_words(self.root, error) from error
        self._write_prepared()

    def note(self, prepared: Prepared) -> None:
        """Notes what became of a pair, at once; its files of an earlier run go if they are others.

        Raises:
            StoreError: the disk failed.
        """
        before = self.known.get(prepared.pair)
        self.known[prepared.pair] = prepared
        try:
            with (self.root / PREPARED_PARTIAL).open("ab") as file:
                file.write(msgspec.json.encode(prepared) + b"\n")
            kept = {file.path for file in prepared.files.values()}
            for old in before.files.values() if before else ():
                if old.path not in kept:
                    (self.root / old.path).unlink(missing_ok=True)
        except OSError as error:
            raise _in_words(self.root, error) from error

    def holds_person(self, participant: str) -> bool:
        """Returns whether there is anything of a person."""
        named = any(one.participant == participant for one in self.known.values())
        return named or any(folder.exists() for folder in self._folders_of(participant))

    def _folders_of(self, participant: str) -> list[Path]:
        return [self.root / folder / person_folder(participant) for folder in FOLDERS.values()]

    def remove_person(self, participant: str) -> int:
        """Deletes all files of a person, also those that a stop left unnamed.

        Returns:
            How many pairs that were.

        Raises:
            StoreError: the disk failed.
        """
        try:
            for folder in self._folders_of(participant):
                if folder.exists():
                    shutil.rmtree(folder)
        except OSError as error:
            raise _in_words(self.root, error) from error
        pairs = [one.pair for one in self.known.values() if one.participant == participant]
        for pair in pairs:
            del self.known[pair]
        self.splits.pop(participant, None)
        return len(pairs)

    def remove_pairs(self, pairs: Iterable[str]) -> None:
        """Deletes the files of pairs that are in the dataset no more. Raises StoreError."""
        for pair in pairs:
            try:
                for file in self.known[pair].files.values():
                    (self.root / file.path).unlink(missing_ok=True)
            except OSError as error:
                raise _in_words(self.root, error) from error
            del self.known[pair]

    def finish(self, settings: PrepareSettings, scopes: Mapping[str, list[str]]) -> bool:
        """Writes manifest, `prepared.jsonl` and settings; returns whether anything changed.

        Args:
            settings: of this run.
            scopes: what each person agreed to.

        Raises:
            StoreError: the disk failed.
        """
        accepted = [one for one in self._in_order() if one.accepted]
        self.splits = assign_people((one.participant for one in accepted), self.splits)
        records = [
            to_record(one, self.splits[one.participant], scopes[one.participant])
            for one in accepted
        ]
        changed = self._write_prepared()
        settings_json = msgspec.json.format(msgspec.json.encode(settings), indent=2) + b"\n"
        changed |= self._put(SETTINGS, settings_json)
        changed |= self._put(MANIFEST, "".join(f"{r.to_json()}\n" for r in records).encode())
        with suppress(OSError):
            (self.root / PARTIAL).unlink(missing_ok=True)
        return changed

    def _in_order(self) -> list[Prepared]:
        return sorted(self.known.values(), key=lambda one: (one.session, one.pair))

    def _write_prepared(self) -> bool:
        lines = [msgspec.json.encode(one) + b"\n" for one in self._in_order()]
        changed = self._put(PREPARED, b"".join(lines))
        with suppress(OSError):
            (self.root / PREPARED_PARTIAL).unlink(missing_ok=True)
        return changed

    def _put(self, name: str, data: bytes) -> bool:
        path = self.root / name
        if path.is_file() and path.read_bytes() == data:
            return False
        replace_bytes(data, path, scratch=self.root)
        return True


def to_record(one: Prepared, split: Split, scopes: list[str]) -> PairRecord:
    """Returns an accepted pair as the manifest's record."""
    flash, studio = one.files["flash"], one.files["studio"]
    extra: dict[str, Any] = {
        "session": one.session,
        "order": one.order,
        "registration": one.registration,
        "colour": one.colour,
        "studio_source": one.studio_source,
        "tool": one.tool,
        "full": {
            name.removeprefix("full_"): file.path
            for name, file in one.files.items()
            if name.startswith("full_")
        },
    }
    if one.simulated:
        extra["simulated"] = "a simulated session took this pair; nobody sat for it"
    return PairRecord(
        pair_id=one.pair,
        subject_id=one.participant,
        split=split,
        flash=flash.path,
        studio=studio.path,
        width=one.width,
        height=one.height,
        flash_sha256=flash.sha256,
        studio_sha256=studio.sha256,
        flash_bytes=flash.bytes,
        studio_bytes=studio.bytes,
        encoding=one.encoding,
        flash_kind=one.flash_kind,
        source="session",
        pose=one.pose,
        valid=one.files["valid"].path,
        masks={"face": one.files["face"].path},
        skew_ms=one.skew_ms,
        skew_uncertainty_ms=one.skew_uncertainty_ms,
        quality=one.figures,
        consent=scopes,
        extra=extra,
    )


def _read_lines(path: Path) -> Iterator[Prepared]:
    """Yields what is whole; a pair whose line is damaged or of another version is done again."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return
    except OSError as error:
        raise _in_words(path, error) from error
    for line in lines:
        with suppress(msgspec.MsgspecError):
            yield msgspec.json.decode(line, type=Prepared)


def _read_splits(root: Path) -> dict[str, Split]:
    splits: dict[str, Split] = {}
    for name in (PARTIAL, MANIFEST):
        path = root / name
        for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
            with suppress(DatasetError):
                record = parse_record(line, str(path))
                splits[record.subject_id] = record.split
    return splits


def _in_words(path: Path, error: OSError) -> StoreError:
    return StoreError(f"cannot write {path}: {error.strerror or error}; look at the disk")
