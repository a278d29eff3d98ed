"""The simulated camera's body: it releases its shutter, stores pictures, and fails on demand."""

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, runtime_checkable

from acquisition.simulate.card import PICTURE_BYTES, Card, TransferFault
from acquisition.simulate.dials import Dials, Quality
from acquisition.simulate.exposures import Exposure, ExposureBook
from acquisition.simulate.ptp_codec import Event, Response
from acquisition.simulate.script import CameraShot

EXPOSURES = "exposures.jsonl"
NOT_A_PICTURE = b"<html><body>503 Service Unavailable</body></html>\n"


@runtime_checkable
class Pictures(Protocol):
    """Where the camera's pictures come from."""

    def take(self, quality: Quality, exposure: Exposure, when: datetime, dials: Dials) -> bytes:
        """Returns the file of one quality."""
        ...


class Body:
    """A camera body without its connection; safe to use from several threads.

    Args:
        dials: its settings.
        card: where pictures go.
        pictures: what it sees.
        raw_suffix: of raw files, for example `DNG`.
        waits: whether a release is answered only after the exposure.
    """

    def __init__(
        self, dials: Dials, card: Card, pictures: Pictures, *, raw_suffix: str, waits: bool
    ) -> None:
        self.dials = dials
        self.card = card
        self.exposures = ExposureBook(card.root / EXPOSURES)
        self.on_event: Callable[[int, int], None] = lambda _code, _parameter: None
        self.on_drop: Callable[[int], None] = lambda _deny: None
        self.on_death: Callable[[], None] = lambda: None
        self._pictures = pictures
        self._raw_suffix = raw_suffix
        self._waits = waits
        self._lock = threading.Lock()
        self._script: deque[CameraShot] = deque()
        self._armed: CameraShot | None = None
        self._busy_left = 0
        self._open = threading.Event()
        self._next_scene = 0

    def add_script(self, shots: list[CameraShot]) -> None:
        """Adds to what happens at the next shots; without a script all goes well."""
        with self._lock:
            self._script.extend(shots)

    def aim(self, scene: int) -> None:
        """Chooses what is before the camera at the next shot; the one after sees the next."""
        with self._lock:
            self._next_scene = scene

    @property
    def exposing(self) -> bool:
        """Returns whether a release is under way and the shutter not closed yet."""
        return self._open.is_set()

    def release(self, *, to_memory: bool = False) -> Response:
        """Releases the shutter, or says why not."""
        with self._lock:
            shot, refused = self._next_shot()
            if shot is None:
                return refused
            scene, self._next_scene = self._next_scene, self._next_scene + 1
            self._open.set()
        if shot.dies == "at_release":
            self.on_death()
        done = threading.Event()
        threading.Thread(
            target=self._expose, args=(shot, scene, to_memory, done), daemon=True
        ).start()
        if self._waits and not shot.answers_early:
            done.wait()
        return Response.OK

    def _next_shot(self) -> tuple[CameraShot | None, Response]:
        if self._open.is_set():
            return None, Response.DEVICE_BUSY
        if self._armed is None:
            self._armed = self._script.popleft() if self._script else CameraShot()
            self._busy_left = self._armed.busy
        if self._busy_left:
            self._busy_left -= 1
            return None, Response.DEVICE_BUSY
        shot, self._armed = self._armed, None
        if shot.autofocus_fails:
            return None, Response.OUT_OF_FOCUS
        if shot.card_full or self.card.free_bytes < PICTURE_BYTES:
            return None, Response.STORE_FULL
        return shot, Response.OK

    def _expose(self, shot: CameraShot, scene: int, to_memory: bool, done: threading.Event) -> None:
        time.sleep(shot.lag_s)
        opened_ns, when = time.monotonic_ns(), self.dials.now()
        time.sleep(self.dials.shutter_s() if shot.shutter_s is None else shot.shutter_s)
        qualities, stem = self.dials.qualities(), self.card.next_stem()
        exposure = self.exposures.add(
            opened_ns=opened_ns,
            closed_ns=time.monotonic_ns(),
            scene=scene,
            files=[self._name(stem, quality) for quality in qualities],
            to_memory=to_memory,
        )
        self._open.clear()
        done.set()
        if shot.dies == "after_exposure":
            self.on_death()
        if shot.drops:
            self.on_drop(shot.deny)
        self._store(shot, exposure, when, qualities)

    def _name(self, stem: str, quality: Quality) -> str:
        return f"{stem}.{'JPG' if quality == 'jpeg' else self._raw_suffix}"

    def _store(
        self, shot: CameraShot, exposure: Exposure, when: datetime, qualities: list[Quality]
    ) -> None:
        ready_ns = time.monotonic_ns() + int(shot.store_s * 1e9)
        pairs = list(zip(qualities, exposure.files, strict=True))
        files = {quality: self._picture(shot, quality, exposure, when) for quality in qualities}
        time.sleep(max(0.0, (ready_ns - time.monotonic_ns()) * 1e-9))
        for quality, name in pairs:
            if quality != shot.withhold:
                self._write(shot, quality, name, files[quality], when)
        if not shot.silent:
            self.on_event(Event.CAPTURE_COMPLETE, 0)
        for name, value in shot.turns.items():
            self.turn(name, value)
        if shot.withhold is not None and shot.withhold_s is not None:
            time.sleep(shot.withhold_s)
            for quality, name in pairs:
                if quality == shot.withhold:
                    self._write(shot, quality, name, files[quality], when)

    def _picture(
        self, shot: CameraShot, quality: Quality, exposure: Exposure, when: datetime
    ) -> bytes:
        meant = shot.fault_on in (quality, "both")
        if meant and shot.wrong_content:
            return NOT_A_PICTURE * 100
        data = self._pictures.take(quality, exposure, when, self.dials)
        return data[: len(data) // 2] if meant and shot.half else data

    def _write(
        self, shot: CameraShot, quality: Quality, name: str, data: bytes, when: datetime
    ) -> None:
        meant = shot.fault_on in (quality, "both")
        fault = TransferFault(
            stall_s=shot.stall_s,
            cut_after=shot.cut_after,
            dies=shot.dies == "in_transfer",
            deny=shot.deny,
            left=shot.transfers if meant else 0,
        )
        file = self.card.write(
            name,
            data,
            captured=when.strftime("%Y%m%dT%H%M%S"),
            fault=fault,
            size_lie=shot.size_lie if meant else 0,
        )
        if not shot.silent:
            self.on_event(Event.OBJECT_ADDED, file.handle)

    def turn(self, name: str, value: int) -> None:
        """Turns a dial by hand and says so. Raises UsageError for an unknown name."""
        self.on_event(Event.PROPERTY_CHANGED, self.dials.turn(name, value))
