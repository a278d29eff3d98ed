"""Small models for tests: the compact network with a header, as ONNX."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from deepflash.nets.compact import CompactUNet
from deepflash.onnx_export import export_onnx

CHANNELS = (4, 4, 4)
HEADER: dict[str, Any] = {
    "network": {
        "class_path": "deepflash.nets.compact.CompactUNet",
        "init_args": {"channels": list(CHANNELS), "skips": [0, 1, 2]},
    },
    "filter": {"class_path": "deepflash.filters.Bilateral", "init_args": {"sigma_s": 2.0}},
    "target": {"class_path": "deepflash.targets.Difference", "init_args": {}},
    "size": 96,
}


def lively(net: nn.Module) -> nn.Module:
    """Gives a network the statistics of noise and a larger head, so that its output varies."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the mean of all batches: here, of one
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0.0, 0.2)
    nn.init.normal_(net.head.weight, std=0.1)
    with torch.no_grad():
        net.train()(torch.rand(2, 3, 96, 96))
    return net.eval()


def small_net() -> nn.Module:
    """Returns a compact network of random weights, the same each time."""
    torch.manual_seed(0)
    return lively(CompactUNet(CHANNELS, skips=(0, 1, 2)))


def write_onnx(path: Path, **changed: Any) -> Path:
    """Writes the small network with some keys of its header changed."""
    export_onnx(path, small_net(), HEADER | changed)
    return path
