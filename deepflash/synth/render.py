"""One view of a scene: all layers, masks, and what denoising and subsurface scattering need."""

from dataclasses import dataclass
from typing import Any

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
    samples_a_pass: int = 16,
    device: str = "cpu",
) -> Rendered:
    """Renders all layers of a scene.

    Args:
        scene: see `build_scene`.
        lamps: of every layer but `surround`.
        size: width and height in pixels.
        samples: paths a pixel.
        seed: of the samples; the same seed gives the same picture on one machine.
        pupil: radius of the pupils as a share of the iris's, for their mask.
        samples_a_pass: as many as fit into memory at once.
        device: `cpu` or `cuda`.
    """
    total: dict[str, np.ndarray] = {}
    for done in range(0, samples, samples_a_pass):
        count = min(samples_a_pass, samples - done)
        tracer = Tracer(
            scene,
            lamps,
            size=size,
            samples=count,
            seed=(seed * 1024 + done) % 2**32,
            pupil=pupil,
            device=device,
        )
        for name, planes in tracer.run().items():
            part = _stacked(planes, size) * np.float32(count / samples)
            total[name] = total[name] + part if name in total else part
    light = total.pop("layers").reshape(len(LAYERS), 3, size, size)
    return Rendered(
        layers=np.ascontiguousarray(light.transpose(0, 2, 3, 1)),
        irradiance=total.pop("irradiance"),
        albedo=np.ascontiguousarray(total.pop("albedo").transpose(1, 2, 0)),
        normal=np.ascontiguousarray(total.pop("normal").transpose(1, 2, 0)),
        masks={name: plane[0] for name, plane in total.items()},
    )


def _stacked(planes: list[Any], size: int) -> Float32[np.ndarray, "n size size"]:
    return np.stack([np.array(plane, np.float32).reshape(size, size) for plane in planes])
