"""Orders that wait for the phone, and what became of them."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from acquisition.clock import ClockOffset
from acquisition.errors import PhoneError, PhoneSilent
from acquisition.phone.contract import PhoneExposure, ShotName
from acquisition.phone.web.access import TurnedAwayError
from acquisition.phone.web.exposure import exposure_interval, page_ns
from acquisition.phone.web.messages import Exposed, Failed
from acquisition.record import StoredFile

REMEMBERED = 64
"""That many orders are remembered for answers that come too late."""


class Asked(msgspec.Struct):
    """An order that was sent."""

    asked_ns: int
    page: str
    """The load of the page that was asked; another one has another clock."""
    answered: bool = False


class Waiting:
    """Brings answers of the phone to those who wait for them."""

    def __init__(self, on_late: Callable[[ShotName, PhoneExposure], None]) -> None:
        self._on_late = on_late
        self._asked: dict[str, Asked] = {}
        self._exposures: dict[str, asyncio.Future[PhoneExposure]] = {}
        self._pictures: dict[str, asyncio.Future[StoredFile]] = {}
        self._not_stored: dict[str, PhoneError] = {}
        """Failures that nobody has heard of yet."""

    @contextmanager
    def exposure(self, shot: ShotName, page: str) -> Iterator[asyncio.Future[PhoneExposure]]:
        """Gives the future `exposed` of an order that leaves now."""
        name = str(shot)
        self._asked[name] = Asked(asked_ns=time.monotonic_ns(), page=page)
        while len(self._asked) > REMEMBERED:
            self._asked.pop(next(iter(self._asked)))
        answer = self._exposures[name] = asyncio.get_running_loop().create_future()
        try:
            yield answer
        finally:
            self._exposures.pop(name, None)
            _retrieve(answer)

    @contextmanager
    def picture(self, shot: ShotName) -> Iterator[asyncio.Future[StoredFile]]:
        """Gives the future stored file of a shot."""
        answer = self._pictures[str(shot)] = asyncio.get_running_loop().create_future()
        failure = self._not_stored.pop(str(shot), None)
        if failure is not None:
            answer.set_exception(failure)
        try:
            yield answer
        finally:
            self._pictures.pop(str(shot), None)
            _retrieve(answer)

    def exposed(self, message: Exposed, clock: ClockOffset | None, page: str, told_ns: int) -> None:
        """Takes an `exposed`. Raises TurnedAwayError for an order that nobody gave."""
        shot = ShotName(pair=message.pair, kind=message.kind)
        asked = self._asked.get(str(shot))
        if asked is None or asked.page != page:
            raise TurnedAwayError(400, f"the phone says it exposed {shot}, which nobody asked for")
        if asked.answered:
            return  # said again after a reconnect
        asked.answered = True
        try:
            exposure = _exposure(message, asked, clock, told_ns)
        except PhoneError as error:
            self._fail(self._exposures.get(str(shot)), PhoneSilent(str(error)))
            return
        answer = self._exposures.get(str(shot))
        if answer is None or answer.done():
            self._on_late(shot, exposure)
        else:
            answer.set_result(exposure)

    def failed(self, message: Failed, reason: str) -> None:
        """Takes a `failed`."""
        shot = ShotName(pair=message.pair, kind=message.kind)
        self._fail(
            self._exposures.get(str(shot)),
            PhoneError(f"the phone could not take {shot.kind}: {reason}; look at its screen"),
        )

    def reloaded(self, page: str) -> None:
        """Fails the orders that went to an earlier load of the page."""
        for name, answer in self._exposures.items():
            if self._asked[name].page != page:
                self._fail(
                    answer, PhoneSilent("the phone's page was loaded anew meanwhile; try again")
                )

    def stored(self, shot: ShotName, file: StoredFile) -> None:
        """Tells who waits that the store has the picture."""
        self._not_stored.pop(str(shot), None)
        answer = self._pictures.get(str(shot))
        if answer is not None and not answer.done():
            answer.set_result(file)

    def not_stored(self, shot: ShotName, reason: str) -> None:
        """Tells who waits that the store did not take the picture."""
        error = PhoneError(f"{shot.kind} was not stored: {reason}; it stays on the phone")
        answer = self._pictures.get(str(shot))
        if answer is not None:
            self._fail(answer, error)
        elif len(self._not_stored) < REMEMBERED:
            self._not_stored[str(shot)] = error

    def _fail(self, answer: asyncio.Future | None, error: PhoneError) -> None:
        if answer is not None and not answer.done():
            answer.set_exception(error)


def _exposure(
    message: Exposed, asked: Asked, clock: ClockOffset | None, told_ns: int
) -> PhoneExposure:
    if clock is None:
        raise PhoneError("the phone's clock was not measured; check the phone, then try again")
    call_ns = page_ns(message.call_ms)
    interval = exposure_interval(
        call_ns=call_ns,
        resolve_ns=page_ns(message.resolve_ms),
        clock=clock,
        asked_ns=asked.asked_ns,
        told_ns=told_ns,
    )
    return PhoneExposure(
        exposure=interval,
        flash_kind=message.flash_kind,
        late_ns=max(clock.to_host(call_ns) - asked.asked_ns, 0),
        clock=clock,
        requested=message.requested,
    )


def _retrieve(answer: asyncio.Future) -> None:
    """Keeps asyncio from complaining of an error that nobody waited for any more."""
    if answer.done() and not answer.cancelled():
        answer.exception()
    else:
        answer.cancel()
