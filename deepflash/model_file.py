"""Model files: safetensors with a JSON header that says how to use the weights.

The header names network, filter and target by class and arguments, the size it was trained at,
the training data and the figures. Nothing in it is executed: only classes of this package are
built, and no pickle is ever read from a model file.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as encode_safetensors
from torch import Tensor, nn

from deepflash.atomic import replacing
from deepflash.errors import ModelFileError, UsageError
from deepflash.model_header import (
    KEY,
    Spec,
    class_and_arguments,
    decode_header,
    encode_header,
)
from deepflash.targets import Target, without_mean

_ROOMS = ("deepflash.nets.", "deepflash.filters.", "deepflash.targets.")
SMALLEST_HALVED = 1024
"""Values of a tensor that half precision makes worth while; statistics and biases stay exact."""


def build(spec: Spec, source: Path | str) -> Any:
    """Returns the object that a spec names.

    Args:
        spec: class and arguments.
        source: the file it comes from, for errors.

    Raises:
        ModelFileError: the class is not a network, filter or target of this package, or does
            not take these arguments.
    """
    path, given = class_and_arguments(spec, source)
    # JSON and YAML have no tuples.
    arguments = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }
    if not path.startswith(_ROOMS):
        raise ModelFileError(f"{source} asks for {path}, which is no part of deepflash")
    if "weights" in arguments:
        arguments["weights"] = "none"  # the file's own follow; nothing is downloaded
    module, name = path.rsplit(".", 1)
    try:
        chosen = getattr(importlib.import_module(module), name)
        ours = isinstance(chosen, type) and issubclass(chosen, nn.Module | Target)
        if not ours or chosen.__module__ != module:
            raise ModelFileError(f"{source} asks for {path}, which is no part of deepflash")
        return chosen(**arguments)
    except (ImportError, AttributeError, TypeError, UsageError) as error:
        raise ModelFileError(
            f"{source} needs {path} with {arguments}, which this version cannot build ({error})"
        ) from error


class Model:
    """A trained network with its filter and target, ready to correct photographs.

    Attributes:
        net: network in evaluation mode.
        filter: the method's low-pass filter.
        target: what the network's output means.
        size: long side in pixels that it was trained at.
        header: everything that the model file says about itself.
    """

    def __init__(
        self,
        net: nn.Module,
        *,
        filter: nn.Module,
        target: Target,
        size: int,
        header: Mapping[str, Any],
    ) -> None:
        self.net = net.eval()
        self.filter = filter
        self.target = target
        self.size = size
        self.header = dict(header)

    def predict(
        self, picture: Float[Tensor, "b 3 h w"]
    ) -> tuple[Float[Tensor, "b 3 h w"], Float[Tensor, "b 3 h w"]]:
        """Returns y and the filtered picture for sRGB-encoded pictures in [0,1] of any size."""
        with torch.inference_mode():
            flash_low = self.filter(picture)
            return self.net(flash_low), flash_low

    def correction(self, picture: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Returns the decoded correction; 0 means "change nothing". See `deepflash.targets`."""
        y, flash_low = self.predict(picture)
        return self.target.decode(y, flash_low)

    def portrait(
        self, picture: Float[Tensor, "b 3 h w"], *, keep_mean: bool = False
    ) -> Float[Tensor, "b 3 h w"]:
        """Returns the portrait at the picture's own size, sRGB-encoded in [0,1].

        Args:
            picture: sRGB-encoded in [0,1].
            keep_mean: keeps the picture's own mean per channel (`offset: input`).
        """
        correction = self.correction(picture)
        if keep_mean:
            correction = without_mean(correction)
        return self.target.apply(picture, correction).clamp(0, 1)


def save_model(
    path: Path, weights: Mapping[str, Tensor], header: Mapping[str, Any], *, half: bool = False
) -> None:
    """Writes a model file; an earlier file of that name survives a failure.

    Args:
        path: ends in `.safetensors`.
        weights: state dict of the network.
        header: see `deepflash.model_header`.
        half: stores the weights in half precision; `load_model` computes with float32 anyway.

    Raises:
        StorageError: the file could not be written.
        ModelFileError: a weight is too large for half precision.
    """
    packed = {name: value.detach().cpu().contiguous() for name, value in weights.items()}
    if half:
        packed = {name: _halved(name, value) for name, value in packed.items()}
    with replacing(path) as temporary:
        temporary.write_bytes(encode_safetensors(packed, metadata={KEY: encode_header(header)}))


def _halved(name: str, value: Tensor) -> Tensor:
    if not value.is_floating_point() or value.numel() < SMALLEST_HALVED:
        return value
    halved = value.half()
    if not torch.equal(halved.isfinite(), value.isfinite()):
        raise ModelFileError(
            f"{name} reaches {value.abs().max():.3g}, too large for half precision; export "
            "without --fp16"
        )
    return halved


def load_model(path: Path) -> Model:
    """Reads a model file (`.safetensors`), a checkpoint (`.ckpt`) or a run's best checkpoint.

    Raises:
        ModelFileError: no such file, not one of ours, damaged, or written by a newer version.
    """
    if path.is_dir():
        path = path / "checkpoints" / "best.ckpt"  # the folder of a run
    if not path.is_file():
        raise ModelFileError(
            f"no model at {path}; train one with `make train EXP=quickstart` and write it with "
            "`deepflash export RUN`"
        )
    weights, header = read_checkpoint(path) if path.suffix == ".ckpt" else _read(path)
    net = build(header["network"], path)
    try:
        net.load_state_dict(weights)
    except RuntimeError as error:
        raise ModelFileError(
            f"{path}: its weights do not fit the {header['network']['class_path']} it names"
        ) from error
    return Model(
        net,
        filter=build(header["filter"], path),
        target=build(header["target"], path),
        size=int(header["size"]),
        header=header,
    )


def start_from(path: Path, net: nn.Module) -> None:
    """Copies the weights of a model file or checkpoint into a network of the same shape.

    Raises:
        ModelFileError: it cannot be read, or its weights do not fit.
    """
    trained = load_model(path).net
    try:
        net.load_state_dict(trained.state_dict())
    except RuntimeError as error:
        raise ModelFileError(
            f"model.start: {path} holds a {type(trained).__name__} whose weights do not fit the "
            f"{type(net).__name__} of this experiment; choose the network it was trained as"
        ) from error


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(KEY)
            weights = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError) as error:
        raise ModelFileError(f"{path} is not a whole safetensors file ({error})") from error
    return weights, decode_header(text, path)


def read_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Returns the network's weights and a header from a checkpoint of the trainer.

    Raises:
        ModelFileError: it is no checkpoint, or not of this project.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ModelFileError(f"no checkpoint at {path}") from error
    except Exception as error:  # torch.load has no common error type for damaged files
        raise ModelFileError(f"{path} is not a checkpoint that can be read") from error
    chosen = content.get("hyper_parameters") if isinstance(content, dict) else None
    if not isinstance(chosen, dict) or not {"net", "filter", "target"} <= set(chosen):
        raise ModelFileError(f"{path} is not a checkpoint of `deepflash fit`")
    weights = {
        name.removeprefix("net."): value
        for name, value in content["state_dict"].items()
        if name.startswith("net.")
    }
    header = {
        "network": chosen["net"],
        "filter": chosen["filter"],
        "target": chosen["target"],
        "size": content.get("deepflash", {}).get("size", 512),
        "training": content.get("deepflash", {})
        | {
            "epoch": content.get("epoch"),
            "step": content.get("global_step"),
        },
    }
    return weights, header
