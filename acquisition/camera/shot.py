"""Which file belongs to which shot, kept by the session so that no crash of the camera forgets it.

A file is of the last shot if it was not on the card before it. That is true whether the camera
announced it or not, and in whichever process.
"""

import time
from collections.abc import Iterable
from typing import Literal

from acquisition.camera.container import kind_of
from acquisition.camera.contract import CameraFile, Files

Kinds = list[Literal["raw", "jpeg"]]
_EXPECTED: dict[Files, Kinds] = {"raw+jpeg": ["raw", "jpeg"], "raw": ["raw"], "jpeg": ["jpeg"]}


def expected_kinds(files: Files | None) -> Kinds:
    """Returns the kinds of files that one shot must bring; none if that is not known."""
    return list(_EXPECTED[files]) if files is not None else []


class Shots:
    """What is known of the card, and of the shot under way."""

    def __init__(self) -> None:
        self.triggered_ns: int | None = None
        """Host clock of the last trigger."""
        self.pending = False
        """Whether a shot may have been taken whose files were not handed out."""
        self.untidy = False
        """Whether files of an earlier shot may still appear."""
        self._before: set[str] = set()
        self._strays: list[tuple[int, str]] = []
        self._files: dict[str, CameraFile] = {}

    def begin(self) -> None:
        """A trigger is about to be sent."""
        self.pending = self.untidy = True
        self.triggered_ns = time.monotonic_ns()
        self._files = {}

    def refused(self) -> None:
        """The trigger was refused: there is no shot."""
        self.pending = self.untidy = False

    def on_card_before(self, files: Iterable[CameraFile]) -> None:
        """These files are of no later shot."""
        self._before.update(file.path for file in files)
        self.untidy = False

    def announced(self, files: Iterable[CameraFile]) -> None:
        """The camera announced these files after the trigger."""
        for file in files:
            if file.path not in self._before:
                self._files.setdefault(file.path, file)

    def on_card_after(self, files: Iterable[CameraFile]) -> None:
        """These files are on the card after the trigger."""
        self.announced(file for file in files if kind_of(file.name) is not None)

    def strayed(self, files: Iterable[CameraFile]) -> None:
        """The camera announced these files when nobody waited for any."""
        for file in files:
            self._before.add(file.path)
            self._strays.append((time.monotonic_ns(), f"file of no known shot {file.path}"))

    def lacking(self, kinds: Kinds) -> list[str]:
        """Returns those of `kinds` of which the shot has no file yet."""
        there = {kind_of(file.name) for file in self._files.values()}
        return [kind for kind in kinds if kind not in there]

    def finish(self, kinds: Kinds) -> list[CameraFile]:
        """Ends the shot; returns its files."""
        self.pending = False
        self.untidy = bool(self.lacking(kinds))
        self._before.update(self._files)
        return list(self._files.values())

    def take_strays(self) -> list[tuple[int, str]]:
        """Returns what strayed since the last time, as events."""
        strays, self._strays = self._strays, []
        return strays
