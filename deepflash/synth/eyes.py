"""Eyeballs: a radial texture of pupil, iris and white for the bulged front of the model's eyes."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32
from scipy.ndimage import gaussian_filter

from deepflash.synth.geometry import smoothstep
from deepflash.synth.materials import Material

# Inner and outer colour of the iris, linear reflectance.
IRISES = {
    "brown": ((0.16, 0.07, 0.025), (0.07, 0.03, 0.012)),
    "dark": ((0.05, 0.025, 0.012), (0.025, 0.012, 0.008)),
    "hazel": ((0.20, 0.13, 0.05), (0.10, 0.09, 0.04)),
    "blue": ((0.20, 0.30, 0.42), (0.08, 0.14, 0.24)),
    "green": ((0.17, 0.22, 0.11), (0.08, 0.12, 0.07)),
    "grey": ((0.25, 0.28, 0.30), (0.12, 0.14, 0.16)),
}
LIMBUS = 0.17
"""Radius of the iris in texture coordinates; the pole of the cornea lies at (0.5, 0.5)."""
_SIDE_PX = 384


@dataclass(frozen=True, kw_only=True)
class Eyes:
    """One person's eyes in one picture."""

    seed: int
    iris: str
    """One of `IRISES`."""
    pupil: float
    """Radius of the pupil as a share of the iris's: about 0.25 in light, 0.6 in the dark."""


def eye_material(eyes: Eyes) -> Material:
    """Returns the material of both eyeballs, glossy as if wet."""
    rng = np.random.default_rng([eyes.seed, 5])
    axis = (np.arange(_SIDE_PX) + 0.5) / _SIDE_PX - 0.5
    radius, angle = np.hypot(*np.meshgrid(axis, axis)), np.arctan2(*np.meshgrid(axis, axis)[::-1])
    pupil = LIMBUS * eyes.pupil
    white = _white(rng, radius)
    iris = _iris(rng, radius, angle, eyes.iris, pupil)
    edge = smoothstep(LIMBUS * 1.06, LIMBUS * 0.93, radius)[..., None]
    colour = white * (1 - edge) + iris * edge
    inside = smoothstep(pupil * 1.05, pupil * 0.95, radius)[..., None]
    colour = colour * (1 - inside) + 0.004 * inside
    return Material(
        colour=np.clip(colour, 0.002, 0.9).astype(np.float32),
        roughness=0.12,
        specular=0.5,
        clearcoat=0.6,
        clearcoat_gloss=0.995,
    )


def _white(rng: np.random.Generator, radius: np.ndarray) -> Float32[np.ndarray, "s s 3"]:
    side = len(radius)
    uneven = gaussian_filter(rng.standard_normal((side, side)), 3)
    uneven = uneven / uneven.std()
    base = np.array([0.60, 0.55, 0.51]) - uneven[..., None] * np.array([0.02, 0.03, 0.03])
    veins = np.zeros((side, side), np.float32)
    for _ in range(26):
        angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 0.5)
        turns, steps = np.cumsum(rng.normal(0, 0.05, 14)), np.cumsum(rng.uniform(0.004, 0.016, 14))
        path = np.stack([np.cos(angle + turns), np.sin(angle + turns)], -1)
        path = 0.5 + (away - steps)[:, None] * path
        dots = [np.round(path * side * 16).astype(np.int32)]
        cv2.polylines(veins, dots, False, float(rng.uniform(0.2, 0.8)), 1, cv2.LINE_AA, 4)
    veins = cv2.GaussianBlur(veins, (0, 0), 0.7)[..., None]
    shade = (1 - 0.35 * smoothstep(0.30, 0.48, radius))[..., None]
    white = base * (1 - veins * np.array([0.1, 0.45, 0.45])) * shade
    return (white * np.array([1, 0.97, 0.95])).astype(np.float32)


def _iris(
    rng: np.random.Generator, radius: np.ndarray, angle: np.ndarray, name: str, pupil: float
) -> np.ndarray:
    inner, outer = (np.array(colour) for colour in IRISES[name])
    rays = gaussian_filter(rng.standard_normal(720), 1.2, mode="wrap")
    rays = (rays / rays.std())[((angle / (2 * np.pi) + 0.5) * 720).astype(int) % 720]
    out = np.clip((radius - pupil) / (LIMBUS - pupil), 0, 1)[..., None]
    colour = inner * (1 - out) * 1.15 + outer * out
    colour = colour * (1 + 0.28 * rays[..., None] * np.sin(np.pi * out))
    # A dark ring at the edge, and the shade of the cornea's rim at the pupil.
    return colour * (1 - 0.6 * smoothstep(0.8, 1.0, out)) * (0.6 + 0.4 * smoothstep(0.0, 0.12, out))
