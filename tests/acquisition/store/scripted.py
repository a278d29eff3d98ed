"""A session driven by a script: two devices that take pictures, and what a director would do."""

import hashlib
import io
from pathlib import Path

from PIL import Image

from acquisition.camera.contract import CameraFile, Downloaded
from acquisition.phone.contract import ShotName
from acquisition.record import LightsUsed, Missing, PairRecord
from acquisition.session import Pose, SessionFolder, SessionInfo

PERSON = "P-4Q7ZK2"
POSES = [Pose(name="frontal", instruction="Look here."), Pose(name="smile", instruction="Smile.")]


def picture(shade: int, kind: str = "JPEG", size: int = 24) -> bytes:
    buffer = io.BytesIO()
    image = Image.new("RGB", (size, size), (shade * 37 % 256, shade * 5 % 256, 40))
    image.save(buffer, kind)
    return buffer.getvalue()


def raw(shade: int) -> bytes:
    return b"II*\0" + bytes([shade % 256]) * 200


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def info(**changes) -> SessionInfo:
    values = {
        "session": "a",
        "created": "2026-11-22T14:00:00Z",
        "tool": "acquire test",
        "poses": POSES,
        "people": [PERSON],
    }
    return SessionInfo(**(values | changes))


def part_of(folder: SessionFolder, data: bytes) -> Path:
    part = folder.part()
    part.write_bytes(data)
    return part


def accept(folder: SessionFolder, pair: str, data: bytes, kind="phone_flash"):
    shot = ShotName(pair=pair, kind=kind)
    return folder.accept(shot, part_of(folder, data), sha(data), str(shot))


def add_studio(folder: SessionFolder, pair: str, name: str, data: bytes):
    is_raw = not name.endswith(".JPG")
    downloaded = Downloaded(
        bytes=len(data),
        sha256=sha(data),
        mime="image/x-raw" if is_raw else "image/jpeg",
        is_raw=is_raw,
    )
    file = CameraFile(folder="/card", name=name, bytes=len(data))
    return folder.add_studio(pair, file, part_of(folder, data), downloaded)


def record_of(folder: SessionFolder, pair: str, state: str = "committed", missing=()):
    known = folder.known(pair)
    return PairRecord(
        pair=pair,
        participant=known.participant,
        pose=known.pose,
        session=folder.info.session,
        consent="C-1@sha256:0",
        state=state,
        order="phone_first",
        attempt=known.attempt,
        wall_time=known.wall,
        began_ns=known.began_ns,
        tool="acquire test",
        lights=LightsUsed(driver="none", settle_ms=0),
        files=folder.files(pair),
        missing=list(missing),
    )


def take_pair(folder: SessionFolder, pose: str = "frontal", shade: int = 7, *, lose: str = ""):
    """Takes a pair as a director does; `lose="phone"` leaves the phone's picture on the phone."""
    pair = folder.begin_pair(PERSON, pose, consent="C-1@sha256:0")
    note = folder.journal.append
    note("phone_exposed", pair=pair, kind="phone_reference")
    note("phone_fire", pair=pair, kind="phone_flash")
    note("phone_exposed", pair=pair, kind="phone_flash")
    note("studio_trigger", pair=pair)
    note("studio_exposed", pair=pair)
    for suffix in ("NEF", "JPG"):
        note("camera_file", pair=pair, folder="/card", name=f"I{shade}.{suffix}", bytes=9)
    add_studio(folder, pair, f"I{shade}.NEF", raw(shade))
    add_studio(folder, pair, f"I{shade}.JPG", picture(shade))
    accept(folder, pair, picture(shade + 1, "PNG"), "phone_reference")
    folder.add_log(pair, f"log {shade}")
    missing = []
    if lose == "phone":
        missing.append(Missing(kind="phone_flash", where="on_phone", origin=f"{pair}/phone_flash"))
    else:
        accept(folder, pair, picture(shade + 2))
    state = "incomplete" if missing else "committed"
    folder.finish(record_of(folder, pair, state, missing))
    return pair


def go_on(root: Path, shade: int) -> str:
    """Opens or begins the session, and takes one pair."""
    from acquisition.store.recover import recover

    folder = (
        SessionFolder.open(root)
        if SessionFolder.exists(root)
        else SessionFolder.create(root, info())
    )
    try:
        recover(folder)
        return take_pair(folder, shade=shade)
    finally:
        folder.close()


def tree(root: Path) -> dict[str, bytes]:
    """All pictures and records, by path."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.glob("sub-*/**/*"))
        if path.is_file()
    }
