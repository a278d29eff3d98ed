"""Joint augmentation of a pair: geometry on both pictures, a phone's photometry on the flash.

The one file that knows albumentations.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8

from deepflash.errors import UsageError
from deepflash.pictures import from_unit, linear_to_srgb, srgb_to_linear

# Importing albumentations asks the network for a newer release unless this is set.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

import albumentations as A  # noqa: N812 - after the switch above; its documented short name

Picture = UInt8[np.ndarray, "h w 3"]
Mask = UInt8[np.ndarray, "h w"]
Changed = UInt8[np.ndarray, "size size 3"]
ChangedMask = UInt8[np.ndarray, "size size"]

_LINEAR_LEVELS = srgb_to_linear(np.arange(256, dtype=np.float32) / 255)
_NOISE_SIDE, _NOISE_LEVELS = 768, 4
# Shares of the training pictures. Rotating costs as much as decoding; one in seven still gives a
# pair more than the paper's ten rotations over a hundred epochs.
_CROPPED, _ROTATED, _WARMED = 0.8, 0.15, 0.5


@dataclass(frozen=True)
class AugmentSettings:
    """How far training pictures are changed; every value 0 (or crop_area 1) switches it off."""

    crop_area: float = 0.6
    """Smallest fraction of the picture's area that a square crop keeps, in (0,1]; one picture in
    five is not cropped closer than it must be."""
    flip: float = 0.5
    """Probability of a mirror image."""
    rotate_deg: float = 15.0
    """Largest rotation either way; one picture in seven is rotated."""
    exposure_ev: float = 0.5
    """Largest change of the flash picture's exposure either way, in stops of linear light."""
    white_balance: float = 0.06
    """Largest relative gain of red and, the other way, of blue in linear light; half
    of the pictures keep theirs."""
    noise: float = 0.02
    """Largest standard deviation of sensor noise in encoded units of [0,1]; half get some."""
    jpeg: float = 0.1
    """Probability that the flash picture is compressed again as JPEG of quality 50 to 95."""

    def __post_init__(self) -> None:
        """Refuses values that no picture survives."""
        if not 0 < self.crop_area <= 1:
            raise UsageError(f"data.augment.crop_area is in (0,1], got {self.crop_area}")
        for name in ("flip", "jpeg"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(
                    f"data.augment.{name} is a probability in [0,1], got {getattr(self, name)}"
                )
        for name in ("rotate_deg", "exposure_ev", "white_balance", "noise"):
            if getattr(self, name) < 0:
                raise UsageError(f"data.augment.{name} is at least 0, got {getattr(self, name)}")


class ExposureAndWhiteBalance(A.ImageOnlyTransform):
    """Gains in linear light, as a phone's automatic exposure and white balance apply them."""

    def __init__(self, exposure_ev: float, white_balance: float, p: float = 1.0) -> None:
        super().__init__(p=p)
        self.exposure_ev = exposure_ev
        self.white_balance = white_balance

    def get_params(self) -> dict[str, Any]:
        """Draws one table of 256 levels for each channel."""
        exposure = 2 ** self.py_random.uniform(-self.exposure_ev, self.exposure_ev)
        warmth = 0.0
        if self.py_random.random() < _WARMED:
            warmth = self.py_random.uniform(-self.white_balance, self.white_balance)
        gains = np.array([1 + warmth, 1, 1 - warmth], np.float32) * np.float32(exposure)
        # One table for all channels is looked up twice as fast as three.
        gains = gains if warmth else gains[:1]
        return {"table": from_unit(linear_to_srgb(_LINEAR_LEVELS[:, None] * gains))[None]}

    def apply(self, img: Picture, table: UInt8[np.ndarray, "1 256 _"], **params: Any) -> Picture:
        """Returns the picture with the gains applied."""
        del params
        return cv2.LUT(img, table, dst=img)  # ours: the geometry before made a new picture


class CropRotateFlip(A.DualTransform):
    """A random square crop, rotation and mirror image in one resampling.

    One after the other they would blur the picture twice, and cost twice.
    """

    def __init__(self, settings: "AugmentSettings", size: int) -> None:
        super().__init__(p=1.0)
        self.settings = settings
        self.size = size

    def get_params_dependent_on_data(
        self, params: dict[str, Any], data: dict[str, Any]
    ) -> dict[str, Any]:
        """Draws the corner and side of the square, the angle and the mirror."""
        del data
        height, width = params["shape"][:2]
        random, settings = self.py_random, self.settings
        area = random.uniform(settings.crop_area, 1.0) if random.random() < _CROPPED else 1.0
        side = min(round((area * height * width) ** 0.5), height, width)
        rotated = settings.rotate_deg and random.random() < _ROTATED
        return {
            "top": random.randint(0, height - side),
            "left": random.randint(0, width - side),
            "side": side,
            "angle": random.uniform(-settings.rotate_deg, settings.rotate_deg) if rotated else 0.0,
            "mirrored": random.random() < settings.flip,
        }

    def apply(
        self,
        img: np.ndarray,
        top: int,
        left: int,
        side: int,
        angle: float,
        mirrored: bool,
        smooth: bool = True,
        **params: Any,
    ) -> np.ndarray:
        """Returns `size` x `size` pixels of a picture (smooth) or mask (nearest)."""
        del params
        method = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
        if angle:
            # Mirrored borders keep the two pictures a true pair in the corners too.
            centre = (left + (side - 1) / 2, top + (side - 1) / 2)
            matrix = cv2.getRotationMatrix2D(centre, angle, self.size / side)
            matrix[:, 2] += (self.size - 1) / 2 - np.array(centre)
            out = cv2.warpAffine(
                img,
                matrix,
                (self.size, self.size),
                flags=method,
                borderMode=cv2.BORDER_REFLECT_101,
            )
        else:
            out = img[top : top + side, left : left + side]
            if side != self.size:
                shrinks = smooth and side > 1.5 * self.size
                out = cv2.resize(
                    out,
                    (self.size, self.size),
                    interpolation=cv2.INTER_AREA if shrinks else method,
                )
        if mirrored:
            return cv2.flip(out, 1)
        return out.copy() if np.shares_memory(out, img) else out

    def apply_to_mask(self, mask: np.ndarray, **params: Any) -> np.ndarray:
        """Returns the mask at the same place, without mixing its levels."""
        return self.apply(mask, smooth=False, **params)


class SensorNoise(A.ImageOnlyTransform):
    """Noise of equal strength at all encoded levels.

    Shot noise grows with the square root of the light, and the sRGB curve flattens it to about
    the same spread at every encoded level, so adding in encoded values is close to a sensor's.
    Drawing 800 thousand normal values would cost more than decoding the picture: a few fields
    are drawn once and each picture takes a window of one at a random place.
    """

    def __init__(self, noise: float, p: float = 0.5) -> None:
        super().__init__(p=p)
        generator = np.random.default_rng(0)
        field = generator.standard_normal((_NOISE_SIDE, _NOISE_SIDE, 3), np.float32)
        self._fields = []
        for level in range(1, _NOISE_LEVELS + 1):
            scaled = np.rint(field * np.float32(255 * noise * level / _NOISE_LEVELS))
            # Saturating 8-bit additions and subtractions are ten times as fast as float ones.
            self._fields.append(
                (scaled.clip(0, 255).astype(np.uint8), (-scaled).clip(0, 255).astype(np.uint8))
            )

    def get_params_dependent_on_data(
        self, params: dict[str, Any], data: dict[str, Any]
    ) -> dict[str, Any]:
        """Draws the strength and the window of the noise field."""
        del data
        height, width = params["shape"][:2]
        brighter, darker = self._fields[self.py_random.randrange(_NOISE_LEVELS)]
        top = self.py_random.randrange(max(1, _NOISE_SIDE - height + 1))
        left = self.py_random.randrange(max(1, _NOISE_SIDE - width + 1))
        if height > _NOISE_SIDE or width > _NOISE_SIDE:
            tiles = (-(-height // _NOISE_SIDE), -(-width // _NOISE_SIDE), 1)
            brighter, darker = np.tile(brighter, tiles), np.tile(darker, tiles)
        window = np.s_[top : top + height, left : left + width]
        return {"brighter": brighter[window], "darker": darker[window]}

    def apply(
        self,
        img: Picture,
        brighter: Picture,
        darker: Picture,
        **params: Any,
    ) -> Picture:
        """Returns the picture with noise added, clipped to 0..255."""
        del params
        return cv2.subtract(cv2.add(img, brighter, dst=img), darker, dst=img)


class Augmentation:
    """Changes a pair at random but reproducibly: the same seed gives the same pictures.

    Args:
        settings: how far.
        size: side of the square pictures that come out, in pixels.
    """

    def __init__(self, settings: AugmentSettings, size: int) -> None:
        photometry: list[A.BasicTransform | A.BaseCompose] = []
        if settings.exposure_ev or settings.white_balance:
            photometry.append(ExposureAndWhiteBalance(settings.exposure_ev, settings.white_balance))
        if settings.noise:
            photometry.append(SensorNoise(settings.noise))
        if settings.jpeg:
            photometry.append(A.ImageCompression(quality_range=(50, 95), p=settings.jpeg))
        self._geometry = A.Compose(
            [CropRotateFlip(settings, size)], additional_targets={"studio": "image"}
        )
        self._photometry = A.Compose(photometry)

    def __call__(
        self, flash: Picture, studio: Picture, valid: Mask | None, *, seed: int | Sequence[int]
    ) -> tuple[Changed, Changed, ChangedMask | None]:
        """Returns the changed pair, `size` x `size`; the arguments are left as they are.

        Args:
            flash: sRGB-encoded flash picture.
            studio: sRGB-encoded studio picture of the same size.
            valid: 255 where the pair is registered; None stays None.
            seed: decides every random choice.
        """
        # Streams of their own: with one seed for both, closer crops would be the darker ones.
        moving, lighting = np.random.SeedSequence(seed).generate_state(2).tolist()
        self._geometry.set_random_seed(moving)
        self._photometry.set_random_seed(lighting)
        pictures = {"image": flash, "studio": studio}
        if valid is not None:
            pictures["mask"] = valid
        moved = self._geometry(force_apply=False, **pictures)  # pyright: ignore[reportArgumentType]
        lit = self._photometry(image=moved["image"])["image"]
        return lit, moved["studio"], moved.get("mask")


def fit_square(picture: np.ndarray, size: int, *, mask: bool = False) -> np.ndarray:
    """Returns the central square of a picture or mask at `size` x `size`, for validation."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = picture[top : top + side, left : left + side]
    if side == size:
        return np.ascontiguousarray(square)
    smooth = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    return cv2.resize(square, (size, size), interpolation=cv2.INTER_NEAREST if mask else smooth)
