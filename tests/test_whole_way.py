"""From somebody's dataset to a portrait, by the verbs a user types."""

import csv
from pathlib import Path

from deepflash.cli import main
from deepflash.pictures import read_picture, write_picture
from tests.pairs.importers.fixtures import draw_faid
from tests.training import EXPERIMENTS


def deepflash(*words: str | Path) -> None:
    assert main([str(word) for word in words]) == 0


def train(pairs: Path, runs: Path, *extra: str) -> None:
    """The paper's network from scratch, a few steps small."""
    deepflash(
        "fit", "--config", EXPERIMENTS / "baseline.yaml", *extra, "--data.root", pairs,
        "--data.size", "32", "--data.batch_size", "2", "--data.workers", "0",
        "--model.net.init_args.weights", "none", "--model.learning_rate", "1e-3",
        "--run.root", runs, "--run.wandb", "false", "--trainer.accelerator", "cpu",
        "--trainer.max_epochs", "4", "--trainer.log_every_n_steps", "1",
        "--trainer.enable_progress_bar", "false", "--previews.every_n_epochs", "4",
    )  # fmt: skip


def test_import_train_evaluate_compare_export_enhance(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    draw_faid(tmp_path / "FAID", scenes=8)
    deepflash("import", "faid", "FAID", "pairs/faid", "--not-swapped")
    deepflash("pairs", "pairs/faid")
    overlay = ["--config", str(EXPERIMENTS / "loss" / "mse.yaml"), "--run.name", "loss-mse"]
    train(Path("pairs/faid"), Path("runs"))
    train(Path("pairs/faid"), Path("runs"), *overlay)
    first, second = Path("runs/baseline/1"), Path("runs/loss-mse/1")
    with (first / "metrics.csv").open(newline="") as file:
        losses = [float(row["train/loss"]) for row in csv.DictReader(file) if row["train/loss"]]
    assert sum(losses[-3:]) < sum(losses[:3])
    assert (first / "pictures" / "epoch_0004.jpg").is_file()
    deepflash("evaluate", first)
    deepflash("compare", first, second, "-o", "reports/two")
    assert "loss-mse" in Path("reports/two/index.html").read_text()
    deepflash("export", first)
    selfie = next(Path("FAID").rglob("*_flash.png"))
    large = read_picture(selfie).repeat(3, axis=0).repeat(3, axis=1)
    write_picture(Path("selfie.png"), large)
    model = "models/baseline-1.safetensors"
    deepflash("enhance", "selfie.png", "-o", "portrait.png", "--model", model, "--force")
    assert read_picture(Path("portrait.png")).shape == large.shape
    assert "baseline-1.safetensors" in capsys.readouterr().out
