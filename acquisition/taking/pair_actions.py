"""What the state machine of a pair may ask for, done with the real devices.

Every action ends as an event: a fault of a device is news for the state machine, not an end of
the program. An intent is in the journal before the device is told.
"""

import asyncio
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from acquisition.camera.contract import Collected
from acquisition.clock import Interval
from acquisition.consent.registry import Consent
from acquisition.errors import (
    AcquisitionError,
    CameraError,
    CameraSilent,
    LightsError,
    PhoneError,
    PhoneSilent,
    StoreError,
    one_line,
)
from acquisition.phone.contract import PhoneExposure, PhoneKind, ShotName
from acquisition.record import LightsUsed, PairRecord
from acquisition.sequence.words import (
    CheckFailed,
    CheckPassed,
    Event,
    Fetched,
    Judged,
    LightsFailed,
    LightsReady,
    PhoneExposed,
    PhoneFailed,
    ReferenceFailed,
    ReferenceTaken,
    Scene,
    State,
    StudioExposed,
    StudioFailed,
)
from acquisition.store.missing import missing_files
from acquisition.taking.facts import PairFacts, build_record, phone_shot, studio_shot
from acquisition.taking.fetching import Fetching
from acquisition.taking.judging import judge_pair
from acquisition.taking.preflight import check_camera, check_phone, in_words
from acquisition.taking.studio import Studio, now_ns


class PairActions:
    """The actions of one pair, and the facts that they bring together."""

    def __init__(self, studio: Studio, participant: str, pose: str) -> None:
        self._studio = studio
        self._fetching = Fetching(studio)
        self._collecting: asyncio.Task[Collected] | None = None
        self._record: PairRecord | None = None
        self.pair = ""
        self.facts = PairFacts(participant=participant, pose=pose)

    async def check(self) -> Event:
        """Consent, disk, camera, phone; then the pair gets its name and folder."""
        studio, facts = self._studio, self.facts
        try:
            consent = studio.consent_of(facts.participant)
            studio.folder.check_space()
            _, facts.phone_status = await asyncio.gather(
                self._check_camera(), check_phone(studio.phone)
            )
            self._begin(consent)
        except AcquisitionError as error:
            return CheckFailed(one_line(error))
        return CheckPassed()

    def _begin(self, consent: Consent) -> None:
        facts, folder = self.facts, self._studio.folder
        facts.attempt = 1 + folder.attempts(facts.participant, facts.pose)
        facts.consent = consent.reference
        lights = LightsUsed(
            driver=self._studio.lights.driver, settle_ms=self._studio.lights.settle_ms
        )
        self.pair = folder.begin_pair(
            facts.participant, facts.pose, consent=facts.consent, lights=lights
        )
        facts.began_ns = now_ns()
        facts.wall_time = datetime.now(UTC).isoformat(timespec="milliseconds")

    async def _check_camera(self) -> None:
        try:
            status, self.facts.settings = await check_camera(self._studio)
        except CameraError as error:
            raise CameraError(in_words(error, "the camera")) from error
        self.facts.camera_clock_offset_s = status.clock_offset_s

    async def set_lights(self, scene: Scene) -> Event:
        """Sets a scene and waits until it has settled."""
        try:
            await self._studio.lights.scene(scene)
        except LightsError as error:
            return LightsFailed(one_line(error))
        self.facts.scenes.append(scene)
        return LightsReady()

    async def take_reference(self, *, after: bool) -> Event:
        """Has the phone take a picture without its own light."""
        kind: PhoneKind = "phone_reference_after" if after else "phone_reference"
        try:
            exposure = await self._studio.phone.reference(ShotName(pair=self.pair, kind=kind))
            self._journal("phone_exposed", kind=kind, exposure=exposure.exposure)
        except (PhoneError, StoreError) as error:
            return ReferenceFailed(one_line(error))
        self.facts.exposures[kind] = exposure
        return ReferenceTaken()

    async def fire_phone(self) -> Event:
        """Has the phone take the flash picture."""
        shot = ShotName(pair=self.pair, kind="phone_flash")
        exposure: PhoneExposure | None = None
        try:
            self._journal("phone_fire", kind=shot.kind)
            # Until the phone says otherwise, also when the machine's own deadline comes first.
            self.facts.phone_may_have = True
            exposure = await self._studio.phone.fire(shot)
            self.facts.exposures[shot.kind] = exposure
            phone = phone_shot(self._studio, self.pair, self.facts)
            self._journal("phone_exposed", kind=shot.kind, phone=phone)
        except PhoneSilent as error:
            return PhoneFailed(one_line(error), True)
        except (PhoneError, StoreError) as error:
            self.facts.phone_may_have = exposure is not None
            return PhoneFailed(one_line(error), exposure is not None)
        return PhoneExposed(exposure.exposure.end_ns)

    async def trigger_studio(self) -> Event:
        """Releases the studio camera; its files are collected from then on."""
        studio, facts, began_ns = self._studio, self.facts, now_ns()
        try:
            self._journal("studio_trigger")
            facts.studio_may_have = True
            triggered = await studio.on_camera(studio.camera.trigger)
            facts.studio_exposure, facts.studio_said_so = triggered.exposure, True
            self._collect()
            self._journal("studio_exposed", studio=studio_shot(studio, self.pair, facts))
        except CameraSilent as error:
            # The release lies somewhere in the call, if there was one.
            facts.studio_exposure = Interval(start_ns=began_ns, end_ns=now_ns())
            self._collect()
            return StudioFailed(one_line(error), True)
        except (CameraError, StoreError) as error:
            facts.studio_may_have = facts.studio_exposure is not None
            return StudioFailed(one_line(error), facts.studio_may_have)
        return StudioExposed(triggered.exposure.end_ns)

    def _collect(self) -> None:
        self._collecting = asyncio.create_task(self._fetching.collect(self.pair))

    async def fetch(self) -> Event:
        """Brings every file that was taken into the store."""
        await asyncio.gather(
            self._fetching.phone_pictures(self.pair, self.facts),
            self._fetching.studio_files(self.pair, self.facts, self._collecting),
        )
        return Fetched(tuple(missing.note for missing in self.facts.missing if missing.note))

    async def judge(self) -> Event:
        """Looks at the pictures."""
        flash_kind = self.facts.exposures["phone_flash"].flash_kind
        try:
            verdict = await asyncio.to_thread(
                judge_pair, self._studio, self.pair, self.facts.participant, flash_kind
            )
        except AcquisitionError as error:
            return Judged((one_line(error),))
        self.facts.quality, self.facts.notes = verdict.figures, list(verdict.notes)
        return Judged(tuple(verdict.reasons))

    async def finish(self, state: State) -> PairRecord | None:
        """Writes the record; an aborted attempt leaves a line in the journal only.

        Raises:
            StoreError: the disk took no more; `Studio.unwritten` has it to be tried again.
        """
        try:
            return await self._finish(state)
        except StoreError:
            self._studio.unwritten.append(lambda: self._finish(state))
            raise

    async def _finish(self, state: State) -> PairRecord | None:
        folder = self._studio.folder
        if not self.pair:
            return None
        if state.outcome == "aborted":
            if not folder.known(self.pair).was_taken:
                folder.abort_pair(self.pair, list(state.reasons))
                await self._studio.phone.discard(self.pair)
                return None
            # A device said so after all.
            state = replace(state, outcome="incomplete")
        if self._record is None:
            self._record = await self._build(state)
        folder.finish(self._record)
        return self._record

    async def _build(self, state: State) -> PairRecord:
        studio = self._studio
        self._take_stock()
        lights = LightsUsed(
            driver=studio.lights.driver,
            settle_ms=studio.lights.settle_ms,
            scenes=list(self.facts.scenes),
        )
        return await asyncio.to_thread(build_record, studio, self.pair, self.facts, state, lights)

    def _take_stock(self) -> None:
        """Notes what is here and what is not, also where the fetching ended too early to say."""
        folder, facts = self._studio.folder, self.facts
        files = folder.files(self.pair)
        for file in files:
            facts.files.setdefault(file.kind, file)
        facts.missing = [one for one in facts.missing if one.kind not in facts.files]
        named = {one.kind for one in facts.missing}
        lacking = missing_files(folder.known(self.pair), files, self._studio.options.profile)
        facts.missing += [one for one in lacking if one.kind not in named]

    def close(self) -> None:
        """Ends what still waits."""
        if self._collecting is not None and not self._collecting.done():
            self._collecting.cancel()

    def _journal(self, event: str, **data: object) -> None:
        plain = {key: msgspec.to_builtins(value) for key, value in data.items()}
        self._studio.folder.journal.append(event, pair=self.pair, **plain)
