"""A simulated camera in a process of its own, and the strings to pull it by.

It needs its own process because libgphoto2 holds Python's lock while it waits for a camera.
"""

import contextlib
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from acquisition.errors import CameraError, CameraTimeout
from acquisition.simulate.card import CardEntry
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
from acquisition.simulate.exposures import Exposure
from acquisition.simulate.ptpip import LogEntry
from acquisition.simulate.script import CameraShot
from acquisition.simulate.settings import CameraSettings, FeedSettings
from acquisition.simulate.similarity import Similarity

START_S = 30.0
REPLY_S = 20.0
END_S = 5.0


class SimulatedCamera:
    """A running simulated camera; use `start`.

    Example:
        >>> with SimulatedCamera.start() as camera:
        ...     camera.script(CameraShot(busy=3), CameraShot(withhold="raw"))
        ...     connect(camera.address)
    """

    def __init__(self, settings: CameraSettings) -> None:
        self._lock = threading.Lock()
        # Owned here and not by the process, so that it outlives a process that dies.
        self._own_card = tempfile.TemporaryDirectory() if settings.card is None else None
        self._errors = tempfile.TemporaryFile()
        card = self._own_card.name if self._own_card else settings.card
        self._settings = msgspec.structs.replace(settings, card=card)
        try:
            self._launch()
        except CameraError:
            self._clean()
            raise

    @classmethod
    def start(
        cls,
        feed: FeedSettings | None = None,
        *,
        nikon: bool = True,
        card: Path | None = None,
        port: int = 0,
        raw_suffix: str = "DNG",
        capacity_bytes: int = 16_000_000_000,
        clock_offset_s: float = 0.0,
        serial: str = "SIM-0001",
    ) -> "SimulatedCamera":
        """Starts a camera; the arguments are those of CameraSettings.

        Raises:
            CameraError: it did not start; its own words are in the message.
        """
        return cls(
            CameraSettings(
                feed=feed or FeedSettings(),
                nikon=nikon,
                card=None if card is None else str(card),
                port=port,
                raw_suffix=raw_suffix,
                capacity_bytes=capacity_bytes,
                clock_offset_s=clock_offset_s,
                serial=serial,
            )
        )

    def _launch(self) -> None:
        settings = msgspec.json.encode(self._settings).decode()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "acquisition.simulate.ptpip_process", settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )
        self._lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._read, args=(self._process, self._lines), daemon=True).start()
        try:
            self.port = msgspec.json.decode(self._line(START_S), type=Ready).port
        except CameraError:
            self._kill()
            raise
        # A camera that comes back must be found where it was.
        self._settings = msgspec.structs.replace(self._settings, port=self.port)

    @staticmethod
    def _read(process: "subprocess.Popen[bytes]", lines: "queue.Queue[bytes]") -> None:
        if process.stdout is not None:
            for line in process.stdout:
                lines.put(line)
        lines.put(b"")

    def _line(self, deadline_s: float) -> bytes:
        try:
            line = self._lines.get(timeout=deadline_s)
        except queue.Empty:
            raise CameraTimeout(
                f"the simulated camera said nothing within {deadline_s:g} s; stop it and start anew"
            ) from None
        if line:
            return line
        self._lines.put(b"")
        code = self._process.wait(END_S)
        self._errors.seek(0)
        words = self._errors.read().decode(errors="replace")
        raise CameraError(
            f"the simulated camera ended with code {code} ({words.strip()[-300:]}); "
            "call restart() for the same card and port"
        )

    def _ask(self, command: AnyCommand) -> Any:
        with self._lock:
            stdin = self._process.stdin
            if stdin is not None:
                with contextlib.suppress(OSError, ValueError):
                    stdin.write(msgspec.json.encode(command) + b"\n")
                    stdin.flush()
            reply = msgspec.json.decode(self._line(REPLY_S), type=Reply)
        if reply.error:
            raise CameraError(reply.error)
        return reply.value

    @property
    def address(self) -> str:
        """Returns gphoto2's port, event port included."""
        return f"ptpip:127.0.0.1:{self.port}:{self.port}"

    @property
    def alive(self) -> bool:
        """Returns whether its process runs."""
        return self._process.poll() is None

    def script(self, *shots: CameraShot) -> None:
        """Adds to what happens at the next shots; without a script all goes well."""
        self._ask(Script(shots=list(shots)))

    def scene(self, index: int) -> None:
        """Chooses what the camera sees at its next shot; later shots see the scenes after it."""
        self._ask(Scene(index=index))

    def truth(self, index: int) -> Similarity:
        """Returns how the phone's picture of a scene lies in the studio's."""
        return msgspec.convert(self._ask(Ask(what="truth", scene=index)), Similarity)

    def drop(self, deny: int = 0) -> None:
        """Closes all connections and refuses the next `deny`."""
        self._ask(Drop(deny=deny))

    def deny(self, times: int) -> None:
        """Refuses the next so many connections."""
        self._ask(Deny(times=times))

    def set_property(self, name: str, value: int) -> None:
        """Turns a dial by hand, in the protocol's units, also outside of its choices.

        Names: battery, imagequality, whitebalance, f-number (hundredths), focusmode,
        shutterspeed, expprogram, iso.
        """
        self._ask(Turn(name=name, value=value))

    def properties(self) -> dict[str, int]:
        """Returns all dials, in the protocol's units."""
        return msgspec.convert(self._ask(Ask(what="dials")), dict[str, int])

    def exposures(self) -> list[Exposure]:
        """Returns when the shutter was open, the earlier ones of the card included."""
        return msgspec.convert(self._ask(Ask(what="exposures")), list[Exposure])

    def card(self) -> list[CardEntry]:
        """Returns the files on the card with their SHA-256."""
        return msgspec.convert(self._ask(Ask(what="card")), list[CardEntry])

    def deleted(self) -> list[str]:
        """Returns what hosts deleted from the card."""
        return msgspec.convert(self._ask(Ask(what="deleted")), list[str])

    def log(self) -> list[LogEntry]:
        """Returns what hosts asked for."""
        return msgspec.convert(self._ask(Ask(what="log")), list[LogEntry])

    def restart(self) -> None:
        """Starts the process again on the same port with the same card.

        The script is forgotten; dials and log begin anew.
        """
        self._kill()
        self._launch()

    def stop(self) -> None:
        """Ends the camera. Never raises."""
        with contextlib.suppress(CameraError):
            if self.alive:
                self._ask(Quit())
        self._kill()
        self._clean()

    def _kill(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired, OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process.wait(END_S)
        if self.alive:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _clean(self) -> None:
        self._errors.close()
        if self._own_card is not None:
            self._own_card.cleanup()

    def __enter__(self) -> "SimulatedCamera":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Ends the camera."""
        self.stop()
