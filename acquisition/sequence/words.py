"""What the state machine of one pair is told, what it asks for, and what it knows."""

from enum import StrEnum
from typing import Literal

import msgspec

from acquisition.record import Order

Scene = Literal["dim", "studio"]
Outcome = Literal["committed", "rejected", "incomplete", "aborted"]
Shutter = Literal["rest", "fired", "exposed", "failed"]


class Phase(StrEnum):
    """Where the pair is."""

    IDLE = "idle"
    CHECK = "check"
    DIM = "dim"
    REFERENCE = "reference"
    PHONE = "phone"
    GUARD = "guard"
    STUDIO = "studio"
    REFERENCE_AFTER = "reference_after"
    FETCH = "fetch"
    QUALITY = "quality"
    DONE = "done"


class Timing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long things may take; the guard is how long the eyes need."""

    guard_ms: int = 400
    """Between the first exposure and the second: lids close 50 to 200 ms after a flash."""
    check_s: float = 20.0
    lights_s: float = 10.0
    reference_s: float = 8.0
    phone_s: float = 8.0
    studio_s: float = 15.0
    fetch_s: float = 90.0
    quality_s: float = 60.0


class Begin(msgspec.Struct, frozen=True):
    """The operator pressed the button."""


class CheckPassed(msgspec.Struct, frozen=True):
    """Consent, disk, both devices, settings and clock are as they must be."""


class CheckFailed(msgspec.Struct, frozen=True):
    """Something is not as it must be."""

    reason: str


class LightsReady(msgspec.Struct, frozen=True):
    """The scene is set and has settled."""


class LightsFailed(msgspec.Struct, frozen=True):
    """The scene could not be set."""

    reason: str


class ReferenceTaken(msgspec.Struct, frozen=True):
    """The phone took a picture without its flash."""


class ReferenceFailed(msgspec.Struct, frozen=True):
    """It did not."""

    reason: str


class PhoneExposed(msgspec.Struct, frozen=True):
    """The phone said `exposed`; the light is out since `at_ns` at the latest."""

    at_ns: int


class PhoneFailed(msgspec.Struct, frozen=True):
    """The phone did not say so."""

    reason: str
    may_have_exposed: bool


class StudioExposed(msgspec.Struct, frozen=True):
    """The studio camera's release came back at `at_ns`."""

    at_ns: int


class StudioFailed(msgspec.Struct, frozen=True):
    """The release failed."""

    reason: str
    may_have_exposed: bool


class Fetched(msgspec.Struct, frozen=True):
    """All files that can be had are in the store."""

    missing: tuple[str, ...] = ()
    """In words, what is not."""


class Judged(msgspec.Struct, frozen=True):
    """The pictures were looked at."""

    reasons: tuple[str, ...] = ()
    """In words, why the pair is no good; empty when it is."""


class Stop(msgspec.Struct, frozen=True):
    """The operator breaks off."""


class Tick(msgspec.Struct, frozen=True):
    """Time has passed."""


Event = (
    Begin
    | CheckPassed
    | CheckFailed
    | LightsReady
    | LightsFailed
    | ReferenceTaken
    | ReferenceFailed
    | PhoneExposed
    | PhoneFailed
    | StudioExposed
    | StudioFailed
    | Fetched
    | Judged
    | Stop
    | Tick
)


class RunChecks(msgspec.Struct, frozen=True):
    """See that all is as it must be."""


class SetLights(msgspec.Struct, frozen=True):
    """Set a scene and let it settle."""

    scene: Scene


class TakeReference(msgspec.Struct, frozen=True):
    """Have the phone take a picture without its flash."""

    after: bool


class FirePhone(msgspec.Struct, frozen=True):
    """Have the phone take the flash picture."""


class TriggerStudio(msgspec.Struct, frozen=True):
    """Release the studio camera."""


class FetchFiles(msgspec.Struct, frozen=True):
    """Bring every file that was taken into the store."""


class JudgePictures(msgspec.Struct, frozen=True):
    """Look at the pictures."""


class Finish(msgspec.Struct, frozen=True):
    """Write the record, or forget the attempt."""

    outcome: Outcome


Action = (
    RunChecks
    | SetLights
    | TakeReference
    | FirePhone
    | TriggerStudio
    | FetchFiles
    | JudgePictures
    | Finish
)


class State(msgspec.Struct, frozen=True, kw_only=True):
    """All that the machine knows."""

    order: Order = "phone_first"
    takes_references: bool = True
    """Whether this phone can take pictures without its flash."""
    timing: Timing = Timing()
    phase: Phase = Phase.IDLE
    deadline_ns: int | None = None
    """When a Tick must come at the latest."""
    phone: Shutter = "rest"
    studio: Shutter = "rest"
    guard_until_ns: int = 0
    lights_ready: bool = False
    stopping: bool = False
    reasons: tuple[str, ...] = ()
    outcome: Outcome | None = None
