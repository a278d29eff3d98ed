"""Pretrained VGG-16 convolutions from ImageNet or from a file, in one naming."""

import urllib.error
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torchvision.models import VGG16_Weights

from deepflash.errors import WeightsError

BLOCK_CONVOLUTIONS = (2, 2, 3, 3, 3)
"""Convolutions in each of the five blocks: the 13 of configuration D (Simonyan 2014, Table 1)."""

# Position of each convolution in torchvision's `vgg16().features`, where a ReLU follows every
# convolution and a pooling every block.
_FEATURE_INDICES = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
_ORIGINAL_NAMES = tuple(
    f"conv{block}_{n}"
    for block, count in enumerate(BLOCK_CONVOLUTIONS, 1)
    for n in range(1, count + 1)
)

_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# VGG-Face (Parkhi 2015) takes 0..255 less the mean of its training faces, RGB.
_FACE_MEAN = (129.1863 / 255, 104.7624 / 255, 93.5940 / 255)
_FACE_STD = (1 / 255, 1 / 255, 1 / 255)


class VGG16Weights(NamedTuple):
    """Weights of the 13 convolutions and the normalisation that their network was trained with."""

    state: dict[str, Tensor]
    """Named as in `torchvision.models.vgg16().features`: `0.weight`, `0.bias`, `2.weight` ..."""
    mean: tuple[float, float, float]
    """Subtracted from RGB in [0,1] ..."""
    std: tuple[float, float, float]
    """... before dividing by this."""


def read_vgg16(weights: str) -> VGG16Weights:
    """Returns pretrained weights of VGG-16's convolutions.

    Args:
        weights: `imagenet` (torchvision's IMAGENET1K_V1, downloaded once into the torch hub
            folder) or the path of a state dict in torchvision's naming (`features.0.weight`,
            normalised as ImageNet) or VGG-Face's original naming (`conv1_1.weight`, RGB in
            0..255 less the mean face).

    Raises:
        WeightsError: the download is impossible, the file is missing, or it is no VGG-16.
    """
    if weights == "imagenet":
        state = _imagenet_state()
    else:
        state = _file_state(Path(weights))
    if any(name.startswith("conv1_1") for name in state):
        names, mean, std = _ORIGINAL_NAMES, _FACE_MEAN, _FACE_STD
    else:
        names = tuple(f"features.{i}" for i in _FEATURE_INDICES)
        mean, std = _IMAGENET_MEAN, _IMAGENET_STD
    renamed = {}
    for index, name in zip(_FEATURE_INDICES, names, strict=True):
        for part in ("weight", "bias"):
            if f"{name}.{part}" not in state:
                raise WeightsError(
                    f"{weights} lacks {name}.{part}: expected a VGG-16 state dict in "
                    "torchvision's (features.0.weight) or VGG-Face's (conv1_1.weight) naming"
                )
            renamed[f"{index}.{part}"] = state[f"{name}.{part}"].float()
    return VGG16Weights(renamed, mean, std)


def _imagenet_state() -> dict[str, Tensor]:
    source = VGG16_Weights.IMAGENET1K_V1
    place = Path(torch.hub.get_dir()) / "checkpoints" / source.url.rsplit("/", 1)[-1]
    try:
        return dict(source.get_state_dict(progress=True, check_hash=True))
    except (urllib.error.URLError, OSError, RuntimeError) as error:
        raise WeightsError(
            f"cannot download the ImageNet weights ({error}); put {place.name} (torchvision's "
            f"VGG-16) into {place.parent}, or choose `weights: none`"
        ) from error


def _file_state(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise WeightsError(
            f"no weights at {path}; put a VGG-16 state dict there, or choose imagenet or none"
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load has no common error type for damaged files
        raise WeightsError(f"{path} is not a PyTorch state dict") from error
    state = state.get("state_dict", state) if isinstance(state, dict) else {}
    return {name.removeprefix("module."): value for name, value in state.items()}
