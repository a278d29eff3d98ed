import csv
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from deepflash.cli import main, run
from deepflash.pairs.manifest import MANIFEST
from deepflash.pictures import read_picture, write_picture
from tests.training import EXPERIMENTS, fit, quick_arguments


@pytest.fixture(scope="module")
def finished(drawn_pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fit(drawn_pairs, tmp_path_factory.mktemp("runs"), epochs=3)


def rows_of(run_folder: Path) -> list[dict]:
    with (run_folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def column(run_folder: Path, name: str) -> list[float]:
    return [float(row[name]) for row in rows_of(run_folder) if row.get(name)]


def test_a_run_folder_is_complete(finished: Path):
    found = {str(p.relative_to(finished)) for p in finished.rglob("*") if p.is_file()}
    assert found == {
        "config.yaml",
        "run.json",
        "metrics.csv",
        "checkpoints/best.ckpt",
        "checkpoints/last.ckpt",
        "pictures/epoch_0001.jpg",
        "pictures/epoch_0002.jpg",
        "pictures/epoch_0003.jpg",
    }


def test_figures_of_every_kind_are_logged(finished: Path):
    assert {
        "epoch",
        "step",
        "train/loss",
        "train/loss_mse",
        "train/lr",
        "train/grad_norm",
        "train/images_per_s",
        "val/loss",
        "val/ssim",
        "val/ssim_lowfreq",
        "val/psnr",
    } <= set(rows_of(finished)[0])
    assert len(column(finished, "val/ssim")) == 3
    assert len(column(finished, "train/loss")) == 6


def test_run_record_says_what_ran(finished: Path, drawn_pairs: Path):
    record = json.loads((finished / "run.json").read_text())
    assert (record["name"], record["version"]) == ("quickstart", 1)
    assert record["dataset"] | {"fingerprint": ""} == {
        "root": str(drawn_pairs),
        "fingerprint": "",
        "train": 6,
        "val": 1,
        "test": 1,
    }
    assert len(record["dataset"]["fingerprint"]) == 16
    assert record["finished"]
    assert record["seconds"] > 0
    config = yaml.safe_load((finished / "config.yaml").read_text())
    assert config["trainer"]["max_epochs"] == 3
    assert config["run"]["version"] == 1


def test_sheet_shows_the_pictures(finished: Path):
    sheet = read_picture(finished / "pictures" / "epoch_0003.jpg")
    assert min(sheet.shape[:2]) > 100
    assert sheet.std() > 10


def test_training_changes_weights_and_lowers_the_loss(drawn_pairs: Path, tmp_path: Path):
    done = fit(drawn_pairs, tmp_path, "--model.learning_rate", "0.01", epochs=12)
    losses = column(done, "train/loss")
    assert sum(losses[-4:]) < 0.7 * sum(losses[:4])


def state(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=True)["state_dict"]


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_same_seed_same_run(finished: Path, drawn_pairs: Path, tmp_path: Path):
    again = fit(drawn_pairs, tmp_path / "a", epochs=3)
    assert same(state(finished / "checkpoints/last.ckpt"), state(again / "checkpoints/last.ckpt"))
    other = fit(drawn_pairs, tmp_path / "b", "--seed_everything", "1", epochs=3)
    assert not same(
        state(finished / "checkpoints/last.ckpt"), state(other / "checkpoints/last.ckpt")
    )


def start(*words: str, limit: int = 0) -> subprocess.Popen:
    def limit_file_size() -> None:
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "deepflash", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=limit_file_size,
    )


def test_killed_and_resumed_ends_bit_equal(finished: Path, drawn_pairs: Path, tmp_path: Path):
    words = ["fit", *quick_arguments(drawn_pairs, tmp_path, epochs=3)]
    process = start(*words)
    folder = tmp_path / "quickstart" / "1"
    while not (folder / "checkpoints" / "last.ckpt").exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not json.loads((folder / "run.json").read_text())["finished"]
    # Figures of a step that the last checkpoint does not know yet, and a line cut short.
    names = (folder / "metrics.csv").read_text().splitlines()[0].split(",")
    stray = ",".join({"step": "5", "train/loss": "9.0"}.get(name, "") for name in names)
    with (folder / "metrics.csv").open("a") as file:
        file.write(f"{stray}\n1")
    run(["fit", "--resume", str(folder)])
    assert same(state(finished / "checkpoints/last.ckpt"), state(folder / "checkpoints/last.ckpt"))
    assert json.loads((folder / "run.json").read_text())["finished"]
    for name in ("train/loss", "val/ssim"):
        assert column(folder, name) == column(finished, name)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_full_disk_keeps_the_last_good_checkpoint(finished: Path, tmp_path: Path):
    folder = tmp_path / "quickstart" / "1"
    shutil.copytree(finished, folder)
    before = {p.name: digest(p) for p in (folder / "checkpoints").iterdir()}
    smallest = min(p.stat().st_size for p in (folder / "checkpoints").iterdir())
    process = start(
        "fit",
        "--resume",
        str(folder),
        "--run.root",
        str(tmp_path),
        "--trainer.max_epochs",
        "5",
        "--model.schedule",
        "constant",
        limit=smallest // 2,
    )
    _, said = process.communicate()
    assert process.returncode == 2
    assert said.splitlines()[-1].startswith("deepflash: cannot write")
    assert {p.name: digest(p) for p in (folder / "checkpoints").iterdir()} == before


def one_line_error(capsys: pytest.CaptureFixture, *words: str) -> str:
    assert main(list(words)) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_misspelt_keys_are_named(drawn_pairs, tmp_path, capsys):
    overlay = tmp_path / "typo.yaml"
    overlay.write_text("model:\n  lerning_rate: 1.0e-3\n")
    words = ["fit", *quick_arguments(drawn_pairs, tmp_path / "runs"), "--config", str(overlay)]
    assert "lerning_rate" in one_line_error(capsys, *words)
    overlay.write_text("data:\n  augment:\n    flipp: 1.0\n")
    assert "flipp" in one_line_error(capsys, *words)
    overlay.write_text("model:\n  net:\n    init_args:\n      widht: 3\n")
    assert "widht" in one_line_error(capsys, *words)
    overlay.write_text("model: [\n")
    assert "typo.yaml" in one_line_error(capsys, *words)
    assert not (tmp_path / "runs").exists()


def test_missing_and_empty_datasets(drawn_pairs, tmp_path, capsys):
    words = ["fit", *quick_arguments(drawn_pairs, tmp_path / "runs"), "--data.root"]
    assert "no such folder" in one_line_error(capsys, *words, str(tmp_path / "nothing"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / MANIFEST).touch()
    assert "lists no pairs" in one_line_error(capsys, *words, str(tmp_path / "empty"))
    assert not (tmp_path / "runs").exists()


def test_missing_overlay_and_weights(drawn_pairs, tmp_path, capsys):
    words = ["fit", *quick_arguments(drawn_pairs, tmp_path / "runs")]
    missing = str(tmp_path / "missing.yaml")
    assert "missing.yaml" in one_line_error(capsys, *words, "--config", missing)
    said = one_line_error(
        capsys,
        "fit",
        "--config",
        str(EXPERIMENTS / "baseline.yaml"),
        "--data.root",
        str(drawn_pairs),
        "--run.root",
        str(tmp_path / "runs"),
        "--model.net.init_args.weights",
        str(tmp_path / "none.pth"),
    )
    assert "none.pth; put a VGG-16 state dict there" in said
    assert not (tmp_path / "runs").exists()


def copy_pairs(source: Path, destination: Path) -> Path:
    shutil.copytree(source, destination)
    return destination


def test_truncated_pictures(drawn_pairs, tmp_path, capsys):
    pairs = copy_pairs(drawn_pairs, tmp_path / "pairs")
    record = json.loads((pairs / MANIFEST).read_text().splitlines()[0])
    picture = pairs / record["flash"]
    data = picture.read_bytes()
    picture.write_bytes(data[:-100])
    words = ["fit", *quick_arguments(pairs, tmp_path / "runs")]
    assert "it is truncated or was changed" in one_line_error(capsys, *words)
    assert not (tmp_path / "runs").exists()
    # Of the recorded length, but damaged: found when it is decoded, in a loading process too.
    picture.write_bytes(data[:100] + bytes(len(data) - 100))
    said = one_line_error(capsys, *words, "--data.workers", "1")
    assert picture.name in said


def test_newer_manifest(drawn_pairs, tmp_path, capsys):
    pairs = copy_pairs(drawn_pairs, tmp_path / "pairs")
    text = (pairs / MANIFEST).read_text().replace('"version": 1', '"version": 9')
    (pairs / MANIFEST).write_text(text)
    said = one_line_error(capsys, "fit", *quick_arguments(pairs, tmp_path / "runs"))
    assert "has version 9, this program reads up to 1" in said
    assert not (tmp_path / "runs").exists()


def test_checkpoint_of_another_network(finished, drawn_pairs, tmp_path, capsys):
    checkpoint = str(finished / "checkpoints" / "best.ckpt")
    words = ["fit", *quick_arguments(drawn_pairs, tmp_path / "runs"), "--ckpt_path", checkpoint]
    said = one_line_error(capsys, *words, "--model.net.init_args.channels", "[4,8,8]")
    assert "this experiment builds another CompactUNet" in said
    torch.save({"weights": 1}, tmp_path / "other.ckpt")
    said = one_line_error(capsys, *words[:-1], str(tmp_path / "other.ckpt"))
    assert "not a checkpoint of `deepflash fit`" in said
    assert not (tmp_path / "runs").exists()


def test_validate_and_test_read_a_run(finished, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run(["validate", "--in", str(finished)])
    assert "val/ssim" in capsys.readouterr().out
    run(["test", "--in", str(finished)])
    assert "test/ssim" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_pairs_of_different_sizes_are_found_before_training(drawn_pairs, tmp_path, capsys):
    pairs = copy_pairs(drawn_pairs, tmp_path / "pairs")
    lines = (pairs / MANIFEST).read_text().splitlines()
    record = json.loads(lines[0])
    write_picture(pairs / record["studio"], np.zeros((64, 48, 3), np.uint8))
    record["studio_bytes"] = (pairs / record["studio"]).stat().st_size
    (pairs / MANIFEST).write_text("\n".join([json.dumps(record), *lines[1:]]) + "\n")
    said = one_line_error(capsys, "fit", *quick_arguments(pairs, tmp_path / "runs"))
    assert "is 48 x 64, the pair 64 x 64" in said
    assert not (tmp_path / "runs").exists()


def test_stopping_says_how_to_go_on(drawn_pairs: Path, tmp_path: Path):
    process = start("fit", *quick_arguments(drawn_pairs, tmp_path, epochs=1000))
    folder = tmp_path / "quickstart" / "1"
    while not (folder / "checkpoints" / "last.ckpt").exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert said.splitlines()[-1] == (f"deepflash: stopped; go on with `make resume RUN={folder}`")


def test_a_finished_run_is_left_alone(finished: Path, capsys):
    before = {p: digest(p) for p in finished.rglob("*") if p.is_file()}
    assert "is finished since" in one_line_error(capsys, "fit", "--resume", str(finished))
    assert {p: digest(p) for p in finished.rglob("*") if p.is_file()} == before


def test_a_copied_run_is_resumed_in_its_own_place(finished: Path, tmp_path: Path):
    copy = tmp_path / "elsewhere" / "copied" / "4"
    shutil.copytree(finished, copy)
    before = {p: digest(p) for p in finished.rglob("*") if p.is_file()}
    run(["fit", "--resume", str(copy), "--trainer.max_epochs", "4"])
    assert {p: digest(p) for p in finished.rglob("*") if p.is_file()} == before
    assert len(column(copy, "val/ssim")) == 4
    assert json.loads((copy / "run.json").read_text())["name"] == "copied"


def test_predict_writes_the_portraits(finished: Path, tmp_path: Path):
    copy = tmp_path / "quickstart" / "1"
    shutil.copytree(finished, copy)
    run(["predict", "--in", str(copy)])
    written = list((copy / "predictions").iterdir())
    assert len(written) == 1
    assert read_picture(written[0]).shape == (64, 64, 3)


def test_no_previews_and_no_logging_on_request(drawn_pairs: Path, tmp_path: Path):
    words = ["--previews.every_n_epochs", "0", "--trainer.log_every_n_steps", "0"]
    folder = fit(drawn_pairs, tmp_path, *words, epochs=1)
    assert not (folder / "pictures").exists()


def test_no_experiment_and_no_such_hardware(drawn_pairs, tmp_path, capsys):
    assert "deepflash fit --exp quickstart" in one_line_error(capsys, "fit")
    words = ["fit", *quick_arguments(drawn_pairs, tmp_path / "runs")]
    if not torch.cuda.is_available():
        said = one_line_error(capsys, *words, "--trainer.accelerator", "gpu")
        assert "the trainer cannot run like this" in said


def test_validate_without_a_checkpoint(drawn_pairs, tmp_path, capsys):
    words = quick_arguments(drawn_pairs, tmp_path)
    assert "needs --in RUN" in one_line_error(capsys, "validate", *words)


@pytest.mark.slow
def test_wandb_keeps_a_real_offline_run(drawn_pairs: Path, tmp_path: Path, capsys):
    folder = fit(drawn_pairs, tmp_path, "--run.wandb", "true", "--run.tags", "[a,b]")
    said = capsys.readouterr().err
    offline = next((folder / "wandb").glob("offline-run-*"))
    assert f"wandb sync {offline}" in said
    assert next(offline.glob("run-*.wandb")).stat().st_size > 1000
    media = [p.name for p in offline.rglob("*") if p.is_file()]
    assert any(name.endswith(".png") for name in media)
    assert any(name.endswith(".table.json") for name in media)


@pytest.mark.slow
def test_two_processes_train_one_run(drawn_pairs: Path, tmp_path: Path):
    words = quick_arguments(drawn_pairs, tmp_path, epochs=1)
    process = start("fit", *words, "--trainer.devices", "2", "--trainer.strategy", "ddp")
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert [p.name for p in (tmp_path / "quickstart").iterdir()] == ["1"]
    assert json.loads((tmp_path / "quickstart" / "1" / "run.json").read_text())["finished"]
