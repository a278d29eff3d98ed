"""The page's ONNX files and OpenCV's reading of the TFLite files they were made from."""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import onnxruntime
import pytest

from deepflash.faces import detector, mesh
from deepflash.faces.model_files import DETECTOR, MESH, checked_model
from deepflash.segmentation import person
from tests.web.node import WEB, JsError

STARTER = Path(__file__).parents[2] / "deepflash" / "starter"
# The two runtimes add in another order; what that makes of 30 layers was 2e-6 at most.
RELATIVE = 1e-4


class Made(NamedTuple):
    name: str
    tflite: Path
    side: int
    lowest: float
    outputs: tuple[str, ...]


NETWORKS = (
    Made("face_detector", checked_model(DETECTOR), detector.SIZE_PX, -1.0, detector.OUTPUTS),
    Made("face_mesh", checked_model(MESH), mesh.SIZE_PX, 0.0, mesh.OUTPUTS),
    Made("person", person.MODEL, person.SIZE_PX, 0.0, ("activation_10",)),
)


def by_opencv(made, values):
    net = cv2.dnn.readNetFromTFLite(str(made.tflite), cv2.dnn.ENGINE_CLASSIC)
    net.setInput(values)
    return [np.array(one) for one in net.forward(made.outputs)]


def patches(side):
    rng = np.random.default_rng(side)
    for number in range(0, 60, 20):
        picture = cv2.imread(str(STARTER / "flash" / f"person{number:05}-00-0.jpg"))
        yield cv2.resize(picture[40:230, 30:220, ::-1], (side, side), interpolation=cv2.INTER_AREA)
    yield rng.integers(0, 256, (side, side, 3)).astype(np.uint8)
    yield np.zeros((side, side, 3), np.uint8)


def as_input(patch, lowest):
    values = patch.astype(np.float32) * np.float32((1 - lowest) / 255) + np.float32(lowest)
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


def assert_same(found, expected):
    assert found.shape == expected.shape
    largest = max(float(np.abs(expected).max()), 1e-3)
    assert float(np.abs(found - expected).max()) <= RELATIVE * largest


@pytest.mark.parametrize("made", NETWORKS, ids=lambda made: made.name)
def test_the_onnx_files_answer_as_opencv_does(made):
    file = WEB / "models" / f"{made.name}.onnx"
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    assert (given.name, given.shape) == ("input", [1, 3, made.side, made.side])
    assert tuple(one.name for one in session.get_outputs()) == made.outputs
    for patch in patches(made.side):
        values = as_input(patch, made.lowest)
        expected = by_opencv(made, values)
        for one, other in zip(session.run(None, {"input": values}), expected, strict=True):
            assert_same(one, other)


@pytest.mark.parametrize("made", NETWORKS, ids=lambda made: made.name)
def test_the_page_answers_as_opencv_does(node, made):
    patch = next(patches(made.side))
    planes = node.call("src/engine/input", "asInput", patch, made.lowest)
    values = as_input(patch, made.lowest)
    assert planes["dims"] == list(values.shape)
    np.testing.assert_array_equal(planes["data"], values.ravel())
    found = node.call("tests/networks", "answers", made.name, values.shape, values.ravel())
    for name, expected in zip(made.outputs, by_opencv(made, values), strict=True):
        assert found[name]["dims"] == list(expected.shape)
        assert_same(found[name]["data"].reshape(expected.shape), expected)


def test_a_network_that_is_asked_twice_at_once_answers_both(node):
    made = NETWORKS[0]
    inputs = [as_input(patch, made.lowest) for patch in patches(made.side)]
    shape = inputs[0].shape
    flat = [one.ravel() for one in inputs]
    found = node.call("tests/networks", "answersAtOnce", made.name, shape, flat)
    for one, values in zip(found, inputs, strict=True):
        assert_same(one["regressors"]["data"], by_opencv(made, values)[0].ravel())


def test_without_a_graphics_processor_networks_run_by_webassembly(node):
    assert node.call("src/engine/session", "pickRuntime") == "wasm"
    assert node.call("tests/networks", "runtimeNamed", "face_detector") == "wasm"


def test_what_is_no_network_is_refused_and_others_go_on(node):
    with pytest.raises(JsError):
        node.call("src/engine/session", "loadNetwork", np.arange(64, dtype=np.uint8))
    made = NETWORKS[0]
    values = as_input(next(patches(made.side)), made.lowest)
    with pytest.raises(JsError):
        node.call("tests/networks", "answers", made.name, [1, 3, 4, 4], values.ravel()[:48])
    found = node.call("tests/networks", "answers", made.name, values.shape, values.ravel())
    assert_same(found["regressors"]["data"], by_opencv(made, values)[0].ravel())
