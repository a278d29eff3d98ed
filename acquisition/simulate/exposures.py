"""The truth about every exposure, kept in a file so that it outlives the camera."""

import threading
from pathlib import Path

import msgspec


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """When the shutter really was open, by the host's monotonic clock."""

    number: int
    """1 for the card's first."""
    opened_ns: int
    closed_ns: int
    scene: int
    """Index of the pair of pictures that was before the camera."""
    files: list[str] = []
    """Names of the files that it makes; some may never reach the card."""
    to_memory: bool = False
    """The host asked for the camera's memory instead of the card."""


class ExposureBook:
    """All exposures of a card; safe to use from several threads.

    Args:
        path: JSON lines; read if it is there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        lines = path.read_bytes().splitlines() if path.is_file() else []
        self._exposures = [msgspec.json.decode(line, type=Exposure) for line in lines]

    def all(self) -> list[Exposure]:
        """Returns all exposures in their order."""
        with self._lock:
            return list(self._exposures)

    def add(
        self, *, opened_ns: int, closed_ns: int, scene: int, files: list[str], to_memory: bool
    ) -> Exposure:
        """Writes down an exposure and returns it with its number."""
        with self._lock:
            exposure = Exposure(
                number=len(self._exposures) + 1,
                opened_ns=opened_ns,
                closed_ns=closed_ns,
                scene=scene,
                files=files,
                to_memory=to_memory,
            )
            with self._path.open("ab") as file:
                file.write(msgspec.json.encode(exposure) + b"\n")
            self._exposures.append(exposure)
        return exposure
