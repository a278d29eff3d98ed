"""The input pipeline against decoding the same JPEG files alone, in one process."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.timing import report, take_turns
from deepflash.pairs.augment import Augmentation, AugmentSettings
from deepflash.pairs.dataset import PairDataset
from deepflash.pairs.drawn import draw_pairs
from deepflash.pairs.manifest import read_manifest

SIDE, BATCH = 512, 8


def jpeg_pairs(folder: Path) -> Path:
    """Returns drawn pairs at 512 x 512."""
    root = folder / "pairs"
    draw_pairs(root, people=16, poses=1, size=SIDE, seed=0)
    return root


def decode_only(root: Path, names: list[str]) -> None:
    """Reads and decodes the files with OpenCV, nothing else."""
    for name in names:
        data = np.frombuffer((root / name).read_bytes(), np.uint8)
        cv2.imdecode(data, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)


def epoch(dataset: PairDataset, start: Iterator[int]) -> None:
    """Loads, augments and collates every pair once."""
    first = next(start) * len(dataset)
    for begin in range(0, len(dataset), BATCH):
        indices = range(begin, min(begin + BATCH, len(dataset)))
        torch.utils.data.default_collate([dataset[first + i] for i in indices])


def main(folder: str, *, turns: int = 15) -> None:
    """Prints the ratio."""
    # As in a loading process, which has one core to itself.
    threads = cv2.getNumThreads(), torch.get_num_threads()
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    root = jpeg_pairs(Path(folder))
    records = read_manifest(root)
    dataset = PairDataset(
        root, records, size=SIDE, augmentation=Augmentation(AugmentSettings(), SIDE)
    )
    names = [name for record in records for name in (record.flash, record.studio)]
    numbers = iter(range(10**6))
    ratio = take_turns(
        lambda: epoch(dataset, numbers), lambda: decode_only(root, names), turns=turns
    )
    size = sum((root / name).stat().st_size for name in names) / len(names) / 1e3
    report(f"input pipeline / decoding, {SIDE}, {size:.0f} kB", ratio, goal="goal <= 1.6")
    cv2.setNumThreads(threads[0])
    torch.set_num_threads(threads[1])
