import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acquisition.errors import StoreError
from acquisition.session import SessionFolder
from acquisition.store.journal import JOURNAL
from acquisition.store.recover import recover
from acquisition.store.verify import verify
from tests.acquisition.store.scripted import (
    PERSON,
    accept,
    add_studio,
    go_on,
    info,
    picture,
    raw,
    record_of,
    take_pair,
    tree,
)

CHANGES = ("link", "unlink", "fsync", "pwrite", "write", "mkdir", "replace", "rmdir", "ftruncate")
CHILD = """
import sys
from pathlib import Path
from tests.acquisition.store.scripted import *
from acquisition.store.recover import recover
root = Path(sys.argv[1])
folder = (SessionFolder.open(root) if SessionFolder.exists(root)
          else SessionFolder.create(root, info()))
recover(folder)
print("go", flush=True)
for shade in range(10**6):
    take_pair(folder, shade=shade, lose="phone" if shade % 3 == 2 else "")
"""


class Killed(BaseException):
    """The process ends here: no `except Exception`, and nothing after it reaches the disk."""


class Power:
    """Ends the process at the n-th change of the disk; a write at that moment gets half-way."""

    def __init__(self, monkeypatch):
        self.left: int | None = None
        self.used = 0
        self._real_open = os.open
        for name in CHANGES:
            monkeypatch.setattr(os, name, self._counted(name, getattr(os, name)))
        monkeypatch.setattr(os, "open", self._open)

    def _counted(self, name, real):
        def call(*args, **named):
            if self.left == 0 and name in ("write", "pwrite"):
                self.left = -1
                real(args[0], bytes(args[1])[: len(args[1]) // 2], *args[2:])
                raise Killed
            self._spend()
            # Speed: a kill loses nothing that was written.
            return None if name == "fsync" else real(*args, **named)

        return call

    def _open(self, path, flags, *rest, **named):
        if flags & os.O_CREAT:
            self._spend()
        return self._real_open(path, flags, *rest, **named)

    def _spend(self):
        self.used += 1
        if self.left is not None:
            if self.left <= 0:
                self.left = -1
                raise Killed
            self.left -= 1


@pytest.fixture
def power(monkeypatch):
    return Power(monkeypatch)


def check(root, *, least_committed: int = 0):
    """The promises that hold for every session that was put in order."""
    assert verify(root).differences == []
    folder = SessionFolder.open(root, exclusive=False)
    states = []
    for pair in folder.ledger.pairs.values():
        record = folder.record(pair.pair)
        if pair.aborted:
            assert record is None
            assert not pair.was_exposed
            assert not folder.pair_folder(pair.pair).exists()
            continue
        assert record is not None, pair
        states.append(record.state)
        files = {file.kind: file for file in record.files}
        missing = {one.kind: one for one in record.missing}
        where = {kind: one.where for kind, one in missing.items()}
        assert all(kind in files or where[kind] == "on_phone" for kind in pair.phone_exposed)
        assert all(kind in files or kind in where for kind in pair.phone_asked)
        if pair.studio_exposed:
            for kind in ("studio_raw", "studio_jpeg"):
                assert kind in files or where[kind] == "on_card"
        known = {file.origin for file in record.files} | {one.origin for one in record.missing}
        assert set(pair.card) <= known
        if record.state == "committed":
            assert {"phone_flash", "studio_raw", "studio_jpeg"} <= set(files)
            assert not missing
    assert states.count("committed") >= least_committed


def put_in_order(root) -> list:
    folder = SessionFolder.open(root)
    try:
        return recover(folder)
    finally:
        folder.close()


def check_killed_at(root, power, k: int, again: int) -> bool:
    """Kills a session at change k, its recovery at change `again`; returns whether k was hit."""
    power.left = k
    with suppress(Killed):
        go_on(root, 7)
    was_hit, before = power.left < 0, tree(root)
    if SessionFolder.exists(root):
        power.left = again
        with suppress(Killed):
            put_in_order(root)
    power.left = None
    go_on(root, 8)
    after = tree(root)
    assert all(after.get(name) == data for name, data in before.items() if data)
    check(root, least_committed=1)
    assert put_in_order(root) == []
    assert tree(root) == after
    return was_hit


def run_all(tmp_path, power, step: int):
    chance, k, was_hit = random.Random(step), 0, True
    while was_hit:
        was_hit = check_killed_at(tmp_path / str(k), power, k, chance.randrange(40))
        shutil.rmtree(tmp_path / str(k))
        k += step
    assert k > 80


def test_killed_at_any_change_of_the_disk(tmp_path, power):
    run_all(tmp_path, power, 7)


@pytest.mark.slow
def test_killed_at_every_change_of_the_disk(tmp_path, power):
    run_all(tmp_path, power, 1)


@pytest.mark.slow
def test_killed_where_the_file_system_has_no_links(tmp_path, power, monkeypatch):
    from acquisition.store import publish

    monkeypatch.setattr(publish, "_NO_LINKS", {None})
    monkeypatch.setattr(publish, "_give_name", publish._claim_and_rename)
    run_all(tmp_path, power, 1)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A session with a committed, an incomplete and an aborted pair."""
    root = tmp_path_factory.mktemp("whole") / "a"
    folder = SessionFolder.create(root, info())
    take_pair(folder, shade=1)
    take_pair(folder, "smile", shade=2, lose="phone")
    folder.abort_pair(folder.begin_pair(PERSON, "smile"), ["the lights failed"])
    folder.close()
    return root


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(share=st.floats(0, 1), loses_records=st.booleans())
def test_a_journal_that_lost_its_end_loses_no_picture(
    tmp_path, whole, monkeypatch, share, loses_records
):
    """Worse than a kill: a disk that said `written` and had not."""
    with monkeypatch.context() as patch:
        Power(patch)
        root = tmp_path / "a"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(whole, root)
        data = (root / JOURNAL).read_bytes()
        (root / JOURNAL).write_bytes(data[: int(share * len(data))])
        if loses_records:
            for path in [*root.glob("**/record.json"), *root.glob("**/incomplete.json")]:
                path.unlink()
        before = tree(root)
        put_in_order(root)
        after = tree(root)
        assert all(after.get(name) == data for name, data in before.items())
        if not loses_records:
            assert verify(root).differences == []
        assert put_in_order(root) == []
        go_on(root, 9)


def test_what_was_exposed_is_named_with_where_it_is(tmp_path):
    folder = SessionFolder.create(tmp_path / "a", info())
    pairs = [folder.begin_pair(PERSON, "frontal") for _ in range(4)]
    note = folder.journal.append
    note("phone_fire", pair=pairs[0], kind="phone_flash")
    note("phone_exposed", pair=pairs[1], kind="phone_flash")
    note("studio_trigger", pair=pairs[1])
    note("phone_exposed", pair=pairs[2], kind="phone_flash")
    note("studio_exposed", pair=pairs[2])
    note("camera_file", pair=pairs[2], folder="/card", name="A.NEF", bytes=5)
    folder.close()
    again = SessionFolder.open(tmp_path / "a")
    found = {record.pair: record for record in recover(again)}
    assert set(found) == set(pairs[:3])
    told = {
        pair: [(one.kind, one.where, one.origin) for one in record.missing]
        for pair, record in found.items()
    }
    assert told[pairs[0]] == [
        ("phone_flash", "unknown", f"{pairs[0]}/phone_flash"),
        ("studio_raw", "never_taken", ""),
        ("studio_jpeg", "never_taken", ""),
    ]
    assert "may hold the picture" in found[pairs[0]].missing[0].note
    assert told[pairs[1]] == [
        ("phone_flash", "on_phone", f"{pairs[1]}/phone_flash"),
        ("studio_raw", "unknown", ""),
        ("studio_jpeg", "unknown", ""),
    ]
    assert told[pairs[2]] == [
        ("phone_flash", "on_phone", f"{pairs[2]}/phone_flash"),
        ("studio_raw", "on_card", "/card/A.NEF"),
        ("studio_jpeg", "on_card", ""),
    ]
    assert again.ledger.pairs[pairs[3]].aborted
    assert not again.pair_folder(pairs[3]).exists()
    assert recover(again) == []
    add_studio(again, pairs[2], "A.NEF", raw(1))
    add_studio(again, pairs[2], "A.JPG", picture(1))
    accept(again, pairs[2], picture(2))
    assert again.promotable() == [pairs[2]]
    again.finish(record_of(again, pairs[2]))
    again.close()
    check(tmp_path / "a", least_committed=1)


def test_a_damaged_file_is_set_aside_and_taken_again(tmp_path):
    folder = SessionFolder.create(tmp_path / "a", info())
    pair = folder.begin_pair(PERSON, "frontal")
    folder.journal.append("phone_exposed", pair=pair, kind="phone_flash")
    path = folder.pair_folder(pair) / accept(folder, pair, picture(1)).name
    folder.close()
    data = path.read_bytes()
    path.write_bytes(data[:-1] + b"\0")
    (path.parent / "phone_reference.png").write_bytes(picture(3, "PNG")[:-20])
    again = SessionFolder.open(tmp_path / "a")
    (record,) = recover(again)
    assert record.missing[0].where == "unknown"
    assert "gone from the disk or damaged" in record.missing[0].note
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "incomplete.json",
        "phone_flash.jpg.damaged-1",
        "phone_reference.png.damaged-1",
    ]
    assert accept(again, pair, picture(1)).name == "phone_flash.jpg"
    again.close()
    assert verify(tmp_path / "a").differences == []


def test_a_record_that_does_not_fit_is_set_aside(tmp_path):
    folder = SessionFolder.create(tmp_path / "a", info())
    pair = folder.begin_pair(PERSON, "frontal")
    folder.journal.append("phone_exposed", pair=pair, kind="phone_flash")
    (folder.pair_folder(pair) / "record.json").write_bytes(b"{")
    folder.close()
    assert [record.state for record in put_in_order(tmp_path / "a")] == ["incomplete"]
    assert verify(tmp_path / "a").differences == []


def test_a_running_pair_is_left_alone(tmp_path):
    folder = SessionFolder.create(tmp_path / "a", info())
    pair = folder.begin_pair(PERSON, "frontal")
    assert recover(folder) == []
    assert folder.unfinished() == [pair]
    folder.close()


def test_erased_people_do_not_come_back(tmp_path):
    """A folder that outlived the erasing of its person is not taken up again."""
    root = tmp_path / "a"
    go_on(root, 1)
    from acquisition.store.journal import redact_journal

    redact_journal(root / JOURNAL, PERSON)
    assert put_in_order(root) == []
    assert PERSON[2:] not in (root / JOURNAL).read_text()
    assert any("belongs to no pair" in line for line in verify(root).differences)


def take_until_full(folder) -> int:
    """Returns how many pairs were whole when the disk was full."""
    taken = []
    with pytest.raises((StoreError, OSError), match="No space left on device"):
        fill(folder, taken)
    return len(taken)


def fill(folder, taken: list[str]):
    for shade in range(1, 1000):
        (folder.root / f"ballast{shade}").write_bytes(b"x" * 100_000)
        taken.append(take_pair(folder, shade=shade))


def test_a_full_disk_loses_nothing(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("this user cannot mount a small file system")
    try:
        root = small / "a"
        folder = SessionFolder.create(root, info())
        shade = take_until_full(folder)
        folder.close()
        for path in root.glob("ballast*"):
            path.unlink()
        go_on(root, 99)
        check(root, least_committed=shade)
    finally:
        subprocess.run(["umount", str(small)], check=True)


def kill_a_session(root, wait_s: float):
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(root)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout.readline() == b"go\n", child.stderr.read()
    time.sleep(wait_s)
    child.send_signal(signal.SIGKILL)
    child.communicate()


def test_two_real_kills(tmp_path):
    for wait_s in (0.05, 0.3):
        kill_a_session(tmp_path / "a", wait_s)
    go_on(tmp_path / "a", 9)
    check(tmp_path / "a", least_committed=1)


@pytest.mark.slow
def test_thirty_real_kills(tmp_path):
    chance = random.Random(5)
    for _ in range(30):
        kill_a_session(tmp_path / "a", 0.02 + 0.3 * chance.random())
        check_after = tree(tmp_path / "a")
        put_in_order(tmp_path / "a")
        after = tree(tmp_path / "a")
        assert all(after.get(name) == data for name, data in check_after.items() if data)
        check(tmp_path / "a")
    go_on(tmp_path / "a", 9)
    check(tmp_path / "a", least_committed=1)
