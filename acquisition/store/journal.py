"""The journal of a session: one JSON object a line, on the disk before anything else happens.

An entry that `append` returned survives a stop at any moment. A last line that a stop cut short
was never returned to anybody; it is cut off, and a `fault` entry says so.
"""

import os
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from acquisition.errors import SessionError, StoreError
from acquisition.store.info import SESSION, read_info, write_info
from acquisition.store.lock import locked
from acquisition.store.publish import replace_bytes, sync_folder

JOURNAL = "journal.jsonl"
_CUT_KEPT = 200


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, or that is about to happen."""

    n: int
    """Counts from 1 without gaps."""
    t_ns: int
    """Host clock; comparable within one run of the host."""
    wall: str
    """The same in UTC by the host's calendar clock, ISO 8601; empty where erased."""
    event: str
    pair: str = ""
    participant: str = ""
    data: dict[str, Any] = {}


Listener = Callable[[JournalEntry], None]


def wall_clock() -> str:
    """Returns the present time in UTC, ISO 8601 with milliseconds and `Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Journal:
    """Appends entries; one writer, safe to use from several threads.

    Use `Journal.open`.
    """

    def __init__(self, path: Path, descriptor: int | None, listener: Listener) -> None:
        self.path = path
        self._descriptor = descriptor
        self._listener = listener
        self._lock = threading.RLock()
        self._size = 0
        self._n = 0

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        read_only: bool = False,
        listener: Listener = lambda _: None,
    ) -> "Journal":
        """Opens a journal, or begins one, and reads what is in it.

        Args:
            path: of the file.
            read_only: nothing is repaired, `append` is refused.
            listener: is told of every entry, those already there included, in order.

        Raises:
            SessionError: a line that is not the last one is damaged.
            StoreError: the file cannot be opened.
        """
        flags = os.O_RDONLY if read_only else os.O_RDWR | os.O_CREAT
        try:
            descriptor = os.open(path, flags, 0o644)
            if not read_only:
                sync_folder(path.parent)
        except OSError as error:
            raise StoreError(f"cannot open {path}: {error.strerror}; look at the disk") from error
        journal = cls(path, descriptor, listener)
        try:
            journal._read_back(read_only)
        except BaseException:
            os.close(descriptor)
            raise
        if read_only:
            os.close(descriptor)
            journal._descriptor = None
        return journal

    def _read_back(self, read_only: bool) -> None:
        data = self.path.read_bytes()
        entries, self._size = _parse(data, self.path)
        for entry in entries:
            self._listener(entry)
        self._n = entries[-1].n if entries else 0
        torn = data[self._size :]
        if torn and not read_only:
            self.append(
                "fault",
                where="journal",
                text=f"a stop cut the last line short; {len(torn)} bytes were removed",
                cut=torn[:_CUT_KEPT].decode("utf-8", "replace").replace("\0", ""),
            )

    def append(
        self, event: str, *, pair: str = "", participant: str = "", **data: Any
    ) -> JournalEntry:
        """Appends one entry and forces it to the disk.

        Args:
            event: for example `stored`.
            pair: that it belongs to, empty for none.
            participant: that it belongs to, empty for none.
            data: whatever else is to be known; msgspec's types and plain ones.

        Raises:
            StoreError: the disk took no more; the journal is as it was before.
        """
        with self._lock:
            if self._descriptor is None:
                raise StoreError(f"{self.path} is closed or open for reading; {event} not noted")
            entry = JournalEntry(
                n=self._n + 1,
                t_ns=time.monotonic_ns(),
                wall=wall_clock(),
                event=event,
                pair=pair,
                participant=participant,
                data=msgspec.to_builtins(data, enc_hook=str),
            )
            line = msgspec.json.encode(entry) + b"\n"
            self._write(self._descriptor, line)
            self._n, self._size = entry.n, self._size + len(line)
            self._listener(entry)
            return entry

    def _write(self, descriptor: int, line: bytes) -> None:
        try:
            # Also cuts off what an append that failed could not take back.
            os.ftruncate(descriptor, self._size)
            written = 0
            while written < len(line):
                written += os.pwrite(descriptor, line[written:], self._size + written)
            os.fsync(descriptor)
        except OSError as error:
            # Where even this fails, the next append or the next opening cuts it off.
            with suppress(OSError):
                os.ftruncate(descriptor, self._size)
            raise StoreError(
                f"cannot write {self.path}: {error.strerror}; free some space and open the "
                "session again"
            ) from error

    def entries(self) -> list[JournalEntry]:
        """Returns all entries, read from the file."""
        with self._lock:
            return _parse(self.path.read_bytes()[: self._size], self.path)[0]

    def close(self) -> None:
        """Closes the file; may be called twice."""
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None


def read_journal(path: Path) -> list[JournalEntry]:
    """Returns the entries of a journal that may be in use; a torn last line is left out.

    Raises:
        SessionError: there is no journal, or a line that is not the last one is damaged.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SessionError(
            f"cannot read {path}: {error.strerror}; is {path.parent} a session folder?"
        ) from error
    return _parse(data, path)[0]


def _parse(data: bytes, path: Path) -> tuple[list[JournalEntry], int]:
    """Returns the entries and how many bytes they take; what follows is a torn last line."""
    entries: list[JournalEntry] = []
    decoder = msgspec.json.Decoder(JournalEntry)
    lines, size = data.split(b"\n"), 0
    for number, line in enumerate(lines[:-1], 1):
        try:
            entry = decoder.decode(line)
            if entry.n != number:
                raise ValueError(f"it says {entry.n}")
        except (msgspec.MsgspecError, ValueError) as error:
            if number == len(lines) - 1 and not lines[-1]:
                break
            raise SessionError(
                f"{path} line {number} is damaged ({error}); put the journal of the mirror or of "
                "a backup in its place"
            ) from error
        entries.append(entry)
        size += len(line) + 1
    return entries, size


def redact_journal(path: Path, participant: str) -> int:
    """Empties every entry that concerns a person; numbers and times stay.

    The person leaves the plan in the `session.json` beside it first, so that nothing of theirs
    is ever adopted again. Each file is replaced in one step; call again after a stop. No session
    may be running in the folder.

    Args:
        path: of the journal.
        participant: for example `P-4Q7ZK2`.

    Returns:
        How many entries were emptied by this call.

    Raises:
        SessionError: no journal, a damaged one, or a session is running.
        StoreError: the disk failed; the journal is as it was.
    """
    with locked(path.parent):
        _leave_plan(path.parent, participant)
        entries = read_journal(path)
        words = {participant, f"sub-{participant.removeprefix('P-')}"}
        words |= {e.pair for e in entries if e.participant == participant and e.pair}
        concerns = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in sorted(words)))
        lines, count = [], 0
        for entry in entries:
            line = msgspec.json.encode(entry)
            if concerns.search(line.decode()):
                line = msgspec.json.encode(
                    JournalEntry(n=entry.n, t_ns=entry.t_ns, wall="", event="erased")
                )
                count += 1
            lines.append(line + b"\n")
        if count:
            replace_bytes(b"".join(lines), path, scratch=path.parent)
        return count


def _leave_plan(root: Path, participant: str) -> None:
    if not (root / SESSION).exists():
        return
    info = read_info(root)
    if participant in info.people:
        people = [one for one in info.people if one != participant]
        write_info(root, structs.replace(info, people=people))
