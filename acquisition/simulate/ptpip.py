"""A camera on the network: the real libgphoto2 speaks PTP/IP with it.

With Nikon's operations events are asked for, without them they come by themselves.
"""

import contextlib
import os
import socket
import struct
import threading
import time

import msgspec

from acquisition.simulate.body import Body
from acquisition.simulate.card import TransferFault
from acquisition.simulate.operations import Answer, Operations
from acquisition.simulate.ptp_codec import Malformed, Response
from acquisition.simulate.ptpip_link import CHUNK_BYTES, VERSION, Link, Packet, Request

LOOPBACK = "127.0.0.1"
EXIT_DIED = 70
GUID = b"DeepFlashCamera!"
REJECTED = 1


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One operation of a host."""

    t_ns: int
    operation: int
    parameters: list[int]
    response: int
    """0 where the connection ended first."""


class Server:
    """Listens on the loopback interface; any number of hosts, one after the other or at once.

    Args:
        body: the camera.
        operations: how it answers.
        port: 0 for any free one.
    """

    def __init__(self, body: Body, operations: Operations, port: int = 0) -> None:
        self._operations = operations
        self._lock = threading.Lock()
        self._links: dict[int, Link] = {}
        self._event_links: dict[int, Link] = {}
        self._connections = 0
        self._deny = 0
        self.log: list[LogEntry] = []
        self._socket = socket.create_server((LOOPBACK, port))
        self.port: int = self._socket.getsockname()[1]
        body.on_event = self._tell
        body.on_drop = self.drop
        body.on_death = _die

    def start(self) -> None:
        """Answers in threads of its own from now on."""
        threading.Thread(target=self._accept, daemon=True).start()

    def deny(self, times: int) -> None:
        """Refuses the next so many connections."""
        with self._lock:
            self._deny += times

    def drop(self, deny: int = 0) -> None:
        """Closes all connections and refuses the next `deny`."""
        with self._lock:
            self._deny += deny
            links = [*self._links.values(), *self._event_links.values()]
            self._links.clear()
            self._event_links.clear()
        for link in links:
            link.close()

    def close(self) -> None:
        """Ends the server."""
        self._socket.close()
        self.drop()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._greet, args=(Link(connection),), daemon=True).start()

    def _greet(self, link: Link) -> None:
        # However a host leaves, the camera waits for the next one.
        with contextlib.suppress(OSError, Malformed):
            kind, body = link.receive()
            if kind == Packet.INIT_COMMAND:
                self._greet_command(link)
            elif kind == Packet.INIT_EVENT and len(body) >= 4:
                self._greet_event(link, struct.unpack_from("<I", body)[0])
        link.close()

    def _greet_command(self, link: Link) -> None:
        with self._lock:
            denied, self._deny = self._deny > 0, max(self._deny - 1, 0)
            self._connections += 1
            number = self._connections
            if not denied:
                self._links[number] = link
        if denied:
            link.send(Packet.INIT_FAIL, struct.pack("<I", REJECTED))
            return
        name = "DeepFlash".encode("utf-16-le") + b"\x00\x00"
        link.send(
            Packet.INIT_COMMAND_ACK,
            struct.pack("<I", number) + GUID + name + struct.pack("<I", VERSION),
        )
        try:
            while True:
                self._serve(link, link.receive_request())
        finally:
            with self._lock:
                self._links.pop(number, None)
                event_link = self._event_links.pop(number, None)
            if event_link is not None:
                event_link.close()

    def _greet_event(self, link: Link, number: int) -> None:
        with self._lock:
            known = number in self._links
            if known:
                self._event_links[number] = link
        link.send(*(Packet.INIT_EVENT_ACK, b"") if known else (Packet.INIT_FAIL, b"\x01\0\0\0"))
        while known:
            link.receive()

    def _serve(self, link: Link, request: Request) -> None:
        started_ns = time.monotonic_ns()
        answer = Answer(code=Response.GENERAL_ERROR)
        code = 0
        try:
            answer = self._operations.answer(request)
            if answer.data is not None:
                self._send_data(link, request.transaction, answer)
            link.send_response(answer.code, request.transaction, answer.parameters)
            code = int(answer.code)
        finally:
            self.log.append(
                LogEntry(
                    t_ns=started_ns,
                    operation=request.operation,
                    parameters=list(request.parameters),
                    response=code,
                )
            )

    def _send_data(self, link: Link, transaction: int, answer: Answer) -> None:
        data = answer.data or b""
        fault = answer.fault if answer.fault is not None and answer.fault.take() else None
        strikes_at = fault.position(len(data)) if fault else len(data) + 1
        link.start_data(transaction, len(data))
        for offset in range(0, max(len(data), 1), CHUNK_BYTES):
            part = data[offset : offset + CHUNK_BYTES]
            if fault and offset <= strikes_at < offset + len(part):
                link.send_data(transaction, part[: strikes_at - offset], last=False)
                self._strike(fault)
                part = part[strikes_at - offset :]
            link.send_data(transaction, part, last=offset + CHUNK_BYTES >= len(data))

    def _strike(self, fault: TransferFault) -> None:
        time.sleep(fault.stall_s)
        if fault.dies:
            _die()
        if fault.cut_after is not None:
            self.drop(fault.deny)
            raise ConnectionAbortedError("the script closed the connection")

    def _tell(self, code: int, parameter: int) -> None:
        if self._operations.keep_event(code, parameter):
            return
        with self._lock:
            links = list(self._event_links.values())
        for link in links:
            # A host that went away is noticed by the thread that reads from it.
            with contextlib.suppress(OSError):
                link.send_event(code, parameter)


def _die() -> None:
    os._exit(EXIT_DIED)
