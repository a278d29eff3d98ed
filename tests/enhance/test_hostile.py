"""Bad files through the real command: each a picture or one clear line, and nothing else."""

import os
import stat
from collections import defaultdict

import pytest
from PIL import Image

from tests.enhance.hostile.__main__ import describe, run_all
from tests.enhance.hostile.bases import cloth, saved
from tests.enhance.hostile.case import Case
from tests.enhance.hostile.cases import all_cases
from tests.enhance.hostile.runner import (
    HANG_S,
    MEMORY_BYTES,
    Finished,
    Tally,
    command_faults,
    result_fault,
    run,
    run_batch,
    write_cases,
)


def _spread(count):
    """Some cases of every kind."""
    of_kind = defaultdict(list)
    for case in all_cases():
        of_kind[case.kind].append(case)
    share = count // len(of_kind)
    return [case for cases in of_kind.values() for case in cases[:share]]


def test_there_are_3000_different_files_of_every_kind():
    files = {(case.suffix, case.data, case.name) for case in all_cases()}
    assert len(files) > 3000
    assert len({case.kind for case in all_cases()}) > 20
    expected = [case.expected for case in all_cases()]
    assert min(expected.count("picture"), expected.count("refused")) > 80


def test_a_sample_in_a_folder(tmp_path):
    tally = Tally()
    run_batch(tmp_path, _spread(120), tally)
    assert not tally.faults, describe(tally)
    totals = defaultdict(int)
    for (_, status), count in tally.statuses.items():
        totals[status] += count
    assert sum(totals.values()) == tally.files > 100
    assert min(totals["enhanced"], totals["failed"]) > 20


@pytest.mark.slow
def test_all_files_in_folders(tmp_path):
    tally = Tally()
    run_all(tmp_path, all_cases(), tally)
    assert tally.files > 3000
    assert not tally.faults, describe(tally)
    assert tally.slowest_s < HANG_S
    assert tally.peak_bytes < MEMORY_BYTES


def _run_alone(source, folder, *words):
    return run(source, "-o", folder / "out", "--force", "--jobs", "1", *words, timeout=60)


@pytest.mark.slow
def test_150_files_one_by_one(tmp_path):
    faults = []
    placed = write_cases(tmp_path / "in", _spread(150))
    for number, (path, case) in enumerate(placed.items()):
        before = path.read_bytes(), path.stat().st_mtime_ns
        finished = _run_alone(path, tmp_path / f"{number}")
        if case.expected != "either" and (finished.code == 0) != (case.expected == "picture"):
            faults.append(f"{path.name!r}: exit code {finished.code}: {finished.err}")
        faults += [f"{path.name!r}: {fault}" for fault in command_faults(finished)]
        assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert len(placed) > 100
    assert not faults, "\n".join(faults)


def _refusal(folder, *sources):
    finished = run(*sources, "-o", folder / "out", "--force", "--jobs", "1", timeout=60)
    assert not list(command_faults(finished))
    assert finished.code == 2
    return finished.err


def test_what_is_no_file_at_all_is_refused(tmp_path):
    pipe, loop, lost = (tmp_path / f"{name}.jpg" for name in ("pipe", "loop", "lost"))
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    lost.symlink_to(tmp_path / "gone")
    said = _refusal(tmp_path, pipe, loop, lost, "/dev/zero")
    assert f"{pipe} is no file" in said
    assert f"cannot read {loop}" in said
    assert f"{lost}: No such file" in said
    assert "/dev/zero is no file" in said
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    # In a folder they are passed over, and the photograph among them is done.
    (tmp_path / "in.jpg").write_bytes(saved(cloth(), "JPEG"))
    (tmp_path / "folder.jpg").mkdir()
    finished = _run_alone(tmp_path, tmp_path)
    assert not list(command_faults(finished))
    assert "enhanced 1 of 1" in finished.out


def test_paths_that_cannot_be_looked_at_are_refused(tmp_path):
    photo, long = tmp_path / "in.jpg", tmp_path / f"{'x' * 300}.jpg"
    photo.write_bytes(saved(cloth(), "JPEG"))
    for words in ((long,), (photo, "-o", long), (photo, "--report", long.with_suffix(".json"))):
        finished = run(*words)
        assert not list(command_faults(finished))
        assert finished.code == 2
        assert "File name too long" in finished.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_must_not_be_read_is_refused(tmp_path):
    path = tmp_path / "secret.jpg"
    path.write_bytes(saved(cloth(), "JPEG"))
    path.chmod(0)
    assert "Permission denied" in _refusal(tmp_path, path)


# --- the checks themselves --------------------------------------------------------------------


@pytest.mark.parametrize(
    "finished",
    [
        Finished(1, "", "", 1, 1),
        Finished(-9, "", "", 1, 1),
        Finished(0, "", "TIFFReadDirectory: warning\n", 1, 1),
        Finished(2, "", "", 1, 1),
        Finished(2, "", "deepflash: one\ntwo\n", 1, 1),
        Finished(2, "", "usage: deepflash\n", 1, 1),
        Finished(0, "Traceback (most recent call last):\n", "", 1, 1),
        Finished(0, "", "", 1, MEMORY_BYTES + 1),
    ],
)
def test_a_bad_end_of_a_command_is_seen(finished):
    assert list(command_faults(finished))


def test_a_good_end_is_no_fault():
    assert not list(command_faults(Finished(0, "enhanced 1 of 1\n", "", 1, 1)))
    assert not list(command_faults(Finished(2, "", "deepflash: x.jpg is empty\n", 1, 1)))


def test_wrong_results_are_seen(tmp_path):
    path = tmp_path / "result.png"
    Image.new("RGB", (5, 4)).save(path)
    assert result_fault(path, (5, 4)) is None
    assert "not (4, 5)" in (result_fault(path, (4, 5)) or "")
    path.write_bytes(path.read_bytes()[:-30])
    assert result_fault(path, (5, 4)) is not None


def test_wrong_expectations_are_seen(tmp_path):
    whole, broken = saved(cloth(), "JPEG"), b"nothing"
    cases = [
        Case("whole", ".jpg", whole, "refused"),
        Case("broken", ".jpg", broken, "picture"),
        Case("size", ".jpg", whole, "picture", (7, 7)),
        Case("right", ".jpg", whole, "picture", (64, 48)),
    ]
    tally = Tally()
    run_batch(tmp_path, cases, tally)
    said = "\n".join(tally.faults)
    assert len(tally.faults) == 3, said
    assert "should be refused" in said
    assert "refused: " in said
    assert "should be (7, 7)" in said
