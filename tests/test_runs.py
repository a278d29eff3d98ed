import json
import math

import pytest

from deepflash.errors import DatasetError
from deepflash.runs import Run, find_runs
from tests.drawn_runs import CONFIG, draw_run, people


def test_a_run_is_read_whole(tmp_path):
    run = Run(draw_run(tmp_path, "baseline", 3))
    assert run.label == "baseline/3"
    assert run.is_finished
    assert run.config == CONFIG
    assert run.info["parameters"] == 14_700_000
    (evaluation,) = run.evaluations.values()
    assert evaluation.name == "drawn-test"
    assert evaluation.summary["size"] == 48
    assert [(row.pair_id, row.subject_id) for row in evaluation.rows] == people(6, 2)
    # The wave of the first pair is (0 - 5) / 100.
    assert evaluation.rows[0].figures["ssim"] == pytest.approx(0.65)
    assert evaluation.picture("s00_0", "result").is_file()


def test_curves_hold_only_the_moments_at_which_they_were_logged(tmp_path):
    curves = Run(draw_run(tmp_path, "baseline", 1)).metrics
    assert curves["train/loss"].steps.tolist() == list(range(12))
    assert curves["train/loss"].values[:3] == pytest.approx([1, 1 / 2, 1 / 3])
    assert curves["val/psnr"].epochs.tolist() == [0, 1, 2, 3]
    assert curves["val/psnr"].values.tolist() == [20, 21, 22, 23]


def test_a_last_line_cut_by_a_crash_is_kept_as_far_as_it_goes(tmp_path):
    folder = draw_run(tmp_path, "baseline")
    with (folder / "metrics.csv").open("a") as file:
        file.write("4,12,0.25")
    curves = Run(folder).metrics
    assert curves["train/loss"].values[-1] == 0.25
    assert len(curves["train/images_per_s"].values) == 12


def test_a_run_that_logged_nothing_has_no_curves(tmp_path):
    folder = draw_run(tmp_path, "baseline")
    (folder / "metrics.csv").unlink()
    assert Run(folder).metrics == {}
    (folder / "metrics.csv").write_text("")
    assert Run(folder).metrics == {}


def test_the_newest_version_is_taken_by_number_not_by_letters(tmp_path):
    for version in (2, 10, 9):
        draw_run(tmp_path, "baseline", version, evaluation=None)
    draw_run(tmp_path, "another", 1, evaluation=None)
    # A start that failed before it wrote anything is no version.
    (tmp_path / "baseline" / "11").mkdir()
    assert [run.label for run in find_runs([tmp_path / "baseline"])] == ["baseline/10"]
    assert [run.label for run in find_runs([tmp_path])] == ["another/1", "baseline/10"]


def test_paths_keep_their_order_and_a_run_named_twice_stays_one(tmp_path):
    b = draw_run(tmp_path, "b", evaluation=None)
    a = draw_run(tmp_path, "a", evaluation=None)
    found = find_runs([b, a, tmp_path / "b", tmp_path])
    assert [run.label for run in found] == ["b/1", "a/1"]


def test_an_unfinished_run_is_marked(tmp_path):
    assert not Run(draw_run(tmp_path, "baseline", finished=False)).is_finished


def test_an_interrupted_evaluation_does_not_count(tmp_path):
    folder = draw_run(tmp_path, "baseline")
    (folder / "eval" / "drawn-test" / "summary.json").unlink()
    assert Run(folder).evaluations == {}


def test_the_best_checkpoint_goes_before_the_last(tmp_path):
    run = Run(draw_run(tmp_path, "baseline", evaluation=None))
    with pytest.raises(DatasetError, match="no checkpoint yet"):
        _ = run.checkpoint
    (run.folder / "checkpoints" / "last.ckpt").touch()
    assert run.checkpoint.name == "last.ckpt"
    (run.folder / "checkpoints" / "best.ckpt").touch()
    assert run.checkpoint.name == "best.ckpt"


def test_empty_and_infinite_cells_are_read(tmp_path):
    folder = draw_run(tmp_path, "baseline")
    path = folder / "eval" / "drawn-test" / "rows.csv"
    path.write_text("pair_id,subject_id,split,psnr,ssim\na,s,test,inf,\n")
    (row,) = Run(folder).evaluations["drawn-test"].rows
    assert row.figures["psnr"] == math.inf
    assert math.isnan(row.figures["ssim"])


def test_folders_that_are_no_runs_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="no such folder; `deepflash fit` makes one"):
        find_runs([tmp_path / "nothing"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match=r"is no run and holds none \(a run holds run.json\)"):
        find_runs([tmp_path / "empty"])


DAMAGES = [
    ("run.json", "{", "label", r"run\.json is damaged"),
    ("run.json", "[1]", "label", r"run\.json is damaged"),
    ("run.json", '{"name": "x"}', "label", "lacks a name or a version"),
    ("config.yaml", "a: [", "config", r"config\.yaml is damaged"),
    ("config.yaml", "", "config", "holds no configuration"),
    ("metrics.csv", "epoch,step,val/ssim\n0,1,good\n", "metrics", "line 2: 'good' is no number"),
]


@pytest.mark.parametrize(("name", "content", "attribute", "message"), DAMAGES)
def test_a_damaged_file_is_named(tmp_path, name, content, attribute, message):
    folder = draw_run(tmp_path, "baseline", evaluation=None)
    (folder / name).write_text(content)
    with pytest.raises(DatasetError, match=message):
        getattr(Run(folder), attribute)


def test_a_missing_or_binary_file_is_named(tmp_path):
    folder = draw_run(tmp_path, "baseline", evaluation=None)
    (folder / "config.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match="it is not text"):
        _ = Run(folder).config
    (folder / "config.yaml").unlink()
    with pytest.raises(DatasetError, match="No such file"):
        _ = Run(folder).config


ROWS = [
    ("pair_id,subject_id,split,ssim\n", "lists no pictures"),
    ("pair_id,split,ssim\na,test,1\n", "line 2 lacks one of pair_id, subject_id, split"),
    ("pair_id,subject_id,split,ssim\na,s,test,x\n", "line 2: 'x' is no number"),
    ("pair_id,subject_id,split,ssim\na,s,test,1\na,s,test,1\n", "lists a pair twice"),
]


@pytest.mark.parametrize(("content", "message"), ROWS)
def test_damaged_rows_are_refused(tmp_path, content, message):
    folder = draw_run(tmp_path, "baseline")
    (folder / "eval" / "drawn-test" / "rows.csv").write_text(content)
    with pytest.raises(DatasetError, match=message):
        _ = Run(folder).evaluations["drawn-test"].rows


def test_a_summary_without_its_keys_is_refused(tmp_path):
    folder = draw_run(tmp_path, "baseline")
    path = folder / "eval" / "drawn-test" / "summary.json"
    path.write_text(json.dumps({"pairs": "x", "split": "test"}))
    with pytest.raises(DatasetError, match="lacks fingerprint, size"):
        _ = Run(folder).evaluations["drawn-test"].summary
