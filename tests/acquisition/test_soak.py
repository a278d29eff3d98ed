"""A session between devices that fail, at random for long, or in one way that is known to hurt."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from acquisition.console.operator import Operator
from acquisition.simulate.camera import SimulatedCamera
from acquisition.simulate.phone_client import ProtocolPhone
from acquisition.simulate.script import CameraShot
from acquisition.taking.pair_run import PairOutcome
from tests.acquisition import soak
from tests.acquisition.accounting import check_nothing_lost
from tests.acquisition.soak import DEADLINES, FEED, TIMING, Room, consent, ready

SOON_S = 30.0


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    card = tmp_path / "card"
    card.mkdir()
    with SimulatedCamera.start(FEED, card=card) as camera:
        yield Room(tmp_path, camera)


def in_session(room: Room, work: Callable[[Operator], Awaitable[None]]) -> dict[str, int]:
    """Does something in a session with one person; returns the counts of the accounts."""

    async def run() -> None:
        folder = room.open_folder()
        folder.add_person(consent(room.registry))
        try:
            async with room.session(folder) as operator:
                await work(operator)
        finally:
            folder.close()

    asyncio.run(run())
    return check_nothing_lost(room.folder, room.truth())


async def take(operator: Operator) -> PairOutcome:
    await ready(operator)
    await operator.shoot()
    await operator.idle()
    return operator.outcomes[-1]


async def until_phase(operator: Operator, phase: str) -> None:
    async with asyncio.timeout(SOON_S):
        while (state := operator.state()).phase != phase:
            await operator.changed(state.version)


def wheres(outcome: PairOutcome) -> dict[str, str]:
    assert outcome.record is not None
    return {missing.kind: missing.where for missing in outcome.record.missing}


def test_twelve_pairs_under_random_faults(tmp_path: Path):
    soaked, counts = soak.run(tmp_path / "soak", pairs=12, seed=6)
    assert sum(soaked.outcomes.values()) == 12
    assert counts["committed"] >= 3


@pytest.mark.slow
def test_five_hundred_pairs_under_random_faults(tmp_path: Path):
    soaked, counts = soak.run(tmp_path / "soak", pairs=500, seed=12)
    assert sum(soaked.outcomes.values()) == 500
    assert counts["committed"] >= 300
    assert soaked.memory[500] - soaked.memory[10] < 100_000


def test_a_clock_that_jumps_in_a_pair_costs_this_pair_only(room: Room):
    async def work(operator: Operator) -> None:
        assert (await take(operator)).outcome == "committed"
        jumps = [4.0]

        def jump(kind: str) -> None:
            if kind == "phone_reference" and jumps:
                room.client.clock.jump(jumps.pop())

        room.on_picture = jump
        outcome = await take(operator)
        while outcome.outcome == "aborted":
            outcome = await take(operator)
        assert outcome.outcome in ("incomplete", "committed")
        if outcome.outcome == "incomplete":
            assert any("clock jumped" in reason for reason in outcome.reasons)
            assert wheres(outcome) == {"studio_raw": "never_taken", "studio_jpeg": "never_taken"}
        room.client.clock.jump(-2.0)
        outcome = await take(operator)
        while outcome.outcome == "aborted":
            assert any("clock jumped" in reason for reason in outcome.reasons)
            outcome = await take(operator)
        assert outcome.outcome == "committed"

    assert in_session(room, work)["committed"] >= 2


def test_a_page_that_is_loaded_anew_before_it_says_exposed_keeps_the_studio_dark(room: Room):
    async def work(operator: Operator) -> None:
        room.stage.fault = "reload"
        outcome = await take(operator)
        assert outcome.outcome == "incomplete"
        assert wheres(outcome) == {"studio_raw": "never_taken", "studio_jpeg": "never_taken"}
        room.stage.fault = None
        assert (await take(operator)).outcome == "committed"

    counts = in_session(room, work)
    assert (counts["flashes"], counts["studio exposures"]) == (2, 1)


def test_a_page_that_is_loaded_anew_before_it_uploads_loses_no_picture(room: Room):
    async def work(operator: Operator) -> None:
        await ready(operator)
        room.client.block_uploads = True
        await operator.shoot()
        await until_phase(operator, "fetch")
        await room.client.reload()
        room.client.block_uploads = False
        await operator.idle()
        assert operator.outcomes[-1].outcome == "committed"

    assert in_session(room, work)["committed"] == 1


def test_a_second_phone_is_sent_away_and_disturbs_no_pair(room: Room, tmp_path: Path):
    async def work(operator: Operator) -> None:
        url = operator.state().phone_url
        other = ProtocolPhone(
            url, room.stage.phone_picture, folder=tmp_path / "other", device="another-phone"
        )
        await other.start()
        try:
            async with asyncio.timeout(SOON_S):
                while not other.refused:
                    await asyncio.sleep(0.02)
            assert "Another phone serves the session" in other.refused
            assert (await take(operator)).outcome == "committed"
            assert other.exposures == {}
        finally:
            await other.stop()
        entries = operator.studio.folder.journal.entries()
        refused = [entry.data["reason"] for entry in entries if entry.event == "refused"]
        assert any("Another phone" in str(reason) for reason in refused)

    assert in_session(room, work)["committed"] == 1


def test_a_dial_that_is_turned_between_two_pairs_is_named_and_set_again(room: Room):
    async def work(operator: Operator) -> None:
        assert (await take(operator)).outcome == "committed"
        await asyncio.to_thread(room.camera.set_property, "iso", 800)
        outcome = await take(operator)
        assert (outcome.outcome, outcome.pair) == ("aborted", "")
        assert "iso is 800" in outcome.reasons[0]
        await operator.restart_camera()
        assert (await take(operator)).outcome == "committed"
        assert room.camera.properties()["iso"] == 100

    counts = in_session(room, work)
    assert (counts["committed"], counts["flashes"]) == (2, 2)


def test_a_camera_process_that_is_killed_in_the_guard_is_started_anew_for_the_shot(room: Room):
    room.timing = replace(TIMING, guard_ms=800)

    async def work(operator: Operator) -> None:
        await ready(operator)
        await operator.shoot()
        await until_phase(operator, "guard")
        pid = getattr(operator.studio.camera, "pid", None)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await operator.idle()
        assert operator.outcomes[-1].outcome == "committed"

    assert in_session(room, work)["committed"] == 1


def test_a_pair_whose_files_take_too_long_names_them_all_and_is_made_whole(room: Room):
    room.timing = replace(TIMING, fetch_s=0.4)

    async def work(operator: Operator) -> None:
        await ready(operator)
        room.client.block_uploads = True
        outcome = await take(operator)
        assert outcome.outcome == "incomplete"
        missing = wheres(outcome)
        assert {kind for kind, where in missing.items() if where == "on_phone"} >= {"phone_flash"}
        room.client.block_uploads = False
        async with asyncio.timeout(SOON_S):
            while not operator.studio.folder.has(outcome.pair, "phone_reference_after"):
                await asyncio.sleep(0.02)

    assert in_session(room, work)["committed"] == 1


def test_a_raw_file_that_comes_after_the_deadline_is_given_to_its_pair(room: Room):
    async def work(operator: Operator) -> None:
        await ready(operator)
        room.camera.script(CameraShot(withhold="raw", withhold_s=DEADLINES.collect_s + 1.0))
        outcome = await take(operator)
        assert wheres(outcome) == {"studio_raw": "unknown"}
        assert (await take(operator)).outcome == "committed"
        async with asyncio.timeout(SOON_S):
            while len(room.camera.card()) < 4:
                await asyncio.sleep(0.1)

    counts = in_session(room, work)
    assert (counts["committed"], counts["strays"]) == (2, 0)
