"""Takes pictures of the clock with both devices."""

import asyncio
import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

from acquisition.calibration.shots import (
    ClockShot,
    MeasuredLatencies,
    ShotList,
    calibrate_folder,
    write_shots,
)
from acquisition.camera.contract import (
    CameraFile,
    CameraIdentity,
    Collected,
    Downloaded,
    Triggered,
)
from acquisition.errors import AcquisitionError, CalibrationError, StoreError, one_line
from acquisition.phone.contract import PhoneExposure, PhoneStatus, ShotName
from acquisition.record import FlashKind, StoredFile

_PAUSE_S = 0.5
_MOST_FAILURES = 3
_SUFFIXES = {b"\xff\xd8\xff": (".jpg", "image/jpeg"), b"\x89PN": (".png", "image/png")}


@runtime_checkable
class MeasuredPhone(Protocol):
    """As much of a phone as a measurement needs."""

    def status(self) -> PhoneStatus:
        """Returns what is known, without asking the phone."""
        ...

    async def check(self) -> PhoneStatus:
        """Asks for a sign of life and measures the phone's clock anew. Raises PhoneError."""
        ...

    async def fire(self, shot: ShotName) -> PhoneExposure:
        """Takes the picture. Raises PhoneError."""
        ...

    async def fetch(self, shot: ShotName) -> StoredFile:
        """Waits until the picture is in the folder. Raises PhoneError."""
        ...


@runtime_checkable
class MeasuredCamera(Protocol):
    """As much of a studio camera as a measurement needs."""

    identity: CameraIdentity | None

    def trigger(self) -> Triggered:
        """Releases the shutter."""
        ...

    def collect(self) -> Collected:
        """Waits for the files of the last trigger."""
        ...

    def download(self, file: CameraFile, part: Path) -> Downloaded:
        """Writes a file of the card to `part`, which must not exist."""
        ...


@runtime_checkable
class Clock(Protocol):
    """The clock on the monitor, as far as a measurement needs it."""

    @property
    def bound_ms(self) -> float:
        """How far off the shown time can be."""
        ...


class CalibrationFolder:
    """Takes in a phone's pictures; an `Intake` for a folder of clock pictures."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stored: dict[str, StoredFile] = {}

    def part(self, shot: ShotName) -> Path:
        """Returns a new temporary path in the folder."""
        return self.folder / f".part-{shot.kind}-{secrets.token_hex(6)}"

    def stored(self, shot: ShotName) -> StoredFile | None:
        """Returns the stored file of a shot, None if there is none."""
        return self._stored.get(str(shot))

    def accept(self, shot: ShotName, part: Path, sha256: str, origin: str) -> StoredFile:
        """Moves a picture to its name; the same picture twice is no error. Raises StoreError."""
        try:
            data = part.read_bytes()
            before = self._stored.get(str(shot))
            suffix, mime = _SUFFIXES.get(data[:3], ("", ""))
            if hashlib.sha256(data).hexdigest() != sha256 or not suffix:
                raise StoreError(f"{shot} is no whole JPEG or PNG: take it again")
            if before is not None and before.sha256 != sha256:
                raise StoreError(f"another picture came for {shot}: the first one stays")
            if before is not None:
                return before
            name = f"{shot.pair}-phone{suffix}"
            os.link(part, self.folder / name)
        except OSError as error:
            raise StoreError(f"{shot} cannot be stored ({error.strerror})") from error
        finally:
            part.unlink(missing_ok=True)
        stored = StoredFile(
            name=name, kind=shot.kind, bytes=len(data), sha256=sha256, mime=mime, origin=origin
        )
        self._stored[str(shot)] = stored
        return stored


async def measure(
    phone: MeasuredPhone,
    camera: MeasuredCamera,
    shots: int,
    *,
    folder: Path,
    clock: Clock,
    say: Callable[[str], None] | None = None,
    pause_s: float = _PAUSE_S,
) -> MeasuredLatencies:
    """Takes `shots` pictures of the clock with each device, one after the other, and reads them.

    Args:
        phone: connected; its pictures must go to `CalibrationFolder(folder)`.
        camera: connected.
        shots: for each device.
        folder: an empty folder; keeps the pictures and `shots.json`.
        clock: the clock on the monitor, running.
        say: takes one line for each shot and each reading.
        pause_s: between two shots.

    Raises:
        CalibrationError: too few pictures can be read.
        AcquisitionError: a device failed three times.
    """
    taken: list[ClockShot] = []
    failures: list[AcquisitionError] = []
    kinds: set[FlashKind] = set()
    # A shot at a random phase of the monitor's frames sees all of them equally often.
    phase = secrets.SystemRandom()
    bound_ms = 0.0
    for index in range(shots):
        for take in (_take_phone, _take_studio):
            await asyncio.sleep(pause_s + phase.uniform(0.0, 0.05))
            try:
                shot, kind = await take(phone, camera, folder, f"shot-{index + 1:03d}")
            except AcquisitionError as error:
                failures.append(error)
                _tell(say, f"shot {index + 1}: {one_line(error)}")
                if len(failures) >= _MOST_FAILURES:
                    raise
                continue
            bound_ms = max(bound_ms, clock.bound_ms)
            taken.append(shot)
            if kind is not None:
                kinds.add(kind)
            _tell(say, f"shot {index + 1} of {shots}: {shot.device}")
    if len(kinds) > 1:
        raise CalibrationError(
            f"the phone used several lights ({', '.join(sorted(kinds))}): charge it and start again"
        )
    identity = camera.identity
    listed = ShotList(
        phone_device=phone.status().device,
        camera_model=identity.model if identity is not None else "",
        flash_kind=kinds.pop() if kinds else "unknown",
        clock_bound_ms=bound_ms,
        shots=taken,
    )
    write_shots(listed, folder)
    return await asyncio.to_thread(calibrate_folder, folder, say)


def _tell(say: Callable[[str], None] | None, line: str) -> None:
    if say is not None:
        say(line)


async def _take_phone(
    phone: MeasuredPhone, _camera: MeasuredCamera, _folder: Path, name: str
) -> tuple[ClockShot, FlashKind | None]:
    shot = ShotName(pair=name, kind="phone_flash")
    await phone.check()
    exposed = await phone.fire(shot)
    stored = await phone.fetch(shot)
    # The interval begins the clock's bound before the moment of the call.
    bound_ns = exposed.clock.bound_ns if exposed.clock is not None else 0
    call_ns = exposed.exposure.start_ns + bound_ns
    return ClockShot(device="phone", file=stored.name, call_ns=call_ns), exposed.flash_kind


async def _take_studio(
    _phone: MeasuredPhone, camera: MeasuredCamera, folder: Path, name: str
) -> tuple[ClockShot, FlashKind | None]:
    return await asyncio.to_thread(_studio_shot, camera, folder, name), None


def _studio_shot(camera: MeasuredCamera, folder: Path, name: str) -> ClockShot:
    triggered = camera.trigger()
    collected = camera.collect()
    jpegs = [file for file in collected.files if file.name.lower().endswith((".jpg", ".jpeg"))]
    if not jpegs:
        raise CalibrationError(
            "the camera brought no JPEG of the clock: set it to RAW+JPEG or JPEG for this"
        )
    part = folder / f"{name}-studio.jpg"
    camera.download(jpegs[0], part)
    return ClockShot(device="studio", file=part.name, call_ns=triggered.exposure.start_ns)
