import errno
import hashlib
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from acquisition.errors import StoreError
from acquisition.store import publish as publishing
from acquisition.store.publish import (
    digest,
    make_folder,
    new_part,
    publish,
    publish_bytes,
    replace_bytes,
    set_aside,
    sweep,
)

CHILD = """
import random, sys
from pathlib import Path
from acquisition.store.publish import publish_bytes
root, size = Path(sys.argv[1]), int(sys.argv[2])
print("go", flush=True)
for number in range(10**6):
    data = random.Random(number).randbytes(size)
    publish_bytes(data, root / f"f{number}", scratch=root)
"""
FULL = """
import resource, signal, sys
from pathlib import Path
from acquisition.errors import StoreError
from acquisition.store.publish import publish_bytes
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
root = Path(sys.argv[1])
try:
    publish_bytes(b"x" * 3_000_000, root / "big", scratch=root)
except StoreError as error:
    print(error)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_published_file_is_whole_and_its_part_is_gone(tmp_path):
    sha256 = publish_bytes(b"abc", tmp_path / "a", scratch=tmp_path)
    assert sha256 == hashlib.sha256(b"abc").hexdigest()
    assert names(tmp_path) == ["a"]
    assert digest(tmp_path / "a") == (sha256, 3)


def test_nothing_is_ever_overwritten(tmp_path):
    publish_bytes(b"first", tmp_path / "a", scratch=tmp_path)
    with pytest.raises(StoreError, match=r"a exists already; nothing is ever overwritten"):
        publish_bytes(b"second", tmp_path / "a", scratch=tmp_path)
    assert (tmp_path / "a").read_bytes() == b"first"
    assert names(tmp_path) == ["a"]


def test_other_bytes_than_announced_are_not_published(tmp_path):
    part = new_part(tmp_path)
    part.write_bytes(b"abd")
    with pytest.raises(StoreError, match="did not arrive as sent: 3 bytes"):
        publish(part, tmp_path / "a", hashlib.sha256(b"abc").hexdigest())
    assert names(tmp_path) == []


def test_the_disk_is_asked_in_the_right_order(tmp_path, monkeypatch):
    """Bytes, then the name, then the folder: a loss of power in between leaves a whole file."""
    calls = []
    kinds = {"fsync": os.fsync, "link": os.link, "unlink": os.unlink}

    def spy(name):
        def call(*args):
            what = name
            if name == "fsync":
                what = "folder" if os.path.isdir(f"/proc/self/fd/{args[0]}") else "file"  # noqa: PTH112
            calls.append(what)
            return kinds[name](*args)

        return call

    for name in kinds:
        monkeypatch.setattr(os, name, spy(name))
    part = new_part(tmp_path)
    part.write_bytes(b"abc")
    publish(part, tmp_path / "a", hashlib.sha256(b"abc").hexdigest())
    assert calls == ["file", "link", "unlink", "folder"]
    calls.clear()
    make_folder(tmp_path / "x" / "y")
    assert calls == ["folder", "folder"]


def refuse(code: int):
    def call(*_):
        raise OSError(code, os.strerror(code))

    return call


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP])
@pytest.mark.parametrize("has_flag", [True, False])
def test_file_systems_without_links_overwrite_nothing_either(tmp_path, monkeypatch, code, has_flag):
    monkeypatch.setattr(os, "link", refuse(code))
    if not has_flag:
        monkeypatch.setattr(publishing, "_renameat2", lambda: None)
    publish_bytes(b"first", tmp_path / "a", scratch=tmp_path)
    with pytest.raises(StoreError, match="exists already"):
        publish_bytes(b"second", tmp_path / "a", scratch=tmp_path)
    assert (tmp_path / "a").read_bytes() == b"first"
    assert names(tmp_path) == ["a"]


def test_a_claim_that_could_not_be_used_is_given_back(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", refuse(errno.EPERM))
    monkeypatch.setattr(publishing, "_renameat2", lambda: None)
    monkeypatch.setattr(os, "replace", refuse(errno.EIO))
    with pytest.raises(StoreError, match="Input/output error"):
        publish_bytes(b"first", tmp_path / "a", scratch=tmp_path)
    assert names(tmp_path) == []


def test_another_disk_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", refuse(errno.EXDEV))
    with pytest.raises(StoreError, match="must be on one disk"):
        publish_bytes(b"first", tmp_path / "a", scratch=tmp_path)


def test_a_file_that_is_meant_to_change_is_old_or_new(tmp_path, monkeypatch):
    replace_bytes(b"old", tmp_path / "a", scratch=tmp_path)
    replace_bytes(b"new", tmp_path / "a", scratch=tmp_path)
    assert (tmp_path / "a").read_bytes() == b"new"
    monkeypatch.setattr(os, "replace", refuse(errno.ENOSPC))
    with pytest.raises(StoreError, match=r"No space left on device; free some space"):
        replace_bytes(b"newest", tmp_path / "a", scratch=tmp_path)
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"new"


def test_setting_aside_takes_the_next_number(tmp_path):
    for content in (b"1", b"2"):
        publish_bytes(content, tmp_path / "a.jpg", scratch=tmp_path)
        set_aside(tmp_path / "a.jpg")
    assert names(tmp_path) == ["a.jpg.damaged-1", "a.jpg.damaged-2"]
    assert (tmp_path / "a.jpg.damaged-2").read_bytes() == b"2"


def test_sweep_takes_parts_only(tmp_path):
    new_part(tmp_path).write_bytes(b"x")
    (tmp_path / "keep").write_bytes(b"y")
    assert sweep(tmp_path) == 1
    assert names(tmp_path) == ["keep"]
    assert sweep(tmp_path / "absent") == 0


def test_a_folder_cannot_take_the_place_of_a_file(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot make the folder"):
        make_folder(tmp_path / "a" / "b")
    with pytest.raises(StoreError, match="cannot make the folder"):
        make_folder(tmp_path / "a")


def kill_while_publishing(root: Path, size: int, wait_s: float) -> int:
    """Returns how many files were published; each must be whole."""
    root.mkdir()
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(root), str(size)], stdout=subprocess.PIPE
    )
    child.stdout.readline()
    time.sleep(wait_s)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    sweep(root)
    for path in root.iterdir():
        expected = random.Random(int(path.name[1:])).randbytes(size)
        assert path.read_bytes() == expected, path
    return len(names(root))


def test_a_kill_leaves_whole_files_only(tmp_path):
    published = [
        kill_while_publishing(tmp_path / str(k), 300_000, wait_s)
        for k, wait_s in enumerate((0.1, 0.23))
    ]
    assert sum(published) > 0


@pytest.mark.slow
def test_twenty_five_kills_leave_whole_files_only(tmp_path):
    chance = random.Random(4)
    published = [
        kill_while_publishing(tmp_path / str(k), 3_000_000, 0.1 + 0.3 * chance.random())
        for k in range(25)
    ]
    assert sum(published) > 25


def test_a_limit_of_size_leaves_no_debris(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "File too large; free some space" in done.stdout
    assert names(tmp_path) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("this user cannot mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_no_debris(small_disk):
    with pytest.raises(StoreError, match=r"No space left on device; free some space"):
        publish_bytes(b"x" * 3_000_000, small_disk / "big", scratch=small_disk)
    assert names(small_disk) == []
    publish_bytes(b"x" * 500_000, small_disk / "fits", scratch=small_disk)
    assert names(small_disk) == ["fits"]
