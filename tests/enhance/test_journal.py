"""What a folder of results remembers, also after a crash in the middle of a line."""

import json
import os

import pytest

from deepflash.enhance import journal as journal_module
from deepflash.enhance.journal import Journal
from deepflash.enhance.plan import JOURNAL, Job
from deepflash.errors import StorageError


def _job(root, name="a.jpg", text="photograph"):
    (root / "in" / name).parent.mkdir(parents=True, exist_ok=True)
    (root / "in" / name).write_text(text)
    return Job(root / "in" / name, root / "out" / name, root / "out")


def _found(root, job):
    return Journal(root / "out").find(job)


def test_what_was_added_is_found_by_the_next_run(tmp_path):
    first, second = _job(tmp_path), _job(tmp_path, "sub/ü.jpg")
    journal = Journal(tmp_path / "out")
    assert journal.find(first) is None
    journal.add(first, {"status": "left_alone", "n": 1})
    journal.add(second, {"status": "enhanced"})
    journal.add(first, {"status": "left_alone", "n": 2})
    assert _found(tmp_path, first) == {"status": "left_alone", "n": 2}
    assert _found(tmp_path, second) == {"status": "enhanced"}
    assert _found(tmp_path, _job(tmp_path, "c.jpg")) is None


def test_folders_may_move_together(tmp_path):
    Journal(tmp_path / "out").add(_job(tmp_path), {"n": 1})
    (tmp_path / "elsewhere").mkdir()
    for name in ("in", "out"):
        (tmp_path / name).rename(tmp_path / "elsewhere" / name)
    moved = tmp_path / "elsewhere"
    job = Job(moved / "in" / "a.jpg", moved / "out" / "a.jpg", moved / "out")
    assert _found(moved, job) == {"n": 1}


def test_another_file_of_that_name_is_not_the_one_remembered(tmp_path):
    job = _job(tmp_path)
    os.utime(job.source, ns=(5, 5))
    Journal(tmp_path / "out").add(job, {"n": 1})
    assert _found(tmp_path, job) == {"n": 1}
    os.utime(job.source, ns=(6, 6))
    assert _found(tmp_path, job) is None
    job.source.write_text("longer than before")
    os.utime(job.source, ns=(5, 5))
    assert _found(tmp_path, job) is None
    job.source.unlink()
    assert _found(tmp_path, job) is None


def test_a_photograph_that_changes_while_it_is_judged_is_judged_again(tmp_path):
    job = _job(tmp_path)
    journal = Journal(tmp_path / "out")
    journal.find(job)
    job.source.write_text("another photograph by now")
    journal.add(job, {"n": 1})
    assert _found(tmp_path, job) is None


def test_another_format_of_the_same_result_is_another_photograph(tmp_path):
    bitmap = Job(_job(tmp_path, "a.bmp").source, tmp_path / "out" / "a.png", tmp_path / "out")
    graphic = Job(_job(tmp_path, "a.png").source, tmp_path / "out" / "a.png", tmp_path / "out")
    for job in (bitmap, graphic):
        os.utime(job.source, ns=(5, 5))
    Journal(tmp_path / "out").add(bitmap, {"n": 1})
    assert _found(tmp_path, bitmap) == {"n": 1}
    assert _found(tmp_path, graphic) is None


def test_another_version_judges_again(tmp_path, monkeypatch):
    job = _job(tmp_path)
    Journal(tmp_path / "out").add(job, {"n": 1})
    monkeypatch.setattr(journal_module, "__version__", "99")
    assert _found(tmp_path, job) is None


def test_a_line_that_was_cut_counts_as_not_written_and_spoils_no_other(tmp_path):
    names = ("a.jpg", "b.jpg", "c.jpg")
    jobs = {name: _job(tmp_path, name) for name in names}
    for name in names[:2]:
        Journal(tmp_path / "out").add(jobs[name], {"is": name})
    path = tmp_path / "out" / JOURNAL
    whole = path.read_bytes()
    start_of_last = whole[:-1].rindex(b"\n") + 1
    for cut in (start_of_last, start_of_last + 1, len(whole) - 20, len(whole) - 2):
        path.write_bytes(whole[:cut])
        assert _found(tmp_path, jobs["a.jpg"]) == {"is": "a.jpg"}
        assert _found(tmp_path, jobs["b.jpg"]) is None
        Journal(tmp_path / "out").add(jobs["c.jpg"], {"is": "c.jpg"})
        assert _found(tmp_path, jobs["a.jpg"]) == {"is": "a.jpg"}
        assert _found(tmp_path, jobs["c.jpg"]) == {"is": "c.jpg"}
    # Without its line break alone, the line is whole.
    path.write_bytes(whole[:-1])
    Journal(tmp_path / "out").add(jobs["c.jpg"], {"is": "c.jpg"})
    assert all(_found(tmp_path, jobs[name]) == {"is": name} for name in names)


@pytest.mark.parametrize(
    "rubbish", [b"\x00\xff\n", b"[]\n", b'"a.jpg"\n', b'{"name": 3}\n', b"{}\n", b"\n\n", b"7"]
)
def test_rubbish_in_the_file_is_passed_over(tmp_path, rubbish):
    job = _job(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / JOURNAL).write_bytes(rubbish)
    assert _found(tmp_path, job) is None
    Journal(tmp_path / "out").add(job, {"n": 1})
    assert _found(tmp_path, job) == {"n": 1}


def test_an_entry_that_is_none_counts_as_not_written(tmp_path):
    job = _job(tmp_path)
    Journal(tmp_path / "out").add(job, {"n": 1})
    path = tmp_path / "out" / JOURNAL
    path.write_text(json.dumps(json.loads(path.read_text()) | {"entry": 3}) + "\n")
    assert _found(tmp_path, job) is None


def test_names_that_are_no_text_survive(tmp_path):
    name = os.fsdecode(b"caf\xe9.jpg")
    job = _job(tmp_path, name)
    Journal(tmp_path / "out").add(job, {"source": name})
    assert _found(tmp_path, job) == {"source": name}


def test_a_journal_that_cannot_be_written_is_one_clear_error(tmp_path):
    job = _job(tmp_path)
    (tmp_path / "out" / JOURNAL).mkdir(parents=True)
    journal = Journal(tmp_path / "out")
    assert journal.find(job) is None
    with pytest.raises(StorageError, match=r"cannot write .*Is a directory"):
        journal.add(job, {"n": 1})
