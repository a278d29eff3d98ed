"""What a model says about a photograph, in numpy: the correction, and how it is applied.

The formulas are those of `deepflash.targets`, which trains with them; here they run without
torch. 0 always means "change nothing".
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from deepflash.errors import ModelFileError
from deepflash.model_header import class_and_arguments

TargetName = Literal["difference", "direct", "log_ratio"]

OWN_MODEL = Path(__file__).parents[1] / "weights" / "portrait.onnx"
"""The network that comes with the program."""

_TARGETS: dict[str, TargetName] = {
    "deepflash.targets.Difference": "difference",
    "deepflash.targets.DirectImage": "direct",
    "deepflash.targets.LogRatio": "log_ratio",
}
_MAX_STOPS = 3.0  # the default of deepflash.targets.LogRatio


@runtime_checkable
class CorrectionModel(Protocol):
    """A trained network with its filter and its target."""

    @property
    def name(self) -> str:
        """What to call it: the name of its file."""
        ...

    @property
    def size(self) -> int:
        """Long side in pixels that the network was trained at."""
        ...

    @property
    def target(self) -> TargetName:
        """How its correction is applied; see `apply_correction`."""
        ...

    def correction(self, picture: Float32[np.ndarray, "h w 3"], /) -> Float32[np.ndarray, "h w 3"]:
        """Returns the correction of a picture, sRGB-encoded in [0,1], of any size.

        Raises:
            ModelFileError: the network's answer is not finite.
        """
        ...


@dataclass(frozen=True)
class Decoding:
    """What a network's output means."""

    target: TargetName
    max_stops: float = _MAX_STOPS
    """For `log_ratio` only; see `deepflash.targets.LogRatio`."""

    def decode(
        self, y: Float32[np.ndarray, "h w 3"], flash_low: Float32[np.ndarray, "h w 3"]
    ) -> Float32[np.ndarray, "h w 3"]:
        """Returns the correction for y, in [0,1], that was predicted from `flash_low`."""
        if self.target == "direct":
            return flash_low - y
        signed = 2 * y - 1
        if self.target == "log_ratio":
            return signed * np.float32(self.max_stops * math.log(2))
        return signed


def decoding_of(spec: object, source: Path | str) -> Decoding:
    """Returns the meaning that a model file's header gives to the output.

    Args:
        spec: `target` of the header.
        source: the file, for errors.

    Raises:
        ModelFileError: no target of this package, or an impossible argument.
    """
    path, arguments = class_and_arguments(spec, source)
    if path not in _TARGETS:
        raise ModelFileError(f"{source} asks for the target {path}, which deepflash does not have")
    stops = arguments.get("max_stops", _MAX_STOPS)
    if not isinstance(stops, int | float) or not 0 < stops < math.inf:
        raise ModelFileError(f"{source} has max_stops {stops!r}, expected a number above 0")
    return Decoding(_TARGETS[path], float(stops))


def apply_correction(
    target: TargetName,
    photo: Float32[np.ndarray, "h w 3"],
    correction: Float32[np.ndarray, "h w 3"],
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the corrected picture, not clipped.

    Args:
        target: `log_ratio` gives `photo` * exp(-`correction`), the others
            `photo` - `correction`.
        photo: sRGB-encoded in [0,1].
        correction: decoded, at the photograph's size.
    """
    if target == "log_ratio":
        return photo * np.exp(-correction)
    return photo - correction


def finite(
    correction: Float32[np.ndarray, "h w 3"], source: Path | str
) -> Float32[np.ndarray, "h w 3"]:
    """Returns `correction` itself. Raises ModelFileError if any of it is not a finite number."""
    if not np.isfinite(correction).all():
        raise ModelFileError(
            f"{source} predicts values that are not finite for this photograph; its training "
            "diverged: export another checkpoint"
        )
    return correction


def load_correction_model(
    path: Path | None = None, *, threads: int | None = None
) -> CorrectionModel:
    """Reads a model.

    Args:
        path: `.onnx` runs by ONNX Runtime; `.safetensors`, `.ckpt` and the folder of a run need
            torch. None takes the network that comes with the program.
        threads: for `.onnx`; see `deepflash.enhance.onnx_model.OnnxModel`.

    Raises:
        ModelFileError: no such file, not one of ours, damaged, from a newer version, or torch
            would be needed and is not installed.
    """
    path = OWN_MODEL if path is None else path
    if path.suffix == ".onnx":
        from deepflash.enhance.onnx_model import OnnxModel

        return OnnxModel(path, threads=threads)
    if not path.is_dir() and path.suffix not in (".safetensors", ".ckpt"):
        raise ModelFileError(
            f"{path} is no model; choose an .onnx, .safetensors or .ckpt file, or a run's folder"
        )
    try:
        from deepflash.enhance.torch_model import TorchModel
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise ModelFileError(
            f"{path} needs torch, which is not installed: pip install 'deepflash[train]', or "
            "write the model with `deepflash export RUN --onnx` where torch is"
        ) from error
    return TorchModel(path)
