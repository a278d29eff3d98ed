"""Which lamps shine and in which colour: the light of rooms and the set-ups of a studio.

The strength of a layer is that of its light on white paper at the head's place; see
`deepflash.synth.layout`. Colours are linear sRGB of luminance 1.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from jaxtyping import Float

from deepflash.synth.layout import LAYERS

SetUp = Literal["clamshell", "three_point", "ring", "window"]
SET_UPS: tuple[SetUp, ...] = ("clamshell", "three_point", "ring", "window")
LUMINANCE = (0.2126, 0.7152, 0.0722)
"""Weights of linear sRGB in the luminance (IEC 61966-2-1)."""
Strengths = dict[str, float]
"""Strength by layer; a layer that is not named is dark."""

_XYZ_TO_SRGB = np.array(
    [
        [3.2404542, -1.5371385, -0.4985314],
        [-0.9692660, 1.8760108, 0.0415560],
        [0.0556434, -0.2040259, 1.0572252],
    ]
)
_MIRROR = {
    "key_left": "key_right",
    "key_right": "key_left",
    "rim_left": "rim_right",
    "rim_right": "rim_left",
}


def kelvin_rgb(kelvin: float) -> Float[np.ndarray, " 3"]:
    """Returns the colour of a black body, from 2000 to 25000 K; 6500 K is nearly white.

    The locus is the cubic fit of Kim et al. (US patent 7024034, 2002), good to 0.001 in x and y.
    """
    inverse = 1000.0 / kelvin
    if kelvin < 4000:
        x = ((-0.2661239 * inverse - 0.2343589) * inverse + 0.8776956) * inverse + 0.179910
    else:
        x = ((-3.0258469 * inverse + 2.1070379) * inverse + 0.2226347) * inverse + 0.240390
    if kelvin < 2222:
        y = ((-1.1063814 * x - 1.34811020) * x + 2.18555832) * x - 0.20219683
    elif kelvin < 4000:
        y = ((-0.9549476 * x - 1.37418593) * x + 2.09137015) * x - 0.16748867
    else:
        y = ((3.0817580 * x - 5.87338670) * x + 3.75112997) * x - 0.37001483
    rgb = np.maximum(_XYZ_TO_SRGB @ np.array([x / y, 1.0, (1 - x - y) / y]), 0.005)
    return rgb / (rgb @ LUMINANCE)


def seen_rgb(kelvin: float, white_kelvin: float) -> Float[np.ndarray, " 3"]:
    """Returns a lamp's colour in a picture balanced for a light of `white_kelvin`."""
    rgb = kelvin_rgb(kelvin) / kelvin_rgb(white_kelvin)
    return rgb / (rgb @ LUMINANCE)


def mean_kelvin(strengths: Mapping[str, float], kelvins: Mapping[str, float]) -> float:
    """Returns the temperature of several lamps together, averaged in reciprocal kelvin."""
    total = sum(strengths.values())
    return total / sum(strengths[name] / kelvins[name] for name in strengths)


def white_between(kelvin: float, adaptation: float, neutral: float = 5500.0) -> float:
    """Returns the white that a camera takes which follows the light only part of the way.

    Args:
        kelvin: of the light.
        adaptation: 1 makes the light white, 0 leaves the balance at `neutral`.
        neutral: white of a camera that does not look.
    """
    return 1.0 / (adaptation / kelvin + (1 - adaptation) / neutral)


def draw_studio(rng: np.random.Generator, set_up: SetUp, *, mirrored: bool) -> Strengths:
    """Returns the strengths of a set-up; `mirrored` moves the key lamp to the other side."""

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    strengths = {
        "clamshell": {
            "high": 1.0,
            "low": between(0.25, 0.65),
            "key_left": between(0.0, 0.35),
            "key_right": between(0.0, 0.2),
            "rim_left": between(0.0, 0.35),
            "rim_right": between(0.0, 0.35),
            "surround": between(0.05, 0.2),
        },
        "three_point": {
            "key_left": 1.0,
            "key_right": between(0.2, 0.6),
            "high": between(0.1, 0.4),
            "low": between(0.05, 0.3),
            "rim_left": between(0.0, 0.25),
            "rim_right": between(0.2, 0.6),
            "surround": between(0.05, 0.2),
        },
        "ring": {
            "key_left": between(0.6, 0.75),
            "key_right": between(0.6, 0.75),
            "high": between(0.4, 0.7),
            "low": between(0.3, 0.5),
            "surround": between(0.1, 0.35),
        },
        "window": {
            "key_left": 1.0,
            "key_right": between(0.05, 0.25),
            "high": between(0.0, 0.25),
            "rim_left": between(0.0, 0.25),
            "surround": between(0.25, 0.6),
        },
    }[set_up]
    return {_MIRROR.get(n, n) if mirrored else n: s for n, s in strengths.items()}


def draw_room(rng: np.random.Generator) -> tuple[Strengths, dict[str, float]]:
    """Returns the strengths (summing to 1) and kelvins of a room's own lights.

    In one room in three it is evening and the window dark, in one in four the lamp is off. What
    walls and ceiling send back comes from everywhere and keeps shadows from being black.
    """
    lamp, window, surround = (float(s) for s in rng.dirichlet((1.0, 1.0, 1.3)))
    time_of_day = rng.random()
    if time_of_day < 1 / 3:
        window = 0.0
    elif time_of_day < 1 / 3 + 1 / 4:
        lamp = 0.0
    surround = max(surround, 0.25 * (lamp + window))
    total = lamp + window + surround
    strengths = {"room": lamp / total, "window": window / total, "surround": surround / total}
    kelvins = {
        "room": float(rng.choice([rng.uniform(2700, 3300), rng.uniform(3300, 5000)], p=[0.6, 0.4])),
        "window": float(rng.uniform(5000, 8000)),
    }
    direct = {"room": lamp, "window": window} if lamp + window > 0 else {"room": 1.0}
    kelvins["surround"] = mean_kelvin(direct, kelvins)
    return strengths, kelvins


def layer_weights(
    strengths: Mapping[str, float], kelvins: Mapping[str, float], white_kelvin: float
) -> tuple[tuple[float, float, float], ...]:
    """Returns the RGB weight of every layer, in the order of `LAYERS`, balanced for a white."""
    rows = []
    for name in LAYERS:
        strength = strengths.get(name, 0.0)
        rgb = strength * seen_rgb(kelvins[name], white_kelvin) if strength else np.zeros(3)
        rows.append((float(rgb[0]), float(rgb[1]), float(rgb[2])))
    return tuple(rows)
