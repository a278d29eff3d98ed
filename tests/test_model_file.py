import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from deepflash.errors import ModelFileError, UsageError
from deepflash.export import export
from deepflash.filters import Bilateral
from deepflash.model_file import build, load_model, save_model, start_from
from deepflash.nets.compact import CompactUNet
from deepflash.targets import LogRatio
from tests.training import fit

HEADER = {
    "network": {
        "class_path": "deepflash.nets.compact.CompactUNet",
        "init_args": {"channels": [4, 4, 4], "skips": [1, 2]},
    },
    "filter": {"class_path": "deepflash.filters.Bilateral", "init_args": {"sigma_s": 2.0}},
    "target": {"class_path": "deepflash.targets.LogRatio", "init_args": {}},
    "size": 96,
}


@pytest.fixture
def net() -> CompactUNet:
    torch.manual_seed(0)
    return CompactUNet((4, 4, 4), skips=(1, 2)).eval()


def test_round_trip_gives_the_same_portrait(net, tmp_path: Path):
    save_model(tmp_path / "m.safetensors", net.state_dict(), HEADER | {"licence": "CC0"})
    model = load_model(tmp_path / "m.safetensors")
    picture = torch.rand(1, 3, 40, 56)
    bilateral, target = Bilateral(2.0), LogRatio()
    with torch.no_grad():
        low = bilateral(picture)
        correction = target.decode(net(low), low)
    torch.testing.assert_close(model.correction(picture), correction, rtol=0, atol=0)
    expected = target.apply(picture, correction).clamp(0, 1)
    torch.testing.assert_close(model.portrait(picture), expected, rtol=0, atol=0)
    assert (model.size, model.header["licence"]) == (96, "CC0")


def test_keeping_the_mean_is_an_offset_of_the_correction(net, tmp_path: Path):
    header = HEADER | {"target": {"class_path": "deepflash.targets.Difference"}}
    save_model(tmp_path / "m.safetensors", net.state_dict(), header)
    model = load_model(tmp_path / "m.safetensors")
    picture = 0.3 + 0.4 * torch.rand(1, 3, 32, 32)
    kept = model.portrait(picture, keep_mean=True)
    # Nothing clips here, so the mean of each channel stays.
    torch.testing.assert_close(kept.mean((2, 3)), picture.mean((2, 3)), atol=1e-6, rtol=0)


def test_a_run_exports_to_the_network_of_its_best_checkpoint(drawn_pairs: Path, tmp_path: Path):
    run = fit(drawn_pairs, tmp_path / "runs", epochs=1)
    export(run, tmp_path / "m.safetensors")
    exported = load_model(tmp_path / "m.safetensors")
    from_checkpoint = load_model(run / "checkpoints" / "best.ckpt")
    picture = torch.rand(1, 3, 64, 64)
    assert torch.equal(exported.portrait(picture), from_checkpoint.portrait(picture))
    training = exported.header["training"]
    assert exported.size == 64
    assert training["run"] == "quickstart/1"
    assert training["dataset"]["train"] == 6
    assert 0 < training["figures"]["val/ssim"] <= 1
    assert exported.header["licence"] == "Apache-2.0"


@pytest.mark.parametrize(
    "class_path",
    [
        "os.system",
        "torch.nn.Linear",
        "deepflash.atomic.write_text",
        "deepflash.nets.vgg_weights.Path",
        "deepflash.filters.nn.Identity",
    ],
)
def test_only_classes_of_our_own_rooms_are_built(class_path):
    with pytest.raises(ModelFileError, match=r"no part of deepflash|cannot build"):
        build({"class_path": class_path}, "x.safetensors")


def test_building_downloads_nothing(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    spec = {"class_path": "deepflash.nets.vgg_unet.VGGUNet", "init_args": {"weights": "imagenet"}}
    build(spec, "x")
    assert not list(tmp_path.iterdir())


def damaged(tmp_path: Path, net: CompactUNet, kind: str) -> Path:
    path = tmp_path / "m.safetensors"
    save_model(path, net.state_dict(), HEADER)
    if kind == "truncated":
        path.write_bytes(path.read_bytes()[:500])
    elif kind == "text":
        path.write_text("hello")
    elif kind == "foreign":
        save_file({"a": torch.zeros(2)}, path)
    elif kind == "newer":
        save_file({"a": torch.zeros(2)}, path, {"deepflash": json.dumps(HEADER | {"version": 7})})
    elif kind == "bare":
        save_file({"a": torch.zeros(2)}, path, {"deepflash": json.dumps({"version": 1})})
    elif kind == "weights":
        header = json.dumps(HEADER | {"version": 1})
        save_file({"a": torch.zeros(2)}, path, {"deepflash": header})
    elif kind == "unknown":
        spec = {"class_path": "deepflash.nets.compact.BiggerUNet"}
        save_model(path, net.state_dict(), HEADER | {"network": spec})
    return path


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("truncated", "not a whole safetensors file"),
        ("text", "not a whole safetensors file"),
        ("foreign", "no DeepFlash model"),
        ("newer", "has version 7, this program reads up to 1"),
        ("bare", "lacks network, filter, target, size"),
        ("weights", "do not fit"),
        ("unknown", "cannot build"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, net, kind, said):
    with pytest.raises(ModelFileError, match=said):
        load_model(damaged(tmp_path, net, kind))


def test_missing_model_says_how_to_make_one(tmp_path: Path):
    with pytest.raises(ModelFileError, match=r"no model at .*make train EXP=quickstart"):
        load_model(tmp_path / "m.safetensors")


def test_export_refuses_other_suffixes_and_sources(tmp_path: Path):
    with pytest.raises(UsageError, match=r"ends in \.safetensors"):
        export(tmp_path, tmp_path / "m.pth")
    with pytest.raises(UsageError, match=r"no checkpoints/best\.ckpt"):
        export(tmp_path, tmp_path / "m.safetensors")
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(UsageError, match=r"run folder, a \.ckpt or"):
        export(tmp_path / "a.txt", tmp_path / "m.safetensors")


def test_training_starts_from_another_networks_weights(net, tmp_path: Path):
    path, fresh = tmp_path / "m.safetensors", CompactUNet((4, 4, 4), skips=(1, 2))
    save_model(path, net.state_dict(), HEADER)
    start_from(path, fresh)
    for one, other in zip(net.parameters(), fresh.parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(ModelFileError, match="do not fit the CompactUNet"):
        start_from(path, CompactUNet((8, 8, 8), skips=(1, 2)))
