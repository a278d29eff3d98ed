"""Whole datasets of rendered pairs, small: contents, resuming, shards, faults."""

import errno
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deepflash.cli import main as deepflash
from deepflash.errors import DatasetError, StorageError, StudioError, UsageError
from deepflash.pairs.manifest import MANIFEST, PARTIAL, check_files, read_manifest
from deepflash.pictures import read_mask, read_picture, srgb_to_linear, to_unit
from deepflash.synth import generate as generating
from deepflash.synth import shooting
from deepflash.synth.generate import generate, plan
from deepflash.synth.layer_file import read_layers
from deepflash.synth.layout import LAYERS, MASKS
from deepflash.synth.request import Request, read_request
from tests.synth.stand_in_model import write

SMALL = Request(people=3, poses=1, lights=2, size=64, samples=1, seed=5)


pytestmark = pytest.mark.usefixtures("renderer")


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> Path:
    """A head model of the right sizes, drawn from formulas."""
    return write(tmp_path_factory.mktemp("model") / "stand_in.npz")


@pytest.fixture(scope="session")
def whole(tmp_path_factory, model) -> Path:
    """A small dataset, rendered without a stop."""
    root = tmp_path_factory.mktemp("whole") / "pairs"
    faults = generate(root, replace(SMALL, layers=True), head_model=model, jobs=1)
    assert faults == []
    return root


def _bytes(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_dataset_is_whole_and_can_be_read(whole):
    records = read_manifest(whole)
    check_files(whole, records)
    assert [r.pair_id for r in records] == [
        f"person{person:05d}-00-{light}" for person in range(3) for light in range(2)
    ]
    for record in records:
        assert set(record.masks) == set(MASKS)
        assert read_picture(whole / record.flash).shape == (64, 64, 3)
        assert read_mask(whole / record.masks["skin"]).max() == 255
        assert record.source == "synth"
    assert not list(whole.rglob("*.partial*"))


def test_records_carry_every_parameter(whole):
    extra = read_manifest(whole)[0].extra
    assert 1 <= extra["monk_group"] <= 10
    assert {"hair", "outfit", "accessories", "skin", "identity"} <= set(extra["person"])
    assert {"pose", "camera", "lighting", "backdrop"} <= set(extra["view"])
    assert {"flash_weights", "target_weights", "set_up"} <= set(extra["mix"])
    json.dumps(extra)


def test_people_are_balanced_over_skin_tones():
    groups = [shooting.person_of(SMALL, index).monk_group for index in range(20)]
    assert sorted(groups[:10]) == list(range(1, 11))
    assert sorted(groups[10:]) == list(range(1, 11))
    assert groups[:10] != groups[10:]


def test_a_person_does_not_depend_on_how_many_there_are():
    few, many = replace(SMALL, people=2), replace(SMALL, people=50)
    assert shooting.person_of(few, 1) == shooting.person_of(many, 1)
    task = plan(few)[0]
    assert shooting.view_of(few, task) == shooting.view_of(many, task)


def test_person_stays_the_same_from_pose_to_pose():
    request = replace(SMALL, poses=3)
    tasks = [task for task in plan(request) if task.person == 0]
    views = [shooting.view_of(request, task) for task in tasks]
    assert len({view.seed for view in views}) == 3
    assert len({task.split for task in tasks}) == 1


def test_layers_hold_what_the_pictures_show(whole):
    record = read_manifest(whole)[0]
    layers = read_layers(whole / record.extra["layers"])
    assert layers.shape == (len(LAYERS), 64, 64, 3)
    # The flash picture is a mixture of them: light and dark lie at the same places.
    weights = np.array(record.extra["mix"]["flash_weights"], np.float32)
    mixed = np.einsum("nhwc,nc->hw", layers, weights)
    flash = srgb_to_linear(to_unit(read_picture(whole / record.flash))).mean(-1)
    alike = np.corrcoef(np.sqrt(mixed.ravel()), np.sqrt(flash.ravel()))[0, 1]
    assert alike > 0.9


def test_same_seed_gives_same_bytes_whatever_the_order(whole, model, tmp_path):
    request = replace(SMALL, layers=True)
    # Two machines with one person and two; the last one joins what both wrote.
    generate(tmp_path / "pairs", request, head_model=model, jobs=1, shard=(2, 2))
    assert not (tmp_path / "pairs" / MANIFEST).exists()
    generate(tmp_path / "pairs", request, head_model=model, jobs=1, shard=(1, 2))
    shards, alone = _bytes(tmp_path / "pairs"), _bytes(whole)
    lines = sorted(shards.pop(MANIFEST).splitlines())
    assert lines == sorted(alone.pop(MANIFEST).splitlines())
    assert {k: v for k, v in shards.items() if not k.startswith("shard-")} == alone


def test_another_seed_gives_other_people():
    assert shooting.person_of(SMALL, 0) != shooting.person_of(replace(SMALL, seed=6), 0)


def test_stopped_run_goes_on_and_ends_alike(whole, model, tmp_path, monkeypatch):
    request, root = replace(SMALL, layers=True), tmp_path / "pairs"

    def stopping(studio, folder, asked, task):
        if task.person == 1:
            raise KeyboardInterrupt
        return shooting.shoot(studio, folder, asked, task)

    with monkeypatch.context() as patch:
        patch.setattr(generating, "shoot", stopping)
        with pytest.raises(KeyboardInterrupt):
            generate(root, request, head_model=model, jobs=1)
    assert (root / PARTIAL).exists()
    assert len((root / PARTIAL).read_text().splitlines()) == 2
    with pytest.raises(DatasetError, match="unfinished"):
        read_manifest(root)
    rendered = []

    def counting(studio, folder, asked, task):
        rendered.append(task.person)
        return shooting.shoot(studio, folder, asked, task)

    monkeypatch.setattr(generating, "shoot", counting)
    command = ["synth", "--resume", str(root), "--head-model", str(model), "--jobs", "1"]
    assert deepflash(command) == 0
    assert rendered == [1, 2]
    assert _bytes(root) == _bytes(whole)


def test_full_disk_leaves_whole_files_and_can_go_on(whole, model, tmp_path, monkeypatch):
    request, root = replace(SMALL, layers=True), tmp_path / "pairs"
    real, written = Path.write_bytes, []

    def full(path, data):
        if "studio" in str(path) and len(written) > 2:
            real(path, data[:100])
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(path)
        return real(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(StorageError, match="No space left"):
            generate(root, request, head_model=model, jobs=1)
    for path in root.rglob("*.jpg"):
        assert read_picture(path).shape == (64, 64, 3)
    assert not [p for p in root.rglob("*") if ".partial" in p.name and p.name != PARTIAL]
    generate(root, request, head_model=model, jobs=1)
    assert _bytes(root) == _bytes(whole)


def test_failed_scene_is_tried_from_another_view(model, tmp_path, monkeypatch):
    verdicts = iter(["too dark", None])
    monkeypatch.setattr(shooting, "scene_fault", lambda _: next(verdicts))
    one = replace(SMALL, people=1, lights=1)
    faults = generate(tmp_path / "pairs", one, head_model=model, jobs=1)
    assert faults == ["person00000-00: too dark"]
    assert read_manifest(tmp_path / "pairs")[0].extra["attempt"] == 1


def test_scene_that_never_passes_is_not_written(model, tmp_path, monkeypatch):
    monkeypatch.setattr(shooting, "scene_fault", lambda _: "a hole")
    monkeypatch.setattr(shooting, "ATTEMPTS", 1)
    one = replace(SMALL, people=1, lights=1)
    with pytest.raises(StudioError, match=r"no scene passed its checks; the last: .*a hole"):
        generate(tmp_path / "pairs", one, head_model=model, jobs=1)
    assert not list((tmp_path / "pairs").rglob("*.jpg"))


def test_other_requests_do_not_mix(whole, model):
    with pytest.raises(DatasetError, match="seed 5, not 6"):
        generate(whole, replace(SMALL, layers=True, seed=6), head_model=model)
    with pytest.raises(DatasetError, match="already holds a dataset"):
        generate(whole, replace(SMALL, layers=True), head_model=model)


def test_foreign_folder_is_left_alone(model, tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(DatasetError, match="other files"):
        generate(tmp_path, SMALL, head_model=model)
    assert [p.name for p in tmp_path.iterdir()] == ["holiday.jpg"]


def test_damaged_request_is_named(tmp_path):
    (tmp_path / "synth.json").write_text('{"people": 2, "hats": 3}')
    with pytest.raises(DatasetError, match=r"synth\.json is damaged"):
        read_request(tmp_path)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"people": 0}, "1 or more"),
        ({"size": 32}, "64 to 2048"),
        ({"seed": -1}, "seed"),
        ({"red_eyes": 1.5}, "share"),
        ({"targets": "room"}, "all or studio"),
    ],
)
def test_impossible_requests_are_refused(wrong, words):
    with pytest.raises(UsageError, match=words):
        replace(SMALL, **wrong)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--shard", "3/2"], "1/N to N/N"),
        (["--shard", "half"], "written like 2/8"),
        (["--jobs", "-1"], "0 or more"),
        (["--people", "many"], "people"),
        (["--device", "tpu"], "cpu or cuda"),
        (["--head-model", "nowhere.npz"], "there is no head model at nowhere.npz"),
        (["--resume", "nowhere"], "holds no rendered dataset"),
    ],
)
def test_wrong_words_end_in_one_line(arguments, words, tmp_path, capsys):
    code = deepflash(["synth", "-o", str(tmp_path / "pairs"), *arguments])
    error = capsys.readouterr().err
    assert code == 2
    assert words in error
    assert error.count("\n") == 1
    assert not (tmp_path / "pairs").exists()


@pytest.mark.slow
def test_two_processes_give_the_same_bytes(whole, model, tmp_path):
    generate(tmp_path / "pairs", replace(SMALL, layers=True), head_model=model, jobs=2)
    assert _bytes(tmp_path / "pairs") == _bytes(whole)


@pytest.mark.slow
def test_show_writes_two_sheets(model, tmp_path, capsys):
    command = ["synth", "--show", "-o", str(tmp_path), "--head-model", str(model), "--people", "2"]
    assert deepflash([*command, "--size", "64", "--samples", "1"]) == 0
    printed = capsys.readouterr().out.split()
    assert [Path(p).name for p in printed] == ["contact_sheet.jpg", "turntable.jpg"]
    sheet = read_picture(tmp_path / "contact_sheet.jpg")
    assert sheet.std() > 10
