"""A model file or checkpoint that runs by torch, as the correction of a photograph."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32

from deepflash.enhance.correction import TargetName, decoding_of, finite
from deepflash.model_file import load_model


class TorchModel:
    """A `.safetensors`, `.ckpt` or run folder; see `deepflash.enhance.correction`.

    Args:
        path: of the file or folder.

    Attributes:
        name: of the file, or of the run and its experiment.
        size: long side in pixels that the network was trained at.
        target: how its correction is applied.
        header: everything that the file says about itself.

    Raises:
        ModelFileError: no such file, not one of ours, damaged, or from a newer version.
    """

    def __init__(self, path: Path) -> None:
        self._model = load_model(path)
        self._source = path
        self.name = path.name if path.is_file() else f"{path.parent.name}/{path.name}"
        self.header = self._model.header
        self.size = self._model.size
        self.target: TargetName = decoding_of(self.header["target"], path).target

    def correction(self, picture: Float32[np.ndarray, "h w 3"], /) -> Float32[np.ndarray, "h w 3"]:
        """Returns the correction of a picture, sRGB-encoded in [0,1], of any size.

        Raises:
            ModelFileError: the network's answer is not finite.
        """
        planes = np.ascontiguousarray(picture.transpose(2, 0, 1))
        with torch.inference_mode():
            decoded = self._model.correction(torch.from_numpy(planes)[None])
        return finite(decoded[0].permute(1, 2, 0).float().cpu().numpy(), self._source)
