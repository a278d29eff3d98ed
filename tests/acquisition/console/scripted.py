"""A studio that only exists as a console's state, and the server that shows it."""

import asyncio
import hashlib
import threading
import time
from pathlib import Path
from typing import Literal

import msgspec

import deepflash
from acquisition.console.server import console_app, serve_console
from acquisition.console.state import (
    ConsentForm,
    ConsoleState,
    Device,
    LastPair,
    NextShot,
    PersonRow,
    PoseCell,
)
from acquisition.errors import AcquisitionError, ConsentError
from deepflash.serving.qr import svg_code

TOKEN = "a-token-of-thirty-two-characters"
STARTER = Path(deepflash.__file__).parent / "starter"
POSES = {
    "frontal": "Look straight into the lens.",
    "slightly_left": "Turn your head slightly to your left.",
    "slightly_right": "Turn your head slightly to your right.",
    "chin_up": "Lift your chin a little.",
    "smile": "Look straight into the lens and smile.",
}
PHASES = "check dim reference phone guard studio reference_after fetch quality".split()
PHONE_URL = "https://192.168.1.20:8443/#token=Zk3vQx9w"
LANGUAGES = ("en", "de")
CONSENT = (
    "# Your pictures\n\n> A template.\n\n**Who.** We ask.\n\n* one **two**\n* <i>three</i>\n\n"
    + (
        "\n\n".join(
            f"{n}. You may withdraw at any time and need not say why." for n in range(1, 13)
        )
    )
)


def consent_text(language: str) -> tuple[str, str]:
    if language not in LANGUAGES:
        raise ConsentError(f"there is no consent text in {language}; use en or de")
    text = CONSENT if language == "en" else "Ihre Bilder lehren ein Programm."
    return text, hashlib.sha256(text.encode()).hexdigest()


def qr_svg() -> str:
    return svg_code(PHONE_URL).decode()


def person(participant: str, *states: str) -> PersonRow:
    cells = [
        PoseCell(pose=pose, state=state, attempts=0 if state == "open" else 1)
        for pose, state in zip(POSES, [*states, *["open"] * 5], strict=False)
    ]
    return PersonRow(participant=participant, consent="valid", poses=cells)


def ready_state() -> ConsoleState:
    """Two people are done, a third sits; everything is well."""
    return ConsoleState(
        session="autumn-2026",
        can_shoot=True,
        next=NextShot(
            participant="P-7XK2M9", pose="slightly_left", instruction=POSES["slightly_left"]
        ),
        camera=Device(level="ok", title="Nikon D850", text="ready, battery 80 %"),
        phone=Device(level="ok", title="Pixel 8", text="flash, clock ± 0.4 ms"),
        lights=Device(level="ok", title="sACN", text="dim"),
        disk=Device(level="ok", title="/data", text="212 GB free"),
        clock=Device(level="ok", text="± 0.4 ms"),
        people=[
            person("P-4Q7ZK2", *["done"] * 5),
            person("P-9C3TWE", *["done"] * 4, "skipped"),
            person("P-7XK2M9", "done"),
            person("P-H2V8RA"),
        ],
        done=10,
        planned=20,
        phone_url=PHONE_URL,
    )


class ScriptedStudio:
    """Implements `Commands`; what was asked is in `asked`, `fault` refuses the next command."""

    def __init__(self, state: ConsoleState | None = None) -> None:
        self._state = state or ready_state()
        self._moved = asyncio.Condition()
        self.asked: list[tuple] = []
        self.fault: AcquisitionError | None = None
        self.view: bytes | None = None

    async def show(self, **fields: object) -> None:
        async with self._moved:
            version = self._state.version + 1
            self._state = msgspec.structs.replace(self._state, **fields, version=version)
            self._moved.notify_all()

    def state(self) -> ConsoleState:
        return self._state

    async def changed(self, version: int) -> ConsoleState:
        async with self._moved:
            await self._moved.wait_for(lambda: self._state.version != version)
            return self._state

    def _ask(self, *what: object) -> None:
        self.asked.append(what)
        fault, self.fault = self.fault, None
        if fault is not None:
            raise fault

    async def shoot(self) -> None:
        self._ask("shoot")
        await self.show(phase="check", can_shoot=False, why_not="A pair is running.")

    async def stop(self) -> None:
        self._ask("stop")
        last = self.last("aborted", reasons=["The operator stopped the pair."])
        await self.show(phase="idle", can_shoot=True, why_not="", last=last)

    async def select(self, participant: str, pose: str) -> None:
        self._ask("select", participant, pose)
        chosen = NextShot(participant=participant, pose=pose, instruction=POSES[pose])
        await self.show(next=chosen)

    async def skip(self) -> None:
        self._ask("skip")

    async def add_person(self, form: ConsentForm) -> str:
        self._ask("add_person", form)
        await self.show(people=[*self._state.people, person("P-N3WPRS")])
        return "P-N3WPRS"

    async def restart_camera(self) -> None:
        self._ask("restart_camera")

    async def finish(self) -> None:
        self._ask("finish")

    def preview(self) -> bytes | None:
        return self.view

    def picture(self, pair: str, side: Literal["phone", "studio"]) -> bytes | None:
        if pair != "20261122T141530Z-7f3a":
            return None
        folder = "flash" if side == "phone" else "studio"
        return (STARTER / folder / "person00003-00-0.jpg").read_bytes()

    def last(
        self,
        state: Literal["committed", "rejected", "incomplete", "aborted"],
        pair: str = "20261122T141530Z-7f3a",
        reasons: list[str] | None = None,
    ) -> LastPair:
        taken = state != "aborted"
        return LastPair(
            pair=pair,
            participant="P-7XK2M9",
            pose="slightly_left",
            state=state,
            reasons=reasons or [],
            skew_ms=612.4 if taken else None,
            skew_pm_ms=40.2 if taken else None,
            phone_picture=f"/picture/{pair}/phone" if taken else "",
            studio_picture=f"/picture/{pair}/studio" if taken else "",
        )


class ServedStudio:
    """A scripted studio behind a real server, in a thread of its own."""

    def __init__(self, state: ConsoleState | None = None, port: int = 0) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.studio = ScriptedStudio(state)
        self.refused: list[str] = []
        self._runner, self.url = self._run(self._serve(port))

    async def _serve(self, port: int):
        app = console_app(
            self.studio,
            token=TOKEN,
            qr_svg=qr_svg,
            consent_text=consent_text,
            languages=LANGUAGES,
            on_refused=self.refused.append,
        )
        return await serve_console(app, port=port)

    def _run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def show(self, **fields: object) -> None:
        self._run(self.studio.show(**fields))

    def close(self) -> None:
        if self._thread.is_alive():
            self._run(self._runner.cleanup())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop.close()


def asked(served: ServedStudio, count: int = 1) -> list[tuple]:
    """What the session was asked, once it was asked `count` things or a second is over."""
    for _ in range(40):
        if len(served.studio.asked) >= count:
            break
        time.sleep(0.025)
    return served.studio.asked
