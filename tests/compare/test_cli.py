import csv
import json
import math
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from deepflash import cli
from deepflash.compare.configuration import differences, flatten
from deepflash.compare.curves import charts, spread, thin
from deepflash.compare.notices import notices
from deepflash.compare.pictures import cards, choose, rank
from deepflash.compare.table import Comparison, format_figure, gain
from deepflash.errors import DatasetError, PictureError, UsageError
from deepflash.runs import Curve, PictureRow, Run
from tests.drawn_runs import CONFIG, draw_run, people, steady

OPTIONS = ("--pictures", "2", "--resamples", "200")


def comparison(*folders) -> Comparison:
    runs = [Run(folder) for folder in folders]
    return Comparison(runs, [next(iter(r.evaluations.values())) for r in runs], 0, 500)


def compare(*words) -> None:
    cli.run(["compare", *map(str, words), *OPTIONS])


# The table.


def test_differences_are_paired_with_the_first_run(tmp_path):
    first = draw_run(tmp_path, "baseline", figures=steady(0.7))
    second = draw_run(tmp_path, "better", figures=steady(0.75))
    reference, better, idle = comparison(first, second).lines
    # Both vary by 0.1 from pair to pair, alike: the difference is known exactly.
    assert better.cells["ssim"].interval[:3] == pytest.approx((0.05, 0.05, 0.05))
    assert better.cells["psnr"].interval[:3] == pytest.approx((0.5, 0.5, 0.5))
    assert better.cells["ssim"].interval[3:5] == (12, 6)
    assert reference.is_reference
    assert reference.cells["ssim"].interval is None
    assert idle.label == "doing nothing"
    # The waves of the first twelve pairs, (7k mod 11 - 5) / 100, sum to -0.05.
    assert idle.cells["ssim"].mean == pytest.approx(0.6 - 2 * 0.05 / 12)
    assert idle.cells["ssim"].interval.difference == pytest.approx(-0.1 - 0.05 / 12)


def test_less_colour_difference_is_better_and_less_ssim_worse(tmp_path):
    first = draw_run(tmp_path, "baseline", figures=steady(0.7))
    worse = draw_run(tmp_path, "worse", figures=steady(0.6))
    better = draw_run(tmp_path, "better", figures=steady(0.8))
    _, down, up, _ = comparison(first, worse, better).lines
    assert [down.cells[f].verdict for f in ("ssim", "delta_e")] == ["worse", "worse"]
    assert [up.cells[f].verdict for f in ("ssim", "delta_e", "ssim@skin")] == ["better"] * 3


def test_equal_runs_differ_by_nothing_and_are_not_marked(tmp_path):
    _, twin, _ = comparison(draw_run(tmp_path, "a"), draw_run(tmp_path, "b")).lines
    for cell in twin.cells.values():
        assert cell.interval[:3] == (0, 0, 0)
        assert cell.verdict == ""


def test_rows_are_paired_by_name_not_by_place(tmp_path):
    first = draw_run(tmp_path, "a")
    second = draw_run(tmp_path, "b")
    path = second / "eval" / "drawn-test" / "rows.csv"
    head, *lines = path.read_text().splitlines()
    path.write_text("\n".join([head, *reversed(lines)]) + "\n")
    assert comparison(first, second).lines[1].cells["ssim"].interval[:3] == (0, 0, 0)


def test_pictures_that_one_run_lacks_are_left_out_and_said_so(tmp_path):
    first = draw_run(tmp_path, "a", figures=steady(0.7))
    second = draw_run(tmp_path, "b", figures=steady(0.8), pairs=people(6, 2)[:7])
    found = comparison(first, second)
    assert found.lines[1].cells["ssim"].interval[3:5] == (7, 4)
    assert found.lines[1].cells["ssim"].interval.difference == pytest.approx(0.1)
    assert any("b/1 has figures of 7 pictures, the reference of 12" in n for n in notices(found))


@pytest.mark.parametrize("other", [{"fingerprint": "f" * 16}, {"size": 40}])
def test_rows_of_other_pictures_are_never_paired(tmp_path, other):
    found = comparison(draw_run(tmp_path, "a"), draw_run(tmp_path, "b", **other))
    line = found.lines[1]
    assert not line.is_paired
    assert all(cell.interval is None for cell in line.cells.values())
    assert not math.isnan(line.cells["ssim"].mean)
    assert any("other pictures than the reference" in n and "b/1" in n for n in notices(found))
    assert all(set(card.results) == {0} for card in cards(found, "ssim", limit=4))


def test_cells_without_a_number_do_not_spoil_the_mean(tmp_path):
    def figures(index):
        return {"ssim": math.nan if index == 0 else 0.5, "psnr": math.inf if index == 1 else 20.0}

    found = comparison(draw_run(tmp_path, "a", figures=figures), draw_run(tmp_path, "b"))
    assert found.lines[0].cells["ssim"].mean == 0.5
    assert found.lines[0].cells["psnr"].mean == 20.0
    assert found.lines[1].cells["psnr"].interval.pictures == 11
    # `a` has no figures of doing nothing, and `a` is the reference.
    assert len(found.lines) == 2


def test_cost_comes_from_the_run_folder(tmp_path):
    line = comparison(draw_run(tmp_path, "a", 3)).lines[0]
    # 10 * version + step % 2 over twelve steps: half 30, half 31.
    assert (line.minutes, line.parameters, line.images_per_s) == (30, 14_700_000, 30.5)


def test_two_runs_of_one_name_and_version_go_by_their_folders(tmp_path):
    first, second = draw_run(tmp_path / "x", "a"), draw_run(tmp_path / "y", "a")
    assert comparison(first, second).labels == [str(first), str(second)]


def test_a_gain_is_positive_when_the_result_is_the_better_one():
    figures = {"delta_e": 3.0, "input_delta_e": 5.0, "ssim": 0.5, "input_ssim": 0.75, "psnr": 20.0}
    row = PictureRow("p", "s", "test", figures)
    assert (gain(row, "delta_e"), gain(row, "ssim")) == (2, -0.25)
    assert math.isnan(gain(row, "psnr"))


@pytest.mark.parametrize(
    ("figure", "value", "text"),
    [
        ("psnr", 18.456, "+18.46"),
        ("ssim@skin", -0.00004, "+0.0000"),
        ("delta_e@face", -0.126, "-0.13"),
        ("ssim", math.nan, "-"),
    ],
)
def test_figures_have_the_digits_they_deserve(figure, value, text):
    assert format_figure(figure, value, sign=True) == text


# What a reader is warned of.


def test_nothing_is_warned_of_without_reason(tmp_path):
    assert notices(comparison(draw_run(tmp_path, "a", pairs=people(12, 1)))) == []


def test_reasons_to_be_careful_are_said(tmp_path):
    first = draw_run(tmp_path, "a", pairs=people(5, 2))
    second = draw_run(tmp_path, "b", pairs=people(5, 2), finished=False)
    info = json.loads((second / "run.json").read_text())
    info["dataset"]["fingerprint"] = "0" * 16
    (second / "run.json").write_text(json.dumps(info))
    summary = json.loads((second / "eval" / "drawn-test" / "summary.json").read_text())
    summary["offset"] = "input"
    (second / "eval" / "drawn-test" / "summary.json").write_text(json.dumps(summary))
    text = "\n".join(notices(comparison(first, second)))
    assert "Only 10 pictures of 5 subjects" in text
    assert "none is marked below six subjects" in text
    assert "b/1 is unfinished" in text
    assert "trained on 2 different datasets" in text
    assert "--offset input, the reference with --offset predicted" in text


# Configurations, curves, choice of pictures.


def test_only_keys_that_differ_are_listed():
    first = {"a": {"b": 1, "c": [1, 2]}, "same": {"x": "y"}, "run": {"version": 1}}
    second = {"a": {"b": 1.5, "c": [1]}, "same": {"x": "y"}, "run": {"version": 2}, "d": {}}
    assert differences([first, second]) == {
        "a.b": ["1", "1.5"],
        "a.c.1": ["2", None],
        "d": [None, "{}"],
    }
    assert differences([first, first]) == {}


def test_text_and_number_of_one_spelling_are_not_the_same():
    assert flatten({"a": "1", "b": None}) == {"a": '"1"', "b": "null"}
    assert differences([{"a": "1"}, {"a": 1}]) == {"a": ['"1"', "1"]}


def test_steps_of_one_epoch_stand_side_by_side():
    curve = Curve(np.array([0.0, 0, 0, 0, 1, 1, 2]), np.arange(7.0), np.arange(7.0))
    assert spread(curve).epochs.tolist() == [0, 0.25, 0.5, 0.75, 1, 1.5, 2]


def test_thinning_averages_neighbours_and_keeps_the_mean():
    curve = Curve(np.arange(7.0), np.arange(7.0), np.array([1.0, 3, np.nan, 5, 7, 9, 11]))
    thinned = thin(curve, points=3)
    assert thinned.values.tolist() == [2, 6, 10]
    assert thinned.steps.tolist() == [0.5, 3.5, 5.5]
    assert thin(thinned, points=3).values.tolist() == thinned.values.tolist()
    empty = thin(Curve(np.zeros(1), np.zeros(1), np.array([np.nan])), points=3)
    assert len(empty.values) == 0


def test_charts_show_what_was_logged(tmp_path):
    silent = draw_run(tmp_path, "silent")
    (silent / "metrics.csv").write_text("epoch,step,val/ssim\n")
    found = charts([Run(silent), Run(draw_run(tmp_path, "a"))])
    assert [c["name"] for c in found] == ["train/loss", "val/ssim", "val/ssim_lowfreq", "val/psnr"]
    assert found[3]["series"] == [
        {"run": 1, "epoch": [0, 1, 2, 3], "step": [2, 5, 8, 11], "value": [20, 21, 22, 23]}
    ]


def test_pictures_are_ranked_by_what_they_gain(tmp_path):
    gains = {"p": 0.05, "q": -0.1, "r": 0.2}

    def figures(index):
        gain = list(gains.values())[index]
        return {"ssim": 0.9 - index / 10 + gain, "input_ssim": 0.9 - index / 10}

    folder = draw_run(tmp_path, "a", pairs=[(name, name) for name in gains], figures=figures)
    (evaluation,) = Run(folder).evaluations.values()
    assert rank(evaluation, "ssim") == ["q", "p", "r"]
    evaluation.picture("p", "studio").unlink()
    assert rank(evaluation, "ssim") == ["q", "r"]


def test_without_an_input_figure_the_figure_itself_ranks(tmp_path):
    folder = draw_run(
        tmp_path, "a", pairs=[("p", "p"), ("q", "q")], figures=lambda k: {"delta_e": 5.0 + k}
    )
    (evaluation,) = Run(folder).evaluations.values()
    # More colour difference is worse, so `q` comes first.
    assert rank(evaluation, "delta_e") == ["q", "p"]


def test_every_run_shows_its_worst_and_best():
    assert choose([list("abcdef"), list("fedcba")], 4) == ["a", "f", "b", "e"]
    assert choose([list("abcdef"), list("cdabfe")], 4) == ["a", "c", "f", "e"]
    assert choose([list("abc"), []], 9) == ["a", "c", "b"]


def test_a_page_of_many_runs_shows_fewer_pairs(tmp_path):
    first = draw_run(tmp_path, "a", pairs=people(12, 1))
    many = Comparison(*zip(*[_shared(first)] * 28, strict=True), 0, 100)
    # (28 + 2) pictures a pair, 150 at most.
    assert len(cards(many, "ssim", limit=12)) == 5


def _shared(folder):
    run = Run(folder)
    return run, next(iter(run.evaluations.values()))


# The verb.


@pytest.fixture
def two_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draw_run(tmp_path / "runs", "baseline", figures=steady(0.7))
    other = CONFIG | {"seed_everything": 8}
    draw_run(tmp_path / "runs", "plain_mse", figures=steady(0.6), config=other)
    return tmp_path


def test_the_report_is_complete_and_said_at_the_terminal(two_runs, capsys):
    compare("runs/baseline", "runs/plain_mse", "-o", "reports/loss")
    report = two_runs / "reports" / "loss"
    assert {p.name for p in report.iterdir()} == {"index.html", "table.csv", "summary.json"}
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["run", "ssim", "psnr", "delta_e", "ssim_lowfreq"]
    assert lines[2].split()[:3] == ["plain_mse/1", "0.5958", "-0.1000*"]
    assert lines[-1] == "reports/loss/index.html"


def test_the_table_can_be_read_back(two_runs):
    compare("runs/baseline", "runs/plain_mse", "-o", "out")
    with (two_runs / "out" / "table.csv").open() as file:
        reference, other, idle = csv.DictReader(file)
    assert [row["run"] for row in (reference, other, idle)] == [
        "baseline/1",
        "plain_mse/1",
        "doing nothing",
    ]
    assert reference["ssim_difference"] == ""
    assert float(other["ssim_low"]) == pytest.approx(-0.1)
    assert other["ssim_verdict"] == "worse"
    assert (other["minutes"], idle["minutes"]) == ("30.0", "")
    content = json.loads((two_runs / "out" / "summary.json").read_text())
    assert content["reference"] == "baseline/1"
    assert content["lines"][1]["figures"]["ssim"]["difference"] == pytest.approx(-0.1)
    assert content["method"]["resamples"] == 200


def test_the_same_seed_writes_the_same_report(two_runs):
    for name in ("one", "two"):
        compare("runs/baseline", "runs/plain_mse", "-o", name)
    for file in ("index.html", "table.csv", "summary.json"):
        assert (two_runs / "one" / file).read_bytes() == (two_runs / "two" / file).read_bytes()
    compare("runs/baseline", "runs/plain_mse", "-o", "three", "--seed", "1")
    seeded = (two_runs / "three" / "table.csv").read_bytes()
    assert seeded != (two_runs / "one" / "table.csv").read_bytes()


def test_a_report_is_named_after_its_runs_and_stays_in_reports(two_runs):
    compare("runs")
    assert (two_runs / "reports" / "baseline-plain_mse" / "index.html").is_file()
    folder = draw_run(two_runs / "odd", "x")
    info = json.loads((folder / "run.json").read_text()) | {"name": "../../up"}
    (folder / "run.json").write_text(json.dumps(info))
    compare(folder)
    names = {path.name for path in (two_runs / "reports").iterdir()}
    assert names == {"baseline-plain_mse", "_.._up"}


def test_a_run_without_evaluation_names_the_command(two_runs):
    draw_run(two_runs / "runs", "new", evaluation=None)
    with pytest.raises(
        DatasetError, match="`deepflash evaluate runs/new/1 --pairs DIR --split test`"
    ):
        compare("runs/baseline", "runs/new", "-o", "out")
    assert not (two_runs / "out").exists()


def test_of_several_evaluations_the_one_on_the_training_pairs_is_meant(two_runs):
    for name in ("baseline", "plain_mse"):
        evaluations = two_runs / "runs" / name / "1" / "eval"
        shutil.copytree(evaluations / "drawn-test", evaluations / "other-test")
        path = evaluations / "other-test" / "summary.json"
        summary = json.loads(path.read_text()) | {"pairs": "pairs/other", "size": 7}
        path.write_text(json.dumps(summary))
    compare("runs/baseline", "runs/plain_mse", "-o", "out")
    chosen = json.loads((two_runs / "out" / "summary.json").read_text())["evaluation"]
    assert chosen["pairs"] == "pairs/drawn"
    compare("runs/baseline", "runs/plain_mse", "-o", "out", "--pairs", "pairs/other")
    chosen = json.loads((two_runs / "out" / "summary.json").read_text())["evaluation"]
    assert chosen["pairs"] == "pairs/other"


def test_several_evaluations_elsewhere_need_a_choice(two_runs):
    folder = draw_run(two_runs / "runs", "far", evaluation="x-test")
    shutil.copytree(folder / "eval" / "x-test", folder / "eval" / "y-test")
    with pytest.raises(UsageError, match=r"several evaluations \(x-test, y-test\)"):
        compare(folder, "-o", "out")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--figure", "beauty"], r"no run measured 'beauty'; --figure can be one of ssim, psnr"),
        (["--resamples", "5"], "--resamples is 5; it must be 100 or more"),
        (["--seed", "-1"], "--seed is -1"),
        (["--split", "tset"], "tset"),
        (["--colour"], "colour"),
    ],
)
def test_senseless_arguments_are_refused_in_one_line(two_runs, capsys, words, message):
    assert cli.main(["compare", "runs/baseline", "-o", "out", *words]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    with pytest.raises(UsageError, match=message):
        cli.run(["compare", "runs/baseline", "-o", "out", *words])
    assert not (two_runs / "out").exists()


def test_a_damaged_picture_leaves_the_old_report_alone(two_runs):
    compare("runs/baseline", "-o", "out")
    before = (two_runs / "out" / "index.html").read_bytes()
    for path in (two_runs / "runs/baseline/1/eval/drawn-test/pictures").glob("*_result.jpg"):
        path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(PictureError, match="is truncated"):
        compare("runs/baseline", "-o", "out")
    assert (two_runs / "out" / "index.html").read_bytes() == before


@pytest.mark.slow
def test_runs_that_were_never_evaluated_are_evaluated_first(tmp_path, pytestconfig):
    def deepflash(*words: str) -> None:
        environment = os.environ | {"PYTHONPATH": str(pytestconfig.rootpath)}
        command = [sys.executable, "-m", "deepflash", *words]
        subprocess.run(command, cwd=tmp_path, env=environment, check=True)

    shutil.copytree(pytestconfig.rootpath / "experiments", tmp_path / "experiments")
    deepflash("draw", "--people", "24", "--poses", "1", "--size", "64")
    tiny = ["--data.size", "64", "--trainer.max_steps", "2", "--run.wandb", "false"]
    tiny += ["--data.root", "pairs/drawn"]
    deepflash("fit", "--exp", "quickstart", *tiny)
    deepflash("compare", "runs/quickstart", "--pairs", "pairs/drawn", "-o", "out")
    rows = Run(tmp_path / "runs" / "quickstart" / "1").evaluations["drawn-test"].rows
    content = json.loads((tmp_path / "out" / "summary.json").read_text())
    measured = content["lines"][0]["figures"]["ssim"]["mean"]
    assert measured == pytest.approx(np.mean([row.figures["ssim"] for row in rows]))
