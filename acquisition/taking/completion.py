"""Pairs that lacked something, made whole when it is there after all."""

import asyncio

from msgspec.structs import replace

from acquisition.camera.contract import CameraFile
from acquisition.errors import CameraError, StoreError
from acquisition.record import PairRecord
from acquisition.taking.card import adopt_from_card
from acquisition.taking.fetching import Fetching
from acquisition.taking.judging import judge_pair
from acquisition.taking.studio import Studio


async def fetch_from_card(studio: Studio) -> int:
    """Downloads what incomplete pairs lack and the camera's card still has.

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
                continue
            came += 1
    return came


def _on_card(studio: Studio, pair: str) -> list[CameraFile]:
    """Returns files that the camera named for a pair and that are not in the store."""
    stored = {file.origin for file in studio.folder.files(pair)}
    named = studio.folder.ledger.pairs[pair].card
    return [file for path, file in named.items() if path not in stored]


async def promote(studio: Studio) -> list[PairRecord]:
    """Judges and finishes every incomplete pair whose files are all there by now.

    Raises:
        StoreError: the disk took no more.
    """
    finished = []
    for pair in studio.folder.promotable():
        record = studio.folder.record(pair)
        if record is None:
            continue
        flash_kind = record.phone.flash_kind if record.phone else "unknown"
        verdict = await asyncio.to_thread(judge_pair, studio, pair, record.participant, flash_kind)
        final = replace(
            record,
            state="rejected" if verdict.reasons else "committed",
            files=studio.folder.files(pair),
            missing=[],
            quality=verdict.figures,
            reasons=list(verdict.reasons),
        )
        studio.folder.finish(final)
        finished.append(final)
    return finished


async def complete(studio: Studio) -> list[PairRecord]:
    """Fetches what can be had, then finishes what is whole. Returns the finished records."""
    try:
        if studio.camera.identity is not None:
            await adopt_from_card(studio)
            await fetch_from_card(studio)
        return await promote(studio)
    except (CameraError, StoreError) as error:
        studio.folder.journal_fault(str(error))
        return []
