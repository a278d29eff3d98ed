"""The batched torch bilateral filter against OpenCV's, on the CPU."""

import torch

from benchmarks.timing import report, take_turns
from deepflash.filters import bilateral_opencv, bilateral_torch


def main(*, size: int = 512, turns: int = 3) -> None:
    """Prints the ratio at sigma_s 7, sigma_r 0.4."""
    picture = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    ratio = take_turns(
        lambda: bilateral_torch(picture, sigma_s=7.0, sigma_r=0.4),
        lambda: bilateral_opencv(picture, sigma_s=7.0, sigma_r=0.4),
        turns=turns,
    )
    report(f"bilateral: torch eager / OpenCV, {size}", ratio, goal="report")
