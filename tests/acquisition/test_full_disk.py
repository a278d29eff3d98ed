"""A session on a small real file system that runs full in the middle of a pair."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from acquisition.console.operator import Operator
from acquisition.errors import SessionError
from acquisition.session import SessionFolder
from acquisition.simulate.camera import SimulatedCamera
from acquisition.simulate.session import PROFILE
from acquisition.store.info import Limits, SessionInfo
from acquisition.store.recover import recover
from tests.acquisition.accounting import check_nothing_lost
from tests.acquisition.soak import FEED, Room, consent, ready

PAGE = 4096
NO_GUARD = Limits(least_free_bytes=0, pairs_ahead=0)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("this user cannot mount a small file system")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.fixture
def room(tmp_path: Path, small_disk: Path) -> Iterator[Room]:
    card = tmp_path / "card"
    card.mkdir()
    with SimulatedCamera.start(FEED, card=card) as camera:
        yield Room(tmp_path, camera, sessions=small_disk)


def fill(disk: Path, left_bytes: int) -> None:
    """Leaves that much room on the disk."""
    found = os.statvfs(disk)
    size = found.f_bavail * found.f_frsize - left_bytes
    (disk / "ballast").write_bytes(b"x" * max(size - size % PAGE, 0))


def make_space(disk: Path) -> None:
    (disk / "ballast").unlink()


async def shoot(operator: Operator) -> None:
    await ready(operator)
    await operator.shoot()
    await operator.idle()


def begin(room: Room, limits: Limits) -> SessionFolder:
    info = SessionInfo(
        session="s",
        created="2026-11-22T10:00:00Z",
        tool="t",
        simulated=True,
        profile=PROFILE,
        limits=limits,
    )
    folder = room.open_folder(info)
    folder.add_person(consent(room.registry))
    return folder


def half_written(folder: SessionFolder) -> list[Path]:
    names = {name for pair in folder.ledger.pairs.values() for name in pair.stored}
    final = {*names, "record.json", "incomplete.json"}
    return [path for path in folder.root.glob("sub-*/*/*") if path.name not in final]


def told(operator: Operator, begun: int) -> list[str]:
    """Returns what the operator reads after a pair."""
    problems = [problem.text for problem in operator.state().problems]
    reasons = [reason for one in operator.outcomes[begun:] for reason in one.reasons]
    return problems + reasons


async def run_full_once(operator: Operator, disk: Path, left_bytes: int) -> None:
    """Takes a pair on a disk that runs full in it."""
    await ready(operator)
    begun = len(operator.outcomes)
    fill(disk, left_bytes)
    await shoot(operator)
    said = [text for text in told(operator, begun) if "space" in text or "room" in text]
    assert said, told(operator, begun)
    assert all("\n" not in text and len(text) < 500 for text in said)
    assert all(one.outcome in ("incomplete", "aborted") for one in operator.outcomes[begun:])
    assert half_written(operator.studio.folder) == []


@pytest.mark.parametrize(
    "sizes",
    [[0], pytest.param([0, 2 * PAGE, 60_000, 160_000, 330_000], marks=pytest.mark.slow)],
    ids=["once", "again and again"],
)
def test_a_session_goes_on_after_space_was_made(room: Room, small_disk: Path, sizes: list[int]):
    async def run() -> None:
        folder = begin(room, NO_GUARD)
        try:
            async with room.session(folder) as operator:
                await shoot(operator)
                for left_bytes in sizes:
                    await run_full_once(operator, small_disk, left_bytes)
                    make_space(small_disk)
                    await ready(operator)
                await shoot(operator)
                assert operator.outcomes[-1].outcome == "committed"
        finally:
            folder.close()

    asyncio.run(run())
    counts = check_nothing_lost(room.folder, room.truth())
    assert counts["committed"] == counts["studio exposures"] >= 2
    assert counts["incomplete"] + counts["committed"] + counts["aborted"] == 2 + len(sizes)
    assert not room.truth().outbox


def test_a_session_that_ended_on_a_full_disk_is_made_whole_by_the_next(
    room: Room, small_disk: Path
):
    async def run() -> None:
        folder = begin(room, NO_GUARD)
        try:
            async with room.session(folder) as operator:
                await run_full_once(operator, small_disk, 160_000)
        finally:
            folder.close()
        make_space(small_disk)
        folder = room.open_folder()
        try:
            recover(folder)
            async with room.session(folder) as operator:
                await ready(operator)
        finally:
            folder.close()

    asyncio.run(run())
    counts = check_nothing_lost(room.folder, room.truth())
    assert counts["studio exposures"] == counts["committed"] == 1


def test_no_pair_is_begun_on_a_disk_that_is_nearly_full(room: Room, small_disk: Path):
    async def run() -> None:
        folder = begin(room, Limits(least_free_bytes=2_000_000, pairs_ahead=0))
        try:
            async with room.session(folder) as operator:
                await ready(operator)
                fill(small_disk, 1_000_000)
                with suppress(SessionError):
                    await operator.shoot()
                    await operator.idle()
                assert all((one.outcome, one.pair) == ("aborted", "") for one in operator.outcomes)
                while operator.state().can_shoot:
                    await operator.changed(operator.state().version)
                words = " ".join(problem.advice for problem in operator.state().problems)
                assert "1.0 MB free and 2.0 MB are needed" in words
                assert "free some space" in words
                make_space(small_disk)
                await shoot(operator)
                assert operator.outcomes[-1].outcome == "committed"
        finally:
            folder.close()

    asyncio.run(run())
    assert check_nothing_lost(room.folder, room.truth())["committed"] == 1
