import errno
import json
import os
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acquisition.clock import Interval
from acquisition.errors import SessionError, StoreError
from acquisition.session import SessionFolder
from acquisition.store.journal import JOURNAL, Journal, read_journal, redact_journal
from acquisition.store.lock import locked
from tests.acquisition.store.scripted import PERSON, info, take_pair

OTHER = "P-ZZZZZZ"


def write(path, count=3):
    journal = Journal.open(path)
    for number in range(count):
        journal.append("fault", pair="p", participant=PERSON, number=number)
    journal.close()


def test_entries_come_back_as_they_were_written(tmp_path):
    path = tmp_path / JOURNAL
    journal = Journal.open(path)
    first = journal.append("phone_exposed", pair="p", exposure=Interval(start_ns=1, end_ns=2))
    second = journal.append("stored", participant=PERSON, path=path)
    assert [first, second] == journal.entries() == read_journal(path)
    assert first.data == {"exposure": {"start_ns": 1, "end_ns": 2}}
    assert second.data == {"path": str(path)}
    assert (first.n, second.n) == (1, 2)
    assert first.t_ns <= second.t_ns
    assert first.wall.endswith("Z")
    assert [json.loads(line)["n"] for line in path.read_text().splitlines()] == [1, 2]


def test_an_entry_is_on_the_disk_before_append_returns(tmp_path, monkeypatch):
    synced = []
    real = os.fsync

    def spy(descriptor):
        synced.append((tmp_path / JOURNAL).read_bytes())
        real(descriptor)

    journal = Journal.open(tmp_path / JOURNAL)
    monkeypatch.setattr(os, "fsync", spy)
    journal.append("fault", text="x")
    assert synced[-1].endswith(b"\n")
    assert len(synced) == 1


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(share=st.floats(0, 1), tail=st.binary(max_size=30))
def test_a_torn_end_is_cut_off_and_noted(tmp_path, share, tail):
    path = tmp_path / JOURNAL
    path.unlink(missing_ok=True)
    write(path)
    whole = path.read_bytes()
    cut = int(share * len(whole))
    path.write_bytes(whole[:cut] + tail.replace(b"\n", b""))
    complete = whole[:cut].count(b"\n")
    torn = len(path.read_bytes()) > len(b"\n".join(whole.split(b"\n")[:complete])) + bool(complete)
    assert len(read_journal(path)) == complete
    Journal.open(path, read_only=True).close()
    Journal.open(path).close()
    entries = read_journal(path)
    assert len(entries) == complete + torn
    if torn:
        assert entries[-1].event == "fault"
        assert "cut the last line short" in entries[-1].data["text"]
    assert [entry.n for entry in entries] == list(range(1, len(entries) + 1))


def test_a_last_line_of_zeros_is_a_torn_one(tmp_path):
    """What a loss of power may leave where a file had grown and its bytes were not there yet."""
    path = tmp_path / JOURNAL
    write(path)
    path.write_bytes(path.read_bytes() + b"\0" * 40 + b"\n")
    Journal.open(path).close()
    assert [entry.event for entry in read_journal(path)] == ["fault"] * 4


@pytest.mark.parametrize(
    "line", [b"{}", b"not json", b'{"n":7,"t_ns":1,"wall":"","event":"x"}', b"\xff\xfe"]
)
def test_damage_in_the_middle_is_one_clear_line(tmp_path, line):
    path = tmp_path / JOURNAL
    write(path)
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([lines[0], line, *lines[2:]]))
    before = path.read_bytes()
    for read in (read_journal, Journal.open):
        with pytest.raises(SessionError, match=r"journal.jsonl line 2 is damaged .*mirror") as told:
            read(path)
        assert "\n" not in str(told.value)
    assert path.read_bytes() == before


def test_an_append_that_failed_is_taken_back(tmp_path, monkeypatch):
    path = tmp_path / JOURNAL
    journal = Journal.open(path)
    journal.append("fault", text="before")
    real = os.pwrite

    def half(descriptor, data, offset):
        if len(data) > 1:
            return real(descriptor, data[:-1], offset)
        raise OSError(errno.ENOSPC, "No space left on device")

    whole = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", half)
        with pytest.raises(StoreError, match="No space left on device; free some space"):
            journal.append("fault", text="x" * 500)
    assert path.read_bytes() == whole
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", half)
        patch.setattr(os, "ftruncate", lambda *_: None)
        with pytest.raises(StoreError, match="No space left"):
            journal.append("fault", text="x" * 500)
    assert len(path.read_bytes()) > len(whole)
    journal.append("fault", text="after")
    assert [entry.data["text"] for entry in read_journal(path)] == ["before", "after"]
    assert path.read_bytes().endswith(b"}\n")


def test_threads_share_one_journal(tmp_path):
    journal = Journal.open(tmp_path / JOURNAL)

    def work(name):
        for number in range(20):
            journal.append("fault", name=name, number=number)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = read_journal(tmp_path / JOURNAL)
    assert [entry.n for entry in entries] == list(range(1, 81))


def test_a_closed_or_read_only_journal_takes_nothing(tmp_path):
    journal = Journal.open(tmp_path / JOURNAL)
    journal.close()
    journal.close()
    with pytest.raises(StoreError, match="closed or open for reading; fault not noted"):
        journal.append("fault")
    with pytest.raises(StoreError, match="closed or open for reading"):
        Journal.open(tmp_path / JOURNAL, read_only=True).append("fault")
    with pytest.raises(SessionError, match=r"is .* a session folder\?"):
        read_journal(tmp_path / "absent" / JOURNAL)
    with pytest.raises(StoreError, match="cannot open"):
        Journal.open(tmp_path / "absent" / JOURNAL)


def test_redacting_leaves_numbers_and_times_only(tmp_path):
    root = tmp_path / "a"
    folder = SessionFolder.create(root, info(people=[PERSON, OTHER]))
    pair = take_pair(folder)
    folder.journal.append("refused", reason=f"a path /x/sub-{PERSON[2:]}/y")
    other = folder.begin_pair(OTHER, "frontal")
    folder.close()
    before = read_journal(root / JOURNAL)
    count = redact_journal(root / JOURNAL, PERSON)
    after = read_journal(root / JOURNAL)
    text = (root / JOURNAL).read_text()
    assert PERSON[2:] not in text
    assert pair not in text
    assert other in text
    assert [(e.n, e.t_ns) for e in before] == [(e.n, e.t_ns) for e in after]
    erased = [entry for entry in after if entry.event == "erased"]
    assert len(erased) == count > 10
    assert all(not (e.wall or e.pair or e.participant or e.data) for e in erased)
    assert PERSON not in (root / "session.json").read_text()
    assert redact_journal(root / JOURNAL, PERSON) == 0
    again = SessionFolder.open(root)
    assert again.info.people == [OTHER]
    assert list(again.ledger.pairs) == [other]
    again.close()


def test_nobody_redacts_under_a_running_session(tmp_path):
    write(tmp_path / JOURNAL)
    with locked(tmp_path), pytest.raises(SessionError, match="in use by process"):
        redact_journal(tmp_path / JOURNAL, PERSON)
    assert redact_journal(tmp_path / JOURNAL, PERSON) == 3
