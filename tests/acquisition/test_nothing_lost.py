"""Whatever is killed when: every shot that a device took is accounted for, nothing is overwritten.

The devices live on beside the session and know the truth of every exposure.
"""

import asyncio
import hashlib
from pathlib import Path

import pytest

from acquisition.record import read_record
from acquisition.session import SessionFolder
from acquisition.simulate.camera import SimulatedCamera
from acquisition.store.verify import verify
from tests.acquisition.kills import FEED, GUARD_MS, Studio, live_and_die


def check_nothing_lost(studio: Studio) -> dict[str, int]:
    """Compares the session folder with what the devices know; returns counts of what was found."""
    folder = SessionFolder.open(studio.folder, exclusive=False)
    assert verify(studio.folder).differences == []
    entries = folder.journal.entries()
    counts = check_phone(studio, folder)
    check_camera(studio, folder, {str(p) for e in entries for p in e.data.get("paths", [])})
    check_interlock(studio, folder)
    for record in folder.records():
        counts[record.state] = counts.get(record.state, 0) + 1
        if record.state != "incomplete":
            check_files(folder, record.pair)
    folder.close()
    return counts


def check_phone(studio: Studio, folder: SessionFolder) -> dict[str, int]:
    """Every picture that the phone took is stored, named as missing, or of an aborted pair."""
    counts = {"flashes": 0}
    for name in studio.exposures:
        pair, _, kind = name.partition("/")
        if kind != "phone_flash":
            continue
        counts["flashes"] += 1
        record = folder.record(pair)
        assert record is not None, f"{name} was taken, and no record knows of it"
        missing = {one.kind: one.where for one in record.missing}
        stored = {file.kind for file in folder.files(pair)}
        assert kind in stored or missing.get("phone_flash") in ("on_phone", "unknown"), name
    return counts


def check_camera(studio: Studio, folder: SessionFolder, strays: set[str]) -> None:
    """Every file on the card is in the store byte by byte, or the journal says that it is there."""
    stored = {file.sha256 for pair in folder.ledger.pairs for file in folder.files(pair)}
    named = {path for pair in folder.ledger.pairs.values() for path in pair.card}
    for entry in studio.camera.card():
        assert entry.sha256 in stored or entry.path in named | strays, entry.path
    assert studio.camera.deleted() == []


def check_interlock(studio: Studio, folder: SessionFolder) -> None:
    """No studio exposure began before the phone of its pair had exposed, and the guard was over."""
    flashes = sorted(
        end_ns for name, (_, end_ns) in studio.exposures.items() if name.endswith("phone_flash")
    )
    del folder
    for exposure in studio.camera.exposures():
        before = [end_ns for end_ns in flashes if end_ns <= exposure.opened_ns]
        assert before, "the studio fired before any flash"
        assert exposure.opened_ns - before[-1] >= GUARD_MS * 1_000_000
        between = [ns for ns in flashes if before[-1] < ns <= exposure.closed_ns]
        assert between == []


def check_files(folder: SessionFolder, pair: str) -> None:
    """A final record names files that are there, and whose bytes are those that were recorded."""
    path = folder.pair_folder(pair)
    record = read_record((path / "record.json").read_bytes(), pair)
    for file in record.files:
        assert hashlib.sha256((path / file.name).read_bytes()).hexdigest() == file.sha256
    assert not record.missing


def run(root: Path, *, kills: int, seed: int) -> dict[str, int]:
    card = root / "card"
    card.mkdir()
    with SimulatedCamera.start(FEED, card=card) as camera:
        studio = Studio(root, camera)
        asyncio.run(live_and_die(studio, kills=kills, seed=seed))
        return check_nothing_lost(studio)


@pytest.mark.slow
def test_a_session_that_is_killed_six_times_loses_nothing(tmp_path: Path):
    counts = run(tmp_path, kills=6, seed=1)
    assert counts["flashes"] >= 2
    assert counts["committed"] >= 1


@pytest.mark.slow
def test_a_session_that_is_killed_two_hundred_times_loses_nothing(tmp_path: Path):
    counts = run(tmp_path, kills=200, seed=2)
    assert counts["flashes"] >= 50
    assert counts["committed"] >= 20
