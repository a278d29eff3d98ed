"""One open WebSocket to the phone's page, after its hello was accepted."""

import asyncio
import time

import msgspec
from aiohttp import web

from acquisition.clock import ClockOffset, Ping
from acquisition.errors import PhoneError
from acquisition.phone.web.exposure import page_clock, page_ns, ping_of
from acquisition.phone.web.messages import FromHost, Hello, PingOrder, Pong, Situation

PINGS = 16
SIGN_OF_LIFE_S = 1.5
LEAST_PINGS = 4
GOOD_ROUND_TRIP_NS = 1_000_000
"""Half of it, 0.5 ms, is good enough a bound to stop at."""
AWAY = "the phone went away; wake it and leave the page open, it connects by itself"


class Link:
    """Sends orders and matches pings with their pongs."""

    def __init__(self, socket: web.WebSocketResponse, hello: Hello) -> None:
        self.device = hello.device
        self.page = hello.page
        self.agent = hello.agent
        self.tick_ns = page_ns(hello.tick_ms)
        self.situation: Situation = hello.situation
        self.alive_ns = time.monotonic_ns()
        self._socket = socket
        self._pongs: dict[int, asyncio.Future[Ping]] = {}
        self._sent: dict[int, int] = {}
        self._number = 0

    @property
    def is_open(self) -> bool:
        """Returns whether orders can be sent."""
        return not self._socket.closed

    async def send(self, order: FromHost) -> None:
        """Sends an order. Raises PhoneError if the connection is gone."""
        try:
            await self._socket.send_str(msgspec.json.encode(order).decode())
        except ConnectionError as error:
            raise PhoneError(AWAY) from error

    async def keep_alive(self) -> None:
        """Asks for a sign of life now and then; the page takes silence for a lost line."""
        try:
            while True:
                await asyncio.sleep(SIGN_OF_LIFE_S)
                await self.send(PingOrder(number=0))
        except PhoneError:
            return  # the reader of the connection sees its end

    async def measure(self) -> ClockOffset:
        """Returns the page's clock against the host's. Raises PhoneError; has no deadline."""
        pings: list[Ping] = []
        for _ in range(PINGS):
            pings.append(await self._ping())
            best = min(ping.round_trip_ns for ping in pings)
            if len(pings) >= LEAST_PINGS and best < GOOD_ROUND_TRIP_NS:
                break
        return page_clock(pings, self.tick_ns)

    async def _ping(self) -> Ping:
        self._number += 1
        number = self._number
        answer = self._pongs[number] = asyncio.get_running_loop().create_future()
        try:
            self._sent[number] = time.monotonic_ns()
            await self.send(PingOrder(number=number))
            return await answer
        finally:
            self._pongs.pop(number, None)
            self._sent.pop(number, None)

    def pong(self, pong: Pong, returned_ns: int) -> None:
        """Takes a pong that came in at host time `returned_ns`; unknown ones are ignored."""
        answer = self._pongs.get(pong.number)
        if answer is not None and not answer.done():
            answer.set_result(ping_of(self._sent[pong.number], pong, returned_ns))

    async def close(self, code: int, reason: str) -> None:
        """Closes the connection; the page acts on the code."""
        for answer in self._pongs.values():
            if not answer.done():
                answer.set_exception(PhoneError(AWAY))
        await self._socket.close(code=code, message=reason.encode()[:120])
