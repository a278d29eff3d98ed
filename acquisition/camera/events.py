"""The camera's events (inside its process): looked at without ever waiting too long."""

import time
from collections.abc import Callable

from acquisition.camera.contract import CameraFile
from acquisition.camera.library import Camera, gp
from acquisition.camera.library_log import LibraryLog

_WINDOW_MS = 100
"""Below 1000: some drivers make a new event one second after each, so a longer look never ends."""
_REST_S = 0.005
"""Several drivers return at once when there is nothing."""
_MOST_EVENTS = 300


class Events:
    """What the camera announced since the last release, and files announced out of turn."""

    def __init__(self, log: LibraryLog) -> None:
        self._log = log
        self._seen: set[str] = set()
        self.waiting = False
        """Whether a shot was released whose files were not handed out yet."""
        self.files: list[CameraFile] = []
        self.happened: list[tuple[int, str]] = []
        self.complete = False
        self._strays: list[CameraFile] = []

    def begin_shot(self) -> None:
        """From now on files belong to this shot."""
        self.waiting, self.complete = True, False
        self.files, self.happened = [], []

    def take_strays(self) -> list[CameraFile]:
        """Returns files that were announced out of turn, once."""
        strays, self._strays = self._strays, []
        return strays

    def drain(self, camera: Camera, most_s: float) -> None:
        """Takes what is pending. Raises gphoto2.GPhoto2Error."""
        deadline = time.monotonic() + most_s
        while time.monotonic() < deadline and self._look(camera, 1):
            pass

    def pump(self, camera: Camera, deadline_ns: int, enough: Callable[[], bool]) -> None:
        """Takes events until `enough()` or the deadline. Raises gphoto2.GPhoto2Error."""
        while not enough():
            left_ms = (deadline_ns - time.monotonic_ns()) // 1_000_000
            if left_ms <= 0:
                return
            if not self._look(camera, min(left_ms, _WINDOW_MS)):
                time.sleep(_REST_S)

    def _look(self, camera: Camera, window_ms: int) -> bool:
        """Takes one event; returns whether there was one."""
        kind, data = camera.wait_for_event(window_ms, self._log.context)
        if kind == gp.GP_EVENT_TIMEOUT:
            return False
        if kind == gp.GP_EVENT_FILE_ADDED:
            self._announce(camera, data.folder, data.name)
        elif kind == gp.GP_EVENT_CAPTURE_COMPLETE:
            self.complete = True
            self._note("capture complete")
        elif kind == gp.GP_EVENT_FOLDER_ADDED:
            self._note(f"folder added {data.folder.rstrip('/')}/{data.name}")
        else:
            self._note(str(data))
        return True

    def _announce(self, camera: Camera, folder: str, name: str) -> None:
        self._note(f"file added {folder.rstrip('/')}/{name}")
        file = CameraFile(folder=folder, name=name)
        if file.path in self._seen:
            return
        self._seen.add(file.path)
        file = CameraFile(folder=folder, name=name, bytes=file_size(camera, file, self._log))
        (self.files if self.waiting else self._strays).append(file)

    def _note(self, text: str) -> None:
        self._log.note(f"event: {text}")
        if len(self.happened) < _MOST_EVENTS:
            self.happened.append((time.monotonic_ns(), text))


def file_size(camera: Camera, file: CameraFile, log: LibraryLog) -> int | None:
    """Returns the size that the camera announces, None if it announces none."""
    try:
        info = camera.file_get_info(file.folder, file.name, log.context).file
    except gp.GPhoto2Error as error:
        log.note(f"size of {file.path}: {error}")
        return None
    return int(info.size) if info.fields & gp.GP_FILE_INFO_SIZE else None
