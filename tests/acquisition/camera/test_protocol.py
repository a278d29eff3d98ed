import socket
import struct
import threading

import pytest

from acquisition.camera.address import parse_address
from acquisition.camera.contract import CameraFile, Profile
from acquisition.camera.protocol import (
    Apply,
    Awaited,
    Beat,
    Channel,
    Failed,
    Open,
    read_answer,
    read_request,
)


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.mark.parametrize(
    "message",
    [
        Open(address=parse_address("ptpip:h:1")),
        Apply(profile=Profile(settings={"f-number": "f/8"})),
        Beat(),
    ],
)
def test_request_arrives_as_it_was_sent(ends, message):
    Channel(ends[0]).send(message)
    assert read_request(Channel(ends[1]).receive(1.0)) == message


def test_long_answer_arrives_as_it_was_sent(ends):
    answer = Awaited(
        files=[CameraFile(folder="/a", name="ü.JPG", bytes=7)],
        events=[(1 << 62, "file added")],
        log="line\n" * 200_000,
    )
    sender = threading.Thread(target=Channel(ends[0]).send, args=(answer,))
    sender.start()
    assert read_answer(Channel(ends[1]).receive(5.0)) == answer
    sender.join()


def test_silence_ends_with_the_deadline(ends):
    with pytest.raises(TimeoutError):
        Channel(ends[1]).receive(0.05)


def test_half_a_message_ends_with_the_deadline(ends):
    ends[0].sendall(struct.pack(">I", 100) + b"only this")
    with pytest.raises(TimeoutError):
        Channel(ends[1]).receive(0.05)


def test_end_of_the_other_process_is_told(ends):
    ends[0].sendall(struct.pack(">I", 100) + b"only this")
    ends[0].close()
    with pytest.raises(EOFError):
        Channel(ends[1]).receive(5.0)
    with pytest.raises(EOFError):
        Channel(ends[1]).send(Failed(kind="CameraError", text="x" * 1000, lost=False))


def test_absurd_length_is_not_waited_for(ends):
    ends[0].sendall(struct.pack(">I", 0xFFFFFFFF))
    with pytest.raises(EOFError, match="nonsense"):
        Channel(ends[1]).receive(5.0)
