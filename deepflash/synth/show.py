"""Pictures of what the studio renders: a contact sheet, and a person turned under each light."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from tqdm import tqdm

from deepflash.pairs.manifest import PairRecord, read_manifest
from deepflash.pictures import from_unit, linear_to_srgb, read_picture, write_picture
from deepflash.sheets import comparison_sheet
from deepflash.synth.generate import generate, texture_px
from deepflash.synth.head import HeadRig
from deepflash.synth.head_model import load_head_model
from deepflash.synth.layout import LAYERS
from deepflash.synth.mixing import face_level, level
from deepflash.synth.request import Request
from deepflash.synth.shooting import Task, person_of, view_of
from deepflash.synth.studio import Quality, Shot, Studio
from deepflash.synth.view import View

_LARGEST_PX, _CELL_PX = 320, 240
_PAIRS_A_ROW = 3
_YAWS_DEG = (-60.0, -30.0, 0.0, 30.0, 60.0)
_STUDIO_MIX = {"key_left": 1.0, "key_right": 0.35, "high": 0.25, "low": 0.2, "rim_right": 0.35}


def show(
    folder: Path, request: Request, *, head_model: Path | None = None, device: str = "cpu"
) -> list[Path]:
    """Writes `contact_sheet.jpg` and `turntable.jpg` into a folder; returns their paths.

    Args:
        folder: where to; made if it does not exist.
        request: people, seed and samples; one scene and light of each person is shown.
        head_model: see `load_head_model`.
        device: `cpu` or `cuda`.

    Raises:
        StudioError: renderer or head model are missing.
        StorageError: a picture could not be written.
    """
    small = replace(request, poses=1, lights=1, layers=False, size=min(request.size, _LARGEST_PX))
    written = [folder / "contact_sheet.jpg", folder / "turntable.jpg"]
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "pairs"
        generate(root, small, head_model=head_model, device=device)
        write_picture(written[0], contact_sheet(root), quality=90)
    studio = Studio(
        HeadRig(load_head_model(head_model), texture_px=texture_px(small)), device=device
    )
    write_picture(written[1], turntable(studio, small), quality=90)
    return written


def contact_sheet(root: Path) -> UInt8[np.ndarray, "h w 3"]:
    """Returns flash picture and target of every pair of a dataset, several pairs a row."""
    records = read_manifest(root)
    rows, captions = [], []
    for start in range(0, len(records), _PAIRS_A_ROW):
        row, texts = {}, []
        for number, record in enumerate(records[start : start + _PAIRS_A_ROW], 1):
            row[f"flash {number}"] = read_picture(root / record.flash)
            row[f"target {number}"] = read_picture(root / record.studio)
            texts.append(_caption(record))
        rows.append(row)
        captions.append(" | ".join(texts))
    columns = [f"{kind} {n}" for n in range(1, _PAIRS_A_ROW + 1) for kind in ("flash", "target")]
    columns = [name for name in columns if name in rows[0]]
    return comparison_sheet(rows, columns=columns, captions=captions, height_px=_CELL_PX)


def _caption(record: PairRecord) -> str:
    extra = record.extra
    hair, place = extra["person"]["hair"]["cut"], extra["view"]["backdrop"]["kind"]
    return (
        f"{record.subject_id}: Monk {extra['monk_group']}, {hair}, {place}, "
        f"{extra['mix']['target_kind']}"
    ).replace("_", " ")


def turntable(studio: Studio, request: Request) -> UInt8[np.ndarray, "h w 3"]:
    """Returns the first person of a request, turned in five steps, under each light alone."""
    person = person_of(request, 0)
    view = view_of(request, Task(person=0, pose=0, split="train"))
    quality = Quality(size=request.size, samples=request.samples)
    shots = [
        studio.shoot(person, _turned(view, yaw), quality)
        for yaw in tqdm(_YAWS_DEG, desc="turning", unit="view", disable=None)
    ]
    names = ["flash and room", "studio", *LAYERS]
    rows = [
        {f"{yaw:.0f} deg": _lit(shot, name) for yaw, shot in zip(_YAWS_DEG, shots, strict=True)}
        for name in names
    ]
    return comparison_sheet(
        rows,
        columns=[f"{yaw:.0f} deg" for yaw in _YAWS_DEG],
        captions=[name.replace("_", " ") for name in names],
        height_px=_CELL_PX,
    )


def _turned(view: View, yaw: float) -> View:
    pose = replace(view.pose, yaw_deg=yaw, pitch_deg=0.0, roll_deg=0.0, expression={})
    camera = replace(
        view.camera, at=(0.0, 4.0, 66.0), target=(0.0, 0.0, 6.0), frame_cm=40.0, roll_deg=0.0
    )
    return replace(view, pose=pose, camera=camera)


def _lit(shot: Shot, name: str) -> UInt8[np.ndarray, "h w 3"]:
    """Returns the shot under one light or mixture, exposed for the face."""
    if name == "studio":
        weights = _STUDIO_MIX
    else:
        weights = {"flash": 1.0, "room": 0.05} if name == "flash and room" else {name: 1.0}
    light = np.zeros_like(shot.layers[0])
    for layer, weight in weights.items():
        light += np.float32(weight) * shot.layers[LAYERS.index(layer)]
    face = shot.masks["skin"] + np.float32(1e-5)
    wanted = face_level(shot.skin_reflectance, 0.35)
    gain = min(wanted / max(level(light, face), 1e-5), 8.0)
    return from_unit(linear_to_srgb(light * np.float32(gain)))
