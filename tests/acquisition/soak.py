"""A long session with real processes between simulated devices that fail at random.

`python -m tests.acquisition.soak PAIRS SEED FOLDER` runs one and tells what came of it.
"""

import asyncio
import hashlib
import random
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from acquisition.camera.address import parse_address
from acquisition.camera.client import GPhotoCamera
from acquisition.camera.process import Deadlines
from acquisition.consent.registry import Registry
from acquisition.console.operator import Operator
from acquisition.console.state import ConsentForm
from acquisition.errors import CameraError, SessionError
from acquisition.lights import NoLights
from acquisition.phone.contract import PhoneKind
from acquisition.phone.web.driver import Limits, WebPhone
from acquisition.plan import DEFAULT_POSES
from acquisition.sequence.words import Timing
from acquisition.session import SessionFolder
from acquisition.session_run import Hearsay, connect_camera
from acquisition.simulate.camera import SimulatedCamera
from acquisition.simulate.feed import Feed
from acquisition.simulate.phone_client import ProtocolPhone
from acquisition.simulate.script import CAMERA_FAULTS, PHONE_FAULTS, ShotScript, random_faults
from acquisition.simulate.seeing_phone import Stage
from acquisition.simulate.session import PROFILE
from acquisition.simulate.settings import FeedSettings
from acquisition.store.info import SessionInfo
from acquisition.taking.studio import Studio, StudioOptions
from tests.acquisition.accounting import Published, Truth, check_nothing_lost

FEED = FeedSettings(phone_px=(240, 320), studio_px=(320, 480))
GUARD_MS = 150
LATE_S = 1.2
PHONE_LIMITS = Limits(check_s=1.5, shot_s=0.9, fetch_s=2.0)
DEADLINES = Deadlines(trigger_s=2.0, collect_s=1.8, download_s=5.0, beat_s=3.0, grace_s=0.5)
TIMING = Timing(guard_ms=GUARD_MS, phone_s=2.5, reference_s=2.0, fetch_s=30.0)
READY_S = 40.0


def consent(registry: Registry) -> str:
    """Returns a new person who agrees."""
    form = ConsentForm(
        language="en",
        scopes=["train"],
        is_adult=True,
        operator="O. Perator",
        text_sha256=registry.text("en").sha256,
    )
    return registry.give(form).participant


def memory_kb() -> int:
    """Returns the resident memory of this process."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) if found else 0


class Room:
    """Both devices, and a session that runs between them; the devices outlive the session."""

    def __init__(self, root: Path, camera: SimulatedCamera, *, sessions: Path | None = None):
        self.root = root
        self.camera = camera
        self.folder = (sessions or root) / "s"
        self.registry = Registry(root / "registry")
        self.registry.set_controller("A studio", "somebody@example.org")
        self.stage = Stage(Feed(FEED))
        self.phone: ProtocolPhone | None = None
        self.exposures: dict[str, tuple[int, int]] = {}
        self.pictures: dict[str, str] = {}
        self.timing = TIMING
        self.on_picture: Callable[[PhoneKind], None] = lambda _: None
        """Is told of each picture that the phone takes, before it says so."""

    def _picture(self, pair: str, kind: PhoneKind) -> bytes:
        data = self.stage.phone_picture(pair, kind)
        # A light that fails shows as a picture without light under the same name.
        name = next(shot for shot in reversed(self.client.exposures) if shot.startswith(pair))
        self.pictures[name] = hashlib.sha256(data).hexdigest()
        self.on_picture(kind)
        return data

    @property
    def client(self) -> ProtocolPhone:
        assert self.phone is not None
        return self.phone

    def truth(self) -> Truth:
        """Returns what the devices know now."""
        phone = self.client
        self.exposures |= {name: (at.start_ns, at.end_ns) for name, at in phone.exposures.items()}
        return Truth(
            phone=dict(self.exposures),
            outbox=phone.outbox.names(),
            exposures=self.camera.exposures(),
            card=self.camera.card(),
            deleted=self.camera.deleted(),
            guard_ms=self.timing.guard_ms,
            pictures=self.pictures,
        )

    @staticmethod
    def _ended(running: asyncio.Task[None]) -> None:
        if not running.cancelled() and (error := running.exception()) is not None:
            sys.stderr.write("".join(traceback.format_exception(error)))

    def open_folder(self, info: SessionInfo | None = None) -> SessionFolder:
        """Begins the session, or opens it again."""
        if SessionFolder.exists(self.folder):
            return SessionFolder.open(self.folder)
        made = info or SessionInfo(
            session="s", created="2026-11-22T10:00:00Z", tool="t", simulated=True, profile=PROFILE
        )
        return SessionFolder.create(self.folder, made)

    @asynccontextmanager
    async def session(self, folder: SessionFolder) -> AsyncIterator[Operator]:
        """Runs a session until the block ends, and then ends it as an operator does."""
        heard = Hearsay(folder)
        web = WebPhone(folder, on_refused=heard.refused, on_late=heard.late, limits=PHONE_LIMITS)
        url = await web.serve("127.0.0.1", 0, None)
        self.phone = ProtocolPhone(
            url,
            self._picture,
            folder=self.root / "phone",
            faults=self.stage.phone_faults,
            late_s=LATE_S,
        )
        await self.phone.start()
        studio = Studio(
            folder=folder,
            registry=self.registry,
            camera=GPhotoCamera(
                parse_address(f"ptpip:127.0.0.1:{self.camera.port}"),
                profile=PROFILE,
                deadlines=DEADLINES,
            ),
            phone=web,
            lights=NoLights(),
            options=StudioOptions(timing=self.timing, profile=PROFILE),
        )
        await connect_camera(studio)
        operator = Operator(studio, phone_url=url)
        running = asyncio.create_task(operator.run())
        running.add_done_callback(self._ended)
        try:
            yield operator
            await operator.finish()
            await running
        finally:
            running.cancel()
            await self.phone.stop()
            self.exposures |= {
                name: (at.start_ns, at.end_ns) for name, at in self.phone.exposures.items()
            }
            await studio.close()


async def ready(operator: Operator) -> None:
    """Waits until the button can be pressed."""
    try:
        async with asyncio.timeout(READY_S):
            while not (state := operator.state()).can_shoot:
                await operator.changed(state.version)
    except TimeoutError as error:
        raise AssertionError(f"no pair can be taken: {operator.state()}") from error


class Soak:
    """Takes pairs under random faults; watches that no published file ever changes."""

    def __init__(self, room: Room, *, pairs: int, seed: int, faults: float) -> None:
        self.room = room
        self.pairs = pairs
        self.outcomes: Counter[str] = Counter()
        self.by_fault: Counter[tuple[str, str]] = Counter()
        self.memory: dict[int, int] = {}
        self.tell: Callable[[str], None] = lambda _: None
        """Is told one line of each pair."""
        rates = {name: faults / 2 / len(CAMERA_FAULTS) for name in CAMERA_FAULTS}
        rates |= {name: faults / 2 / len(PHONE_FAULTS) for name in PHONE_FAULTS}
        self._scripts = random_faults(seed, rates)
        self._chance = random.Random(seed)
        self._script = ShotScript()
        self._is_armed = False
        self._published = Published(room.folder, room.root / "card")

    async def run(self) -> None:
        """Takes all pairs, and ends the session."""
        folder = self.room.open_folder()
        try:
            for _ in range(3):
                person = consent(self.room.registry)
                folder.add_person(person)
            async with self.room.session(folder) as operator:
                operator.before_pair = self._before
                caretaker = asyncio.create_task(self._keep_camera_on())
                try:
                    for number in range(1, self.pairs + 1):
                        await self._take(operator, number)
                finally:
                    caretaker.cancel()
                    with suppress(asyncio.CancelledError):
                        await caretaker
        finally:
            folder.close()
        self._published.check()

    async def _keep_camera_on(self) -> None:
        while True:
            await asyncio.sleep(0.2)
            if not self.room.camera.alive:
                await asyncio.sleep(self._chance.uniform(0.0, 0.5))
                await asyncio.to_thread(self.room.camera.restart)

    async def _before(self, operator: Operator, participant: str, pose: str) -> None:
        del operator, participant, pose
        script = next(self._scripts)
        if self._is_armed:
            # What the camera was told for a pair that it was not released for is still to come.
            script = ShotScript(
                camera=self._script.camera,
                camera_fault=self._script.camera_fault,
                phone=script.phone,
            )
        elif script.camera_fault is not None:
            with suppress(CameraError):
                await asyncio.to_thread(self.room.camera.script, script.camera)
                self._is_armed = True
        self._script = script
        self.room.stage.fault = script.phone

    async def _take(self, operator: Operator, number: int) -> None:
        folder = operator.studio.folder
        people, poses = folder.info.people, [pose.name for pose in DEFAULT_POSES]
        await operator.select(people[number % len(people)], poses[number % len(poses)])
        await ready(operator)
        begun, before = len(operator.outcomes), time.monotonic()
        with suppress(SessionError):
            await operator.shoot()
            await operator.idle()
        assert len(operator.outcomes) > begun, operator.state().problems
        outcome = operator.outcomes[-1]
        asked = folder.ledger.pairs[outcome.pair].studio_asked if outcome.pair else False
        fault = "+".join(
            filter(None, [self._script.camera_fault if asked else "", self._script.phone])
        )
        self._is_armed = self._is_armed and not asked
        self.outcomes[outcome.outcome] += 1
        self.by_fault[fault or "none", outcome.outcome] += 1
        took_s, why = time.monotonic() - before, "; ".join(outcome.reasons)
        self.tell(f"{number} {fault or '-'} {outcome.outcome} {took_s:.1f} s: {why}")
        if any("press Restart camera" in reason for reason in outcome.reasons):
            with suppress(CameraError):
                await operator.restart_camera()
        self._published.look()
        if number in (10, self.pairs):
            self.memory[number] = memory_kb()


def run(
    root: Path,
    *,
    pairs: int,
    seed: int,
    faults: float = 0.4,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[Soak, Counter[str]]:
    """Runs a soak and does the accounts; returns both."""
    card = root / "card"
    card.mkdir(parents=True)
    with SimulatedCamera.start(FEED, card=card) as camera:
        room = Room(root, camera)
        soak = Soak(room, pairs=pairs, seed=seed, faults=faults)
        soak.tell = tell
        asyncio.run(soak.run())
        if not camera.alive:
            camera.restart()
        return soak, check_nothing_lost(room.folder, room.truth())


def main(arguments: list[str]) -> None:
    """Runs a soak and writes down what came of it."""
    pairs, seed, root = int(arguments[0]), int(arguments[1]), Path(arguments[2])
    began = time.monotonic()

    def tell(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    soak, counts = run(root, pairs=pairs, seed=seed, tell=tell)
    lines = [f"{time.monotonic() - began:.0f} s", str(dict(soak.outcomes)), str(dict(counts))]
    lines += [f"memory after {n} pairs: {kb / 1024:.0f} MB" for n, kb in soak.memory.items()]
    lines += [f"{fault}: {outcome} {n}" for (fault, outcome), n in sorted(soak.by_fault.items())]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
