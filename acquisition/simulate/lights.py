"""Lamps that do not exist: a recorder of scenes, an HTTP controller, an sACN node."""

import asyncio
import socket
from collections.abc import Callable

import msgspec
from aiohttp import web

from acquisition.errors import LightsError
from acquisition.lights import Driver, Scene

_ROOT_VECTOR, _FRAME_VECTOR, _DMP_VECTOR = slice(18, 22), slice(40, 44), 117
_LONGEST = 638


class SimulatedLights:
    """Takes every scene, or fails on request."""

    driver: Driver = "simulated"

    def __init__(self, settle_ms: int = 0) -> None:
        self.settle_ms = settle_ms
        self.scenes: list[Scene] = []
        self.failures = 0
        """How many of the next scenes are not taken."""

    async def scene(self, name: Scene) -> None:
        """Notes the scene. Raises LightsError while `failures` lasts."""
        if self.failures > 0:
            self.failures -= 1
            raise LightsError(f"scene {name}: simulated lamp did not answer; try again")
        await asyncio.sleep(self.settle_ms / 1000)
        self.scenes.append(name)

    async def close(self) -> None:
        """Does nothing."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a lamp controller was asked."""

    method: str
    path: str
    """With its query."""
    body: str
    headers: dict[str, str]


class LampController:
    """An HTTP server that notes each request and answers as it is told."""

    def __init__(self, answer: Callable[[Request], int] = lambda _: 200) -> None:
        """Takes a function from request to status; it may be changed through `answer`."""
        self.answer = answer
        self.delay_s = 0.0
        self.requests: list[Request] = []
        self.port = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "LampController":
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._note)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _note(self, request: web.Request) -> web.Response:
        noted = Request(
            method=request.method,
            path=request.raw_path,
            body=await request.text(),
            headers=dict(request.headers),
        )
        self.requests.append(noted)
        await asyncio.sleep(self.delay_s)
        status = self.answer(noted)
        headers = {"Location": "/elsewhere"} if 300 <= status < 400 else {}
        return web.Response(status=status, headers=headers)


class SacnFrame(msgspec.Struct, frozen=True, kw_only=True):
    """One E1.31 data packet, decoded by hand."""

    source: str
    priority: int
    sequence: int
    ended: bool
    universe: int
    levels: bytes
    """512 values; channel 1 is the first."""


class SacnNode:
    """Listens on loopback for E1.31. Raises OSError where the port is taken."""

    def __init__(self, port: int = 0) -> None:
        """Binds `port`; 0 takes a free one, real nodes listen on 5568."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind(("127.0.0.1", port))
        except OSError:
            self._socket.close()
            raise
        self._socket.setblocking(False)
        self.port = int(self._socket.getsockname()[1])

    def frames(self) -> list[SacnFrame]:
        """Returns what came since the last call."""
        found: list[SacnFrame] = []
        while True:
            try:
                found.append(decode_frame(self._socket.recv(_LONGEST + 1)))
            except BlockingIOError:
                return found

    def close(self) -> None:
        """Stops listening."""
        self._socket.close()


def decode_frame(data: bytes) -> SacnFrame:
    """Decodes an E1.31 data packet of DMX values. Raises ValueError for anything else."""
    vectors = (data[_ROOT_VECTOR], data[_FRAME_VECTOR], data[_DMP_VECTOR : _DMP_VECTOR + 1])
    right = (bytes([0, 0, 0, 4]), bytes([0, 0, 0, 2]), bytes([2]))
    if data[4:16] != b"ASC-E1.17\0\0\0" or vectors != right or len(data) != _LONGEST or data[125]:
        raise ValueError("this is no E1.31 packet of 512 DMX values")
    return SacnFrame(
        source=data[44:108].rstrip(b"\0").decode(),
        priority=data[108],
        sequence=data[111],
        ended=bool(data[112] & 0b0100_0000),
        universe=int.from_bytes(data[113:115], "big"),
        levels=data[126:],
    )
