"""What must be true before a pair is begun; each failure is one line with what to do."""

import time

from acquisition.camera.contract import CameraStatus
from acquisition.errors import AcquisitionError, CameraError, PhoneError, one_line
from acquisition.phone.contract import Phone, PhoneStatus
from acquisition.taking.studio import Studio

ALIVE_WITHIN_S = 2.0
CLOCK_BOUND_MS = 5.0


async def check_camera(studio: Studio) -> tuple[CameraStatus, dict[str, str]]:
    """Asks the camera for a sign of life, and compares its settings with what was set.

    Returns the status, and the settings as read back.

    Raises:
        CameraError: no answer, or somebody turned a dial.
    """
    camera = studio.camera
    status = await studio.on_camera(camera.heartbeat)
    if (time.monotonic_ns() - status.alive_ns) * 1e-9 > ALIVE_WITHIN_S:
        raise CameraError(
            "the camera gave no sign of life for two seconds; look whether it sleeps, then press "
            "Restart camera"
        )
    current = await studio.on_camera(camera.settings)
    # The profile may spell a value otherwise than the camera: 1/125, 0.0080s.
    studio.settings = studio.settings or current
    turned = [
        f"{name} is {current[name]}, it was set to {before}"
        for name, before in studio.settings.items()
        if name in current and current[name] != before
    ]
    if turned:
        raise CameraError(
            f"somebody turned a dial: {'; '.join(turned)}; press Restart camera to set it again"
        )
    return status, current


async def check_phone(phone: Phone) -> PhoneStatus:
    """Asks the phone for a sign of life and measures its clock.

    Raises:
        PhoneError: no answer, no flash, a clock that cannot be trusted.
    """
    status = await phone.check()
    if not status.connected:
        raise PhoneError("no phone is connected; scan the QR code with it")
    if status.clock is not None and status.clock.bound_ns > CLOCK_BOUND_MS * 1e6:
        raise PhoneError(
            f"the phone's clock is known to ± {status.clock.bound_ns * 1e-6:.0f} ms only, "
            f"{CLOCK_BOUND_MS:.0f} ms are needed; move the phone nearer to the access point or "
            "use a cable"
        )
    return status


def in_words(error: AcquisitionError, what: str) -> str:
    """Returns one line that names the device: `the camera: ...`."""
    text = one_line(error)
    return text if text.lower().startswith(("the ", "no ")) else f"{what}: {text}"
