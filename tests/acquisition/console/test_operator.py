"""The session behind the console: what the operator is told, and what a press of a button does."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from acquisition.camera.contract import Profile
from acquisition.console import operator as operating
from acquisition.console.operator import Operator
from acquisition.console.state import ConsoleState
from acquisition.errors import (
    CameraError,
    CameraSilent,
    ConsentError,
    DownloadError,
    PhoneError,
    SessionError,
    StoreError,
)
from acquisition.simulate.feed import Feed
from tests.acquisition.taking.fakes import Room, small_feed

SOON_S = 20.0


@pytest.fixture(scope="module")
def feed() -> Feed:
    return small_feed()


@pytest.fixture
def room(tmp_path: Path, feed: Feed) -> Iterator[Room]:
    room = Room(tmp_path, feed=feed)
    yield room
    room.folder.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    monkeypatch.setattr(operating, "WATCH_EVERY_S", 0.02)


@asynccontextmanager
async def running(room: Room):
    """An operator whose devices are watched, as in a session; finished at the end."""
    operator = Operator(room.studio, phone_url="http://phone")
    watching = asyncio.create_task(operator.run())
    try:
        yield operator
    finally:
        await operator.finish()
        await asyncio.wait_for(watching, SOON_S)


async def until(operator: Operator, true_of: Callable[[ConsoleState], bool]) -> ConsoleState:
    """Waits, as the page does, for a state of which something is true."""
    async with asyncio.timeout(SOON_S):
        while not true_of(state := operator.state()):
            await operator.changed(state.version)
    return state


async def ready(operator: Operator) -> ConsoleState:
    return await until(operator, lambda state: state.can_shoot)


async def take(operator: Operator) -> ConsoleState:
    await ready(operator)
    await operator.shoot()
    await asyncio.wait_for(operator.idle(), SOON_S)
    return operator.state()


def told(room: Room, work: Callable[[Operator], Awaitable[None]]) -> None:
    async def run() -> None:
        async with running(room) as operator:
            await work(operator)

    asyncio.run(run())


def test_a_taken_pair_is_shown_with_verdict_skew_and_pictures(room: Room):
    async def work(operator: Operator) -> None:
        state = await take(operator)
        last = state.last
        assert last is not None
        assert (last.participant, last.pose, last.state) == (room.person, "frontal", "committed")
        assert last.skew_ms is not None
        assert last.skew_ms > 30
        assert (state.done, state.planned, state.phase) == (1, 5, "idle")
        assert state.next is not None
        assert state.next.pose == "left"
        assert "to your left" in state.next.instruction
        for side in ("phone", "studio"):
            picture = operator.picture(last.pair, side)
            assert picture is not None
            assert picture.startswith(b"\xff\xd8")
            assert getattr(last, f"{side}_picture") == f"/picture/{last.pair}/{side}"
        assert operator.picture("20261122T141530Z-7f3a", "phone") is None

    told(room, work)


def test_a_second_press_while_a_pair_is_taken_is_refused(room: Room):
    async def work(operator: Operator) -> None:
        await ready(operator)
        await operator.shoot()
        with pytest.raises(SessionError, match="a pair is being taken"):
            await operator.shoot()
        assert operator.state().why_not == "a pair is being taken"
        assert not operator.state().can_shoot
        with pytest.raises(SessionError, match="a pair is being taken"):
            await operator.restart_camera()
        with pytest.raises(SessionError, match="a pair is being taken"):
            await operator.skip()
        await operator.idle()
        assert len(room.folder.records()) == 1

    told(room, work)


def test_a_done_pose_that_is_chosen_is_taken_again(room: Room):
    async def work(operator: Operator) -> None:
        await take(operator)
        await operator.select(room.person, "frontal")
        await ready(operator)
        await operator.shoot()
        seated = operator.state().next
        assert seated is not None
        # While it is taken the page shows this pose, and not the next one.
        assert seated.pose == "frontal"
        await operator.idle()
        state = operator.state()
        assert state.people[0].poses[0].attempts == 2
        assert state.next is not None
        assert state.next.pose == "left"
        with pytest.raises(SessionError, match="no pose nod"):
            await operator.select(room.person, "nod")

    told(room, work)


def test_a_pose_that_is_chosen_while_another_is_taken_comes_next(room: Room):
    async def work(operator: Operator) -> None:
        await ready(operator)
        await operator.shoot()
        await operator.select(room.person, "smile")
        seated = operator.state().next
        assert seated is not None
        assert seated.pose == "frontal"
        await operator.idle()
        coming = operator.state().next
        assert coming is not None
        assert coming.pose == "smile"

    told(room, work)


def test_a_skipped_pose_is_passed_over_and_the_plan_ends(room: Room):
    async def work(operator: Operator) -> None:
        await ready(operator)
        for _ in range(5):
            await operator.skip()
        state = operator.state()
        assert [pose.state for pose in state.people[0].poses] == ["skipped"] * 5
        assert state.next is None
        assert state.why_not == "the plan is done; add a person, or choose a pose to take again"
        with pytest.raises(SessionError, match="the plan is done"):
            await operator.shoot()
        await operator.skip()
        await operator.select(room.person, "smile")
        assert (await take(operator)).done == 1

    told(room, work)


def test_a_new_person_gets_an_id_and_a_row(room: Room):
    async def work(operator: Operator) -> None:
        participant = await operator.add_person(room.form())
        state = operator.state()
        assert [row.participant for row in state.people] == [room.person, participant]
        assert state.planned == 10
        places = room.registry.entry(participant).places
        assert [str(room.folder.root) in str(place) for place in places] == [True]
        with pytest.raises(ConsentError, match="18"):
            await operator.add_person(replace(room.form(), is_adult=False))
        with pytest.raises(ConsentError):
            await operator.add_participant("P-000000")
        assert operator.state().planned == 10

    told(room, work)


def test_a_person_who_withdraws_between_two_pairs_is_passed_over(room: Room):
    async def work(operator: Operator) -> None:
        other = await operator.add_person(room.form())
        await take(operator)
        room.registry.withdraw(room.person)
        state = await until(operator, lambda state: state.people[0].consent == "withdrawn")
        assert state.next is not None
        assert state.next.participant == other
        await operator.select(room.person, "left")
        assert "withdrew" in operator.state().why_not
        with pytest.raises(SessionError, match="withdrew"):
            await operator.shoot()
        room.events.seen.clear()
        await operator.select(other, "frontal")
        assert (await take(operator)).people[1].poses[0].state == "done"
        assert room.events.seen.count("trigger") == 1

    told(room, work)


def test_why_no_pair_can_be_taken_is_said_in_few_words(room: Room, monkeypatch):
    async def work(operator: Operator) -> None:
        await ready(operator)
        room.phone.connected = False
        state = await until(operator, lambda state: not state.can_shoot)
        assert state.why_not == "scan the QR code with the phone"
        assert (state.phone.level, state.clock.level) == ("off", "off")
        room.phone.connected = True
        await ready(operator)

        def full() -> None:
            raise StoreError("1 GB is left on the disk, 2 GB are needed; free some space")

        monkeypatch.setattr(room.folder, "check_space", full)
        state = await until(operator, lambda state: not state.can_shoot)
        assert state.why_not == "the disk takes no more pairs"
        assert (state.disk.level, state.problems[0].level) == ("bad", "bad")
        assert state.problems[0].advice.startswith("1 GB is left")

    told(room, work)


def test_each_problem_is_told_once_the_worst_first(room: Room, monkeypatch):
    async def work(operator: Operator) -> None:
        await ready(operator)
        room.phone.bound_ns = 9_000_000
        state = await until(operator, lambda state: len(state.problems) == 1)
        assert state.problems[0].text == "The phone's clock is known to ± 9 ms only."
        assert (state.clock.level, state.clock.text) == ("warn", "± 9.0 ms")

        def asleep() -> None:
            raise CameraError("the camera sleeps; wake it")

        monkeypatch.setattr(room.camera, "heartbeat", asleep)
        state = await until(operator, lambda state: len(state.problems) == 2)
        assert [problem.level for problem in state.problems] == ["bad", "warn"]
        assert state.problems[0].advice == "The camera sleeps; wake it."
        assert (state.why_not, state.camera.text) == ("the camera is not there", "not there")
        # The long words stand in one place only.
        assert state.camera.advice == state.clock.advice == ""

    told(room, work)


def test_a_lost_camera_is_started_anew_by_itself(room: Room):
    async def work(operator: Operator) -> None:
        await ready(operator)
        room.events.seen.clear()
        room.camera.fails["heartbeat"] = CameraSilent("the connection is lost")
        await until(operator, lambda _: "connect" in room.events.seen)
        state = await ready(operator)
        assert (state.camera.level, state.problems) == ("ok", [])

    told(room, work)


def test_a_camera_that_is_started_anew_completes_a_pair_that_lacked_a_file(room: Room, monkeypatch):
    download = room.camera.download

    def fail(file, part):
        if file.name.endswith("DNG"):
            raise DownloadError("half of it came")
        return download(file, part)

    async def work(operator: Operator) -> None:
        monkeypatch.setattr(room.camera, "download", fail)
        state = await take(operator)
        assert state.last is not None
        assert state.last.state == "incomplete"
        assert state.people[0].poses[0].state == "incomplete"
        monkeypatch.setattr(room.camera, "download", download)
        await operator.restart_camera()
        assert operator.state().people[0].poses[0].state == "done"
        assert [record.state for record in room.folder.records()] == ["committed"]

    told(room, work)


def test_no_pair_begins_while_the_camera_is_started_anew(room: Room, monkeypatch):
    async def work(operator: Operator) -> None:
        await ready(operator)
        connect = room.camera.connect

        def restart():
            asyncio.run_coroutine_threadsafe(begun(), loop).result(SOON_S)
            return connect()

        async def begun() -> None:
            seen.append(operator.state().why_not)
            with pytest.raises(SessionError, match="started anew"):
                await operator.shoot()
            with pytest.raises(SessionError, match="started anew already"):
                await operator.restart_camera()

        loop, seen = asyncio.get_running_loop(), []
        monkeypatch.setattr(room.camera, "restart", restart)
        await operator.restart_camera()
        assert seen == ["the camera is being started anew"]
        assert room.folder.records() == []
        await ready(operator)

    told(room, work)


def test_a_camera_that_cannot_be_started_anew_is_told(room: Room, monkeypatch):
    async def work(operator: Operator) -> None:
        await ready(operator)

        def fail():
            raise CameraError("no camera answers there; switch it on")

        monkeypatch.setattr(room.camera, "restart", fail)
        with pytest.raises(CameraError, match="switch it on"):
            await operator.restart_camera()
        await ready(operator)

    told(room, work)


def test_finish_waits_for_the_running_pair(room: Room):
    async def run() -> None:
        operator = Operator(room.studio)
        watching = asyncio.create_task(operator.run())
        await ready(operator)
        await operator.shoot()
        await operator.finish()
        await asyncio.wait_for(watching, SOON_S)
        assert [record.state for record in room.folder.records()] == ["committed"]
        with pytest.raises(SessionError, match="the session is being closed"):
            await operator.shoot()

    asyncio.run(run())


def test_stop_breaks_the_pair_off_before_its_first_picture(room: Room):
    async def work(operator: Operator) -> None:
        await operator.stop()
        await ready(operator)
        await operator.shoot()
        await operator.stop()
        await operator.idle()
        last = operator.state().last
        assert last is not None
        assert (last.state, last.reasons) == ("aborted", ["stopped by the operator"])
        assert "fire" not in room.events.seen
        assert room.folder.records() == []

    told(room, work)


def test_the_hook_runs_before_the_pair_with_person_and_pose(room: Room):
    seen: list[tuple[str, str, int]] = []

    async def hook(operator: Operator, participant: str, pose: str) -> None:
        del operator
        seen.append((participant, pose, room.events.seen.count("check")))

    async def work(operator: Operator) -> None:
        operator.before_pair = hook
        await take(operator)
        await take(operator)

    told(room, work)
    assert [one[:2] for one in seen] == [(room.person, "frontal"), (room.person, "left")]
    assert [one[2] for one in seen] == [0, 1]


def test_a_hook_that_fails_is_a_problem_and_no_pair(room: Room):
    async def hook(operator: Operator, participant: str, pose: str) -> None:
        del operator, participant, pose
        raise PhoneError("nobody sits there")

    async def work(operator: Operator) -> None:
        operator.before_pair = hook
        state = await take(operator)
        assert [problem.text for problem in state.problems] == ["nobody sits there"]
        assert state.can_shoot
        operator.before_pair = None
        assert (await take(operator)).problems == []

    told(room, work)


def test_a_page_that_waits_sees_the_phases_go_by(room: Room):
    phases: list[str] = []

    async def follow(operator: Operator) -> None:
        version = operator.state().version
        while True:
            state = await operator.changed(version)
            assert state.version > version
            version = state.version
            if state.phase not in phases:
                phases.append(state.phase)

    async def work(operator: Operator) -> None:
        await ready(operator)
        following = asyncio.create_task(follow(operator))
        await operator.shoot()
        await operator.idle()
        following.cancel()

    told(room, work)
    seen = [phase for phase in phases if phase in ("guard", "studio", "fetch", "quality")]
    assert seen == ["guard", "studio", "fetch", "quality"]


def test_a_pair_whose_picture_comes_late_is_completed_beside_the_session(room: Room):
    async def work(operator: Operator) -> None:
        room.phone.fails["fetch"] = PhoneError("did not arrive within 20 s")
        state = await take(operator)
        assert state.last is not None
        assert state.last.state == "incomplete"
        from acquisition.phone.contract import ShotName

        room.phone.upload(ShotName(pair=state.last.pair, kind="phone_reference"))
        state = await until(operator, lambda state: state.people[0].poses[0].state == "done")
        assert state.done == 1

    told(room, work)


def test_a_disk_that_fails_in_a_pair_is_told(room: Room, monkeypatch):
    def fail(record) -> None:
        del record
        raise StoreError("no space left on the disk")

    async def work(operator: Operator) -> None:
        monkeypatch.setattr(room.folder, "finish", fail)
        state = await take(operator)
        assert state.problems[-1].text == "no space left on the disk"
        assert state.phase == "idle"

    told(room, work)


def test_a_session_without_people_asks_for_one(tmp_path: Path, feed: Feed):
    room = Room(tmp_path, feed=feed, profile=Profile())
    room.folder.info = replace(room.folder.info, people=[])

    async def work(operator: Operator) -> None:
        state = await until(operator, lambda state: state.camera.level == "ok")
        assert (state.next, state.planned) == (None, 0)
        assert "add a person" in state.why_not

    told(room, work)
    room.folder.close()
