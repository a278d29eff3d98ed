"""Draws run folders as the trainer and the evaluator leave them, with figures known in advance."""

import csv
import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import yaml

SIDE = 48

CONFIG = {
    "seed_everything": 7,
    "trainer": {"max_epochs": 4, "callbacks": [{"class_path": "deepflash.previews.Previews"}]},
    "model": {
        "learning_rate": 1e-5,
        "net": {"class_path": "deepflash.nets.vgg_unet.VggUnet", "init_args": {"skips": [1, 2]}},
    },
    "data": {"root": "pairs/drawn", "batch_size": 4},
}

Figures = dict[str, float]


def people(subjects: int, poses: int) -> list[tuple[str, str]]:
    """Returns (pair id, subject id) of every pose of every subject."""
    return [(f"s{s:02d}_{p}", f"s{s:02d}") for s in range(subjects) for p in range(poses)]


def steady(ssim: float) -> Callable[[int], Figures]:
    """Figures that vary from pair to pair, but by the same amount whatever `ssim` is."""

    def figures(index: int) -> Figures:
        wave = (index * 7 % 11 - 5) / 100
        return {
            "ssim_lowfreq": ssim + 0.1 + wave,
            "ssim": ssim + wave,
            "psnr": 20 + 10 * ssim + 20 * wave,
            "delta_e": 12 - 8 * ssim + wave,
            "ssim@skin": ssim - 0.05 + wave,
            "input_ssim": 0.6 + 2 * wave,
            "input_psnr": 17.0,
            "input_delta_e": 9.0,
            "input_ssim@skin": 0.55,
        }

    return figures


def draw_run(
    root: Path,
    name: str,
    version: int = 1,
    *,
    config: dict | None = None,
    finished: bool = True,
    pairs: Sequence[tuple[str, str]] | None = None,
    figures: Callable[[int], Figures] | None = None,
    evaluation: str | None = "drawn-test",
    fingerprint: str = "00112233aabbccdd",
    size: int = SIDE,
) -> Path:
    """Writes `root/name/version` and returns it."""
    folder = root / name / str(version)
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG if config is None else config))
    info = {
        "name": name,
        "version": version,
        "group": "loss",
        "tags": [],
        "git_commit": None,
        "dataset": {
            "root": "pairs/drawn",
            "fingerprint": "f" * 16,
            "train": 9,
            "val": 2,
            "test": 6,
        },
        "hardware": "CPU",
        "started": "2026-07-01T10:00:00+00:00",
        "finished": "2026-07-01T10:30:00+00:00" if finished else None,
        "seconds": 1800.0 if finished else None,
        "parameters": 14_700_000,
    }
    (folder / "run.json").write_text(json.dumps(info))
    (folder / "metrics.csv").write_text(metrics_csv(epochs=4, rate=version))
    if evaluation is not None:
        rows = pairs or people(6, 2)
        folder_of_rows = folder / "eval" / evaluation
        draw_evaluation(folder_of_rows, rows, figures or steady(0.7), fingerprint, size)
    return folder


def metrics_csv(*, epochs: int, rate: float) -> str:
    """Training lines at every step, a validation line after each epoch, as Lightning logs."""
    lines = ["epoch,step,train/loss,train/images_per_s,val/psnr,val/ssim,val/ssim_lowfreq"]
    for epoch in range(epochs):
        for step in range(3 * epoch, 3 * epoch + 3):
            lines.append(f"{epoch},{step},{1 / (1 + rate * step)},{10 * rate + step % 2},,,")
        ssim = 0.8 - 0.3 / (1 + rate * epoch)
        lines.append(f"{epoch},{3 * epoch + 2},,,{20 + epoch},{ssim},{ssim + 0.1}")
    return "\n".join(lines) + "\n"


def draw_evaluation(
    folder: Path,
    pairs: Sequence[tuple[str, str]],
    figures: Callable[[int], Figures],
    fingerprint: str,
    size: int,
) -> None:
    (folder / "pictures").mkdir(parents=True)
    table = [
        {"pair_id": pair, "subject_id": subject, "split": "test"} | figures(index)
        for index, (pair, subject) in enumerate(pairs)
    ]
    with (folder / "rows.csv").open("w", newline="") as file:
        names = sorted({name for row in table for name in row} - {"pair_id", "subject_id", "split"})
        writer = csv.DictWriter(file, fieldnames=["pair_id", "subject_id", "split", *names])
        writer.writeheader()
        writer.writerows(table)
    for index, (pair, _) in enumerate(pairs):
        for kind, data in encoded_pictures(index % 5, size).items():
            (folder / "pictures" / f"{pair}_{kind}.jpg").write_bytes(data)
    summary = {
        "pairs": f"pairs/{folder.name.rpartition('-')[0]}",
        "split": "test",
        "size": size,
        "fingerprint": fingerprint,
        "model": "checkpoints/best.ckpt",
        "offset": "predicted",
        "count": len(table),
        "figures": {name: float(np.mean([row[name] for row in table])) for name in names},
    }
    (folder / "summary.json").write_text(json.dumps(summary))


@cache
def encoded_pictures(index: int, size: int) -> dict[str, bytes]:
    """JPEGs of a disc: bluish on dark by flash, warm on grey in the studio, half-way as result."""
    flash = disc(size, size // 4 + index, skin=(225, 215, 230), background=30)
    studio = disc(size, size // 4 + index, skin=(130, 160, 200), background=120)
    pictures = {"flash": flash, "studio": studio, "result": flash // 2 + studio // 2}
    return {kind: cv2.imencode(".jpg", bgr)[1].tobytes() for kind, bgr in pictures.items()}


def disc(size: int, radius: int, *, skin: tuple[int, int, int], background: int) -> np.ndarray:
    canvas = np.full((size, size, 3), background, np.uint8)
    return cv2.circle(canvas, (size // 2, size // 2), radius, skin, -1)
