from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from deepflash.cli import run
from deepflash.enhance.correction import load_correction_model
from deepflash.errors import ModelFileError, UsageError
from deepflash.export import export
from deepflash.model_file import load_model, save_model
from deepflash.nets.compact import CompactUNet
from tests.enhance.model_files import HEADER, lively
from tests.training import fit

CHANNELS = [8, 16, 24]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    net = lively(CompactUNet(tuple(CHANNELS), skips=(0, 1, 2)))
    spec = HEADER["network"] | {"init_args": {"channels": CHANNELS, "skips": [0, 1, 2]}}
    save_model(tmp_path / "m.safetensors", net.state_dict(), HEADER | {"network": spec})
    return tmp_path / "m.safetensors"


def difference(one: Path, other: Path) -> float:
    picture = np.random.default_rng(0).random((45, 70, 3), dtype=np.float32)
    first, second = (load_correction_model(path).correction(picture) for path in (one, other))
    assert first.std() > 0.02
    return float(np.abs(first - second).max())


def test_a_run_becomes_an_onnx_file_named_after_it(
    drawn_pairs: Path, tmp_path: Path, monkeypatch, capsys
):
    folder = fit(drawn_pairs, tmp_path / "runs", epochs=1)
    monkeypatch.chdir(tmp_path)
    run(["export", str(folder), "--onnx"])
    written = Path("models/quickstart-1.onnx")
    assert str(written) in capsys.readouterr().out
    # Passed on, a model file must not tell where its maker keeps things.
    assert str(drawn_pairs).encode() not in written.read_bytes()
    assert f'"name": "{drawn_pairs.name}"'.encode() in written.read_bytes()
    ours, torchs = load_correction_model(written), load_correction_model(folder)
    picture = np.random.default_rng(0).random((45, 70, 3), dtype=np.float32)
    np.testing.assert_allclose(ours.correction(picture), torchs.correction(picture), atol=1e-5)
    assert (ours.size, ours.target) == (64, "difference")
    assert load_model(folder).header["training"]["run"] == "quickstart/1"
    assert ours.header["training"]["step"] == load_model(folder).header["training"]["step"]
    assert ours.header["licence"] == "Apache-2.0"


@pytest.mark.parametrize("options", [["--onnx"], [], ["--opset", "18"], ["--fp16", "--onnx"]])
def test_a_model_file_becomes_onnx_as_well(model: Path, tmp_path: Path, options, capsys):
    run(["export", str(model), "-o", str(tmp_path / "a.onnx"), *options])
    worst = difference(model, tmp_path / "a.onnx")
    assert (worst > 1e-5) == ("--fp16" in options)
    assert worst < 2 / 255
    size = (tmp_path / "a.onnx").stat().st_size
    assert f"{size / 1e6:.1f} MB" in capsys.readouterr().out


def test_the_opset_reaches_the_file(model: Path, tmp_path: Path):
    import onnx

    for opset in (None, 19):
        export(model, tmp_path / "a.onnx", opset=opset)
        assert onnx.load(tmp_path / "a.onnx").opset_import[0].version == (opset or 17)


def test_half_precision_halves_the_file_and_loads_as_single(model: Path, tmp_path: Path):
    half = tmp_path / "half.safetensors"
    run(["export", str(model), "-o", str(half), "--fp16"])
    assert half.stat().st_size < 0.65 * model.stat().st_size
    with safe_open(half, framework="pt") as file:
        kinds = {name: file.get_tensor(name).dtype for name in file.keys()}
    assert kinds["down.2.3.weight"] == torch.float16
    # Statistics and biases are few, and sums over them are not to lose anything.
    assert kinds["down.2.1.running_var"] == kinds["head.bias"] == torch.float32
    loaded = load_model(half)
    assert {p.dtype for p in loaded.net.parameters()} == {torch.float32}
    assert 1e-6 < difference(model, half) < 2 / 255


def test_weights_beyond_half_precision_are_refused(model: Path, tmp_path: Path):
    loaded = load_model(model)
    weights = loaded.net.state_dict()
    weights["down.2.3.weight"][0] = 1e6
    save_model(model, weights, loaded.header)
    with pytest.raises(ModelFileError, match=r"down\.2\.3\.weight reaches 1e\+06, .* --fp16"):
        export(model, tmp_path / "half.safetensors", half=True)
    assert not (tmp_path / "half.safetensors").exists()


def test_the_licence_of_the_source_stays_unless_another_is_given(model: Path, tmp_path: Path):
    first, second, third = (tmp_path / f"{i}.safetensors" for i in range(3))
    export(model, first)
    run(["export", str(first), "-o", str(second), "--licence", "CC0"])
    export(second, third)
    given = [load_model(path).header["licence"] for path in (first, second, third)]
    assert given == ["Apache-2.0", "CC0", "CC0"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-o", "a.pth"], r"ends in \.safetensors or \.onnx, got a\.pth"),
        (["-o", "a.safetensors", "--onnx"], r"with --onnx the file ends in \.onnx"),
        (["-o", "a.safetensors", "--opset", "17"], "--opset is for ONNX"),
        (["--opset", "17"], "--opset is for ONNX"),
        (["-o", "a.onnx", "--opset", "0"], "--opset is 0"),
        (["-o", "a.onnx", "--opset", "x"], "opset"),
    ],
)
def test_what_cannot_be_written_is_refused(model: Path, monkeypatch, tmp_path, options, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=said):
        run(["export", str(model), *options])
    assert [path.name for path in tmp_path.iterdir()] == ["m.safetensors"]


def test_what_holds_no_network_is_no_source(model: Path, tmp_path: Path):
    export(model, tmp_path / "a.onnx")
    (tmp_path / "a.txt").write_text("x")
    for name in ("a.onnx", "a.txt"):
        with pytest.raises(UsageError, match=r"a run folder, a \.ckpt or a \.safetensors"):
            export(tmp_path / name, tmp_path / "b.onnx")
    with pytest.raises(UsageError, match=r"no checkpoints/best\.ckpt"):
        export(tmp_path, tmp_path / "b.onnx")
    assert not (tmp_path / "b.onnx").exists()
