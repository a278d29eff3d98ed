"""Records of pairs: the last file of a pair, published when all it names is there."""

from pathlib import Path

from acquisition.errors import StoreError
from acquisition.record import INCOMPLETE, RECORD, PairRecord, read_record, write_record
from acquisition.store.info import INCOMING, SessionInfo
from acquisition.store.journal import Journal
from acquisition.store.ledger import Ledger
from acquisition.store.pair_files import PairFiles
from acquisition.store.publish import digest, publish_bytes


class PairRecords(PairFiles):
    """Adds records to the files of pairs."""

    def __init__(self, root: Path, info: SessionInfo, journal: Journal, ledger: Ledger) -> None:
        super().__init__(root, journal, ledger)
        self.info = info

    def finish(self, record: PairRecord) -> None:
        """Publishes the pair's record as its last file, then journals it.

        An incomplete pair gets `incomplete.json`; once what it lacked is there, it may be
        finished again as committed or rejected. The same record twice is no error.

        Raises:
            StoreError: a file of the record is not stored as the record says, the pair has
                another record, or the disk failed; nothing was changed.
        """
        with self.lock:
            self.check_record(record)
            data, name = write_record(record), _record_name(record)
            final = self.pair_folder(record.pair) / name
            try:
                if not (final.exists() and final.read_bytes() == data):
                    publish_bytes(data, final, scratch=self.root / INCOMING)
                self.note_finished(record, final)
            except OSError as error:
                raise StoreError(
                    f"cannot read {final}: {error.strerror}; look at the disk"
                ) from error

    def note_finished(self, record: PairRecord, final: Path) -> None:
        """Journals a published record, unless the journal knows it."""
        sha256, name = digest(final)[0], final.name
        if any(
            (one.name, one.sha256) == (name, sha256) for one in self.known(record.pair).finished
        ):
            return
        self.journal.append(
            "finished",
            pair=record.pair,
            participant=record.participant,
            state=record.state,
            name=name,
            sha256=sha256,
            missing=[one.kind for one in record.missing],
        )

    def check_record(self, record: PairRecord) -> None:
        """Raises StoreError where a record does not fit what is stored."""
        known = self.known(record.pair)
        if (record.participant, record.session) != (known.participant, self.info.session):
            raise StoreError(f"the record of {record.pair} names another person or session")
        if known.aborted:
            raise StoreError(f"pair {record.pair} was broken off; it gets no record")
        if record.state == "committed" and record.missing:
            kinds = ", ".join(one.kind for one in record.missing)
            raise StoreError(f"pair {record.pair} lacks {kinds}; finish it as incomplete")
        if record.state == "incomplete" and known.has_record:
            raise StoreError(f"pair {record.pair} has a record already; it cannot get incomplete")
        there = {file.name: file for file in self.files(record.pair)}
        for file in record.files:
            if there.get(file.name) != file:
                raise StoreError(
                    f"pair {record.pair}: {file.name} is not stored as its record says; fetch it "
                    "again"
                )

    def records(self) -> list[PairRecord]:
        """Returns the final records; of pairs that have none, the incomplete ones.

        Raises:
            SessionError: a record is damaged or newer than this program.
        """
        found = [self.record(pair) for pair in list(self.ledger.pairs)]
        return [record for record in found if record is not None]

    def record(self, pair: str) -> PairRecord | None:
        """Returns a pair's record, the incomplete one where there is no other; None without.

        Raises:
            SessionError: it is damaged or newer than this program.
            StoreError: there is no such pair.
        """
        for name in (RECORD, INCOMPLETE):
            path = self.pair_folder(pair) / name
            if path.exists():
                return read_record(path.read_bytes(), str(path))
        return None

    def unfinished(self) -> list[str]:
        """Returns pairs that were begun and have neither a record nor been given up."""
        return [pair.pair for pair in list(self.ledger.pairs.values()) if pair.is_open]

    def promotable(self) -> list[str]:
        """Returns incomplete pairs whose missing files have all come since."""
        found = []
        for pair in list(self.ledger.pairs.values()):
            if pair.finished and not pair.has_record:
                kinds = {"log", *(file.kind for file in self.files(pair.pair))}
                if set(pair.finished[-1].missing) <= kinds:
                    found.append(pair.pair)
        return found


def _record_name(record: PairRecord) -> str:
    return INCOMPLETE if record.state == "incomplete" else RECORD
