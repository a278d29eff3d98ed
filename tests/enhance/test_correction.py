import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from deepflash import targets
from deepflash.enhance.correction import (
    CorrectionModel,
    apply_correction,
    decoding_of,
    load_correction_model,
)
from deepflash.errors import ModelFileError
from deepflash.model_file import load_model, save_model
from deepflash.nets.compact import CompactUNet

HEADER = {
    "network": {
        "class_path": "deepflash.nets.compact.CompactUNet",
        "init_args": {"channels": [4, 4, 4], "skips": [0, 1, 2]},
    },
    "filter": {"class_path": "deepflash.filters.Bilateral", "init_args": {"sigma_s": 2.0}},
    "target": {"class_path": "deepflash.targets.LogRatio", "init_args": {"max_stops": 2.0}},
    "size": 96,
}
TARGETS = [
    ("Difference", {}, "difference"),
    ("DirectImage", {}, "direct"),
    ("LogRatio", {}, "log_ratio"),
    ("LogRatio", {"epsilon": 0.1, "max_stops": 1.5}, "log_ratio"),
]


def random_picture(height, width, seed=0):
    return np.random.default_rng(seed).random((height, width, 3), dtype=np.float32)


def as_tensor(picture):
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None]


def as_array(pictures):
    return pictures[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize(("name", "arguments", "called"), TARGETS)
def test_decodes_and_applies_as_the_target_that_training_uses(name, arguments, called):
    theirs = getattr(targets, name)(**arguments)
    spec = {"class_path": f"deepflash.targets.{name}", "init_args": arguments}
    ours = decoding_of(spec, "m.onnx")
    y, flash_low, photo = (random_picture(9, 12, seed) for seed in range(3))
    expected = theirs.decode(as_tensor(y), as_tensor(flash_low))
    correction = ours.decode(y, flash_low)
    assert (ours.target, correction.dtype) == (called, np.float32)
    np.testing.assert_allclose(correction, as_array(expected), rtol=0, atol=1e-6)
    applied = apply_correction(ours.target, photo, correction)
    assert applied.dtype == np.float32
    expected = theirs.apply(as_tensor(photo), expected)
    np.testing.assert_allclose(applied, as_array(expected), rtol=0, atol=2e-6)


def test_values_by_hand():
    flash_low = np.full((1, 1, 3), 0.6, np.float32)
    y = np.full((1, 1, 3), 0.75, np.float32)

    def after(name, **arguments):
        spec = {"class_path": f"deepflash.targets.{name}", "init_args": arguments}
        decoding = decoding_of(spec, "m.onnx")
        correction = decoding.decode(y, flash_low)
        return correction[0, 0, 0], apply_correction(decoding.target, flash_low, correction)[
            0, 0, 0
        ]

    assert after("Difference") == pytest.approx((0.5, 0.1))
    assert after("DirectImage") == pytest.approx((-0.15, 0.75))
    # Half of the two stops: the flash doubled the light.
    assert after("LogRatio", max_stops=2.0) == pytest.approx((math.log(2), 0.3))
    assert after("LogRatio") == pytest.approx((1.5 * math.log(2), 0.6 / 2**1.5))


@pytest.mark.parametrize("target", ["difference", "direct", "log_ratio"])
def test_no_correction_changes_nothing(target):
    photo = random_picture(4, 5)
    np.testing.assert_array_equal(apply_correction(target, photo, np.zeros_like(photo)), photo)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"class_path": "deepflash.targets.Target"}, "target deepflash.targets.Target"),
        ({"class_path": "deepflash.targets.LogRatio", "init_args": {"max_stops": 0}}, "max_stops"),
        ({"class_path": "deepflash.targets.LogRatio", "init_args": {"max_stops": "3"}}, "'3'"),
        ({"class_path": "deepflash.targets.LogRatio", "init_args": 3}, "names no class"),
        (None, "names no class"),
    ],
)
def test_what_is_wrong_with_a_header_is_said(spec, said):
    with pytest.raises(ModelFileError, match=r"m\.onnx") as caught:
        decoding_of(spec, "m.onnx")
    assert said in str(caught.value)


@pytest.fixture
def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    net = CompactUNet((4, 4, 4), skips=(0, 1, 2))
    torch.nn.init.normal_(net.head.weight)
    return net.state_dict()


def test_a_model_file_of_torch_corrects_as_it_does(weights, tmp_path: Path):
    path = tmp_path / "m.safetensors"
    save_model(path, weights, HEADER)
    model = load_correction_model(path)
    assert isinstance(model, CorrectionModel)
    assert (model.name, model.size, model.target) == ("m.safetensors", 96, "log_ratio")
    picture = random_picture(33, 47)
    expected = as_array(load_model(path).correction(as_tensor(picture)))
    assert expected.std() > 0.01
    np.testing.assert_array_equal(model.correction(picture), expected)


def test_a_network_that_diverged_is_named(weights, tmp_path: Path):
    path = tmp_path / "m.safetensors"
    save_model(path, weights | {"head.bias": torch.full((3,), math.nan)}, HEADER)
    with pytest.raises(ModelFileError, match=r"m\.safetensors predicts .* not finite"):
        load_correction_model(path).correction(random_picture(8, 8))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("m.onnx", "no model at .*deepflash export RUN --onnx"),
        ("m.safetensors", "no model at"),
        ("m.pth", r"m\.pth is no model; choose an \.onnx, \.safetensors or \.ckpt"),
        ("m", "is no model"),
        (".", r"no model at .*best\.ckpt"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, name, said):
    with pytest.raises(ModelFileError, match=said):
        load_correction_model(tmp_path / name)


def test_without_a_path_the_network_of_the_program_is_taken(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("deepflash.enhance.correction.OWN_MODEL", tmp_path / "own.onnx")
    with pytest.raises(ModelFileError, match=r"no model at .*own\.onnx"):
        load_correction_model()


WITHOUT_TORCH = """
import sys
from pathlib import Path

sys.modules["torch"] = None
from deepflash.enhance.correction import load_correction_model
from deepflash.errors import ModelFileError

try:
    load_correction_model(Path("m.safetensors"))
except ModelFileError as error:
    print(error)
"""


def test_without_torch_its_files_say_what_to_install():
    command = [sys.executable, "-c", WITHOUT_TORCH]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "m.safetensors needs torch, which is not installed" in done.stdout, done.stderr
    assert "pip install 'deepflash[train]'" in done.stdout
