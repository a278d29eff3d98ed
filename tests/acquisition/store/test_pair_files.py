import threading

import pytest

from acquisition.errors import StoreError
from acquisition.phone.contract import ShotName
from acquisition.session import SessionFolder
from tests.acquisition.store.scripted import (
    PERSON,
    accept,
    add_studio,
    info,
    part_of,
    picture,
    raw,
    record_of,
    sha,
    take_pair,
    tree,
)


@pytest.fixture
def folder(tmp_path):
    folder = SessionFolder.create(tmp_path / "a", info())
    yield folder
    folder.close()


@pytest.fixture
def pair(folder):
    return folder.begin_pair(PERSON, "frontal")


def parts(folder) -> list:
    return list((folder.root / "incoming").iterdir())


def refusals(folder) -> list[str]:
    return [e.data["text"] for e in folder.journal.entries() if e.event == "refused"]


def test_an_accepted_picture_is_stored_under_the_shots_name(folder, pair):
    data = picture(1)
    stored = accept(folder, pair, data)
    assert (stored.name, stored.kind, stored.mime) == (
        "phone_flash.jpg",
        "phone_flash",
        "image/jpeg",
    )
    assert (stored.bytes, stored.sha256) == (len(data), sha(data))
    assert (folder.pair_folder(pair) / stored.name).read_bytes() == data
    assert folder.pair_folder(pair) == folder.root / f"sub-{PERSON[2:]}" / f"pair-{pair}"
    assert folder.stored(ShotName(pair=pair, kind="phone_flash")) == stored
    assert folder.stored(ShotName(pair=pair, kind="phone_reference")) is None
    assert folder.stored(ShotName(pair="unknown", kind="phone_flash")) is None
    assert folder.files(pair) == [stored]
    assert folder.has(pair, "phone_flash")
    assert not folder.has(pair, "studio_raw")
    assert parts(folder) == []


def test_the_same_picture_twice_is_the_same_file(folder, pair):
    first = accept(folder, pair, picture(1))
    count = len(folder.journal.entries())
    assert accept(folder, pair, picture(1)) == first
    assert len(folder.journal.entries()) == count
    assert parts(folder) == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_another_picture_of_the_same_name_is_refused_and_noted_once(folder, pair, kind):
    accept(folder, pair, picture(1))
    before = tree(folder.root)
    for _ in range(2):
        with pytest.raises(StoreError, match="has another phone_flash already"):
            accept(folder, pair, picture(2, kind))
    assert tree(folder.root) == before
    assert len(refusals(folder)) == 1
    assert parts(folder) == []


def test_unknown_and_aborted_pairs_take_nothing(folder, pair):
    with pytest.raises(StoreError, match="no pair 2026 was begun in the session"):
        accept(folder, "2026", picture(1))
    folder.abort_pair(pair, ["the lights failed"])
    with pytest.raises(StoreError, match="broken off before its first picture"):
        accept(folder, pair, picture(1))
    with pytest.raises(StoreError, match="broken off"):
        add_studio(folder, pair, "A.NEF", raw(1))
    assert parts(folder) == []
    assert not folder.pair_folder(pair).exists()
    assert len(refusals(folder)) == 3


@pytest.mark.parametrize("data", [b"", b"GIF89a......", picture(1)[:-40]])
def test_no_picture_and_half_a_picture_are_refused(folder, pair, data):
    with pytest.raises(StoreError, match="picture"):
        accept(folder, pair, data)
    assert tree(folder.root) == {}
    assert parts(folder) == []


def test_a_wrong_hash_is_refused(folder, pair):
    with pytest.raises(StoreError, match="did not arrive as sent"):
        folder.accept(
            ShotName(pair=pair, kind="phone_flash"), part_of(folder, picture(1)), sha(b"x"), "o"
        )
    assert tree(folder.root) == {}
    assert parts(folder) == []


def test_a_part_that_is_not_there_is_one_line(folder, pair):
    with pytest.raises(StoreError, match="cannot read"):
        folder.accept(ShotName(pair=pair, kind="phone_flash"), folder.part(), sha(b"x"), "o")


def test_a_file_that_vanished_is_not_said_to_be_stored(folder, pair):
    """A phone drops its picture when the store says that it has it."""
    stored = accept(folder, pair, picture(1))
    (folder.pair_folder(pair) / stored.name).unlink()
    assert folder.stored(ShotName(pair=pair, kind="phone_flash")) is None
    assert folder.files(pair) == []
    assert accept(folder, pair, picture(1)) == stored
    assert folder.files(pair) == [stored]


def test_a_file_that_the_journal_could_not_note_is_taken_the_next_time(folder, pair, monkeypatch):
    def full(*_, **__):
        raise StoreError("cannot write the journal: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(folder.journal, "append", full)
        with pytest.raises(StoreError, match="No space left"):
            accept(folder, pair, picture(1))
    assert folder.stored(ShotName(pair=pair, kind="phone_flash")) is None
    stored = accept(folder, pair, picture(1))
    assert folder.files(pair) == [stored]
    with pytest.raises(StoreError, match="has another"):
        accept(folder, pair, picture(2))


def test_studio_files_get_names_of_ours(folder, pair):
    kept = add_studio(folder, pair, "IMG_1.NEF", raw(1))
    jpeg = add_studio(folder, pair, "IMG_1.JPG", picture(1))
    assert (kept.name, kept.kind, kept.origin) == ("studio.nef", "studio_raw", "/card/IMG_1.NEF")
    assert (jpeg.name, jpeg.kind) == ("studio.jpg", "studio_jpeg")
    assert add_studio(folder, pair, "IMG_1.NEF", raw(1)) == kept
    with pytest.raises(StoreError, match="has another studio_raw already"):
        add_studio(folder, pair, "IMG_2.NEF", raw(2))
    with pytest.raises(StoreError, match="has another studio_raw already"):
        add_studio(folder, pair, "IMG_2.CR3", raw(2))
    assert parts(folder) == []


@pytest.mark.parametrize("name", ["../../evil", "a.../../x", "b.so long", "c", "d.%2F"])
def test_a_path_in_a_name_of_the_camera_leads_nowhere(folder, pair, name):
    assert add_studio(folder, pair, name, raw(1)).name == "studio.raw"
    assert list(tree(folder.root)) == [f"sub-{PERSON[2:]}/pair-{pair}/studio.raw"]


def test_every_log_is_kept(folder, pair):
    names = [folder.add_log(pair, text).name for text in ("one", "two", "one", "three")]
    assert names == ["camera.log", "camera-2.log", "camera.log", "camera-3.log"]
    assert parts(folder) == []


def test_late_pictures_make_an_incomplete_pair_whole(folder):
    pair = take_pair(folder, lose="phone")
    assert [record.state for record in folder.records()] == ["incomplete"]
    assert folder.promotable() == []
    incomplete = (folder.pair_folder(pair) / "incomplete.json").read_bytes()
    accept(folder, pair, picture(9))
    assert folder.promotable() == [pair]
    folder.finish(record_of(folder, pair))
    assert folder.promotable() == []
    assert [record.state for record in folder.records()] == ["committed"]
    assert folder.record(pair).state == "committed"
    assert (folder.pair_folder(pair) / "incomplete.json").read_bytes() == incomplete


def test_two_threads_with_one_picture_store_it_once(folder, pair):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(accept(folder, pair, picture(1))))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found and [file.sha256 for file in found])) == 1
    assert sum(entry.event == "stored" for entry in folder.journal.entries()) == 1
