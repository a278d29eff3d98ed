"""A network that cannot learn four pairs by heart cannot learn anything."""

import csv
import os
from pathlib import Path

import pytest

from deepflash.cli import run
from deepflash.metrics import psnr
from deepflash.pairs.datamodule import PairDataModule
from deepflash.pairs.drawn import draw_pairs
from tests.training import EXPERIMENTS

REAL = os.environ.get("DEEPFLASH_FAID")
STILL = "{crop_area: 1.0, flip: 0.0, rotate_deg: 0.0, exposure_ev: 0.0, white_balance: 0.0, "


def gain_on_four(pairs: Path, runs: Path, *extra: str) -> float:
    """Trains on four pairs at 128 x 128; returns the last validation psnr less doing nothing."""
    still = STILL + "noise: 0.0, jpeg: 0.0}"
    run(
        [
            "fit",
            "--config",
            str(EXPERIMENTS / "quickstart.yaml"),
            "--data.root",
            str(pairs),
            "--data.overfit",
            "true",
            "--data.limit",
            "4",
            "--data.batch_size",
            "4",
            "--data.workers",
            "0",
            "--data.augment",
            still,
            "--run.root",
            str(runs),
            "--run.wandb",
            "false",
            "--trainer.max_epochs",
            "300",
            "--previews.every_n_epochs",
            "300",
            "--trainer.check_val_every_n_epoch",
            "50",
            "--model.loss.init_args.mean_weight",
            "1.0",
            "--trainer.enable_progress_bar",
            "false",
            *extra,
        ]
    )
    with (runs / "quickstart" / "1" / "metrics.csv").open(newline="") as file:
        reached = [float(row["val/psnr"]) for row in csv.DictReader(file) if row["val/psnr"]]
    data = PairDataModule(str(pairs), size=128, batch_size=4, workers=0, overfit=True, limit=4)
    batch = data.on_after_batch_transfer(next(iter(data.val_dataloader())), 0)
    idle = float(psnr(batch["flash"], batch["studio"]).mean())
    gain = reached[-1] - idle
    print(f"four pairs of {pairs}: {idle:.2f} to {reached[-1]:.2f} dB, gain {gain:.2f}")
    return gain


@pytest.mark.slow
def test_the_compact_network_learns_four_drawn_pairs(tmp_path: Path):
    draw_pairs(tmp_path / "pairs", people=6, poses=1, size=128, seed=0)
    assert gain_on_four(tmp_path / "pairs", tmp_path / "runs") >= 6


@pytest.mark.slow
@pytest.mark.local
@pytest.mark.skipif(not REAL, reason="DEEPFLASH_FAID names no folder of FAID pictures")
def test_the_compact_network_learns_four_real_pairs(tmp_path: Path):
    run(["import", "faid", str(REAL), str(tmp_path / "pairs")])
    assert gain_on_four(tmp_path / "pairs", tmp_path / "runs") >= 6
