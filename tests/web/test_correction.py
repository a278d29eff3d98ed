"""What the network says about a picture, by the page and by the command line."""

import json

import cv2
import numpy as np
import onnx
import pytest

from deepflash.enhance.correction import OWN_MODEL, apply_correction
from deepflash.enhance.low_pass import low_pass_of
from deepflash.enhance.onnx_model import OnnxModel
from deepflash.model_header import KEY
from deepflash.pairs.starter import dataset_root
from tests.enhance.model_files import HEADER, write_onnx
from tests.web.node import JsError

HELPERS = "tests/correcting"


def drawn(height, width, seed=0):
    generator = np.random.default_rng(seed)
    coarse = generator.random((5, 4, 3), dtype=np.float32)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    noise = 0.05 * generator.standard_normal((height, width, 3)).astype(np.float32)
    return np.clip(smooth + noise, 0, 1)


def model_file(path, header):
    """Writes what of an ONNX file the page reads: header, and something before and after it."""
    model = onnx.ModelProto(ir_version=2**40, producer_name="tests", model_version=-1)
    model.metadata_props.add(key="other", value="{}")
    if header is not None:
        text = header if isinstance(header, str) else json.dumps(header)
        model.metadata_props.add(key=KEY, value=text)
    model.metadata_props.add(key="à côté", value="é" * 200)
    path.write_bytes(model.SerializeToString())
    return str(path)


def test_the_header_of_the_own_network(node):
    expected = OnnxModel(OWN_MODEL, threads=1)
    assert node.call(HELPERS, "header", str(OWN_MODEL)) == expected.header
    described = node.call(HELPERS, "described", str(OWN_MODEL))
    assert described == {"size": expected.size, "target": expected.target}


def test_headers_lie_among_other_metadata(node, tmp_path):
    header = HEADER | {"version": 1}
    assert node.call(HELPERS, "header", model_file(tmp_path / "m.onnx", header)) == header


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (None, "missing"),
        ("{", "missing"),
        ("[1]", "missing"),
        (HEADER, "missing"),
        (HEADER | {"version": 2}, "version 2"),
        ({"version": 1, "network": {}, "size": 3}, "lacks filter, target"),
        (HEADER | {"version": 1, "size": 0}, "size 0"),
        (HEADER | {"version": 1, "size": 1.5}, "size 1.5"),
        (HEADER | {"version": 1, "size": "96"}, 'size "96"'),
    ],
)
def test_files_of_others_are_refused(node, tmp_path, header, why):
    with pytest.raises(JsError) as caught:
        node.call(HELPERS, "header", model_file(tmp_path / "m.onnx", header))
    assert caught.value.said["key"] == "error.model"
    assert caught.value.said["values"]["file"] == "m.onnx"
    assert why in caught.value.said["values"]["why"]


def test_damaged_files_are_refused(node, tmp_path):
    whole = OWN_MODEL.read_bytes()
    for number, content in enumerate([b"", b"\xff" * 40, whole[:-600], b"no model at all"]):
        path = tmp_path / f"{number}.onnx"
        path.write_bytes(content)
        with pytest.raises(JsError) as caught:
            node.call(HELPERS, "header", str(path))
        assert caught.value.said["key"] == "error.model"


@pytest.mark.parametrize(
    ("part", "spec"),
    [
        ("filter", {"class_path": "deepflash.filters.Median"}),
        ("filter", {"class_path": "toString"}),
        ("filter", {"class_path": "deepflash.filters.Gaussian", "init_args": {"sigma_s": 0}}),
        ("filter", {"class_path": "deepflash.filters.Bilateral", "init_args": {"radius": 1.5}}),
        ("filter", {"class_path": "deepflash.filters.NoFilter", "init_args": {"sigma_s": 2}}),
        ("filter", "Bilateral"),
        ("target", {"class_path": "deepflash.targets.Ratio"}),
        ("target", {"class_path": "deepflash.targets.LogRatio", "init_args": {"max_stops": -1}}),
        ("target", None),
    ],
)
def test_headers_that_ask_for_what_is_not_there_are_refused(node, part, spec):
    picture = drawn(4, 4)
    with pytest.raises(JsError) as caught:
        node.call(HELPERS, "answered", HEADER | {part: spec}, picture, {})
    assert caught.value.said["key"] == "error.model"


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"y": {"dims": [1, 3, 5, 4], "data": np.zeros(60, np.float32)}},
        {"y": {"dims": [1, 3, 4, 5], "data": np.full(60, np.nan, np.float32)}},
        {"y": {"dims": [1, 3, 4, 5], "data": np.full(60, np.inf, np.float32)}},
    ],
)
def test_answers_of_another_size_and_endless_ones_are_refused(node, answers):
    with pytest.raises(JsError) as caught:
        node.call(HELPERS, "answered", HEADER, drawn(4, 5), answers)
    assert caught.value.said["key"] == "error.model"


@pytest.mark.parametrize("shape", [(61, 90), (7, 5), (1, 1), (2, 40)])
@pytest.mark.parametrize(
    ("name", "arguments", "tolerance"),
    [
        # OpenCV's own bilateral filter takes its weights from a table.
        ("Bilateral", {"sigma_s": 2.0, "sigma_r": 0.2, "compiled": True, "radius": None}, 1e-4),
        ("Bilateral", {}, 1e-4),
        ("Bilateral", {"radius": 1}, 1e-4),
        ("Gaussian", {"sigma_s": 1.5}, 1e-6),
        ("Guided", {"radius": 4, "epsilon": 0.01}, 1e-6),
        ("Guided", {}, 1e-6),
        ("NoFilter", {}, 0),
    ],
)
def test_filters(node, shape, name, arguments, tolerance):
    spec = {"class_path": f"deepflash.filters.{name}", "init_args": arguments}
    picture = drawn(*shape)
    if min(shape) == 1 and name == "Gaussian":
        pytest.skip("no network sees a picture of one row")
    found = node.call(HELPERS, "lowPass", spec, picture)
    np.testing.assert_allclose(found, low_pass_of(spec, "m")(picture), rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("number", "size"), [(0, (160, 160)), (7, (224, 160)), (20, (131, 97)), (33, (320, 211))]
)
def test_the_own_network_on_people(node, number, size):
    flash = sorted((dataset_root("starter") / "flash").glob("*.jpg"))[number]
    picture = cv2.imread(str(flash), cv2.IMREAD_COLOR_RGB)
    picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    found = node.call(HELPERS, "correction", str(OWN_MODEL), picture)
    expected = OnnxModel(OWN_MODEL, threads=1).correction(picture)
    assert expected.std() > 0.03
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-4)  # measured: 6e-6


@pytest.mark.parametrize(
    ("target", "arguments"),
    [("Difference", {}), ("DirectImage", {}), ("LogRatio", {}), ("LogRatio", {"max_stops": 1.5})],
)
def test_targets(node, tmp_path, target, arguments):
    spec = {"class_path": f"deepflash.targets.{target}", "init_args": arguments}
    path = write_onnx(tmp_path / "model.onnx", target=spec)
    picture = drawn(70, 45)
    model = OnnxModel(path, threads=1)
    found = node.call(HELPERS, "correction", str(path), picture)
    expected = model.correction(picture)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
    applied = node.call("src/enhance/correction", "applyCorrection", model.target, picture, found)
    np.testing.assert_allclose(
        applied, apply_correction(model.target, picture, expected), rtol=0, atol=1e-4
    )


def test_what_an_answer_means_by_hand(node):
    y = np.repeat(np.float32([0.75, 0.5, 0.25]), 1)
    answers = {"y": {"dims": [1, 3, 1, 1], "data": y}}
    picture = np.float32([[[0.5, 0.5, 0.5]]])
    plain = HEADER | {"filter": {"class_path": "deepflash.filters.NoFilter"}}

    def said(target):
        return node.call(HELPERS, "answered", plain | {"target": target}, picture, answers)[0, 0]

    np.testing.assert_allclose(said(HEADER["target"]), [0.5, 0, -0.5])
    np.testing.assert_allclose(
        said({"class_path": "deepflash.targets.DirectImage"}), [-0.25, 0, 0.25]
    )
    ratio = {"class_path": "deepflash.targets.LogRatio", "init_args": {"max_stops": 2}}
    np.testing.assert_allclose(said(ratio), [np.log(2), 0, -np.log(2)], rtol=1e-6)
