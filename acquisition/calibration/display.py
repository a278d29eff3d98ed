"""Serves the clock's page and keeps its clock on the host's."""

import asyncio
import contextlib
import json
import time
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from aiohttp import WSMsgType, web

from acquisition.calibration import gray_code
from acquisition.clock import ClockOffset, Ping, offset_from_pings
from acquisition.errors import CalibrationError

_PAGE = Path(__file__).parent / "display_page"
_PAGES = {"": "clock.html", "clock.js": "clock.js", "clock.css": "clock.css"}
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_PINGS = 20
_PING_DEADLINE_S = 2.0
_AGAIN_AFTER_S = 5.0
_LONGEST_MESSAGE = 1024


class Pong(msgspec.Struct, frozen=True, tag="pong"):
    """The page's answer to a ping; its clock counts milliseconds."""

    sent_ns: int
    received_ms: float
    answered_ms: float


class Step(msgspec.Struct, frozen=True, tag="step"):
    """How long each code stands on this monitor."""

    step_ms: int


class ClockDisplay:
    """The clock on a monitor: a page in a browser in full screen."""

    def __init__(self) -> None:
        self.offset: ClockOffset | None = None
        self.step_ms = 0
        self.url = ""
        self._pongs: asyncio.Queue[tuple[Pong, int]] = asyncio.Queue()
        self._ready = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._socket: web.WebSocketResponse | None = None

    @property
    def bound_ms(self) -> float:
        """How far off the shown time can be. Raises CalibrationError when the page is gone."""
        if self.offset is None or self._socket is None or self._socket.closed:
            raise CalibrationError("the clock's page is gone: open it again and start anew")
        return self.offset.bound_ns / 1e6

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Begins to serve; returns the page's address. Raises CalibrationError."""
        app = web.Application()
        app.router.add_get("/ws", self._talk)
        app.router.add_get("/layout.json", self._layout)
        app.router.add_get("/{name:[a-z.]*}", self._file)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            raise CalibrationError(
                f"the clock's page cannot be served on {host}:{port} ({error.strerror}): "
                "choose another --clock-port"
            ) from error
        port = self._runner.addresses[0][1]
        self.url = f"http://{host}:{port}/"
        return self.url

    async def ready(self, deadline_s: float) -> None:
        """Waits until a page shows the host's time. Raises CalibrationError at the deadline."""
        try:
            await asyncio.wait_for(self._ready.wait(), deadline_s)
        except TimeoutError as error:
            raise CalibrationError(
                f"no page showed the clock within {deadline_s:.0f} s: open {self.url}, full screen"
            ) from error

    async def close(self) -> None:
        """Stops serving."""
        if self._socket is not None:
            await self._socket.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _file(self, request: web.Request) -> web.Response:
        if request.match_info["name"] == "favicon.ico":
            return web.Response(status=204, headers=_HEADERS)
        name = _PAGES.get(request.match_info["name"])
        if name is None:
            raise web.HTTPNotFound(headers=_HEADERS)
        path = _PAGE / name
        return web.Response(
            body=path.read_bytes(),
            content_type=_TYPES[path.suffix],
            charset="utf-8",
            headers=_HEADERS,
        )

    async def _layout(self, _request: web.Request) -> web.Response:
        layout = {
            "cells": gray_code.LAYOUT,
            "bit_names": gray_code.BIT_NAMES,
            "count_bits": gray_code.COUNT_BITS,
            "step_bits": gray_code.STEP_BITS,
            "longest_step_ms": gray_code.LONGEST_STEP_MS,
            "margin": gray_code.MARGIN,
            "marker_cells": gray_code.MARKER_CELLS,
            "marker_rim": gray_code.MARKER_RIM,
            "markers": gray_code.marker_corners(),
        }
        return web.json_response(layout, headers=_HEADERS)

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        if urlsplit(request.headers.get("Origin", "")).netloc != request.host:
            raise web.HTTPForbidden(text="another origin", headers=_HEADERS)
        if self._socket is not None and not self._socket.closed:
            raise web.HTTPConflict(text="the clock is open already", headers=_HEADERS)
        socket = web.WebSocketResponse(max_msg_size=_LONGEST_MESSAGE, heartbeat=5.0)
        self._socket = socket
        await socket.prepare(request)
        steering = asyncio.create_task(self._keep_time(socket))
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT or not self._take(message.data):
                    break
        finally:
            self._ready.clear()
            steering.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await steering
            await socket.close()
        return socket

    def _take(self, text: str) -> bool:
        """Takes a message of the page; returns whether it was one."""
        now_ns = time.monotonic_ns()
        try:
            message = msgspec.json.decode(text, type=Pong | Step)
        except msgspec.MsgspecError:
            return False
        if isinstance(message, Pong):
            self._pongs.put_nowait((message, now_ns))
        elif 4 <= message.step_ms <= gray_code.LONGEST_STEP_MS:
            self.step_ms = message.step_ms
            self._update()
        return True

    def _update(self) -> None:
        if self.offset is not None and self.step_ms:
            self._ready.set()

    async def _keep_time(self, socket: web.WebSocketResponse) -> None:
        while not socket.closed:
            pings = [ping for _ in range(_PINGS) if (ping := await self._ping(socket)) is not None]
            if pings:
                self.offset = offset_from_pings(pings)
                message = {"type": "offset", "offset_ms": self.offset.offset_ns / 1e6}
                await socket.send_str(json.dumps(message))
                self._update()
            await asyncio.sleep(_AGAIN_AFTER_S)

    async def _ping(self, socket: web.WebSocketResponse) -> Ping | None:
        while not self._pongs.empty():
            self._pongs.get_nowait()
        sent_ns = time.monotonic_ns()
        await socket.send_str(json.dumps({"type": "ping", "sent_ns": sent_ns}))
        try:
            async with asyncio.timeout(_PING_DEADLINE_S):
                pong, returned_ns = await self._pongs.get()
        except TimeoutError:
            return None
        if pong.sent_ns != sent_ns:
            return None
        return Ping(
            sent_ns=sent_ns,
            received_ns=round(pong.received_ms * 1e6),
            answered_ns=round(pong.answered_ms * 1e6),
            returned_ns=returned_ns,
        )
