"""Figures of merit, one value a picture: PSNR, SSIM, CIEDE2000, also after an affine colour fit.

Pictures are sRGB-encoded RGB in [0,1]. `valid` marks the pixels that count (True, or anything
but 0); a picture of which none counts gets NaN, so that it cannot pass for a good or a bad one.
"""

from contextlib import AbstractContextManager

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from jaxtyping import Bool, Float
from skimage.color import deltaE_ciede2000, rgb2lab
from torch import Tensor
from torchmetrics.functional.image import (
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

from deepflash.errors import PictureError
from deepflash.precision import at_least_single

PSNR_CAP_DB = 100.0
"""PSNR of identical pictures. An infinite value would swallow every average it enters; rounding
to 8 bits already costs more than this leaves (58.9 dB), so no real difference reaches it."""

_SSIM_WINDOW = 11
_FLAT_VARIANCE = 1e-14


def psnr(
    a: Float[Tensor, "b 3 h w"],
    b: Float[Tensor, "b 3 h w"],
    *,
    valid: Bool[Tensor, "b 1 h w"] | Float[Tensor, "b 1 h w"] | None = None,
) -> Float[Tensor, " b"]:
    """Returns 10 log10(1 / MSE) in dB over all channels, at most PSNR_CAP_DB."""
    a, b = at_least_single(a), at_least_single(b)
    inside = _inside(valid, a)
    values = [
        peak_signal_noise_ratio(one[:, mask[0]], other[:, mask[0]], data_range=1.0)
        for one, other, mask in zip(a, b, inside, strict=True)
    ]
    return torch.stack(values).clamp(max=PSNR_CAP_DB) if values else a.new_zeros(0)


def ssim(
    a: Float[Tensor, "b 3 h w"],
    b: Float[Tensor, "b 3 h w"],
    *,
    valid: Bool[Tensor, "b 1 h w"] | Float[Tensor, "b 1 h w"] | None = None,
) -> Float[Tensor, " b"]:
    """Returns the structural similarity (Wang et al., TIP 13, 2004), the mean of `ssim_map`.

    With a mask it is the mean over `whole_windows`, so that no pixel outside can change it.

    Raises:
        PictureError: see `ssim_map`.
    """
    values = ssim_map(a, b)
    if valid is None:
        return values.mean(dim=(1, 2, 3))
    inside = whole_windows(valid)
    return torch.where(inside, values, 0).sum(dim=(1, 2, 3)) / inside.sum(dim=(1, 2, 3))


def ssim_map(a: Float[Tensor, "b 3 h w"], b: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 1 h w"]:
    """Returns SSIM at each pixel, in [-1,1]: Gaussian windows, 11 x 11, mean of the channels.

    Windows that reach over the border see the picture mirrored. Differentiable; float32 also
    under autocast, because its variances are small differences of large numbers.

    Raises:
        PictureError: a side is shorter than the mirrored border needs.
    """
    if min(a.shape[-2:]) <= _SSIM_WINDOW // 2:
        raise PictureError(
            f"SSIM needs pictures of at least {_SSIM_WINDOW // 2 + 1} pixels a side; got "
            f"{a.shape[-1]} x {a.shape[-2]}; leave SSIM out or take larger pictures"
        )
    with torch.autocast(a.device.type, enabled=False), _without_tf32():
        _, values = structural_similarity_index_measure(
            at_least_single(a),
            at_least_single(b),
            kernel_size=_SSIM_WINDOW,
            data_range=1.0,
            reduction="none",
            return_full_image=True,
        )
    return values.mean(dim=1, keepdim=True)


def _without_tf32() -> AbstractContextManager[None]:
    """Keeps cuDNN from rounding the windows to 10 bits, which flat bright pictures do not bear."""
    cudnn = torch.backends.cudnn
    return cudnn.flags(
        enabled=cudnn.enabled,
        benchmark=cudnn.benchmark,
        deterministic=cudnn.deterministic,
        allow_tf32=False,
    )


def whole_windows(
    valid: Bool[Tensor, "b 1 h w"] | Float[Tensor, "b 1 h w"],
) -> Bool[Tensor, "b 1 h w"]:
    """Returns where the window of `ssim_map` sees no pixel outside the mask.

    A window that does would compare what is there with the black that registration left.
    """
    outside = (valid == 0).float()
    return F.max_pool2d(outside, _SSIM_WINDOW, stride=1, padding=_SSIM_WINDOW // 2) == 0


def delta_e(
    a: Float[Tensor, "b 3 h w"],
    b: Float[Tensor, "b 3 h w"],
    *,
    valid: Bool[Tensor, "b 1 h w"] | Float[Tensor, "b 1 h w"] | None = None,
) -> Float[Tensor, " b"]:
    """Returns the mean CIEDE2000 colour difference (D65, 2 degrees); about 1 is just visible.

    Computed on the processor in float64, without gradient.
    """
    inside = _inside(valid, a)
    values = [
        torch.from_numpy(deltaE_ciede2000(_lab(one), _lab(other)))[mask[0].cpu()].mean()
        for one, other, mask in zip(a, b, inside, strict=True)
    ]
    return torch.stack(values).to(a.device, torch.float32) if values else a.new_zeros(0)


def affine_fit(
    a: Float[Tensor, "b 3 h w"],
    b: Float[Tensor, "b 3 h w"],
    *,
    valid: Bool[Tensor, "b 1 h w"] | Float[Tensor, "b 1 h w"] | None = None,
) -> Float[Tensor, "b 3 h w"]:
    """Returns `a` with a gain and an offset per channel that bring it closest to `b`, in [0,1].

    Least squares over the pixels that count; it takes exposure and white balance out of a
    comparison. A constant channel only gets an offset; if no pixel counts, nothing is fitted.
    """
    inside = _inside(valid, a)
    count = inside.sum(dim=(2, 3), keepdim=True).clamp(min=1)

    def mean(values: Tensor) -> Tensor:
        return torch.where(inside, values, 0).sum(dim=(2, 3), keepdim=True) / count

    source, goal = a.double(), b.double()
    source_mean, goal_mean = mean(source), mean(goal)
    variance = mean((source - source_mean).square())
    covariance = mean((source - source_mean) * (goal - goal_mean))
    flat = variance < _FLAT_VARIANCE
    gain = torch.where(flat, 1.0, covariance / torch.where(flat, 1.0, variance))
    return (goal_mean + gain * (source - source_mean)).clamp(0, 1).to(a.dtype)


def picture_figures(
    result: Float[Tensor, "b 3 h w"],
    studio: Float[Tensor, "b 3 h w"],
    *,
    low_result: Float[Tensor, "b 3 h w"] | None = None,
    low_studio: Float[Tensor, "b 3 h w"] | None = None,
    valid: Bool[Tensor, "b 1 h w"] | Float[Tensor, "b 1 h w"] | None = None,
) -> dict[str, Float[Tensor, " b"]]:
    """Returns every figure of a batch of results, each with one value a picture.

    Args:
        result: the method's output, clipped.
        studio: the studio photograph.
        low_result: y_d, the predicted low frequencies, if they are to be judged too.
        low_studio: t_d, their target.
        valid: the pixels that count; for figures of the face alone, the face.

    Returns:
        `ssim`, `psnr` (dB) and `delta_e` of the result against the studio photograph;
        `ssim_affine` and `psnr_affine` after `affine_fit`; and, where the low frequencies are
        given, `ssim_lowfreq`: the paper's figure, which compares them with each other and not
        with the studio photograph.
    """
    fitted = affine_fit(result, studio, valid=valid)
    figures = {
        "ssim": ssim(result, studio, valid=valid),
        "psnr": psnr(result, studio, valid=valid),
        "ssim_affine": ssim(fitted, studio, valid=valid),
        "psnr_affine": psnr(fitted, studio, valid=valid),
        "delta_e": delta_e(result, studio, valid=valid),
    }
    if low_result is not None and low_studio is not None:
        figures["ssim_lowfreq"] = ssim(low_result, low_studio, valid=valid)
    return figures


def _inside(valid: Tensor | None, pictures: Tensor) -> Bool[Tensor, "b 1 h w"]:
    return torch.ones_like(pictures[:, :1], dtype=torch.bool) if valid is None else valid != 0


def _lab(picture: Tensor) -> Float[np.ndarray, "h w 3"]:
    return rgb2lab(picture.detach().permute(1, 2, 0).double().cpu().numpy())
