"""Brings what was taken from the phone and the camera into the store, whole or not at all."""

import asyncio
import threading
from pathlib import Path

from acquisition.camera.contract import CameraFile, Collected, Downloaded
from acquisition.errors import CameraError, PhoneError, StoreError, one_line
from acquisition.phone.contract import PhoneKind, ShotName
from acquisition.record import FileKind, Missing, StoredFile
from acquisition.taking.facts import PairFacts
from acquisition.taking.studio import Studio

DOWNLOAD_TRIES = 2


def studio_kinds(studio: Studio) -> dict[str, FileKind]:
    """Returns which studio files a pair of the session must have, by the profile's word."""
    kinds: dict[str, FileKind] = {"raw": "studio_raw", "jpeg": "studio_jpeg"}
    profile = studio.options.profile
    wanted = "raw+jpeg" if profile is None else profile.files
    return {word: kind for word, kind in kinds.items() if word in wanted.split("+")}


class Fetching:
    """Fetches the files of pairs; what cannot be had is named with where it still is."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def collect(self, pair: str) -> Collected:
        """Waits for the camera to announce the files of its last release, and journals them.

        Raises:
            CameraError: the camera went away meanwhile.
            StoreError: the journal took no more.
        """
        collected = await self._studio.on_camera(self._studio.camera.collect)
        for file in collected.files:
            self.note_announced(pair, file)
        return collected

    def note_announced(self, pair: str, file: CameraFile) -> None:
        """Journals that a file on the card belongs to a pair. Raises StoreError."""
        self._studio.folder.journal.append(
            "camera_file", pair=pair, folder=file.folder, name=file.name, bytes=file.bytes
        )

    async def phone_pictures(self, pair: str, facts: PairFacts) -> None:
        """Waits for every picture that the phone took, or may have taken."""
        kinds: list[PhoneKind] = [*facts.exposures]
        if facts.phone_may_have and "phone_flash" not in kinds:
            kinds.append("phone_flash")
        for kind in kinds:
            shot = ShotName(pair=pair, kind=kind)
            try:
                facts.add(await self._studio.phone.fetch(shot))
            except (PhoneError, StoreError) as error:
                taken = kind in facts.exposures
                where = "on_phone" if taken else "unknown"
                note = f"{_WORDS[kind]} is not here yet: {one_line(error)}"
                facts.missing.append(Missing(kind=kind, where=where, origin=str(shot), note=note))
        if "phone_flash" not in kinds:
            facts.missing.append(Missing(kind="phone_flash", where="never_taken"))

    async def studio_files(
        self, pair: str, facts: PairFacts, collecting: asyncio.Task[Collected] | None
    ) -> None:
        """Downloads every file that the camera announced for the pair."""
        wanted = studio_kinds(self._studio)
        if collecting is None:
            where = "unknown" if facts.studio_may_have else "never_taken"
            facts.missing += [Missing(kind=kind, where=where) for kind in wanted.values()]
            return
        try:
            collected = await collecting
        except (CameraError, StoreError) as error:
            where = "on_card" if facts.studio_said_so else "unknown"
            note = f"the studio files may be on the camera's card: {one_line(error)}"
            facts.missing += [
                Missing(kind=kind, where=where, note=note) for kind in wanted.values()
            ]
            return
        facts.events = collected.events
        await self._keep_log(pair, facts, collected.log)
        for file in collected.files:
            await self._one_studio_file(pair, facts, file)
        for word in collected.missing:
            note = f"the camera announced no {word} file; look at its card"
            facts.missing.append(Missing(kind=wanted[word], where="unknown", note=note))

    async def _one_studio_file(self, pair: str, facts: PairFacts, file: CameraFile) -> None:
        try:
            facts.add(await self.download(pair, file))
        except (CameraError, StoreError) as error:
            is_jpeg = file.name.lower().endswith((".jpg", ".jpeg"))
            kind: FileKind = "studio_jpeg" if is_jpeg else "studio_raw"
            note = f"{file.name} is on the camera's card: {one_line(error)}"
            facts.missing.append(Missing(kind=kind, where="on_card", origin=file.path, note=note))

    async def download(self, pair: str, file: CameraFile) -> StoredFile:
        """Downloads one file of the card into the pair's folder.

        A fault of the camera costs its process, so the second try has a fresh one.

        Raises:
            CameraError: it cannot be had now; it is still on the card.
            StoreError: the disk took no more.
        """
        for left in reversed(range(DOWNLOAD_TRIES)):
            part = self._studio.folder.part()
            try:
                downloaded = await self._receive(file, part)
            except CameraError:
                part.unlink(missing_ok=True)
                if not left:
                    self._studio.spoiled[file.path] += self._studio.camera.identity is not None
                    raise
                await self._studio.on_camera(self._studio.camera.restart)
                continue
            return await asyncio.to_thread(
                self._studio.folder.add_studio, pair, file, part, downloaded
            )
        raise CameraError(f"{file.name} cannot be downloaded")

    async def _receive(self, file: CameraFile, part: Path) -> Downloaded:
        """Has the camera write a file to `part`; leaves nothing there when nobody waits any more.

        A camera call cannot be broken off: it goes on in its thread.
        """
        is_unwanted = threading.Event()

        def receive() -> Downloaded:
            downloaded = self._studio.camera.download(file, part)
            if is_unwanted.is_set():
                part.unlink(missing_ok=True)
            return downloaded

        try:
            return await self._studio.on_camera(receive)
        except asyncio.CancelledError:
            is_unwanted.set()
            part.unlink(missing_ok=True)
            raise

    async def _keep_log(self, pair: str, facts: PairFacts, log: str) -> None:
        if not log:
            return
        try:
            facts.add(await asyncio.to_thread(self._studio.folder.add_log, pair, log))
        except StoreError as error:
            facts.missing.append(Missing(kind="log", where="unknown", note=one_line(error)))


_WORDS: dict[PhoneKind, str] = {
    "phone_flash": "the phone's flash picture",
    "phone_reference": "the phone's reference picture",
    "phone_reference_after": "the phone's second reference picture",
}
