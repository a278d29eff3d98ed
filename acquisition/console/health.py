"""How camera, phone, lights, disk and clock are, as coloured fields for the operator."""

import re
import shutil

from acquisition.camera.contract import CameraStatus
from acquisition.console.state import Device, Problem
from acquisition.errors import AcquisitionError, CameraError, StoreError, one_line
from acquisition.record import FlashKind
from acquisition.taking.preflight import CLOCK_BOUND_MS, clock_words
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
        title = identity.model if identity else "Studio camera"
        if self._camera_error is not None or identity is None:
            advice = one_line(self._camera_error) if self._camera_error else ""
            return Device(level="bad", title=title, text="not there", advice=advice)
        status = self._camera_status
        if status is None:
            return Device(level="busy", title=title, text="waking up")
        text = "ready" + (f", battery {status.battery}" if status.battery else "")
        return Device(level="ok", title=title, text=text)

    def phone(self) -> Device:
        """Returns the phone's field."""
        status = self._studio.phone.status()
        if not status.connected:
            advice = status.problem or "Scan the QR code with the phone."
            return Device(level="off", text="not connected", advice=advice)
        text = _LIGHT[status.flash_kind]
        if status.pending:
            text += f", {len(status.pending)} pictures still on it"
        level = "warn" if status.problem or status.flash_kind == "screen" else "ok"
        name = phone_name(status.device)
        return Device(level=level, title=name, text=text, advice=status.problem)

    def lights(self) -> Device:
        """Returns the lights' field."""
        driver = self._studio.lights.driver
        return Device(level="ok", text="strobes" if driver == "none" else driver)

    def disk(self) -> Device:
        """Returns the disk's field."""
        free = shutil.disk_usage(self._studio.folder.root).free
        text = f"{free / 1e9:.0f} GB free"
        try:
            self._studio.folder.check_space()
        except StoreError as error:
            return Device(level="bad", text=text, advice=one_line(error))
        return Device(level="ok", text=text)

    def clock(self) -> Device:
        """Returns the field of the phone's clock."""
        status = self._studio.phone.status()
        if not status.connected:
            return Device(level="off", text="no phone")
        clock = status.clock
        if clock is None:
            return Device(level="busy", text="not measured yet")
        is_good = clock.bound_ns <= CLOCK_BOUND_MS * 1e6
        advice = "" if is_good else "Move the phone nearer to the access point, or use a cable."
        level = "ok" if is_good else "warn"
        return Device(level=level, text=clock_words(clock), advice=advice)

    def problems(self) -> list[Problem]:
        """Returns what is wrong in words, the worst first."""
        fields = {
            "Camera": self.camera(),
            "Phone": self.phone(),
            "Disk": self.disk(),
            "Clock": self.clock(),
        }
        # Where there is nothing to do, the coloured field says enough.
        wrong = [
            Problem(level=field.level, text=f"{name}: {field.text}.", advice=field.advice)
            for name, field in fields.items()
            if field.level in ("bad", "warn") and field.advice
        ]
        return sorted(wrong, key=lambda problem: problem.level != "bad")

    def why_not(self) -> str:
        """Returns why no pair can be taken now; empty if one can."""
        camera, phone, disk = self.camera(), self.phone(), self.disk()
        if camera.level == "bad":
            return camera.advice or "the camera is not there"
        if camera.level == "busy":
            return "the camera is waking up"
        if phone.level == "off":
            return phone.advice
        if disk.level == "bad":
            return disk.advice
        return ""
