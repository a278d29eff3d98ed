"""An adb server with phones that do not exist: it speaks adb's host protocol on loopback.

adbutils and the real `adb` command talk to it as to any server. Each phone has a stock camera
app, a folder of pictures and a calendar clock of its own, and fails on request.
"""

import socketserver
import struct
import threading
import time
from collections.abc import Iterable
from functools import partial
from typing import Any

from acquisition.simulate.adb_phone import FakeAndroid

_VERSION = b"0029"  # 41: another number makes the real command kill the server
_FEATURES = b"shell_v2,cmd"
_CHUNK = 65536
_PIECE = 997
_BETWEEN_PIECES_S = 0.0005


class AdbServer:
    """Serves phones until the `with` block ends."""

    def __init__(
        self, phones: Iterable[FakeAndroid], host: str = "127.0.0.1", port: int = 0
    ) -> None:
        """Listens; port 0 takes a free one, told by `port`."""
        self.phones = {phone.serial: phone for phone in phones}
        self.requests: list[str] = []
        self._server = _Sockets((host, port), partial(_Conversation, self))
        self.host, self.port = host, int(self._server.server_address[1])

    def __enter__(self) -> "AdbServer":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Sockets(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _GoneError(Exception):
    """The conversation is over."""


class _Conversation(socketserver.BaseRequestHandler):
    def __init__(self, owner: AdbServer, *arguments: Any) -> None:
        self._owner = owner
        self._phone: FakeAndroid | None = None
        super().__init__(*arguments)

    def handle(self) -> None:
        try:
            while True:
                request = self._read(int(self._read(4), 16)).decode()
                self._owner.requests.append(request)
                self._answer(request)
        except (_GoneError, ConnectionError, ValueError):
            return

    def _answer(self, request: str) -> None:
        if request.startswith(("host:transport", "host:tport:")):
            self._choose(request)
        elif request.startswith("host"):
            self._host(request)
            raise _GoneError
        elif self._phone is None:
            self._fail(f"unknown request {request}")
        else:
            self._device(self._phone, request)

    def _host(self, request: str) -> None:
        if request == "host:version":
            self._okay(_VERSION)
        elif request in ("host:devices", "host:devices-l"):
            attached = (phone for phone in self._owner.phones.values() if phone.attached)
            self._okay("".join(f"{phone.serial}\t{phone.state}\n" for phone in attached).encode())
        elif request.endswith("features"):
            self._okay(_FEATURES)
        elif request.startswith("host-serial:") and request.endswith(":get-state"):
            self._okay(self._ready(request.split(":")[1]).state.encode())
        else:
            self._fail(f"unknown host service {request}")

    def _choose(self, request: str) -> None:
        wanted = request.rsplit(":", 1)[-1]
        serial = next(iter(self._owner.phones), "") if wanted.endswith("any") else wanted
        self._phone = self._ready(serial)
        self._okay()
        if request.startswith("host:tport:"):
            self.request.sendall(struct.pack("<Q", 1))

    def _ready(self, serial: str) -> FakeAndroid:
        phone = self._owner.phones.get(serial)
        if phone is None or not phone.attached:
            self._fail(f"device '{serial}' not found")
        elif phone.state != "device":
            self._fail(f"device {phone.state}")
        else:
            return phone
        raise _GoneError

    def _device(self, phone: FakeAndroid, request: str) -> None:
        if phone.unplugs_at and phone.unplugs_at in request:
            phone.attached = False
            raise _GoneError
        if request == "sync:":
            self._okay()
            while True:
                self._sync(phone)
        if request.startswith("reverse:"):
            self._reverse(phone, request.removeprefix("reverse:"))
        else:
            self._shell(phone, request)
        raise _GoneError

    def _shell(self, phone: FakeAndroid, request: str) -> None:
        kind, _, command = request.partition(":")
        if not kind.startswith(("shell", "exec")):
            self._fail(f"unknown service {request}")
            return
        self._okay()
        if command.startswith("while read"):
            while self._read(1):
                self.request.sendall(phone.tell_time().encode() + b"\n")
        output, status = phone.shell(command)
        data = output.encode()
        if kind.startswith("shell,v2"):
            data = struct.pack("<BI", 1, len(data)) + data + struct.pack("<BIB", 3, 1, status)
        self.request.sendall(data)

    def _reverse(self, phone: FakeAndroid, what: str) -> None:
        if what.startswith("forward:"):
            remote, local = what.removeprefix("forward:").removeprefix("norebind:").split(";")
            phone.reversed[remote] = local
            self._okay()
            self._okay(b"" if remote != "tcp:0" else b"1")
        elif what == "list-forward":
            lines = (f"UsbFfs {remote} {local}\n" for remote, local in phone.reversed.items())
            self._okay("".join(lines).encode())
        elif what.startswith("killforward:"):
            self._okay()
            if phone.reversed.pop(what.removeprefix("killforward:"), None) is None:
                self._fail("listener not found")
            else:
                self._okay()
        else:
            self._fail(f"unknown reverse service {what}")

    def _sync(self, phone: FakeAndroid) -> None:
        what, length = struct.unpack("<4sI", self._read(8))
        path = self._read(length).decode() if what != b"QUIT" else ""
        if what == b"STAT":
            size = phone.size(path)
            mode = 0 if size is None else 0o100644
            self.request.sendall(b"STAT" + struct.pack("<3I", mode, size or 0, 1_700_000_000))
        elif what == b"LIST":
            self._list(phone, path)
        elif what == b"RECV":
            self._send_file(phone, path)
        else:
            raise _GoneError

    def _list(self, phone: FakeAndroid, folder: str) -> None:
        listed = b""
        for name, size in phone.listing(folder):
            entry = struct.pack("<4I", 0o100644, size, 1_700_000_000, len(name.encode()))
            listed += b"DENT" + entry + name.encode()
        listed += b"DONE" + bytes(16)
        # A long list comes in pieces that do not respect its entries.
        for start in range(0, len(listed), _PIECE):
            self.request.sendall(listed[start : start + _PIECE])
            time.sleep(_BETWEEN_PIECES_S)

    def _send_file(self, phone: FakeAndroid, path: str) -> None:
        data, cut = phone.read(path)
        if data is None:
            words = b"No such file or directory"
            self.request.sendall(b"FAIL" + struct.pack("<I", len(words)) + words)
            return
        for start in range(0, len(data), _CHUNK):
            chunk = data[start : start + _CHUNK]
            self.request.sendall(b"DATA" + struct.pack("<I", len(chunk)) + chunk)
        if cut:
            raise _GoneError
        self.request.sendall(b"DONE" + bytes(4))

    def _okay(self, data: bytes | None = None) -> None:
        self.request.sendall(b"OKAY" + (b"" if data is None else b"%04x" % len(data) + data))

    def _fail(self, words: str) -> None:
        self.request.sendall(b"FAIL" + b"%04x" % len(words.encode()) + words.encode())

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self.request.recv(count - len(data))
            if not more:
                raise _GoneError
            data += more
        return data
