"""How camera, phone, lights, disk and clock are, as coloured fields for the operator."""

import re
from contextlib import suppress

from acquisition.camera.contract import CameraStatus
from acquisition.console.state import Device, Problem
from acquisition.errors import AcquisitionError, CameraError, PhoneError, StoreError, one_line
from acquisition.record import FlashKind
from acquisition.taking.preflight import CLOCK_BOUND_MS
from acquisition.taking.studio import Studio

_LIGHT: dict[FlashKind, str] = {
    "flash": "flash",
    "torch": "torch",
    "screen": "white screen",
    "unknown": "light unknown",
}


def phone_name(device: str) -> str:
    """Returns a short name from what a phone's browser calls itself, for example `Pixel 8`."""
    if match := re.search(r"Android [\d.]+; ([^;)]+)", device):
        return match[1].split(" Build")[0].strip()
    for name in ("iPhone", "iPad", "Macintosh", "Windows", "Linux"):
        if name in device and "Mozilla" in device:
            return name if name.startswith("iP") else f"browser on {name}"
    return device


class Health:
    """What was last heard of each device."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._camera_status: CameraStatus | None = None
        self._camera_error: AcquisitionError | None = None
        self.camera_starts = False
        """Somebody starts it anew at the moment."""

    async def camera_is_lost(self) -> bool:
        """Asks the camera for a sign of life; returns whether there was none."""
        try:
            self._camera_status = await self._studio.on_camera(self._studio.camera.heartbeat)
            self._camera_error = None
        except CameraError as error:
            self._camera_error = error
        return self._camera_error is not None

    def camera(self) -> Device:
        """Returns the camera's field."""
        identity = self._studio.camera.identity
        title = identity.model if identity else ""
        if self._camera_error is not None:
            return Device(level="bad", title=title, text="not there")
        if identity is None:
            if self.camera_starts:
                return Device(level="busy", text="starting anew")
            return Device(level="bad", text="not there")
        status = self._camera_status
        if status is None:
            return Device(level="busy", title=title, text="waking up")
        text = "ready" + (f", battery {status.battery}" if status.battery else "")
        return Device(level="ok", title=title, text=text)

    def phone(self) -> Device:
        """Returns the phone's field."""
        status = self._studio.phone.status()
        if not status.connected:
            return Device(level="off", text="not connected")
        text = _LIGHT[status.flash_kind]
        if status.pending:
            plural = "picture" if len(status.pending) == 1 else "pictures"
            text += f", {len(status.pending)} {plural} still on it"
        is_screen = status.flash_kind == "screen"
        level = "warn" if status.problem or is_screen else "ok"
        advice = "Set it to full brightness." if is_screen else ""
        return Device(level=level, title=phone_name(status.device), text=text, advice=advice)

    def lights(self) -> Device:
        """Returns the lights' field."""
        driver = self._studio.lights.driver
        return Device(level="ok", text="strobes" if driver == "none" else driver)

    def disk(self) -> Device:
        """Returns the disk's field."""
        problem = self._disk_problem()
        try:
            text = f"{self._studio.folder.space().free / 1e9:.0f} GB free"
        except StoreError:
            text = "gone"
        return Device(level=problem.level if problem else "ok", text=text)

    def clock(self) -> Device:
        """Returns the field of the phone's clock."""
        status = self._studio.phone.status()
        if not status.connected:
            return Device(level="off", text="no phone")
        if status.clock is None:
            return Device(level="busy", text="not measured yet")
        level = "warn" if self._clock_problem() else "ok"
        return Device(level=level, text=f"± {status.clock.bound_ns * 1e-6:.1f} ms")

    async def measure_clock(self) -> None:
        """Measures the clock of a phone that has just come, so that its field says something."""
        status = self._studio.phone.status()
        if status.connected and status.clock is None:
            with suppress(PhoneError):
                await self._studio.phone.check()

    def problems(self) -> list[Problem]:
        """Returns what is wrong in words, the worst first."""
        found = [
            self._camera_problem(),
            self._phone_problem(),
            self._disk_problem(),
            self._clock_problem(),
        ]
        wrong = [problem for problem in found if problem is not None]
        wrong += [
            Problem(level="warn", text=f"Calibration: {line}", advice="")
            for line in self._misfits()
        ]
        return sorted(wrong, key=lambda problem: problem.level != "bad")

    def _camera_problem(self) -> Problem | None:
        if self._camera_error is None:
            return None
        advice = _sentence(one_line(self._camera_error))
        return Problem(level="bad", text="The camera is not there.", advice=advice)

    def _phone_problem(self) -> Problem | None:
        status = self._studio.phone.status()
        if not status.connected or not status.problem:
            return None
        advice = _sentence(status.problem)
        return Problem(level="warn", text="The phone needs you.", advice=advice)

    def _disk_problem(self) -> Problem | None:
        folder = self._studio.folder
        try:
            folder.check_space()
        except StoreError as error:
            advice = _sentence(one_line(error))
            return Problem(level="bad", text="The disk takes no more pairs.", advice=advice)
        if folder.mirror_problem:
            advice = _sentence(folder.mirror_problem)
            return Problem(level="warn", text="The second copy is not whole.", advice=advice)
        return None

    def _clock_problem(self) -> Problem | None:
        status = self._studio.phone.status()
        clock = status.clock if status.connected else None
        if clock is None or clock.bound_ns <= CLOCK_BOUND_MS * 1e6:
            return None
        text = f"The phone's clock is known to ± {clock.bound_ns * 1e-6:.0f} ms only."
        advice = "Move the phone nearer to the access point, or use a cable."
        return Problem(level="warn", text=text, advice=advice)

    def _misfits(self) -> list[str]:
        """Returns in words how the calibration is of other devices than those in use."""
        calibration, identity = self._studio.options.calibration, self._studio.camera.identity
        status = self._studio.phone.status()
        if calibration is None or identity is None or not status.connected:
            return []
        return calibration.misfits(status.device, identity.model, status.flash_kind)

    def why_not(self) -> str:
        """Returns why no pair can be taken now, in few words; empty if one can."""
        camera, phone = self.camera(), self.phone()
        if camera.level == "bad":
            return "the camera is not there"
        if camera.level == "busy":
            return "the camera is waking up"
        if phone.level == "off":
            return self._studio.phone.status().problem or "scan the QR code with the phone"
        if self.disk().level == "bad":
            return "the disk takes no more pairs"
        return ""


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
