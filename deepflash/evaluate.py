"""`deepflash evaluate`: a run, checkpoint or model file x pairs -> one row of figures a picture."""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from deepflash.arguments import new_parser, parse
from deepflash.atomic import replacing, write_text
from deepflash.errors import DatasetError, PictureError, UsageError
from deepflash.metrics import picture_figures
from deepflash.model_file import Model, load_model
from deepflash.pairs.manifest import PairRecord, check_files, fingerprint, read_manifest
from deepflash.pairs.reading import read_pair
from deepflash.pairs.starter import dataset_root
from deepflash.pictures import from_unit, read_mask, write_picture
from deepflash.sheets import comparison_sheet, difference_picture
from deepflash.targets import without_mean

IDENTITY = ("pair_id", "subject_id", "split")
_SHEET_ROWS = 24


def shrink(picture: np.ndarray, size: int, *, mask: bool = False) -> np.ndarray:
    """Returns the picture with its long side at most `size` pixels; never enlarges."""
    height, width = picture.shape[:2]
    scale = min(1.0, size / max(height, width))
    if scale == 1.0:
        return picture
    wanted = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(picture, wanted, interpolation=cv2.INTER_NEAREST if mask else cv2.INTER_AREA)


def _tensor(picture: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 255


def _mask_tensor(mask: np.ndarray) -> Tensor:
    return torch.from_numpy(mask > 127)[None, None].float()


def _figures_in(pictures: dict[str, Tensor], where: str, valid: Tensor | None) -> dict[str, float]:
    """Returns the figures of the result and, as `input_...`, of the untouched flash picture."""
    low = {"low_result": pictures["y_d"], "low_studio": pictures["t_d"]}
    done = picture_figures(pictures["result"], pictures["studio"], valid=valid, **low)
    low["low_result"] = pictures["flash_low"]
    nothing = picture_figures(pictures["flash"], pictures["studio"], valid=valid, **low)
    named = {name + where: float(value[0]) for name, value in done.items()}
    return named | {f"input_{name}{where}": float(value[0]) for name, value in nothing.items()}


def evaluate_pair(
    model: Model, root: Path, record: PairRecord, *, size: int, keep_mean: bool = False
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Returns the figures and the pictures of one pair at the network's size.

    Args:
        model: network, filter and target.
        root: folder of the manifest.
        record: the pair.
        size: long side in pixels at which everything is compared.
        keep_mean: `offset: input`; see `deepflash.model_file.Model.portrait`.

    Returns:
        Figures by name: whole frame (inside the validity mask if there is one) as `psnr`,
        inside a mask as `psnr@face`, doing nothing as `input_psnr`. Pictures flash, result,
        studio, correction as 8-bit sRGB.

    Raises:
        PictureError: a picture or mask cannot be read.
    """
    flash8, studio8, valid8 = read_pair(root, record)
    flash, studio = _tensor(shrink(flash8, size)), _tensor(shrink(studio8, size))
    valid = None if valid8 is None else _mask_tensor(shrink(valid8, size, mask=True))
    with torch.inference_mode():
        y, flash_low = model.predict(flash)
        studio_low = model.filter(studio)
        t = model.target.encode(flash_low, studio_low)
        correction = model.target.decode(y, flash_low)
        if keep_mean:
            correction = without_mean(correction)
        pictures = {
            "flash": flash,
            "studio": studio,
            "flash_low": flash_low,
            "result": model.target.apply(flash, correction).clamp(0, 1),
            "y_d": model.target.low(y, flash_low).clamp(0, 1),
            "t_d": model.target.low(t, flash_low).clamp(0, 1),
        }
        figures = _figures_in(pictures, "", valid)
        for name, path in sorted(record.masks.items()):
            inside = _mask_tensor(_mask(root / path, flash8.shape[:2], size))
            inside = inside if valid is None else inside * valid
            if inside.any():
                figures |= _figures_in(pictures, f"@{name}", inside)
    shown = {n: from_unit(_pixels(pictures[n])) for n in ("flash", "result", "studio")}
    shown["correction"] = difference_picture(_pixels(correction))
    return figures, shown


def _pixels(picture: Tensor) -> np.ndarray:
    return picture[0].permute(1, 2, 0).numpy()


def _mask(path: Path, shape: tuple[int, ...], size: int) -> np.ndarray:
    mask = read_mask(path)
    if mask.shape != shape:
        raise PictureError(
            f"{path} is {mask.shape[1]} x {mask.shape[0]}, its pair {shape[1]} x {shape[0]}"
        )
    return shrink(mask, size, mask=True)


def _write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    names = sorted({name for row in rows for name in row} - set(IDENTITY))
    with replacing(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=[*IDENTITY, *names])
        writer.writeheader()
        writer.writerows(rows)


def _evaluated(
    model: Model, root: Path, records: Sequence[PairRecord], *, size: int, keep_mean: bool
) -> Iterator[tuple[PairRecord, dict[str, float], dict[str, np.ndarray]]]:
    for record in tqdm(records, desc="evaluate", unit="pair", disable=None):
        yield record, *evaluate_pair(model, root, record, size=size, keep_mean=keep_mean)


def evaluate(
    model: Model,
    root: Path,
    folder: Path,
    *,
    split: str,
    size: int = 0,
    keep_mean: bool = False,
    model_path: str = "",
) -> dict[str, float]:
    """Writes rows.csv, summary.json, sheet.jpg and pictures/ into `folder`.

    Args:
        model: network, filter and target.
        root: folder of the pair dataset.
        folder: written to; existing figures there are replaced.
        split: train, val, test or all.
        size: long side in pixels; 0 takes the size that the network was trained at.
        keep_mean: `offset: input`.
        model_path: recorded in the summary.

    Returns:
        The mean of each figure.

    Raises:
        DatasetError: no dataset, or no pairs in that split.
        PictureError: a picture cannot be read; nothing is written then but finished pictures.
    """
    everything = read_manifest(root)
    check_files(root, everything)
    records = [r for r in everything if split in ("all", r.split)]
    if not records:
        raise DatasetError(f"{root} has no pairs in the split {split}")
    size = size or model.size
    rows, sheet, captions = [], [], []
    found = _evaluated(model, root, records, size=size, keep_mean=keep_mean)
    for record, figures, pictures in found:
        identity = {name: getattr(record, name) for name in IDENTITY}
        rows.append(identity | figures)
        for name in ("flash", "result", "studio"):
            write_picture(folder / "pictures" / f"{record.pair_id}_{name}.jpg", pictures[name])
        if len(sheet) < _SHEET_ROWS:
            sheet.append(pictures)
            captions.append(caption(record.pair_id, figures))
    _write_rows(folder / "rows.csv", rows)
    columns = ("flash", "result", "studio", "correction")
    drawn = comparison_sheet(sheet, columns=columns, captions=captions)
    write_picture(folder / "sheet.jpg", drawn, quality=90)
    means = _means(rows)
    summary = {
        "pairs": str(root),
        "split": split,
        "size": size,
        "count": len(rows),
        "fingerprint": fingerprint(records),
        "model": model_path,
        "offset": "input" if keep_mean else "predicted",
        "figures": means,
    }
    write_text(folder / "summary.json", json.dumps(summary, indent=2) + "\n")
    return means


def _means(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    names = sorted({name for row in rows for name in row} - set(IDENTITY))
    values = {
        name: [row[name] for row in rows if name in row and np.isfinite(row[name])]
        for name in names
    }
    return {name: fmean(found) for name, found in values.items() if found}


def caption(pair_id: str, figures: dict[str, float]) -> str:
    """Returns one line: the pair, and its figures before and after."""
    return (
        f"{pair_id}  ssim {figures['input_ssim']:.3f} to {figures['ssim']:.3f}  "
        f"psnr {figures['input_psnr']:.1f} to {figures['psnr']:.1f} dB"
    )


def table(means: dict[str, float]) -> str:
    """Returns a plain table: doing nothing, the result, the gain; whole frame, then masks."""
    lines = [f"{'':22}{'nothing':>10}{'result':>10}{'gain':>10}"]
    for name in sorted((n for n in means if not n.startswith("input_")), key=_whole_first):
        before, after = means.get(f"input_{name}", float("nan")), means[name]
        lines.append(f"{name:22}{before:>10.4f}{after:>10.4f}{after - before:>+10.4f}")
    return "\n".join(lines)


def _whole_first(name: str) -> tuple[str, str]:
    figure, _, where = name.partition("@")
    return where, figure


def model_of(path: Path) -> Path:
    """Returns the model of a run folder: its best checkpoint, or `path` itself if it is a file."""
    if not path.is_dir():
        return path
    best = path / "checkpoints" / "best.ckpt"
    if not best.is_file():
        raise UsageError(f"{path} has no checkpoints/best.ckpt; is it the folder of a run?")
    return best


def main(argv: Sequence[str]) -> None:
    """Runs `deepflash evaluate`. Raises DeepFlashError for whatever the user can act on."""
    parser = new_parser("evaluate", "Measure a run, checkpoint or model file on pairs.")
    parser.add_argument("model", help="run folder, .ckpt or .safetensors")
    parser.add_argument("--pairs", default="", help="pair dataset; default: what it was trained on")
    parser.add_argument("--split", default="test", choices=["train", "val", "test", "all"])
    parser.add_argument("--size", type=int, default=0, help="long side in pixels; 0: as trained")
    parser.add_argument(
        "--offset",
        default="predicted",
        choices=["predicted", "input"],
        help="input keeps the photograph's own mean per channel",
    )
    parser.add_argument("-o", "--output", default="", help="folder; default: eval/ in the run")
    args = parse(parser, argv)
    path = model_of(Path(args.model))
    model = load_model(path)
    trained_on = model.header.get("training", {}).get("dataset", {}).get("root", "")
    root = dataset_root(args.pairs or trained_on)
    if not args.pairs and not trained_on:
        raise UsageError(f"{path} does not say what it was trained on; name the pairs: --pairs DIR")
    default = (Path(args.model) if Path(args.model).is_dir() else path.with_suffix("")) / "eval"
    name = f"{root.resolve().name}-{args.split}"
    name += f"-{args.size}px" if args.size else ""
    name += "-offset" if args.offset == "input" else ""
    folder = Path(args.output) if args.output else default / name
    means = evaluate(
        model,
        root,
        folder,
        split=args.split,
        size=args.size,
        keep_mean=args.offset == "input",
        model_path=str(path),
    )
    print(f"{root}, {args.split}; delta_e: less is better; psnr in dB\n")  # noqa: T201
    print(table(means), f"\nrows, pictures and a sheet: {folder}", sep="\n")  # noqa: T201
