"""The phone as a web page, as the rest of the program sees it."""

import asyncio
import os
import socket
import ssl
import time
from collections.abc import Callable

import msgspec
from aiohttp import web

from acquisition.clock import ClockOffset, stepped
from acquisition.errors import PhoneError, PhoneSilent
from acquisition.phone.contract import PhoneExposure, PhoneStatus, ShotName
from acquisition.phone.web.access import LOOPBACK, Gate, Refusals, Seat, new_token
from acquisition.phone.web.desk import Desk
from acquisition.phone.web.link import AWAY, Link
from acquisition.phone.web.messages import Discard, Take
from acquisition.phone.web.server import build_application
from acquisition.phone.web.uploads import CheckedIntake, Uploads
from acquisition.phone.web.waiting import Waiting
from acquisition.record import StoredFile
from deepflash.serving.address import lan_addresses

PREVIEW_AGE_NS = 5_000_000_000
NOBODY = "no phone is connected; scan the QR code with the phone"
SHUTDOWN_S = 1.0


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Deadlines and sizes of the web phone."""

    check_s: float = 2.0
    shot_s: float = 6.0
    """From the order to `exposed`; a phone may take seconds to meter with its flash."""
    fetch_s: float = 20.0
    hello_s: float = 5.0
    away_s: float = 60.0
    """After this time another phone may take the place of one that went away."""
    clock_age_s: float = 30.0
    """An older measurement of the clock is made anew before a picture."""
    upload_bytes: int = 64_000_000


def _ignore(*_: object) -> None:
    """Is the callback of whoever wants none."""


class WebPhone:
    """Implements `acquisition.phone.contract.Phone`; one event loop owns it.

    Args:
        intake: where pictures go. `part` and `stored` are called in the event loop, `accept`
            in a thread, one call at a time.
        on_refused: told in one line whatever was refused.
        on_change: told whenever the status may have changed.
        on_preview: given each preview picture (JPEG).
        on_late: given an `exposed` that came after its order's deadline.
        limits: deadlines and sizes.
    """

    def __init__(
        self,
        intake: CheckedIntake,
        *,
        on_refused: Callable[[str], None] = _ignore,
        on_change: Callable[[], None] = _ignore,
        on_preview: Callable[[bytes], None] = _ignore,
        on_late: Callable[[ShotName, PhoneExposure], None] = _ignore,
        limits: Limits | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._intake = intake
        self._authority = b""
        self.token = new_token()
        self.url = ""
        """Where the phone finds the page, token included; empty before `serve`."""
        self._gate = Gate(self.token)
        self._runner: web.AppRunner | None = None
        uploads = Uploads(intake, self._limits.upload_bytes)
        self._waiting = Waiting(on_late)
        uploads.on_stored = self._waiting.stored
        uploads.on_failed = self._waiting.not_stored
        refusals = Refusals(on_refused)
        self._desk = Desk(
            gate=self._gate,
            seat=Seat(self._limits.away_s),
            uploads=uploads,
            waiting=self._waiting,
            refusals=refusals,
            hello_s=self._limits.hello_s,
        )
        self._desk.on_change = on_change
        self._desk.on_preview = on_preview
        self._application = build_application(
            self._desk, self._gate, refusals, lambda: self._authority
        )

    async def serve(
        self, host: str, port: int, tls: ssl.SSLContext | None, authority_der: bytes = b""
    ) -> str:
        """Serves the page at `host` (an address of this computer; port 0 is any free one).

        Can be called again for another address, for example loopback for a cable beside HTTPS
        on the network. Without `tls` only loopback is of use: elsewhere browsers give no camera.

        Returns:
            The page's URL with the token in its fragment; `url` is the one to show.

        Raises:
            PhoneError: the address or port cannot be had.
        """
        if self._runner is None:
            self._runner = web.AppRunner(
                self._application, access_log=None, shutdown_timeout=SHUTDOWN_S
            )
            await self._runner.setup()
        try:
            listener = socket.create_server((host, port))
        except OSError as error:
            raise PhoneError(
                f"cannot serve the phone's page at {host}:{port}: {os.strerror(error.errno or 0)}; "
                "choose another port or address"
            ) from error
        await web.SockSite(self._runner, listener, ssl_context=tls).start()
        self._authority = authority_der or self._authority
        name = self._name_us(host)
        url = f"http{'s' if tls else ''}://{name}:{listener.getsockname()[1]}/#{self.token}"
        if not self.url or name not in LOOPBACK:
            self.url = url
        return url

    def _name_us(self, host: str) -> str:
        if host not in ("", "0.0.0.0"):
            self._gate.allow(host)
            return host
        names = [one.address for one in lan_addresses()] + ["127.0.0.1"]
        for name in names:
            self._gate.allow(name)
        return names[0]

    def status(self) -> PhoneStatus:
        """Returns what is known, without asking the phone."""
        link = self._desk.link
        if link is None:
            device = self._desk.seat.device
            return PhoneStatus(
                connected=False, driver="web", device=device, problem=AWAY if device else NOBODY
            )
        now = link.situation
        return PhoneStatus(
            connected=True,
            driver="web",
            device=link.agent or link.device,
            alive_ns=link.alive_ns,
            flash_kind=now.flash_kind,
            facing=now.facing,
            clock=self._desk.clock,
            pending=list(now.pending),
            capabilities=now.capabilities,
            problem=now.problem,
        )

    def preview(self) -> bytes | None:
        """Returns the newest preview picture (JPEG), None if it is older than 5 seconds."""
        picture, came_ns = self._desk.preview
        fresh = time.monotonic_ns() - came_ns < PREVIEW_AGE_NS
        return picture if picture and fresh else None

    async def check(self) -> PhoneStatus:
        """Measures the phone's clock anew. Raises PhoneError: no answer, or a clock jump."""
        link = self._link()
        before = self._desk.clock
        after = await self._measure(link)
        if before is not None and stepped(before, after):
            jump_ms = abs(after.offset_ns - before.offset_ns) / 1e6
            raise PhoneError(
                f"the phone's clock jumped by {jump_ms:.0f} ms; keep the page in the foreground "
                "and the screen on, then try again"
            )
        return self.status()

    async def reference(self, shot: ShotName) -> PhoneExposure:
        """Takes a picture without any light of the phone's own. Raises PhoneError."""
        return await self._take(shot, light=False)

    async def fire(self, shot: ShotName) -> PhoneExposure:
        """Takes the flash picture; returns when the phone said `exposed`, before any upload.

        Raises PhoneSilent where the phone may have exposed all the same, PhoneError where it
        surely has not.
        """
        return await self._take(shot, light=True)

    async def _take(self, shot: ShotName, *, light: bool) -> PhoneExposure:
        link = self._link()
        clock = self._desk.clock
        age_ns = time.monotonic_ns() - clock.measured_ns if clock else 0
        if clock is None or age_ns > self._limits.clock_age_s * 1e9:
            await self.check()
        with self._waiting.exposure(shot, link.page) as answer:
            try:
                async with asyncio.timeout(self._limits.shot_s):
                    await link.send(Take(pair=shot.pair, kind=shot.kind, light=light))
                    return await answer
            except TimeoutError as error:
                away = f"; {AWAY}" if self._desk.link is None else "; look at the phone's screen"
                raise PhoneSilent(
                    f"the phone was asked for {shot.kind} and did not say that it exposed within "
                    f"{self._limits.shot_s:g} s{away}"
                ) from error

    async def fetch(self, shot: ShotName) -> StoredFile:
        """Waits until the picture is in the store. Raises PhoneError at the deadline."""
        with self._waiting.picture(shot) as answer:
            file = self._intake.stored(shot)
            if file is not None:
                return file
            try:
                async with asyncio.timeout(self._limits.fetch_s):
                    return await answer
            except TimeoutError as error:
                raise PhoneError(
                    f"{shot.kind} did not arrive within {self._limits.fetch_s:g} s; the phone "
                    "keeps it and sends it as soon as it can: leave the page open"
                ) from error

    async def discard(self, pair: str) -> None:
        """Tells the phone that nothing of an aborted pair is wanted. Never raises."""
        self._desk.discarded.append(pair)
        link = self._desk.link
        if link is None:
            return
        try:
            async with asyncio.timeout(self._limits.check_s):
                await link.send(Discard(pair=pair))
        except (PhoneError, TimeoutError):
            return  # it is told when it comes back

    async def close(self) -> None:
        """Lets go of the phone. Never raises."""
        await self._desk.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _link(self) -> Link:
        if self._desk.link is None:
            raise PhoneError(AWAY if self._desk.seat.device else NOBODY)
        return self._desk.link

    async def _measure(self, link: Link) -> ClockOffset:
        try:
            async with asyncio.timeout(self._limits.check_s):
                clock = await link.measure()
        except TimeoutError as error:
            raise PhoneError(
                f"the phone did not answer within {self._limits.check_s:g} s; wake it and keep "
                "the page in the foreground"
            ) from error
        except ValueError as error:
            raise PhoneError(f"the phone's clock cannot be measured: {error}; try again") from error
        if self._desk.link is link:
            self._desk.clock = clock
        return clock
