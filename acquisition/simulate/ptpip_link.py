"""Packets of PTP/IP (CIPA DC-005) on a socket."""

import contextlib
import socket
import struct
from enum import IntEnum

import msgspec

from acquisition.simulate.ptp_codec import Malformed

VERSION = 0x00010000
CHUNK_BYTES = 65_536
GREATEST_PACKET_BYTES = 1 << 24
DATA_FOLLOWS = 2


class Packet(IntEnum):
    """Kinds of packets."""

    INIT_COMMAND = 1
    INIT_COMMAND_ACK = 2
    INIT_EVENT = 3
    INIT_EVENT_ACK = 4
    INIT_FAIL = 5
    REQUEST = 6
    RESPONSE = 7
    EVENT = 8
    START_DATA = 9
    DATA = 10
    CANCEL = 11
    END_DATA = 12
    PING = 13
    PONG = 14


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """An operation that a host asks for."""

    operation: int
    transaction: int
    parameters: tuple[int, ...]
    data: bytes = b""

    def parameter(self, index: int) -> int:
        """Returns a parameter; one that was left out is 0."""
        return self.parameters[index] if index < len(self.parameters) else 0


class Link:
    """One connection with a host."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """Closes the connection at once, whatever is under way; may be called twice."""
        # Shutting down wakes a thread that waits for this connection; closing alone does not.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def receive(self) -> tuple[int, bytes]:
        """Returns the kind and the body of the next packet.

        Raises:
            OSError: the connection is gone.
            Malformed: that is no packet.
        """
        length, kind = struct.unpack("<II", self._exactly(8))
        if not 8 <= length <= GREATEST_PACKET_BYTES:
            raise Malformed(f"a packet cannot have {length} bytes")
        return kind, self._exactly(length - 8)

    def _exactly(self, count: int) -> bytes:
        received = bytearray()
        while len(received) < count:
            part = self._socket.recv(count - len(received))
            if not part:
                raise ConnectionResetError("the host closed the connection")
            received += part
        return bytes(received)

    def send(self, kind: Packet, body: bytes) -> None:
        """Sends a packet. Raises OSError if the connection is gone."""
        self._socket.sendall(struct.pack("<II", len(body) + 8, kind) + body)

    def receive_request(self) -> Request:
        """Returns the next operation with its data; answers pings meanwhile.

        Raises:
            OSError: the connection is gone.
            Malformed: the host does not speak the protocol.
        """
        while True:
            kind, body = self.receive()
            if kind == Packet.PING:
                self.send(Packet.PONG, b"")
            elif kind == Packet.REQUEST and len(body) >= 10:
                return self._request(body)
            elif kind != Packet.CANCEL:
                raise Malformed(f"packet {kind} where an operation was due")

    def _request(self, body: bytes) -> Request:
        phase, operation, transaction = struct.unpack_from("<IHI", body)
        count = (len(body) - 10) // 4
        return Request(
            operation=operation,
            transaction=transaction,
            parameters=struct.unpack_from(f"<{count}I", body, 10),
            data=self._data() if phase == DATA_FOLLOWS else b"",
        )

    def _data(self) -> bytes:
        data = bytearray()
        while True:
            kind, body = self.receive()
            if kind in (Packet.DATA, Packet.END_DATA):
                data += body[4:]
            if kind in (Packet.END_DATA, Packet.CANCEL):
                return bytes(data)

    def send_response(self, code: int, transaction: int, parameters: tuple[int, ...] = ()) -> None:
        """Answers an operation. Raises OSError if the connection is gone."""
        body = struct.pack(f"<HI{len(parameters)}I", code, transaction, *parameters)
        self.send(Packet.RESPONSE, body)

    def start_data(self, transaction: int, total: int) -> None:
        """Announces data of `total` bytes."""
        self.send(Packet.START_DATA, struct.pack("<IQ", transaction, total))

    def send_data(self, transaction: int, part: bytes, *, last: bool) -> None:
        """Sends one part of announced data."""
        kind = Packet.END_DATA if last else Packet.DATA
        self.send(kind, struct.pack("<I", transaction) + part)

    def send_event(self, code: int, parameter: int) -> None:
        """Says something by itself. Raises OSError if the connection is gone."""
        self.send(Packet.EVENT, struct.pack("<HII", code, 0, parameter))
