"""A phone without a browser: speaks the page's protocol, fails on request, knows the truth."""

import asyncio
import contextlib
import secrets
import ssl
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import msgspec

from acquisition.clock import Interval
from acquisition.errors import PhoneError
from acquisition.phone.web.messages import (
    PROTOCOL,
    Discard,
    Exposed,
    Facing,
    FromHost,
    Hello,
    PingOrder,
    Pong,
    Refusal,
    Report,
    Situation,
    State,
    Take,
    Welcome,
)
from acquisition.record import FlashKind
from acquisition.simulate.phone_parts import Feed, Outbox, PageClock, PhoneFault
from acquisition.simulate.phone_uploads import Uploader

Faults = Callable[[str, str], Collection[PhoneFault]]

RETRY_S = 0.2
REFUSED_RETRY_S = 15.0
REFUSED_CODE = 4003
REPLACED_CODE = 4001
EXPOSURE_S = 0.01


class ProtocolPhone:
    """A page in a phone as the host sees it.

    Args:
        url: the page's address with the token in its fragment.
        feed: gives the picture that is taken for (pair, kind).
        folder: keeps the pictures until they are acknowledged.
        device: the phone's own name; the same name is the same phone.
        clock_offset_s: what its clock shows at the start.
        drift_ppm: how much too fast its clock runs.
        tick_ms: step of its clock.
        exposure_delay_s: from order to exposure; may be changed at any time.
        flash_kind: its best light.
        facing: which camera it uses.
        problem: what it complains of.
        faults: what goes wrong at a shot.
        late_s: delay of the fault `exposes_late`.
        tls: trusts the server's certificate; None trusts nothing but plain http.
    """

    def __init__(
        self,
        url: str,
        feed: Feed,
        *,
        folder: Path,
        device: str = "simulated-phone-1",
        clock_offset_s: float = 0.0,
        drift_ppm: float = 0.0,
        tick_ms: float = 0.1,
        exposure_delay_s: float = 0.03,
        flash_kind: FlashKind = "flash",
        facing: Facing = "environment",
        problem: str = "",
        faults: Faults = lambda _pair, _kind: (),
        late_s: float = 8.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(url)
        self._base = f"{parts.scheme}://{parts.netloc}"
        self._token = parts.fragment
        self._feed = feed
        self._faults = faults
        self._tls = tls
        self._device = device
        self._new_clock = lambda: PageClock(clock_offset_s, drift_ppm, tick_ms)
        self._load()
        self.exposure_delay_s = exposure_delay_s
        self.flash_kind: FlashKind = flash_kind
        self.facing: Facing = facing
        self.problem = problem
        self.late_s = late_s
        self.outbox = Outbox(folder)
        self.exposures: dict[str, Interval] = {}
        """When each shot was truly exposed, in host time."""
        self.refused = ""
        """Why the host sent this phone away."""
        self.unwanted: dict[str, str] = {}
        """Shots that the host does not want, and why."""
        self.welcome = asyncio.Event()
        self.block_uploads = False
        """While true nothing is uploaded."""
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._unsent: list[Exposed] = []
        self._spoiled: dict[str, set[PhoneFault]] = {}
        self._uploader = Uploader(self._base, self._token, device, self.outbox, tls)
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Opens the page and goes on in the background. Returns at once."""
        self._session = aiohttp.ClientSession(headers={"Origin": self._base})
        self._spawn(self._connect())
        self._spawn(self._upload())

    async def stop(self) -> None:
        """Closes the page; what is in the outbox stays there."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def send(self, data: bytes) -> None:
        """Sends a preview picture, or anything else to see what the host does."""
        if self._socket is None:
            raise PhoneError("the simulated phone is not connected; wait for its welcome")
        await self._socket.send_bytes(data)

    async def drop(self) -> None:
        """Loses the connection; it comes back by itself."""
        self.welcome.clear()
        if self._socket is not None:
            await self._socket.close()

    async def reload(self) -> None:
        """Loads the page anew: another clock, and unsent words are forgotten."""
        self._load()
        self._unsent.clear()
        await self.drop()

    def _load(self) -> None:
        self._page = secrets.token_hex(8)
        self.clock = self._new_clock()

    def _spawn(self, work) -> None:  # noqa: ANN001
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self) -> None:
        while True:
            code = None
            with contextlib.suppress(aiohttp.ClientError, ConnectionError):
                code = await self._talk()
            self.welcome.clear()
            if code == REPLACED_CODE:
                return
            await asyncio.sleep(REFUSED_RETRY_S if code == REFUSED_CODE else RETRY_S)

    async def _talk(self) -> int | None:
        """Speaks with the host until the connection ends; returns its closing code."""
        decoder = msgspec.json.Decoder(FromHost)
        address = f"{self._base}/socket"
        async with self._open().ws_connect(address, ssl=self._tls or True) as socket:
            self._socket = socket
            await self._say(self._hello())
            async for frame in socket:
                if frame.type is aiohttp.WSMsgType.TEXT:
                    received_ms = self.clock.now_ms()
                    await self._hear(decoder.decode(frame.data), received_ms)
            return socket.close_code

    async def _hear(self, order: FromHost, received_ms: float) -> None:
        if isinstance(order, PingOrder):
            answered_ms = self.clock.now_ms()
            await self._say(
                Pong(number=order.number, received_ms=received_ms, answered_ms=answered_ms)
            )
        elif isinstance(order, Take):
            self._spawn(self._take(order))
        elif isinstance(order, Welcome):
            await self._welcomed(order)
        elif isinstance(order, Discard):
            self._discard(order.pair)
        elif isinstance(order, Refusal):
            self.refused = order.reason

    async def _welcomed(self, order: Welcome) -> None:
        self.refused = ""
        self.unwanted.clear()
        for pair in order.discarded:
            self._discard(pair)
        while self._unsent:
            await self._say(self._unsent[0])
            self._unsent.pop(0)
        self.welcome.set()

    def _discard(self, pair: str) -> None:
        for name in self.outbox.names():
            if name.startswith(f"{pair}/"):
                self.unwanted[name] = "discarded"

    async def _take(self, order: Take) -> None:
        name = f"{order.pair}/{order.kind}"
        faults = set(self._faults(order.pair, order.kind))
        if "never_exposes" in faults:
            return
        page, call_ms = self._page, self.clock.now_ms()
        await asyncio.sleep(self.late_s if "exposes_late" in faults else self.exposure_delay_s)
        start_ns = time.monotonic_ns()
        await asyncio.sleep(EXPOSURE_S)
        self.exposures[name] = Interval(start_ns=start_ns, end_ns=time.monotonic_ns())
        kind = "phone_reference" if "no_flash" in faults else order.kind
        self.outbox.put(order.pair, order.kind, self._feed(order.pair, kind))
        self._spoiled[name] = faults & {"upload_cut", "upload_corrupt"}
        said = Exposed(
            pair=order.pair,
            kind=order.kind,
            flash_kind=self.flash_kind if order.light else "unknown",
            call_ms=call_ms,
            resolve_ms=self.clock.now_ms(),
            requested={"light": self.flash_kind if order.light else "none", "how": "simulated"},
        )
        if "reload" in faults:
            await self.reload()
        if "disconnects" in faults:
            await self.drop()
        if page == self._page:
            await self._say_or_keep(said)

    async def _say_or_keep(self, said: Exposed) -> None:
        if not self.welcome.is_set():
            self._unsent.append(said)
            return
        await self._say(said)
        await self._say(State(situation=self._situation()))

    async def _upload(self) -> None:
        while True:
            await self.welcome.wait()
            waiting = [name for name in self.outbox.names() if name not in self.unwanted]
            if not waiting or self.block_uploads:
                await asyncio.sleep(RETRY_S / 10)
                continue
            name = waiting[0]
            spoiled = self._spoiled.get(name, set())
            fault = spoiled.pop() if spoiled else None
            try:
                reason = await self._uploader.send(self._open(), name, fault)
            except (aiohttp.ClientError, ConnectionError):
                await asyncio.sleep(RETRY_S)
                continue
            if reason:
                self.unwanted[name] = reason

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise PhoneError("the simulated phone was not started; call start() first")
        return self._session

    async def _say(self, report: Report) -> None:
        if self._socket is not None:
            with contextlib.suppress(ConnectionError):
                await self._socket.send_str(msgspec.json.encode(report).decode())

    def _hello(self) -> Hello:
        return Hello(
            protocol=PROTOCOL,
            token=self._token,
            device=self._device,
            page=self._page,
            agent="simulated phone",
            tick_ms=self.clock.tick_ms,
            situation=self._situation(),
        )

    def _situation(self) -> Situation:
        return Situation(
            facing=self.facing,
            flash_kind=self.flash_kind,
            capabilities={
                "still": "simulated",
                "time_origin_ms": time.time() * 1000 - self.clock.now_ms(),
            },
            pending=self.outbox.names()[:500],
            problem=self.problem,
        )


if __name__ == "__main__":
    from acquisition.simulate.phone_serve import main

    sys.exit(main())
