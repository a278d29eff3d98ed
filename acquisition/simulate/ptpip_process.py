"""The process of a simulated camera: `python -m acquisition.simulate.ptpip_process SETTINGS`.

SETTINGS is JSON (`{}` for a camera as it comes). The first line on stdout says the port; then each
command on stdin is answered by one line. The process ends with its parent or with stdin.
"""

import os
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from acquisition.errors import AcquisitionError, UsageError, one_line
from acquisition.simulate.body import Body
from acquisition.simulate.card import Card
from acquisition.simulate.commands import (
    AnyCommand,
    Ask,
    Deny,
    Drop,
    Quit,
    Ready,
    Reply,
    Scene,
    Script,
    Turn,
)
from acquisition.simulate.dials import Dials
from acquisition.simulate.operations import Operations
from acquisition.simulate.ptpip import Server
from acquisition.simulate.settings import CameraSettings
from acquisition.simulate.studio import StudioPictures

PARENT_CHECK_S = 0.5


class CameraProcess:
    """A whole simulated camera.

    Args:
        settings: how it is.
        card: folder of its card.
    """

    def __init__(self, settings: CameraSettings, card: Path) -> None:
        self.dials = Dials(nikon=settings.nikon, clock_offset_s=settings.clock_offset_s)
        self.card = Card(card, settings.capacity_bytes)
        self.pictures = StudioPictures(settings.feed, settings.serial)
        self.body = Body(
            self.dials,
            self.card,
            self.pictures,
            raw_suffix=settings.raw_suffix,
            waits=not settings.nikon,
        )
        operations = Operations(self.body, nikon=settings.nikon, serial=settings.serial)
        self.server = Server(self.body, operations, settings.port)

    def obey(self, command: AnyCommand) -> Any:
        """Does what was asked and returns what was asked for. Raises UsageError."""
        match command:
            case Script():
                self.body.add_script(command.shots)
            case Scene():
                self.body.aim(command.index)
            case Drop():
                self.server.drop(command.deny)
            case Deny():
                self.server.deny(command.times)
            case Turn():
                self.body.turn(command.name, command.value)
            case Ask():
                return self._tell(command)
        return None

    def _tell(self, question: Ask) -> Any:
        match question.what:
            case "exposures":
                return self.body.exposures.all()
            case "log":
                return self.server.log
            case "card":
                return self.card.entries()
            case "deleted":
                return self.card.deleted
            case "dials":
                return self.dials.named()
            case "truth":
                return self.pictures.truth(question.scene)
        raise UsageError(f"the simulated camera knows nothing about {question.what!r}")


def serve(camera: CameraProcess, commands: BinaryIO, replies: BinaryIO) -> None:
    """Answers commands until there are no more."""
    for line in commands:
        try:
            command = msgspec.json.decode(line, type=AnyCommand)
            reply = Reply(value=camera.obey(command))
        except (msgspec.MsgspecError, AcquisitionError) as error:
            command, reply = None, Reply(error=one_line(error))
        replies.write(msgspec.json.encode(reply) + b"\n")
        replies.flush()
        if isinstance(command, Quit):
            return


def _end_with(parent: int) -> None:
    """Ends the process when its parent is gone, even if stdin is still held open elsewhere."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_S)
    os._exit(0)


def main(argv: list[str]) -> int:
    """Runs a camera; returns the exit code."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    replies = sys.stdout.buffer
    try:
        settings = msgspec.json.decode(argv[0] if argv else "{}", type=CameraSettings)
        with ExitStack() as stack:
            card = Path(settings.card or stack.enter_context(tempfile.TemporaryDirectory()))
            camera = CameraProcess(settings, card)
            camera.server.start()
            replies.write(msgspec.json.encode(Ready(port=camera.server.port)) + b"\n")
            replies.flush()
            threading.Thread(target=camera.pictures.warm, daemon=True).start()
            serve(camera, sys.stdin.buffer, replies)
            camera.server.close()
    except (msgspec.MsgspecError, AcquisitionError, OSError) as error:
        sys.stderr.write(f"simulated camera: {one_line(error)}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
