"""Which camera is meant: an address on the command line, in a session and in messages.

| text | meaning |
| --- | --- |
| `usb` | the only camera on the USB |
| `usb:001,004` | the camera on this bus and device number (they change when it is plugged anew) |
| `serial:SN123` | the camera with this serial number, wherever it is plugged |
| `ptpip:HOST:PORT` | a camera in the network; without PORT 15740 |
"""

import re
from typing import Literal

import msgspec

from acquisition.errors import UsageError

PTPIP_PORT = 15740
FORMS = "usb, usb:BUS,DEVICE, serial:NUMBER or ptpip:HOST:PORT"
_HOST = r"[A-Za-z0-9][A-Za-z0-9.-]*"


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Names one camera."""

    kind: Literal["usb", "port", "serial", "ptpip"]
    value: str = ""
    """The library's port, the serial number, or HOST:PORT; empty for `usb`."""

    def __str__(self) -> str:
        match self.kind:
            case "usb":
                return "usb"
            case "port":
                return self.value
            case _:
                return f"{self.kind}:{self.value}"

    @property
    def library_port(self) -> str | None:
        """Returns the port as libgphoto2 wants it, None if the camera has to be looked for."""
        if self.kind == "port":
            return self.value
        if self.kind == "ptpip":
            host, port = self.value.rsplit(":", 1)
            # Twice: without its own number the event connection goes to 15740.
            return f"ptpip:{host}:{port}:{port}"
        return None


def parse_address(text: str) -> Address:
    """Returns the address that `text` spells.

    Raises:
        UsageError: none of the four forms.
    """
    if text == "usb":
        return Address(kind="usb")
    if re.fullmatch(r"usb:\d{1,3},\d{1,3}", text):
        return Address(kind="port", value=text)
    if match := re.fullmatch(r"serial:([\w.-]{1,64})", text):
        return Address(kind="serial", value=match[1])
    if match := re.fullmatch(rf"ptpip:({_HOST})(?::(\d{{1,5}})(?::\2)?)?", text):
        port = int(match[2] or PTPIP_PORT)
        if 1 <= port <= 65535:
            return Address(kind="ptpip", value=f"{match[1]}:{port}")
    raise UsageError(
        f"{text!r} is no address of a camera; write {FORMS} (`acquire camera` lists what is there)"
    )
