"""Many pairs at once: Ctrl-C, processes that die, errors, and a cluster."""

import functools
import sys
import types
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from acquisition.errors import UsageError
from acquisition.prepare.cluster import RayExecutor, crew_for, local_processes
from acquisition.prepare.crew import Crew
from deepflash.errors import DatasetError, ModelFileError
from deepflash.pairs.manifest import read_manifest
from tests.acquisition.prepare.sessions import add_pair, begin_session, person, registry_in
from tests.acquisition.prepare.working import (
    TINY,
    Room,
    die_if_deadly,
    three,
    write_only,
)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path, registry_in(tmp_path))


def test_after_ctrl_c_the_same_command_does_the_rest(room: Room):
    root, _, pairs = three(room)

    def work(job):
        if len(room.worked) == 1:
            raise KeyboardInterrupt
        return room.work(job)

    class Here(ThreadPoolExecutor):
        def submit(self, fn, /, *args, **kwargs):
            future = Future()
            future.set_result(fn(*args, **kwargs))
            return future

    with pytest.raises(KeyboardInterrupt):
        room.run(root, crew=lambda: Crew(work, lambda: Here(1), 1))
    with pytest.raises(DatasetError, match="unfinished dataset"):
        read_manifest(room.dataset)
    room.run(root)
    assert room.worked == pairs[1:]
    assert len(read_manifest(room.dataset)) == 3


@pytest.mark.slow
def test_a_process_that_dies_takes_one_pair_with_it(room: Room):
    root = room.root / "sessions" / "s"
    people = [person(room.registry) for _ in range(6)]
    folder = begin_session(root, people)
    pairs = [
        add_pair(folder, one, **TINY, reasons=["deadly"] if n == 2 else [])
        for n, one in enumerate(people)
    ]
    folder.close()
    outcome = room.run(
        root, crew=lambda: Crew(die_if_deadly, functools.partial(local_processes, 2), 2)
    )
    assert (outcome.accepted, outcome.rejected) == (5, 1)
    assert [pairs[2] in line and "died" in line for line in outcome.unreadable] == [True]


def test_an_error_that_nobody_expected_is_a_line_too(room: Room):
    root, _, pairs = three(room)

    def work(job):
        if job.record.pair == pairs[0]:
            raise ZeroDivisionError("by nothing")
        return room.work(job)

    outcome = room.run(root, work=work)
    assert outcome.accepted == 2
    assert "ZeroDivisionError: by nothing" in outcome.unreadable[0]


def test_without_ray_one_clear_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match="Ray is not installed here"):
        RayExecutor()
    with pytest.raises(UsageError, match="there is ray"):
        crew_for("slurm", 0)


def test_a_cluster_does_the_same(room: Room, monkeypatch: pytest.MonkeyPatch):
    calls = []

    class Reference:
        def __init__(self, value):
            self.value = value

        def future(self):
            future = Future()
            future.set_result(self.value)
            return future

    def remote(function):
        def call(*arguments):
            calls.append(function)
            return Reference(function(*arguments))

        return types.SimpleNamespace(remote=call)

    ray = types.SimpleNamespace(
        init=lambda **_: None, remote=remote, cluster_resources=lambda: {"CPU": 8.0}
    )
    monkeypatch.setitem(sys.modules, "ray", ray)
    executor = RayExecutor()
    assert executor.cores == 8
    root, _, _ = three(room)
    outcome = room.run(root, crew=lambda: Crew(write_only, lambda: executor, executor.cores))
    assert outcome.accepted == 3
    assert calls == [write_only] * 3


def test_absent_face_models_are_one_line_before_anything_changes(
    room: Room, monkeypatch: pytest.MonkeyPatch
):
    root, _, _ = three(room)
    monkeypatch.setenv("DEEPFLASH_FACE_MODELS", str(room.root / "nowhere"))
    with pytest.raises(ModelFileError, match="there is no face model"):
        room.run(root, crew=lambda: crew_for("", 1))
    assert set(room.files()) == {".lock"}
