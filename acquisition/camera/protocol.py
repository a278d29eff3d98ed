"""What the session and the camera's process say to each other, and the pipe between them.

One request, one answer, in turn. A message is a MessagePack map behind its length in four bytes.
All times are `time.monotonic_ns()`, which both processes share.
"""

import socket
import struct
import time
from typing import Literal

import msgspec

from acquisition.camera.address import Address
from acquisition.camera.contract import (
    CameraFile,
    CameraIdentity,
    CameraStatus,
    Downloaded,
    Profile,
)

LONGEST_MESSAGE = 64 << 20
_LENGTH = struct.Struct(">I")


class Request(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base of all that the session asks."""

    @property
    def asked(self) -> str:
        """Returns the request in words, for errors: `asked the camera to ...`."""
        return "answer"


class Find(Request, frozen=True, kw_only=True):
    """List the cameras within reach, each opened once for its serial number."""

    @property
    def asked(self) -> str:
        """Returns the request in words."""
        return "say who it is"


class Open(Request, frozen=True, kw_only=True):
    """Open a camera; an open one is let go of first."""

    address: Address

    @property
    def asked(self) -> str:
        """Returns the request in words."""
        return f"connect at {self.address}"


class Apply(Request, frozen=True, kw_only=True):
    """Check, set, read back and compare; kept, and applied again after each new connection."""

    profile: Profile

    @property
    def asked(self) -> str:
        """Returns the request in words."""
        return f"take the profile {self.profile.name!r}"


class Read(Request, frozen=True, kw_only=True):
    """Current values of the named settings; of all, with choices, if there is no name."""

    names: list[str]

    @property
    def asked(self) -> str:
        """Returns the request in words."""
        return "tell its settings"


class Beat(Request, frozen=True, kw_only=True):
    """A sign of life."""

    @property
    def asked(self) -> str:
        """Returns the request in words."""
        return "give a sign of life"


class Release(Request, frozen=True, kw_only=True):
    """Release the shutter; while the camera is busy, again until the deadline."""

    deadline_ns: int

    @property
    def asked(self) -> str:
        """Returns the request in words."""
        return "release the shutter"


class Await(Request, frozen=True, kw_only=True):
    """Wait for the files of the last release."""

    kinds: list[Literal["raw", "jpeg"]]
    """Empty: until the camera says that it is done."""
    deadline_ns: int

    @property
    def asked(self) -> str:
        """Returns the request in words."""
        return "announce the files of the shot"


class Fetch(Request, frozen=True, kw_only=True):
    """Download one file."""

    file: CameraFile
    part: str

    @property
    def asked(self) -> str:
        """Returns the request in words."""
        return f"send {self.file.path}"


class Card(Request, frozen=True, kw_only=True):
    """List the card."""

    fresh: bool
    """On a new connection, because the library answers listings from a cache."""
    sizes: bool

    @property
    def asked(self) -> str:
        """Returns the request in words."""
        return "list its card"


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base of all that the camera's process answers."""


class Failed(Answer, frozen=True, kw_only=True):
    """It did not work; `text` is the one line for the operator."""

    kind: Literal["CameraError", "DownloadError", "StoreError", "UsageError"]
    text: str
    lost: bool
    """The connection is of no more use."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A camera within reach."""

    model: str
    port: str
    serial: str = ""
    problem: str = ""
    """Why it could not be opened."""


class Cameras(Answer, frozen=True, kw_only=True):
    """Answer to Find."""

    found: list[Found]


class Opened(Answer, frozen=True, kw_only=True):
    """Answer to Open."""

    identity: CameraIdentity


class Applied(Answer, frozen=True, kw_only=True):
    """Answer to Apply."""

    values: dict[str, str]
    notes: list[str]
    """Settings of `leave` that this body does not offer, in words."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting of the camera as it is."""

    name: str
    kind: Literal["choice", "text", "range", "toggle", "date", "button"]
    value: str | None
    """None where the camera shows none (an aperture without an electronic lens)."""
    choices: list[str] = []
    readonly: bool = False


class Settings(Answer, frozen=True, kw_only=True):
    """Answer to Read."""

    settings: list[Setting]


class Beaten(Answer, frozen=True, kw_only=True):
    """Answer to Beat."""

    status: CameraStatus
    strays: list[CameraFile]
    """Announced while no shot was waited for."""


class Released(Answer, frozen=True, kw_only=True):
    """Answer to Release."""

    start_ns: int
    end_ns: int
    strays: list[CameraFile]


class Awaited(Answer, frozen=True, kw_only=True):
    """Answer to Await."""

    files: list[CameraFile]
    events: list[tuple[int, str]]
    log: str


class Fetched(Answer, frozen=True, kw_only=True):
    """Answer to Fetch."""

    downloaded: Downloaded


class Listed(Answer, frozen=True, kw_only=True):
    """Answer to Card."""

    files: list[CameraFile]


AnyRequest = Find | Open | Apply | Read | Beat | Release | Await | Fetch | Card
AnyAnswer = (
    Failed | Cameras | Opened | Applied | Settings | Beaten | Released | Awaited | Fetched | Listed
)


class Channel:
    """One end of the pipe. A message never waits longer than asked, not even half of one."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._encode = msgspec.msgpack.Encoder().encode

    def send(self, message: Request | Answer) -> None:
        """Sends a message. Raises EOFError if the other process is gone."""
        data = self._encode(message)
        try:
            self._end.settimeout(None)
            self._end.sendall(_LENGTH.pack(len(data)) + data)
        except OSError as error:
            raise EOFError("the other process is gone") from error

    def receive(self, timeout_s: float | None) -> bytes:
        """Returns the next message, still encoded.

        Raises:
            TimeoutError: not all of it came in time.
            EOFError: the other process is gone.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size, deadline))
        if length > LONGEST_MESSAGE:
            raise EOFError(f"the other process sent nonsense: a message of {length} bytes")
        return self._exactly(length, deadline)

    def close(self) -> None:
        """Closes this end; the other one reads EOFError."""
        self._end.close()

    def _exactly(self, count: int, deadline: float | None) -> bytes:
        data = bytearray()
        while len(data) < count:
            if deadline is not None and deadline <= time.monotonic():
                raise TimeoutError
            # Never 0: that would mean not to block at all.
            left = None if deadline is None else max(deadline - time.monotonic(), 1e-4)
            self._end.settimeout(left)
            try:
                data += (piece := self._end.recv(count - len(data)))
            except ConnectionError as error:
                raise EOFError("the other process is gone") from error
            if not piece:
                raise EOFError("the other process is gone")
        return bytes(data)


def read_request(data: bytes) -> AnyRequest:
    """Returns the request in `data`; raises msgspec.MsgspecError for anything else."""
    return msgspec.msgpack.decode(data, type=AnyRequest)


def read_answer(data: bytes) -> AnyAnswer:
    """Returns the answer in `data`; raises msgspec.MsgspecError for anything else."""
    return msgspec.msgpack.decode(data, type=AnyAnswer)
