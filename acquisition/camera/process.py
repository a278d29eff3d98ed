"""The camera's process as the session sees it: start, ask with a deadline, kill.

The child must not outlive the session, not even when the session is killed while the child is
inside a library call that holds the interpreter's lock: then no thread of the child runs, so
neither a watchdog thread nor a look at the pipe helps. The kernel does: the child asks for
SIGKILL on its parent's death (worker.py). The kernel means the *thread* that started the child,
so each child gets a thread of its own that starts it and then waits for its end.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from acquisition.camera.address import Address
from acquisition.camera.protocol import (
    AnyAnswer,
    AnyRequest,
    Channel,
    Failed,
    read_answer,
)
from acquisition.errors import (
    CameraError,
    CameraTimeout,
    DownloadError,
    StoreError,
    UsageError,
)

WORKER = "acquisition.camera.worker"
NEXT = "the next call starts it anew; what was announced is still on the card"
_Answer = TypeVar("_Answer")
_CACHE_TIME = "ptp2=cachetime="
_START_S = 10.0
_REAP_S = 2.0
_STDERR_BYTES = 4096
_ERRORS: dict[str, type[CameraError | StoreError | UsageError]] = {
    "CameraError": CameraError,
    "DownloadError": DownloadError,
    "StoreError": StoreError,
    "UsageError": UsageError,
}


class Deadlines(msgspec.Struct, frozen=True, kw_only=True):
    """Longest times of the calls, in seconds; then the camera's process is ended."""

    connect_s: float = 15.0
    apply_s: float = 15.0
    read_s: float = 10.0
    beat_s: float = 5.0
    trigger_s: float = 5.0
    """A busy camera is asked again within this time."""
    collect_s: float = 8.0
    """From the trigger until the last file is announced."""
    download_s: float = 60.0
    list_s: float = 20.0
    close_s: float = 2.0
    grace_s: float = 1.0
    """How much later than a call's own deadline its process is ended."""


class SettingsHome:
    """Where the library keeps what it was last told.

    The user's own folder would bring surprises from other programs, and into them.

    Args:
        folder: kept between runs; None: a temporary one, made when it is needed.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._temporary: str | None = None

    def prepare(self) -> Path:
        """Returns the folder, with drivers told to ask the camera each time.

        A driver otherwise answers for two seconds what it was told, not what the camera made of
        it, and reading back would prove nothing.
        """
        if self._folder is None and self._temporary is None:
            self._temporary = tempfile.mkdtemp(prefix="acquire-camera-")
        home = self._folder or Path(self._temporary or "")
        path = home / "gphoto" / "settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        kept = [line for line in kept if line and not line.startswith(_CACHE_TIME)]
        path.write_text("\n".join([*kept, _CACHE_TIME + "0"]) + "\n", encoding="utf-8")
        return home

    def remove(self) -> None:
        """Removes the folder if it is a temporary one."""
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None


def environment_for(address: Address, settings_home: Path) -> dict[str, str]:
    """Returns the child's environment.

    Args:
        address: which camera it will open.
        settings_home: where the library keeps what it was last told.
    """
    environment = {name: text for name, text in os.environ.items() if name != "LANGUAGE"}
    # English choices, whatever the desktop speaks, and calendar clocks read as UTC.
    environment |= {"LC_ALL": "C.UTF-8", "TZ": "UTC", "XDG_CONFIG_HOME": str(settings_home)}
    if address.kind == "ptpip":
        # With it the library knows its virtual camera only.
        environment.pop("VCAMERADIR", None)
    return environment


class CameraProcess:
    """A running child; of no use after it died or was killed."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Starts the child. Raises CameraError if that fails."""
        ours, theirs = socket.socketpair()
        self._channel = Channel(ours)
        self._child: subprocess.Popen[bytes] | None = None
        self._problem: OSError | None = None
        self._stderr = b""
        started = threading.Event()
        self._keeper = threading.Thread(
            target=self._keep,
            args=(theirs, dict(environment), started),
            name="camera-process",
            daemon=True,
        )
        self._keeper.start()
        if not started.wait(_START_S) or self._child is None:
            ours.close()
            raise CameraError(
                f"cannot start the camera's process ({self._problem or 'no answer'}); is the "
                "computer out of memory or processes?"
            )

    @property
    def pid(self) -> int:
        """Returns the child's process id."""
        return self._child.pid if self._child else 0

    @property
    def alive(self) -> bool:
        """Returns whether the child still runs."""
        return self._keeper.is_alive()

    def ask(self, request: AnyRequest, deadline_s: float) -> AnyAnswer:
        """Returns the child's answer.

        Raises:
            CameraTimeout: none within `deadline_s`; the child was killed.
            CameraError: the child died, or says that it did not work (also DownloadError,
                StoreError, UsageError). If the connection is lost the child was ended.
        """
        try:
            self._channel.send(request)
            answer = read_answer(self._channel.receive(deadline_s))
        except TimeoutError as error:
            self.kill()
            raise CameraTimeout(
                f"asked the camera to {request.asked}; no answer within {deadline_s:.1f} s, so its "
                f"process was ended; {NEXT}"
            ) from error
        except (EOFError, msgspec.MsgspecError) as error:
            # A child that died shall be seen to die of its own signal, not of ours.
            self._keeper.join(_REAP_S)
            self.kill()
            raise CameraError(
                f"asked the camera to {request.asked}; its process {self._death()}; {NEXT}"
            ) from error
        except BaseException:
            # Interrupted: the answer to this request must not be taken for that to the next one.
            self.kill()
            raise
        if isinstance(answer, Failed):
            if answer.lost:
                self.kill()
            raise _ERRORS[answer.kind](answer.text)
        return answer

    def kill(self) -> None:
        """Ends the child at once and waits until it is gone (a few seconds at most)."""
        if self._child is not None and self._keeper.is_alive():
            self._child.kill()
        self._keeper.join(_REAP_S)
        self._channel.close()

    def let_go(self, timeout_s: float) -> None:
        """Closes the pipe, so that the child lets go of the camera; kills it if it does not."""
        self._channel.close()
        self._keeper.join(timeout_s)
        self.kill()

    def _keep(
        self, theirs: socket.socket, environment: dict[str, str], started: threading.Event
    ) -> None:
        command = [sys.executable, "-m", WORKER, str(theirs.fileno()), str(os.getpid())]
        try:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                env=environment,
                # Ctrl-C at the terminal is for the session, which then ends the child in order.
                start_new_session=True,
            )
        except OSError as error:
            self._problem = error
            return
        finally:
            theirs.close()
            started.set()
        with self._child:
            while piece := os.read(self._child.stderr.fileno(), _STDERR_BYTES):  # pyright: ignore[reportOptionalMemberAccess]
                self._stderr = (self._stderr + piece)[-_STDERR_BYTES:]

    def _death(self) -> str:
        code = self._child.returncode if self._child else None
        if code is None:
            return "does not end (is the USB stuck? unplug the camera)"
        if code < 0:
            return f"died of {signal.Signals(-code).name}"
        lines = self._stderr.decode("utf-8", "replace").strip().splitlines()
        return f"ended with code {code}" + (f" ({lines[-1]})" if lines else "")


def expect(answer: object, kind: type[_Answer]) -> _Answer:
    """Returns the answer if it is of the right kind."""
    if not isinstance(answer, kind):
        raise CameraError(
            f"the camera's process answered {type(answer).__name__} instead of {kind.__name__}; "
            "restart the camera"
        )
    return answer
