"""A network of this package as an ONNX file that runs without torch, at any size.

The graph takes the filtered photograph and gives y; filter and target stay outside, in the
header, because they are not learnt. See `deepflash.enhance.onnx_model`, which runs it.
"""

import copy
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from onnx import numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from deepflash.atomic import replacing
from deepflash.enhance.onnx_model import (
    INPUT,
    OUTPUT,
    onnxruntime,  # it silences the library first
)
from deepflash.errors import ModelFileError, UsageError
from deepflash.model_file import SMALLEST_HALVED
from deepflash.model_header import KEY, encode_header

OPSET = 17
"""Lowest that has all that the networks need; every ONNX Runtime since 2022 reads it."""
_OPSETS = range(13, 21)

WORST = 1 / 255
"""Largest difference from torch that a written file may show: one step of an 8-bit picture."""

# Odd on purpose: at a multiple of the network's strides the padding would be traced as none.
_TRACED = (1, 3, 75, 91)
_CHECKED = ((1, 64, 64), (1, 123, 81), (2, 50, 171), (1, 1, 7))


def export_onnx(
    path: Path,
    net: nn.Module,
    header: Mapping[str, Any],
    *,
    opset: int = OPSET,
    half: bool = False,
) -> float:
    """Writes a network as ONNX, after it has given the same pictures as torch.

    Args:
        path: ends in `.onnx`.
        net: takes `flash_low` [b,3,h,w] and gives y; left as it is.
        header: see `deepflash.model_header`.
        opset: of ONNX.
        half: stores the weights in half precision. Whoever reads the file makes float32 of them
            once, so it is as fast as the other.

    Returns:
        The largest difference between the file and the network, in [0,1]; see
        `difference_from`.

    Raises:
        UsageError: an opset that the networks cannot be written in.
        ModelFileError: a weight is too large for half precision, or the file differs from the
            network by more than a step of an 8-bit picture.
        StorageError: the file could not be written; an earlier one of that name survives.
    """
    if opset not in _OPSETS:
        raise UsageError(
            f"--opset is {opset}; the networks can be written in {_OPSETS[0]} to {_OPSETS[-1]}"
        )
    with replacing(path) as temporary:
        _trace(_folded(net), temporary, opset)
        graph = onnx.load(temporary)
        if half:
            _halve(graph.graph)
        onnx.helper.set_model_props(graph, {KEY: encode_header(header)})
        graph.producer_name, graph.producer_version = "deepflash", ""
        onnx.save(graph, temporary)
        worst = difference_from(net, temporary)
        if not worst <= WORST:
            raise ModelFileError(_refusal(worst, half=half))
    return worst


def _refusal(worst: float, *, half: bool) -> str:
    if np.isnan(worst):
        return "the network answers with values that are not finite; export another checkpoint"
    advice = "export without --fp16" if half else "choose another --opset"
    return f"the ONNX file would differ from its network by {worst * 255:.1f} of 255; {advice}"


def _folded(net: nn.Module) -> nn.Module:
    """Returns a copy in evaluation mode, batch normalisation folded into the convolutions."""
    folded = copy.deepcopy(net).eval().cpu().float()
    for parent in list(folded.modules()):
        if isinstance(parent, nn.Sequential):
            for i in range(len(parent) - 1):
                convolution, norm = parent[i], parent[i + 1]
                if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    parent[i] = fuse_conv_bn_eval(convolution, norm)
                    parent[i + 1] = nn.Identity()
    return folded


def _trace(net: nn.Module, path: Path, opset: int) -> None:
    names = {0: "batch", 2: "height", 3: "width"}
    with warnings.catch_warnings(), torch.no_grad():
        # It warns of its own age and of every size that it meets; the comparison with torch is
        # what tells whether the graph is right. The newer exporter takes half a minute longer.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net,
            (torch.rand(_TRACED),),
            path,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: names, OUTPUT: names},
            opset_version=opset,
            dynamo=False,
        )


def _halve(graph: onnx.GraphProto) -> None:
    """Stores large weights in half precision, each behind a cast back to float32."""
    casts = []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < SMALLEST_HALVED:
            continue
        with np.errstate(over="ignore"):
            halved = values.astype(np.float16)
        if not np.isfinite(halved).all():
            raise ModelFileError(
                f"{weight.name} reaches {np.abs(values).max():.3g}, too large for half "
                "precision; export without --fp16"
            )
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(halved, f"{name}.half"))
        casts.append(
            onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT)
        )
    # Nodes stand in the order in which they run.
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def difference_from(net: nn.Module, path: Path) -> float:
    """Returns the largest difference between an ONNX file and its network.

    Both answer to smooth random pictures of several sizes, as filtered photographs are smooth.
    Not a number if an answer is not finite, infinite if it has another size.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    generator = torch.Generator().manual_seed(0)
    net = copy.deepcopy(net).eval().cpu().float()
    worst = 0.0
    for batch, height, width in _CHECKED:
        coarse = torch.rand(batch, 3, 7, 7, generator=generator)
        pictures = F.interpolate(coarse, size=(height, width), mode="bilinear")
        with torch.inference_mode():
            expected = net(pictures).numpy()
        answer = np.asarray(session.run([OUTPUT], {INPUT: pictures.numpy()})[0])
        if answer.shape != expected.shape:
            return float("inf")
        worst = np.maximum(worst, np.abs(answer - expected).max())
    return float(worst)
