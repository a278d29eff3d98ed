"""Who is in a dataset, and that whoever withdraws leaves it without a trace."""

from pathlib import Path

import pytest

from acquisition.errors import ConsentError
from acquisition.prepare.settings import PrepareSettings
from deepflash.pairs.manifest import read_manifest
from tests.acquisition.prepare.sessions import person, registry_in
from tests.acquisition.prepare.working import Room, session, three


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path, registry_in(tmp_path))


def test_nothing_private_is_in_what_is_written(room: Room):
    root, _, _ = three(room)
    room.run(root)
    for name, data in room.files().items():
        for secret in (str(room.root).encode(), b"SERIAL-4711", b"O. Perator", b"C-TEST00"):
            assert secret not in data, name


def test_withdrawn_people_are_left_out_and_removed_on_a_rerun(room: Room):
    root, people, pairs = three(room)
    room.run(root)
    room.registry.withdraw(people[1])
    outcome = room.run(root)
    assert (room.worked, outcome.removed) == ([], 1)
    assert outcome.unreadable == []
    assert any(people[1] in line and "withdrew" in line for line in room.lines)
    code = people[1].removeprefix("P-")
    for name, data in room.files().items():
        assert code not in name
        assert code.encode() not in data, name
    records = read_manifest(room.dataset)
    assert {one.pair_id for one in records} == {pairs[0], pairs[2]}
    assert "train" in {one.split for one in records}
    before = room.files()
    room.run(root)
    assert room.files() == before


def test_somebody_who_withdraws_meanwhile_is_not_in_the_manifest(room: Room):
    root, people, _ = three(room)

    def work(job):
        done = room.work(job)
        if len(room.worked) == 3:
            room.registry.withdraw(people[0])
        return done

    outcome = room.run(root, work=work)
    assert outcome.removed == 1
    assert people[0] not in {one.subject_id for one in read_manifest(room.dataset)}
    assert not list(room.dataset.rglob(f"sub-{people[0][2:]}"))


def test_only_who_agreed_to_the_purpose(room: Room):
    both, only = person(room.registry, "train", "redistribute"), person(room.registry, "train")
    root, pairs = session(room, [both, only])
    room.run(root, settings=PrepareSettings(size=32, purpose="redistribute"))
    assert room.worked == pairs[:1]
    (record,) = read_manifest(room.dataset)
    assert record.consent == ["train", "redistribute"]
    assert any("but not to redistribute" in line for line in room.lines)


def test_the_registry_knows_where_the_pictures_are_before_there_are_any(room: Room):
    root, people, _ = three(room)
    seen = []

    def work(job):
        places = room.registry.entry(job.record.participant).places
        seen.append([(place.folder, place.kind) for place in places])
        return room.work(job)

    room.run(root, work=work)
    assert seen == [[(str(room.dataset), "dataset")]] * 3
    before = [room.registry.path(one).stat().st_mtime_ns for one in people]
    room.run(root)
    assert [room.registry.path(one).stat().st_mtime_ns for one in people] == before


def test_another_registry_or_none_empties_nothing(room: Room):
    root, _, _ = three(room)
    room.run(root)
    before = room.files()
    other = registry_in(room.root / "other")
    person(other)
    with pytest.raises(ConsentError, match="knows none of the people"):
        room.run(root, registry=other.folder)
    with pytest.raises(ConsentError, match="there is no registry"):
        room.run(root, registry=room.root / "nowhere")
    assert room.files() == before


def test_an_erasure_is_complete_after_the_dataset_was_prepared_again(room: Room):
    root, people, _ = three(room)
    room.run(root)
    first = room.registry.erase(people[0])
    assert not list(room.dataset.rglob(f"*{people[0][2:]}*"))
    assert people[0] not in (room.dataset / "prepared.jsonl").read_text()
    assert people[1] in (room.dataset / "prepared.jsonl").read_text()
    room.run(root)
    assert room.worked == []
    assert len(read_manifest(room.dataset)) == 2
    stone = room.registry.erase(people[0])
    assert (stone.due, bool(stone.closed)) == ([], True), first.due
