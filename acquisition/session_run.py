"""Puts a session together from what was asked for, and runs it."""

import asyncio
import secrets
import signal
import sys
import webbrowser
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from jsonargparse import Namespace

from acquisition import __version__
from acquisition.asked import Asked, check_people, check_same, read_asked
from acquisition.camera.client import GPhotoCamera
from acquisition.camera.contract import Profile
from acquisition.consent.registry import Registry
from acquisition.consent.text import languages
from acquisition.console.operator import Operator
from acquisition.console.server import console_app, serve_console
from acquisition.errors import AcquisitionError, CameraError, StoreError, UsageError, one_line
from acquisition.lights import lights_from
from acquisition.opening import OpenPhone, open_phone
from acquisition.phone.contract import PhoneExposure, ShotName
from acquisition.sequence.words import Timing
from acquisition.session import SessionFolder
from acquisition.store.info import SessionInfo, check_info, read_info
from acquisition.store.recover import recover
from acquisition.taking.completion import complete
from acquisition.taking.studio import Studio, StudioOptions
from deepflash.serving.qr import svg_code, terminal_code

AS_IT_IS = Profile(
    name="as it is",
    settings={"capturetarget": "Memory card"},
    leave=["capturetarget"],
)
"""For a camera that was set by hand: what it takes shall outlive a broken cable."""


class Hearsay:
    """Journals what a phone's page says unasked; a journal that fails harms nothing else."""

    def __init__(self, folder: SessionFolder) -> None:
        self._folder = folder

    def refused(self, reason: str) -> None:
        """Notes that somebody knocked with no right to."""
        with suppress(StoreError):
            self._folder.journal.append("refused", reason=reason)

    def late(self, shot: ShotName, exposure: PhoneExposure) -> None:
        """Notes a picture that the phone took after its deadline."""
        with suppress(StoreError):
            kind, at = shot.kind, msgspec.to_builtins(exposure.exposure)
            self._folder.journal.append("phone_exposed", pair=shot.pair, kind=kind, late=at)


def say(line: str) -> None:
    """Tells the operator a line in the terminal."""
    sys.stderr.write(f"{line}\n")


def open_folder(arguments: Namespace, asked: Asked, *, simulated: bool = False) -> SessionFolder:
    """Opens the session's folder, or begins it; what a crash left behind is put in order.

    Raises:
        SessionError: damaged, newer than this program, in use, or no name for one.
        UsageError: a simulated session is not to be mixed with a real one, nor are plans.
    """
    new = check_info(_new_info(arguments.name, asked, simulated=simulated))
    root: Path = arguments.sessions / arguments.name
    if SessionFolder.exists(root):
        info = read_info(root)
        if info.simulated != simulated:
            kind = "a simulated" if not simulated else "a real"
            raise UsageError(f"{root} is {kind} session; choose another name")
        check_same(asked, info, root)
        folder = SessionFolder.open(root)
    else:
        folder = SessionFolder.create(root, new)
    for record in recover(folder):
        say(f"session: {record.pair} was broken off: {'; '.join(record.reasons)}")
    return folder


def _new_info(name: str, asked: Asked, *, simulated: bool) -> SessionInfo:
    info = SessionInfo(
        session=name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        tool=f"acquire {__version__}",
        order=asked.order or "phone_first",
        simulated=simulated,
        profile=asked.profile,
        mirror=asked.mirror,
    )
    return msgspec.structs.replace(info, poses=asked.poses) if asked.poses else info


def options_of(asked: Asked, folder: SessionFolder) -> StudioOptions:
    """Returns how pairs are taken; the command line wins over what the session began with."""
    return StudioOptions(
        order=asked.order or folder.info.order,
        timing=Timing(guard_ms=asked.guard_ms),
        profile=asked.profile or folder.info.profile or AS_IT_IS,
        calibration=asked.calibration,
    )


async def run_session(arguments: Namespace) -> str:
    """Runs a session with real devices; returns a line on what it holds now."""
    asked = read_asked(arguments)
    lights, registry = lights_from(asked.lights), Registry(arguments.registry)
    check_people(asked, registry)
    folder = open_folder(arguments, asked)
    try:
        heard, options = Hearsay(folder), options_of(asked, folder)
        opened = await open_phone(asked.phone, folder, on_refused=heard.refused, on_late=heard.late)
        studio = Studio(
            folder=folder,
            registry=registry,
            camera=GPhotoCamera(asked.camera, profile=options.profile),
            phone=opened.phone,
            lights=lights,
            options=options,
        )
        try:
            await connect_camera(studio)
            await operate(studio, opened, arguments)
        finally:
            await studio.close()
        return summary(folder)
    finally:
        folder.close()


async def connect_camera(studio: Studio) -> None:
    """Opens and sets the camera; without one the console says so and goes on looking."""
    try:
        identity = await studio.on_camera(studio.camera.connect)
        if studio.options.profile is not None:
            studio.settings = await studio.on_camera(studio.camera.apply, studio.options.profile)
        say(f"camera: {identity.model} at {identity.port}")
        for record in await complete(studio):
            say(f"session: {record.pair} is whole now: {record.state}")
    except CameraError as error:
        say(f"camera: {one_line(error)}")


async def _nothing_else(operator: Operator) -> None:
    del operator


async def operate(
    studio: Studio,
    opened: OpenPhone,
    arguments: Namespace,
    *,
    meanwhile: Callable[[Operator], Coroutine[None, None, None]] = _nothing_else,
) -> None:
    """Serves the console and takes pairs until the session is finished.

    Args:
        studio: devices and folder.
        opened: how the phone is reached.
        arguments: `people`, `console_port` and `no_browser` are read.
        meanwhile: runs beside the session; its failure ends the session.
    """
    operator = Operator(studio, preview=opened.preview, phone_url=opened.url)
    for participant in filter(None, arguments.people.split(",")):
        await operator.add_participant(participant.strip())
    async with console(operator, opened, arguments.console_port) as url:
        # Before the greeting, which invites to press Ctrl-C.
        with_signals(operator)
        _greet(opened, url)
        if not arguments.no_browser:
            await asyncio.to_thread(webbrowser.open, url)
        running = asyncio.create_task(operator.run())
        try:
            await meanwhile(operator)
        except AcquisitionError:
            operator.finish_soon()
            await running
            raise
        await running


def _greet(opened: OpenPhone, console_url: str) -> None:
    if opened.url:
        # An address of this computer alone is of no use to a camera that reads codes.
        if not opened.url.startswith("http://127."):
            say(terminal_code(opened.url))
        say(f"phone: {opened.url}")
    say(f"phone: {opened.advice}")
    say(f"console: {console_url}")
    say("session: runs until `Finish session` in the console, or Ctrl-C here; nothing is lost")


@asynccontextmanager
async def console(operator: Operator, opened: OpenPhone, port: int) -> AsyncIterator[str]:
    """Serves the operator's page inside the block; yields its address."""
    registry = operator.studio.registry

    def consent_text(language: str) -> tuple[str, str]:
        text = registry.text(language)
        return text.body, text.sha256

    app = console_app(
        operator,
        token=secrets.token_urlsafe(24),
        qr_svg=lambda: svg_code(opened.url).decode(),
        consent_text=consent_text,
        languages=languages(registry.folder),
        on_refused=Hearsay(operator.studio.folder).refused,
    )
    runner, url = await serve_console(app, port=port)
    try:
        yield url
    finally:
        await runner.cleanup()


def with_signals(operator: Operator) -> None:
    """Makes Ctrl-C and a polite kill end the session in good order."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, operator.finish_soon)


def summary(folder: SessionFolder) -> str:
    """Returns one line on what the session holds."""
    states = [record.state for record in folder.records()]
    counts = ", ".join(
        f"{states.count(state)} {state}" for state in ("committed", "rejected", "incomplete")
    )
    behind = f"; mirror: {folder.mirror_problem}" if folder.mirror_problem else ""
    return (
        f"{folder.root}: {len(states)} pairs ({counts}){behind}; see `acquire verify {folder.root}`"
    )
