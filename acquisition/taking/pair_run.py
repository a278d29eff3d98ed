"""One pair, from the button to the record: executes what the state machine asks for."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress

import msgspec

from acquisition.record import PairRecord
from acquisition.sequence.machine import step
from acquisition.sequence.words import (
    Action,
    Begin,
    Event,
    FetchFiles,
    Finish,
    FirePhone,
    JudgePictures,
    Outcome,
    Phase,
    RunChecks,
    SetLights,
    State,
    Stop,
    TakeReference,
    Tick,
    TriggerStudio,
)
from acquisition.taking.pair_actions import PairActions
from acquisition.taking.studio import Studio


class PairOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How one attempt ended."""

    outcome: Outcome
    pair: str
    """Empty where the attempt ended before it had a name."""
    reasons: tuple[str, ...]
    record: PairRecord | None
    """None for an aborted attempt."""


class PairRun:
    """Feeds the state machine with what the devices say, and the devices with what it asks for.

    Actions run as tasks, so that no device can hold up the machine's own deadlines.
    """

    def __init__(
        self,
        studio: Studio,
        participant: str,
        pose: str,
        *,
        on_phase: Callable[[Phase], None] = lambda _: None,
    ) -> None:
        self.actions = PairActions(studio, participant, pose)
        self._state = State(
            order=studio.options.order,
            timing=studio.options.timing,
            takes_references=bool(studio.phone.status().capabilities.get("reference", True)),
        )
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._on_phase = on_phase

    def stop(self) -> None:
        """Breaks off as soon as nothing is lost by it."""
        self._events.put_nowait(Stop())

    async def run(self) -> PairOutcome:
        """Takes the pair; returns how it ended.

        Raises:
            StoreError: the disk took no more; what was taken is on the devices, and the journal
                and the next start of the session know of it.
        """
        try:
            self._feed(Begin())
            while self._state.outcome is None:
                self._feed(await self._next_event())
            record = await self.actions.finish(self._state)
            return PairOutcome(
                outcome=self._state.outcome,
                pair=self.actions.pair,
                reasons=self._state.reasons,
                record=record,
            )
        finally:
            await self._end_tasks()

    async def _next_event(self) -> Event:
        deadline_ns = self._state.deadline_ns
        if deadline_ns is None:
            return await self._events.get()
        wait_s = max(0.0, (deadline_ns - time.monotonic_ns()) * 1e-9)
        try:
            return await asyncio.wait_for(self._events.get(), wait_s)
        except TimeoutError:
            return Tick()

    def _feed(self, event: Event) -> None:
        before = self._state.phase
        self._state, actions = step(self._state, event, time.monotonic_ns())
        if self._state.phase is not before:
            self._on_phase(self._state.phase)
        for action in actions:
            if not isinstance(action, Finish):
                self._start(self._work(action))

    def _work(self, action: Action) -> Coroutine[None, None, Event]:
        if isinstance(action, SetLights):
            return self.actions.set_lights(action.scene)
        if isinstance(action, TakeReference):
            return self.actions.take_reference(after=action.after)
        plain = {
            RunChecks: self.actions.check,
            FirePhone: self.actions.fire_phone,
            TriggerStudio: self.actions.trigger_studio,
            FetchFiles: self.actions.fetch,
            JudgePictures: self.actions.judge,
        }
        return plain[type(action)]()

    def _start(self, work: Coroutine[None, None, Event]) -> None:
        async def report() -> None:
            self._events.put_nowait(await work)

        task = asyncio.create_task(report())
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        # A fault that no action knows how to put into words ends the pair as if it were stopped;
        # the fault itself is raised by `_end_tasks`.
        if not task.cancelled() and task.exception() is not None:
            self._failed = task.exception()
            self._events.put_nowait(Stop())

    _failed: BaseException | None = None

    async def _end_tasks(self) -> None:
        for task in list(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self.actions.close()
        if self._failed is not None:
            raise self._failed
