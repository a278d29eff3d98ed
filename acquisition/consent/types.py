"""What the registry keeps of a person, and what remains of it after erasure."""

from datetime import UTC, datetime
from typing import Literal, get_args

import msgspec

from acquisition.errors import ConsentError

SCHEMA = 1

Scope = Literal["train", "figures", "redistribute", "demo"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
MEANING: dict[Scope, str] = {
    "train": "train and evaluate models",
    "figures": "print pictures in papers and talks",
    "redistribute": "give pairs to other researchers",
    "demo": "show pictures in a demonstration",
}

State = Literal["valid", "missing", "expired", "withdrawn", "erased"]
EventName = Literal["given", "renewed", "withdrawn", "erasing", "erased"]
PlaceKind = Literal["session", "dataset", "folder"]
PlaceState = Literal["holds", "erased", "gone"]


class NoConsent(ConsentError):  # noqa: N818 - a refusal, named for what is lacking
    """No valid consent covers what was asked; `state` says why in one word."""

    def __init__(self, message: str, state: State) -> None:
        super().__init__(message)
        self.state: State = state


class Consent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One consent: who agreed to which text, for what, until when."""

    participant: str
    consent: str
    """`C-` and six characters."""
    text_version: str
    text_sha256: str
    """Of the exact text that was shown; the registry keeps it under `texts/`."""
    language: str
    train: bool
    figures: bool
    redistribute: bool
    demo: bool
    is_adult: bool
    operator: str
    given: str
    """UTC, ISO 8601, to the second."""
    expires: str
    """UTC; from this second on the consent is over."""
    signature: str = ""
    """Name of the scan or photograph under `signatures/`; empty if there is none."""
    signature_sha256: str = ""

    @property
    def reference(self) -> str:
        """Returns how a pair's record names this consent."""
        return f"{self.consent}@sha256:{self.text_sha256}"

    @property
    def scopes(self) -> list[Scope]:
        """Returns the scopes that were agreed to."""
        return [scope for scope in SCOPES if getattr(self, scope)]


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that happened to a person's consent; events are only ever added."""

    event: EventName
    wall: str
    consent: Consent | None = None
    """With `given` and `renewed`, until the person is erased."""


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A folder with pictures of the person."""

    folder: str
    kind: PlaceKind
    noted: str
    state: PlaceState = "holds"
    """`gone` where the operator said that the folder is no more."""


class Counts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an erasure took away; after a crash in the middle, at least so much."""

    files: int = 0
    journal_entries: int = 0
    manifest_lines: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            files=self.files + other.files,
            journal_entries=self.journal_entries + other.journal_entries,
            manifest_lines=self.manifest_lines + other.manifest_lines,
        )


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The registry's file of one person."""

    schema: int = SCHEMA
    participant: str
    events: list[Event]
    places: list[Place] = []
    contact: str = ""
    """Name, address: whatever the person left. Nowhere else, and gone with an erasure."""
    known: dict[str, int] = {}
    """SHA-256 and bytes of the person's files while an erasure is under way."""
    counts: Counts = msgspec.field(default_factory=Counts)

    @property
    def last(self) -> Event:
        """Returns the newest event."""
        return self.events[-1]

    @property
    def consent(self) -> Consent | None:
        """Returns the consent given last, even if it is over."""
        given = [event.consent for event in self.events if event.consent]
        return given[-1] if given else None


class Tombstone(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of an erased person: no name, no contact, no digest of any file."""

    participant: str
    began: str
    """UTC."""
    closed: str
    """UTC; empty while something is still due."""
    counts: Counts
    due: list[str] = []
    """In words: places that could not be reached, and what still holds something."""


class Controller(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who answers for the pictures; stands in the consent text."""

    controller: str
    contact: str


def stamp(moment: datetime) -> str:
    """Returns a moment (with time zone) as UTC to the second, `2026-11-22T14:15:30Z`."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def years_later(moment: datetime, years: int) -> datetime:
    """Returns the same day `years` later; 29 February becomes the 28th."""
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        return moment.replace(year=moment.year + years, day=28)
