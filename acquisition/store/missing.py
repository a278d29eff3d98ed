"""What a pair lacks, and where it still is, as far as its journal tells."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Literal, get_args

from acquisition.camera.contract import Profile
from acquisition.phone.contract import PhoneKind, ShotName
from acquisition.record import Missing, StoredFile
from acquisition.store.ledger import PairLedger

StudioKind = Literal["studio_raw", "studio_jpeg"]
_EXPECTED: dict[str, tuple[StudioKind, ...]] = {
    "raw+jpeg": ("studio_raw", "studio_jpeg"),
    "raw": ("studio_raw",),
    "jpeg": ("studio_jpeg",),
}


def card_kind(name: str) -> StudioKind:
    """Returns what a file on a camera's card is, by its name."""
    is_jpeg = PurePosixPath(name).suffix.lower() in (".jpg", ".jpeg")
    return "studio_jpeg" if is_jpeg else "studio_raw"


def missing_files(
    pair: PairLedger, files: Sequence[StoredFile], profile: Profile | None
) -> list[Missing]:
    """Returns what a pair lacks.

    Args:
        pair: as the journal tells it.
        files: that are there.
        profile: says which files the camera should bring; None: raw and JPEG.
    """
    return [*_of_phone(pair, files), *_of_studio(pair, files, profile or Profile())]


def _of_phone(pair: PairLedger, files: Sequence[StoredFile]) -> list[Missing]:
    there = {file.kind for file in files}
    found = []
    for kind in get_args(PhoneKind):
        origin = str(ShotName(pair=pair.pair, kind=kind))
        if kind in there:
            continue
        if any(file.kind == kind for file in pair.stored.values()):
            note = "it was stored, and is gone from the disk or damaged; look for it on the phone"
            found.append(Missing(kind=kind, where="unknown", origin=origin, note=note))
        elif kind in pair.phone_exposed:
            found.append(Missing(kind=kind, where="on_phone", origin=origin))
        elif kind in pair.phone_asked:
            note = "the phone was asked and gave no answer before the stop; it may hold the picture"
            found.append(Missing(kind=kind, where="unknown", origin=origin, note=note))
        elif kind == "phone_flash":
            found.append(Missing(kind=kind, where="never_taken"))
    return found


def _of_studio(pair: PairLedger, files: Sequence[StoredFile], profile: Profile) -> list[Missing]:
    origins = {file.origin for file in files}
    found = [
        Missing(kind=card_kind(file.name), where="on_card", origin=path)
        for path, file in pair.card.items()
        if path not in origins
    ]
    known = {file.kind for file in files} | {one.kind for one in found}
    for kind in _EXPECTED[profile.files]:
        if kind not in known:
            found.append(_unannounced(pair, kind))
    return found


def _unannounced(pair: PairLedger, kind: StudioKind) -> Missing:
    if pair.studio_exposed or pair.card:
        note = "the camera was released and had not named the file yet; look at its last pictures"
        return Missing(kind=kind, where="on_card", note=note)
    if pair.studio_asked:
        note = "the camera was about to be released; look at its last pictures"
        return Missing(kind=kind, where="unknown", note=note)
    return Missing(kind=kind, where="never_taken")
