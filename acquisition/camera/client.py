"""The studio camera as the session uses it: synchronous calls that end by their own deadline."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

from acquisition.camera.address import Address
from acquisition.camera.contract import (
    CameraFile,
    CameraIdentity,
    CameraStatus,
    Collected,
    Downloaded,
    Profile,
    Triggered,
)
from acquisition.camera.process import (
    CameraProcess,
    Deadlines,
    SettingsHome,
    environment_for,
    expect,
)
from acquisition.camera.protocol import (
    AnyRequest,
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
from acquisition.camera.shot import Kinds, Shots, expected_kinds
from acquisition.clock import Interval
from acquisition.errors import CameraError, CameraSilent, StoreError

_LOOK_AGAIN_S = 0.3
_STARTED_ANEW = "the camera's process was started anew after the shot"


class GPhotoCamera:
    """A tethered camera in a process of its own (see `contract.StudioCamera`).

    After a crash or a deadline the next call starts the process anew, connects to the same body
    and applies the last profile again. Calls from several threads wait for each other.

    Args:
        address: which camera.
        profile: applied at each connection, unless `apply` brought another one.
        deadlines: longest times.
        settings_home: folder in which the library keeps its own settings between runs (a camera
            in the network may recognise the computer by them); None: a temporary one.
    """

    def __init__(
        self,
        address: Address,
        *,
        profile: Profile | None = None,
        deadlines: Deadlines | None = None,
        settings_home: Path | None = None,
    ) -> None:
        self.identity: CameraIdentity | None = None
        self.notes: list[str] = []
        """Settings that the body does not offer and the profile allows to leave, in words."""
        self._address = address
        self._profile = profile
        self._deadlines = deadlines or Deadlines()
        self._home = SettingsHome(settings_home)
        self._lock = threading.RLock()
        self._process: CameraProcess | None = None
        self._first: CameraIdentity | None = None
        self._shots = Shots()
        self._card_known = False

    @property
    def pid(self) -> int | None:
        """Returns the process id of the camera's process, None while there is none."""
        process = self._process
        return process.pid if process is not None and process.alive else None

    def connect(self) -> CameraIdentity:
        """Opens the camera in a new process and applies the profile, if there is one."""
        with self._lock:
            self._end_process()
            self._first, self._card_known = None, False
            return self._start()

    def restart(self) -> CameraIdentity:
        """Ends the camera's process and starts another, on the same body, with the last profile."""
        with self._lock:
            self._end_process()
            return self._start()

    def apply(self, profile: Profile) -> dict[str, str]:
        """Applies a profile, now and after every restart; returns the values read back."""
        with self._lock:
            values = self._apply(profile)
            self._profile = profile
            return values

    def settings(self) -> dict[str, str]:
        """Returns the current values of the profile's settings."""
        names = list(self._profile.settings) if self._profile else []
        if not names:
            return {}
        return {found.name: found.value or "" for found in self.describe(names)}

    def describe(self, names: Sequence[str] = ()) -> list[Setting]:
        """Returns the named settings, or all, with their choices."""
        answer = self._ask(Read(names=list(names)), self._deadlines.read_s)
        return expect(answer, Settings).settings

    def heartbeat(self) -> CameraStatus:
        """Returns a sign of life, battery, free space and clock."""
        with self._lock:
            answer = expect(self._ask(Beat(), self._deadlines.beat_s), Beaten)
            self._shots.strayed(answer.strays)
            if self._shots.untidy and not self._shots.pending:
                self._tidy()
            return answer.status

    def trigger(self) -> Triggered:
        """Releases the shutter, not earlier than the profile's interval after the last time."""
        with self._lock:
            self._ensure()
            if self._shots.untidy:
                self._tidy()
            self._keep_interval()
            deadline_s = self._deadlines.trigger_s
            request = Release(deadline_ns=time.monotonic_ns() + int(deadline_s * 1e9))
            self._shots.begin()
            try:
                answer = self._ask(request, deadline_s + self._deadlines.grace_s)
            except CameraError as error:
                if self.pid is not None:
                    self._shots.refused()
                    raise
                # The process ended, and the shutter may have been released all the same.
                if isinstance(error, CameraSilent):
                    raise
                raise CameraSilent(str(error)) from error
            answer = expect(answer, Released)
            self._shots.strayed(answer.strays)
            self._shots.triggered_ns = answer.start_ns
            return Triggered(exposure=Interval(start_ns=answer.start_ns, end_ns=answer.end_ns))

    def collect(self) -> Collected:
        """Returns the files of the last trigger.

        May be called again after it failed: then the camera's process starts anew and the shot's
        files are those that the card did not have before.
        """
        with self._lock:
            shots, kinds = self._shots, self._kinds()
            if not shots.pending or shots.triggered_ns is None:
                raise CameraError(
                    "asked for the files of a shot, but none was taken; trigger first"
                )
            deadline_ns = shots.triggered_ns + int(self._deadlines.collect_s * 1e9)
            events: list[tuple[int, str]] = []
            log = _STARTED_ANEW
            if self.pid is None:
                self._ensure()
            else:
                awaited = self._wait_for_files(kinds, deadline_ns)
                shots.announced(awaited.files)
                events, log = awaited.events, awaited.log
            self._look_on_card(kinds, deadline_ns)
            missing = shots.lacking(kinds)
            files = shots.finish(kinds)
            return Collected(
                files=files, missing=missing, events=[*events, *shots.take_strays()], log=log
            )

    def download(self, file: CameraFile, part: Path) -> Downloaded:
        """Downloads a file to `part`, which must not exist; if it fails nothing is left there."""
        with self._lock:
            if part.exists():
                raise StoreError(f"asked to download to {part}, which exists; name a new file")
            try:
                answer = self._ask(
                    Fetch(file=file, part=str(part.absolute())), self._deadlines.download_s
                )
            except CameraError:
                # A process that died could not tidy up.
                part.unlink(missing_ok=True)
                raise
            return expect(answer, Fetched).downloaded

    def list_files(self) -> list[CameraFile]:
        """Returns what is on the card, asked on a new connection."""
        answer = self._ask(Card(fresh=True, sizes=True), self._deadlines.list_s)
        return expect(answer, Listed).files

    def close(self) -> None:
        """Lets go of the camera and removes the temporary settings. Never raises."""
        with self._lock:
            self._end_process()
            self._home.remove()

    def _ask(self, request: AnyRequest, deadline_s: float) -> object:
        with self._lock:
            process = self._ensure()
            try:
                return process.ask(request, deadline_s)
            finally:
                if not process.alive:
                    self._end_process()

    def _ensure(self) -> CameraProcess:
        if self._process is None or not self._process.alive:
            self._end_process()
            self._start()
        if self._process is None:
            raise CameraError("the camera's process ended at once; try again")
        return self._process

    def _start(self) -> CameraIdentity:
        self._process = process = CameraProcess(
            environment_for(self._address, self._home.prepare())
        )
        try:
            opened = process.ask(Open(address=self._wanted()), self._deadlines.connect_s)
            identity = expect(opened, Opened).identity
            self._check_same(identity)
            self.identity = self._first = identity
            if self._profile is not None:
                self._apply(self._profile)
            if not self._card_known:
                listed = process.ask(Card(fresh=False, sizes=False), self._deadlines.list_s)
                self._shots = Shots()
                self._shots.on_card_before(expect(listed, Listed).files)
                self._card_known = True
        except BaseException:
            self._end_process()
            raise
        return identity

    def _wanted(self) -> Address:
        """Returns the address; after a restart the same body, whose port may have changed."""
        on_usb = self._address.kind in ("usb", "port")
        if on_usb and self._first is not None and self._first.serial:
            return Address(kind="serial", value=self._first.serial)
        return self._address

    def _check_same(self, identity: CameraIdentity) -> None:
        first = self._first
        if first and (first.model, first.serial) != (identity.model, identity.serial):
            raise CameraError(
                f"expected {first.model} {first.serial} again, found {identity.model} "
                f"{identity.serial}; plug the former in, or connect anew to use this one"
            )

    def _apply(self, profile: Profile) -> dict[str, str]:
        answer = self._ask(Apply(profile=profile), self._deadlines.apply_s)
        applied = expect(answer, Applied)
        self.notes = applied.notes
        return applied.values

    def _wait_for_files(self, kinds: Kinds, deadline_ns: int) -> Awaited:
        left_s = max((deadline_ns - time.monotonic_ns()) / 1e9, 0.0)
        request = Await(kinds=kinds, deadline_ns=deadline_ns)
        return expect(self._ask(request, left_s + self._deadlines.grace_s), Awaited)

    def _look_on_card(self, kinds: Kinds, deadline_ns: int) -> None:
        """Finds files that nobody announced; some drivers lose the event of the second one."""
        while self._shots.lacking(kinds):
            self._shots.on_card_after(self.list_files())
            if time.monotonic_ns() > deadline_ns:
                return
            if self._shots.lacking(kinds):
                time.sleep(_LOOK_AGAIN_S)

    def _tidy(self) -> None:
        """Sees to it that a file which comes late is not taken for one of the next shot."""
        self._shots.on_card_before(self.list_files())

    def _kinds(self) -> Kinds:
        return expected_kinds(self._profile.files if self._profile else None)

    def _keep_interval(self) -> None:
        interval_s = self._profile.minimum_interval_s if self._profile else 0.0
        if self._shots.triggered_ns is not None:
            due_ns = self._shots.triggered_ns + int(interval_s * 1e9)
            time.sleep(max(due_ns - time.monotonic_ns(), 0) / 1e9)

    def _end_process(self) -> None:
        process, self._process, self.identity = self._process, None, None
        if process is not None:
            process.let_go(self._deadlines.close_s)
