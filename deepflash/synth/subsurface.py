"""Light that enters skin and leaves it a little further on, added in the picture's plane.

A sum of Gaussians (d'Eon and Luebke, GPU Gems 3, chapter 14, 2007) blurs the irradiance on skin,
not the picture: the texture of the skin stays sharp, and red travels farthest.
"""

import cv2
import numpy as np
from jaxtyping import Float32

# Variances in square millimetres, and the weight of each Gaussian for red, green and blue.
_VARIANCES_MM2 = (0.0064, 0.0484, 0.187, 0.567, 1.99, 7.41)
_WEIGHTS = np.array(
    [
        [0.233, 0.455, 0.649],
        [0.100, 0.336, 0.344],
        [0.118, 0.198, 0.000],
        [0.113, 0.007, 0.007],
        [0.358, 0.004, 0.000],
        [0.078, 0.000, 0.000],
    ],
    np.float32,
)


def scatter(
    layers: Float32[np.ndarray, "layers h w 3"],
    irradiance: Float32[np.ndarray, "layers h w"],
    albedo: Float32[np.ndarray, "h w 3"],
    skin: Float32[np.ndarray, "h w"],
    *,
    mm_per_px: float,
) -> Float32[np.ndarray, "layers h w 3"]:
    """Returns the layers with the light on skin spread below the surface.

    Args:
        layers: linear radiance.
        irradiance: see `Rendered`.
        albedo: linear reflectance.
        skin: coverage in [0,1].
        mm_per_px: how much of the skin a pixel shows.
    """
    weight = np.maximum(skin, 1e-3)
    spread = np.zeros((*irradiance.shape, 3), np.float32)
    for variance, share in zip(_VARIANCES_MM2, _WEIGHTS, strict=True):
        sigma = float(np.sqrt(variance)) / mm_per_px
        if sigma < 0.25:
            blurred = irradiance / weight
        else:
            mask = np.maximum(cv2.GaussianBlur(skin, (0, 0), sigma), 1e-3)
            blurred = np.stack([cv2.GaussianBlur(e, (0, 0), sigma) for e in irradiance]) / mask
        spread += blurred[..., None] * share
    spread *= skin[..., None]
    change = albedo * (spread - irradiance[..., None])
    change[:, skin <= 0.5] = 0
    return np.maximum(layers + change, 0)
