"""What the tests of this folder share: a registry, a form, a small real session and dataset."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from acquisition.camera.contract import CameraFile, Downloaded
from acquisition.consent.registry import Registry
from acquisition.console.state import ConsentForm
from acquisition.session import SessionFolder, SessionInfo
from deepflash.pairs.manifest import ManifestWriter, PairRecord

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
RAW = b"II*\0" + bytes(range(256)) * 8


def new_registry(tmp_path: Path) -> Registry:
    registry = Registry(tmp_path / "private" / "registry")
    registry.set_controller("Studio Example", "privacy@studio.example")
    return registry


def form(registry: Registry, **changes) -> ConsentForm:
    values = {
        "language": "en",
        "scopes": ["train", "figures"],
        "is_adult": True,
        "operator": "Olga Operator",
        "text_sha256": registry.text("en").sha256,
    }
    return ConsentForm(**(values | changes))


def raw_of(participant: str) -> bytes:
    return RAW + participant.encode()[2:4] + hashlib.sha256(participant.encode()).digest()


def add_pair(folder: SessionFolder, participant: str) -> Path:
    pair = folder.begin_pair(participant, "frontal")
    data = raw_of(participant)
    part = folder.part()
    part.write_bytes(data)
    folder.add_studio(
        pair,
        CameraFile(folder="/card", name="IMG_1.NEF"),
        part,
        Downloaded(
            bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            mime="image/x-nikon-nef",
            is_raw=True,
        ),
    )
    folder.add_log(pair, "nothing to say\n")
    return folder.pair_folder(pair)


def make_session(root: Path, people: list[str], mirror: Path | None = None) -> SessionFolder:
    info = SessionInfo(
        session=root.name,
        created="2026-11-22T12:00:00Z",
        tool="test",
        mirror=str(mirror) if mirror else None,
    )
    folder = SessionFolder.create(root, info)
    for person in people:
        folder.add_person(person)
        add_pair(folder, person)
    return folder


def make_dataset(root: Path, people: list[str]) -> None:
    with ManifestWriter(root) as writer:
        for number, person in enumerate(people):
            names = {"flash": f"flash/{number}.png", "studio": f"studio/{number}.png"}
            for name in (*names.values(), f"mask/{number}.png", f"layers/{number}.npz"):
                path = root / name
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(b"\x89PNG\0" + f"{name} {number}".encode())
            writer.add(
                PairRecord(
                    pair_id=f"pair{number}",
                    subject_id=person,
                    split="train",
                    **names,
                    width=1,
                    height=1,
                    flash_sha256="0",
                    studio_sha256="0",
                    flash_bytes=1,
                    studio_bytes=1,
                    encoding="srgb8",
                    flash_kind="flash",
                    source="session",
                    masks={"face": f"mask/{number}.png"},
                    extra={"layers": f"layers/{number}.npz"},
                )
            )


def everything_below(root: Path) -> dict[str, bytes]:
    """Names and contents, without locks."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
