"""A studio whose devices live on while the session's process is killed again and again."""

import asyncio
import hashlib
import random
import re
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import aiohttp

from acquisition.consent.registry import Registry
from acquisition.console.access import TOKEN_HEADER
from acquisition.console.state import ConsentForm
from acquisition.simulate.camera import SimulatedCamera
from acquisition.simulate.feed import Feed
from acquisition.simulate.phone_client import ProtocolPhone
from acquisition.simulate.phone_parts import Outbox
from acquisition.simulate.settings import FeedSettings
from tests.acquisition.accounting import Published, Truth

FEED = FeedSettings(phone_px=(240, 320), studio_px=(320, 480))
START_S = 90.0
GUARD_MS = 200
CONSOLE = re.compile(r"console: (http://127\.0\.0\.1:\d+)/#token=(\S+)")
PHONE = re.compile(r"phone: (http://127\.0\.0\.1:\d+/#\S+)")


class Studio:
    """Camera, phone and registry; `session` runs the real program against them."""

    def __init__(self, root: Path, camera: SimulatedCamera) -> None:
        self.root = root
        self.camera = camera
        self.folder = root / "sessions" / "s"
        self.registry = Registry(root / "registry")
        self.registry.set_controller("A studio", "somebody@example.org")
        self.exposures: dict[str, tuple[int, int]] = {}
        """When the phone exposed each shot, by the truth, in host nanoseconds."""
        self.pictures: dict[str, str] = {}
        self.on_death: Callable[[int], None] = lambda _: None
        """Is told how often the session was killed."""
        self.published = Published(self.folder, root / "card")
        self._feed = Feed(FEED)
        self._shots = 0

    def person(self) -> str:
        form = ConsentForm(
            language="en",
            scopes=["train"],
            is_adult=True,
            operator="O. Perator",
            text_sha256=self.registry.text("en").sha256,
        )
        return self.registry.give(form).participant

    def _picture(self, pair: str, kind: str) -> bytes:
        self._shots += 1
        take = self._feed.phone_flash if kind == "phone_flash" else self._feed.phone_reference
        data = take(0, datetime.now().astimezone(), self._shots)
        self.pictures[f"{pair}/{kind}"] = hashlib.sha256(data).hexdigest()
        return data

    def truth(self) -> Truth:
        return Truth(
            phone=self.exposures,
            outbox=Outbox(self.root / "phone").names(),
            exposures=self.camera.exposures(),
            card=self.camera.card(),
            deleted=self.camera.deleted(),
            guard_ms=GUARD_MS,
            pictures=self.pictures,
        )

    def phone(self, url: str) -> ProtocolPhone:
        return ProtocolPhone(url, self._picture, folder=self.root / "phone")


class Session:
    """One life of the session's process."""

    def __init__(self, studio: Studio, process: asyncio.subprocess.Process) -> None:
        self._studio = studio
        self._process = process
        self.console = ("", "")
        self.phone: ProtocolPhone | None = None
        self.said: list[str] = []

    @classmethod
    async def start(cls, studio: Studio, *options: str) -> "Session":
        profile = studio.root / "profile.yaml"
        profile.write_text("name: small\nfiles: raw+jpeg\nsettings: {iso: '100'}\n")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "acquisition", "session", "s"),
            *("--sessions", str(studio.folder.parent), "--registry", str(studio.registry.folder)),
            *("--camera", f"ptpip:127.0.0.1:{studio.camera.port}", "--profile", str(profile)),
            *("--phone", "here", "--phone-port", "0", "--console-port", "0", "--no-browser"),
            *options,
            stderr=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stdin=asyncio.subprocess.DEVNULL,
        )
        session = cls(studio, process)
        async with asyncio.timeout(START_S):
            await session._listen()
        return session

    async def _listen(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        while True:
            line = (await stderr.readline()).decode()
            self.said.append(line)
            assert line, f"the session ended by itself: {''.join(self.said)}"
            if match := PHONE.search(line):
                self.phone = self._studio.phone(match[1])
                await self.phone.start()
            if match := CONSOLE.search(line):
                self.console = (match[1], match[2])
                return

    async def command(self, name: str) -> int:
        base, token = self.console
        headers = {TOKEN_HEADER: token, "Origin": base}
        async with aiohttp.ClientSession(headers=headers) as client:
            async with client.post(f"{base}/command/{name}", json={}) as answer:
                return answer.status

    async def state(self) -> dict:
        base, token = self.console
        async with aiohttp.ClientSession(headers={TOKEN_HEADER: token}) as client:
            async with client.get(f"{base}/state") as answer:
                return await answer.json()

    async def shoot(self) -> bool:
        """Presses the button as soon as it can be pressed; False when the plan is done."""
        async with asyncio.timeout(START_S):
            while not (state := await self.state())["can_shoot"]:
                if state["next"] is None:
                    return False
                await asyncio.sleep(0.05)
        return await self.command("shoot") == 200

    async def until_idle(self) -> None:
        async with asyncio.timeout(START_S):
            while "being taken" in (await self.state())["why_not"]:
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        await self._end()

    async def finish(self) -> int:
        await self.command("finish")
        return await self._end()

    async def _end(self) -> int:
        phone = self.phone
        stderr = self._process.stderr
        assert stderr is not None
        self.said.append((await stderr.read()).decode())
        code = await self._process.wait()
        if phone is not None:
            await phone.stop()
            truth = {name: (at.start_ns, at.end_ns) for name, at in phone.exposures.items()}
            self._studio.exposures |= truth
        return code


class Lives:
    """The session's lives one after the other; people come as long as pairs are taken."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._people = [studio.person()]

    async def start(self) -> Session:
        people = ",".join(self._people)
        return await Session.start(self._studio, "--guard-ms", str(GUARD_MS), "--people", people)

    async def shoot(self, session: Session) -> bool:
        """Presses the button; where the plan is done, the next life has another person."""
        if await session.shoot():
            return True
        self._people.append(self._studio.person())
        return False


async def live_and_die(studio: Studio, *, kills: int, seed: int) -> None:
    """Kills the session at random moments, then takes what is left of the plan in peace."""
    chance, lives = random.Random(seed), Lives(studio)
    for number in range(1, kills + 1):
        session = await lives.start()
        await asyncio.sleep(chance.choice((0.0, 0.3)))
        if await lives.shoot(session):
            await asyncio.sleep(chance.uniform(0.0, 1.8))
        await session.kill()
        studio.published.look()
        studio.on_death(number)
    session = await lives.start()
    for _ in range(2):
        if await lives.shoot(session):
            await session.until_idle()
    assert await session.finish() == 0, "".join(session.said)
    studio.published.check()
