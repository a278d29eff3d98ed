"""`deepflash enhance` through its front door: options, verdicts, resuming, faults, the report."""

import json
import os
from pathlib import Path

import pytest

from deepflash.enhance import batch
from deepflash.enhance.look import Look
from tests.enhance.command import (
    draw_photo,
    draw_photos,
    enhance,
    files_in,
    one_error_line,
    results_in,
)
from tests.enhance.stand_in import StandIn, portrait_of


@pytest.fixture
def stand_in(monkeypatch):
    """Makes the command use an enhancer without networks."""
    enhancer = StandIn()
    monkeypatch.setattr(batch, "new_enhancer", lambda _: enhancer)
    return enhancer


# --- where results go -------------------------------------------------------------------------


@pytest.mark.usefixtures("stand_in")
def test_one_photograph_gets_a_portrait_beside_it(tmp_path, capsys):
    source = draw_photo(tmp_path / "in.png")
    before = source.read_bytes()
    assert enhance(source) == 0
    out = capsys.readouterr().out
    assert out == f"enhanced 1 of 1 into {tmp_path}/in.portrait.png with stand-in\n"
    assert files_in(tmp_path) == ["in.png", "in.portrait.png"]
    assert portrait_of(source, tmp_path / "in.portrait.png")
    assert source.read_bytes() == before


def test_a_folder_gets_a_folder_beside_it_and_a_second_run_changes_nothing(
    stand_in, tmp_path, capsys
):
    photos = draw_photos(tmp_path / "holiday", "a.png", "sub/b.png", "old.portrait.png")
    for expected in (
        f"enhanced 2 of 2 into {photos}-portraits with stand-in\n",
        "enhanced 0 of 2, skipped 2 that exist already (--overwrite writes them again)\n",
    ):
        assert enhance(photos) == 0
        assert capsys.readouterr().out == expected
        assert results_in(tmp_path / "holiday-portraits") == ["a.png", "sub/b.png"]
    assert len(stand_in.calls) == 2
    assert len(files_in(photos)) == 3


@pytest.mark.usefixtures("stand_in")
def test_several_photographs_are_told_in_one_line(tmp_path, capsys):
    first, second = draw_photo(tmp_path / "a.png"), draw_photo(tmp_path / "b.png")
    assert enhance(first, second) == 0
    assert capsys.readouterr().out == "enhanced 2 of 2 into files beside them with stand-in\n"


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize(
    "name",
    ["1.png", "null.png", "[a], b.png", "{a: b}.png", "a b.png", "#.png", "ü 写真.png", "~.png"],
)
def test_any_name_is_a_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    draw_photo(tmp_path / name)
    assert enhance(name, "-o", f"out of {name}") == 0
    assert portrait_of(tmp_path / name, tmp_path / f"out of {name}")


# --- what is asked for ------------------------------------------------------------------------


def test_all_options_reach_the_enhancer(stand_in, tmp_path):
    source = draw_photo(tmp_path / "in.png")
    assert enhance(source) == 0
    words = "--strength 0.7 --offset input --region face --background blur --no-red-eyes"
    words += " --force --strip --quality 80 --overwrite --preview"
    assert enhance(source, *words.split()) == 0
    plain = {"source": "in.png", "look": Look(), "strip": False, "quality": None, "force": False}
    look = Look(0.7, "input", "face", "blur", red_eyes=False)
    asked = {"source": "in.png", "look": look, "strip": True, "quality": 80, "force": True}
    assert stand_in.calls == [plain, asked]
    assert files_in(tmp_path) == ["in.png", "in.portrait.png", "in.portrait.preview.jpg"]


def test_model_and_size_reach_the_enhancer(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(batch, "new_enhancer", lambda r: asked.append(r) or StandIn())
    assert enhance(draw_photo(tmp_path / "in.png"), "--model", "m.onnx", "--size", "300") == 0
    assert (asked[0].model, asked[0].size) == (Path("m.onnx"), 300)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--strength", "1.6"], "--strength must be"),
        (["--strength", "nan"], "strength"),
        (["--quality", "0"], "--quality must be"),
        (["--size", "0"], "--size must be"),
        (["--jobs", "-1"], "--jobs must be"),
        (["--offset", "guess"], "offset"),
        (["--region", "hair"], "region"),
        (["--background", "beach"], "background"),
        (["--report", "."], "is a folder"),
        (["--report", "new.jpg"], "is a picture"),
        (["--nonsense"], "nonsense"),
    ],
)
def test_bad_options_are_one_line_before_anything_is_touched(
    stand_in, tmp_path, capsys, monkeypatch, words, message
):
    monkeypatch.chdir(tmp_path)
    draw_photo(tmp_path / "in.png")
    assert enhance("in.png", *words) == 2
    assert message in one_error_line(capsys)
    assert files_in(tmp_path) == ["in.png"]
    assert stand_in.calls == []


# --- what is left alone -----------------------------------------------------------------------


@pytest.mark.usefixtures("stand_in")
def test_what_is_no_flash_portrait_is_left_alone_and_that_is_no_error(tmp_path, capsys):
    source = draw_photo(tmp_path / "no_face.png")
    assert enhance(source) == 0
    expected = f"left alone {source}: there is no face in it (--force enhances it anyway)\n"
    assert capsys.readouterr().out == expected
    assert files_in(tmp_path) == ["no_face.png"]
    assert enhance(source, "--force") == 0
    assert capsys.readouterr().out.startswith("enhanced 1 of 1 into ")
    assert files_in(tmp_path) == ["no_face.png", "no_face.portrait.png"]


def test_a_folder_remembers_what_was_left_alone(stand_in, tmp_path, capsys):
    photos = draw_photos(tmp_path / "in", "a.png", "damaged.png", "not_flash.png")
    told = [
        f"left alone {photos}/damaged.png: all of it is black (--force enhances it anyway)",
        f"left alone {photos}/not_flash.png: the light does not come from a flash (--force "
        "enhances it anyway)",
    ]
    assert enhance(photos) == 0
    first = capsys.readouterr().out.splitlines()
    assert first[:2] == told
    assert first[2].startswith("enhanced 1 of 3, left 2 alone into ")
    assert enhance(photos) == 0
    second = capsys.readouterr().out.splitlines()
    assert second[:2] == told
    assert second[2].startswith("enhanced 0 of 3, left 2 alone, skipped 1 that exist")
    assert len(stand_in.calls) == 3


def test_what_is_remembered_is_asked_again_when_it_changes_or_is_forced(stand_in, tmp_path):
    photos = draw_photos(tmp_path / "in", "no_face.png", "not_flash.png")
    assert enhance(photos) == 0
    draw_photo(photos / "no_face.png", seed=20, size=(80, 40))
    assert enhance(photos) == 0
    assert [call["source"] for call in stand_in.calls[2:]] == ["no_face.png"]
    assert enhance(photos, "--overwrite") == 0
    assert len(stand_in.calls) == 5
    assert enhance(photos, "--force") == 0
    assert results_in(tmp_path / "in-portraits") == ["no_face.png", "not_flash.png"]


@pytest.mark.usefixtures("stand_in")
def test_a_folder_with_nothing_to_enhance_says_so(tmp_path, capsys):
    photos = draw_photos(tmp_path / "in", "no_face.png", "damaged.png")
    assert enhance(photos) == 0
    assert capsys.readouterr().out.splitlines()[2:] == ["enhanced 0 of 2, left 2 alone"]


@pytest.mark.usefixtures("stand_in")
def test_a_name_that_is_no_text_can_be_told(tmp_path, capsys):
    draw_photo(tmp_path / "plain.png").rename(tmp_path / os.fsdecode(b"no_face \xe9.png"))
    assert enhance(tmp_path) == 0
    assert r"no_face \udce9.png: there is no face" in capsys.readouterr().out


# --- resuming ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("stand_in")
def test_what_exists_is_skipped_unless_asked(tmp_path, capsys):
    photos, out = draw_photos(tmp_path / "photos", "a.png", "b.png"), tmp_path / "out"
    out.mkdir()
    (out / "a.png").write_bytes(b"from an earlier run")
    assert enhance(photos, "-o", out) == 0
    assert capsys.readouterr().out.startswith("enhanced 1 of 2, skipped 1 that exist already")
    assert (out / "a.png").read_bytes() == b"from an earlier run"
    assert enhance(photos, "-o", out, "--overwrite") == 0
    assert capsys.readouterr().out.startswith("enhanced 2 of 2 into ")
    assert portrait_of(photos / "a.png", out / "a.png")


@pytest.mark.usefixtures("stand_in")
def test_a_missing_preview_is_made_up_for(tmp_path):
    source, out = draw_photo(tmp_path / "in.png"), tmp_path / "out"
    for words in ([], ["--preview"]):
        assert enhance(source, "-o", out, *words) == 0
    assert results_in(out) == ["in.png", "in.preview.jpg"]


def test_ctrl_c_is_one_line_and_the_same_command_goes_on(stand_in, tmp_path, capsys):
    photos = draw_photos(tmp_path / "in", "a.png", "no_face.png", "stop.png", "z.png")
    words = (photos, "--report", tmp_path / "r.json", "--jobs", "1")
    assert enhance(*words) == 130
    line = one_error_line(capsys)
    assert "stopped with 2 of 4 photographs to go; the same command goes on" in line
    assert results_in(tmp_path / "in-portraits") == ["a.png"]
    report = json.loads((tmp_path / "r.json").read_text())
    assert [photo["status"] for photo in report["photos"]] == ["enhanced", "left_alone"]
    assert report["summary"]["not_reached"] == 2
    (photos / "stop.png").rename(photos / "start.png")
    assert enhance(*words) == 0
    assert [call["source"] for call in stand_in.calls[3:]] == ["start.png", "z.png"]


# --- faults -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bad.png", "bad.png is damaged"),
        ("memory.png", "memory.png does not fit into memory"),
        ("odd.png", "odd.png cannot be enhanced (ValueError: operands do not fit)"),
        ("opencv.png", "opencv.png cannot be enhanced (error: assertion failed)"),
    ],
)
@pytest.mark.usefixtures("stand_in")
def test_one_bad_photograph_is_one_line_and_the_others_are_done(tmp_path, capsys, name, message):
    photos = draw_photos(tmp_path / "in", "a.png", name, "z.png")
    assert enhance(photos) == 2
    captured = capsys.readouterr()
    assert captured.out.startswith("enhanced 2 of 3 into ")
    assert captured.err.startswith("deepflash: ")
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert results_in(tmp_path / "in-portraits") == ["a.png", "z.png"]


def test_a_failed_photograph_is_tried_again(stand_in, tmp_path):
    photos = draw_photos(tmp_path / "in", "bad.png")
    assert enhance(photos) == 2
    assert enhance(photos) == 2
    assert len(stand_in.calls) == 2


@pytest.mark.usefixtures("stand_in")
def test_many_bad_photographs_are_told_at_the_end(tmp_path, capsys):
    photos = draw_photos(tmp_path / "in", "a.png", *(f"bad{index}.png" for index in range(7)))
    assert enhance(photos, "--jobs", "1") == 2
    captured = capsys.readouterr()
    assert captured.out.startswith("enhanced 1 of 8 into ")
    assert captured.err.startswith("deepflash: 7 photographs could not be enhanced: ")
    assert captured.err.count(" is damaged") == 5
    assert captured.err.endswith("and 2 more\n")


@pytest.mark.usefixtures("stand_in")
def test_a_full_disk_stops_at_once(tmp_path, capsys):
    photos = draw_photos(tmp_path / "in", "a.png", "full.png", "z.png")
    assert enhance(photos) == 2
    assert one_error_line(capsys) == "deepflash: cannot write full.png"
    assert results_in(tmp_path / "in-portraits") == ["a.png"]


def test_the_input_is_never_the_output(stand_in, tmp_path, capsys):
    source = draw_photo(tmp_path / "photos" / "in.png")
    for words in (
        [source, "-o", source],
        [source, "-o", source.parent],
        [source.parent, "-o", source.parent, "--overwrite"],
    ):
        assert enhance(*words) == 2
        assert "choose another --out" in one_error_line(capsys)
    assert stand_in.calls == []


# --- the report -------------------------------------------------------------------------------


@pytest.mark.usefixtures("stand_in")
def test_the_report_holds_every_photograph_in_order(tmp_path):
    photos = draw_photos(tmp_path / "in", "a.png", "bad.png", "no_face.png")
    words = (photos, "--report", tmp_path / "r.json", "--strength", "0.5")
    assert enhance(*words) == 2
    first = json.loads((tmp_path / "r.json").read_text())
    assert [photo["status"] for photo in first["photos"]] == ["enhanced", "failed", "left_alone"]
    assert first["model"] == "stand-in"
    assert first["options"]["look"]["strength"] == 0.5
    assert first["photos"][0]["verdict"]["figures"] == {"n": 1.0}
    assert "is damaged" in first["photos"][1]["error"]
    assert enhance(*words) == 2
    second = json.loads((tmp_path / "r.json").read_text())
    assert [photo["status"] for photo in second["photos"]] == ["skipped", "failed", "left_alone"]
    # What was found out in the first run is still there.
    assert second["photos"][0] == first["photos"][0] | {"status": "skipped"}
    assert second["photos"][2] == first["photos"][2]


@pytest.mark.usefixtures("stand_in")
def test_a_report_of_results_that_somebody_else_wrote(tmp_path):
    source = draw_photo(tmp_path / "a.png")
    draw_photo(tmp_path / "out" / "a.png")
    assert enhance(source, "-o", tmp_path / "out", "--report", tmp_path / "r.json") == 0
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["model"] is None
    (photo,) = report["photos"]
    assert (photo["status"], photo["verdict"]) == ("skipped", None)
    assert photo["result"] == str(tmp_path / "out" / "a.png")


@pytest.mark.usefixtures("stand_in")
def test_a_report_never_lands_on_a_photograph(tmp_path, capsys):
    source = draw_photo(tmp_path / "a.png")
    for place in (source, tmp_path):
        assert enhance(source, "--report", place) == 2
        assert "--report" in one_error_line(capsys)
    assert files_in(tmp_path) == ["a.png"]
