"""What the simulated devices see at the moment, and a browser phone that is shown it."""

import asyncio
from datetime import datetime

from acquisition.phone.contract import Phone, PhoneExposure, PhoneKind, PhoneStatus, ShotName
from acquisition.record import StoredFile
from acquisition.simulate.feed import Feed
from acquisition.simulate.phone_chromium import ChromiumPhone
from acquisition.simulate.phone_parts import PhoneFault

FRAMES_S = 0.15
"""A browser's video is a few frames behind what its camera is shown."""


class Stage:
    """The scene that both devices see; the stand-in sets it before each pair."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._shots = 0
        self.scene = 0
        self.fault: PhoneFault | None = None

    @property
    def phone_px(self) -> tuple[int, int]:
        """Returns width and height of the phone's pictures."""
        return self._feed.settings.phone_px

    def scene_of(self, participant: int, pose: int) -> int:
        """Returns the scene of a person and a pose, both counted from 0."""
        return self._feed.scene(participant, pose)

    def phone_picture(self, pair: str, kind: PhoneKind) -> bytes:
        """Returns what the phone takes: JPEG with EXIF."""
        del pair
        return self.picture(light=kind == "phone_flash")

    def picture(self, *, light: bool) -> bytes:
        """Returns the present scene with the phone's light, or without."""
        self._shots += 1
        now = datetime.now().astimezone()
        take = self._feed.phone_flash if light else self._feed.phone_reference
        return take(self.scene, now, self._shots)

    def phone_faults(self, pair: str, kind: str) -> tuple[PhoneFault, ...]:
        """Returns what goes wrong at a shot of the phone."""
        del pair
        return (self.fault,) if self.fault and kind == "phone_flash" else ()


class SeeingPhone:
    """A browser's phone whose fake camera is shown the right light before each picture."""

    def __init__(self, phone: Phone, browser: ChromiumPhone, stage: Stage) -> None:
        self._phone = phone
        self._browser = browser
        self._stage = stage

    async def _see(self, *, light: bool) -> None:
        picture = await asyncio.to_thread(self._stage.picture, light=light)
        await asyncio.to_thread(self._browser.show, picture)
        await asyncio.sleep(FRAMES_S)

    def status(self) -> PhoneStatus:
        """As the phone behind it."""
        return self._phone.status()

    async def check(self) -> PhoneStatus:
        """As the phone behind it; the scene is seen without light from now on."""
        await self._see(light=False)
        return await self._phone.check()

    async def reference(self, shot: ShotName) -> PhoneExposure:
        """As the phone behind it."""
        await self._see(light=False)
        taken = await self._phone.reference(shot)
        if shot.kind == "phone_reference_after":
            await self.rest()
        return taken

    async def rest(self) -> None:
        """Shows the scene as the room's own lamps do between two pairs."""
        picture = await asyncio.to_thread(self._stage.picture, light=True)
        await asyncio.to_thread(self._browser.show, picture)

    async def fire(self, shot: ShotName) -> PhoneExposure:
        """As the phone behind it; the scene is lit."""
        await self._see(light=True)
        return await self._phone.fire(shot)

    async def fetch(self, shot: ShotName) -> StoredFile:
        """As the phone behind it."""
        return await self._phone.fetch(shot)

    async def discard(self, pair: str) -> None:
        """As the phone behind it."""
        await self._phone.discard(pair)

    async def close(self) -> None:
        """As the phone behind it."""
        await self._phone.close()
