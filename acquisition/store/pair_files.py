"""The files of pairs: takes them in from both devices, and says what is there."""

import re
import threading
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import msgspec

from acquisition.camera.contract import CameraFile, Downloaded
from acquisition.errors import AcquisitionError, StoreError, one_line
from acquisition.phone.contract import ShotName
from acquisition.record import FileKind, StoredFile
from acquisition.store.content import SUFFIXES, check_picture
from acquisition.store.info import INCOMING
from acquisition.store.journal import Journal
from acquisition.store.ledger import Ledger, PairLedger
from acquisition.store.publish import digest, new_part, publish, write_part

_RAW_SUFFIX = re.compile(r"[a-z0-9]{2,4}")


def pair_path(root: Path, participant: str, pair: str) -> Path:
    """Returns the folder of a pair: all of a person is below one folder."""
    return root / f"sub-{participant.removeprefix('P-')}" / f"pair-{pair}"


class PairFiles:
    """Takes files in; safe to use from several threads.

    Args:
        root: of the session.
        journal: open for writing, or for reading only.
        ledger: that listens to the journal.
    """

    def __init__(self, root: Path, journal: Journal, ledger: Ledger) -> None:
        self.root = root
        self.journal = journal
        self.ledger = ledger
        self.lock = threading.RLock()
        self._refused: set[str] = set()

    def known(self, pair: str) -> PairLedger:
        """Returns what the journal says about a pair. Raises StoreError where that is nothing."""
        found = self.ledger.pairs.get(pair)
        if found is None:
            raise StoreError(f"no pair {pair} was begun in the session at {self.root}")
        return found

    def pair_folder(self, pair: str) -> Path:
        """Returns the folder of a known pair. Raises StoreError."""
        return pair_path(self.root, self.known(pair).participant, pair)

    def part(self, shot: ShotName | None = None) -> Path:
        """Returns a new temporary path on the session's disk; `shot` changes nothing."""
        del shot
        return new_part(self.root / INCOMING)

    def stored(self, shot: ShotName) -> StoredFile | None:
        """Returns the stored file of a shot, None if it is not there (any more)."""
        pair = self.ledger.pairs.get(shot.pair)
        file = pair.of_kind(shot.kind) if pair is not None else None
        return file if file is not None and self._is_there(shot.pair, file) else None

    def has(self, pair: str, kind: FileKind) -> bool:
        """Returns whether a file of this kind was stored and is there. Raises StoreError."""
        return any(file.kind == kind for file in self.files(pair))

    def files(self, pair: str) -> list[StoredFile]:
        """Returns the pair's files that were stored and are there. Raises StoreError."""
        return [f for f in list(self.known(pair).stored.values()) if self._is_there(pair, f)]

    def accept(self, shot: ShotName, part: Path, sha256: str, origin: str) -> StoredFile:
        """Takes a phone's picture in; see `acquisition.phone.contract.Intake`."""
        try:
            self._check_open(shot.pair)
            mime = check_picture(part)
            return self._store(
                shot.pair,
                part,
                StoredFile(
                    name=f"{shot.kind}.{SUFFIXES[mime]}",
                    kind=shot.kind,
                    bytes=part.stat().st_size,
                    sha256=sha256,
                    mime=mime,
                    origin=origin,
                ),
            )
        except (AcquisitionError, OSError) as error:
            self._refuse(shot.pair, shot.kind, sha256, error)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def add_studio(
        self, pair: str, file: CameraFile, part: Path, downloaded: Downloaded
    ) -> StoredFile:
        """Takes a file of the studio camera in; the same one twice is no error.

        Args:
            pair: that it belongs to.
            file: where it is on the card.
            part: what came down; gone afterwards in every case.
            downloaded: what the camera's process said about it.

        Raises:
            StoreError: unknown or aborted pair, other bytes than said, another file of the same
                kind is there, or the disk failed.
        """
        suffix = Path(file.name).suffix.lower().removeprefix(".")
        if not _RAW_SUFFIX.fullmatch(suffix) or suffix in ("jpg", "jpeg"):
            suffix = "raw"
        kind: FileKind = "studio_raw" if downloaded.is_raw else "studio_jpeg"
        try:
            self._check_open(pair)
            return self._store(
                pair,
                part,
                StoredFile(
                    name=f"studio.{suffix}" if downloaded.is_raw else "studio.jpg",
                    kind=kind,
                    bytes=downloaded.bytes,
                    sha256=downloaded.sha256,
                    mime=downloaded.mime,
                    origin=file.path,
                ),
            )
        except (AcquisitionError, OSError) as error:
            self._refuse(pair, kind, downloaded.sha256, error)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def add_log(self, pair: str, text: str) -> StoredFile:
        """Keeps what the camera's library said; another text gets a numbered name of its own.

        Raises:
            StoreError: unknown pair, or the disk failed.
        """
        part = self.part()
        try:
            with self.lock:
                folder = self.pair_folder(pair)
                write_part(text.encode(), part, folder / "camera.log")
                sha256, size = digest(part)
                file = StoredFile(
                    name=self._log_name(pair, sha256),
                    kind="log",
                    bytes=size,
                    sha256=sha256,
                    mime="text/plain",
                    origin="",
                )
                return self._store(pair, part, file)
        except OSError as error:
            raise StoreError(f"cannot store the log of pair {pair}: {error}") from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def _log_name(self, pair: str, sha256: str) -> str:
        """Returns the name under which this log is stored, or the next free one."""
        folder, number = self.pair_folder(pair), 1
        while True:
            name = "camera.log" if number == 1 else f"camera-{number}.log"
            path = folder / name
            if not path.exists() or digest(path)[0] == sha256:
                return name
            number += 1

    def note_stored(self, pair: str, file: StoredFile, **more: bool) -> StoredFile:
        """Writes the `stored` entry of a file that is under its final name; returns `file`."""
        participant = self.known(pair).participant
        data = {**msgspec.structs.asdict(file), **more}
        self.journal.append("stored", pair=pair, participant=participant, **data)
        return file

    def _store(self, pair: str, part: Path, file: StoredFile) -> StoredFile:
        with self.lock:
            known = self._check_open(pair)
            before = known.stored.get(file.name)
            if file.kind != "log":
                before = known.of_kind(file.kind)
            if before is not None and before.sha256 == file.sha256 and self._is_there(pair, before):
                return before
            final = self.pair_folder(pair) / file.name
            if before is not None and self._is_there(pair, before):
                raise StoreError(
                    f"{pair} has another {file.kind} already; nothing is ever overwritten, "
                    "take a new pair"
                )
            if final.exists() and digest(final) == (file.sha256, file.bytes):
                # Published by a call that failed before the journal knew.
                return self.note_stored(pair, file)
            if part.stat().st_size != file.bytes:
                raise StoreError(
                    f"{file.name} has {part.stat().st_size} bytes, {file.bytes} were announced; "
                    "fetch it again"
                )
            publish(part, final, file.sha256)
            return self.note_stored(pair, file)

    def _check_open(self, pair: str) -> PairLedger:
        known = self.known(pair)
        if known.aborted:
            raise StoreError(
                f"pair {pair} was broken off before its first picture, so nothing of it is wanted; "
                "the device may drop the picture"
            )
        return known

    def _is_there(self, pair: str, file: StoredFile) -> bool:
        try:
            return (self.pair_folder(pair) / file.name).stat().st_size == file.bytes
        except OSError:
            return False

    def _refuse(self, pair: str, kind: str, sha256: str, error: Exception) -> NoReturn:
        """Notes once what was not taken in, then raises; a device may try again every second."""
        text = one_line(error)
        key = f"{pair}/{kind}/{sha256}/{text}"
        if key not in self._refused:
            self._refused.add(key)
            is_disk = isinstance(error, OSError) or isinstance(error.__cause__, OSError)
            with suppress(StoreError):
                self.journal.append(
                    "fault" if is_disk else "refused",
                    pair=pair,
                    where="store",
                    kind=kind,
                    sha256=sha256,
                    text=text,
                )
        if isinstance(error, OSError):
            raise StoreError(
                f"cannot store the {kind} of pair {pair}: {error}; look at the disk, then send "
                "it again"
            ) from error
        raise error
