"""`deepflash enhance` through its front door: files, folders, resuming, faults."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

import deepflash
from deepflash.cli import main
from deepflash.enhance.cli import newest_model
from deepflash.enhance.plan import plan_jobs
from deepflash.errors import ModelFileError, UsageError
from deepflash.filters import Bilateral
from deepflash.model_file import save_model
from deepflash.nets.compact import CompactUNet

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


def _photo(path, seed=0, size=(70, 52), **options):
    y, x = np.mgrid[: size[1], : size[0]]
    pixels = np.stack([x / size[0], y / size[1], 0.5 + 0 * x], axis=-1) * 200 + seed
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path, **options)
    return path


def _enhance(model, *words):
    return main(["enhance", "--model", str(model), *map(str, words)])


def _files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def _one_error_line(capsys):
    lines = [line for line in capsys.readouterr().err.splitlines() if "photo/s" not in line]
    assert len(lines) == 1, lines
    assert lines[0].startswith("deepflash: ")
    return lines[0]


# --- what comes out ---------------------------------------------------------------------------


def test_a_file_becomes_a_file(model, tmp_path, capsys):
    source = _photo(tmp_path / "in.png")
    before = source.read_bytes()
    assert _enhance(model, source, "-o", tmp_path / "sub" / "out.png") == 0
    assert capsys.readouterr().out.startswith("enhanced 1 of 1 into ")
    result = cv2.imread(str(tmp_path / "sub" / "out.png"))
    assert result.shape == (52, 70, 3)
    assert (result != cv2.imread(str(source))).mean() > 0.5
    assert source.read_bytes() == before
    assert _files(tmp_path / "sub") == ["out.png"]


def test_strength_zero_writes_the_same_pixels(model, tmp_path):
    source = _photo(tmp_path / "in.png")
    assert _enhance(model, source, "-o", tmp_path / "out.png", "--strength", "0") == 0
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "out.png")), cv2.imread(str(source)))


def test_strength_offset_and_size_reach_the_pipeline(model, tmp_path):
    source = _photo(tmp_path / "in.png")
    variants = [[], ["--strength", "0.5"], ["--offset", "input"], ["--size", "20"]]
    results = []
    for index, words in enumerate(variants):
        out = tmp_path / f"{index}.png"
        assert _enhance(model, source, "-o", out, *words) == 0
        results.append(cv2.imread(str(out)).astype(int))
    before = cv2.imread(str(source)).astype(int)
    whole, half, kept, small = results
    assert np.abs(half - before).mean() == pytest.approx(np.abs(whole - before).mean() / 2, rel=0.2)
    assert np.abs(kept.mean((0, 1)) - before.mean((0, 1))).max() < 1
    assert (small != whole).any()


def test_quality_reaches_the_file(model, tmp_path):
    source = _photo(tmp_path / "in.jpg", quality=95)
    for quality in ("30", "90"):
        assert _enhance(model, source, "-o", tmp_path / f"{quality}.jpg", "--quality", quality) == 0
    assert (tmp_path / "30.jpg").stat().st_size < 0.8 * (tmp_path / "90.jpg").stat().st_size


def test_a_folder_becomes_a_folder_with_the_same_paths(model, tmp_path):
    photos = tmp_path / "photos"
    for name in ("a.jpg", "sub/b.png", "sub/ü 写真.webp", "c.bmp", ".hidden/d.png"):
        _photo(photos / name)
    (photos / "notes.txt").write_text("no picture")
    assert _enhance(model, photos, "-o", tmp_path / "out") == 0
    assert _files(tmp_path / "out") == ["a.jpg", "c.png", "sub/b.png", "sub/ü 写真.webp"]


def test_an_output_folder_inside_the_input_is_not_read(model, tmp_path, capsys):
    photos = tmp_path / "photos"
    _photo(photos / "a.jpg")
    for expected in ("enhanced 1 of 1", "enhanced 0 of 1, skipped 1"):
        assert _enhance(model, photos, "-o", photos / "out") == 0
        assert capsys.readouterr().out.startswith(expected)
    assert _files(photos) == ["a.jpg", "out/a.jpg"]


def test_the_preview_shows_before_and_after(model, tmp_path):
    source = _photo(tmp_path / "in.png")
    assert _enhance(model, source, "-o", tmp_path / "out", "--preview") == 0
    assert _files(tmp_path / "out") == ["in.png", "in.preview.jpg"]
    both = cv2.imread(str(tmp_path / "out" / "in.preview.jpg")).astype(int)
    assert both.shape == (52, 70 + 8 + 70, 3)
    for half, name in ((both[:, :70], source), (both[:, 78:], tmp_path / "out" / "in.png")):
        assert np.abs(half - cv2.imread(str(name))).mean() < 4


def test_a_turned_16_bit_picture_with_alpha_comes_out_as_it_went_in(model, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 65535, (30, 40, 4), dtype=np.uint16)
    assert cv2.imwrite(str(tmp_path / "in.png"), pixels)
    assert _enhance(model, tmp_path / "in.png", "-o", tmp_path / "out.png") == 0
    result = cv2.imread(str(tmp_path / "out.png"), cv2.IMREAD_UNCHANGED)
    assert result.dtype == np.uint16
    np.testing.assert_array_equal(result[..., 3], pixels[..., 3])
    block = Image.Exif()
    block[0x0112] = 6
    _photo(tmp_path / "turned.jpg", exif=block.tobytes())
    assert _enhance(model, tmp_path / "turned.jpg", "-o", tmp_path / "upright.jpg") == 0
    with Image.open(tmp_path / "upright.jpg") as image:
        assert image.size == (52, 70)
        assert image.getexif()[0x0112] == 1


def test_one_pixel(model, tmp_path):
    _photo(tmp_path / "in.png", size=(1, 1))
    assert _enhance(model, tmp_path / "in.png", "-o", tmp_path / "out.png") == 0


# --- resuming ---------------------------------------------------------------------------------


def test_what_exists_is_skipped_unless_asked(model, tmp_path, capsys):
    photos, out = tmp_path / "photos", tmp_path / "out"
    _photo(photos / "a.png")
    _photo(photos / "b.png")
    out.mkdir()
    (out / "a.png").write_bytes(b"from an earlier run")
    assert _enhance(model, photos, "-o", out) == 0
    assert capsys.readouterr().out.startswith("enhanced 1 of 2, skipped 1 that exist already")
    assert (out / "a.png").read_bytes() == b"from an earlier run"
    assert _enhance(model, photos, "-o", out, "--overwrite") == 0
    assert capsys.readouterr().out.startswith("enhanced 2 of 2 into ")
    assert cv2.imread(str(out / "a.png")) is not None


def test_a_missing_preview_is_made_up_for(model, tmp_path):
    source, out = _photo(tmp_path / "in.png"), tmp_path / "out"
    for words in ([], ["--preview"]):
        assert _enhance(model, source, "-o", out, *words) == 0
    assert _files(out) == ["in.png", "in.preview.jpg"]


# --- faults -----------------------------------------------------------------------------------


def test_one_broken_picture_is_one_line(model, tmp_path, capsys):
    whole = _photo(tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("no picture")
    for name in ("cut.jpg", "text.jpg", "missing.jpg"):
        assert _enhance(model, tmp_path / name, "-o", tmp_path / "out.jpg") == 2
        assert name in _one_error_line(capsys)
        assert not (tmp_path / "out.jpg").exists()


def test_broken_pictures_among_many_are_told_at_the_end_and_the_others_done(
    model, tmp_path, capsys
):
    photos = tmp_path / "photos"
    for name in ("a.png", "z.png"):
        _photo(photos / name)
    for index in range(7):
        (photos / f"m{index}.jpg").write_text("no picture")
    assert _enhance(model, photos, "-o", tmp_path / "out") == 2
    captured = capsys.readouterr()
    assert captured.out.startswith("enhanced 2 of 9 into ")
    line = captured.err.splitlines()[-1]
    assert line.startswith("deepflash: 7 photographs could not be enhanced: ")
    assert "m0.jpg" in line
    assert line.endswith("and 2 more")
    assert _files(tmp_path / "out") == ["a.png", "z.png"]


def test_the_input_is_never_the_output(model, tmp_path, capsys):
    source = _photo(tmp_path / "photos" / "in.png")
    before = source.read_bytes()
    for words in (
        [source, "-o", source],
        [source, "-o", source.parent],
        [source.parent, "-o", source.parent, "--overwrite"],
    ):
        assert _enhance(model, *words) == 2
        assert "choose another --out" in _one_error_line(capsys)
    assert source.read_bytes() == before


def test_two_photographs_of_one_name_are_refused_before_any_work(model, tmp_path, capsys):
    for folder in ("x", "y"):
        _photo(tmp_path / folder / "in.png")
    _photo(tmp_path / "z" / "IN.bmp")
    for other in ("y/in.png", "z/IN.bmp"):
        words = [tmp_path / "x" / "in.png", tmp_path / other, "-o", tmp_path / "out"]
        assert _enhance(model, *words) == 2
        assert "would both be written" in _one_error_line(capsys)
    assert not (tmp_path / "out").exists()


def test_the_same_photograph_named_twice_is_enhanced_once(tmp_path):
    source = _photo(tmp_path / "in.png")
    jobs = plan_jobs([source, tmp_path], tmp_path / "out", preview=False)
    assert [job.source for job in jobs] == [source]


def test_a_preview_never_lands_on_another_result(tmp_path):
    first, second = _photo(tmp_path / "a.png"), _photo(tmp_path / "a.preview.jpg")
    assert len(plan_jobs([first, second], tmp_path / "out", preview=False)) == 2
    with pytest.raises(UsageError, match="both be written"):
        plan_jobs([first, second], tmp_path / "out", preview=True)


def test_a_folder_without_photographs(model, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert _enhance(model, tmp_path / "empty", "-o", tmp_path / "out") == 2
    assert "holds no photographs" in _one_error_line(capsys)


def test_several_photographs_need_a_folder(model, tmp_path, capsys):
    first, second = _photo(tmp_path / "a.png"), _photo(tmp_path / "b.png")
    out = _photo(tmp_path / "out.png")
    assert _enhance(model, first, second, "-o", out) == 2
    assert "is a file" in _one_error_line(capsys)
    assert _enhance(model, first, second, "-o", tmp_path / "two.jpg") == 2
    assert "several need a folder" in _one_error_line(capsys)
    assert _enhance(model, first, "-o", tmp_path / "x.txt") == 2
    assert "can become .jpg, .jpeg, .png" in _one_error_line(capsys)
    assert not (tmp_path / "x.txt").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--strength", "1.6"], "--strength must be"),
        (["--strength", "nan"], "strength"),
        (["--quality", "0"], "--quality must be"),
        (["--size", "0"], "--size must be"),
        (["--offset", "guess"], "offset"),
    ],
)
def test_bad_settings_are_one_line(model, tmp_path, capsys, words, message):
    source = _photo(tmp_path / "in.png")
    assert _enhance(model, source, "-o", tmp_path / "out.png", *words) == 2
    assert message in _one_error_line(capsys)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder(model, tmp_path, capsys):
    source = _photo(tmp_path / "in.png")
    (tmp_path / "locked").mkdir(mode=0o500)
    assert _enhance(model, source, "-o", tmp_path / "locked") == 2
    assert "cannot write" in _one_error_line(capsys)


def test_a_file_where_the_output_folder_should_be(model, tmp_path, capsys):
    source = _photo(tmp_path / "in.png")
    (tmp_path / "file").touch()
    assert _enhance(model, source, "-o", tmp_path / "file" / "out.png") == 2
    assert "cannot write" in _one_error_line(capsys)


def test_a_full_disk_is_one_line_and_leaves_nothing(model, tmp_path, capsys):
    source, out = _photo(tmp_path / "in.png", size=(300, 200)), tmp_path / "out"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400, hard))
    try:
        code = _enhance(model, source, "-o", out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert code == 2
    assert "cannot write" in _one_error_line(capsys)
    assert _files(out) == []
    assert _enhance(model, source, "-o", out) == 0


# --- the model --------------------------------------------------------------------------------


def test_without_a_model_the_line_says_how_to_get_one(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _photo(tmp_path / "in.png")
    assert main(["enhance", "in.png", "-o", "out.png"]) == 2
    line = _one_error_line(capsys)
    assert "make train EXP=quickstart" in line
    assert "deepflash export" in line


def test_the_newest_model_is_taken(model, tmp_path, monkeypatch):
    with pytest.raises(ModelFileError):
        newest_model(tmp_path)
    for age, name in enumerate(("b", "a", "c")):
        path = tmp_path / "models" / f"{name}.safetensors"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(model.read_bytes())
        os.utime(path, (1000 - age, 1000 - age))
    assert newest_model(tmp_path / "models").name == "b.safetensors"
    monkeypatch.chdir(tmp_path)
    _photo(tmp_path / "in.png")
    assert main(["enhance", "in.png", "-o", "out.png"]) == 0


def test_a_model_that_is_none_is_one_line(tmp_path, capsys):
    source = _photo(tmp_path / "in.png")
    (tmp_path / "bad.safetensors").write_bytes(b"no model")
    assert _enhance(tmp_path / "bad.safetensors", source, "-o", tmp_path / "out.png") == 2
    assert "bad.safetensors" in _one_error_line(capsys)


def test_help_and_mistakes_do_not_wait_for_torch():
    code = (
        "import sys; from deepflash.cli import main; main(['enhance', 'x', '-o', 'y', "
        "'--strength', '9']); sys.exit('torch' in sys.modules or 'cv2' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT)
    assert "--strength must be" in done.stderr
    assert done.returncode == 0


@pytest.mark.local
def test_the_photographs_at_hand(model, tmp_path):
    photos = PROJECT.parent / "shared" / "data" / "photos"
    if not photos.is_dir():
        pytest.skip("no photographs at hand")
    assert _enhance(model, photos, "-o", tmp_path / "out", "--preview") == 0
