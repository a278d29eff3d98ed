"""A phone on a cable with its stock camera app: adb presses the shutter and fetches the file.

The flash is what the operator set in the app; each picture's EXIF tells whether it fired.
Nothing on the phone is ever deleted.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Literal, TypeVar

import msgspec

from acquisition.clock import ClockOffset
from acquisition.errors import PhoneError, PhoneSilent, StoreError
from acquisition.phone import adb_exif
from acquisition.phone.adb_browser import open_on_phone
from acquisition.phone.adb_shell import AdbLink, PhoneFacts, connect
from acquisition.phone.adb_shutter import Pressed, Taken, Timing, aim, wait_for_picture
from acquisition.phone.contract import Intake, PhoneExposure, PhoneStatus, ShotName
from acquisition.record import FlashKind, StoredFile

__all__ = ["AdbOptions", "AdbPhone", "open_on_phone"]

Shutter = Literal["camera", "volume_up"]
_KEYCODES: dict[Shutter, int] = {"camera": 27, "volume_up": 24}
_WAKE_UP = "input keyevent 224"
_CAMERA_APP = "-a android.media.action.STILL_IMAGE_CAMERA"
_TRIES = 3
_Answer = TypeVar("_Answer")


class AdbOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to use the phone."""

    shutter: Shutter = "camera"
    """Which key takes a picture in this phone's camera app."""
    folder: str = "/sdcard/DCIM/Camera"
    """Where the app puts its pictures."""
    deadline_s: float = 6.0
    """From the key to the finished picture."""
    fetch_deadline_s: float = 30.0
    retry_ms: int = 200
    """Between two tries of a copy."""
    poll_ms: int = 50
    stable_ms: int = 100
    """How long a file must keep its size to count as finished."""
    exif_slack_ms: int = 500
    """How far the EXIF time may be from the exposure; apps differ in what they write."""
    host: str | None = None
    """Of the adb server; None for `ANDROID_ADB_SERVER_HOST` or this computer."""
    port: int | None = None
    """Of the adb server; None for `ANDROID_ADB_SERVER_PORT` or 5037."""


class AdbPhone:
    """The phone of a session, driven through adb."""

    def __init__(
        self, intake: Intake, serial: str | None = None, options: AdbOptions | None = None
    ) -> None:
        """Takes note of what to use; `check` connects.

        Args:
            intake: Where the pictures go.
            serial: Which phone; None where only one is attached.
            options: How to use it.
        """
        self._intake = intake
        self._serial = serial
        self._options = options or AdbOptions()
        self._link: AdbLink | None = None
        self._facts: PhoneFacts | None = None
        self._ready = False
        """Whether the camera app was brought to the front and nothing failed since."""
        self._status = PhoneStatus(connected=False, driver="adb")
        self._pressed: dict[ShotName, Pressed] = {}
        self._taken: dict[ShotName, Taken] = {}
        self._running: set[Event] = set()

    def status(self) -> PhoneStatus:
        """Returns what is known, without asking the phone."""
        held = [str(shot) for shot in self._taken]
        return msgspec.structs.replace(self._status, pending=held)

    async def check(self) -> PhoneStatus:
        """Connects if need be, wakes the phone, measures its clock. Raises PhoneError."""
        try:
            link, facts, clock = await self._in_thread(self._look)
        except PhoneError:
            self._status = msgspec.structs.replace(self._status, connected=False)
            raise
        self._link, self._facts, self._ready = link, facts, True
        self._status = PhoneStatus(
            connected=True,
            driver="adb",
            device=facts.device,
            alive_ns=time.monotonic_ns(),
            flash_kind="flash" if facts.has_flash else "unknown",
            clock=clock,
            capabilities={
                # A stock app keeps its flash setting: it cannot leave the flash out for one shot.
                "reference": False,
                "serial": link.serial,
                "flash": facts.has_flash,
            },
            problem=_problem(facts, clock),
        )
        return self.status()

    async def reference(self, shot: ShotName) -> PhoneExposure:
        """Raises PhoneError: see `status().capabilities["reference"]`."""
        raise PhoneError(
            f"{shot}: a stock camera app cannot leave out its flash for one picture; go on without "
            "reference pictures, or use the phone's browser instead of adb"
        )

    async def fire(self, shot: ShotName) -> PhoneExposure:
        """Presses the key and waits for the finished file with its flash fired.

        Raises:
            PhoneSilent: the phone went away, there was no file by the deadline, or one without
                flash. What there is can still be fetched.
            PhoneError: it took no picture.
        """
        if self._link is None:
            await self.check()
        taken = await self._in_thread(lambda stop: self._shoot(shot, stop))
        kind = self._flash_kind(taken)
        return PhoneExposure(
            exposure=taken.exposure,
            flash_kind=kind,
            late_ns=None,
            clock=self._status.clock,
            requested={
                "shutter": self._options.shutter,
                "file": taken.path,
                "bytes": taken.bytes,
                "exif": taken.exif,
                "exif_agrees": taken.exif_agrees,
                "others": taken.others,
            },
        )

    async def fetch(self, shot: ShotName) -> StoredFile:
        """Copies the picture into the store, its SHA-256 compared with the phone's.

        A picture that came after the deadline of `fire` is looked for once more.

        Raises:
            PhoneError: no such picture, or no whole copy by the deadline; it is still on the phone.
            StoreError: the store refused it.
        """
        if (stored := self._intake.stored(shot)) is not None:
            return stored
        file = await self._in_thread(lambda stop: self._bring(shot, stop))
        self._pressed.pop(shot, None)
        self._taken.pop(shot, None)
        return file

    async def discard(self, pair: str) -> None:
        """Forgets the pair's pictures; they stay on the phone. Never raises."""
        for known in (self._pressed, self._taken):
            for shot in [shot for shot in known if shot.pair == pair]:
                del known[shot]

    async def close(self) -> None:
        """Lets go of the phone; the adb server stays. Never raises."""
        for stop in self._running:
            stop.set()
        self._link = None
        self._status = msgspec.structs.replace(self._status, connected=False)

    async def _in_thread(self, work: Callable[[Event], _Answer]) -> _Answer:
        stop = Event()
        self._running.add(stop)
        try:
            answer = await asyncio.to_thread(work, stop)
        except PhoneError as error:
            self._ready = False
            self._status = msgspec.structs.replace(self._status, problem=str(error))
            raise
        finally:
            stop.set()
            self._running.discard(stop)
        self._status = msgspec.structs.replace(
            self._status, alive_ns=time.monotonic_ns(), problem=""
        )
        return answer

    def _look(self, _: Event) -> tuple[AdbLink, PhoneFacts, ClockOffset | None]:
        link, facts = self._link, self._facts
        if link is None or facts is None or not self._ready:
            link = connect(self._serial, self._options.host, self._options.port)
            facts = link.facts()
            link.shell(_WAKE_UP, "wake up")
            link.start(_CAMERA_APP, "open its camera app")
        else:
            link.shell(_WAKE_UP, "wake up")
        return link, facts, link.clock()

    def _shoot(self, shot: ShotName, stop: Event) -> Taken:
        if shot in self._pressed:
            raise PhoneError(f"{shot} was already fired; take a new pair")
        options = self._options
        link = self._linked()
        self._pressed[shot] = pressed = aim(link, options.folder)
        try:
            link.shell(f"input keyevent {_KEYCODES[options.shutter]}", "press the shutter key")
            return self._find(shot, pressed.called_ns + round(options.deadline_s * 1e9), stop)
        except PhoneError as error:
            raise PhoneSilent(str(error)) from error

    def _find(self, shot: ShotName, deadline_ns: int, stop: Event) -> Taken:
        options = self._options
        timing = Timing(
            poll_s=options.poll_ms / 1000,
            stable_s=options.stable_ms / 1000,
            slack_ns=options.exif_slack_ms * 1_000_000,
            clock=self._status.clock,
            zone=self._facts.zone if self._facts else "",
        )
        pressed = self._pressed[shot]
        taken = wait_for_picture(self._linked(), pressed, timing, deadline_ns, stop)
        self._taken[shot] = taken
        return taken

    def _bring(self, shot: ShotName, stop: Event) -> StoredFile:
        deadline_ns = time.monotonic_ns() + round(self._options.fetch_deadline_s * 1e9)
        if shot not in self._pressed:
            folder = self._options.folder
            raise PhoneError(f"the session did not take {shot}; look for it in {folder}")
        taken = self._taken.get(shot) or self._find(shot, deadline_ns, stop)
        problem = "stopped"
        for _ in range(_TRIES):
            part = self._intake.part(shot)
            try:
                digest = self._copy(taken.path, part, deadline_ns)
            except StoreError:
                part.unlink(missing_ok=True)
                raise
            except PhoneError as error:
                part.unlink(missing_ok=True)
                problem = str(error)
                if stop.wait(self._options.retry_ms / 1000) or time.monotonic_ns() > deadline_ns:
                    break
            else:
                return self._intake.accept(shot, part, digest, taken.path)
        raise PhoneError(f"{shot} did not come over whole and is still on the phone: {problem}")

    def _copy(self, path: str, part: Path, deadline_ns: int) -> str:
        link = self._linked()
        digest = link.pull(path, part, deadline_ns)
        if digest != link.sha256(path):
            raise PhoneError(f"the copy of {path} differs from the phone's file; fetch it again")
        return digest

    def _linked(self) -> AdbLink:
        if self._link is None:
            raise PhoneError("the phone is not connected; check it first")
        return self._link

    def _flash_kind(self, taken: Taken) -> FlashKind:
        kind = adb_exif.flash_kind(taken.exif)
        if kind is None:
            problem = (
                f"the flash did not fire for {taken.path}, which stays on the phone: set the flash "
                "to ON, not AUTO, in the camera app and use the rear camera"
            )
            self._status = msgspec.structs.replace(self._status, problem=problem)
            raise PhoneSilent(problem)
        if kind == "unknown":
            problem = (
                f"{taken.path} does not say whether the flash fired: set the camera app to JPEG "
                "and its flash to ON, not AUTO"
            )
            self._status = msgspec.structs.replace(self._status, problem=problem)
        return kind


def _problem(facts: PhoneFacts, clock: ClockOffset | None) -> str:
    if not facts.has_flash:
        return f"{facts.device} names no flash of its own; use another phone"
    if clock is None:
        return f"{facts.device} does not tell its time; exposures are bracketed by the key alone"
    return ""
