"""A camera and a phone in this process, that fail as told; pictures come from the starter pairs."""

import hashlib
import time
from datetime import UTC, datetime
from pathlib import Path

from acquisition.camera.contract import (
    CameraFile,
    CameraIdentity,
    CameraStatus,
    Collected,
    Downloaded,
    Profile,
    Triggered,
)
from acquisition.clock import ClockOffset, Interval
from acquisition.consent.registry import Registry
from acquisition.console.state import ConsentForm
from acquisition.errors import AcquisitionError, PhoneError
from acquisition.lights import NoLights
from acquisition.phone.contract import PhoneExposure, PhoneStatus, ShotName
from acquisition.record import StoredFile
from acquisition.sequence.words import Timing
from acquisition.session import SessionFolder
from acquisition.simulate.feed import Feed, StudioExposure
from acquisition.simulate.settings import FeedSettings
from acquisition.store.info import SessionInfo
from acquisition.taking.studio import Studio, StudioOptions

FOLDER = "/store/DCIM/100FAKES"
PROFILE = Profile(settings={"iso": "100"})


class Events:
    """What was done to both devices, in order."""

    def __init__(self) -> None:
        self.seen: list[str] = []


class FakeCamera:
    """Obeys `StudioCamera`; `fails` maps a call to the error that it raises once."""

    def __init__(self, feed: Feed, events: Events) -> None:
        self.identity: CameraIdentity | None = CameraIdentity(
            model="Fake", serial="F1", port="none", library="none"
        )
        self.iso = "100"
        self.card: dict[str, bytes] = {}
        self.fails: dict[str, AcquisitionError] = {}
        self.exposes_and_fails = False
        self.announces = ("DNG", "JPG")
        self._feed = feed
        self._events = events
        self._shots = 0
        self._new: list[str] = []

    def _may(self, call: str) -> None:
        self._events.seen.append(call)
        if error := self.fails.pop(call, None):
            raise error

    def connect(self) -> CameraIdentity:
        self._may("connect")
        assert self.identity is not None
        return self.identity

    restart = connect

    def apply(self, profile: Profile) -> dict[str, str]:
        self.iso = profile.settings["iso"]
        return self.settings()

    def settings(self) -> dict[str, str]:
        return {"iso": self.iso}

    def heartbeat(self) -> CameraStatus:
        self._may("heartbeat")
        return CameraStatus(alive_ns=time.monotonic_ns(), clock_offset_s=0.0)

    def trigger(self) -> Triggered:
        start_ns = time.monotonic_ns()
        if not self.exposes_and_fails:
            self._may("trigger")
        self._shots += 1
        shot = StudioExposure(
            taken=datetime.now(UTC), exposure_s=0.008, f_number=8.0, iso=100, number=self._shots
        )
        stem = f"{FOLDER}/F{self._shots:04d}"
        self.card[f"{stem}.DNG"] = self._feed.studio_raw(0, shot)
        self.card[f"{stem}.JPG"] = self._feed.studio_jpeg(0, shot)
        self._new = [f"{stem}.{suffix}" for suffix in self.announces]
        if self.exposes_and_fails:
            self._may("trigger")
        return Triggered(
            exposure=Interval(start_ns=start_ns, end_ns=time.monotonic_ns()),
        )

    def collect(self) -> Collected:
        self._may("collect")
        files = [self._file(path) for path in self._new]
        words = {"DNG": "raw", "JPG": "jpeg"}
        missing = [word for suffix, word in words.items() if suffix not in self.announces]
        return Collected(files=files, missing=missing, events=[], log="released")

    def _file(self, path: str) -> CameraFile:
        folder, _, name = path.rpartition("/")
        return CameraFile(folder=folder, name=name, bytes=len(self.card[path]))

    def download(self, file: CameraFile, part: Path) -> Downloaded:
        self._may("download")
        data = self.card[file.path]
        part.write_bytes(data)
        is_raw = file.name.endswith("DNG")
        mime = "image/x-adobe-dng" if is_raw else "image/jpeg"
        sha256 = hashlib.sha256(data).hexdigest()
        return Downloaded(bytes=len(data), sha256=sha256, mime=mime, is_raw=is_raw)

    def list_files(self) -> list[CameraFile]:
        self._may("list")
        return [self._file(path) for path in self.card]

    def close(self) -> None:
        self._events.seen.append("close")


class FakePhone:
    """Obeys `Phone`; keeps what it took until it is fetched."""

    def __init__(self, feed: Feed, folder: SessionFolder, events: Events) -> None:
        self.fails: dict[str, AcquisitionError] = {}
        self.bound_ns = 100_000
        self.connected = True
        self.references = True
        self.lit = True
        self.held: dict[str, bytes] = {}
        self.discarded: list[str] = []
        self._feed = feed
        self._folder = folder
        self._events = events
        self._shots = 0

    def _may(self, call: str) -> None:
        self._events.seen.append(call)
        if error := self.fails.pop(call, None):
            raise error

    def status(self) -> PhoneStatus:
        now_ns = time.monotonic_ns()
        clock = ClockOffset(offset_ns=0, bound_ns=self.bound_ns, samples=1, measured_ns=now_ns)
        return PhoneStatus(
            connected=self.connected,
            driver="web",
            device="fake phone",
            alive_ns=now_ns,
            flash_kind="flash",
            clock=clock,
            capabilities={"reference": self.references},
        )

    async def check(self) -> PhoneStatus:
        self._may("check")
        return self.status()

    def _take(self, shot: ShotName, *, light: bool) -> PhoneExposure:
        self._shots += 1
        start_ns = time.monotonic_ns()
        take = self._feed.phone_flash if light and self.lit else self._feed.phone_reference
        self.held[str(shot)] = take(0, datetime.now(UTC), self._shots)
        return PhoneExposure(
            exposure=Interval(start_ns=start_ns, end_ns=time.monotonic_ns()),
            flash_kind="flash" if light else "unknown",
            late_ns=0,
            clock=None,
            requested={},
        )

    async def reference(self, shot: ShotName) -> PhoneExposure:
        self._may("reference")
        return self._take(shot, light=False)

    async def fire(self, shot: ShotName) -> PhoneExposure:
        self._may("fire")
        return self._take(shot, light=True)

    async def fetch(self, shot: ShotName) -> StoredFile:
        self._may("fetch")
        if str(shot) not in self.held:
            raise PhoneError(f"{shot} did not arrive")
        return self.upload(shot)

    def upload(self, shot: ShotName) -> StoredFile:
        data = self.held[str(shot)]
        part = self._folder.part(shot)
        part.write_bytes(data)
        return self._folder.accept(shot, part, hashlib.sha256(data).hexdigest(), f"fake:{shot}")

    async def discard(self, pair: str) -> None:
        self.discarded.append(pair)

    async def close(self) -> None:
        self._events.seen.append("close")


class Room:
    """A studio with fakes, one consenting person, and the record of what was done."""

    def __init__(self, root: Path, *, feed: Feed, guard_ms: int = 30, profile: Profile = PROFILE):
        self.registry = Registry(root / "registry")
        self.registry.set_controller("A studio", "somebody@example.org")
        self.person = self.registry.give(self.form()).participant
        info = SessionInfo(session="s", created="2026-11-22T10:00:00Z", tool="t", profile=profile)
        self.folder = SessionFolder.create(root / "sessions" / "s", info)
        self.folder.add_person(self.person)
        self.events = Events()
        self.camera = FakeCamera(feed, self.events)
        self.phone = FakePhone(feed, self.folder, self.events)
        self.studio = Studio(
            folder=self.folder,
            registry=self.registry,
            camera=self.camera,
            phone=self.phone,
            lights=NoLights(),
            options=StudioOptions(timing=Timing(guard_ms=guard_ms), profile=profile),
            settings=dict(profile.settings),
        )

    def form(self) -> ConsentForm:
        return ConsentForm(
            language="en",
            scopes=["train"],
            is_adult=True,
            operator="O. Perator",
            text_sha256=self.registry.text("en").sha256,
        )


def small_feed() -> Feed:
    return Feed(FeedSettings(phone_px=(240, 320), studio_px=(320, 480)))
