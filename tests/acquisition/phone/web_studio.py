"""A store for pictures in memory, and a served phone page, for tests of the web phone."""

import asyncio
import hashlib
import io
import itertools
from contextlib import asynccontextmanager
from pathlib import Path

from PIL import Image

from acquisition.errors import StoreError
from acquisition.phone.contract import ShotName
from acquisition.phone.web.driver import Limits, WebPhone
from acquisition.record import StoredFile
from acquisition.simulate.phone_client import ProtocolPhone

PAIR = "20261122T141530Z-7f3a"
OTHER_PAIR = "20261122T141600Z-0001"
FLASH = ShotName(pair=PAIR, kind="phone_flash")
REFERENCE = ShotName(pair=PAIR, kind="phone_reference")
OTHER_FLASH = ShotName(pair=OTHER_PAIR, kind="phone_flash")
QUICK = Limits(check_s=2.0, shot_s=2.0, fetch_s=5.0, hello_s=0.3, away_s=30.0)


def picture(colour="red", size=(64, 48)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return out.getvalue()


def feed(pair, kind) -> bytes:
    """Another picture for each shot."""
    number = hashlib.sha256(f"{pair}/{kind}".encode()).digest()
    return picture(tuple(number[:3]))


class FolderIntake:
    """Keeps the contract of `Intake` for two known pairs."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.files: dict[str, StoredFile] = {}
        self.bytes: dict[str, bytes] = {}
        self.on_accept = lambda _shot: None
        self._numbers = itertools.count()

    def part(self, shot):
        return self.folder / f".part-{next(self._numbers)}-{shot.kind}"

    def stored(self, shot):
        return self.files.get(str(shot))

    def accept(self, shot, part, sha256, origin):
        data = part.read_bytes()
        part.unlink()
        self.on_accept(shot)
        if shot.pair not in (PAIR, OTHER_PAIR):
            raise StoreError(f"the session has no pair {shot.pair}")
        known = self.files.get(str(shot))
        if known is not None and known.sha256 != sha256:
            raise StoreError(f"{shot} is there already and differs")
        try:
            with Image.open(io.BytesIO(data)) as image:
                mime = Image.MIME[image.format or ""]
                image.load()
        except OSError as error:
            raise StoreError(f"{shot} is no picture") from error
        self.bytes[str(shot)] = data
        file = StoredFile(
            name=f"{shot.kind}.jpg",
            kind=shot.kind,
            bytes=len(data),
            sha256=sha256,
            mime=mime,
            origin=origin,
        )
        self.files[str(shot)] = file
        return file

    def parts(self):
        return list(self.folder.glob(".part-*"))


class Studio:
    """The host's side, served on loopback."""

    def __init__(self, folder: Path, limits=QUICK):
        (folder / "incoming").mkdir()
        self.folder = folder
        self.intake = FolderIntake(folder / "incoming")
        self.refused: list[str] = []
        self.late: list[tuple] = []
        self.previews: list[bytes] = []
        self.phone = WebPhone(
            self.intake,
            on_refused=self.refused.append,
            on_late=lambda *late: self.late.append(late),
            on_preview=self.previews.append,
            limits=limits,
        )
        self.base = ""
        self.clients: list[ProtocolPhone] = []

    async def client(self, number=1, **wishes) -> ProtocolPhone:
        """A simulated phone that was welcomed."""
        client = self.stranger(number=number, **wishes)
        await client.start()
        await asyncio.wait_for(client.welcome.wait(), 5)
        return client

    def stranger(self, number=1, url="", **wishes) -> ProtocolPhone:
        client = ProtocolPhone(
            url or self.phone.url,
            wishes.pop("feed", feed),
            folder=self.folder / f"outbox-{number}",
            device=f"simulated-phone-{number}",
            **{"exposure_delay_s": 0.01, **wishes},
        )
        self.clients.append(client)
        return client


@asynccontextmanager
async def studio(folder: Path, limits=QUICK):
    made = Studio(folder, limits)
    url = await made.phone.serve("127.0.0.1", 0, None)
    made.base = url.split("/#")[0]
    try:
        yield made
    finally:
        for client in made.clients:
            await client.stop()
        await made.phone.close()


async def until(condition, what="", seconds=5.0):
    """Waits for a condition to come true."""
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"did not happen: {what}")
