"""The whole way with no hand in between: a simulated session, its pairs, a trained network."""

import subprocess
import sys
from pathlib import Path

import pytest

from deepflash.pairs.manifest import read_manifest


def run(folder: Path, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"


@pytest.mark.slow
def test_a_session_becomes_pairs_that_a_network_learns_from(tmp_path: Path):
    session = ["session", "s", "--simulate", "--no-browser", "--console-port", "0"]
    session += ["--simulated-phone", "client", "--simulated-people", "3"]
    run(tmp_path, "acquisition", *session)
    run(tmp_path, "acquisition", "prepare", "sessions/s", "-o", "pairs/s", "--size", "128")
    records = read_manifest(tmp_path / "pairs" / "s")
    assert {record.split for record in records} == {"train", "val", "test"}
    experiment = Path(__file__).parents[2] / "experiments" / "quickstart.yaml"
    fit = ["fit", "--config", str(experiment), "--data.root", "pairs/s", "--data.size", "64"]
    fit += ["--trainer.max_epochs", "1", "--data.workers", "0"]
    run(tmp_path, "deepflash", *fit)
    assert list((tmp_path / "runs").rglob("*.ckpt"))
