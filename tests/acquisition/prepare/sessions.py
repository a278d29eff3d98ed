"""Sessions on disk without any device: rendered people, pair by pair as a test wants them."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from msgspec.structs import replace

from acquisition.camera.contract import CameraFile, Downloaded
from acquisition.consent.registry import Registry
from acquisition.console.state import ConsentForm
from acquisition.phone.contract import ShotName
from acquisition.record import LightsUsed, PairRecord, PhoneShot, Skew, StudioShot
from acquisition.session import SessionFolder
from acquisition.simulate.feed import Feed, StudioExposure
from acquisition.simulate.settings import FeedSettings
from acquisition.store.info import SessionInfo

Change = Callable[[bytes], bytes]


@cache
def feed(phone_px: tuple[int, int] = (480, 640), studio_px: tuple[int, int] = (640, 960)) -> Feed:
    return Feed(FeedSettings(phone_px=phone_px, studio_px=studio_px, poses=1))


def registry_in(root: Path) -> Registry:
    registry = Registry(root / "registry")
    registry.set_controller("A studio", "somebody@example.org")
    return registry


def person(registry: Registry, *scopes: str) -> str:
    form = ConsentForm(
        language="en",
        scopes=list(scopes or ("train",)),
        is_adult=True,
        operator="O. Perator",
        text_sha256=registry.text("en").sha256,
    )
    return registry.give(form).participant


def begin_session(root: Path, people: Sequence[str], *, simulated: bool = False) -> SessionFolder:
    info = SessionInfo(
        session=root.name, created="2026-11-22T10:00:00Z", tool="acquire test", simulated=simulated
    )
    folder = SessionFolder.create(root, info)
    for one in people:
        folder.add_person(one)
    return folder


def add_pair(
    folder: SessionFolder,
    participant: str,
    *,
    scene: int = 0,
    scenes: Feed | None = None,
    raw: bool = False,
    references: bool = True,
    state: str = "committed",
    reasons: Sequence[str] = (),
    phone: Change = lambda data: data,
    studio: Change = lambda data: data,
) -> str:
    """Takes a pair; `phone` and `studio` may change the bytes before they are stored."""
    scenes = scenes or feed()
    now = datetime.now(UTC)
    pair = folder.begin_pair(participant, "frontal")
    shots = {"phone_flash": phone(scenes.phone_flash(scene, now, 1))}
    if references:
        shots["phone_reference"] = scenes.phone_reference(scene, now, 2)
        shots["phone_reference_after"] = scenes.phone_reference(scene, now, 3)
    for kind, data in shots.items():
        part = folder.part()
        part.write_bytes(data)
        shot = ShotName(pair=pair, kind=kind)  # type: ignore[arg-type]
        folder.accept(shot, part, hashlib.sha256(data).hexdigest(), "test")
    if state != "incomplete":
        _add_studio(folder, pair, scene, scenes, raw=raw, change=studio)
    folder.finish(replace(_record(folder, pair, participant, state), reasons=list(reasons)))
    return pair


def _add_studio(
    folder: SessionFolder, pair: str, scene: int, scenes: Feed, *, raw: bool, change: Change
) -> None:
    shot = StudioExposure(
        taken=datetime.now(UTC), exposure_s=0.008, f_number=8.0, iso=100, number=scene + 1
    )
    data = scenes.studio_raw(scene, shot) if raw else scenes.studio_jpeg(scene, shot)
    data, suffix = change(data), "DNG" if raw else "JPG"
    part = folder.part()
    part.write_bytes(data)
    file = CameraFile(folder="/card", name=f"{pair}.{suffix}", bytes=len(data))
    downloaded = Downloaded(
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        mime="image/x-adobe-dng" if raw else "image/jpeg",
        is_raw=raw,
    )
    folder.add_studio(pair, file, part, downloaded)


def _record(folder: SessionFolder, pair: str, participant: str, state: str) -> PairRecord:
    return PairRecord(
        pair=pair,
        participant=participant,
        pose="frontal",
        session=folder.info.session,
        consent="C-TEST00@sha256:0",
        state=state,  # type: ignore[arg-type]
        order="phone_first",
        attempt=1,
        wall_time="2026-11-22T10:00:00Z",
        began_ns=1,
        tool="acquire test",
        lights=LightsUsed(driver="none", settle_ms=0),
        phone=PhoneShot(driver="web", device="Simulated phone", flash_kind="flash", exposure=None),
        studio=StudioShot(
            driver="fake",
            model="Simulated studio camera",
            serial="SERIAL-4711",
            library="none",
            settings={},
            exposure=None,
        ),
        skew=Skew(ms=420.0, pm_ms=30.0, method="interval"),
        files=folder.files(pair),
    )
