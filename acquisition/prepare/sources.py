"""The committed pairs of a session, read without changing anything in it."""

import re
from pathlib import Path

import msgspec

from acquisition.errors import AcquisitionError, SessionError, one_line
from acquisition.record import RECORD, PairRecord
from acquisition.store.info import SessionInfo, check_participant, read_info
from acquisition.store.journal import JOURNAL, Journal
from acquisition.store.ledger import Ledger, PairLedger
from acquisition.store.pair_files import pair_path
from acquisition.store.pair_records import PairRecords
from acquisition.store.publish import digest

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What a session has for a dataset."""

    root: Path
    session: str
    simulated: bool
    committed: list[PairRecord]
    incomplete: list[str]
    """Pairs that lack a file or were never finished."""
    rejected: int
    """Pairs that the operator or the check after the shot rejected."""
    unreadable: list[str]
    """One line each."""


def pair_folder(root: Path, record: PairRecord) -> Path:
    """Returns where the files of a session's pair are."""
    return pair_path(root, record.participant, record.pair)


def read_source(root: Path) -> Source:
    """Reads a session, also one that is running; damaged pairs become lines.

    Raises:
        SessionError: no session, or one that is damaged or newer than this program.
        StoreError: its journal cannot be read.
    """
    info, ledger = read_info(root), Ledger()
    journal = Journal.open(root / JOURNAL, read_only=True, listener=ledger.apply)
    records = PairRecords(root, info, journal, ledger)
    committed: list[PairRecord] = []
    incomplete: list[str] = []
    unreadable: list[str] = []
    rejected = 0
    for pair in ledger.pairs.values():
        if pair.aborted:
            continue
        try:
            record = _record(records, info, pair)
        except (AcquisitionError, OSError) as error:
            unreadable.append(one_line(error))
            continue
        if record is None or record.state == "incomplete":
            incomplete.append(pair.pair)
        elif record.state == "committed":
            committed.append(record)
        else:
            rejected += 1
    return Source(
        root=root,
        session=info.session,
        simulated=info.simulated,
        committed=committed,
        incomplete=incomplete,
        rejected=rejected,
        unreadable=unreadable,
    )


def _record(records: PairRecords, info: SessionInfo, pair: PairLedger) -> PairRecord | None:
    """Returns the pair's record, None for a pair without one; raises SessionError if it is off."""
    record = records.record(pair.pair)
    path = records.pair_folder(pair.pair) / RECORD
    if pair.has_record and not path.is_file():
        raise SessionError(
            f"{path} is missing, the journal says that it was written; copy it from the mirror"
        )
    if record is None or record.state == "incomplete":
        return record
    noted = {one.sha256 for one in pair.finished if one.name == RECORD}
    if noted and digest(path)[0] not in noted:
        raise SessionError(
            f"{path} was changed after it was written; run `acquire verify {records.root}`"
        )
    said = (record.pair, record.participant, record.session)
    if said != (pair.pair, pair.participant, info.session):
        raise SessionError(f"{path} is the record of another pair, person or session")
    check_participant(record.participant)
    for name in (record.pair, *(file.name for file in record.files)):
        if not _NAME.fullmatch(name):
            raise SessionError(f"{path}: {name!r} cannot be the name of a file")
    return record
