"""`deepflash pairs`: what a pair dataset holds, whether it is whole, and how it looks."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from tqdm import tqdm

from deepflash.arguments import new_parser, parse
from deepflash.errors import DatasetError, UsageError
from deepflash.pairs.inspection import Finding, PictureLight, inspect_pairs
from deepflash.pairs.manifest import PairRecord, Split, fingerprint, read_manifest
from deepflash.pairs.starter import dataset_root
from deepflash.pictures import (
    from_unit,
    linear_to_srgb,
    read_mask,
    read_picture,
    to_unit,
    write_picture,
)
from deepflash.sheets import comparison_sheet, difference_picture

_CELL_PX = 224
_MASK_COLOURS = {"person": (0.2, 0.6, 1.0), "face": (1.0, 0.3, 0.2), "skin": (1.0, 0.8, 0.1)}


def summarise(records: Sequence[PairRecord], findings: Sequence[Finding]) -> dict[str, Any]:
    """Returns what a dataset holds as plain numbers and texts, ready for JSON.

    Args:
        records: its pairs.
        findings: of `inspect_pairs`; those with light give the statistics of light.
    """
    return {
        "fingerprint": fingerprint(records),
        "pairs": len(records),
        "subjects": len({record.subject_id for record in records}),
        "splits": {name: _split(records, name) for name in get_args(Split)},
        "sources": _count(record.source for record in records),
        "flash_kinds": _count(record.flash_kind for record in records),
        "encodings": _count(record.encoding for record in records),
        "width_px": _range([record.width for record in records]),
        "height_px": _range([record.height for record in records]),
        "masks": _count(name for record in records for name in _mask_names(record)),
        "consent": _count(scope for r in records for scope in r.consent or ["none recorded"]),
        "skew_ms": _quartiles([r.skew_ms for r in records if r.skew_ms is not None]),
        "quality": {
            name: _quartiles([r.quality[name] for r in records if name in r.quality])
            for name in sorted({name for record in records for name in record.quality})
        },
        "light": _light(findings),
        "damaged": {f.record.pair_id: f.damage for f in findings if f.damage is not None},
    }


def _split(records: Sequence[PairRecord], name: str) -> dict[str, int]:
    subjects = [record.subject_id for record in records if record.split == name]
    return {"pairs": len(subjects), "subjects": len(set(subjects))}


def _count(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _mask_names(record: PairRecord) -> list[str]:
    return [*record.masks, *(["valid"] if record.valid else [])]


def _range(values: Sequence[int]) -> dict[str, int]:
    return {"least": min(values), "most": max(values)}


def _quartiles(values: Sequence[int | float]) -> dict[str, int | float] | None:
    if not values:
        return None
    quarters = np.quantile(values, (0.25, 0.5, 0.75))
    names = ("lower", "median", "upper")
    return {"pairs": len(values)} | {n: float(q) for n, q in zip(names, quarters, strict=True)}


def _light(findings: Sequence[Finding]) -> dict[str, Any] | None:
    lights = [finding.light for finding in findings if finding.light is not None]
    if not lights:
        return None
    flash, studio = (
        _together([getattr(light, name) for light in lights]) for name in ("flash", "studio")
    )
    apart = np.subtract(flash["mean"], studio["mean"])
    return {
        "flash": flash,
        "studio": studio,
        "mean_difference": apart.tolist(),
        "low_frequency_gap": _quartiles([light.gap for light in lights]),
    }


def _together(pictures: Sequence[PictureLight]) -> dict[str, Any]:
    # Every picture counts the same, however large it is.
    means = np.array([picture.mean for picture in pictures])
    squares = means**2 + np.array([picture.deviation for picture in pictures]) ** 2
    mean = means.mean(axis=0)
    deviation = np.sqrt(np.maximum(squares.mean(axis=0) - mean**2, 0))
    return {
        "mean": mean.tolist(),
        "deviation": deviation.tolist(),
        "clipped": float(np.mean([picture.clipped for picture in pictures])),
    }


def as_text(summary: Mapping[str, Any]) -> str:
    """Returns a summary as aligned lines of at most 80 columns."""
    lines = [
        f"{summary['pairs']} pairs of {summary['subjects']} subjects, "
        f"fingerprint {summary['fingerprint']}",
        "",
        f"  {'split':14}{'pairs':>9}{'subjects':>10}",
    ]
    for name, split in summary["splits"].items():
        lines.append(f"  {name:14}{split['pairs']:>9}{split['subjects']:>10}")
    width, height = summary["width_px"], summary["height_px"]
    lines += ["", f"  {'size':14}{_span(width)} x {_span(height)} pixels"]
    counts = (("source", "sources"), ("flash", "flash_kinds"), ("encoding", "encodings"))
    for label, name in (*counts, ("masks", "masks"), ("consent", "consent")):
        lines += _listing(label, summary[name])
    lines += _quartile_lines(summary)
    if summary["light"] is not None:
        lines += _light_lines(summary["light"])
    return "\n".join(lines) + "\n"


def _span(values: Mapping[str, int]) -> str:
    least, most = values["least"], values["most"]
    return str(most) if least == most else f"{least}..{most}"


def _listing(label: str, counts: Mapping[str, int]) -> list[str]:
    lines, line = [], f"  {label:14}"
    for index, (name, number) in enumerate(counts.items()):
        item = f"{name} {number}" + ("" if index + 1 == len(counts) else ", ")
        if len(line) + len(item) > 79 and len(line) > 16:
            lines.append(line.rstrip())
            line = " " * 16
        line += item
    return [*lines, line if counts else f"  {label:14}none"]


def _quartile_lines(summary: Mapping[str, Any]) -> list[str]:
    figures = {"skew (ms)": summary["skew_ms"], **summary["quality"]}
    present = {name: q for name, q in figures.items() if q is not None}
    if not present:
        return []
    lines = ["", f"  {'figure':24}{'pairs':>8}{'25 %':>12}{'median':>12}{'75 %':>12}"]
    for name, q in present.items():
        values = "".join(f"{q[key]:>12.4g}" for key in ("lower", "median", "upper"))
        lines.append(f"  {name[:24]:24}{q['pairs']:>8}{values}")
    return lines


def _light_lines(light: Mapping[str, Any]) -> list[str]:
    lines = ["", f"  {'light, 0 to 1':24}{'red':>9}{'green':>9}{'blue':>9}{'clipped':>11}"]
    for name in ("flash", "studio"):
        picture = light[name]
        mean = "".join(f"{value:>9.3f}" for value in picture["mean"])
        deviation = "".join(f"{value:>9.3f}" for value in picture["deviation"])
        lines.append(f"  {name + ' mean':24}{mean}{picture['clipped']:>11.2%}")
        lines.append(f"  {name + ' deviation':24}{deviation}")
    apart = "".join(f"{value:>+9.3f}" for value in light["mean_difference"])
    gap = light["low_frequency_gap"]
    return [
        *lines,
        f"  {'flash minus studio':24}{apart}",
        f"  {'low-frequency gap':24}{gap['lower']:>9.3f}{gap['median']:>9.3f}{gap['upper']:>9.3f}"
        "   (25 %, median, 75 %)",
    ]


def pairs_sheet(
    root: Path, records: Sequence[PairRecord], *, rows: int, title: str
) -> UInt8[np.ndarray, "h w 3"]:
    """Returns a contact sheet of up to `rows` pairs, taken evenly from the whole dataset.

    Columns are flash, studio, their difference around mid-grey and, where there are any, masks
    laid over the studio picture. Linear pictures are shown sRGB-encoded.

    Raises:
        PictureError: a picture cannot be read.
    """
    picked = np.unique(np.linspace(0, len(records) - 1, min(rows, len(records))).round())
    chosen = [records[int(index)] for index in picked]
    columns = ["flash", "studio", "difference"]
    if any(record.masks for record in chosen):
        columns.append("masks")
    captions = [f"{r.pair_id}, {r.split}, {r.width} x {r.height}" for r in chosen]
    return comparison_sheet(
        [_row(root, record) for record in chosen],
        columns=columns,
        captions=captions,
        title=title,
        height_px=_CELL_PX,
    )


def _row(root: Path, record: PairRecord) -> dict[str, UInt8[np.ndarray, "_ _ 3"]]:
    flash, studio = (_shown(root / name, record) for name in (record.flash, record.studio))
    row = {
        "flash": from_unit(flash),
        "studio": from_unit(studio),
        "difference": difference_picture(flash - studio),
    }
    if record.masks:
        overlay = 0.5 * studio
        for name, path in record.masks.items():
            mask = cv2.resize(read_mask(root / path), studio.shape[1::-1])[..., None]
            colour = np.array(_MASK_COLOURS.get(name, (0.4, 1.0, 0.4)), np.float32)
            overlay += to_unit(mask) * np.float32(0.35) * (colour - overlay)
        row["masks"] = from_unit(overlay)
    return row


def _shown(path: Path, record: PairRecord) -> Float32[np.ndarray, "h w 3"]:
    picture = read_picture(path)
    scale = min(1.0, 2 * _CELL_PX / max(picture.shape[:2]))
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    unit = to_unit(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    return linear_to_srgb(unit) if record.encoding == "linear" else unit


def _state_of_files(summary: Mapping[str, Any], quick: bool) -> str:
    how = "sizes in bytes compared, nothing read (--quick)" if quick else "every file read"
    damaged = summary["damaged"]
    lines = [
        f"\n  {'files':14}{how}, {len(damaged) or 'no'} pair{'s' * (len(damaged) != 1)} damaged"
    ]
    return "\n".join([*lines, *(f"    {problem}" for problem in damaged.values())]) + "\n"


def main(argv: Sequence[str]) -> None:
    """Runs `deepflash pairs`. Raises DatasetError if any pair is damaged."""
    parser = new_parser("pairs", "What a pair dataset holds, whether it is whole, how it looks.")
    parser.add_argument("dir", type=Path, help="folder of the pair dataset")
    parser.add_argument(
        "--sheet", type=Path, help="contact sheet; default reports/<name>-pairs.jpg"
    )
    parser.add_argument("--rows", type=int, default=12, help="pairs on the contact sheet")
    parser.add_argument("--no-sheet", action="store_true", help="write no contact sheet")
    parser.add_argument("--quick", action="store_true", help="only compare sizes in bytes")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parse(parser, argv)
    if asked.no_sheet and asked.sheet:
        raise UsageError("--sheet and --no-sheet exclude each other; leave one out")
    if asked.rows < 1:
        raise UsageError(f"--rows must be 1 or more, got {asked.rows}; or say --no-sheet")
    root = dataset_root(str(asked.dir))
    report(
        root,
        sheet=None if asked.no_sheet else asked.sheet or _default_sheet(root),
        rows=asked.rows,
        quick=asked.quick,
        as_json=asked.json,
    )


def _default_sheet(root: Path) -> Path:
    return Path("reports") / f"{root.resolve().name}-pairs.jpg"


def report(root: Path, *, sheet: Path | None, rows: int, quick: bool, as_json: bool) -> None:
    """Inspects a dataset, prints what it holds and writes its contact sheet.

    Args:
        root: folder of the dataset; nothing in it is changed.
        sheet: picture file to write, or None for none.
        rows: pairs on the sheet.
        quick: compare sizes in bytes only; no statistics of light.
        as_json: print JSON instead of text.

    Raises:
        DatasetError: no dataset there, or a pair is damaged; the damage has been printed.
        StorageError: the sheet could not be written.
    """
    records = read_manifest(root)
    found = inspect_pairs(root, records, quick=quick)
    findings = list(tqdm(found, total=len(records), unit="pair", disable=None, leave=False))
    summary = summarise(records, findings)
    whole = [finding.record for finding in findings if finding.damage is None]
    if sheet is not None and whole:
        title = f"{root.resolve().name}: {len(records)} pairs"
        write_picture(sheet, pairs_sheet(root, whole, rows=rows, title=title), quality=90)
        summary["sheet"] = str(sheet)
    if as_json:
        sys.stdout.write(
            json.dumps({"dataset": str(root), "quick": quick, **summary}, indent=2) + "\n"
        )
    else:
        sys.stdout.write(f"{root}: {as_text(summary)}{_state_of_files(summary, quick)}")
        if "sheet" in summary:
            sys.stdout.write(f"  {'sheet':14}{sheet}\n")
    if summary["damaged"]:
        raise DatasetError(
            f"{len(summary['damaged'])} of {len(records)} pairs of {root} are damaged, listed "
            "above; import or draw them again"
        )
