"""Reflectances of things in rooms, drawn over the whole range from black to white."""

import numpy as np
from jaxtyping import Float

from deepflash.synth.materials import Colour

_LUMA = np.array([0.2126, 0.7152, 0.0722])


def tinted(luma: float, hue: float, saturation: float) -> Colour:
    """Returns a linear sRGB reflectance.

    Args:
        luma: of the colour, in [0,1].
        hue: in [0,1), red at 0, green at 1/3, blue at 2/3.
        saturation: 0 grey to 1 pure.
    """
    pure = 0.5 + 0.5 * np.cos(2 * np.pi * (hue - np.array([0, 1 / 3, 2 / 3])))
    mixed = 1 - saturation + saturation * pure
    mixed = np.clip(mixed * luma / float(mixed @ _LUMA), 0.004, 0.85)
    return float(mixed[0]), float(mixed[1]), float(mixed[2])


def draw_colour(
    rng: np.random.Generator,
    *,
    darkest: float = 0.012,
    brightest: float = 0.8,
    saturation: float = 0.9,
) -> Colour:
    """Returns a colour whose luma is even on a logarithmic scale, as dull as most things are.

    Args:
        rng: where the draws come from.
        darkest: smallest luma.
        brightest: largest luma.
        saturation: largest saturation; most draws lie well below it.
    """
    luma = float(np.exp(rng.uniform(np.log(darkest), np.log(brightest))))
    # Beige, wood and skin-like tones are commoner in rooms than green and violet ones.
    hue = float(rng.normal(0.09, 0.05) % 1) if rng.random() < 0.4 else float(rng.random())
    return tinted(luma, hue, float(saturation * rng.beta(1.0, 1.4)))


def draw_wood(rng: np.random.Generator) -> Colour:
    """Returns the colour of some wood, from wenge to maple or painted white."""
    if rng.random() < 0.15:
        return tinted(float(rng.uniform(0.5, 0.8)), 0.1, 0.1)
    luma = float(np.exp(rng.uniform(np.log(0.02), np.log(0.5))))
    return tinted(luma, float(rng.uniform(0.05, 0.1)), float(rng.uniform(0.3, 0.75)))


def palette(rng: np.random.Generator, count: int) -> Float[np.ndarray, "count 3"]:
    """Returns `count` colours as rows."""
    return np.array([draw_colour(rng) for _ in range(count)])


def glowing(colour: Colour, strength: float) -> Colour:
    """Returns a radiance: the colour brought to a greatest channel of `strength`."""
    top = max(colour)
    return colour[0] / top * strength, colour[1] / top * strength, colour[2] / top * strength
