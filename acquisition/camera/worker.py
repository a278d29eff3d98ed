"""The camera's process, and the only place where libgphoto2 runs.

The library crashes on some values, holds the interpreter's lock in some calls and waits minutes
in others. Here it can; the session kills this process and starts another. Arguments: the number
of the pipe's descriptor and the session's process id.

A killed session must leave no such process behind. An idle one reads the end of the pipe and
lets go of the camera. One inside the library may never come back to read anything, so the kernel
is asked to kill it with its parent.
"""

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from acquisition.camera.advice import HARMLESS, LOST, advise
from acquisition.camera.body import Body
from acquisition.camera.connection import find_cameras
from acquisition.camera.library import gp
from acquisition.camera.library_log import LibraryLog
from acquisition.camera.protocol import (
    AnyAnswer,
    AnyRequest,
    Apply,
    Await,
    Beat,
    Cameras,
    Card,
    Channel,
    Failed,
    Fetch,
    Find,
    Open,
    Read,
    Release,
    read_request,
)
from acquisition.errors import (
    AcquisitionError,
    DownloadError,
    StoreError,
    UsageError,
    one_line,
)

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Asks the kernel to kill this process when `parent` ends; leaves if it already has."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


class Worker:
    """Answers requests until the pipe ends."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._log = LibraryLog()
        self._body = body = Body(self._log)
        self._handlers: dict[type, Callable[[Any], AnyAnswer]] = {
            Find: lambda _: Cameras(found=find_cameras(self._log)),
            Open: body.open,
            Apply: body.apply,
            Read: body.read,
            Beat: body.beat,
            Release: body.release,
            Await: body.await_files,
            Fetch: body.fetch,
            Card: body.card,
        }

    def run(self) -> None:
        """Returns when the session closed the pipe."""
        try:
            while True:
                request = read_request(self._channel.receive(None))
                self._channel.send(self._answer(request))
        except EOFError:
            self._body.close()

    def _answer(self, request: AnyRequest) -> AnyAnswer:
        self._log.begin()
        self._log.note(f"asked to {request.asked}")
        try:
            return self._handlers[type(request)](request)
        except gp.GPhoto2Error as error:
            return self._library_failed(request, error)
        except DownloadError as error:
            return Failed(kind="DownloadError", text=one_line(error), lost=False)
        except StoreError as error:
            return Failed(kind="StoreError", text=one_line(error), lost=False)
        except UsageError as error:
            return Failed(kind="UsageError", text=one_line(error), lost=False)
        except AcquisitionError as error:
            return Failed(kind="CameraError", text=one_line(error), lost=isinstance(request, Open))

    def _library_failed(self, request: AnyRequest, error: Any) -> Failed:
        said = self._log.said()
        if isinstance(request, Release) and not said and self._body.is_full():
            # Nikon's driver keeps this to itself.
            said = "card full"
        lost = isinstance(request, Open) or error.code in LOST
        if not lost and error.code not in HARMLESS:
            lost = not self._body.answers()
        return Failed(
            kind="DownloadError" if isinstance(request, Fetch) else "CameraError",
            text=advise(
                request.asked,
                error.code,
                error.string,
                said,
                lost=lost,
                connected=not isinstance(request, Open),
            ),
            lost=lost,
        )


def main() -> int:
    """Runs the process; returns its exit code."""
    descriptor, parent = (int(text) for text in sys.argv[1:3])
    die_with_parent(parent)
    Worker(Channel(socket.socket(fileno=descriptor))).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
