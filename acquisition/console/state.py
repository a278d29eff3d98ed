"""What the operator's page shows and may ask for; the session fills it, the page draws it."""

from typing import Literal, Protocol, runtime_checkable

import msgspec

Level = Literal["ok", "busy", "warn", "bad", "off"]


class Device(msgspec.Struct, kw_only=True):
    """Camera, phone, lights, disk or clock as one coloured field."""

    level: Level = "off"
    title: str = ""
    """For example the model."""
    text: str = ""
    """A few words: `ready`, `flash, clock ± 0.4 ms`, `212 GB free`."""
    advice: str = ""
    """What to do, when the level is not ok."""


class PoseCell(msgspec.Struct, kw_only=True):
    """One pose of one person in the plan."""

    pose: str
    state: Literal["open", "done", "rejected", "incomplete", "skipped"]
    attempts: int = 0


class PersonRow(msgspec.Struct, kw_only=True):
    """One person of the plan."""

    participant: str
    consent: Literal["valid", "missing", "expired", "withdrawn"]
    poses: list[PoseCell]


class NextShot(msgspec.Struct, kw_only=True):
    """Whom to seat, and how."""

    participant: str
    pose: str
    instruction: str
    """What to tell the person, for example `Turn your head slightly to your left.`"""


class Problem(msgspec.Struct, kw_only=True):
    """What is wrong, in words, and what to do."""

    level: Level
    text: str
    advice: str


class LastPair(msgspec.Struct, kw_only=True):
    """The pair that was taken last."""

    pair: str
    participant: str
    pose: str
    state: Literal["committed", "rejected", "incomplete", "aborted"]
    reasons: list[str] = []
    skew_ms: float | None = None
    skew_pm_ms: float | None = None
    phone_picture: str = ""
    """Path on the console's server; empty while there is none."""
    studio_picture: str = ""


class ConsoleState(msgspec.Struct, kw_only=True):
    """All that the page draws."""

    session: str
    version: int = 0
    """Counts up with every change."""
    phase: str = "idle"
    """The sequence's phase, for example `guard`."""
    can_shoot: bool = False
    why_not: str = ""
    """One line when can_shoot is false."""
    order: str = "phone_first"
    next: NextShot | None = None
    camera: Device = msgspec.field(default_factory=Device)
    phone: Device = msgspec.field(default_factory=Device)
    lights: Device = msgspec.field(default_factory=Device)
    disk: Device = msgspec.field(default_factory=Device)
    clock: Device = msgspec.field(default_factory=Device)
    people: list[PersonRow] = []
    done: int = 0
    planned: int = 0
    last: LastPair | None = None
    problems: list[Problem] = []
    phone_url: str = ""
    """The address behind the QR code; the page draws `/qr.svg`."""
    simulated: bool = False


class ConsentForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the operator enters when a person agrees."""

    language: str
    scopes: list[str]
    is_adult: bool
    operator: str
    text_sha256: str
    """Of the text that was shown; another text is refused."""


@runtime_checkable
class Commands(Protocol):
    """What the page may ask the session for. Each raises AcquisitionError with one line."""

    def state(self) -> ConsoleState:
        """Returns the present state."""
        ...

    async def changed(self, version: int) -> ConsoleState:
        """Waits until the state's version is not `version`, then returns it."""
        ...

    async def shoot(self) -> None:
        """Begins the next pair; returns at once."""
        ...

    async def stop(self) -> None:
        """Breaks off the running pair."""
        ...

    async def select(self, participant: str, pose: str) -> None:
        """Makes this pose the next one, even if it is done."""
        ...

    async def skip(self) -> None:
        """Passes over the next pose."""
        ...

    async def add_person(self, form: ConsentForm) -> str:
        """Records a consent, puts the person into the plan; returns the new id."""
        ...

    async def restart_camera(self) -> None:
        """Starts the camera's process anew."""
        ...

    async def finish(self) -> None:
        """Ends the session as soon as the running pair is over."""
        ...

    def preview(self) -> bytes | None:
        """Returns the phone's newest preview picture (JPEG), None if there is none."""
        ...

    def picture(self, pair: str, side: Literal["phone", "studio"]) -> bytes | None:
        """Returns a small JPEG of a taken picture, upright, at most 1600 px; None if absent."""
        ...
