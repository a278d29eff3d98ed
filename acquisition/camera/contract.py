"""What a studio camera is to the rest of the program.

Calls are synchronous and end by their own deadline; a session calls them in a thread. Whatever
happens inside the camera's library, a call either returns or raises a CameraError.
"""

from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import msgspec

from acquisition.clock import Interval

Files = Literal["raw+jpeg", "raw", "jpeg"]


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the camera shall be set; the form of a profile's YAML."""

    name: str = "unnamed"
    files: Files = "raw+jpeg"
    """Which files one shot must bring."""
    settings: dict[str, str] = {}
    """gphoto2's names and values, for example `iso: "100"`; set in this order."""
    leave: list[str] = []
    """Settings that differ from body to body and may be absent: set if offered, else noted."""
    minimum_interval_s: float = 0.0
    """Least time between two shots; some bodies freeze when they are hurried."""


class CameraIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Which camera answered."""

    model: str
    serial: str
    port: str
    library: str
    """For example `libgphoto2 2.5.34`."""


class CameraStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What a heartbeat found."""

    alive_ns: int
    """Host clock of the last sign of life."""
    battery: str = ""
    free_bytes: int | None = None
    """On the card, where the camera says."""
    clock_offset_s: float | None = None
    """The camera's calendar clock minus the host's; resolution is a second on many bodies."""


class CameraFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file on the camera's card."""

    folder: str
    name: str
    bytes: int | None = None
    """As announced by the camera."""

    @property
    def path(self) -> str:
        """Returns the path on the card."""
        return f"{self.folder.rstrip('/')}/{self.name}"


class Triggered(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a trigger: the exposure began and ended inside the interval."""

    exposure: Interval


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """What the camera said after a trigger."""

    files: list[CameraFile]
    missing: list[str]
    """`raw` or `jpeg` where the deadline passed first; may still appear on the card."""
    events: list[tuple[int, str]]
    log: str
    """What the library said since the last shot."""


class Downloaded(msgspec.Struct, frozen=True, kw_only=True):
    """A file that came down whole: size as announced, container sound."""

    bytes: int
    sha256: str
    mime: str
    is_raw: bool


@runtime_checkable
class StudioCamera(Protocol):
    """A tethered camera."""

    identity: CameraIdentity | None
    """None while there is no connection."""

    def connect(self) -> CameraIdentity:
        """Opens the camera; closes a half-open one first, so that it can be tried again."""
        ...

    def apply(self, profile: Profile) -> dict[str, str]:
        """Checks, sets, reads back and compares; returns the values read back."""
        ...

    def settings(self) -> dict[str, str]:
        """Returns the current values of the profile's settings."""
        ...

    def heartbeat(self) -> CameraStatus:
        """Drains events and asks the camera something that it cannot answer from a cache."""
        ...

    def trigger(self) -> Triggered:
        """Releases the shutter. Returns after the driver's call does.

        Raises CameraSilent where the shutter may have been released all the same (then `collect`
        may find its files), CameraError where it surely was not.
        """
        ...

    def collect(self) -> Collected:
        """Waits for the files of the last trigger, all expected ones or until the deadline."""
        ...

    def download(self, file: CameraFile, part: Path) -> Downloaded:
        """Writes a file of the card to `part` (which must not exist), fsynced and verified."""
        ...

    def list_files(self) -> list[CameraFile]:
        """Returns what is on the card, past any cache."""
        ...

    def restart(self) -> CameraIdentity:
        """Ends the camera's process, starts another, connects and applies the last profile."""
        ...

    def close(self) -> None:
        """Lets go of the camera. Never raises."""
        ...
