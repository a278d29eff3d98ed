"""What the journal says about every pair, kept up to date entry by entry.

Data that entries may carry, beside `pair` and `participant`:

pair_begun      pose, attempt, consent, lights (LightsUsed), wall where adopted later
phone_fire      kind (a PhoneKind; `phone_flash` where absent): the phone is about to be asked
phone_exposed   kind; phone (PhoneShot): what a record made after a stop says of the phone
studio_trigger  the camera is about to be released
studio_exposed  studio (StudioShot): likewise
camera_file     folder, name, bytes: the camera announced this file on its card
stored          the fields of StoredFile
finished        state, name (record.json or incomplete.json), sha256, missing (kinds)
pair_aborted    reasons
fault           set_aside: name of a damaged file in the pair's folder
mirror_begun    folder
pose_skipped    pose
"""

from collections.abc import Callable
from typing import Any, Literal, get_args

import msgspec

from acquisition.camera.contract import CameraFile
from acquisition.phone.contract import PhoneKind
from acquisition.plan import Try
from acquisition.record import (
    RECORD,
    FileKind,
    LightsUsed,
    PairState,
    PhoneShot,
    StoredFile,
    StudioShot,
)
from acquisition.store.journal import JournalEntry

PHONE_KINDS = get_args(PhoneKind)
_SIGNS = {"phone_exposed", "studio_exposed", "camera_file"}


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """One `finished` entry."""

    state: PairState
    name: str
    sha256: str
    missing: list[FileKind] = []


class PairLedger(msgspec.Struct, kw_only=True):
    """One pair, as the journal tells it."""

    pair: str
    participant: str
    pose: str
    attempt: int
    began_ns: int
    wall: str
    consent: str = ""
    lights: LightsUsed = LightsUsed(driver="none", settle_ms=0)
    phone_asked: dict[str, None] = {}
    """Kinds, in order."""
    phone_exposed: dict[str, None] = {}
    studio_asked: bool = False
    studio_exposed: bool = False
    card: dict[str, CameraFile] = {}
    """By path on the card."""
    stored: dict[str, StoredFile] = {}
    """By name in the pair's folder."""
    finished: list[Finished] = []
    aborted: bool = False
    phone: PhoneShot | None = None
    studio: StudioShot | None = None
    set_aside: list[str] = []
    """Damaged files in the pair's folder that recovery gave another name."""

    @property
    def has_record(self) -> bool:
        """Returns whether `record.json` was noted as published."""
        return any(one.name == RECORD for one in self.finished)

    @property
    def is_open(self) -> bool:
        """Returns whether the pair is begun and neither finished nor aborted."""
        return not self.finished and not self.aborted

    @property
    def outcome(self) -> PairState | Literal["running"]:
        """Returns the last state; `running` while there is none."""
        return self.finished[-1].state if self.finished else "running"

    @property
    def was_exposed(self) -> bool:
        """Returns whether a device was asked for anything, or something came from one."""
        return bool(
            self.phone_asked
            or self.phone_exposed
            or self.studio_asked
            or self.studio_exposed
            or self.card
            or any(file.kind != "log" for file in self.stored.values())
        )

    @property
    def was_taken(self) -> bool:
        """Returns whether the flash or the studio picture was taken, by a device's own word."""
        phone = "phone_flash" in self.phone_exposed or self.of_kind("phone_flash") is not None
        return phone or self.studio_exposed or bool(self.card)

    @property
    def bytes(self) -> int:
        """Returns the size of all stored files."""
        return sum(file.bytes for file in self.stored.values())

    def of_kind(self, kind: str) -> StoredFile | None:
        """Returns the stored file of a kind, the newest where there are several logs."""
        found = [file for file in self.stored.values() if file.kind == kind]
        return found[-1] if found else None


class Ledger:
    """All pairs and skipped poses, in the order of the journal."""

    def __init__(self) -> None:
        self.pairs: dict[str, PairLedger] = {}
        self.people: dict[str, None] = {}
        self.has_mirror = False
        self.last_bytes = 0
        """Of the pair that was finished last."""
        self._skips: dict[str, Try] = {}
        self._order: list[str] = []

    def apply(self, entry: JournalEntry) -> None:
        """Takes in the next entry."""
        note = getattr(self, f"_on_{entry.event}", None)
        if note is not None:
            note(entry)
        elif entry.pair in self.pairs:
            _note(self.pairs[entry.pair], entry)

    def tries(self) -> list[Try]:
        """Returns what happened to the poses, oldest first; aborted pairs are left out."""
        found = []
        for key in list(self._order):
            pair = self.pairs.get(key)
            if pair is None:
                found.append(self._skips[key])
            elif not pair.aborted:
                found.append(
                    Try(participant=pair.participant, pose=pair.pose, outcome=pair.outcome)
                )
        return found

    def _on_person_added(self, entry: JournalEntry) -> None:
        self.people[entry.participant] = None

    def _on_mirror_begun(self, _: JournalEntry) -> None:
        self.has_mirror = True

    def _on_pose_skipped(self, entry: JournalEntry) -> None:
        key = f"skip {entry.n}"
        pose = str(entry.data.get("pose", ""))
        self._skips[key] = Try(participant=entry.participant, pose=pose, outcome="skipped")
        self._order.append(key)

    def _on_pair_begun(self, entry: JournalEntry) -> None:
        data = entry.data
        self.pairs[entry.pair] = PairLedger(
            pair=entry.pair,
            participant=entry.participant,
            pose=str(data.get("pose", "")),
            attempt=_convert(data.get("attempt"), int) or 1,
            began_ns=entry.t_ns,
            wall=str(data.get("wall") or entry.wall),
            consent=str(data.get("consent", "")),
            lights=_convert(data.get("lights"), LightsUsed)
            or LightsUsed(driver="none", settle_ms=0),
        )
        self._order.append(entry.pair)

    def _on_finished(self, entry: JournalEntry) -> None:
        pair, finished = self.pairs.get(entry.pair), _convert(entry.data, Finished)
        if pair is not None and finished is not None:
            pair.finished = [*pair.finished, finished]
            self.last_bytes = pair.bytes


def _note(pair: PairLedger, entry: JournalEntry) -> None:
    """Takes in an entry that concerns one pair only; others are none of the ledger's business."""
    note = _NOTES.get(entry.event)
    if note is not None:
        note(pair, entry.data)
    # A late sign that a picture was taken all the same: the pair is not to be forgotten.
    if entry.event in _SIGNS and pair.was_taken:
        pair.aborted = False


def _phone_fire(pair: PairLedger, data: dict[str, Any]) -> None:
    pair.phone_asked = {**pair.phone_asked, _phone_kind(data): None}


def _phone_exposed(pair: PairLedger, data: dict[str, Any]) -> None:
    pair.phone_exposed = {**pair.phone_exposed, _phone_kind(data): None}
    if _phone_kind(data) == "phone_flash":
        pair.phone = _convert(data.get("phone"), PhoneShot)


def _studio_trigger(pair: PairLedger, _: dict[str, Any]) -> None:
    pair.studio_asked = True


def _studio_exposed(pair: PairLedger, data: dict[str, Any]) -> None:
    pair.studio_exposed = True
    pair.studio = _convert(data.get("studio"), StudioShot)


def _camera_file(pair: PairLedger, data: dict[str, Any]) -> None:
    file = _convert(data, CameraFile)
    if file is not None:
        pair.card = {**pair.card, file.path: file}


def _stored(pair: PairLedger, data: dict[str, Any]) -> None:
    file = _convert(data, StoredFile)
    if file is not None:
        pair.stored = {**pair.stored, file.name: file}


def _pair_aborted(pair: PairLedger, _: dict[str, Any]) -> None:
    pair.aborted = True


def _fault(pair: PairLedger, data: dict[str, Any]) -> None:
    if "set_aside" in data:
        pair.set_aside = [*pair.set_aside, str(data["set_aside"])]


_NOTES: dict[str, Callable[[PairLedger, dict[str, Any]], None]] = {
    "phone_fire": _phone_fire,
    "phone_exposed": _phone_exposed,
    "studio_trigger": _studio_trigger,
    "studio_exposed": _studio_exposed,
    "camera_file": _camera_file,
    "stored": _stored,
    "pair_aborted": _pair_aborted,
    "fault": _fault,
}


def _phone_kind(data: dict[str, Any]) -> str:
    kind = str(data.get("kind"))
    return kind if kind in PHONE_KINDS else "phone_flash"


def _convert(value: Any, kind: Any) -> Any:
    """Returns the typed value, None where the journal holds something else."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None
