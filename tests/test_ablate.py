import json
from pathlib import Path

import pytest

from deepflash.ablate import newest, state_of
from deepflash.cli import main
from tests.training import EXPERIMENTS, TINY_NET


def draw_run(root: Path, name: str, version: int, *, finished: str | None, last: bool) -> Path:
    run = root / name / str(version)
    (run / "checkpoints").mkdir(parents=True)
    (run / "run.json").write_text(json.dumps({"finished": finished}))
    if last:
        (run / "checkpoints" / "last.ckpt").touch()
    return run


def test_states(tmp_path: Path):
    assert state_of(newest("a", tmp_path)) == "new"
    assert state_of(draw_run(tmp_path, "a", 1, finished=None, last=False)) == "new"
    assert state_of(draw_run(tmp_path, "a", 2, finished=None, last=True)) == "interrupted"
    assert state_of(draw_run(tmp_path, "a", 10, finished="now", last=True)) == "finished"
    assert newest("a", tmp_path) == tmp_path / "a" / "10"


def test_unknown_family_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(EXPERIMENTS.parent)
    assert main(["ablate", "los", "--root", str(tmp_path)]) == 2
    assert "no family 'los'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_family_is_trained_compared_and_then_left_alone(
    drawn_pairs: Path, tmp_path: Path, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "experiments" / "loss").mkdir(parents=True)
    for name in ("quickstart.yaml", "loss/mse.yaml", "loss/l1.yaml"):
        (tmp_path / "experiments" / name).write_text((EXPERIMENTS / name).read_text())
    words = [
        "ablate",
        "loss",
        "--base",
        "quickstart",
        "--",
        "--data.root",
        str(drawn_pairs),
        "--data.size",
        "64",
        "--data.workers",
        "0",
        "--run.wandb",
        "false",
        "--trainer.max_epochs",
        "1",
        *TINY_NET,
    ]
    assert main(words) == 0
    assert (tmp_path / "reports" / "quickstart-loss" / "index.html").is_file()
    runs = {p.parts[-3] for p in (tmp_path / "runs").glob("*/1/run.json")}
    assert runs == {"quickstart", "quickstart-loss-mse", "quickstart-loss-l1"}
    capfd.readouterr()
    assert main(words) == 0
    assert capfd.readouterr().err.count("finished") == 3
    assert not list((tmp_path / "runs").glob("*/2"))
