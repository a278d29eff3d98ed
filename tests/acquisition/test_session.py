import json
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.camera.contract import Profile
from acquisition.errors import SessionError, StoreError
from acquisition.plan import PlanRow, Pose, Try, next_row, plan_rows
from acquisition.record import Missing
from acquisition.session import DEFAULT_POSES, SessionFolder
from tests.acquisition.store.scripted import (
    PERSON,
    POSES,
    accept,
    info,
    picture,
    record_of,
    take_pair,
    tree,
)

OTHER = "P-ZZZZZZ"


@pytest.fixture
def folder(tmp_path):
    folder = SessionFolder.create(tmp_path / "a", info(people=[PERSON, OTHER]))
    yield folder
    folder.close()


def states(folder) -> list[tuple[str, str, str, int]]:
    return [(row.participant, row.pose, row.state, row.attempts) for row in folder.plan()]


def test_a_session_comes_back_as_it_was_made(tmp_path):
    made = info(profile=Profile(name="p", settings={"iso": "100"}), simulated=True)
    SessionFolder.create(tmp_path / "x" / "a", made).close()
    folder = SessionFolder.open(tmp_path / "x" / "a")
    assert folder.info == made
    assert [e.event for e in folder.journal.entries()] == [
        "session_opened",
        "session_closed",
        "session_opened",
    ]
    folder.close()
    folder.close()


def test_a_session_is_made_once(tmp_path, folder):
    folder.close()
    with pytest.raises(SessionError, match=r"there is a session at .* already"):
        SessionFolder.create(tmp_path / "a", info())
    with pytest.raises(SessionError, match=r"there is no session at .*begin one with `acquire"):
        SessionFolder.open(tmp_path / "b")
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("name", ["", "..", ".a", "a/b", "-a", "ä", "a" * 65, "a b"])
def test_names_that_cannot_be_names(tmp_path, name):
    with pytest.raises(SessionError, match="cannot name a session"):
        SessionFolder.create(tmp_path / "a", info(session=name))
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("poses", [[], [POSES[0], POSES[0]]])
def test_poses_have_names_of_their_own(tmp_path, poses):
    with pytest.raises(SessionError, match="needs poses, each with a name of its own"):
        SessionFolder.create(tmp_path / "a", info(poses=poses))


@pytest.mark.parametrize("participant", ["P-4q7zk2", "P-4Q7ZKI", "4Q7ZK2", "P-4Q7ZK22", "../x"])
def test_what_is_no_participant_gets_no_place(folder, participant):
    with pytest.raises(SessionError, match="not a participant's id"):
        folder.add_person(participant)


def test_one_writer_at_a_time(tmp_path, folder):
    with pytest.raises(SessionError, match=r"in use by process \d+; end that session") as told:
        SessionFolder.open(tmp_path / "a")
    assert "\n" not in str(told.value)
    reader = SessionFolder.open(tmp_path / "a", exclusive=False)
    assert reader.info == folder.info
    with pytest.raises(StoreError, match="open for reading"):
        reader.begin_pair(PERSON, "frontal")
    reader.close()
    folder.close()
    SessionFolder.open(tmp_path / "a").close()


def test_another_process_is_a_second_writer_until_it_is_killed(tmp_path):
    SessionFolder.create(tmp_path / "a", info()).close()
    code = (
        "import sys\nfrom pathlib import Path\nfrom acquisition.session import SessionFolder\n"
        "folder = SessionFolder.open(Path(sys.argv[1]))\nprint('go', flush=True)\ninput()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "a")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout.readline() == b"go\n"
    with pytest.raises(SessionError, match=f"in use by process {child.pid}"):
        SessionFolder.open(tmp_path / "a")
    child.kill()
    child.communicate()
    SessionFolder.open(tmp_path / "a").close()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"schema": 2, "new": 1}', r"session.json has version 2, this program reads up to 1"),
        (b'{"schema": 1}', r"session.json is damaged"),
        (b"{", r"session.json is damaged"),
        (b"[]", r"session.json is damaged"),
        (b"\xff", r"session.json is damaged"),
    ],
)
def test_a_newer_or_damaged_session_is_one_line(tmp_path, folder, data, words):
    folder.close()
    (tmp_path / "a" / "session.json").write_bytes(data)
    for exclusive in (True, False):
        with pytest.raises(SessionError, match=words) as told:
            SessionFolder.open(tmp_path / "a", exclusive=exclusive)
        assert "\n" not in str(told.value)
    assert (tmp_path / "a" / "session.json").read_bytes() == data


def test_people_are_added_once_and_survive_a_stop_in_between(tmp_path, folder):
    third = "P-000000"
    folder.add_person(third)
    folder.add_person(third)
    assert folder.info.people == [PERSON, OTHER, third]
    folder.journal.append("person_added", participant="P-000001")
    folder.close()
    on_disk = json.loads((tmp_path / "a" / "session.json").read_text())
    assert on_disk["people"] == [PERSON, OTHER, third]
    again = SessionFolder.open(tmp_path / "a")
    assert again.info.people == [PERSON, OTHER, third, "P-000001"]
    again.close()


def test_pair_ids_are_new_and_sortable(folder):
    pairs = [folder.begin_pair(PERSON, "frontal") for _ in range(30)]
    assert len(set(pairs)) == 30
    assert all(re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{4}", pair) for pair in pairs)
    assert folder.unfinished() == pairs
    assert all(folder.pair_folder(pair).is_dir() for pair in pairs)


def test_the_intent_is_in_the_journal_before_the_folder_is_there(folder, monkeypatch):
    seen = []

    def look(path):
        seen.append((path.exists(), folder.journal.entries()[-1].event))

    monkeypatch.setattr("acquisition.session.make_folder", look)
    folder.begin_pair(PERSON, "frontal")
    assert seen == [(False, "pair_begun")]


def test_the_plan_follows_what_happens(folder):
    assert folder.next_open() == (PERSON, "frontal")
    assert states(folder) == [
        (who, pose, "open", 0) for who in (PERSON, OTHER) for pose in ("frontal", "smile")
    ]
    take_pair(folder, shade=1, lose="phone")
    assert states(folder)[0] == (PERSON, "frontal", "incomplete", 1)
    assert folder.next_open() == (PERSON, "frontal")
    pair = take_pair(folder, shade=2)
    assert folder.record(pair).attempt == 2
    assert states(folder)[0] == (PERSON, "frontal", "done", 2)
    assert folder.next_open() == (PERSON, "smile")
    assert folder.next_open(lambda who: who != PERSON) == (OTHER, "frontal")
    assert folder.next_open(lambda _: False) is None
    folder.abort_pair(folder.begin_pair(PERSON, "smile"), ["no lights"])
    assert states(folder)[1] == (PERSON, "smile", "open", 0)
    folder.skip(PERSON, "smile")
    assert states(folder)[1] == (PERSON, "smile", "skipped", 0)
    assert folder.next_open() == (OTHER, "frontal")
    rejected = folder.begin_pair(PERSON, "smile")
    assert states(folder)[1] == (PERSON, "smile", "open", 1)
    folder.finish(record_of(folder, rejected, "rejected"))
    assert states(folder)[1] == (PERSON, "smile", "rejected", 1)
    folder.close()
    again = SessionFolder.open(folder.root)
    assert states(again) == states(folder)
    assert again.attempts(PERSON, "frontal") == 2
    again.close()


def test_what_is_not_in_the_plan_is_refused(folder):
    with pytest.raises(SessionError, match="is not in the plan"):
        folder.begin_pair("P-000000", "frontal")
    with pytest.raises(SessionError, match="has no pose 'jump'; it has frontal, smile"):
        folder.begin_pair(PERSON, "jump")
    with pytest.raises(SessionError, match="has no pose"):
        folder.skip(PERSON, "jump")


@given(
    outcomes=st.lists(
        st.sampled_from(["committed", "rejected", "incomplete", "running", "skipped"])
    )
)
def test_a_good_pair_stays_good(outcomes):
    pose = Pose(name="a", instruction="b")
    tries = [Try(participant="P", pose="a", outcome=outcome) for outcome in outcomes]
    (row,) = plan_rows(["P"], [pose], tries)
    assert (row.state == "done") == ("committed" in outcomes)
    assert row.attempts == len(outcomes) - outcomes.count("skipped")
    expects_more = row.state not in ("done", "skipped")
    assert (next_row([row], lambda _: True) is not None) == expects_more


def test_consent_is_asked_once_a_person():
    asked = []
    rows = [PlanRow(participant=p, pose=q, state="open", attempts=0) for p in "PQ" for q in "abc"]

    def allowed(participant):
        asked.append(participant)
        return participant == "Q"

    assert next_row(rows, allowed) == ("Q", "a")
    assert asked == ["P", "Q"]


def test_five_poses_say_what_to_do():
    assert len({pose.name for pose in DEFAULT_POSES}) == 5
    assert all(pose.instruction.endswith(".") for pose in DEFAULT_POSES)


def test_a_pair_with_a_picture_cannot_be_given_up(folder):
    taken = folder.begin_pair(PERSON, "frontal")
    folder.journal.append("phone_fire", pair=taken, kind="phone_flash")
    folder.journal.append("phone_exposed", pair=taken, kind="phone_flash")
    with pytest.raises(StoreError, match="a picture was taken; finish it as incomplete"):
        folder.abort_pair(taken, [])
    asked = folder.begin_pair(PERSON, "frontal")
    folder.journal.append("phone_exposed", pair=asked, kind="phone_reference")
    folder.journal.append("phone_fire", pair=asked, kind="phone_flash")
    folder.abort_pair(asked, ["the phone has no flash"])
    folder.abort_pair(asked, ["again"])
    assert folder.unfinished() == [taken]
    folder.journal.append("phone_exposed", pair=asked, kind="phone_flash")
    assert folder.unfinished() == [taken, asked]


def test_a_record_is_the_last_file_and_says_what_is_stored(folder):
    pair = folder.begin_pair(PERSON, "frontal")
    accept(folder, pair, picture(1))
    record = record_of(folder, pair)
    other = folder.begin_pair(PERSON, "frontal")
    lacking = [Missing(kind="studio_raw", where="on_card")]
    for wrong, words in [
        (record_of(folder, pair, "committed", lacking), "lacks studio_raw; finish it as incompl"),
        (_with(record, pair=other), "is not stored as its record says"),
        (_with(record, participant=OTHER), "names another person or session"),
        (_with(record, session="b"), "names another person or session"),
        (_with(record, pair="x"), "no pair x was begun"),
    ]:
        with pytest.raises(StoreError, match=words):
            folder.finish(wrong)
    assert len(tree(folder.root)) == 1
    folder.finish(record)
    count = len(folder.journal.entries())
    folder.finish(record)
    assert len(folder.journal.entries()) == count
    before = tree(folder.root)
    with pytest.raises(StoreError, match=r"record.json exists already"):
        folder.finish(_with(record, reasons=["other"]))
    with pytest.raises(StoreError, match="has a record already"):
        folder.finish(record_of(folder, pair, "incomplete"))
    assert tree(folder.root) == before
    assert folder.records() == [record]
    (folder.pair_folder(pair) / "phone_flash.jpg").unlink()
    assert folder.unfinished() == [other]


def _with(record, **changes):
    from msgspec.structs import replace

    return replace(record, **changes)


def test_a_fault_is_noted_even_by_nobody(folder):
    folder.journal_fault("the moon is too bright")
    assert folder.journal.entries()[-1].data == {"text": "the moon is too bright"}
    folder.close()
    folder.journal_fault("nobody hears")


def test_opening_a_session_brings_in_nothing_heavy():
    code = (
        "import sys, acquisition.session, acquisition.store.recover\n"
        "heavy = {'PIL', 'numpy', 'tqdm', 'rawpy', 'aiohttp', 'torch', 'cv2', 'gphoto2'}\n"
        "sys.stdout.write(', '.join(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert done.stdout == b""
