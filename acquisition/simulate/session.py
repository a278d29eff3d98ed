"""A whole session without hardware: `acquire session NAME --simulate`.

The same program as with devices. Behind the camera's address is a simulated camera, behind the
phone's page a simulated phone, and a stand-in presses the operator's button.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from jsonargparse import Namespace
from msgspec import structs

from acquisition.asked import Asked, check_people, read_asked
from acquisition.camera.address import parse_address
from acquisition.camera.client import GPhotoCamera
from acquisition.camera.contract import Profile
from acquisition.consent.registry import Registry
from acquisition.console.operator import Operator
from acquisition.console.state import ConsentForm
from acquisition.errors import UsageError
from acquisition.lights import NoLights
from acquisition.opening import OpenPhone
from acquisition.phone.contract import Phone
from acquisition.phone.web.driver import WebPhone
from acquisition.places import SIMULATED
from acquisition.session import SessionFolder
from acquisition.session_run import (
    Hearsay,
    connect_camera,
    open_folder,
    operate,
    options_of,
    say,
    summary,
)
from acquisition.simulate.camera import SimulatedCamera
from acquisition.simulate.feed import Feed
from acquisition.simulate.phone_chromium import ChromiumPhone, browser
from acquisition.simulate.phone_client import ProtocolPhone
from acquisition.simulate.seeing_phone import SeeingPhone, Stage
from acquisition.simulate.settings import FeedSettings
from acquisition.simulate.stand_in import StandIn
from acquisition.taking.studio import Studio

WORK = SIMULATED
PROFILE = Profile(
    name="simulated studio",
    files="raw+jpeg",
    settings={"iso": "100", "shutterspeed": "0.0080s", "f-number": "f/8"},
)


async def run_simulated(arguments: Namespace) -> str:
    """Runs a simulated session; returns a line on what it holds now.

    Raises:
        AcquisitionError: in one line what is missing.
    """
    asked, kind = read_asked(arguments), simulated_phone(arguments.simulated_phone)
    work = WORK / arguments.name
    settings = FeedSettings(folder=str(arguments.pairs) if arguments.pairs else None)
    stage = Stage(await asyncio.to_thread(Feed, settings))
    registry = Registry(arguments.registry or WORK / "registry")
    if arguments.registry is None:
        registry.set_controller("A simulated studio", "nobody@example.org")
    check_people(asked, registry)
    folder = open_folder(arguments, asked, simulated=True)
    try:
        with _camera(settings, work / "card") as camera:
            async with _phone(kind, folder, stage, work / "phone") as opened:
                studio = _studio(asked, folder, registry, camera, opened.phone)
                try:
                    await _session(arguments, studio, opened, camera, stage)
                finally:
                    await studio.close()
        return summary(folder)
    finally:
        folder.close()


@contextmanager
def _camera(settings: FeedSettings, card: Path) -> Iterator[SimulatedCamera]:
    card.mkdir(parents=True, exist_ok=True)
    with SimulatedCamera.start(settings, card=card) as camera:
        yield camera


def _studio(
    asked: Asked,
    folder: SessionFolder,
    registry: Registry,
    camera: SimulatedCamera,
    phone: Phone,
) -> Studio:
    options = options_of(asked, folder)
    options = structs.replace(options, profile=asked.profile or PROFILE)
    address = parse_address(f"ptpip:127.0.0.1:{camera.port}")
    client = GPhotoCamera(address, profile=options.profile)
    return Studio(
        folder=folder,
        registry=registry,
        camera=client,
        phone=phone,
        lights=NoLights(),
        options=options,
    )


@asynccontextmanager
async def _phone(
    kind: str, folder: SessionFolder, stage: Stage, work: Path
) -> AsyncIterator[OpenPhone]:
    """Serves the phone's page on loopback, and opens it on a simulated phone."""
    heard = Hearsay(folder)
    web = WebPhone(folder, on_refused=heard.refused, on_late=heard.late)
    url = await web.serve("127.0.0.1", 0, None)
    advice = f"a simulated one ({kind}) opens the page by itself"
    if kind == "chromium":
        chromium = ChromiumPhone.start(url, work, stage.phone_px)
        phone = SeeingPhone(web, chromium, stage)
        await phone.rest()
        try:
            yield OpenPhone(phone=phone, url=url, preview=web.preview, advice=advice)
        finally:
            chromium.stop()
        return
    client = ProtocolPhone(url, stage.phone_picture, folder=work, faults=stage.phone_faults)
    await client.start()
    try:
        yield OpenPhone(phone=web, url=url, preview=web.preview, advice=advice)
    finally:
        await client.stop()


def simulated_phone(word: str) -> str:
    """Returns `chromium` or `client`; `auto` is Chromium where it is installed.

    Raises:
        UsageError: another word, or Chromium asked for where there is none.
    """
    if word not in ("auto", "chromium", "client"):
        raise UsageError(f"--simulated-phone {word}: there is chromium, client and auto")
    if word == "chromium" and browser() is None:
        raise UsageError(
            "--simulated-phone chromium: it is not installed; run `make setup-system`, or take "
            "client"
        )
    if word == "auto":
        return "client" if browser() is None else "chromium"
    return word


async def _session(
    arguments: Namespace,
    studio: Studio,
    opened: OpenPhone,
    camera: SimulatedCamera,
    stage: Stage,
) -> None:
    await connect_camera(studio)
    people = [row.participant for row in studio.folder.plan()]
    missing = arguments.simulated_people - len(set(people))
    new = [_consent(studio.registry) for _ in range(missing)]
    arguments.people = ",".join(filter(None, [arguments.people, *new]))
    stand_in = StandIn(camera, stage, faults=arguments.faults, seed=arguments.seed)

    async def begin(operator: Operator) -> None:
        operator.before_pair = stand_in.before_pair
        if not arguments.by_hand:
            say("operator: a stand-in presses the button; --by-hand leaves it to you")
            await stand_in.press(operator)

    await operate(studio, opened, arguments, meanwhile=begin)


def _consent(registry: Registry) -> str:
    form = ConsentForm(
        language="en",
        scopes=["train", "figures", "redistribute", "demo"],
        is_adult=True,
        operator="the stand-in of a simulated studio",
        text_sha256=registry.text("en").sha256,
    )
    return registry.give(form, at=datetime.now(UTC)).participant
