"""The low-pass filters of `deepflash.filters` by OpenCV and numpy, for running without torch.

Pictures are sRGB-encoded RGB in [0,1]. Beyond the border they go on mirrored without repeating
the edge (reflect-101); only the guided filter's windows end there.
"""

import functools
import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32

from deepflash.errors import ModelFileError
from deepflash.model_header import class_and_arguments

LowPass = Callable[[Float32[np.ndarray, "h w 3"]], Float32[np.ndarray, "h w 3"]]


def bilateral(
    picture: Float32[np.ndarray, "h w 3"],
    *,
    sigma_s: float = 7.0,
    sigma_r: float = 0.4,
    radius: int | None = None,
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the bilateral filter; see `deepflash.filters.Bilateral`.

    Args:
        picture: in [0,1].
        sigma_s: in pixels.
        sigma_r: in intensity; the differences of the three channels add up.
        radius: of the disc of neighbours, in pixels; round(1.5 sigma_s) if not given.
    """
    radius = max(round(1.5 * sigma_s), 1) if radius is None else radius
    return cv2.bilateralFilter(np.ascontiguousarray(picture), 2 * radius + 1, sigma_r, sigma_s)


def gaussian(
    picture: Float32[np.ndarray, "h w 3"], *, sigma_s: float = 7.0
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the Gaussian filter, cut at 3 `sigma_s` pixels; see `deepflash.filters.Gaussian`."""
    side = 2 * max(round(3 * sigma_s), 1) + 1
    return cv2.GaussianBlur(
        np.ascontiguousarray(picture), (side, side), sigma_s, borderType=cv2.BORDER_REFLECT_101
    )


def guided(
    picture: Float32[np.ndarray, "h w 3"], *, radius: int = 7, epsilon: float = 0.02
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the guided filter, guided by the colour picture; see `deepflash.filters.Guided`.

    Args:
        picture: in [0,1].
        radius: of the square window, in pixels.
        epsilon: variance below which a region counts as flat.
    """
    # Variances are small differences of large means: in float32 they would be mostly rounding.
    guide = picture.astype(np.float64)
    height, width = guide.shape[:2]
    mean = _box_mean(guide, radius)
    products = (guide[..., :, None] * guide[..., None, :]).reshape(height, width, 9)
    covariance = _box_mean(products, radius).reshape(height, width, 3, 3)
    covariance -= mean[..., :, None] * mean[..., None, :]
    slope = np.linalg.solve(covariance + epsilon * np.eye(3), covariance)
    offset = mean - (mean[..., None, :] @ slope)[..., 0, :]
    slope = _box_mean(slope.reshape(height, width, 9), radius).reshape(height, width, 3, 3)
    smooth = (guide[..., None, :] @ slope)[..., 0, :] + _box_mean(offset, radius)
    return smooth.astype(np.float32)


def _box_mean(planes: np.ndarray, radius: int) -> np.ndarray:
    """Returns the mean over the part of a square window that lies inside the picture."""
    height, width = planes.shape[:2]

    def summed(values: np.ndarray) -> np.ndarray:
        # A window never needs to reach further than the picture, and OpenCV's border may not.
        sides = (2 * min(radius, width) + 1, 2 * min(radius, height) + 1)
        return cv2.boxFilter(
            np.ascontiguousarray(values), -1, sides, normalize=False, borderType=cv2.BORDER_CONSTANT
        )

    # OpenCV takes up to four channels reliably; more go one after the other.
    sums = np.stack([summed(planes[..., i]) for i in range(planes.shape[-1])], axis=-1)
    return sums / summed(np.ones((height, width)))[..., None]


def unfiltered(picture: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 3"]:
    """Returns the picture itself; see `deepflash.filters.NoFilter`."""
    return picture


def _above_zero(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 < value < math.inf


def _pixels(value: object) -> bool:
    return type(value) is int and value >= 1


def _pixels_or_none(value: object) -> bool:
    return value is None or _pixels(value)


_Arguments = dict[str, Callable[[object], bool]]
_FILTERS: dict[str, tuple[LowPass, _Arguments]] = {
    "deepflash.filters.Bilateral": (
        bilateral,
        {"sigma_s": _above_zero, "sigma_r": _above_zero, "radius": _pixels_or_none},
    ),
    "deepflash.filters.Gaussian": (gaussian, {"sigma_s": _above_zero}),
    "deepflash.filters.Guided": (guided, {"radius": _pixels, "epsilon": _above_zero}),
    "deepflash.filters.NoFilter": (unfiltered, {}),
}
# How the same filter is computed elsewhere, and nothing about its result.
_IGNORED = frozenset({"compiled"})


def low_pass_of(spec: object, source: Path | str) -> LowPass:
    """Returns the filter that a model file's header names.

    Args:
        spec: `filter` of the header.
        source: the file, for errors.

    Raises:
        ModelFileError: no filter of this package, or arguments that it does not take.
    """
    path, arguments = class_and_arguments(spec, source)
    if path not in _FILTERS:
        raise ModelFileError(f"{source} asks for the filter {path}, which deepflash does not have")
    function, checks = _FILTERS[path]
    kept = {name: value for name, value in arguments.items() if name not in _IGNORED}
    for name, value in kept.items():
        if name not in checks or not checks[name](value):
            raise ModelFileError(f"{source} asks for {path} with {name}={value!r}")
    return functools.partial(function, **kept)
