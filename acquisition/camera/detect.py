"""Which cameras are there?"""

from acquisition.camera.address import Address
from acquisition.camera.process import (
    CameraProcess,
    Deadlines,
    SettingsHome,
    environment_for,
    expect,
)
from acquisition.camera.protocol import Cameras, Find, Found


def detect_cameras(deadlines: Deadlines | None = None) -> list[Found]:
    """Returns the cameras on the USB; each is opened once, to ask for its serial number.

    Raises:
        CameraError: the library gave no answer in time, or crashed.
    """
    times = deadlines or Deadlines()
    home = SettingsHome(None)
    process = CameraProcess(environment_for(Address(kind="usb"), home.prepare()))
    try:
        return expect(process.ask(Find(), times.list_s), Cameras).found
    finally:
        process.let_go(times.close_s)
        home.remove()
