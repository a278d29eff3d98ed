"""Is every byte of a session as recorded? Journal, records and disk are compared both ways."""

from pathlib import Path

import msgspec
from tqdm import tqdm

from acquisition.errors import AcquisitionError, StoreError, one_line
from acquisition.record import INCOMPLETE, RECORD, PairRecord, StoredFile, read_record
from acquisition.store.content import check_picture, check_raw
from acquisition.store.info import INCOMING, SessionInfo, read_info
from acquisition.store.journal import JOURNAL, Journal
from acquisition.store.ledger import Ledger, PairLedger
from acquisition.store.lock import locked
from acquisition.store.pair_files import pair_path
from acquisition.store.publish import PART, digest
from acquisition.store.space import in_words
from acquisition.store.verify_mirror import compare_mirror

_STATES = ("committed", "rejected", "incomplete")


class VerifyReport(msgspec.Struct, kw_only=True):
    """What was looked at, and what is not as recorded."""

    root: Path
    counts: dict[str, int] = {}
    """Pairs by state: committed, rejected, incomplete, aborted, unfinished."""
    files: int = 0
    bytes: int = 0
    differences: list[str] = []
    """One line each."""
    notes: list[str] = []
    """What could not be compared, without being wrong."""

    @property
    def pairs(self) -> int:
        """Returns the number of pairs that left something."""
        return sum(self.counts.get(state, 0) for state in (*_STATES, "unfinished"))

    def summary(self) -> str:
        """Returns one line."""
        states = [f"{n} {state}" for state, n in self.counts.items() if n and state != "aborted"]
        text = f"{self.root}: {_count(self.pairs, 'pair')}"
        text += f" ({', '.join(states)})" if states else ""
        text += f", {_count(self.files, 'file')}, {in_words(self.bytes)}: "
        text += _count(len(self.differences), "difference") if self.differences else ""
        return (
            text
            + ("" if self.differences else "all as recorded")
            + "".join(f"; {note}" for note in self.notes)
        )


def verify(root: Path, *, mirror: Path | None = None, progress: bool = False) -> VerifyReport:
    """Reads every file of a session and of its mirror; changes nothing.

    Args:
        root: of the session; no session may be running in it.
        mirror: folder that holds a copy of the session under its name; None: the one that the
            session names, if that is at hand.
        progress: shows a bar on a terminal.

    Raises:
        SessionError: no session, one that is newer, damaged or in use.
    """
    info, ledger = read_info(root), Ledger()
    with locked(root):
        Journal.open(root / JOURNAL, read_only=True, listener=ledger.apply).close()
        report = VerifyReport(root=root)
        found = _Reader(root, info, report)
        total = sum(pair.bytes for pair in ledger.pairs.values())
        with tqdm(
            total=total,
            desc=root.name,
            unit="B",
            unit_scale=True,
            disable=None if progress else True,
        ) as bar:
            for pair in ledger.pairs.values():
                found.look_at(pair)
                bar.update(pair.bytes)
        found.look_for_strangers(set(ledger.pairs))
        compare_mirror(root, info, found.expected, mirror, report.differences, report.notes)
    return report


class _Reader:
    """Looks at one pair after the other."""

    def __init__(self, root: Path, info: SessionInfo, report: VerifyReport) -> None:
        self.expected: dict[Path, str] = {}
        """SHA-256 by path relative to the session, of all files that somebody names."""
        self._root = root
        self._info = info
        self._report = report
        self._folder = root
        report.counts = dict.fromkeys((*_STATES, "aborted", "unfinished"), 0)

    def _say(self, text: str) -> None:
        self._report.differences.append(text)

    def look_at(self, pair: PairLedger) -> None:
        """Compares a pair's folder with what the journal and its record say."""
        self._folder = pair_path(self._root, pair.participant, pair.pair)
        self._count(pair)
        for file in pair.stored.values():
            self._look_at_file(file)
        for name in (INCOMPLETE, RECORD):
            self._look_at_record(pair, name)
        named = {*pair.stored, *pair.set_aside, RECORD, INCOMPLETE}
        for path in sorted(self._folder.iterdir()) if self._folder.is_dir() else []:
            if path.name not in named:
                self._say(f"{path} is there and nobody names it")

    def _count(self, pair: PairLedger) -> None:
        state = pair.outcome
        if pair.aborted:
            state = "aborted"
        elif state == "running":
            state = "unfinished"
            self._say(
                f"pair {pair.pair} was begun and not finished; `acquire session "
                f"{self._info.session}` puts it in order"
            )
        self._report.counts[state] += 1
        if pair.aborted and pair.finished:
            self._say(f"pair {pair.pair} is in two states: aborted and {pair.outcome}")
        for name in (RECORD, INCOMPLETE):
            ends = {(one.sha256, one.state) for one in pair.finished if one.name == name}
            if len(ends) > 1:
                self._say(f"pair {pair.pair} is in two states: it was finished twice as {name}")

    def _look_at_file(self, file: StoredFile) -> None:
        path = self._folder / file.name
        self.expected[path.relative_to(self._root)] = file.sha256
        self._report.files += 1
        if not path.exists():
            self._say(f"{path} is missing; the journal says it was stored")
            return
        try:
            sha256, size = digest(path)
            self._report.bytes += size
            if size != file.bytes:
                self._say(f"{path} has {size} bytes, {file.bytes} were stored")
            elif sha256 != file.sha256:
                self._say(f"{path} was changed: its SHA-256 is not the one that was stored")
            else:
                self._look_inside(path, file)
        except OSError as error:
            self._say(f"{path} cannot be read: {error.strerror}")

    def _look_inside(self, path: Path, file: StoredFile) -> None:
        try:
            if file.kind == "studio_raw":
                check_raw(path)
            elif file.kind != "log":
                mime = check_picture(path)
                if mime != file.mime:
                    self._say(f"{path} is {mime}, the journal says {file.mime}")
        except StoreError as error:
            self._say(f"{path}: {one_line(error)}")

    def _look_at_record(self, pair: PairLedger, name: str) -> None:
        path = self._folder / name
        noted = [one for one in pair.finished if one.name == name]
        if not path.exists():
            if noted:
                self._say(f"{path} is missing; the journal says the pair is {noted[-1].state}")
            return
        if not noted:
            self._say(
                f"{path} is there and the journal does not know it; `acquire session "
                f"{self._info.session}` puts it in order"
            )
        try:
            record = read_record(path.read_bytes(), str(path))
            sha256 = digest(path)[0]
        except (AcquisitionError, OSError) as error:
            self._say(one_line(error))
            return
        self.expected[path.relative_to(self._root)] = sha256
        if noted and sha256 != noted[-1].sha256:
            self._say(f"{path} was changed: its SHA-256 is not the one in the journal")
        self._compare_record(pair, record, path)

    def _compare_record(self, pair: PairLedger, record: PairRecord, path: Path) -> None:
        said = (record.pair, record.participant, record.pose, record.session)
        if said != (pair.pair, pair.participant, pair.pose, self._info.session):
            self._say(f"{path} is the record of another pair, person, pose or session")
        if (record.state == "incomplete") != (path.name == INCOMPLETE):
            self._say(f"{path} says {record.state}, which is not what that file is for")
        for file in record.files:
            if pair.stored.get(file.name) != file:
                self._say(f"{path} names {file.name}, which was not stored like that")
        if record.state == "committed" and record.missing:
            self._say(f"{path} says committed, yet that {record.missing[0].kind} is missing")

    def look_for_strangers(self, pairs: set[str]) -> None:
        """Looks for folders and files that belong to no pair."""
        for person in sorted(self._root.glob("sub-*")):
            for path in sorted(person.iterdir()) if person.is_dir() else [person]:
                if not path.is_dir() or path.name.removeprefix("pair-") not in pairs:
                    self._say(f"{path} belongs to no pair of the journal")
        parts = len(list((self._root / INCOMING).glob(f"{PART}*")))
        if parts:
            self._say(
                f"{self._root / INCOMING} holds {_count(parts, 'file')} that a stop cut short; "
                f"`acquire session {self._info.session}` clears them"
            )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
