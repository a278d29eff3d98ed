import os
import shutil
import subprocess
import threading
import time

import pytest

from acquisition.session import SessionFolder
from acquisition.store import mirror as mirroring
from acquisition.store.recover import recover
from acquisition.store.verify import verify
from tests.acquisition.store.scripted import accept, info, picture, record_of, take_pair, tree


@pytest.fixture
def disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    return disk


def begin(tmp_path, disk) -> SessionFolder:
    return SessionFolder.create(tmp_path / "a", info(mirror=str(disk)))


def faults(folder) -> list[str]:
    entries = folder.journal.entries()
    return [e.data["text"] for e in entries if e.data.get("where") == "mirror"]


def test_the_mirror_is_a_whole_session(tmp_path, disk):
    folder = begin(tmp_path, disk)
    assert folder.mirror_folder == disk / "a"
    take_pair(folder, shade=1)
    late = take_pair(folder, "smile", shade=2, lose="phone")
    folder.close()
    assert tree(disk / "a") == tree(tmp_path / "a")
    assert verify(tmp_path / "a").differences == []
    again = SessionFolder.open(tmp_path / "a")
    accept(again, late, picture(9))
    again.finish(record_of(again, late))
    again.close()
    assert tree(disk / "a") == tree(tmp_path / "a")
    copy = SessionFolder.open(disk / "a")
    assert recover(copy) == []
    assert len(copy.records()) == 2
    copy.close()


def test_a_mirror_that_is_away_is_caught_up_with_later(tmp_path, disk):
    folder = begin(tmp_path, disk)
    take_pair(folder, shade=1)
    assert folder.catch_up().problem == ""
    shutil.move(disk, tmp_path / "pocket")
    pair = take_pair(folder, "smile", shade=2)
    report = folder.catch_up()
    assert pair in report.behind
    assert "is away; attach its disk" in report.problem == folder.mirror_problem
    disk.mkdir()
    assert "is away" in folder.catch_up().problem
    assert list(disk.iterdir()) == []
    disk.rmdir()
    shutil.move(tmp_path / "pocket", disk)
    report = folder.catch_up()
    assert (report.behind, report.problem, folder.mirror_problem) == ([], "", "")
    assert tree(disk / "a") == tree(tmp_path / "a")
    assert len(set(faults(folder))) == len(faults(folder)) == 1
    folder.close()
    assert verify(tmp_path / "a").differences == []


def test_a_disk_that_leaves_in_the_middle_of_a_copy_is_away(tmp_path, disk, monkeypatch):
    folder = begin(tmp_path, disk)
    take_pair(folder, shade=1)
    assert folder.catch_up().problem == ""
    real = mirroring.make_folder

    def leave(*arguments, **options):
        if disk.exists():
            shutil.move(disk, tmp_path / "pocket")
        real(*arguments, **options)

    monkeypatch.setattr(mirroring, "make_folder", leave)
    pair = take_pair(folder, "smile", shade=2)
    report = folder.catch_up()
    assert report.behind == [pair]
    assert "is away; attach its disk" in report.problem
    # Files written where the disk belongs would be hidden by it, or taken for the copy.
    assert not disk.exists()
    assert len(set(faults(folder))) == len(faults(folder)) == 1
    folder.close()


def test_a_mirror_that_never_was_begins_when_it_comes(tmp_path, disk):
    disk.rmdir()
    folder = begin(tmp_path, disk)
    take_pair(folder)
    assert "is away" in folder.catch_up().problem
    disk.mkdir()
    # The mirror's own thread may have been first.
    report = folder.catch_up()
    assert (report.behind, report.problem) == ([], "")
    copies = [path for path in disk.rglob("*") if path.is_file() and "pair-" in path.parent.name]
    assert len(copies) == 6
    folder.close()


def test_a_mirror_that_hangs_holds_nothing_up(tmp_path, disk, monkeypatch):
    is_over, real = threading.Event(), mirroring.publish

    def hang(*arguments):
        is_over.wait(20)
        real(*arguments)

    monkeypatch.setattr(mirroring, "publish", hang)
    monkeypatch.setattr("acquisition.session._MIRROR_WAIT_S", 0.05)
    folder = begin(tmp_path, disk)
    take_pair(folder, shade=1)
    take_pair(folder, "smile", shade=2)
    assert [record.state for record in folder.records()] == ["committed", "committed"]
    folder.close()
    SessionFolder.open(tmp_path / "a", exclusive=False).close()
    is_over.set()


def test_another_file_on_the_mirror_is_not_overwritten(tmp_path, disk):
    folder = begin(tmp_path, disk)
    pair = take_pair(folder)
    folder.catch_up()
    path = disk / "a" / folder.pair_folder(pair).relative_to(folder.root) / "studio.nef"
    path.write_bytes(b"mine")
    report = folder.catch_up()
    assert report.behind == [pair]
    assert "is another file than" in report.problem
    assert path.read_bytes() == b"mine"
    folder.close()


def test_damage_is_not_copied(tmp_path, disk):
    disk.rmdir()
    folder = begin(tmp_path, disk)
    pair = take_pair(folder)
    path = folder.pair_folder(pair) / "studio.nef"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    disk.mkdir()
    assert "studio.nef did not arrive as sent" in folder.catch_up().problem
    assert not list(disk.glob("**/studio.nef"))
    folder.close()


def test_a_full_mirror_harms_nothing(tmp_path, disk):
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("this user cannot mount a small file system")
    try:
        folder = begin(tmp_path, disk)
        pairs = [take_pair(folder, shade=shade) for shade in range(6)]
        report = folder.catch_up()
        assert report.behind
        assert set(report.behind) < set(pairs)
        assert "No space left on device; free some space" in report.problem
        assert len(folder.records()) == 6
        # The mirror's own thread may still be trying the last pairs.
        deadline = time.monotonic() + 10
        while list((disk / "a" / "incoming").glob(".part-*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not list((disk / "a" / "incoming").glob(".part-*"))
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
        assert folder.catch_up().problem == ""
        folder.close()
        assert verify(tmp_path / "a").differences == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_session_without_a_mirror_has_nothing_to_catch_up(tmp_path):
    folder = SessionFolder.create(tmp_path / "a", info())
    assert (folder.catch_up().copied, folder.mirror_folder, folder.mirror_problem) == (0, None, "")
    folder.close()
