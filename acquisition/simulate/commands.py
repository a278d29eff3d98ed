"""What can be asked of a simulated camera from outside: one JSON object a line each way."""

from typing import Any

import msgspec

from acquisition.simulate.script import CameraShot


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True,
              tag_field="command", tag=str.lower):  # fmt: skip
    """Base of all commands; `command` names the class in small letters."""


class Script(Command, frozen=True, kw_only=True):
    """Adds to what happens at the next shots."""

    shots: list[CameraShot]


class Scene(Command, frozen=True, kw_only=True):
    """Chooses what the camera sees at its next shot."""

    index: int


class Drop(Command, frozen=True, kw_only=True):
    """Closes all connections."""

    deny: int = 0
    """Connections that are refused afterwards."""


class Deny(Command, frozen=True, kw_only=True):
    """Refuses connections."""

    times: int


class Turn(Command, frozen=True, kw_only=True):
    """Turns a dial by hand."""

    name: str
    value: int


class Ask(Command, frozen=True, kw_only=True):
    """Asks for `exposures`, `log`, `card`, `deleted`, `dials`, or `truth` of a scene."""

    what: str
    scene: int = 0


class Quit(Command, frozen=True, kw_only=True):
    """Ends the camera."""


AnyCommand = Script | Scene | Drop | Deny | Turn | Ask | Quit


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to a command."""

    value: Any = None
    error: str = ""
    """Why it was not done; empty when it was."""


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a camera."""

    port: int
