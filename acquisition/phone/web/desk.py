"""Where the phone's page reports: WebSocket messages and uploads find their way from here."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from acquisition.clock import ClockOffset
from acquisition.errors import PhoneError, one_line
from acquisition.phone.contract import ShotName
from acquisition.phone.web.access import Gate, Refusals, Seat, TurnedAwayError, clean
from acquisition.phone.web.link import Link
from acquisition.phone.web.messages import (
    MESSAGE_BYTES,
    PREVIEW_BYTES,
    PROTOCOL,
    Exposed,
    Failed,
    FromPage,
    Hello,
    Pong,
    Refusal,
    State,
    Welcome,
)
from acquisition.phone.web.uploads import CutOffError, Uploads
from acquisition.phone.web.waiting import Waiting

REFUSED = 4003
REPLACED = 4001
FINAL = (400, 401)
HEARTBEAT_S = 5.0
CLOSE_S = 1.0
"""A connection that is gone does not answer its closing."""
JPEG_START = b"\xff\xd8\xff"
JPEG_END = b"\xff\xd9"


class Desk:
    """Serves one phone; knows its connection, clock and newest preview picture."""

    def __init__(
        self,
        *,
        gate: Gate,
        seat: Seat,
        uploads: Uploads,
        waiting: Waiting,
        refusals: Refusals,
        hello_s: float,
    ) -> None:
        self.seat = seat
        self.link: Link | None = None
        self.clock: ClockOffset | None = None
        self.preview: tuple[bytes, int] = (b"", 0)
        """A JPEG, and the host time when it came."""
        self.discarded: list[str] = []
        self.on_change: Callable[[], None] = lambda: None
        self.on_preview: Callable[[bytes], None] = lambda _: None
        self._gate = gate
        self._uploads = uploads
        self._waiting = waiting
        self._refusals = refusals
        self._hello_s = hello_s
        self._page = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._decoder = msgspec.json.Decoder(FromPage)

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Takes one picture and acknowledges what the store has."""
        self._gate.check_bearer(request.headers.get("Authorization", ""))
        device = request.headers.get("X-Device", "")
        self.seat.check(device)
        shot = msgspec.convert(dict(request.match_info), ShotName)
        try:
            file = await self._uploads.receive(request, shot, device)
        except CutOffError:
            return web.Response(status=400)  # nobody reads it, and it was no refusal
        return web.json_response({"sha256": file.sha256})

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """Speaks with the page until the connection ends."""
        socket = web.WebSocketResponse(
            max_msg_size=PREVIEW_BYTES + 1,
            heartbeat=HEARTBEAT_S,
            timeout=CLOSE_S,
            compress=False,
        )
        await socket.prepare(request)
        link = await self._meet(socket, str(request.remote))
        if link is not None:
            beating = asyncio.create_task(link.keep_alive())
            try:
                await self._welcome(link)
                await self._listen(socket, link)
            finally:
                beating.cancel()
                self._left(link)
        return socket

    async def close(self) -> None:
        """Ends the connection."""
        if self.link is not None:
            await self.link.close(WSCloseCode.GOING_AWAY, "the session ended")

    async def _meet(self, socket: web.WebSocketResponse, remote: str) -> Link | None:
        """Returns the link if the first message is an acceptable hello, else closes."""
        try:
            hello = await self._hello(socket)
            self.seat.take(hello.device)
        except TurnedAwayError as refusal:
            self._refusals.note(f"{remote} WebSocket: {one_line(refusal)}")
            with suppress(ConnectionError):
                answer = Refusal(reason=one_line(refusal), is_final=refusal.status in FINAL)
                await socket.send_str(msgspec.json.encode(answer).decode())
                await socket.close(code=REFUSED, message=b"refused")
            return None
        before, link = self.link, Link(socket, hello)
        self.link = link
        if hello.page != self._page:
            self.clock, self._page = None, hello.page
            self._waiting.reloaded(hello.page)
        if before is not None:
            closing = asyncio.create_task(before.close(REPLACED, "the page was opened again"))
            self._tasks.add(closing)
            closing.add_done_callback(self._tasks.discard)
        return link

    async def _welcome(self, link: Link) -> None:
        limit_bytes, discarded = self._uploads.limit_bytes, self.discarded[-100:]
        with suppress(PhoneError):  # gone again already, which reading shows
            await link.send(Welcome(limit_bytes=limit_bytes, discarded=discarded))
        self.on_change()

    async def _hello(self, socket: web.WebSocketResponse) -> Hello:
        try:
            frame = await asyncio.wait_for(socket.receive(), self._hello_s)
        except TimeoutError:
            raise TurnedAwayError(400, "the page did not say hello") from None
        if frame.type is not WSMsgType.TEXT or len(frame.data) > MESSAGE_BYTES:
            raise TurnedAwayError(400, "the page did not say hello")
        hello = self._decode(frame.data)
        if not isinstance(hello, Hello):
            raise TurnedAwayError(400, "the page did not say hello")
        self._gate.check_token(hello.token)
        if hello.protocol != PROTOCOL:
            raise TurnedAwayError(400, "the page is of another version of this program; reload it")
        return hello

    def _decode(self, text: str) -> FromPage:
        try:
            return self._decoder.decode(text)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise TurnedAwayError(
                400, f"a message of the page is not understood: {error}"
            ) from None

    async def _listen(self, socket: web.WebSocketResponse, link: Link) -> None:
        async for frame in socket:
            now_ns = time.monotonic_ns()
            if self.link is not link:
                break
            link.alive_ns = now_ns
            try:
                if frame.type is WSMsgType.TEXT:
                    self._hear(frame.data, link, now_ns)
                elif frame.type is WSMsgType.BINARY:
                    self._see(frame.data, now_ns)
                elif frame.type is WSMsgType.ERROR:
                    raise TurnedAwayError(413, f"a message broke the connection: {frame.data}")
            except TurnedAwayError as refusal:
                self._refusals.note(f"phone: {one_line(refusal)}")

    def _hear(self, text: str, link: Link, now_ns: int) -> None:
        if len(text) > MESSAGE_BYTES:
            raise TurnedAwayError(413, "a message was longer than allowed")
        message = self._decode(text)
        if isinstance(message, Pong):
            link.pong(message, now_ns)
        elif isinstance(message, Exposed):
            self._waiting.exposed(message, self.clock, link.page, now_ns)
        elif isinstance(message, Failed):
            self._waiting.failed(message, clean(message.reason))
        elif isinstance(message, State):
            link.situation = message.situation
            self.on_change()

    def _see(self, picture: bytes, now_ns: int) -> None:
        if len(picture) > PREVIEW_BYTES:
            raise TurnedAwayError(413, "a preview picture was longer than allowed")
        if not (picture.startswith(JPEG_START) and picture.endswith(JPEG_END)):
            raise TurnedAwayError(415, "a preview picture is no JPEG")
        self.preview = (picture, now_ns)
        self.on_preview(picture)

    def _left(self, link: Link) -> None:
        if self.link is link:
            self.link = None
            self.seat.leave()
            self.on_change()
