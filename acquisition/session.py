"""A session on disk: who sits how, and every file of every pair.

    sessions/<id>/session.json, journal.jsonl, .lock, incoming/
                  sub-<participant>/pair-<id>/  the pair's files, then record.json

A session never overwrites or deletes a picture; another try is another pair.
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from msgspec import structs

from acquisition.errors import SessionError, StoreError
from acquisition.plan import DEFAULT_POSES, PlanRow, Pose, next_row, plan_rows
from acquisition.record import LightsUsed, PairRecord
from acquisition.store.info import (
    INCOMING,
    SESSION,
    Limits,
    SessionInfo,
    check_info,
    check_participant,
    read_info,
    write_info,
)
from acquisition.store.journal import JOURNAL, Journal
from acquisition.store.ledger import Ledger
from acquisition.store.lock import release_lock, take_lock
from acquisition.store.mirror import Mirror, MirrorReport
from acquisition.store.pair_files import pair_path
from acquisition.store.pair_records import PairRecords
from acquisition.store.publish import make_folder
from acquisition.store.space import Space, check_space, space

__all__ = ["DEFAULT_POSES", "Limits", "PlanRow", "Pose", "SessionFolder", "SessionInfo"]

_MIRROR_WAIT_S = 20.0


class SessionFolder(PairRecords):
    """One session; use `create` or `open`. Safe to use from several threads of one process.

    Example:
        >>> folder = SessionFolder.open(root)
        >>> recover(folder)
        >>> pair = folder.begin_pair("P-4Q7ZK2", "frontal")
    """

    def __init__(self, root: Path, info: SessionInfo, journal: Journal, ledger: Ledger) -> None:
        super().__init__(root, info, journal, ledger)
        self.begun_here: set[str] = set()
        """Pairs that are not leftovers of an earlier run."""
        self._lock_descriptor: int | None = None
        self._mirror: Mirror | None = None
        if info.mirror is not None:
            self._mirror = Mirror(
                self,
                Path(info.mirror) / info.session,
                was_begun=ledger.has_mirror,
                on_begun=lambda: journal.append("mirror_begun", folder=info.mirror),
            )

    @staticmethod
    def exists(root: Path) -> bool:
        """Returns whether there is a session at `root`, whole or damaged."""
        return (root / SESSION).exists()

    @classmethod
    def create(cls, root: Path, info: SessionInfo) -> "SessionFolder":
        """Begins a session in the new folder `root` and opens it for writing.

        Raises:
            SessionError: there is a session already, or a name cannot be one.
            StoreError: the disk failed.
        """
        check_info(info)
        make_folder(root / INCOMING)
        descriptor = take_lock(root)
        try:
            if cls.exists(root):
                raise SessionError(
                    f"there is a session at {root} already; open it, or name another"
                )
            write_info(root, info)
            return cls._opened(root, descriptor)
        except BaseException:
            release_lock(descriptor)
            raise

    @classmethod
    def open(cls, root: Path, *, exclusive: bool = True) -> "SessionFolder":
        """Opens a session.

        Args:
            root: its folder.
            exclusive: as its only writer; False reads only, also while a session runs.

        Raises:
            SessionError: no session, a damaged or newer one, or one that is in use.
            StoreError: the disk failed.
        """
        if not exclusive:
            info, ledger = read_info(root), Ledger()
            journal = Journal.open(root / JOURNAL, read_only=True, listener=ledger.apply)
            return cls(root, info, journal, ledger)
        read_info(root)
        descriptor = take_lock(root)
        try:
            make_folder(root / INCOMING)
            return cls._opened(root, descriptor)
        except BaseException:
            release_lock(descriptor)
            raise

    @classmethod
    def _opened(cls, root: Path, descriptor: int) -> "SessionFolder":
        info, ledger = read_info(root), Ledger()
        journal = Journal.open(root / JOURNAL, listener=ledger.apply)
        folder = cls(root, info, journal, ledger)
        folder._lock_descriptor = descriptor
        journal.append("session_opened", session=info.session, tool=info.tool)
        # A stop between the journal and session.json must not lose a person.
        missing = [p for p in ledger.people if p not in info.people]
        if missing:
            folder._put_people([*info.people, *missing])
        return folder

    def close(self) -> None:
        """Ends the session's turn: the mirror is caught up, the lock is free. May be repeated."""
        if self._lock_descriptor is None:
            self.journal.close()
            return
        try:
            with suppress(StoreError):
                self.journal.append("session_closed")
            if self._mirror is not None:
                self._mirror.close(_MIRROR_WAIT_S)
        finally:
            self.journal.close()
            release_lock(self._lock_descriptor)
            self._lock_descriptor = None

    def add_person(self, participant: str) -> None:
        """Puts a person at the end of the plan; one who is in it stays where they are.

        Raises:
            SessionError: not a participant's id.
            StoreError: the disk failed.
        """
        check_participant(participant)
        with self.lock:
            if participant not in self.info.people:
                self.journal.append("person_added", participant=participant)
                self._put_people([*self.info.people, participant])

    def _put_people(self, people: list[str]) -> None:
        info = structs.replace(self.info, people=people)
        write_info(self.root, info)
        self.info = info

    def plan(self) -> list[PlanRow]:
        """Returns the plan, person by person and pose by pose."""
        return plan_rows(self.info.people, self.info.poses, self.ledger.tries())

    def next_open(self, allowed: Callable[[str], bool] = lambda _: True) -> tuple[str, str] | None:
        """Returns whom to seat next and how, None when the plan is done.

        Args:
            allowed: says of a participant whether the consent is fine.
        """
        return next_row(self.plan(), allowed)

    def skip(self, participant: str, pose: str) -> None:
        """Passes over a pose. Raises SessionError for one that is not in the plan, StoreError."""
        self._check_planned(participant, pose)
        self.journal.append("pose_skipped", participant=participant, pose=pose)

    def _check_planned(self, participant: str, pose: str) -> None:
        if participant not in self.info.people:
            raise SessionError(f"{participant} is not in the plan of {self.root}; add them first")
        if pose not in [one.name for one in self.info.poses]:
            names = ", ".join(one.name for one in self.info.poses)
            raise SessionError(f"{self.root} has no pose {pose!r}; it has {names}")

    def begin_pair(
        self,
        participant: str,
        pose: str,
        *,
        consent: str = "",
        lights: LightsUsed | None = None,
    ) -> str:
        """Journals a new pair and makes its folder; returns the pair's id.

        Args:
            participant: in the plan.
            pose: in the plan.
            consent: as in PairRecord; for the record that a crash would make necessary.
            lights: likewise.

        Raises:
            SessionError: not in the plan.
            StoreError: the disk failed.
        """
        self._check_planned(participant, pose)
        with self.lock:
            pair = self._new_pair_id(participant)
            self.journal.append(
                "pair_begun",
                pair=pair,
                participant=participant,
                pose=pose,
                attempt=self.attempts(participant, pose) + 1,
                consent=consent,
                lights=lights,
            )
            self.begun_here.add(pair)
            make_folder(self.pair_folder(pair))
            return pair

    def attempts(self, participant: str, pose: str) -> int:
        """Returns how many pairs of a pose were begun and not aborted."""
        pairs = [p for p in list(self.ledger.pairs.values()) if not p.aborted]
        return sum((p.participant, p.pose) == (participant, pose) for p in pairs)

    def _new_pair_id(self, participant: str) -> str:
        while True:
            pair = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
            taken = pair in self.ledger.pairs or pair_path(self.root, participant, pair).exists()
            if not taken:
                return pair

    def abort_pair(self, pair: str, reasons: Sequence[str] = ()) -> None:
        """Gives up a pair before its first picture; its empty folder goes.

        Whoever calls this knows that no device took the flash or the studio picture, also where
        one was asked to. Pictures without flash that came already stay.

        Raises:
            StoreError: unknown, finished, or a device said that it took such a picture (finish
                that pair as incomplete); or the disk failed.
        """
        with self.lock:
            known = self.known(pair)
            if known.was_taken or known.finished:
                raise StoreError(
                    f"pair {pair} cannot be given up any more, a picture was taken; finish it as "
                    "incomplete"
                )
            if not known.aborted:
                participant, said = known.participant, list(reasons)
                self.journal.append(
                    "pair_aborted", pair=pair, participant=participant, reasons=said
                )
            with suppress(OSError):
                self.pair_folder(pair).rmdir()

    def journal_fault(self, text: str) -> None:
        """Notes a fault that is nobody's in particular. Never raises."""
        with suppress(StoreError):
            self.journal.append("fault", text=text)

    def finish(self, record: PairRecord) -> None:
        """As `PairRecords.finish`; then copies the pair to the mirror, in the background."""
        super().finish(record)
        if self._mirror is not None:
            self._mirror.later(record.pair)

    def space(self) -> Space:
        """Returns the room on the session's disk. Raises StoreError."""
        return space(self.root, self.info.limits, self.ledger.last_bytes)

    def check_space(self) -> None:
        """Raises StoreError where there is too little room to begin a pair."""
        check_space(self.root, self.info.limits, self.ledger.last_bytes)

    @property
    def mirror_folder(self) -> Path | None:
        """Returns the session's folder on the mirror, None without a mirror."""
        return self._mirror.copy if self._mirror is not None else None

    @property
    def mirror_problem(self) -> str:
        """Returns what is wrong with the mirror in one line, empty when nothing is."""
        return self._mirror.problem if self._mirror is not None else ""

    def catch_up(self) -> MirrorReport:
        """Copies everything that the mirror lacks. Never raises; may take long."""
        return self._mirror.catch_up() if self._mirror is not None else MirrorReport(copied=0)
