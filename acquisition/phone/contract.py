"""What a phone is to the rest of the program.

A shot is named by the pair and the kind of picture. A phone keeps a picture until the host has
acknowledged its SHA-256; the host acknowledges only what is on disk.
"""

from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

from acquisition.clock import ClockOffset, Interval
from acquisition.record import FlashKind, StoredFile

PhoneKind = Literal["phone_flash", "phone_reference", "phone_reference_after"]


class ShotName(msgspec.Struct, frozen=True, kw_only=True):
    """Names one picture for good: host, phone and journal use the same name."""

    pair: str
    kind: PhoneKind

    def __str__(self) -> str:
        return f"{self.pair}/{self.kind}"


class PhoneStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about the phone now."""

    connected: bool
    driver: Literal["web", "adb"]
    device: str = ""
    alive_ns: int = 0
    """Host clock of the last sign of life."""
    flash_kind: FlashKind = "unknown"
    """The best light that this phone can give; `unknown` before it said so."""
    facing: str = "unknown"
    clock: ClockOffset | None = None
    pending: list[str] = []
    """Shots that the phone holds and the host lacks."""
    capabilities: dict[str, Any] = {}
    problem: str = ""
    """One line of words, with what to do; empty when all is well."""


class PhoneExposure(msgspec.Struct, frozen=True, kw_only=True):
    """The phone said `exposed`."""

    exposure: Interval
    """Host clock, the clock's bound included: the picture was taken inside."""
    flash_kind: FlashKind
    late_ns: int | None
    clock: ClockOffset | None
    requested: dict[str, Any]


@runtime_checkable
class Intake(Protocol):
    """Where a phone's pictures go; the session's store."""

    def part(self, shot: ShotName) -> Path:
        """Returns a new temporary path on the store's file system, not yet existing."""
        ...

    def stored(self, shot: ShotName) -> StoredFile | None:
        """Returns the stored file of a shot, None if the store lacks it."""
        ...

    def accept(self, shot: ShotName, part: Path, sha256: str, origin: str) -> StoredFile:
        """Publishes a verified temporary file as the shot's picture.

        The same picture twice is no error. Raises StoreError for another picture of the same
        name, for an unknown pair, for something that is no picture, and for a full disk; `part`
        is gone afterwards in every case.
        """
        ...


@runtime_checkable
class Phone(Protocol):
    """A phone on a stand beside the studio camera."""

    def status(self) -> PhoneStatus:
        """Returns what is known, without asking the phone."""
        ...

    async def check(self) -> PhoneStatus:
        """Asks the phone for a sign of life and measures its clock anew. Raises PhoneError."""
        ...

    async def reference(self, shot: ShotName) -> PhoneExposure:
        """Takes a picture without any light of the phone's own. Raises PhoneError."""
        ...

    async def fire(self, shot: ShotName) -> PhoneExposure:
        """Takes the flash picture; returns when the phone said `exposed`, before any upload.

        Raises PhoneSilent where the phone may have exposed all the same (deadline, connection
        lost), PhoneError where it surely has not.
        """
        ...

    async def fetch(self, shot: ShotName) -> StoredFile:
        """Waits until the picture is in the store. Raises PhoneError at the deadline."""
        ...

    async def discard(self, pair: str) -> None:
        """Tells the phone that nothing of an aborted pair is wanted. Never raises."""
        ...

    async def close(self) -> None:
        """Lets go of the phone. Never raises."""
        ...
