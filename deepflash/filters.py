"""Low-pass filters for pictures: bilateral (the paper's), Gaussian, guided, none.

Each is a module without parameters that takes and gives sRGB-encoded RGB in [0,1], float32 sums
inside whatever the input, and no gradient. Beyond the border pictures go on mirrored without
repeating the edge (reflect-101), as OpenCV has it; only the guided filter's windows end there.
"""

import functools
import math
from collections.abc import Callable
from typing import TypeVar

import cv2
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from jaxtyping import Float
from torch import Tensor, nn

from deepflash.errors import UsageError
from deepflash.precision import at_least_single

_Number = TypeVar("_Number", int, float)


def _positive(name: str, value: _Number) -> _Number:
    if not 0 < value < math.inf:
        raise UsageError(f"filter: {name} is {value}; choose a value above 0")
    return value


def _mirrored(size: int, radius: int, device: torch.device) -> Tensor:
    """Returns the positions -radius .. size-1+radius, mirrored into 0 .. size-1.

    Written out because `F.pad` refuses to mirror a picture that is smaller than the padding.
    """
    positions = torch.arange(-radius, size + radius, device=device)
    if size == 1:
        return torch.zeros_like(positions)
    period = 2 * size - 2
    positions = positions % period
    return torch.where(positions < size, positions, period - positions)


def _pad_mirrored(pictures: Tensor, radius: int) -> Tensor:
    rows = _mirrored(pictures.shape[-2], radius, pictures.device)
    columns = _mirrored(pictures.shape[-1], radius, pictures.device)
    return pictures.index_select(-2, rows).index_select(-1, columns)


def _bilateral_radius(sigma_s: float, radius: int | None) -> int:
    return max(round(1.5 * sigma_s), 1) if radius is None else radius


def bilateral_opencv(
    pictures: Float[Tensor, "b 3 h w"], *, sigma_s: float, sigma_r: float, radius: int | None = None
) -> Float[Tensor, "b 3 h w"]:
    """Returns the bilateral filter by OpenCV, on the processor; see `Bilateral`.

    OpenCV shares the rows among its own threads (`cv2.setNumThreads`), which neither
    OMP_NUM_THREADS nor torch limits: a data-loading worker has to set them to 0 itself.
    """
    diameter = 2 * _bilateral_radius(sigma_s, radius) + 1
    rows = pictures.detach().permute(0, 2, 3, 1).float().cpu().numpy()
    filtered = [
        cv2.bilateralFilter(np.ascontiguousarray(picture), diameter, sigma_r, sigma_s)
        for picture in rows
    ]
    stacked = torch.from_numpy(np.stack(filtered)) if filtered else torch.from_numpy(rows)
    return stacked.permute(0, 3, 1, 2).contiguous().to(pictures)


def bilateral_torch(
    pictures: Float[Tensor, "b 3 h w"], *, sigma_s: float, sigma_r: float, radius: int | None = None
) -> Float[Tensor, "b 3 h w"]:
    """Returns the bilateral filter by torch operations, on any device; see `Bilateral`.

    Run as it is, it goes through the window one offset at a time: about a dozen kernels each,
    and never more memory than a few pictures. Compiled, it is one reduction over the whole
    window, which the compiler turns into a single kernel without storing the window.
    """
    radius = _bilateral_radius(sigma_s, radius)
    centre = at_least_single(pictures)
    padded = _pad_mirrored(centre, radius)
    offsets = torch.arange(-radius, radius + 1, device=centre.device, dtype=centre.dtype)
    squared = offsets[:, None] ** 2 + offsets**2
    closeness = (-squared / (2 * sigma_s**2)).masked_fill(squared > radius**2, -math.inf)
    if torch.compiler.is_compiling():
        total, weight = _window_sums(padded, centre, closeness, sigma_r=sigma_r)
    else:
        total, weight = torch.zeros_like(centre), torch.zeros_like(centre[:, :1])
        for row, column in _disc(radius):
            part, part_weight = _window_sums(
                padded[..., row:, column:],
                centre,
                closeness[row : row + 1, column : column + 1],
                sigma_r=sigma_r,
            )
            total += part
            weight += part_weight
    return (total / weight).to(pictures.dtype)


def _disc(radius: int) -> list[tuple[int, int]]:
    """Returns row and column, counted from the window's corner, of each offset in the disc."""
    side = range(-radius, radius + 1)
    return [(y + radius, x + radius) for y in side for x in side if y * y + x * x <= radius**2]


def _window_sums(
    padded: Float[Tensor, "b 3 padded_h padded_w"],
    centre: Float[Tensor, "b 3 h w"],
    closeness: Float[Tensor, "window_h window_w"],
    *,
    sigma_r: float,
) -> tuple[Float[Tensor, "b 3 h w"], Float[Tensor, "b 1 h w"]]:
    """Returns sum(weight * value) and sum(weight) over a window of neighbours.

    Args:
        padded: its pixel (y + i, x + j) is the neighbour (i, j) of the pixel (y, x).
        centre: the pixels themselves.
        closeness: logarithm of the spatial weight; minus infinity leaves a neighbour out.
        sigma_r: in intensity.
    """
    height, width = centre.shape[-2:]
    window_h, window_w = closeness.shape
    padded = padded[..., : height + window_h - 1, : width + window_w - 1]
    neighbours = padded.unfold(-2, window_h, 1).unfold(-2, window_w, 1)
    channels = neighbours.unbind(1)
    distance = torch.zeros((), device=centre.device, dtype=centre.dtype)
    for neighbour, pixel in zip(channels, centre.unbind(1), strict=True):
        distance = distance + (neighbour - pixel[..., None, None]).abs()
    weights = torch.exp(closeness - distance.square() / (2 * sigma_r**2))
    total = torch.stack([(weights * channel).sum((-2, -1)) for channel in channels], dim=1)
    return total, weights.sum((-2, -1))[:, None]


@functools.cache
def _compiled_bilateral() -> Callable[..., Tensor]:
    return torch.compile(bilateral_torch)


class Bilateral(nn.Module):
    """The bilateral filter of Tomasi and Manduchi (ICCV 1998), as cv2.bilateralFilter defines it.

    A neighbour at a distance of d pixels, whose channels differ by dR, dG and dB, weighs
    exp(-d^2 / (2 sigma_s^2)) * exp(-(|dR| + |dG| + |dB|)^2 / (2 sigma_r^2)).

    Args:
        sigma_s: in pixels, > 0.
        sigma_r: in intensity of pictures in [0,1], > 0. The three channels add up: a grey edge
            of 0.1 counts 0.3.
        radius: of the disc of neighbours, in pixels, >= 1; round(1.5 sigma_s) if not given.
        compiled: on a CUDA device, compile once (seconds to a minute) for one kernel a batch.
            Switch off where no compiler is installed or every picture has another size.

    Raises:
        UsageError: an argument is out of its range.
    """

    def __init__(
        self,
        sigma_s: float = 7.0,
        sigma_r: float = 0.4,
        radius: int | None = None,
        compiled: bool = True,
    ) -> None:
        super().__init__()
        self.sigma_s = _positive("sigma_s", sigma_s)
        self.sigma_r = _positive("sigma_r", sigma_r)
        self.radius = _positive("radius", _bilateral_radius(sigma_s, radius))
        self.compiled = compiled

    @torch.no_grad()
    def forward(self, pictures: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Returns the filtered pictures: OpenCV's on the processor, torch's elsewhere."""
        if pictures.device.type == "cpu":
            implementation = bilateral_opencv
        elif pictures.device.type == "cuda" and self.compiled:
            implementation = _compiled_bilateral()
        else:
            implementation = bilateral_torch
        return implementation(
            pictures, sigma_s=self.sigma_s, sigma_r=self.sigma_r, radius=self.radius
        )


class Gaussian(nn.Module):
    """The Gaussian filter, cut at 3 sigma_s: what the bilateral is without its range weight.

    Args:
        sigma_s: in pixels, > 0.

    Raises:
        UsageError: sigma_s is out of its range.
    """

    def __init__(self, sigma_s: float = 7.0) -> None:
        super().__init__()
        self.sigma_s = _positive("sigma_s", sigma_s)

    @torch.no_grad()
    def forward(self, pictures: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Returns the filtered pictures."""
        radius = max(round(3 * self.sigma_s), 1)
        weights = [
            math.exp(-(i**2) / (2 * self.sigma_s**2)) / math.sqrt(2 * math.pi)
            for i in range(-radius, radius + 1)
        ]
        weights = [weight / sum(weights) for weight in weights]
        height, width = pictures.shape[-2:]
        padded = _pad_mirrored(at_least_single(pictures), radius)
        # A sum of shifted pictures, not a convolution: that one may run in bf16 or TF32.
        rows = torch.zeros_like(padded[..., :height, :])
        for shift, weight in enumerate(weights):
            rows.add_(padded[..., shift : shift + height, :], alpha=weight)
        result = torch.zeros_like(rows[..., :width])
        for shift, weight in enumerate(weights):
            result.add_(rows[..., shift : shift + width], alpha=weight)
        return result.to(pictures.dtype)


class Guided(nn.Module):
    """The guided filter of He, Sun and Tang (TPAMI 35, 2013), guided by the picture itself.

    The guide is the colour picture (their section 3.5, eq. 19-21), not each channel alone: an
    edge that shows in one channel only is then kept in all three, as the bilateral does, and
    hues do not bleed over it. With the input as guide, a = (Sigma + epsilon U)^-1 Sigma.

    Args:
        radius: of the square window, in pixels, >= 1.
        epsilon: variance below which a region counts as flat, > 0. It plays the part of
            sigma_r^2 per channel; (0.4 / 3)^2 is near 0.02, because the bilateral's sigma_r
            bounds the sum of three channels.

    Raises:
        UsageError: an argument is out of its range.
    """

    def __init__(self, radius: int = 7, epsilon: float = 0.02) -> None:
        super().__init__()
        self.radius = _positive("radius", radius)
        self.epsilon = _positive("epsilon", epsilon)

    @torch.no_grad()
    def forward(self, pictures: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Returns the filtered pictures."""
        guide = at_least_single(pictures)
        mean = _box_mean(guide, self.radius)
        products = (guide[:, :, None] * guide[:, None]).flatten(1, 2)
        covariance = _box_mean(products, self.radius).unflatten(1, (3, 3))
        covariance = covariance - mean[:, :, None] * mean[:, None]
        identity = torch.eye(3, device=guide.device, dtype=guide.dtype)[:, :, None, None]
        # (S + eU)^-1 S = U - e (S + eU)^-1, which spares a matrix product at each pixel.
        slope = identity - self.epsilon * _inverse(covariance + self.epsilon * identity)
        offset = mean - (slope * mean[:, None]).sum(2)
        slope = _box_mean(slope.flatten(1, 2), self.radius).unflatten(1, (3, 3))
        result = (slope * guide[:, None]).sum(2) + _box_mean(offset, self.radius)
        return result.to(pictures.dtype)


def _box_mean(pictures: Float[Tensor, "b c h w"], radius: int) -> Float[Tensor, "b c h w"]:
    """Returns the mean over the part of a square window that lies inside the picture."""
    side = 2 * radius + 1
    options = {"stride": 1, "count_include_pad": False}
    rows = F.avg_pool2d(pictures, (side, 1), padding=(radius, 0), **options)
    return F.avg_pool2d(rows, (1, side), padding=(0, radius), **options)


def _inverse(matrices: Float[Tensor, "b 3 3 h w"]) -> Float[Tensor, "b 3 3 h w"]:
    """Returns the inverse of symmetric matrices, one a pixel, by cross products of rows.

    A solver for many tiny matrices costs more than the whole filter.
    """
    first, second, third = matrices.unbind(1)
    cofactors = torch.stack(
        [
            torch.linalg.cross(second, third, dim=1),
            torch.linalg.cross(third, first, dim=1),
            torch.linalg.cross(first, second, dim=1),
        ],
        dim=1,
    )
    determinant = (first * cofactors[:, 0]).sum(1)
    return cofactors / determinant[:, None, None]


class NoFilter(nn.Module):
    """The picture as it is: the ablation without a low-pass filter."""

    def forward(self, pictures: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Returns the pictures themselves, detached like those of the other filters."""
        return pictures.detach()
