"""Rendered scenes as layers of light: each epoch sees every person under light of its own.

A loading process reads and moves the layers and draws how they are to be mixed; the training
device mixes them, see `deepflash.pairs.layer_mixing`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np
import torch
from jaxtyping import Float32, Int16, Int64, UInt8
from torch import Tensor
from torch.utils.data import Dataset

from deepflash.errors import DatasetError, PictureError
from deepflash.pairs.augment import AugmentSettings, CropRotateFlip, fit_square
from deepflash.pairs.manifest import PairRecord
from deepflash.pictures import read_mask
from deepflash.synth.camera import Response, draw_responses
from deepflash.synth.layer_file import BRIGHTEST, LEVELS, decode_layers, read_layer_codes
from deepflash.synth.mixing import Mix, MixSettings, draw_mix, face_level

LARGEST_ROOT = 32767
"""Layers travel as 16-bit roots: light is `BRIGHTEST * (root / LARGEST_ROOT) ** 2`.

Averaging roots of light, as resampling does, is close to averaging what a picture encodes;
averaging the file's logarithms would darken every edge.
"""
EXPOSURE = ("face", "frame_weight", "flash", "target", "background", "kept")
"""Columns of `LayerSample.exposure`: level of the face, weight of the frame, gains, 0 or 1."""
CAMERA = (
    "red",
    "green",
    "blue",
    "vignetting",
    "veil",
    "shot_noise",
    "read_variance",
    "chroma_denoise",
    "shoulder",
    "contrast",
    "saturation",
)
"""Columns of `LayerSample.cameras`."""
_MASKS = ("person", "skin")


class LayerSample(TypedDict):
    """One scene as it leaves a loading process, and how it is to be lit."""

    roots: Int16[Tensor, "n h w 3"]
    masks: UInt8[Tensor, "h w 2"]
    """Coverage of person and skin."""
    weights: Float32[Tensor, "3 n 3"]
    """RGB weights of the layers in flash picture, target and kept background."""
    exposure: Float32[Tensor, " 6"]
    cameras: Float32[Tensor, "2 11"]
    """Of flash picture and target."""
    noise_seed: Int64[Tensor, ""]
    name: str


class LayerDataset(Dataset[LayerSample]):
    """Scenes of one split at `size` x `size`, each time in new light.

    The index counts on over epochs as that of `deepflash.pairs.dataset.PairDataset` does:
    geometry, light and noise belong to (seed, index) alone.

    Args:
        root: folder of the manifest.
        records: pairs of one split that were rendered with layers.
        size: side of the square pictures, in pixels.
        geometry: how layers are cropped, turned and mirrored; None takes the central square.
        mixing: which mixtures are drawn.
        seed: of geometry, light and noise.
        cached: keeps all decoded layers in memory, 60 bytes a pixel of a scene.

    Raises:
        DatasetError: a pair has no layers, no mask or no skin reflectance, or its file is missing.
    """

    def __init__(
        self,
        root: Path,
        records: Sequence[PairRecord],
        *,
        size: int,
        geometry: AugmentSettings | None,
        mixing: MixSettings,
        seed: int = 0,
        cached: bool = False,
    ) -> None:
        for record in records:
            _check_layers(root, record)
        self.root = root
        self.records = list(records)
        self.size = size
        self.mixing = mixing
        self.seed = seed
        self._cache: dict[int, tuple[np.ndarray, np.ndarray]] | None = {} if cached else None
        self._geometry = None if geometry is None else CropRotateFlip(geometry, size)

    def __len__(self) -> int:
        """Returns the number of scenes."""
        return len(self.records)

    def __getitem__(self, index: int) -> LayerSample:
        """Returns one scene. Raises PictureError if a file of it cannot be read or fits not."""
        record = self.records[index % len(self.records)]
        roots, masks = self._layers(index % len(self.records))
        moving, lighting = np.random.SeedSequence((self.seed, index)).generate_state(2).tolist()
        roots, masks = self._moved(roots, masks, moving)
        rng = np.random.default_rng(lighting)
        mix = draw_mix(rng, self.mixing)
        responses = draw_responses(rng, studio_target=mix.target_kind == "studio")
        if mix.unlit:
            responses = (responses[0], responses[0])
        reflectance = float(record.extra["skin_reflectance"])
        return LayerSample(
            roots=torch.from_numpy(roots),
            masks=torch.from_numpy(masks),
            weights=weights_of(mix),
            exposure=exposure_of(mix, reflectance),
            cameras=torch.stack([camera_of(response) for response in responses]),
            noise_seed=torch.tensor(int(rng.integers(2**62))),
            name=record.pair_id,
        )

    def _layers(self, scene: int) -> tuple[np.ndarray, np.ndarray]:
        if self._cache is None:
            return _read(self.root, self.records[scene])
        if scene not in self._cache:
            self._cache[scene] = _read(self.root, self.records[scene])
        return self._cache[scene]

    def _moved(
        self, roots: np.ndarray, masks: np.ndarray, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns layers and masks at `size`, all moved alike.

        Mirrored layers mirror the key lamp with them, so that light and picture agree. OpenCV
        averages areas of at most four channels, so layers go one by one.
        """
        if self._geometry is None:
            squares = [fit_square(layer, self.size) for layer in roots]
            return np.stack(squares), fit_square(masks, self.size)
        self._geometry.set_random_seed(seed)
        drawn = self._geometry.get_params_dependent_on_data({"shape": masks.shape}, {})
        moved = [self._geometry.apply(layer, **drawn) for layer in roots]
        return np.stack(moved), self._geometry.apply(masks, **drawn)


def weights_of(mix: Mix) -> Float32[Tensor, "3 n 3"]:
    """Returns the weights of flash picture, target and kept background."""
    rows = (mix.flash_weights, mix.target_weights, mix.background_weights)
    return torch.tensor(rows, dtype=torch.float32)


def exposure_of(mix: Mix, skin_reflectance: float) -> Float32[Tensor, " 6"]:
    """Returns the columns of `EXPOSURE`."""
    values = {
        "face": face_level(skin_reflectance, mix.adaptation),
        "frame_weight": mix.frame_weight,
        "flash": 2**mix.flash_ev,
        "target": 2**mix.target_ev,
        "background": mix.background_gain,
        "kept": float(mix.target_kind == "studio_kept"),
    }
    return torch.tensor([values[name] for name in EXPOSURE], dtype=torch.float32)


def camera_of(response: Response) -> Float32[Tensor, " 11"]:
    """Returns the columns of `CAMERA`."""
    gain = 2**response.exposure_ev
    red, green, blue = (gain * balance for balance in response.white_balance)
    values = {
        "red": red,
        "green": green,
        "blue": blue,
        "read_variance": response.read_noise**2,
    }
    columns = [values[n] if n in values else getattr(response, n) for n in CAMERA]
    return torch.tensor(columns, dtype=torch.float32)


def _root_table() -> Int16[np.ndarray, " levels"]:
    codes = np.arange(LEVELS, dtype=np.uint16).reshape(-1, 1, 1, 1).repeat(3, axis=3)
    light = np.minimum(decode_layers(codes)[:, 0, 0, 0], BRIGHTEST)
    return np.rint(np.sqrt(light / BRIGHTEST) * LARGEST_ROOT).astype(np.int16)


def _read(
    root: Path, record: PairRecord
) -> tuple[Int16[np.ndarray, "n h w 3"], UInt8[np.ndarray, "h w 2"]]:
    roots = _root_table()[read_layer_codes(root / record.extra["layers"])]
    masks = [read_mask(root / record.masks[name]) for name in _MASKS]
    if any(mask.shape != roots.shape[1:3] for mask in masks):
        raise PictureError(
            f"pair {record.pair_id}: layers and masks differ in size; render it again"
        )
    return roots, np.stack(masks, axis=-1)


def _check_layers(root: Path, record: PairRecord) -> None:
    lacking = [name for name in ("layers", "skin_reflectance") if name not in record.extra]
    lacking += [f"the {name} mask" for name in _MASKS if name not in record.masks]
    if lacking:
        raise DatasetError(
            f"pair {record.pair_id} of {root} lacks {lacking[0]}; render the dataset with "
            "--layers, or train with data.layers: false"
        )
    path = root / record.extra["layers"]
    if not path.is_file():
        raise DatasetError(
            f"pair {record.pair_id}: {path} is missing; render the dataset with --layers, or train "
            "with data.layers: false"
        )
