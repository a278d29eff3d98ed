"""One photograph through a model: predicted small, brought up along edges, applied full size.

The network sees the photograph at its own size (`Model.size`), where the correction is as
smooth as the method makes it; the photograph itself is never resized or filtered, so its
texture comes through (architecture: the last step of the paper, at any resolution).
"""

from typing import Literal, Protocol, runtime_checkable

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32, Real, UInt8, UInt16
from torch import Tensor

from deepflash.errors import ModelFileError, UsageError
from deepflash.pictures import to_unit
from deepflash.targets import Target, without_mean
from deepflash.upsample import (
    correction_rows,
    fit_to_guide,
    strips,
    texture_radius,
    with_halo,
    without_texture,
)

Offset = Literal["predicted", "input"]
Pixels = UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"] | Float32[np.ndarray, "h w 3"]

# Chosen on drawn pictures with known corrections (tests/test_upsample.py) and on FAID: a radius
# of 2 costs 1 dB there and doubles the texture that leaks; a larger epsilon softens edges, a
# smaller one follows the noise of the guide.
_RADIUS = 1
_EPSILON = 1e-4


@runtime_checkable
class CorrectionModel(Protocol):
    """What the pipeline needs of a model; `deepflash.model_file.Model` offers it."""

    @property
    def size(self) -> int:
        """Long side in pixels at which the network works."""
        ...

    @property
    def target(self) -> Target:
        """How the correction is applied."""
        ...

    def correction(self, picture: Float[Tensor, "b 3 h w"], /) -> Float[Tensor, "b 3 h w"]:
        """Returns the correction of a photograph, sRGB-encoded in [0,1], of any size."""
        ...


def reduced(photo: Pixels, size: int) -> Float32[np.ndarray, "small_h small_w 3"]:
    """Returns the photograph in [0,1] with its long side reduced to `size` by area averaging.

    A photograph that is not larger keeps its size. The encoding stays.
    """
    height, width = photo.shape[:2]
    scale = min(1.0, size / max(height, width))
    shape = (max(1, round(width * scale)), max(1, round(height * scale)))
    # One channel at a time: a whole 50-megapixel photograph as float32 would take 600 MB.
    channels = [
        cv2.resize(_unit(np.ascontiguousarray(photo[..., c])), shape, interpolation=cv2.INTER_AREA)
        for c in range(3)
    ]
    return np.stack([channel.reshape(shape[::-1]) for channel in channels], axis=-1)


def _unit(pixels: Real[np.ndarray, "*shape"]) -> Float32[np.ndarray, "*shape"]:
    if np.issubdtype(pixels.dtype, np.integer):
        return to_unit(pixels)
    return pixels


def _as_stored(
    picture: Float32[np.ndarray, "*shape"], dtype: np.dtype
) -> Real[np.ndarray, "*shape"]:
    """Returns values clipped to [0,1] as `dtype`, rounded to its steps if it has any."""
    clipped = np.clip(picture, 0, 1)
    if not np.issubdtype(dtype, np.integer):
        return clipped
    return (clipped * np.float32(np.iinfo(dtype).max) + np.float32(0.5)).astype(dtype)


def _to_tensor(picture: Float32[np.ndarray, "h w 3"]) -> Float[Tensor, "1 3 h w"]:
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None]


def _to_array(picture: Float[Tensor, "1 3 h w"]) -> Float32[np.ndarray, "h w 3"]:
    return picture[0].permute(1, 2, 0).float().cpu().numpy()


def small_correction(
    model: CorrectionModel,
    small: Float32[np.ndarray, "h w 3"],
    *,
    strength: float,
    offset: Offset,
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the correction to apply, at the size of `small`.

    Args:
        model: answers with a correction.
        small: photograph at the size the network works at, sRGB-encoded in [0,1].
        strength: factor on the correction.
        offset: `predicted` as the network gives it; `input` takes away its mean per channel,
            which the paper's loss leaves unsupervised, so the photograph keeps its own.

    Raises:
        ModelFileError: the network answers with something that is not finite.
    """
    correction = model.correction(_to_tensor(small))
    if not torch.isfinite(correction).all():
        raise ModelFileError(
            "the model predicts values that are not finite for this photograph; its training "
            "diverged: export another checkpoint"
        )
    if offset == "input":
        correction = without_mean(correction)
    return _to_array(correction * strength)


def enhance_picture(
    model: CorrectionModel,
    photo_pixels: Pixels,
    *,
    strength: float = 1.0,
    offset: Offset = "predicted",
    size: int | None = None,
) -> Pixels:
    """Returns the enhanced photograph, of the photograph's own size and bit depth.

    Args:
        model: a model file or checkpoint that has been loaded.
        photo_pixels: RGB, sRGB-encoded; uint8, uint16 or float32 in [0,1]. Left unchanged.
        strength: 0 gives the photograph bit for bit, 1 what the network predicts.
        offset: see `small_correction`.
        size: long side in pixels at which the network works; the model's own if None. The
            photograph is never enlarged for it.

    Raises:
        UsageError: `size` is not positive.
        ModelFileError: see `small_correction`.
    """
    if size is not None and size < 1:
        raise UsageError(f"size must be at least 1 pixel, not {size}")
    if strength == 0:
        return photo_pixels.copy()
    height = photo_pixels.shape[0]
    small = reduced(photo_pixels, model.size if size is None else size)
    correction = small_correction(model, small, strength=strength, offset=offset)
    fitted = fit_to_guide(correction, small, radius=_RADIUS, epsilon=_EPSILON)
    radius = texture_radius(max(photo_pixels.shape) / max(small.shape))
    enhanced = np.empty_like(photo_pixels)
    for rows in strips(height):
        wider, inner = with_halo(rows, radius)
        guide = without_texture(_unit(photo_pixels[wider]), radius=radius)[inner]
        full = correction_rows(fitted, guide, first_row=rows.start, height=height)
        with torch.inference_mode():
            changed = model.target.apply(_to_tensor(_unit(photo_pixels[rows])), _to_tensor(full))
        enhanced[rows] = _as_stored(_to_array(changed), photo_pixels.dtype)
    return enhanced
