"""`deepflash enhance` with networks, from files to files, and its processes."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import deepflash
from deepflash.filters import Bilateral
from deepflash.model_file import save_model
from deepflash.nets.compact import CompactUNet
from tests.enhance.command import (
    draw_photo,
    draw_photos,
    enhance,
    files_in,
    one_error_line,
    results_in,
)

PROJECT = Path(deepflash.__file__).parents[1]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model file of a real network whose weights nobody trained."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("models") / "untrained.safetensors"
    header = {
        "network": {"class_path": "deepflash.nets.compact.CompactUNet", "init_args": {}},
        "filter": {
            "class_path": f"deepflash.filters.{Bilateral.__name__}",
            "init_args": {"sigma_s": 2.0, "compiled": False},
        },
        "target": {"class_path": "deepflash.targets.Difference", "init_args": {}},
        "size": 48,
    }
    net = CompactUNet()
    for parameter in net.parameters():  # fresh ones change nothing at all
        torch.nn.init.normal_(parameter, std=0.1)
    save_model(path, net.state_dict(), header)
    return path


def _forced(model, *words):
    """With the real enhancer; the drawn gradients hold no face."""
    return enhance("--model", model, "--force", *words)


# --- the real enhancer ------------------------------------------------------------------------


def test_a_file_becomes_a_file(model, tmp_path, capsys):
    source = draw_photo(tmp_path / "in.png")
    before = source.read_bytes()
    assert enhance("--model", model, source) == 0
    assert capsys.readouterr().out.startswith(f"left alone {source}: ")
    assert _forced(model, source, "-o", tmp_path / "sub" / "out.png") == 0
    assert capsys.readouterr().out.startswith("enhanced 1 of 1 into ")
    result = cv2.imread(str(tmp_path / "sub" / "out.png"))
    assert result.shape == (52, 70, 3)
    assert (result != cv2.imread(str(source))).mean() > 0.5
    assert source.read_bytes() == before
    assert files_in(tmp_path / "sub") == ["out.png"]


def test_strength_offset_and_size_change_the_result(model, tmp_path):
    source = draw_photo(tmp_path / "in.png")
    variants = [[], ["--strength", "0"], ["--offset", "input"], ["--size", "20"]]
    results = []
    for index, words in enumerate(variants):
        out = tmp_path / f"{index}.png"
        assert _forced(model, source, "-o", out, *words) == 0
        results.append(cv2.imread(str(out)).astype(int))
    before = cv2.imread(str(source)).astype(int)
    whole, none, kept, small = results
    assert (none == before).all()
    assert np.abs(kept.mean((0, 1)) - before.mean((0, 1))).max() < 1
    assert (small != whole).any()


def test_a_folder_of_many_formats(model, tmp_path):
    photos = tmp_path / "photos"
    for name in ("a.jpg", "sub/b.png", "sub/ü 写真.webp", "c.bmp", ".hidden/d.png"):
        draw_photo(photos / name)
    (photos / "notes.txt").write_text("no picture")
    assert _forced(model, photos, "-o", tmp_path / "out", "--jobs", "1") == 0
    assert results_in(tmp_path / "out") == ["a.jpg", "c.png", "sub/b.png", "sub/ü 写真.webp"]


def test_the_preview_shows_before_and_after(model, tmp_path):
    source = draw_photo(tmp_path / "in.png")
    assert _forced(model, source, "-o", tmp_path / "out", "--preview") == 0
    assert results_in(tmp_path / "out") == ["in.png", "in.preview.jpg"]
    both = cv2.imread(str(tmp_path / "out" / "in.preview.jpg")).astype(int)
    assert both.shape == (52, 70 + 8 + 70, 3)
    for half, name in ((both[:, :70], source), (both[:, 78:], tmp_path / "out" / "in.png")):
        assert np.abs(half - cv2.imread(str(name))).mean() < 4


def test_a_16_bit_picture_with_alpha_comes_out_as_it_went_in(model, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 65535, (30, 40, 4), dtype=np.uint16)
    assert cv2.imwrite(str(tmp_path / "in.png"), pixels)
    assert _forced(model, tmp_path / "in.png", "-o", tmp_path / "out.png") == 0
    result = cv2.imread(str(tmp_path / "out.png"), cv2.IMREAD_UNCHANGED)
    assert result.dtype == np.uint16
    np.testing.assert_array_equal(result[..., 3], pixels[..., 3])


def test_quality_reaches_the_file(model, tmp_path):
    source = draw_photo(tmp_path / "in.jpg", quality=95)
    for quality in ("30", "90"):
        out = tmp_path / f"{quality}.jpg"
        assert _forced(model, source, "-o", out, "--quality", quality) == 0
    assert (tmp_path / "30.jpg").stat().st_size < 0.8 * (tmp_path / "90.jpg").stat().st_size


def test_one_pixel(model, tmp_path):
    draw_photo(tmp_path / "in.png", size=(1, 1))
    assert _forced(model, tmp_path / "in.png", "-o", tmp_path / "out.png") == 0


def test_broken_files_are_one_line_each(model, tmp_path, capsys):
    whole = draw_photo(tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("no picture")
    for name in ("cut.jpg", "text.jpg", "missing.jpg"):
        assert _forced(model, tmp_path / name, "-o", tmp_path / "out.jpg") == 2
        assert name in one_error_line(capsys)
        assert not (tmp_path / "out.jpg").exists()


def test_a_model_that_is_none_is_told_before_any_photograph_is_touched(tmp_path, capsys):
    source = tmp_path / "missing.png"  # reading it would be another error
    (tmp_path / "bad.safetensors").write_bytes(b"no model")
    words = ("--model", tmp_path / "bad.safetensors", source, "--report", tmp_path / "r.json")
    assert enhance(*words) == 2
    assert "bad.safetensors" in one_error_line(capsys)
    assert files_in(tmp_path) == ["bad.safetensors"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder(model, tmp_path, capsys):
    source = draw_photo(tmp_path / "in.png")
    (tmp_path / "locked").mkdir(mode=0o500)
    assert _forced(model, source, "-o", tmp_path / "locked") == 2
    assert "cannot write" in one_error_line(capsys)


def test_a_file_where_the_output_folder_should_be(model, tmp_path, capsys):
    source = draw_photo(tmp_path / "in.png")
    (tmp_path / "file").touch()
    assert _forced(model, source, "-o", tmp_path / "file" / "out.png") == 2
    assert "cannot write" in one_error_line(capsys)


def test_a_really_full_disk_is_one_line_and_leaves_nothing(model, tmp_path, capsys):
    source, out = draw_photo(tmp_path / "in.png", size=(300, 200)), tmp_path / "out"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400, hard))
    try:
        code = _forced(model, source, "-o", out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert code == 2
    assert "cannot write" in one_error_line(capsys)
    assert files_in(out) == []
    assert _forced(model, source, "-o", out) == 0


# --- the process ------------------------------------------------------------------------------


def test_help_and_mistakes_do_not_wait_for_heavy_packages():
    code = (
        "import sys; from deepflash.cli import main\n"
        "assert main(['enhance', 'x', '--strength', '9']) == 2\n"
        "try: main(['enhance', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'cv2', 'onnxruntime', 'PIL', 'numpy', 'multiprocessing'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT)
    assert "--strength must be" in done.stderr
    assert done.returncode == 0, done.stderr
    for word in ("PHOTO|FOLDER", "the look:", "--background {keep,studio,blur}", "--no-red-eyes"):
        assert word in done.stdout
    assert "type:" not in done.stdout


def test_the_weights_that_come_along_need_no_torch(tmp_path):
    source = PROJECT / "deepflash" / "starter" / "flash" / "person00004-00-1.jpg"
    code = (
        "import sys; sys.modules['torch'] = None\n"  # as where it is not installed
        "from deepflash.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    words = ["enhance", str(source), "-o", str(tmp_path / "out.jpg")]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=PROJECT
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("enhanced 1 of 1 into ")
    before, after = cv2.imread(str(source)), cv2.imread(str(tmp_path / "out.jpg"))
    assert before.shape == after.shape
    assert np.abs(before.astype(int) - after).mean() > 2


@pytest.mark.slow
def test_ctrl_c_with_several_processes_keeps_what_is_done(tmp_path):
    photos = tmp_path / "in"
    draw_photos(photos, *(f"{index:03}.png" for index in range(300)))
    words = ["enhance", str(photos), "--force", "--jobs", "2"]
    started = subprocess.Popen(
        [sys.executable, "-m", "deepflash", *words],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    out, end = tmp_path / "in-portraits", time.monotonic() + 60
    while not any(out.glob("*.png")):
        assert time.monotonic() < end
        time.sleep(0.02)
    os.killpg(started.pid, signal.SIGINT)
    _, errors = started.communicate(timeout=60)
    assert started.returncode == 130
    assert len(errors.splitlines()) == 1
    assert errors.startswith("deepflash: stopped with ")
    for name in results_in(out):
        assert cv2.imread(str(out / name)).shape == (52, 70, 3)
    assert 0 < len(results_in(out)) < 300


@pytest.mark.slow
def test_several_processes_give_what_one_gives(tmp_path, capsys):
    photos = tmp_path / "in"
    for index in range(5):
        draw_photo(photos / f"{index}.png", seed=10 * index)
    (photos / "text.jpg").write_text("no picture")
    for jobs in ("1", "2"):
        report = ("--report", tmp_path / f"{jobs}.json")
        words = (photos, "-o", tmp_path / jobs, "--jobs", jobs, *report)
        assert enhance("--force", *words) == 2
        assert capsys.readouterr().out.startswith("enhanced 5 of 6 into ")
    reports = [json.loads((tmp_path / f"{jobs}.json").read_text()) for jobs in ("1", "2")]
    names = [[Path(photo["source"]).name for photo in report["photos"]] for report in reports]
    assert names[0] == names[1] == sorted(names[0])
    for index in range(5):
        one, two = (cv2.imread(str(tmp_path / jobs / f"{index}.png")) for jobs in ("1", "2"))
        np.testing.assert_array_equal(one, two)


@pytest.mark.local
def test_the_photographs_at_hand(model, tmp_path):
    photos = PROJECT.parent / "shared" / "data" / "photos"
    if not photos.is_dir():
        pytest.skip("no photographs at hand")
    assert _forced(model, photos, "-o", tmp_path / "out", "--preview") == 0
