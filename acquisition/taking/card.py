"""Pictures on the camera's card that nobody named: after a stop, or a release without an answer.

Cameras number their files upwards, so a picture between two known ones was taken between their
pairs. It is given to a pair only where it cannot belong to another one.
"""

from collections.abc import Sequence
from itertools import groupby
from pathlib import PurePosixPath

from acquisition.camera.contract import CameraFile
from acquisition.errors import CameraError
from acquisition.record import PairRecord
from acquisition.store.missing import card_kind
from acquisition.taking.fetching import Fetching
from acquisition.taking.studio import Studio

SEEN = "card_seen"
STRAY = "card_strays"


async def adopt_from_card(studio: Studio) -> list[str]:
    """Downloads new pictures of the card into the pairs that lack them.

    Returns:
        Paths on the card that belong to no pair, or to one of several; the journal has them too.

    Raises:
        CameraError: the camera went away meanwhile.
        StoreError: the disk took no more.
    """
    listing = await studio.on_camera(studio.camera.list_files)
    baseline = _baseline(studio)
    if baseline is None:
        _note_baseline(studio, listing)
        return []
    new_files = [file for file in listing if file.path > baseline]
    await _adopt_late(studio, new_files)
    new = _gaps_of_shots(studio, new_files)
    lacking = _gaps_of_pairs(studio)
    strays: list[str] = []
    for gap, shots in new.items():
        pairs = lacking.get(gap, [])
        if len(pairs) != len(shots):
            strays += [file.path for files in shots for file in files]
            continue
        for pair, files in zip(pairs, shots, strict=True):
            await _give(studio, pair, files)
    _note_strays(studio, strays)
    return strays


def _baseline(studio: Studio) -> str | None:
    """Returns the last file that was on this camera's card when the session first saw it."""
    serial = _serial(studio)
    for entry in studio.folder.journal.entries():
        if entry.event == SEEN and entry.data.get("serial") == serial:
            return str(entry.data["last"])
    return None


def _serial(studio: Studio) -> str:
    return studio.camera.identity.serial if studio.camera.identity else ""


def _named_shots(studio: Studio) -> dict[str, str]:
    """Returns shots (paths without suffix) that the camera named, and the pair of each."""
    pairs = list(studio.folder.ledger.pairs.values())
    return {_stem(path): pair.pair for pair in pairs for path in pair.card}


def _gaps_of_shots(
    studio: Studio, files: Sequence[CameraFile]
) -> dict[int, list[list[CameraFile]]]:
    """Returns shots that no pair names, by how many named shots lie before them."""
    named = _named_shots(studio)
    left = sorted((file for file in files if _stem(file.path) not in named), key=_by_path)
    gaps: dict[int, list[list[CameraFile]]] = {}
    for stem, group in groupby(left, key=lambda file: _stem(file.path)):
        gap = sum(one < stem for one in named)
        gaps.setdefault(gap, []).append(list(group))
    return gaps


def _gaps_of_pairs(studio: Studio) -> dict[int, list[str]]:
    """Returns pairs that lack a shot, by how many named shots belong to earlier pairs."""
    owners = list(_named_shots(studio).values())
    gaps: dict[int, list[str]] = {}
    before: set[str] = set()
    for pair in list(studio.folder.ledger.pairs):
        record = studio.folder.record(pair)
        if record is not None and _lacks_studio(studio, record):
            gap = sum(owner in before for owner in owners)
            gaps.setdefault(gap, []).append(pair)
        before.add(pair)
    return gaps


async def _adopt_late(studio: Studio, files: Sequence[CameraFile]) -> None:
    """Gives files to the pair whose shot they are of; the camera named the other one in time."""
    owners = _named_shots(studio)
    for file in files:
        pair = owners.get(_stem(file.path))
        if pair is None or file.path in studio.folder.ledger.pairs[pair].card:
            continue
        record = studio.folder.record(pair)
        lacks = [one.kind for one in record.missing] if record is not None else []
        kind = card_kind(file.name)
        if kind in lacks and not studio.folder.has(pair, kind):
            await _give(studio, pair, [file])


def _by_path(file: CameraFile) -> str:
    return file.path


def _stem(path: str) -> str:
    return str(PurePosixPath(path).with_suffix(""))


def _lacks_studio(studio: Studio, record: PairRecord) -> bool:
    return record.state == "incomplete" and any(
        missing.kind.startswith("studio")
        and missing.where in ("on_card", "unknown")
        and not missing.origin
        and not studio.folder.has(record.pair, missing.kind)
        for missing in record.missing
    )


async def _give(studio: Studio, pair: str, files: Sequence[CameraFile]) -> None:
    fetching = Fetching(studio)
    for file in files:
        fetching.note_announced(pair, file)
        try:
            await fetching.download(pair, file)
        except CameraError as error:
            # The journal names it now, so the next look fetches it.
            studio.folder.journal_fault(f"{file.path} cannot be downloaded yet: {error}")


def _note_baseline(studio: Studio, listing: Sequence[CameraFile]) -> None:
    last = max((file.path for file in listing), default="")
    studio.folder.journal.append(SEEN, serial=_serial(studio), last=last, files=len(listing))


def _note_strays(studio: Studio, strays: Sequence[str]) -> None:
    known = {
        path
        for entry in studio.folder.journal.entries()
        if entry.event == STRAY
        for path in entry.data["paths"]
    }
    if new := [path for path in strays if path not in known]:
        studio.folder.journal.append(STRAY, paths=new)
