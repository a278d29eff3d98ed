"""Pairs that lacked something, made whole when it is there after all."""

import asyncio

from msgspec.structs import replace

from acquisition.camera.contract import CameraFile
from acquisition.errors import AcquisitionError, CameraError, StoreError, one_line
from acquisition.quality_limits import Verdict
from acquisition.record import PairRecord
from acquisition.store.missing import card_kind
from acquisition.taking.card import adopt_from_card
from acquisition.taking.fetching import Fetching
from acquisition.taking.judging import judge_pair
from acquisition.taking.studio import Studio

MOST_SPOILED = 2


async def fetch_from_card(studio: Studio) -> int:
    """Downloads what incomplete pairs lack and the camera's card still has.

    A file that is damaged on the card itself is left alone after a while, until the next session.

    Returns how many files came. Raises StoreError: the disk took no more.
    """
    fetching, came = Fetching(studio), 0
    for record in studio.folder.records():
        if record.state != "incomplete":
            continue
        for file in _on_card(studio, record.pair):
            try:
                await fetching.download(record.pair, file)
            except CameraError:
                # It stays on the card, and the pair stays incomplete.
                if not await _is_back(studio):
                    return came
                continue
            came += 1
    return came


async def _is_back(studio: Studio) -> bool:
    """Returns whether the camera can be asked for the next file."""
    if studio.camera.identity is None:
        try:
            await studio.on_camera(studio.camera.restart)
        except CameraError:
            return False
    return True


def _on_card(studio: Studio, pair: str) -> list[CameraFile]:
    """Returns files that the camera named for a pair and of whose kind the store has none."""
    stored = {file.kind for file in studio.folder.files(pair)}
    named = studio.folder.ledger.pairs[pair].card
    return [
        file
        for path, file in named.items()
        if card_kind(file.name) not in stored and studio.spoiled[path] < MOST_SPOILED
    ]


async def write_ends(studio: Studio) -> None:
    """Writes the ends of pairs that the disk did not take. Raises StoreError: not yet either."""
    while studio.unwritten:
        await studio.unwritten[0]()
        studio.unwritten.pop(0)


async def promote(studio: Studio) -> list[PairRecord]:
    """Judges and finishes every incomplete pair whose files are all there by now.

    Raises:
        StoreError: the disk took no more.
    """
    await write_ends(studio)
    finished = []
    for pair in studio.folder.promotable():
        record = studio.folder.record(pair)
        if record is None:
            continue
        verdict = await asyncio.to_thread(_judge, studio, record)
        final = replace(
            record,
            state="rejected" if verdict.reasons else "committed",
            files=studio.folder.files(pair),
            missing=[],
            quality=verdict.figures,
            reasons=list(verdict.reasons),
            notes=[*record.notes, *verdict.notes],
        )
        studio.folder.finish(final)
        finished.append(final)
    return finished


def _judge(studio: Studio, record: PairRecord) -> Verdict:
    flash_kind = record.phone.flash_kind if record.phone else "unknown"
    try:
        return judge_pair(studio, record.pair, record.participant, flash_kind)
    except AcquisitionError as error:
        # As when it was taken: a picture that cannot be judged is kept, and no good.
        return Verdict(figures={}, reasons=[one_line(error)])


async def complete(studio: Studio) -> list[PairRecord]:
    """Fetches what can be had, then finishes what is whole. Returns the finished records."""
    try:
        # A pair without its end is nobody's who could be given a file.
        await write_ends(studio)
        if studio.camera.identity is not None:
            await adopt_from_card(studio)
            await fetch_from_card(studio)
        return await promote(studio)
    except (CameraError, StoreError) as error:
        studio.folder.journal_fault(str(error))
        return []
