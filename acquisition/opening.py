"""Opens the devices that a session was asked for: what each word on the command line means."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from acquisition.errors import UsageError
from acquisition.phone.contract import Intake, Phone, PhoneExposure, ShotName
from deepflash.places import configuration_folder

if TYPE_CHECKING:
    from acquisition.phone.web.driver import WebPhone

Refused = Callable[[str], None]
Late = Callable[[ShotName, PhoneExposure], None]
PhoneWay = Literal["wifi", "cable", "adb", "here"]
WAYS: tuple[PhoneWay, ...] = ("wifi", "cable", "adb", "here")


class PhoneRequest(msgspec.Struct, frozen=True, kw_only=True):
    """How the phone shall be reached."""

    way: PhoneWay = "wifi"
    """wifi: a page over HTTPS. cable: the same page through `adb reverse`. adb: the phone's own
    camera app, driven over the cable. here: the page on this computer alone, for a browser or a
    simulated phone beside it."""
    port: int = 8443
    address: str = ""
    """This computer's address or interface for the phone; empty to choose."""
    serial: str = ""
    """Which phone, where several hang on cables."""
    key: str = "camera"
    """adb: what releases the shutter, camera or volume_up."""
    folder: str = ""
    """adb: where the phone's camera app puts its pictures; empty for the usual place."""


class OpenPhone(msgspec.Struct, frozen=True, kw_only=True):
    """A phone that waits for its shots."""

    phone: Phone
    url: str
    """What the phone opens; empty where it opens nothing."""
    preview: Callable[[], bytes | None]
    advice: str
    """What the operator does now to connect the phone."""


def _no_preview() -> None:
    return None


async def open_phone(
    request: PhoneRequest, intake: Intake, *, on_refused: Refused, on_late: Late = lambda *_: None
) -> OpenPhone:
    """Serves the phone's page, or finds the phone on its cable.

    Args:
        request: how the phone shall be reached.
        intake: where its pictures go.
        on_refused: is told in one line of everybody who knocked with no right to.
        on_late: is told of a picture that the phone took after its deadline.

    Raises:
        UsageError: this computer is in no network, or has no such address.
        PhoneError: the port is taken, or no phone hangs on a cable.
    """
    if request.way == "adb":
        from acquisition.phone.adb import AdbOptions, AdbPhone

        if request.key not in ("camera", "volume_up"):
            raise UsageError(f"--phone-key {request.key}: there is camera and volume_up")
        options = AdbOptions(shutter="volume_up" if request.key == "volume_up" else "camera")
        if request.folder:
            options = msgspec.structs.replace(options, folder=request.folder)
        phone = AdbPhone(intake, request.serial or None, options)
        await phone.check()
        advice = "Open nothing: the phone's camera app was started. Set its flash to ON."
        return OpenPhone(phone=phone, url="", preview=_no_preview, advice=advice)
    from acquisition.phone.web.driver import WebPhone

    return await _web_phone(request, WebPhone(intake, on_refused=on_refused, on_late=on_late))


async def _web_phone(request: PhoneRequest, phone: "WebPhone") -> OpenPhone:
    if request.way == "here":
        url = await phone.serve("127.0.0.1", request.port, None)
        advice = "Open the address in a browser on this computer."
    elif request.way == "cable":
        from acquisition.phone.adb import open_on_phone

        url = await phone.serve("127.0.0.1", request.port, None)
        await asyncio.to_thread(open_on_phone, url, request.port, request.serial or None)
        advice = "The page was opened on the phone; allow the camera there."
    else:
        from deepflash.serving.address import choose_address
        from deepflash.serving.certificate import server_certificate

        address = choose_address(request.address)
        certificate = await asyncio.to_thread(
            server_certificate, configuration_folder() / "certificates", [address]
        )
        url = await phone.serve(
            address, request.port, certificate.context, certificate.authority_der
        )
        advice = (
            "Scan the code with the phone, in the same Wi-Fi. Its browser warns of the "
            "certificate: it is this computer's own; go on, and allow the camera."
        )
    return OpenPhone(phone=phone, url=url, preview=phone.preview, advice=advice)


def phone_way(word: str) -> PhoneWay:
    """Returns the way that `word` names. Raises UsageError for another word."""
    for way in WAYS:
        if word == way:
            return way
    raise UsageError(f"--phone {word}: there is {', '.join(WAYS)}")


def read_yaml_file(path: Path) -> bytes:
    """Returns a YAML file's bytes. Raises UsageError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}; name another file") from error
