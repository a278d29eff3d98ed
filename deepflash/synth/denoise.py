"""Noise of few samples a pixel, taken out by Intel's Open Image Denoise."""

import cv2
import numpy as np
from jaxtyping import Float32

from deepflash.errors import StudioError

Layers = Float32[np.ndarray, "layers h w 3"]
_OUTLIER = 6.0


def denoise(
    pictures: Layers,
    albedo: Float32[np.ndarray, "h w 3"],
    normal: Float32[np.ndarray, "h w 3"],
) -> Layers:
    """Returns pictures in linear light without noise.

    Args:
        pictures: layers, or mixes of them: a mix costs as much as a layer.
        albedo: what surfaces reflect, to keep textures.
        normal: with the relief of the skin, to keep pores.

    Raises:
        StudioError: mitsuba-oidn is not installed.
    """
    try:
        import mitsuba_oidn as oidn
    except ImportError as error:
        raise StudioError(
            "denoising needs mitsuba-oidn; install the extra: pip install 'deepflash[synth]'"
        ) from error
    return np.stack(
        [
            np.array(
                oidn.denoise(
                    np.ascontiguousarray(without_outliers(picture)),
                    albedo=albedo,
                    normal=normal,
                    hdr=True,
                    quality=oidn.Quality.Fast,
                ),
                np.float32,
            )
            for picture in pictures
        ]
    )


def without_outliers(picture: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 3"]:
    """Returns the picture with lone pixels dimmed that are far brighter than their neighbours.

    One path in a thousand finds a lamp by a mirror; the denoiser would make a blob of it.
    """
    peak = np.ascontiguousarray(picture.max(-1))
    limit = _OUTLIER * cv2.medianBlur(peak, 5) + 0.02 * float(np.percentile(peak, 99))
    dimmed = np.minimum(1, limit / np.maximum(peak, 1e-8))
    # A group of bright pixels is a highlight, and stays.
    crowded = cv2.blur((dimmed < 1).astype(np.float32), (3, 3)) > 0.4
    return picture * np.where(crowded, 1, dimmed).astype(np.float32)[..., None]
