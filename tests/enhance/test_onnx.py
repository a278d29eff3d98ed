import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from deepflash.enhance.correction import CorrectionModel, load_correction_model
from deepflash.enhance.onnx_model import OnnxModel, default_threads
from deepflash.errors import ModelFileError, UsageError
from deepflash.model_file import save_model
from deepflash.pairs.manifest import read_manifest
from deepflash.pairs.reading import read_pair
from deepflash.pairs.starter import dataset_root
from tests.enhance.model_files import HEADER, small_net, write_onnx

ONE_LEVEL = 1 / 255
SIZES = [(256, 256), (201, 256), (97, 131), (64, 33)]


def random_picture(height, width, seed=0):
    return np.random.default_rng(seed).random((height, width, 3), dtype=np.float32)


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    return write_onnx(tmp_path_factory.mktemp("model") / "m.onnx", licence="CC0")


def portraits() -> list[np.ndarray]:
    """Twenty rendered people, cut to four sizes."""
    root = dataset_root("starter")
    people = {record.subject_id: record for record in read_manifest(root)}
    chosen = sorted(people.values(), key=lambda record: record.pair_id)[:20]
    pictures = []
    for i, record in enumerate(chosen):
        height, width = SIZES[i % len(SIZES)]
        flash, *_ = read_pair(root, record)
        pictures.append(flash[:height, -width:].astype(np.float32) / 255)
    return pictures


TARGETS = ["Difference", "DirectImage", "LogRatio"]


@pytest.mark.parametrize("target", TARGETS)
def test_gives_the_correction_of_torch_on_twenty_portraits(target, tmp_path: Path):
    changed = {"target": {"class_path": f"deepflash.targets.{target}", "init_args": {}}}
    ours = load_correction_model(write_onnx(tmp_path / "m.onnx", **changed))
    save_model(tmp_path / "m.safetensors", small_net().state_dict(), HEADER | changed)
    torchs = load_correction_model(tmp_path / "m.safetensors")
    pictures = portraits()
    assert len(pictures) == 20
    assert len({picture.shape for picture in pictures}) == len(SIZES)
    for picture in pictures:
        expected = torchs.correction(picture)
        assert expected.std() > 5 * ONE_LEVEL
        # The requirement is a step of an 8-bit picture; nothing but rounding should remain.
        assert np.abs(ours.correction(picture) - expected).max() < ONE_LEVEL / 50


def test_says_what_its_file_says(file: Path):
    model = OnnxModel(file)
    assert isinstance(model, CorrectionModel)
    assert (model.name, model.size, model.target) == ("m.onnx", 96, "difference")
    assert model.header["licence"] == "CC0"


def test_any_number_of_threads_gives_the_same(file: Path):
    picture = random_picture(70, 45)
    one, two = OnnxModel(file, threads=1), OnnxModel(file, threads=2)
    np.testing.assert_allclose(one.correction(picture), two.correction(picture), atol=1e-5)
    with pytest.raises(UsageError, match="at least 1 thread, not 0"):
        OnnxModel(file, threads=0)


@pytest.mark.parametrize(
    ("asked", "cores", "given"),
    [("1", 8, 1), ("8", 8, 2), (None, 8, 2), (None, 1, 1), ("", 8, 2), ("0", 8, 2), ("a", 8, 2)],
)
def test_takes_two_threads_or_fewer(monkeypatch, asked, cores, given):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    if asked is None:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert default_threads() == given


ALONE = """
import sys
from pathlib import Path

import numpy as np

sys.modules["torch"] = None
from deepflash.enhance.correction import load_correction_model

model = load_correction_model(Path(sys.argv[1]))
print(model.correction(np.full((20, 30, 3), 0.5, np.float32)).shape)
"""


def test_runs_without_torch_and_says_nothing(file: Path):
    command = [sys.executable, "-c", ALONE, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("(20, 30, 3)\n", "")


def with_metadata(path: Path, content: str | None) -> Path:
    graph = onnx.load(path)
    del graph.metadata_props[:]
    if content is not None:
        helper.set_model_props(graph, {"deepflash": content})
    onnx.save(graph, path)
    return path


def identity(path: Path, names=("flash_low", "y"), shape=("b", 3, "h", "w"), kind=None) -> Path:
    """A graph that gives back what it takes, with our header."""
    kind = TensorProto.FLOAT if kind is None else kind
    given, got = (helper.make_tensor_value_info(name, kind, shape) for name in names)
    node = helper.make_node("Identity", [names[0]], [names[1]])
    model = helper.make_model(
        helper.make_graph([node], "g", [given], [got]),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    helper.set_model_props(model, {"deepflash": json.dumps(HEADER | {"version": 1})})
    onnx.save(model, path)
    return path


def outside(path: Path) -> Path:
    """A network whose weights lie in another file."""
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    return path


DAMAGES = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:900]),
    "cut at the end": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "text": lambda path: path.write_text("hello"),
    "empty": lambda path: path.write_bytes(b""),
    "of weights elsewhere": outside,
    "foreign": lambda path: with_metadata(path, None),
    "garbled": lambda path: with_metadata(path, "{"),
    "a list": lambda path: with_metadata(path, "[1]"),
    "newer": lambda path: with_metadata(path, json.dumps(HEADER | {"version": 7})),
    "bare": lambda path: with_metadata(path, json.dumps({"version": 1})),
    "of half a pixel": lambda path: with_metadata(
        path, json.dumps(HEADER | {"version": 1, "size": 9.5})
    ),
    "of no pixels": lambda path: with_metadata(
        path, json.dumps(HEADER | {"version": 1, "size": 0})
    ),
    "of another filter": lambda path: with_metadata(
        path, json.dumps(HEADER | {"version": 1, "filter": {"class_path": "x.Median"}})
    ),
    "of another target": lambda path: with_metadata(
        path, json.dumps(HEADER | {"version": 1, "target": {"class_path": "x.Ratio"}})
    ),
    "of another input": lambda path: identity(path, names=("image", "y")),
    "of another output": lambda path: identity(path, names=("flash_low", "image")),
    "of one channel": lambda path: identity(path, shape=("b", 1, "h", "w")),
    "of one size": lambda path: identity(path, shape=("b", 3, 64, 64)),
    "of doubles": lambda path: identity(path, kind=TensorProto.DOUBLE),
}


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("truncated", "not a whole ONNX file"),
        ("cut at the end", "not a whole ONNX file|header is missing"),
        ("text", "not a whole ONNX file"),
        ("empty", "not a whole ONNX file"),
        ("of weights elsewhere", "not a whole ONNX file"),
        ("foreign", "no DeepFlash model: its header is missing"),
        ("garbled", "no DeepFlash model"),
        ("a list", "no DeepFlash model"),
        ("newer", "has version 7, this program reads up to 1; update deepflash"),
        ("bare", "lacks network, filter, target, size"),
        ("of half a pixel", r"size 9\.5, expected whole pixels"),
        ("of no pixels", "size 0, expected whole pixels"),
        ("of another filter", "filter x.Median"),
        ("of another target", "target x.Ratio"),
        ("of another input", "expected flash_low, float32"),
        ("of another output", "and y: write it with"),
        ("of one channel", "expected flash_low, float32"),
        ("of one size", "expected flash_low, float32"),
        ("of doubles", "expected flash_low, float32"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(kind, said, file: Path, tmp_path: Path, capfd):
    path = tmp_path / "m.onnx"
    path.write_bytes(file.read_bytes())
    DAMAGES[kind](path)
    with pytest.raises(ModelFileError, match=said) as caught:
        OnnxModel(path)
    assert str(path) in str(caught.value)
    # ONNX Runtime's own lines would stand beside the one that the user gets.
    assert capfd.readouterr() == ("", "")


def test_a_network_that_diverged_is_named(file: Path, tmp_path: Path):
    graph = onnx.load(file)
    (bias,) = [weight for weight in graph.graph.initializer if weight.name == "head.bias"]
    bias.CopyFrom(onnx.numpy_helper.from_array(np.full(3, np.nan, np.float32), "head.bias"))
    onnx.save(graph, tmp_path / "m.onnx")
    model = OnnxModel(tmp_path / "m.onnx")
    with pytest.raises(ModelFileError, match=r"m\.onnx predicts .* not finite"):
        model.correction(random_picture(20, 20))


def test_a_graph_that_fails_or_answers_in_another_size_is_named(tmp_path: Path, capfd):
    path = identity(tmp_path / "m.onnx")
    graph = onnx.load(path)
    graph.graph.node[0].CopyFrom(helper.make_node("GlobalMaxPool", ["flash_low"], ["y"]))
    onnx.save(graph, path)
    with pytest.raises(
        ModelFileError, match=r"m\.onnx answers \(1, 3, 20, 20\) with \(1, 3, 1, 1\)"
    ):
        OnnxModel(path).correction(random_picture(20, 20))
    shape = helper.make_tensor("s", TensorProto.INT64, [4], [1, 3, 7, 7])
    graph.graph.initializer.append(shape)
    graph.graph.node[0].CopyFrom(helper.make_node("Reshape", ["flash_low", "s"], ["y"]))
    onnx.save(graph, path)
    with pytest.raises(ModelFileError, match=r"m\.onnx fails on this photograph"):
        OnnxModel(path).correction(random_picture(20, 20))
    assert capfd.readouterr() == ("", "")


def test_the_library_keeps_nothing_about_its_user(tmp_path):
    code = (
        "import deepflash.enhance.onnx_model, os; assert os.environ['ORT_DISABLE_TELEMETRY'] == '1'"
    )
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
