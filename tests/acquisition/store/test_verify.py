import json
import re
import shutil

import pytest

from acquisition.cli import main
from acquisition.errors import SessionError
from acquisition.session import SessionFolder
from acquisition.store.journal import JOURNAL
from acquisition.store.verify import verify
from tests.acquisition.store.scripted import PERSON, info, raw, record_of, take_pair


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A session with a pair of every state, and its mirror."""
    place = tmp_path_factory.mktemp("sound")
    (place / "mirror").mkdir()
    folder = SessionFolder.create(place / "a", info(mirror=str(place / "mirror")))
    take_pair(folder, shade=1)
    take_pair(folder, "smile", shade=2, lose="phone")
    folder.abort_pair(folder.begin_pair(PERSON, "smile"))
    rejected = folder.begin_pair(PERSON, "smile")
    folder.journal.append("phone_exposed", pair=rejected, kind="phone_flash")
    folder.finish(record_of(folder, rejected, "rejected"))
    folder.close()
    return place


@pytest.fixture
def root(sound, tmp_path):
    shutil.copytree(sound, tmp_path, dirs_exist_ok=True)
    for path in (tmp_path / "a", tmp_path / "mirror" / "a"):
        words = (path / "session.json").read_text()
        (path / "session.json").write_text(words.replace(str(sound), str(tmp_path)))
    return tmp_path / "a"


def pair_of(root, state):
    folder = SessionFolder.open(root, exclusive=False)
    (found,) = [record.pair for record in folder.records() if record.state == state]
    return folder.pair_folder(found)


def test_a_sound_session_is_as_recorded(root):
    report = verify(root)
    assert report.differences == []
    assert report.counts["aborted"] == 1
    size = sum(
        p.stat().st_size
        for p in root.glob("sub-*/*/*")
        if p.name not in ("record.json", "incomplete.json")
    )
    assert (report.pairs, report.files, report.bytes) == (3, 9, size)
    words = f"{root}: 3 pairs (1 committed, 1 rejected, 1 incomplete), 9 files, "
    assert report.summary().startswith(words)
    assert report.summary().endswith(": all as recorded")


def change_a_byte(root):
    path = pair_of(root, "committed") / "studio.nef"
    path.write_bytes(raw(1)[:-1] + b"\7")


def cut_a_file(root):
    path = pair_of(root, "committed") / "studio.nef"
    path.write_bytes(raw(1)[:-1])


def lose_a_file(root):
    (pair_of(root, "committed") / "studio.nef").unlink()


def add_a_file(root):
    (pair_of(root, "committed") / "holiday.jpg").write_bytes(b"x")


def add_a_folder(root):
    (root / f"sub-{PERSON[2:]}" / "pair-20261122T141530Z-0000").mkdir()


def lose_a_record(root):
    (pair_of(root, "committed") / "record.json").unlink()


def change_a_record(root):
    path = pair_of(root, "committed") / "record.json"
    path.write_bytes(path.read_bytes().replace(b"frontal", b"smile"))


def break_a_record(root):
    (pair_of(root, "committed") / "record.json").write_bytes(b"{")


def newer_record(root):
    (pair_of(root, "committed") / "record.json").write_bytes(b'{"schema": 9}')


def foreign_file_in_a_record(root):
    path = pair_of(root, "committed") / "record.json"
    values = json.loads(path.read_bytes())
    values["files"][0]["sha256"] = "0" * 64
    path.write_text(json.dumps(values))


def note(root, event, **data):
    folder = SessionFolder.open(root)
    folder.journal.append(event, **data)
    folder.close()


def two_states(root):
    note(root, "pair_aborted", pair=pair_of(root, "committed").name.removeprefix("pair-"))


def finished_twice(root):
    pair = pair_of(root, "committed").name.removeprefix("pair-")
    note(root, "finished", pair=pair, state="rejected", name="record.json", sha256="0" * 64)


def begin_a_pair(root):
    note(root, "pair_begun", pair="20261122T141530Z-0000", participant=PERSON, pose="smile")


def leave_a_part(root):
    (root / "incoming" / ".part-1").write_bytes(b"x")


def unknown_record(root):
    path = pair_of(root, "incomplete")
    values = json.loads((path / "incomplete.json").read_bytes())
    values["state"] = "committed"
    (path / "record.json").write_text(json.dumps(values))


def no_raw_file(root):
    folder = SessionFolder.open(root)
    pair = folder.begin_pair(PERSON, "smile")
    from tests.acquisition.store.scripted import add_studio

    add_studio(folder, pair, "A.NEF", b"no raw file")
    folder.journal.append("phone_exposed", pair=pair, kind="phone_flash")
    folder.finish(record_of(folder, pair, "rejected"))
    folder.close()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (change_a_byte, r"studio.nef was changed: its SHA-256"),
        (cut_a_file, r"studio.nef has 203 bytes, 204 were stored"),
        (lose_a_file, r"studio.nef is missing; the journal says it was stored"),
        (add_a_file, r"holiday.jpg is there and nobody names it"),
        (add_a_folder, r"0000 belongs to no pair of the journal"),
        (lose_a_record, r"record.json is missing; the journal says the pair is committed"),
        (change_a_record, r"record.json was changed"),
        (change_a_record, r"record of another pair, person, pose or session"),
        (break_a_record, r"record.json is not a pair record"),
        (newer_record, r"record.json has version 9, this program reads up to 1"),
        (foreign_file_in_a_record, r"names studio.nef, which was not stored like that"),
        (two_states, r"is in two states: aborted and committed"),
        (finished_twice, r"is in two states: it was finished twice as record.json"),
        (begin_a_pair, r"was begun and not finished; `acquire session a` puts it in order"),
        (leave_a_part, r"holds 1 file that a stop cut short"),
        (unknown_record, r"record.json is there and the journal does not know it"),
        (unknown_record, r"says committed, yet that phone_flash is missing"),
        (no_raw_file, r"studio.nef is no raw file"),
    ],
)
def test_every_harm_is_a_line_in_words(root, harm, words):
    harm(root)
    report = verify(root)
    assert any(re.search(words, line) for line in report.differences)
    assert not any("\n" in line for line in report.differences)
    assert "difference" in report.summary()


def mirror_lacks(copy):
    next(copy.glob("sub-*/*/record.json")).unlink()


def mirror_differs(copy):
    next(copy.glob("sub-*/*/studio.nef")).write_bytes(b"x")


def mirror_has_more(copy):
    next(copy.glob("sub-*/*")).joinpath("more.jpg").write_bytes(b"x")


def mirror_tells_another_story(copy):
    (copy / JOURNAL).write_bytes((copy / JOURNAL).read_bytes().replace(b"smile", b"frown"))


def mirror_names_others(copy):
    (copy / "session.json").write_bytes(b"{}")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (mirror_lacks, "the mirror lacks"),
        (mirror_differs, "is not what the session holds"),
        (mirror_has_more, "more.jpg is not in the session"),
        (mirror_tells_another_story, "is not the beginning of the session's"),
        (mirror_names_others, "session.json is not the session's"),
    ],
)
def test_the_mirror_is_compared_both_ways(root, harm, words):
    copy = root.parent / "mirror" / "a"
    assert verify(copy).differences == []
    harm(copy)
    (line,) = verify(root).differences
    assert words in line


def test_a_mirror_that_is_away_is_noted_unless_it_was_asked_for(root):
    (root.parent / "mirror").rename(root.parent / "elsewhere")
    report = verify(root)
    assert report.differences == []
    assert report.summary().endswith("a is away and was not compared")
    (line,) = verify(root, mirror=root.parent / "mirror").differences
    assert "is away" in line
    assert verify(root, mirror=root.parent / "elsewhere").differences == []


def test_a_running_or_damaged_session_is_refused(root):
    folder = SessionFolder.open(root)
    with pytest.raises(SessionError, match="in use by process"):
        verify(root)
    folder.close()
    lines = (root / JOURNAL).read_bytes().split(b"\n")
    (root / JOURNAL).write_bytes(b"\n".join([lines[0], b"{}", *lines[2:]]))
    with pytest.raises(SessionError, match="line 2 is damaged"):
        verify(root)


def test_verifying_changes_nothing(root):
    before = {p: p.read_bytes() for p in root.rglob("*") if p.is_file()}
    verify(root)
    assert {p: p.read_bytes() for p in root.rglob("*") if p.is_file()} == before


def test_the_command_goes_on_after_a_bad_session(root, capsys):
    assert main(["verify", str(root)]) == 0
    assert capsys.readouterr().out.endswith(": all as recorded\n")
    change_a_byte(root)
    absent = root.parent / "absent"
    assert main(["verify", str(absent), str(root), str(root.parent / "mirror" / "a")]) == 2
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[0].startswith(f"there is no session at {absent}")
    assert "studio.nef was changed" in lines[1]
    assert lines[2].endswith(": 1 difference")
    assert lines[3].endswith(": all as recorded")
    assert told.err.splitlines()[-1] == (
        "acquire: 2 of 3 session(s) not as recorded; see the lines above"
    )


def test_the_command_explains_itself(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["verify", "--help"])
    assert ended.value.code == 0
    assert "--mirror" in capsys.readouterr().out
    assert main(["verify"]) == 2
