"""One camera inside its process: each method answers one kind of request."""

import time
from pathlib import Path

from acquisition.camera.address import Address
from acquisition.camera.advice import BUSY
from acquisition.camera.connection import let_go, open_camera
from acquisition.camera.container import kind_of
from acquisition.camera.contract import CameraIdentity, CameraStatus, Profile
from acquisition.camera.events import Events
from acquisition.camera.library import Camera, gp
from acquisition.camera.library_log import LibraryLog
from acquisition.camera.protocol import (
    Applied,
    Apply,
    Await,
    Awaited,
    Beat,
    Beaten,
    Card,
    Fetch,
    Fetched,
    Listed,
    Open,
    Opened,
    Read,
    Release,
    Released,
    Setting,
    Settings,
)
from acquisition.camera.settings import all_settings, apply_profile, read_setting
from acquisition.camera.transfer import download, list_card
from acquisition.errors import CameraError

_DRAIN_S = 0.3
_SHORT_DRAIN_S = 0.02
_BUSY_PAUSE_S = 0.05
_ONE_SHOT_BYTES = 100_000_000
_SLOW_ITEMS_S = 30.0
"""Battery and clock are asked for this seldom: each costs a transfer, and drivers cache them."""


class Body:
    """Holds the open camera. Methods raise CameraError or gphoto2.GPhoto2Error."""

    def __init__(self, log: LibraryLog) -> None:
        self._log = log
        self._camera: Camera | None = None
        self._address: Address | None = None
        self._profile: Profile | None = None
        self._events = Events(log)
        self._slow_ns: int | None = None
        self._battery = ""
        self._clock_offset_s: float | None = None

    def open(self, request: Open) -> Opened:
        """Opens the camera; lets go of an open one first."""
        return Opened(identity=self._connect(request.address))

    def apply(self, request: Apply) -> Applied:
        """Applies a profile and keeps it for later connections."""
        values, notes = apply_profile(self.camera, request.profile, self._log)
        self._profile = request.profile
        return Applied(values=values, notes=notes)

    def read(self, request: Read) -> Settings:
        """Reads the named settings, or all; a name that the camera lacks is left out."""
        if not request.names:
            return Settings(settings=all_settings(self.camera, self._log))
        found: list[Setting] = []
        for name in request.names:
            if setting := read_setting(self.camera, name, self._log):
                found.append(setting)
        return Settings(settings=found)

    def beat(self, _request: Beat) -> Beaten:
        """Takes pending events and asks what the library cannot answer by itself."""
        self._events.drain(self.camera, _DRAIN_S)
        free = self._free_bytes()
        alive_ns = time.monotonic_ns()
        if self._slow_ns is None or alive_ns - self._slow_ns > _SLOW_ITEMS_S * 1e9:
            self._slow_ns = alive_ns
            self._battery = self._text("batterylevel")
            self._clock_offset_s = self._measure_clock()
        status = CameraStatus(
            alive_ns=alive_ns,
            battery=self._battery,
            free_bytes=free,
            clock_offset_s=self._clock_offset_s,
        )
        return Beaten(status=status, strays=self._events.take_strays())

    def release(self, request: Release) -> Released:
        """Releases the shutter; the times are those of the call that the camera took."""
        camera = self.camera
        # What an earlier shot left behind must not be taken for this one's.
        self._events.waiting = False
        self._events.drain(camera, _SHORT_DRAIN_S)
        strays = self._events.take_strays()
        self._events.begin_shot()
        while True:
            start_ns = time.monotonic_ns()
            try:
                camera.trigger_capture(self._log.context)
            except gp.GPhoto2Error as error:
                pause_ns = int(_BUSY_PAUSE_S * 1e9)
                if error.code != BUSY or time.monotonic_ns() + pause_ns > request.deadline_ns:
                    self._events.waiting = False
                    raise
                time.sleep(_BUSY_PAUSE_S)
                continue
            return Released(start_ns=start_ns, end_ns=time.monotonic_ns(), strays=strays)

    def await_files(self, request: Await) -> Awaited:
        """Takes events until the expected files are announced or the deadline passes."""
        events = self._events

        def enough() -> bool:
            kinds = {kind_of(file.name) for file in events.files}
            return kinds.issuperset(request.kinds) if request.kinds else events.complete

        events.pump(self.camera, request.deadline_ns, enough)
        events.waiting = False
        return Awaited(files=events.files, events=events.happened, log=self._log.take())

    def fetch(self, request: Fetch) -> Fetched:
        """Downloads a file."""
        return Fetched(
            downloaded=download(self.camera, request.file, Path(request.part), self._log)
        )

    def card(self, request: Card) -> Listed:
        """Lists the card, on a new connection if asked."""
        if request.fresh and self._address is not None:
            self._connect(self._address)
            if self._profile is not None:
                # Some drivers forget settings with the connection.
                apply_profile(self.camera, self._profile, self._log)
        return Listed(files=list_card(self.camera, self._log, sizes=request.sizes))

    def answers(self) -> bool:
        """Returns whether the camera still answers."""
        try:
            self._free_bytes()
        except (gp.GPhoto2Error, CameraError):
            return False
        return True

    def is_full(self) -> bool:
        """Returns whether the card has no room for another shot; False if that is not known."""
        try:
            free = self._free_bytes()
        except (gp.GPhoto2Error, CameraError):
            return False
        return free is not None and free < _ONE_SHOT_BYTES

    def close(self) -> None:
        """Lets go of the camera."""
        camera, self._camera = self._camera, None
        if camera is not None:
            let_go(camera, self._log)

    @property
    def camera(self) -> Camera:
        """Returns the open camera."""
        if self._camera is None:
            raise CameraError("the camera is not connected; connect it first")
        return self._camera

    def _connect(self, address: Address) -> CameraIdentity:
        self.close()
        self._camera, identity = open_camera(address, self._log)
        self._address = address
        return identity

    def _free_bytes(self) -> int | None:
        """Asks for the storage, which no driver caches."""
        try:
            stores = self.camera.get_storageinfo(self._log.context)
        except gp.GPhoto2Error as error:
            if error.code != gp.GP_ERROR_NOT_SUPPORTED:
                raise
            self._text("datetime")
            return None
        free = [
            store.freekbytes * 1024
            for store in stores
            if store.fields & gp.GP_STORAGEINFO_FREESPACEKBYTES
        ]
        return int(max(free)) if free else None

    def _measure_clock(self) -> float | None:
        """Returns the camera's calendar clock, taken as UTC, minus the host's."""
        before = time.time()
        text = self._text("datetime")
        host = (before + time.time()) / 2
        # The camera cuts fractions off: the middle of its second is the best guess.
        return float(text) + 0.5 - host if text.lstrip("-").isdigit() else None

    def _text(self, name: str) -> str:
        setting = read_setting(self.camera, name, self._log)
        return (setting.value or "") if setting else ""
