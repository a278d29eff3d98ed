import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from deepflash.cli import main
from deepflash.errors import DatasetError
from deepflash.evaluate import evaluate, shrink
from deepflash.filters import NoFilter
from deepflash.model_file import Model
from deepflash.pairs.manifest import MANIFEST, read_manifest
from deepflash.pictures import read_mask, read_picture
from deepflash.targets import Difference
from tests.training import fit


class Halfway(nn.Module):
    """Predicts a constant difference: the same everywhere."""

    def __init__(self, difference: float) -> None:
        super().__init__()
        self.difference = difference

    def forward(self, flash_low: torch.Tensor) -> torch.Tensor:
        return torch.full_like(flash_low, (self.difference + 1) / 2)


def model(difference: float = 0.0, size: int = 64) -> Model:
    return Model(Halfway(difference), filter=NoFilter(), target=Difference(), size=size, header={})


def rows_of(folder: Path) -> list[dict]:
    with (folder / "rows.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_doing_nothing_measures_as_the_input(drawn_pairs: Path, tmp_path: Path):
    evaluate(model(), drawn_pairs, tmp_path, split="all")
    rows = rows_of(tmp_path)
    assert [row["pair_id"] for row in rows] == [r.pair_id for r in read_manifest(drawn_pairs)]
    for row in rows:
        for name in row:
            if f"input_{name}" in row:
                assert float(row[name]) == pytest.approx(
                    float(row[f"input_{name}"]), abs=1e-4, nan_ok=True
                )


def test_psnr_by_hand_for_the_frame_and_inside_a_mask(drawn_pairs: Path, tmp_path: Path):
    evaluate(model(0.1), drawn_pairs, tmp_path, split="test")
    record = next(r for r in read_manifest(drawn_pairs) if r.split == "test")
    flash, studio = (
        read_picture(drawn_pairs / name) / 255 for name in (record.flash, record.studio)
    )
    error = (np.clip(flash - 0.1, 0, 1) - studio) ** 2
    inside = read_mask(drawn_pairs / record.masks["face"]) > 127
    row = rows_of(tmp_path)[0]
    assert float(row["psnr"]) == pytest.approx(-10 * np.log10(error.mean()), abs=1e-3)
    assert float(row["psnr@face"]) == pytest.approx(-10 * np.log10(error[inside].mean()), abs=1e-3)


def test_what_is_written(drawn_pairs: Path, tmp_path: Path):
    means = evaluate(model(), drawn_pairs, tmp_path, split="test", model_path="m.safetensors")
    record = next(r for r in read_manifest(drawn_pairs) if r.split == "test")
    found = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    pictures = {f"pictures/{record.pair_id}_{n}.jpg" for n in ("flash", "result", "studio")}
    assert found == {"rows.csv", "summary.json", "sheet.jpg"} | pictures
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["figures"] == means
    assert (summary["split"], summary["size"], summary["count"]) == ("test", 64, 1)


def test_size_shrinks_the_long_side_and_never_enlarges():
    picture = np.zeros((40, 80, 3), np.uint8)
    assert shrink(picture, 40).shape == (20, 40, 3)
    assert shrink(picture, 200) is picture
    half = np.zeros((2, 4), np.uint8)
    half[:, 2:] = 255
    assert shrink(half, 2, mask=True).tolist() == [[0, 255]]


def test_a_split_without_pairs(drawn_pairs: Path, tmp_path: Path):
    lines = (drawn_pairs / MANIFEST).read_text().splitlines()
    root = tmp_path / "pairs"
    shutil.copytree(drawn_pairs, root)
    (root / MANIFEST).write_text("\n".join(line for line in lines if '"train"' in line))
    with pytest.raises(DatasetError, match="no pairs in the split test"):
        evaluate(model(), root, tmp_path / "out", split="test")
    assert not (tmp_path / "out").exists()


def test_from_run_to_figures_and_model_file(drawn_pairs: Path, tmp_path: Path, capsys):
    run = fit(drawn_pairs, tmp_path / "runs", epochs=1)
    assert main(["evaluate", str(run)]) == 0
    said = capsys.readouterr().out
    assert "ssim_lowfreq" in said
    assert (run / "eval" / "drawn-test" / "rows.csv").is_file()
    exported = tmp_path / "m.safetensors"
    assert main(["export", str(run), "-o", str(exported)]) == 0
    words = ["evaluate", str(exported), "--pairs", str(drawn_pairs), "-o", str(tmp_path / "e")]
    assert main(words) == 0
    first = json.loads((run / "eval" / "drawn-test" / "summary.json").read_text())
    second = json.loads((tmp_path / "e" / "summary.json").read_text())
    assert first["figures"] == second["figures"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing.safetensors", "--pairs", "x"], "no model at nothing.safetensors"),
        (["."], "no checkpoints/best.ckpt"),
        (["x", "--split", "holdout"], "split"),
    ],
)
def test_mistakes_are_one_line(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", *words]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert not list(tmp_path.iterdir())
