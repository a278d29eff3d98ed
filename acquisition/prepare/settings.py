"""What preparing was asked for, and what became of a pair."""

from typing import Literal

import msgspec

from acquisition.consent.types import Scope
from acquisition.prepare.thresholds import Thresholds
from acquisition.record import FlashKind, Order
from acquisition.registration.contract import Mode as RegistrationMode
from acquisition.registration.contract import Settings as RegistrationStages

Encoding = Literal["srgb8", "srgb16"]
FileName = Literal["flash", "studio", "valid", "face", "full_flash", "full_studio", "full_valid"]


class PrepareSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the pairs of a dataset are made; `settings.json` of the dataset."""

    size: int = 1024
    """Side of the square pictures in pixels; a smaller crop is not enlarged."""
    registration: RegistrationMode = "full"
    registration_stages: RegistrationStages = RegistrationStages()
    """Which of the mode's stages run, and their limits."""
    encoding: Encoding = "srgb8"
    """srgb8: JPEG of quality 95; srgb16: PNG."""
    purpose: Scope = "train"
    """What each person must have agreed to."""
    thresholds: Thresholds = Thresholds()


class PreparedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the dataset."""

    path: str
    """Relative to the dataset."""
    bytes: int
    sha256: str


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one pair; a line of `prepared.jsonl`, also where it was rejected."""

    pair: str
    participant: str
    pose: str
    session: str
    key: str = ""
    """Of the input files, the settings, the calibrations and the program's stages."""
    made_with: str = ""
    """Of the settings alone."""
    accepted: bool = False
    reasons: list[str] = []
    """In words, why it was rejected."""
    unreadable: str = ""
    """In one line what could not be read; such a pair is tried again by the next run."""
    unregistered: str = ""
    """Why the studio picture could not be laid onto the phone's, although both show one face."""
    figures: dict[str, float] = {}
    notes: list[str] = []
    """Worth knowing, no reason to reject: for example that there was no colour calibration."""
    timings_s: dict[str, float] = {}
    """Seconds by stage."""
    files: dict[FileName, PreparedFile] = {}
    """Empty where nothing could be written. Files of rejected pairs are kept, not listed in the
    manifest."""
    width: int = 0
    height: int = 0
    """Of the pictures at the wanted size."""
    flash_kind: FlashKind = "unknown"
    skew_ms: float | None = None
    skew_uncertainty_ms: float | None = None
    order: Order = "phone_first"
    registration: RegistrationMode = "full"
    encoding: Encoding = "srgb8"
    colour: dict[str, str] = {}
    """How the colours of `phone` and `studio` were made right: chart, grey_card or none."""
    studio_source: Literal["raw", "jpeg", ""] = ""
    simulated: bool = False
    tool: str = ""
    """That took the pair."""
