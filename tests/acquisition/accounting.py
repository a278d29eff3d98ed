"""The books of a session against what the devices know: every shot is somewhere, in words or bytes.

`Truth` comes from the simulated devices alone, the rest from the session's folder alone.
"""

import bisect
import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from acquisition.record import FileKind, Missing, PairRecord, read_record
from acquisition.session import SessionFolder
from acquisition.simulate.card import CardEntry
from acquisition.simulate.exposures import Exposure
from acquisition.store.verify import verify

EXPECTED: tuple[FileKind, ...] = ("phone_flash", "studio_raw", "studio_jpeg")


@dataclass(kw_only=True)
class Truth:
    """What both devices did and hold, by their own word."""

    phone: dict[str, tuple[int, int]]
    """When the phone exposed each shot, in host nanoseconds."""
    outbox: list[str]
    """Shots that the phone still holds."""
    exposures: list[Exposure]
    card: list[CardEntry]
    deleted: list[str]
    guard_ms: int
    pictures: dict[str, str] = field(default_factory=dict)
    """SHA-256 of what the phone took, where that is known."""


class Published:
    """Watches that no published file ever changes or goes away, and no file of the card."""

    def __init__(self, session: Path, card: Path) -> None:
        self._session = session
        self._card = card
        self._seen: dict[Path, str] = {}

    def look(self) -> None:
        """Takes in what is new."""
        parts = (path for path in self._card.glob("DCIM/*/*") if path.suffix != ".part")
        for path in [*self._session.glob("sub-*/*/*"), *parts]:
            if path not in self._seen:
                self._seen[path] = hashlib.sha256(path.read_bytes()).hexdigest()

    def check(self) -> None:
        """Compares all that was ever seen with what is there."""
        for path, sha256 in self._seen.items():
            assert path.exists(), f"{path} is gone"
            assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256, f"{path} changed"


class Books:
    """A session's folder, opened to be compared with the truth."""

    def __init__(self, root: Path, truth: Truth) -> None:
        self.truth = truth
        self.folder = SessionFolder.open(root, exclusive=False)
        self.entries = self.folder.journal.entries()
        self.records = {record.pair: record for record in self.folder.records()}
        self.exposures = self._by_pair()
        """Studio exposures by the truth, by the pair that the camera was released for."""
        self.strays = {str(path) for e in self.entries for path in e.data.get("paths", [])}

    def _by_pair(self) -> dict[str, list[Exposure]]:
        """Returns exposures by the pair whose intent to release came last before them."""
        asked = [(e.t_ns, e.pair) for e in self.entries if e.event == "studio_trigger"]
        times = [t_ns for t_ns, _ in asked]
        found: dict[str, list[Exposure]] = {}
        for exposure in self.truth.exposures:
            index = bisect.bisect(times, exposure.opened_ns) - 1
            assert index >= 0, "the studio camera was released without an intent in the journal"
            found.setdefault(asked[index][1], []).append(exposure)
        return found

    def missing(self, record: PairRecord) -> dict[str, Missing]:
        """Returns what a pair lacks at present; its record may be older than its files."""
        if record.state != "incomplete":
            return {}
        return {
            one.kind: one for one in record.missing if not self.folder.has(record.pair, one.kind)
        }


def check_nothing_lost(root: Path, truth: Truth) -> Counter[str]:
    """Compares a session that was ended with the truth; returns pairs by state, and more."""
    differences = verify(root).differences
    assert differences == [], "; ".join(differences)
    books = Books(root, truth)
    try:
        check_phone(books)
        check_camera(books)
        check_interlock(books)
        for record in books.records.values():
            check_record(books, record)
        counts = Counter(record.state for record in books.records.values())
        counts["aborted"] = sum(pair.aborted for pair in books.folder.ledger.pairs.values())
        counts["flashes"] = sum(name.endswith("phone_flash") for name in truth.phone)
        counts["studio exposures"] = len(truth.exposures)
        counts["strays"] = len(books.strays)
        return counts
    finally:
        books.folder.close()


def check_phone(books: Books) -> None:
    """Every picture that the phone took is stored as it was taken, or still on the phone."""
    truth, folder = books.truth, books.folder
    for name in truth.phone:
        pair, _, kind = name.partition("/")
        stored = {file.kind: file for file in folder.files(pair)}
        assert kind in stored or name in truth.outbox, f"{name} is nowhere"
        if kind in stored and name in truth.pictures:
            assert stored[kind].sha256 == truth.pictures[name]
        if kind == "phone_flash":
            assert pair in books.records, f"{name} was taken, and no record knows of it"
            where = {k: one.where for k, one in books.missing(books.records[pair]).items()}
            assert kind in stored or where.get(kind) in ("on_phone", "unknown"), name
    for entry in books.entries:
        if entry.event == "phone_exposed" and entry.pair in books.records:
            lacking = books.missing(books.records[entry.pair])
            accounted = {*lacking, *(file.kind for file in folder.files(entry.pair))}
            assert entry.data["kind"] in accounted, (entry.pair, entry.data)


def check_camera(books: Books) -> None:
    """Every file on the card is stored byte by byte in its own pair, or named, or a named stray."""
    truth, folder = books.truth, books.folder
    card = {Path(entry.path).name: entry for entry in truth.card}
    # A camera that died before it stored a shot gives the next one the same name.
    last = {name: exposure.number for exposure in truth.exposures for name in exposure.files}
    for pair, exposures in books.exposures.items():
        assert pair in books.records, f"the studio camera was released for {pair} without a record"
        assert len(exposures) == 1, f"the studio camera was released {len(exposures)} times"
        stored = {file.sha256 for file in folder.files(pair)}
        named = set(folder.ledger.pairs[pair].card)
        came = [n for n in exposures[0].files if n in card and last[n] == exposures[0].number]
        for entry in (card[name] for name in came):
            assert entry.sha256 in stored or entry.path in named | books.strays, entry.path
    for pair in folder.ledger.pairs.values():
        own = {name for exposure in books.exposures.get(pair.pair, []) for name in exposure.files}
        assert {file.name for file in pair.card.values()} <= own, "another pair's studio files"
    assert truth.deleted == []


def check_interlock(books: Books) -> None:
    """No studio exposure began before the phone of its pair had exposed and the guard was over."""
    truth = books.truth
    flashes = sorted(at for name, at in truth.phone.items() if name.endswith("phone_flash"))
    for pair, exposures in books.exposures.items():
        for exposure in exposures:
            _, end_ns = truth.phone[f"{pair}/phone_flash"]
            assert exposure.opened_ns - end_ns >= truth.guard_ms * 1_000_000
            between = [a for a, _ in flashes if end_ns < a <= exposure.closed_ns]
            assert between == [], "another flash came between both exposures"


def check_record(books: Books, record: PairRecord) -> None:
    """A final record names files that are there; an incomplete one says the truth of the rest."""
    path = books.folder.pair_folder(record.pair)
    for file in record.files:
        assert hashlib.sha256((path / file.name).read_bytes()).hexdigest() == file.sha256
    if record.state == "incomplete":
        check_missing(books, record)
        return
    assert read_record((path / "record.json").read_bytes(), record.pair) == record
    assert set(EXPECTED) <= {file.kind for file in record.files}
    assert record.missing == []
    assert record.skew is None or record.skew.ms >= books.truth.guard_ms
    if record.state == "rejected":
        assert record.reasons
        assert all(record.reasons)


def check_missing(books: Books, record: PairRecord) -> None:
    """Whatever a pair lacks is named, and is where the record says."""
    pair, truth, lacking = record.pair, books.truth, books.missing(record)
    for kind in EXPECTED:
        assert books.folder.has(pair, kind) or kind in lacking, f"{pair}: no word of {kind}"
    for kind, one in lacking.items():
        words = f"{pair}: {kind} is said to be {one.where}"
        if one.where == "on_phone":
            assert one.origin in truth.outbox, words
        elif one.where == "on_card" and one.origin:
            assert one.origin in {entry.path for entry in truth.card}, words
        elif one.where == "on_card":
            assert pair in books.exposures, words
        elif one.where == "never_taken" and kind.startswith("phone"):
            assert f"{pair}/{kind}" not in truth.phone, words
        elif one.where == "never_taken":
            assert pair not in books.exposures, words
    assert record.reasons, f"{pair} is incomplete and no reason says why"
