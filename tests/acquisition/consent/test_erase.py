"""Erasing a person end to end on real sessions, mirrors and datasets."""

import json
import os
import shutil
from pathlib import Path

import pytest

from acquisition.consent import erase as erasing
from acquisition.consent.erase import erase, verify_erased
from acquisition.consent.registry import Registry
from acquisition.consent.types import Counts, NoConsent
from acquisition.errors import ConsentError, SessionError
from acquisition.session import SessionFolder
from acquisition.store.journal import read_journal
from deepflash.pairs.manifest import read_manifest
from tests.acquisition.consent.people import (
    everything_below,
    form,
    make_dataset,
    make_session,
    new_registry,
    raw_of,
)


class Studio:
    """Two people, a session with a mirror, a dataset; Anna is to be erased."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.registry = new_registry(root)
        scan = root / "scan.jpg"
        scan.write_bytes(b"\xff\xd8signed by Anna")
        self.anna = self.registry.give(
            form(self.registry), contact="Anna Rossi", signature=scan
        ).participant
        scan.unlink()
        self.bert = self.registry.give(form(self.registry), contact="Bert").participant
        self.session = root / "sessions" / "S-1"
        self.mirror = root / "disk" / "S-1"
        folder = make_session(self.session, [self.anna, self.bert])
        # Left by a stop; it could be a picture of anybody.
        folder.part().write_bytes(b"\xff\xd8 half")
        folder.close()
        shutil.copytree(self.session, self.mirror)
        info = json.loads((self.session / "session.json").read_text())
        (self.session / "session.json").write_text(
            json.dumps(info | {"mirror": str(root / "disk")})
        )
        self.dataset = root / "pairs"
        make_dataset(self.dataset, [self.anna, self.bert, self.anna])
        for place in (self.session, self.dataset):
            for who in (self.anna, self.bert):
                self.registry.note_place(who, place)

    @property
    def places(self) -> list[Path]:
        return [self.session, self.mirror, self.dataset]


@pytest.fixture
def studio(tmp_path):
    return Studio(tmp_path)


def nothing_left(studio: Studio) -> None:
    code = studio.anna.removeprefix("P-").encode()
    for place in studio.places:
        for name, data in everything_below(place).items():
            assert code not in name.encode() + b" " + data, name
            assert raw_of(studio.anna) != data, name
    assert verify_erased(studio.registry, studio.anna) == []


def is_tombstone(studio: Studio) -> None:
    data = studio.registry.path(studio.anna).read_text()
    entry = json.loads(data)
    assert [event["event"] for event in entry["events"]][-2:] == ["erasing", "erased"]
    assert entry["known"] == {}
    for word in ("Anna", "Olga", "sha256:", "C-"):
        assert word not in data
    digests = [word for word in data.replace('"', " ").split() if len(word) == 64]
    assert digests == []
    assert list((studio.registry.folder / "signatures").iterdir()) == []


def test_erased_everywhere_and_the_other_person_untouched(studio):
    bert = {
        name: data
        for place in studio.places
        for name, data in everything_below(place).items()
        if studio.bert.removeprefix("P-") in name
    }
    before = studio.registry.path(studio.bert).read_bytes()
    stone = studio.registry.erase(studio.anna)
    assert stone.due == []
    assert stone.closed
    # 2 pairs of raw file and log, 2 temporary files, 2 records of 4 pictures
    assert stone.counts.files == 4 + 2 + 8
    assert stone.counts.manifest_lines == 2
    assert stone.counts.journal_entries == 8
    nothing_left(studio)
    is_tombstone(studio)
    after = {k: v for p in studio.places for k, v in everything_below(p).items() if k in bert}
    assert after == bert
    assert len(bert) == 2
    assert studio.registry.path(studio.bert).read_bytes() == before
    assert [r.subject_id for r in read_manifest(studio.dataset)] == [studio.bert]
    assert (studio.dataset / "mask" / "1.png").exists()


def test_session_opens_and_goes_on_after_an_erasure(studio):
    before = read_journal(studio.session / "journal.jsonl")
    studio.registry.erase(studio.anna)
    after = read_journal(studio.session / "journal.jsonl")
    assert [(e.n, e.t_ns) for e in after] == [(e.n, e.t_ns) for e in before]
    folder = SessionFolder.open(studio.session)
    assert folder.info.people == [studio.bert]
    assert {row.participant for row in folder.plan()} == {studio.bert}
    assert folder.info.mirror == str(studio.root / "disk")
    folder.close()


def test_erased_person_is_refused_and_twice_is_no_error(studio):
    first = studio.registry.erase(studio.anna)
    with pytest.raises(NoConsent, match="was erased on") as caught:
        studio.registry.valid(studio.anna)
    assert caught.value.state == "erased"
    assert studio.registry.state(studio.anna) == "missing"
    with pytest.raises(NoConsent, match="was erased"):
        studio.registry.note_place(studio.anna, studio.session)
    with pytest.raises(NoConsent, match="was erased"):
        studio.registry.withdraw(studio.anna)
    with pytest.raises(NoConsent, match="was erased"):
        studio.registry.renew(studio.anna, form(studio.registry))
    assert studio.registry.erase(studio.anna) == first


def test_session_in_use_stops_before_anything_is_deleted(studio):
    folder = SessionFolder.open(studio.session)
    before = everything_below(studio.root)
    with pytest.raises(SessionError, match="in use"):
        studio.registry.erase(studio.anna)
    assert everything_below(studio.root) == before
    folder.close()
    assert studio.registry.erase(studio.anna).due == []


def test_unplugged_mirror_stays_due_until_it_is_back(studio):
    away = studio.root / "unplugged"
    (studio.root / "disk").rename(away)
    stone = studio.registry.erase(studio.anna)
    assert stone.due == [f"{studio.mirror}: could not be reached: it is not there"]
    assert not stone.closed
    entry = studio.registry.entry(studio.anna)
    assert entry.contact == ""
    assert entry.consent is None
    assert len(entry.known) == 1 + 8
    with pytest.raises(NoConsent, match="is being erased since"):
        studio.registry.valid(studio.anna)
    # Its mount point is there, but empty.
    studio.mirror.mkdir(parents=True)
    assert studio.registry.verify_erased(studio.anna) == [
        f"{studio.mirror}: could not be reached: no session is in it"
    ]
    shutil.rmtree(studio.root / "disk")
    away.rename(studio.root / "disk")
    # A copy of what the first run deleted: its digest is still known.
    copy = studio.mirror / "copy.png"
    copy.write_bytes(b"\x89PNG\0flash/0.png 0")
    assert studio.registry.erase(studio.anna).due == [
        f"{copy}: it is a copy of one of the person's files"
    ]
    copy.unlink()
    assert studio.registry.erase(studio.anna).due == []
    nothing_left(studio)
    is_tombstone(studio)


def test_lost_disk_is_written_off(studio):
    shutil.rmtree(studio.root / "disk")
    assert studio.registry.erase(studio.anna).due
    with pytest.raises(ConsentError, match="is not gone"):
        erase(studio.registry, studio.anna, gone=[studio.dataset])
    with pytest.raises(ConsentError, match="no noted place"):
        erase(studio.registry, studio.anna, gone=[studio.root / "elsewhere"])
    assert erase(studio.registry, studio.anna, gone=[studio.mirror]).closed


def test_place_unplugged_after_it_was_clean_is_not_due(studio):
    studio.registry.erase(studio.anna)
    (studio.root / "disk").rename(studio.root / "unplugged")
    assert studio.registry.verify_erased(studio.anna) == []


@pytest.mark.parametrize("where", ["session", "dataset"])
def test_planted_leftovers_are_found(studio, where, monkeypatch):
    place: Path = getattr(studio, where)
    code = studio.anna.removeprefix("P-")
    monkeypatch.setattr(erasing, "clear", lambda *_: Counts())
    assert studio.registry.erase(studio.anna).due
    monkeypatch.undo()
    for path in studio.places:
        shutil.copytree(path, studio.root / "kept" / path.name, dirs_exist_ok=True)
    known = raw_of(studio.anna)
    planted = {
        place / "copy.nef": known,
        place / "notes.txt": b"x" * 2_000_000 + f" sub-{code} ".encode(),
        place / "list.csv": f"1,{studio.anna.lower()},2".encode(),
        place / f"crop_{code}.jpg": b"\xff\xd8\0",
        place / "tagged.jpg": b"\xff\xd8\0 Exif " + code.encode(),
    }
    for path, data in planted.items():
        path.write_bytes(data)
    (place / "link").symlink_to(f"/somewhere/sub-{code}")
    (place / "innocent.txt").write_text(f"x{code} {code}7")
    left = studio.registry.verify_erased(studio.anna)
    for path in [*planted, place / "link"]:
        assert any(line.startswith(f"{path}: ") for line in left), path
    assert not any("innocent" in line for line in left)
    stone = studio.registry.erase(studio.anna)
    names = {Path(line.split(": ")[0]).name for line in stone.due}
    # What the person's id is not written on is for the operator to look at.
    assert names == {"copy.nef", "notes.txt", "list.csv", "tagged.jpg", "link"}
    assert not stone.closed
    assert studio.registry.entry(studio.anna).known
    for name in names:
        (place / name).unlink()
    assert studio.registry.erase(studio.anna).closed
    is_tombstone(studio)


def test_same_bytes_of_another_person_are_that_persons(studio):
    pair = next(studio.session.glob(f"sub-{studio.bert.removeprefix('P-')}/pair-*"))
    (pair / "studio.nef").write_bytes(raw_of(studio.anna))
    assert studio.registry.erase(studio.anna).due == []
    assert (pair / "studio.nef").exists()


def test_forgotten_backup_is_erased_later(studio):
    backup = studio.root / "backup"
    shutil.copytree(studio.session, backup)
    info = json.loads((backup / "session.json").read_text())
    (backup / "session.json").write_text(json.dumps(info | {"mirror": None}))
    assert studio.registry.erase(studio.anna).closed
    stone = erase(studio.registry, studio.anna, also=[backup])
    assert stone.closed
    assert stone.due == []
    assert studio.anna[2:].encode() not in b"".join(everything_below(backup).values())
    assert not list(backup.glob(f"sub-{studio.anna[2:]}"))


def test_record_that_names_a_file_outside_deletes_nothing_there(studio):
    outside = studio.root / "precious.png"
    outside.write_bytes(b"\0")
    manifest = studio.dataset / "manifest.jsonl"
    manifest.write_text(manifest.read_text().replace("flash/0.png", "../precious.png"))
    stone = studio.registry.erase(studio.anna)
    assert outside.exists()
    assert not stone.closed
    assert any("not a path inside" in line for line in stone.due)
    assert not list(studio.session.glob(f"sub-{studio.anna[2:]}"))


@pytest.mark.parametrize("inside", ["session", "dataset"])
def test_link_to_a_picture_elsewhere_is_not_lost(studio, inside):
    elsewhere = studio.root / "elsewhere.nef"
    elsewhere.write_bytes(b"\0 a picture")
    if inside == "session":
        path = next(studio.session.glob(f"sub-{studio.anna[2:]}/pair-*/studio.nef"))
    else:
        path = studio.dataset / "flash" / "0.png"
    path.unlink()
    path.symlink_to(elsewhere)
    stone = studio.registry.erase(studio.anna)
    assert any(f"leads to {elsewhere}" in line for line in stone.due)
    assert elsewhere.exists()
    assert not list(studio.mirror.glob(f"sub-{studio.anna[2:]}"))
    elsewhere.unlink()
    assert studio.registry.erase(studio.anna).closed
    nothing_left(studio)


def test_subjects_may_be_spelled_as_folders_in_manifests(studio):
    manifest = studio.dataset / "manifest.jsonl"
    manifest.write_text(manifest.read_text().replace(studio.anna, f"sub-{studio.anna[2:]}"))
    assert studio.registry.erase(studio.anna).counts.manifest_lines == 2
    nothing_left(studio)


def test_verify_before_an_erasure_says_so(studio):
    with pytest.raises(ConsentError, match="was not erased"):
        studio.registry.verify_erased(studio.anna)


class Killed(BaseException):
    """As sudden as SIGKILL: no handler of ours catches it."""


def kill_at(monkeypatch: pytest.MonkeyPatch, number: int) -> list[str]:
    """Lets the process die before its `number`-th change of the disk; returns what it did."""
    done: list[str] = []

    def counted(name, original):
        def call(*args, **kwargs):
            if len(done) + 1 >= number:
                raise Killed
            done.append(name)
            return original(*args, **kwargs)

        return call

    for name in ("replace", "unlink", "rmdir", "rename"):
        monkeypatch.setattr(os, name, counted(name, getattr(os, name)))
    return done


def killed_then_erased(fresh: Path, studio: Studio, number: int, monkeypatch) -> bool:
    """Returns whether the first erasure was killed; the second one must complete it."""
    shutil.rmtree(studio.root, ignore_errors=True)
    shutil.copytree(fresh, studio.root)
    studio.registry = Registry(studio.registry.folder)
    killed = False
    with monkeypatch.context() as patch:
        kill_at(patch, number)
        try:
            studio.registry.erase(studio.anna)
        except Killed:
            killed = True
    assert studio.registry.erase(studio.anna).due == []
    nothing_left(studio)
    is_tombstone(studio)
    assert not list(studio.registry.folder.rglob(".new-*"))
    return killed


@pytest.fixture
def fresh(tmp_path):
    studio = Studio(tmp_path / "studio")
    shutil.copytree(studio.root, tmp_path / "fresh")
    return tmp_path / "fresh", studio


@pytest.mark.parametrize("number", [1, 2, 4, 9, 20])
def test_killed_and_run_again(fresh, number, monkeypatch):
    assert killed_then_erased(*fresh, number, monkeypatch)


@pytest.mark.slow
def test_killed_before_any_step_and_run_again(fresh, monkeypatch):
    number = 1
    while killed_then_erased(*fresh, number, monkeypatch):
        number += 1
    assert number > 30
