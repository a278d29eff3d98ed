"""A second copy of the session on another disk, written the same way as the first.

The copy is a whole session folder. It is made behind the session's back: a mirror that is away,
full or slow is reported, and caught up with later; the session goes on.
"""

import errno
import os
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from acquisition.errors import StoreError, one_line
from acquisition.record import INCOMPLETE, RECORD
from acquisition.store.info import INCOMING, SESSION
from acquisition.store.journal import JOURNAL
from acquisition.store.pair_files import PairFiles
from acquisition.store.publish import (
    make_folder,
    new_part,
    publish,
    replace_bytes,
    sweep,
)

_CHUNK = 1 << 20


class MirrorReport(msgspec.Struct, frozen=True, kw_only=True):
    """What copying came to."""

    copied: int
    """Files."""
    behind: list[str] = []
    """Pairs that the mirror lacks files of."""
    problem: str = ""
    """One line, empty when the mirror has everything."""


class Mirror:
    """Copies finished pairs to `<mirror>/<session>`.

    Args:
        files: of the session.
        copy: the session's folder on the mirror.
        was_begun: whether the mirror had a folder before, so that its absence means that the
            disk is away.
        on_begun: is called when the folder was made.
    """

    def __init__(
        self, files: PairFiles, copy: Path, *, was_begun: bool, on_begun: Callable[[], object]
    ) -> None:
        self.copy = copy
        self.problem = ""
        self._files = files
        self._was_begun = was_begun
        self._on_begun = on_begun
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def later(self, pair: str) -> None:
        """Copies a pair in the background; returns at once."""
        self._start()
        self._queue.put(pair)

    def close(self, wait_s: float) -> None:
        """Catches up once more, in the background; does not wait longer than `wait_s`.

        A mirror that hangs must not hold the session up.
        """
        self._start()
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join(wait_s)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="mirror", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while (pair := self._queue.get()) is not None:
            with self._lock:
                problem = ""
                try:
                    self._begin()
                    self._copy_pair(pair)
                except StoreError as error:
                    problem = one_line(error)
                # What an earlier pair lacks is not mended by a later one that fitted.
                self._say(problem or self.problem)
        self.catch_up()

    def catch_up(self) -> MirrorReport:
        """Copies everything that the mirror lacks. Never raises."""
        copied, behind, problem = 0, [], ""
        pairs = [p.pair for p in list(self._files.ledger.pairs.values()) if not p.is_open]
        with self._lock:
            try:
                self._begin()
                sweep(self.copy / INCOMING)
            except (StoreError, OSError) as error:
                problem, behind, pairs = one_line(error), pairs, []
            for pair in pairs:
                try:
                    copied += self._copy_pair(pair)
                except StoreError as error:
                    problem = problem or one_line(error)
                    behind.append(pair)
            # What is noted about the mirror is part of the journal that is copied last.
            self._say(problem)
            if not problem:
                self._say(problem := self._copy_papers())
        return MirrorReport(copied=copied, behind=behind, problem=problem)

    def _say(self, problem: str) -> None:
        """Notes a problem once, until it is another one or over."""
        if problem and problem != self.problem:
            # Where the session's own disk is full or the session closed, that is said elsewhere.
            with suppress(StoreError):
                self._files.journal.append("fault", where="mirror", text=problem)
        self.problem = problem

    def _begin(self) -> None:
        """Makes the folder the first time. A folder that is gone later is a disk that is away."""
        if (self.copy / INCOMING).is_dir():
            return
        if self._was_begun or not self.copy.parent.is_dir():
            raise self._away()
        make_folder(self.copy / INCOMING, below=self.copy.parent)
        self._on_begun()
        self._was_begun = True

    def _away(self) -> StoreError:
        return StoreError(
            f"the mirror {self.copy} is away; attach its disk, or make that folder with "
            f"{INCOMING}/ in it to begin a new copy"
        )

    def _copy_pair(self, pair: str) -> int:
        """Copies the files that the mirror lacks; returns how many."""
        try:
            return self._copy_missing(pair)
        except StoreError as error:
            # A disk that leaves in the middle of a copy shows as any kind of failure.
            if not (self.copy / INCOMING).is_dir():
                raise self._away() from error
            raise

    def _copy_missing(self, pair: str) -> int:
        known = self._files.known(pair)
        folder = self._files.pair_folder(pair)
        target = self.copy / folder.relative_to(self._files.root)
        # The record comes last here too.
        expected = {file.name: file.sha256 for file in known.stored.values()}
        expected |= {one.name: one.sha256 for one in known.finished if one.name == INCOMPLETE}
        expected |= {one.name: one.sha256 for one in known.finished if one.name == RECORD}
        copied = 0
        for name, sha256 in expected.items():
            copied += self._copy_file(folder / name, target / name, sha256)
        return copied

    def _copy_file(self, original: Path, final: Path, sha256: str) -> int:
        try:
            size = original.stat().st_size
            if final.exists():
                if final.stat().st_size == size:
                    return 0
                raise StoreError(
                    f"the mirror's {final} is another file than {original}; move it away"
                )
            make_folder(final.parent, below=self.copy)
            part = new_part(self.copy / INCOMING)
            _copy(original, part)
        except OSError as error:
            advice = "free some space there" if error.errno == errno.ENOSPC else "attach its disk"
            raise StoreError(
                f"cannot copy {original} to the mirror {self.copy}: {error.strerror}; {advice}"
            ) from error
        publish(part, final, sha256)
        return 1

    def _copy_papers(self) -> str:
        """Replaces the two files that grow; returns what is wrong, in words."""
        try:
            for name in (SESSION, JOURNAL):
                data = (self._files.root / name).read_bytes()
                path = self.copy / name
                if not (path.exists() and path.read_bytes() == data):
                    replace_bytes(data, path, scratch=self.copy / INCOMING)
        except (StoreError, OSError) as error:
            return one_line(error)
        return ""


def _copy(original: Path, part: Path) -> None:
    """Copies into a new file; takes the incomplete copy away again when the disk fails."""
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        with original.open("rb") as source, os.fdopen(descriptor, "wb") as target:
            while chunk := source.read(_CHUNK):
                target.write(chunk)
    except OSError:
        part.unlink(missing_ok=True)
        raise
