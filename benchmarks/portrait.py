"""The tables of docs/model-card.md: the whole enhancer on the test pairs of a rendered dataset.

    python -m benchmarks.portrait --pairs pairs/portrait [--model NAME=FILE ...] [--real FOLDER]

Every model goes through the enhancer that people use: faces, exposure, edges, wall shadow. Masks
are the renderer's own: `face` is skin.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import torch
from tqdm import tqdm

from deepflash.enhance.enhancer import Enhancer
from deepflash.enhance.look import Look
from deepflash.metrics import affine_fit, psnr, ssim
from deepflash.pairs.manifest import PairRecord, read_manifest
from deepflash.pairs.reading import read_pair
from deepflash.pictures import read_mask

FIGURES = ("ssim", "psnr", "affine", "face ssim", "face psnr", "face affine")
_DETAIL_SIGMA_PX = 2.0


def tensor(picture: np.ndarray) -> torch.Tensor:
    """Returns (1, 3, h, w) in [0,1]."""
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None].float() / 255


def figures(result: np.ndarray, target: np.ndarray, face: np.ndarray | None) -> dict[str, float]:
    """Returns the figures of one result, 8-bit; `face` is a mask of 0 and 255."""
    a, b = tensor(result), tensor(target)
    found = {}
    masks: dict[str, torch.Tensor | None] = {"": None}
    if face is not None:
        masks["face "] = torch.from_numpy(face > 127)[None, None].float()
    for where, valid in masks.items():
        found |= {
            f"{where}ssim": float(ssim(a, b, valid=valid)),
            f"{where}psnr": float(psnr(a, b, valid=valid)),
            f"{where}affine": float(psnr(affine_fit(a, b, valid=valid), b, valid=valid)),
        }
    return found


def detail_correlation(before: np.ndarray, after: np.ndarray, inside: np.ndarray) -> float:
    """Returns the correlation of what a Gaussian takes away, in luma, under a mask."""
    fine = []
    for picture in (before, after):
        luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        fine.append((luma - cv2.GaussianBlur(luma, (0, 0), _DETAIL_SIGMA_PX))[inside > 127])
    return float(np.corrcoef(*fine)[0, 1])


def tone(record: PairRecord) -> str:
    """Returns the third of the ten Monk groups that a rendered person belongs to."""
    group = int(record.extra["monk_group"])
    return "tones 1-3" if group <= 3 else "tones 4-7" if group <= 7 else "tones 8-10"


def measure(
    enhancer: Enhancer | None, root: Path, records: list[PairRecord], name: str
) -> dict[str, dict[str, float]]:
    """Returns the mean figures by group of people; without an enhancer those of doing nothing."""
    rows = defaultdict(list)
    for record in tqdm(records, desc=name, disable=None):
        flash, studio, _ = read_pair(root, record)
        face = read_mask(root / record.masks["skin"])
        result = flash
        if enhancer is not None:
            result = np.asarray(enhancer.render(enhancer.analyse(flash), Look())[0])
        found = figures(result, studio, face)
        found["detail"] = detail_correlation(flash, result, face)
        for group in ("all", tone(record), record.extra["mix"]["target_kind"]):
            rows[group].append(found)
    return {
        group: {key: float(np.mean([row[key] for row in some])) for key in some[0]}
        | {"pairs": float(len(some)), "least detail": min(row["detail"] for row in some)}
        for group, some in rows.items()
    }


def show(name: str, means: dict[str, dict[str, float]]) -> None:
    """Prints rows of a table in Markdown."""
    for group in sorted(means):
        row = means[group]
        cells = " | ".join(
            f"{row[key]:.3f}" if "ssim" in key else f"{row[key]:.2f}" for key in FIGURES
        )
        print(f"| {name} | {group} ({row['pairs']:.0f}) | {cells} | {row['detail']:.3f} |")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="Measure the enhancer on rendered test pairs.")
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--model", action="append", default=[], help="NAME=FILE, several times")
    arguments = parser.parse_args()
    records = [one for one in read_manifest(arguments.pairs) if one.split == arguments.split]
    print(f"| model | people (pairs) | {' | '.join(FIGURES)} | detail |")
    print(f"|{'---|' * (len(FIGURES) + 3)}")
    show("nothing", measure(None, arguments.pairs, records, "nothing"))
    show("shipped", measure(Enhancer(), arguments.pairs, records, "shipped"))
    for named in arguments.model:
        name, _, file = named.partition("=")
        show(name, measure(Enhancer(Path(file)), arguments.pairs, records, name))


if __name__ == "__main__":
    main()
