"""One picture of a published dataset: its pixels upright, its alpha, and its linear light."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float32, UInt8, UInt16
from PIL import Image

from deepflash.errors import PictureError
from deepflash.pairs.importers.camera_colour import (
    CameraColour,
    camera_to_srgb,
    parse_camera_colour,
)
from deepflash.pictures import read_picture, srgb_to_linear

Light = Literal["srgb", "linear", "faid"]
"""How a file holds light: sRGB-encoded, linear with sRGB primaries, or as FAID's PNG text says."""

_ORIENTATION = 0x0112
_COPYABLE = {("PNG", "RGB"): ".png", ("JPEG", "RGB"): ".jpg"}


@dataclass(frozen=True, kw_only=True)
class SourcePicture:
    """A decoded file."""

    path: Path
    pixels: UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"]
    """RGB, turned upright; encoded as `linear` and `camera` say."""
    alpha: UInt8[np.ndarray, "h w"] | None
    """Coverage; None where the file has no alpha or is opaque all over."""
    linear: bool
    """Pixels are proportional to light; otherwise they are sRGB-encoded."""
    camera: CameraColour | None
    """The primaries are the camera's; None: they are those of sRGB."""
    copy_suffix: str | None
    """`.png` or `.jpg` if the file itself is upright sRGB without alpha, so may be copied."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def bits(self) -> int:
        """Bits per channel, 8 or 16."""
        return 8 * self.pixels.dtype.itemsize

    def native_light(self) -> Float32[np.ndarray, "h w 3"]:
        """Returns linear light in [0,1] in the file's own primaries."""
        levels = np.arange(np.iinfo(self.pixels.dtype).max + 1, dtype=np.float32)
        levels /= levels[-1]
        return (levels if self.linear else srgb_to_linear(levels))[self.pixels]

    def light(self) -> Float32[np.ndarray, "h w 3"]:
        """Returns linear light with sRGB primaries; a camera's colours may leave [0,1]."""
        native = self.native_light()
        return camera_to_srgb(native, self.camera) if self.camera else native


def read_source(path: Path, light: Light) -> SourcePicture:
    """Reads a picture of a published dataset.

    Args:
        path: PNG, JPEG or TIFF, 8 or 16 bit.
        light: how the dataset's files hold light.

    Raises:
        PictureError: missing, truncated, no picture, or PNG text that makes no sense.
    """
    pixels = read_picture(path)
    try:
        with Image.open(path) as image:
            orientation = _orientation(image)
            alpha = _alpha(image)
            camera = parse_camera_colour(_png_text(image)) if light == "faid" else None
            copy_suffix = _COPYABLE.get((image.format or "", image.mode))
    except PictureError as error:
        raise PictureError(f"{path}: {error}; fetch the file again") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PictureError(f"{path} is not a picture that can be decoded: {error}") from error
    if light == "faid" and camera is None and pixels.dtype == np.uint16:
        raise PictureError(
            f"{path} has 16 bits but no camera matrix in its PNG text, so it was saved again by "
            "another program; fetch the file again"
        )
    linear = light == "linear" or camera is not None
    return SourcePicture(
        path=path,
        pixels=_upright(pixels, orientation),
        alpha=None if alpha is None else _upright(alpha, orientation),
        linear=linear,
        camera=camera,
        copy_suffix=None if linear or orientation != 1 else copy_suffix,
    )


def _orientation(image: Image.Image) -> int:
    # Asking a PNG without EXIF for it makes Pillow decode the whole picture once more.
    if image.format == "PNG" and "exif" not in image.info:
        return 1
    return image.getexif().get(_ORIENTATION, 1)


def _alpha(image: Image.Image) -> UInt8[np.ndarray, "h w"] | None:
    if image.mode in ("RGBA", "LA"):
        alpha = np.array(image.getchannel("A"))
    elif "transparency" in image.info:
        alpha = np.array(image.convert("RGBA").getchannel("A"))
    else:
        return None
    return None if alpha.min() == 255 else alpha


def _png_text(image: Image.Image) -> dict[str, str]:
    text = getattr(image, "text", {})
    return {key: str(value) for key, value in text.items()}


def _upright(picture: np.ndarray, orientation: int) -> np.ndarray:
    """Returns the picture as EXIF orientation 1..8 asks it to be shown (EXIF 2.32, 4.6.4)."""
    if orientation in (5, 6, 7, 8):
        picture = np.swapaxes(picture, 0, 1)
    if orientation in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    if orientation in (3, 4, 7, 8):
        picture = picture[::-1]
    return np.ascontiguousarray(picture)
