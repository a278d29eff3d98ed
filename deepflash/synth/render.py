"""One view of a scene: all layers, masks, and what denoising and subsurface scattering need."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float32

from deepflash.synth.layout import LAYERS
from deepflash.synth.lights import Lamp
from deepflash.synth.scene import Scene
from deepflash.synth.tracer import Tracer


@dataclass(frozen=True, eq=False)
class Rendered:
    """One view of a scene, in linear light before any camera."""

    layers: Float32[np.ndarray, "layers h w 3"]
    """Radiance by light, in the order of `LAYERS`."""
    irradiance: Float32[np.ndarray, "layers h w"]
    """Direct light on skin over pi, times the share of the pixel that is skin."""
    albedo: Float32[np.ndarray, "h w 3"]
    """Diffuse reflectance."""
    normal: Float32[np.ndarray, "h w 3"]
    """Normals with the skin's relief: smooth ones would let the denoiser wipe pores away."""
    masks: dict[str, Float32[np.ndarray, "h w"]]
    """Coverage in [0,1]: person, skin, hair, eyes, pupils, clothes."""


def render(
    scene: Scene,
    lamps: dict[str, Lamp],
    *,
    size: int,
    samples: int,
    seed: int,
    pupil: float = 0.4,
    background_share: float = 0.5,
    samples_a_pass: int = 8,
    device: str = "cpu",
) -> Rendered:
    """Renders all layers of a scene.

    Args:
        scene: see `build_scene`.
        lamps: of every layer but `surround`.
        size: width and height in pixels.
        samples: paths a pixel where the person is.
        seed: of the samples; the same seed gives the same picture on one machine.
        pupil: radius of the pupils as a share of the iris's, for their mask.
        background_share: of the samples that pixels get which show no person. Walls and
            furniture are denoised well; skin and hair are what a network looks at.
        samples_a_pass: as many as fit into memory at once.
        device: `cpu` or `cuda`.
    """
    everywhere = min(samples, max(1, round(samples * background_share)))
    sums: dict[str, np.ndarray] = {}
    counts = np.zeros(size * size, np.float32)
    pixels, done = np.arange(size * size), 0
    while done < samples:
        if done == everywhere:
            pixels = _near_person(sums["person"], size)
            if not len(pixels):
                break
        until = everywhere if done < everywhere else samples
        count = min(samples_a_pass, until - done)
        tracer = Tracer(
            scene,
            lamps,
            size=size,
            pixels=pixels,
            samples=count,
            seed=(seed * 1024 + done) % 2**32,
            pupil=pupil,
            device=device,
        )
        _add(sums, tracer.run(), pixels, count, size * size)
        counts[pixels] += count
        done += count
    return _assembled({name: planes / counts for name, planes in sums.items()}, size)


def _near_person(person: Float32[np.ndarray, "1 n"], size: int) -> np.ndarray:
    """Returns the pixels that show some of the person, and those beside them."""
    mask = (person.reshape(size, size) > 0).astype(np.uint8)
    return np.flatnonzero(cv2.dilate(mask, np.ones((5, 5), np.uint8)))


def _add(
    sums: dict[str, np.ndarray],
    planes: dict[str, list[Any]],
    pixels: np.ndarray,
    count: int,
    total: int,
) -> None:
    for name, means in planes.items():
        whole = sums.setdefault(name, np.zeros((len(means), total), np.float32))
        for plane, mean in zip(whole, means, strict=True):
            plane[pixels] += np.float32(count) * np.array(mean, np.float32)


def _assembled(planes: dict[str, np.ndarray], size: int) -> Rendered:
    pictures = {name: p.reshape(len(p), size, size) for name, p in planes.items()}
    light = pictures.pop("layers").reshape(len(LAYERS), 3, size, size)
    return Rendered(
        layers=np.ascontiguousarray(light.transpose(0, 2, 3, 1)),
        irradiance=pictures.pop("irradiance"),
        albedo=np.ascontiguousarray(pictures.pop("albedo").transpose(1, 2, 0)),
        normal=np.ascontiguousarray(pictures.pop("normal").transpose(1, 2, 0)),
        masks={name: plane[0] for name, plane in pictures.items()},
    )
