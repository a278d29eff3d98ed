"""Cloth: colour and relief of a whole front, 50 cm wide and 75 cm high, on one sheet."""

import cv2
import numpy as np
from jaxtyping import Float32

from deepflash.synth.backdrops.coverings import periodic_noise
from deepflash.synth.backdrops.motifs import MOTIFS
from deepflash.synth.backdrops.prints import picture, write
from deepflash.synth.clothes.outfit import Garment, Outfit
from deepflash.synth.materials import Colour, Material, Texture

WIDTH_CM, HEIGHT_CM = 50.0, 75.0
_SIZE = 512
Plane = Float32[np.ndarray, "h w"]


def _stripes(rng: np.random.Generator) -> Plane:
    count = int(rng.integers(9, 40))
    share = float(rng.uniform(0.2, 0.6))
    line = ((np.arange(_SIZE) * count / _SIZE) % 1 < share).astype(np.float32)
    line = cv2.GaussianBlur(line[None], (3, 1), 0)[0]
    return np.repeat(line[:, None], _SIZE, 1)


def _checks(rng: np.random.Generator) -> Plane:
    count = int(rng.integers(5, 22))
    at = np.arange(_SIZE) / _SIZE
    across = (at * count % 1 < 0.5).astype(np.float32)
    upright = (at * count * HEIGHT_CM / WIDTH_CM % 1 < 0.5).astype(np.float32)
    thin = float(rng.uniform(0, 0.4)) * (at * count % 1 < 0.12)
    return np.clip(0.5 * across[None] + 0.5 * upright[:, None] + thin[None], 0, 1).astype(
        np.float32
    )


def _logo(rng: np.random.Generator, sheet: Texture, outfit: Outfit) -> None:
    """Prints a picture, a badge or writing on the chest, in place."""
    high, wide = int(rng.integers(40, 130)), int(rng.integers(80, 230))
    middle = _SIZE // 2
    if rng.random() < 0.3 or outfit.garment == "polo":
        high, wide = 24, 30
        middle += int(rng.choice([-75, 75]))
    top = int(0.6 * _SIZE) - high // 2
    patch = sheet[top : top + high, middle - wide // 2 : middle - wide // 2 + wide]
    kind = rng.random()
    if kind < 0.4:
        patch[:] = picture(rng, patch.shape[0], patch.shape[1])
    elif kind < 0.7:
        axes = (patch.shape[1] // 2 - 2, patch.shape[0] // 2 - 2)
        inner = np.ascontiguousarray(patch)
        cv2.ellipse(inner, (axes[0] + 1, axes[1] + 1), axes, 0, 0, 360, outfit.second, -1)
        write(rng, inner, lines=1)
        patch[:] = inner
    else:
        inner = np.ascontiguousarray(patch[::-1])
        write(rng, inner, lines=int(rng.integers(1, 4)))
        patch[:] = inner[::-1]


def _dyed(rng: np.random.Generator, outfit: Outfit, colour: Colour) -> Texture:
    """Returns the colour of the cloth, first row at the hem."""
    sheet = np.empty((_SIZE, _SIZE, 3), np.float32)
    sheet[:] = colour
    second = np.asarray(outfit.second, np.float32)
    mask: Plane | None = None
    if outfit.pattern == "stripes":
        mask = _stripes(rng)
        if outfit.garment in ("shirt", "blazer"):
            mask = np.ascontiguousarray(mask.T)
    elif outfit.pattern == "checks":
        mask = _checks(rng)
    elif outfit.pattern == "print":
        mask = MOTIFS[int(rng.integers(1, len(MOTIFS)))](rng, _SIZE)
        mask = np.ascontiguousarray(np.tile(mask, (3, 2)))
        mask = cv2.resize(mask, (_SIZE, _SIZE), interpolation=cv2.INTER_AREA)
    elif outfit.pattern == "melange":
        mask = np.clip(0.5 + 0.35 * periodic_noise(rng, _SIZE, slope=0.35, stretch=0.5), 0, 1)
        second = np.clip(0.25 * second + 0.75 * np.asarray(colour) * 1.7, 0, 0.84)
    if mask is not None:
        sheet = sheet * (1 - mask[..., None]) + second * mask[..., None]
    if outfit.pattern == "logo":
        _logo(rng, sheet, outfit)
    worn = 1 + 0.05 * periodic_noise(rng, _SIZE, slope=1.6)
    return np.clip(sheet * worn[..., None], 0.004, 0.86).astype(np.float32)


def _relief(rng: np.random.Generator, garment: Garment) -> Texture:
    """Returns creases and the knit or weave, in centimetres."""
    height = 0.012 * periodic_noise(rng, _SIZE, slope=0.7, coarsest=12.0)
    height += 0.05 * periodic_noise(rng, _SIZE, slope=2.0, coarsest=3.0)
    if garment in ("sweater", "turtleneck"):
        columns = int(rng.choice([34, 48, 64]))
        u = np.arange(_SIZE) * columns / _SIZE
        rib = np.abs(np.sin(np.pi * u)).astype(np.float32)
        height += float(rng.uniform(0.02, 0.09)) * rib[None]
        if rng.random() < 0.5:
            v = np.arange(_SIZE)[:, None] * columns * 1.5 / _SIZE
            height += 0.04 * np.abs(np.sin(np.pi * (v + 0.5 * np.abs(u % 1 - 0.5)))).astype(
                np.float32
            )
    return height[..., None].astype(np.float32)


def cloth(rng: np.random.Generator, outfit: Outfit, colour: Colour) -> Material:
    """Returns the material of the outfit's cloth on a ground of `colour`."""
    garment = outfit.garment
    woolly = garment in ("sweater", "turtleneck", "hoodie")
    shiny = garment in ("shirt", "blazer") and rng.random() < 0.2
    return Material(
        colour=_dyed(rng, outfit, colour),
        roughness=0.45 if shiny else float(rng.uniform(0.75, 1.0)),
        specular=0.35 if shiny else float(rng.uniform(0.05, 0.3)),
        sheen=float(rng.uniform(0.2, 0.7)) if woolly else float(rng.uniform(0, 0.3)),
        bump=_relief(rng, garment),
    )


def ribbed(colour: Colour, rng: np.random.Generator) -> Material:
    """Returns plain cloth with fine ribs across u, for collars and cuffs."""
    size = 256
    rib = np.abs(np.sin(np.pi * np.arange(size) * 64 / size)).astype(np.float32)
    height = 0.035 * rib[None] + 0.004 * periodic_noise(rng, size, slope=0.5)
    return Material(
        colour=colour, roughness=0.9, specular=0.15, sheen=0.2, bump=height[..., None],
    )  # fmt: skip
