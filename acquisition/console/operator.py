"""The session as the operator's page sees it: state to draw, commands to give."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Literal

from acquisition.console.health import Health
from acquisition.console.plan_view import last_pair, people_rows
from acquisition.console.state import ConsentForm, ConsoleState, NextShot, Problem
from acquisition.console.thumbnails import small_jpeg
from acquisition.errors import (
    AcquisitionError,
    CameraError,
    ConsentError,
    SessionError,
    StoreError,
    one_line,
)
from acquisition.sequence.words import Phase
from acquisition.taking.completion import complete, promote
from acquisition.taking.pair_run import PairOutcome, PairRun
from acquisition.taking.studio import Studio

WATCH_EVERY_S = 1.0

BeforePair = Callable[["Operator", str, str], Awaitable[None]]


class Operator:
    """Takes one pair after the other as the page asks; watches the devices in between."""

    def __init__(
        self,
        studio: Studio,
        *,
        preview: Callable[[], bytes | None] = lambda: None,
        phone_url: str = "",
    ) -> None:
        self.studio = studio
        self.outcomes: list[PairOutcome] = []
        self.before_pair: BeforePair | None = None
        """Is awaited with the operator, the person and the pose before a pair is begun."""
        self._preview = preview
        self._health = Health(studio)
        self._version_changed = asyncio.Condition()
        self._run: PairRun | None = None
        self._pair_task: asyncio.Task[None] | None = None
        self._taking: tuple[str, str] | None = None
        self._chosen: tuple[str, str] | None = None
        self._finishing = asyncio.Event()
        self._camera_busy = False
        self._problem: Problem | None = None
        self._bumping: set[asyncio.Future[None]] = set()
        info = studio.folder.info
        self._state = ConsoleState(
            session=info.session,
            order=studio.options.order,
            phone_url=phone_url,
            simulated=info.simulated,
        )

    async def run(self) -> None:
        """Watches the devices until the session is finished; then lets a running pair end."""
        await self._refresh()
        while not self._finishing.is_set():
            await self._watch()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._finishing.wait(), WATCH_EVERY_S)
        if self._pair_task is not None:
            await self._pair_task
        await complete(self.studio)

    # What the page draws

    def state(self) -> ConsoleState:
        """Returns the present state."""
        return self._state

    async def changed(self, version: int) -> ConsoleState:
        """Waits until the state's version is another, then returns it."""
        async with self._version_changed:
            await self._version_changed.wait_for(lambda: self._state.version != version)
        return self._state

    def preview(self) -> bytes | None:
        """Returns the phone's newest preview picture (JPEG), None if there is none."""
        return self._preview()

    def picture(self, pair: str, side: Literal["phone", "studio"]) -> bytes | None:
        """Returns a small upright JPEG of a taken picture, None if there is none."""
        kind = "phone_flash" if side == "phone" else "studio_jpeg"
        try:
            files = self.studio.folder.files(pair)
            folder = self.studio.folder.pair_folder(pair)
        except (StoreError, SessionError):
            return None
        for file in files:
            if file.kind == kind:
                return small_jpeg(folder / file.name)
        return None

    # What the page asks for

    async def shoot(self) -> None:
        """Begins the next pair; returns at once. Raises SessionError with why not."""
        chosen = self._next()
        # Not what the page was last told: the camera may be starting anew since.
        why_not = self._why_not(chosen)
        if why_not or chosen is None:
            await self._refresh()
            raise SessionError(why_not)
        self._chosen, self._taking = None, chosen
        # Here and not in the task, so that Stop finds it at once.
        self._run = PairRun(self.studio, *chosen, on_phase=self._phase)
        self._pair_task = asyncio.create_task(self._take(self._run, *chosen))
        await self._refresh()

    async def stop(self) -> None:
        """Breaks off the running pair, as soon as nothing is lost by it."""
        if self._run is not None:
            self._run.stop()

    async def select(self, participant: str, pose: str) -> None:
        """Makes a pose the next one. Raises SessionError for one that the plan lacks."""
        rows = self.studio.folder.plan()
        if not any((row.participant, row.pose) == (participant, pose) for row in rows):
            raise SessionError(f"the plan has no pose {pose} of {participant}; reload the page")
        self._chosen = (participant, pose)
        await self._refresh()

    async def skip(self) -> None:
        """Passes over the next pose. Raises SessionError while a pair is taken."""
        self._refuse_while_taking()
        if chosen := self._next():
            self.studio.folder.skip(*chosen)
            self._chosen = None
            await self._refresh()

    async def add_person(self, form: ConsentForm) -> str:
        """Records a consent and puts the person into the plan; returns the new id."""
        consent = await asyncio.to_thread(self.studio.registry.give, form)
        await self.add_participant(consent.participant)
        return consent.participant

    async def add_participant(self, participant: str) -> None:
        """Puts a person with a valid consent into the plan. Raises ConsentError."""
        self.studio.consent_of(participant)
        await asyncio.to_thread(self.studio.folder.add_person, participant)
        self.studio.registry.note_place(participant, self.studio.folder.root)
        await self._refresh()

    async def restart_camera(self) -> None:
        """Starts the camera's process anew and sets the camera again. Raises CameraError."""
        self._refuse_while_taking()
        if self._camera_busy:
            raise SessionError("the camera is being started anew already; wait for it")
        await self._restart_camera()

    async def finish(self) -> None:
        """Ends the session as soon as the running pair is over."""
        self.finish_soon()

    def finish_soon(self) -> None:
        """As `finish`, for a signal handler."""
        self._finishing.set()
        self._bump_soon()

    @property
    def is_finishing(self) -> bool:
        """Returns whether the session was told to end."""
        return self._finishing.is_set()

    async def idle(self) -> None:
        """Waits until no pair is being taken."""
        if self._pair_task is not None:
            await self._pair_task

    # Within

    def _refuse_while_taking(self) -> None:
        if self._taking is not None:
            raise SessionError("a pair is being taken; wait for it, or press Stop")

    def _next(self) -> tuple[str, str] | None:
        return self._taking or self._chosen or self.studio.folder.next_open(self._may_be_taken)

    def _may_be_taken(self, participant: str) -> bool:
        try:
            self.studio.consent_of(participant)
        except ConsentError:
            return False
        return True

    async def _take(self, run: PairRun, participant: str, pose: str) -> None:
        self._problem = None
        try:
            if self.before_pair is not None:
                await self.before_pair(self, participant, pose)
            outcome = await run.run()
        except AcquisitionError as error:
            self._problem = Problem(level="bad", text=one_line(error), advice="")
        else:
            self.outcomes.append(outcome)
            self._state.last = last_pair(outcome, participant, pose)
        finally:
            self._run = self._taking = None
            self._state.phase = "idle"
            await self._refresh()

    def _phase(self, phase: Phase) -> None:
        self._state.phase = phase.value
        self._bump_soon()

    async def _watch(self) -> None:
        if self._taking or self._camera_busy:
            return
        await self._health.measure_clock()
        is_lost = await self._health.camera_is_lost()
        if self._taking or self._camera_busy:
            # A pair was begun meanwhile: nothing may be tidied up beside it.
            return
        if is_lost:
            with suppress(CameraError):
                await self._restart_camera()
        is_behind = bool(self.studio.unwritten)
        try:
            await promote(self.studio)
            if is_behind:
                self._problem = None
        except AcquisitionError as error:
            self._problem = Problem(level="bad", text=one_line(error), advice="")
        await self._refresh()

    async def _restart_camera(self) -> None:
        self._camera_busy = self._health.camera_starts = True
        try:
            await self._refresh()
            await self.studio.on_camera(self.studio.camera.restart)
            self.studio.settings = await self.studio.on_camera(self.studio.camera.settings)
            await self._health.camera_is_lost()
            await complete(self.studio)
        finally:
            self._camera_busy = self._health.camera_starts = False
            await self._refresh()

    async def _refresh(self) -> None:
        state, folder = self._state, self.studio.folder
        state.camera, state.phone = self._health.camera(), self._health.phone()
        state.lights, state.disk = self._health.lights(), self._health.disk()
        state.clock = self._health.clock()
        state.people = people_rows(folder.plan(), self.studio.registry)
        poses = [pose for person in state.people for pose in person.poses]
        state.planned, state.done = len(poses), sum(pose.state == "done" for pose in poses)
        chosen = self._next()
        state.next = None
        if chosen is not None:
            instructions = {pose.name: pose.instruction for pose in folder.info.poses}
            state.next = NextShot(
                participant=chosen[0], pose=chosen[1], instruction=instructions[chosen[1]]
            )
        state.why_not = self._why_not(chosen)
        state.can_shoot = not state.why_not
        state.problems = [*self._health.problems(), *([self._problem] if self._problem else [])]
        await self._bump()

    def _why_not(self, chosen: tuple[str, str] | None) -> str:
        if self._taking is not None:
            return "a pair is being taken"
        if self._finishing.is_set():
            return "the session is being closed"
        if worst := self._health.why_not():
            return worst
        if self._camera_busy:
            return "the camera is being started anew"
        if chosen is None:
            return "the plan is done; add a person, or choose a pose to take again"
        try:
            self.studio.consent_of(chosen[0])
        except ConsentError as error:
            return one_line(error)
        return ""

    async def _bump(self) -> None:
        async with self._version_changed:
            self._state.version += 1
            self._version_changed.notify_all()

    def _bump_soon(self) -> None:
        task = asyncio.ensure_future(self._bump())
        self._bumping.add(task)
        task.add_done_callback(self._bumping.discard)
