"""One Android phone on a cable, through the adb server: shell, files, clock. Calls block.

Whatever goes wrong, a call ends by its own deadline and raises a PhoneError of one line.
"""

import hashlib
import os
import re
import shlex
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import msgspec
from adbutils import AdbClient, AdbConnection, AdbDevice
from adbutils.errors import AdbError, AdbTimeout

from acquisition.clock import ClockOffset, Ping, offset_from_pings
from acquisition.errors import PhoneError, StoreError, one_line
from acquisition.phone.adb_host import (
    ANSWER_S,
    TROUBLE,
    QuietClient,
    not_ready,
    only_one,
    server_address,
    server_gone,
    start_server,
)

CLOCK_SAMPLES = 12
HEAD_BYTES = 512 * 1024

# mksh, the shell of Android, has the time as a variable, which spares starting a process.
_TELL_TIME = "while read -r ask; do echo ${EPOCHREALTIME:-$(date +%s.%N)}; done"
_TIME_LINE = re.compile(r"[0-9]{9,11}\.[0-9]{3,9}")
_REGULAR_FILE, _FORMAT_MASK = 0o100000, 0o170000


class PhoneFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file in a folder of the phone."""

    name: str
    bytes: int


class PhoneFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a phone says about itself."""

    device: str
    """Maker, model and version of Android."""
    zone: str
    """Its time zone, for example `+0100`."""
    has_flash: bool | None
    """Whether it has a flash at all; None where it does not say."""


def connect(serial: str | None, host: str | None = None, port: int | None = None) -> "AdbLink":
    """Finds the phone, after starting the adb server if none answers.

    Args:
        serial: Which phone, as `adb devices` names it; None where only one is attached.
        host: Of the adb server; None for adb's own default.
        port: Of the adb server; None for adb's own default.

    Raises:
        PhoneError: no server, no phone, several, or one that is locked or offline.
    """
    address = server_address(host, port)
    start_server(*address)
    client = QuietClient(*address, socket_timeout=ANSWER_S)
    try:
        states = {info.serial: info.state for info in client.list()}
    except TROUBLE as error:
        raise PhoneError(server_gone(*address, error)) from error
    if serial is None:
        serial = only_one(states)
    if (state := states.get(serial, "absent")) != "device":
        raise PhoneError(not_ready(serial, state, states))
    return AdbLink(client, serial)


class AdbLink:
    """Commands to one phone."""

    def __init__(self, client: AdbClient, serial: str) -> None:
        self.serial = serial
        self._client = client
        self._device = AdbDevice(client, serial=serial)

    def shell(self, command: str, doing: str, *, timeout_s: float = ANSWER_S) -> str:
        """Returns what a shell command of the phone printed; `doing` names it in errors."""
        with self._plainly(doing):
            result = self._device.shell2(command, timeout=timeout_s, rstrip=True)
        if result.returncode != 0:
            raise PhoneError(
                f"phone {self.serial} could not {doing}: {one_line(ValueError(result.output))} "
                f"(status {result.returncode}); unlock it and look at its screen"
            )
        return result.output.replace("\r", "")

    def start(self, arguments: str, doing: str) -> None:
        """Starts an activity; `arguments` are those of `am start`, quoted for the phone's shell."""
        answer = self.shell(f"am start {arguments}", doing)
        if "Error:" in answer:  # old versions of Android leave the status at 0
            raise PhoneError(f"phone {self.serial} could not {doing}: {one_line(OSError(answer))}")

    def facts(self) -> PhoneFacts:
        """Asks the phone what it is."""
        command = (
            "getprop ro.product.manufacturer; getprop ro.product.model; "
            "getprop ro.build.version.release; date +%z; pm list features"
        )
        lines = self.shell(command, "say what it is").split("\n")
        maker, model, release, zone = (lines + [""] * 4)[:4]
        features = {line.strip() for line in lines[4:]}
        return PhoneFacts(
            device=f"{maker} {model} (Android {release})".strip(),
            zone=zone.strip(),
            has_flash="feature:android.hardware.camera.flash" in features if features else None,
        )

    def clock(self, samples: int = CLOCK_SAMPLES) -> ClockOffset | None:
        """Returns the phone's calendar clock against the host's, None if it cannot tell it."""
        with self._plainly("tell its time"):
            stream = self._device.open_shell(_TELL_TIME)
            try:
                stream.conn.settimeout(ANSWER_S)
                pings = [_ask_time(stream) for _ in range(samples)]
            finally:
                stream.close()
        answered = [ping for ping in pings if ping is not None]
        try:
            return offset_from_pings(answered)
        except ValueError:
            return None

    def list_folder(self, folder: str) -> list[PhoneFile]:
        """Returns the files of a folder, hidden ones left out; none if there is no such folder."""
        with self._plainly(f"list {folder}"), self._device.open_transport(timeout=ANSWER_S) as wire:
            _sync_request(wire, b"LIST", folder)
            return [file for file in _entries(wire) if not file.name.startswith(".")]

    def head(self, path: str) -> bytes:
        """Returns the beginning of a file, where a picture keeps its EXIF."""
        start = bytearray()
        with self._plainly(f"send {path}"):
            for chunk in self._device.sync.iter_content(path):
                start += chunk
                if len(start) >= HEAD_BYTES:
                    break
        return bytes(start)

    def pull(self, path: str, part: Path, deadline_ns: int) -> str:
        """Copies a file to `part`, which must not exist, and returns the SHA-256 of what came.

        A file that was cut off leaves a part that is too short: compare it with `sha256`.
        """
        digest = hashlib.sha256()
        with _new_file(part) as descriptor, self._plainly(f"send {path}"):
            for chunk in self._device.sync.iter_content(path):
                _write(descriptor, chunk, part)
                digest.update(chunk)
                if time.monotonic_ns() > deadline_ns:
                    raise AdbTimeout("too slow")
        return digest.hexdigest()

    def sha256(self, path: str) -> str:
        """Returns the SHA-256 of a file as the phone reads it."""
        answer = self.shell(f"sha256sum {shlex.quote(path)}", f"hash {path}", timeout_s=20.0)
        digest = answer.lstrip("\\").split(" ", maxsplit=1)[0]
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise PhoneError(
                f"phone {self.serial} answered no SHA-256 for {path} (needs Android 8 or newer); "
                "use the phone's browser instead of adb"
            )
        return digest

    def reverse(self, port: int) -> None:
        """Makes the host's `port` the phone's own, so that its browser trusts localhost."""
        with self._plainly(f"reach port {port} of this computer"):
            self._device.reverse(f"tcp:{port}", f"tcp:{port}")

    def end_reverse(self, port: int) -> None:
        """Takes `reverse` back."""
        with self._plainly(f"let go of port {port}"):
            self._device.reverse_remove(f"tcp:{port}")

    @contextmanager
    def _plainly(self, doing: str) -> Iterator[None]:
        try:
            yield
        except TROUBLE as error:
            raise PhoneError(self._explained(doing, error)) from error

    def _explained(self, doing: str, error: Exception) -> str:
        try:
            states = {info.serial: info.state for info in self._client.list()}
        except TROUBLE as gone:
            return server_gone(self._client.host, self._client.port, gone)
        state = states.get(self.serial, "absent")
        if state != "device":
            return not_ready(self.serial, state, states)
        what = "no answer in time" if isinstance(error, TimeoutError | AdbTimeout) else ""
        return (
            f"phone {self.serial} did not {doing}: {what or one_line(error)}; "
            "look at the cable and the phone's screen, then try again"
        )


def _ask_time(stream: AdbConnection) -> Ping | None:
    sent_ns = time.monotonic_ns()
    stream.conn.sendall(b"\n")
    line = ""
    while not line:  # an old Android echoes what was sent
        line = _read_line(stream)
    returned_ns = time.monotonic_ns()
    if not _TIME_LINE.fullmatch(line):
        return None
    told_ns = int(Decimal(line) * 1_000_000_000)
    return Ping(sent_ns=sent_ns, received_ns=told_ns, answered_ns=told_ns, returned_ns=returned_ns)


def _read_line(stream: AdbConnection) -> str:
    line = bytearray()
    while not line.endswith(b"\n"):
        line += stream.read_exact(1)
    return line.decode("utf-8", "replace").strip()


def _sync_request(wire: AdbConnection, what: bytes, path: str) -> None:
    wire.send_command("sync:")
    wire.check_okay()
    name = path.encode()
    wire.conn.sendall(what + struct.pack("<I", len(name)) + name)


def _entries(wire: AdbConnection) -> Iterator[PhoneFile]:
    """Reads exactly as many bytes as belong to each entry, however they arrive."""
    while (kind := wire.read_exact(4)) == b"DENT":
        mode, size, _, length = struct.unpack("<4I", wire.read_exact(16))
        name = wire.read_exact(length).decode("utf-8", "replace")
        if mode & _FORMAT_MASK == _REGULAR_FILE:
            yield PhoneFile(name=name, bytes=size)
    if kind != b"DONE":
        raise AdbError(f"its list of files broke off at {kind!r}")


@contextmanager
def _new_file(part: Path) -> Iterator[int]:
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise StoreError(f"cannot write {part} ({error}); look at the disk") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write(descriptor: int, chunk: bytes, part: Path) -> None:
    try:
        while chunk:
            chunk = chunk[os.write(descriptor, chunk) :]
    except OSError as error:
        raise StoreError(f"cannot write {part} ({error}); look at the disk") from error
