"""Sessions to a dataset: what is done, what is not done again, and who is not in it."""

import json
from pathlib import Path

import pytest

from acquisition.errors import SessionError, UsageError
from acquisition.prepare.run import check_outcome, lines_of
from acquisition.prepare.settings import PrepareSettings
from acquisition.prepare.thresholds import Thresholds
from deepflash.errors import DatasetError
from deepflash.pairs.manifest import check_files, read_manifest
from tests.acquisition.prepare.sessions import add_pair, begin_session, person, registry_in
from tests.acquisition.prepare.working import TINY, Room, session, snapshot, three


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path, registry_in(tmp_path))


def test_every_committed_pair_becomes_a_record_and_the_session_stays_as_it_is(room: Room):
    root, people, pairs = three(room)
    before = snapshot(root)
    outcome = room.run(root)
    assert snapshot(root) == before
    assert (outcome.prepared, outcome.accepted, outcome.rejected) == (3, 3, 0)
    records = read_manifest(room.dataset)
    check_files(room.dataset, records)
    assert {(one.pair_id, one.subject_id) for one in records} == set(
        zip(pairs, people, strict=True)
    )
    assert {one.split for one in records} == {"train", "val", "test"}
    assert records[0].skew_ms == 420.0
    assert records[0].quality["leak"] == 0.01
    assert records[0].flash_kind == "flash"


def test_the_same_again_does_nothing(room: Room):
    root, _, _ = three(room)
    room.run(root)
    before = snapshot(room.dataset)
    outcome = room.run(root)
    assert (room.worked, outcome.prepared, outcome.changed) == ([], 0, False)
    del before[str(room.dataset / ".lock")]
    after = snapshot(room.dataset)
    assert {path: after[path] for path in before} == before


def test_what_is_new_is_added_and_nobody_changes_the_split(room: Room):
    root, _, pairs = three(room)
    room.run(root)
    before = {one.subject_id: one.split for one in read_manifest(room.dataset)}
    other, more = session(room, [person(room.registry) for _ in range(2)], "t")
    room.run(root, other)
    assert room.worked == more
    after = {one.subject_id: one.split for one in read_manifest(room.dataset)}
    assert {one: after[one] for one in before} == before
    assert len(after) == 5
    room.run(other)
    assert room.worked == [], "pairs of a session that is not named stay"
    assert len(read_manifest(room.dataset)) == 5
    assert {one.pair_id for one in read_manifest(room.dataset)} == {*pairs, *more}


def test_a_person_in_two_sessions_is_one_person(room: Room):
    somebody = person(room.registry)
    first, _ = session(room, [somebody, person(room.registry), person(room.registry)])
    second, _ = session(room, [somebody], "t")
    room.run(first, second)
    records = [one for one in read_manifest(room.dataset) if one.subject_id == somebody]
    assert len(records) == 2
    assert len({one.split for one in records}) == 1


def test_other_settings_do_all_pairs_again_other_thresholds_none(room: Room):
    root, _, pairs = three(room)
    room.run(root)
    outcome = room.run(
        root, settings=PrepareSettings(size=32, thresholds=Thresholds(most_leak=0.001))
    )
    assert room.worked == []
    assert (outcome.accepted, outcome.rejected) == (0, 3)
    assert "light of the room" in "".join(lines_of(outcome))
    with pytest.raises(DatasetError, match="lists no pairs"):
        read_manifest(room.dataset)
    outcome = room.run(root, settings=PrepareSettings(size=48))
    assert room.worked == pairs
    assert {one.width for one in read_manifest(room.dataset)} == {48}
    room.run(root, settings=PrepareSettings(size=48, encoding="srgb16"))
    assert room.worked == pairs
    assert not list(room.dataset.rglob("*.jpg"))
    assert {one.encoding for one in read_manifest(room.dataset)} == {"srgb16"}


def test_pairs_of_two_kinds_are_never_mixed(room: Room):
    root, _, _ = three(room)
    other, _ = session(room, [person(room.registry)], "t")
    room.run(root, other)
    with pytest.raises(UsageError, match="session s that were prepared with other settings"):
        room.run(other, settings=PrepareSettings(size=48))
    assert len(read_manifest(room.dataset)) == 4


def test_a_lost_file_of_the_dataset_is_made_again(room: Room):
    root, _, pairs = three(room)
    room.run(root)
    next(room.dataset.glob(f"studio/*/{pairs[1]}.jpg")).unlink()
    room.run(root)
    assert room.worked == [pairs[1]]
    check_files(room.dataset, read_manifest(room.dataset))


def test_again_and_limit(room: Room):
    root, _, pairs = three(room)
    room.run(root, limit=2)
    assert room.worked == pairs[:2]
    room.run(root, limit=2)
    assert room.worked == pairs[2:]
    room.run(root, again=True, limit=1)
    assert room.worked == pairs[:1]
    assert len(read_manifest(room.dataset)) == 3


def test_only_committed_pairs_and_the_others_are_named(room: Room):
    root = room.root / "sessions" / "s"
    somebody = person(room.registry)
    folder = begin_session(root, [somebody])
    good = add_pair(folder, somebody, **TINY)
    lacking = add_pair(folder, somebody, **TINY, state="incomplete")
    add_pair(folder, somebody, **TINY, state="rejected")
    folder.begin_pair(somebody, "frontal")
    folder.close()
    outcome = room.run(root)
    assert room.worked == [good]
    assert outcome.unreadable == []
    said = room.lines[0]
    assert "1 committed" in said
    assert "1 rejected" in said
    assert "2 incomplete" in said
    assert lacking in said


def test_a_damaged_session_is_one_line_and_the_others_go_on(room: Room):
    root, _, pairs = three(room)
    other, more = session(room, [person(room.registry)], "t")
    room.run(root, other)
    (root / "session.json").write_text("{")
    outcome = room.run(root, other, room.root / "nowhere", again=True)
    assert room.worked == more
    assert len(outcome.unreadable) == 2
    assert "session.json is damaged" in outcome.unreadable[0]
    assert "there is no session at" in outcome.unreadable[1]
    assert {one.pair_id for one in read_manifest(room.dataset)} == {*pairs, *more}
    with pytest.raises(SessionError, match="2 things could not be read"):
        check_outcome(outcome)


def test_a_changed_record_is_one_line_and_the_other_pairs_go_on(room: Room):
    root, _, pairs = three(room)
    path = next(root.glob(f"*/pair-{pairs[0]}/record.json"))
    path.write_text(path.read_text().replace("phone_first", "studio_first"))
    next(root.glob(f"*/pair-{pairs[1]}/record.json")).write_text("no record")
    outcome = room.run(root)
    assert room.worked == [pairs[2]]
    assert len(outcome.unreadable) == 2
    assert "was changed after it was written" in outcome.unreadable[0]
    assert "is not a pair record" in outcome.unreadable[1]


@pytest.mark.parametrize("harm", ["other bytes", "cut", "gone"])
def test_a_file_that_is_not_the_recorded_one_rejects_its_pair_until_it_is_restored(
    room: Room, harm: str
):
    root, _, pairs = three(room)
    path = next(root.glob(f"*/pair-{pairs[1]}/studio.jpg"))
    data = path.read_bytes()
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(data[:-1] + (b"?" if harm == "other bytes" else b""))
    outcome = room.run(root)
    words = "cannot be read" if harm == "gone" else "is not the file that was recorded"
    assert [words in line for line in outcome.unreadable] == [True]
    assert (outcome.accepted, outcome.rejected) == (2, 1)
    lines = [json.loads(line) for line in (room.dataset / "prepared.jsonl").open()]
    (bad,) = [line for line in lines if not line["accepted"]]
    assert bad["pair"] == pairs[1]
    assert words in bad["reasons"][0]
    path.write_bytes(data)
    outcome = room.run(root)
    assert room.worked == [pairs[1]]
    assert (outcome.accepted, outcome.unreadable) == (3, [])
