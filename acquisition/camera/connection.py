"""Finding and opening a camera (inside the camera's process)."""

import os
import re
import time

from acquisition.camera.address import Address
from acquisition.camera.advice import CLAIMED, advise
from acquisition.camera.contract import CameraIdentity
from acquisition.camera.library import Camera, gp
from acquisition.camera.library_log import LibraryLog
from acquisition.camera.protocol import Found
from acquisition.camera.settings import read_setting
from acquisition.errors import CameraError

ATTEMPTS = 3
_PAUSE_S = 0.25
_NETWORK_MODEL = "PTP/IP Camera"


def library_version() -> str:
    """Returns name and version of the library, for example `libgphoto2 2.5.34`."""
    return f"libgphoto2 {gp.gp_library_version(gp.GP_VERSION_SHORT)[0]}"


def open_camera(address: Address, log: LibraryLog) -> tuple[Camera, CameraIdentity]:
    """Returns the open camera and who it is.

    Raises:
        CameraError: there is none, or several to choose from.
        gphoto2.GPhoto2Error: it cannot be opened.
    """
    if port := address.library_port:
        model = _NETWORK_MODEL if address.kind == "ptpip" else ""
        camera = _open_patiently(model, port, log)
        return camera, _identity(camera, port, log)
    if address.kind == "serial":
        return _open_by_serial(address.value, log)
    cameras = _detect(log)
    if not cameras:
        raise CameraError(
            "found no camera on the USB; switch it on, look at cable and hub, wake it by half a "
            "press, and set its USB mode to PTP or PC remote"
        )
    if len(cameras) > 1:
        names = ", ".join(f"{model} ({port})" for model, port in cameras)
        raise CameraError(f"found {len(cameras)} cameras: {names}; choose one by serial: or usb:")
    model, port = cameras[0]
    camera = _open_patiently(model, port, log)
    return camera, _identity(camera, port, log)


def find_cameras(log: LibraryLog) -> list[Found]:
    """Returns the cameras on the USB, each opened for its serial number where that works."""
    found: list[Found] = []
    for model, port in _detect(log):
        try:
            camera = _open(model, port, log)
        except gp.GPhoto2Error as error:
            text = advise(f"connect at {port}", error.code, error.string, log.said(), lost=True)
            found.append(Found(model=model, port=port, problem=text))
            continue
        identity = _identity(camera, port, log)
        found.append(Found(model=identity.model, port=port, serial=identity.serial))
        let_go(camera, log)
    return found


def _hold_descriptor_zero() -> None:
    """Keeps descriptor 0 taken.

    libgphoto2 2.5.34 closes it whenever it lets go of a PTP/IP camera; whatever was opened next
    would take the number, and be closed the next time.
    """
    null = os.open(os.devnull, os.O_RDONLY)
    if null != 0:
        os.dup2(null, 0)
        os.close(null)


def let_go(camera: Camera, log: LibraryLog) -> None:
    """Closes a camera. The object must not be used again: opening it anew corrupts memory."""
    try:
        camera.exit(log.context)
    except gp.GPhoto2Error as error:
        log.note(f"exit: {error}")


def _open_by_serial(serial: str, log: LibraryLog) -> tuple[Camera, CameraIdentity]:
    seen: list[str] = []
    for model, port in _detect(log):
        try:
            camera = _open_patiently(model, port, log)
        except gp.GPhoto2Error as error:
            seen.append(f"{model} at {port} ({error.string}, {error.code})")
            continue
        identity = _identity(camera, port, log)
        # Some drivers pad the number with zeros, the label on the body does not.
        if identity.serial.lstrip("0") == serial.lstrip("0"):
            return camera, identity
        seen.append(f"{identity.model} with {identity.serial or 'no number'}")
        let_go(camera, log)
    raise CameraError(
        f"found no camera with the serial number {serial}; there is {', '.join(seen) or 'none'}; "
        "switch it on and look at the cable"
    )


def _detect(log: LibraryLog) -> list[tuple[str, str]]:
    cameras = gp.check_result(gp.gp_camera_autodetect(log.context))
    return [(cameras.get_name(index), cameras.get_value(index)) for index in range(len(cameras))]


def _open_patiently(model: str, port: str, log: LibraryLog) -> Camera:
    """Tries several times: right after a lost connection a body refuses the first ones."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _open(model, port, log)
        except gp.GPhoto2Error as error:
            log.note(f"attempt {attempt} to open {port}: {error}")
            if attempt == ATTEMPTS or error.code == CLAIMED:
                raise
            time.sleep(_PAUSE_S)
    raise CameraError(f"cannot open {port}")


def _open(model: str, port: str, log: LibraryLog) -> Camera:
    camera = gp.Camera()
    ports = gp.PortInfoList()
    ports.load()
    camera.set_port_info(ports[ports.lookup_path(port)])
    if model:
        models = gp.CameraAbilitiesList()
        models.load(log.context)
        camera.set_abilities(models[models.lookup_model(model)])
    _hold_descriptor_zero()
    camera.init(log.context)
    return camera


def _identity(camera: Camera, port: str, log: LibraryLog) -> CameraIdentity:
    serial = _text(camera, "serialnumber", log)
    if not serial:
        summary = camera.get_summary(log.context).text
        match = re.search(r"Serial Number:\s*(\S+)", summary)
        serial = match[1] if match else ""
    return CameraIdentity(
        model=_text(camera, "cameramodel", log) or camera.get_abilities().model,
        serial=serial.strip(),
        port=port,
        library=library_version() + (" (virtual)" if os.environ.get("VCAMERADIR") else ""),
    )


def _text(camera: Camera, name: str, log: LibraryLog) -> str:
    setting = read_setting(camera, name, log)
    return (setting.value or "") if setting else ""
