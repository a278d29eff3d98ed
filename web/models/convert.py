"""Makes the ONNX files beside this one from the TFLite files that the Python package carries.

The page runs networks by ONNX Runtime, which reads no TFLite. Weights stay what they are, 16-bit
floats; the graph is written anew: channels before rows and columns, one input named `input`, and
outputs with TFLite's names. Run by hand, in an environment with `numpy`, `onnx` and `tflite`:

    pip install onnx==1.23.2 tflite==2.18.0
    python web/models/convert.py

`tests/web/test_networks.py` compares the results with what OpenCV makes of the TFLite files.
"""

import hashlib
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tflite
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper, shape_inference

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "deepflash"
OPSET, IR_VERSION = 17, 8


class Source(NamedTuple):
    """One network and the name of its ONNX file."""

    file: Path
    result: str


SOURCES = (
    Source(PACKAGE / "faces/models/face_detection_short_range.tflite", "face_detector.onnx"),
    Source(PACKAGE / "faces/models/face_landmark.tflite", "face_mesh.onnx"),
    Source(PACKAGE / "segmentation/models/selfie_segmentation.tflite", "person.onnx"),
)

_NAMES = {code: name for name, code in vars(tflite.BuiltinOperator).items() if name[0] != "_"}
_TYPES = {tflite.TensorType.FLOAT16: np.float16, tflite.TensorType.INT32: np.int32}
_PLAIN = {
    "RELU": "Relu",
    "LOGISTIC": "Sigmoid",
    "HARD_SWISH": "HardSwish",
    "ADD": "Add",
    "MUL": "Mul",
}
_KERNEL_AXES = {
    "CONV_2D": (0, 3, 1, 2),
    "DEPTHWISE_CONV_2D": (3, 0, 1, 2),
    "TRANSPOSED": (3, 0, 1, 2),
}


class Step(NamedTuple):
    """One operator of a TFLite graph: its name, tensors by number, and its options."""

    name: str
    inputs: list[int]
    outputs: list[int]
    options: Any


class Converter:
    """Writes one TFLite graph as an ONNX graph."""

    def __init__(self, content: bytes) -> None:
        """Takes the content of a TFLite file of one graph."""
        self._model = tflite.Model.GetRootAsModel(content, 0)
        self._graph = self._model.Subgraphs(0)
        self._constants: dict[int, np.ndarray] = {}
        self._weights: list[TensorProto] = []
        self._nodes: list[NodeProto] = []
        self._writers: dict[str, Callable[[Step], None]] = {
            "DEQUANTIZE": self._dequantize,
            "CONV_2D": self._convolution,
            "DEPTHWISE_CONV_2D": self._convolution,
            "TRANSPOSED": self._transposed_convolution,
            "MAX_POOL_2D": self._largest,
            "AVERAGE_POOL_2D": self._mean,
            "PRELU": self._prelu,
            "PAD": self._pad,
            "RESIZE_BILINEAR": self._resize,
            "RESHAPE": self._reshape,
            "CONCATENATION": self._concatenation,
        }

    def model(self, origin: str) -> ModelProto:
        """Returns the network; `origin` says where it is from."""
        (first,) = self._graph.InputsAsNumpy()
        for number in range(self._graph.OperatorsLength()):
            step = self._step(number)
            self._writers.get(step.name, self._plain)(step)
        _, height, width, channels = self._shape(first)
        graph = helper.make_graph(
            self._nodes,
            "network",
            [_float_value(self._name(first), [1, channels, height, width])],
            [_float_value(self._name(one), None) for one in self._graph.OutputsAsNumpy()],
            self._weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version, model.producer_name = IR_VERSION, "deepflash web/models/convert.py"
        model.doc_string = origin
        inferred = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        for mine, known in zip(model.graph.output, inferred.graph.output, strict=True):
            mine.CopyFrom(known)
        checker.check_model(model, full_check=True)
        return model

    def _step(self, number: int) -> Step:
        operator = self._graph.Operators(number)
        code = self._model.OperatorCodes(operator.OpcodeIndex())
        name = _NAMES[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        options: Any = None
        if name == "CUSTOM":
            assert code.CustomCode() == b"Convolution2DTransposeBias", code.CustomCode()
            name, options = "TRANSPOSED", operator.CustomOptionsAsNumpy().tobytes()
        elif name in _OPTIONS:
            table = operator.BuiltinOptions()
            options = _OPTIONS[name]()
            options.Init(table.Bytes, table.Pos)
            activation = getattr(options, "FusedActivationFunction", int)()
            assert activation == tflite.ActivationFunctionType.NONE, (name, activation)
        return Step(name, list(operator.InputsAsNumpy()), list(operator.OutputsAsNumpy()), options)

    def _shape(self, tensor: int) -> list[int]:
        return [int(length) for length in self._graph.Tensors(tensor).ShapeAsNumpy()]

    def _name(self, tensor: int) -> str:
        if tensor == self._graph.Inputs(0):
            return "input"
        if tensor in self._graph.OutputsAsNumpy():
            return self._graph.Tensors(tensor).Name().decode()
        return f"t{tensor}"

    def _constant(self, tensor: int) -> np.ndarray:
        if tensor in self._constants:
            return self._constants[tensor]
        found = self._graph.Tensors(tensor)
        content = self._model.Buffers(found.Buffer()).DataAsNumpy().tobytes()
        return np.frombuffer(content, _TYPES[found.Type()]).reshape(self._shape(tensor))

    def _dequantize(self, step: Step) -> None:
        self._constants[step.outputs[0]] = self._constant(step.inputs[0])

    def _weight(self, name: str, values: np.ndarray) -> str:
        """Returns the name of weights that are stored as 16-bit floats and used as 32-bit ones."""
        assert values.dtype == np.float16
        self._initial(f"{name}.half", values)
        self._nodes.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
        return name

    def _initial(self, name: str, values: np.ndarray) -> str:
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _add(self, operation: str, inputs: list[str], step: Step, **attributes: Any) -> None:
        result = self._name(step.outputs[0])
        self._nodes.append(helper.make_node(operation, inputs, [result], **attributes))

    def _plain(self, step: Step) -> None:
        self._add(_PLAIN[step.name], [self._name(one) for one in step.inputs], step)

    def _kernel_and_bias(self, step: Step) -> tuple[np.ndarray, list[str]]:
        """Returns the kernel in ONNX's order of axes, and the names of all three inputs."""
        _, kernel, bias = step.inputs
        values = self._constant(kernel).transpose(_KERNEL_AXES[step.name])
        names = [
            self._name(step.inputs[0]),
            self._weight(f"w{kernel}", values),
            self._weight(f"w{bias}", self._constant(bias)),
        ]
        return values, names

    def _convolution(self, step: Step) -> None:
        options = step.options
        assert options.DilationHFactor() == options.DilationWFactor() == 1
        kernel, names = self._kernel_and_bias(step)
        size, strides = list(kernel.shape[2:]), [options.StrideH(), options.StrideW()]
        self._add(
            "Conv",
            names,
            step,
            kernel_shape=size,
            strides=strides,
            pads=self._pads(step, size, strides),
            group=kernel.shape[0] if step.name == "DEPTHWISE_CONV_2D" else 1,
        )

    def _transposed_convolution(self, step: Step) -> None:
        padding, across, down = struct.unpack("<3i", step.options)
        kernel, names = self._kernel_and_bias(step)
        # Then no two strides overlap, and there is nothing to pad.
        assert list(kernel.shape[2:]) == [down, across], (kernel.shape, padding)
        self._add("ConvTranspose", names, step, kernel_shape=[down, across], strides=[down, across])

    def _largest(self, step: Step) -> None:
        options = step.options
        size = [options.FilterHeight(), options.FilterWidth()]
        strides = [options.StrideH(), options.StrideW()]
        pads = self._pads(step, size, strides)
        name = [self._name(step.inputs[0])]
        self._add("MaxPool", name, step, kernel_shape=size, strides=strides, pads=pads)

    def _mean(self, step: Step) -> None:
        size = [step.options.FilterHeight(), step.options.FilterWidth()]
        assert size == self._shape(step.inputs[0])[1:3], size
        self._add("GlobalAveragePool", [self._name(step.inputs[0])], step)

    def _prelu(self, step: Step) -> None:
        values, slopes = step.inputs
        slope = self._constant(slopes).reshape(-1, 1, 1)
        self._add("PRelu", [self._name(values), self._weight(f"w{slopes}", slope)], step)

    def _pad(self, step: Step) -> None:
        pads = self._constant(step.inputs[1])[[0, 3, 1, 2]].T.reshape(-1).astype(np.int64)
        name = self._initial(f"pads{step.outputs[0]}", pads)
        self._add("Pad", [self._name(step.inputs[0]), name], step)

    def _resize(self, step: Step) -> None:
        assert step.options.HalfPixelCenters()
        assert not step.options.AlignCorners()
        before, after = self._shape(step.inputs[0])[1:3], self._shape(step.outputs[0])[1:3]
        scales = [1, 1, *(new / old for old, new in zip(before, after, strict=True))]
        name = self._initial(f"scales{step.outputs[0]}", np.array(scales, np.float32))
        inputs = [self._name(step.inputs[0]), "", name]
        mode = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
        self._add("Resize", inputs, step, **mode)

    def _reshape(self, step: Step) -> None:
        before = self._name(step.inputs[0])
        # What is cut anew must lie as TFLite has it, channels last.
        last = helper.make_node("Transpose", [before], [f"{before}.last"], perm=[0, 2, 3, 1])
        self._nodes.append(last)
        shape = np.array(self._shape(step.outputs[0]), np.int64)
        name = self._initial(f"shape{step.outputs[0]}", shape)
        self._add("Reshape", [f"{before}.last", name], step)

    def _concatenation(self, step: Step) -> None:
        # Of reshaped tensors only, whose axes are TFLite's.
        assert len(self._shape(step.outputs[0])) == 3
        inputs = [self._name(one) for one in step.inputs]
        self._add("Concat", inputs, step, axis=step.options.Axis())

    def _pads(self, step: Step, size: list[int], strides: list[int]) -> list[int]:
        """Returns what is added before and after rows and columns, in ONNX's order."""
        if step.options.Padding() == tflite.Padding.VALID:
            return [0, 0, 0, 0]
        before, after = self._shape(step.inputs[0])[1:3], self._shape(step.outputs[0])[1:3]
        missing = [
            max((new - 1) * stride + side - old, 0)
            for old, new, side, stride in zip(before, after, size, strides, strict=True)
        ]
        starts = [count // 2 for count in missing]
        return starts + [count - start for count, start in zip(missing, starts, strict=True)]


_OPTIONS = {
    "CONV_2D": tflite.Conv2DOptions,
    "DEPTHWISE_CONV_2D": tflite.DepthwiseConv2DOptions,
    "MAX_POOL_2D": tflite.Pool2DOptions,
    "AVERAGE_POOL_2D": tflite.Pool2DOptions,
    "RESIZE_BILINEAR": tflite.ResizeBilinearOptions,
    "CONCATENATION": tflite.ConcatenationOptions,
    "ADD": tflite.AddOptions,
    "MUL": tflite.MulOptions,
}


def _float_value(name: str, shape: list[int] | None) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def convert(source: Source) -> bytes:
    """Returns the content of the ONNX file; the same for the same source, byte by byte."""
    content = source.file.read_bytes()
    origin = (
        f"{source.file.name} of MediaPipe (SHA-256 {hashlib.sha256(content).hexdigest()}), "
        "by the MediaPipe authors, Apache-2.0; rewritten as ONNX, weights unchanged."
    )
    return Converter(content).model(origin).SerializeToString(deterministic=True)


def main() -> None:
    """Writes all three files, and says their sizes and sums."""
    for source in SOURCES:
        content = convert(source)
        (HERE / source.result).write_bytes(content)
        print(source.result, len(content), hashlib.sha256(content).hexdigest())  # noqa: T201


if __name__ == "__main__":
    main()
