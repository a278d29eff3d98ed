"""The lights of a scene: where the flash, the studio's lamps and the room's stand.

Every lamp is a rectangle that shines to one side, except `surround`. Lamps exist for the light
that they give, not as things: they hide nothing and are seen in reflections only, so that each
layer is what a studio with this one lamp would show.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from deepflash.synth.geometry import unit

HEAD = (0.0, 1.0, 4.0)
"""The middle of the head, which lamps are aimed at, in centimetres."""


@dataclass(frozen=True, kw_only=True)
class Phone:
    """Where a phone has its flash, seen from behind, upright."""

    name: str
    offset_cm: tuple[float, float]
    """From the lens to the flash, right and up in the picture."""
    size_cm: float
    """Side of the shining square."""
    falloff: float
    """Exponent of the cosine by which the flash weakens off its axis, beyond Lambert's."""


PHONES = (
    Phone(name="close_beside", offset_cm=(1.1, 0.2), size_cm=0.4, falloff=1.0),
    Phone(name="beside", offset_cm=(1.8, 0.0), size_cm=0.5, falloff=2.0),
    Phone(name="island", offset_cm=(1.5, -1.5), size_cm=0.6, falloff=2.5),
    Phone(name="below", offset_cm=(0.0, -1.4), size_cm=0.4, falloff=1.5),
    Phone(name="bar", offset_cm=(2.8, 0.1), size_cm=0.7, falloff=3.0),
    Phone(name="corner", offset_cm=(-2.3, 0.7), size_cm=0.5, falloff=0.5),
    Phone(name="compact_camera", offset_cm=(3.2, 3.6), size_cm=1.6, falloff=1.0),
)


@dataclass(frozen=True, eq=False)
class Lamp:
    """A rectangle that shines along `across` x `up`, alike in all directions (Lambert)."""

    centre: Float[np.ndarray, " 3"]
    across: Float[np.ndarray, " 3"]
    """From one edge to the other, in centimetres."""
    up: Float[np.ndarray, " 3"]
    radiance: float

    @property
    def area(self) -> float:
        """Square centimetres."""
        return float(np.linalg.norm(np.cross(self.across, self.up)))

    @property
    def normal(self) -> Float[np.ndarray, " 3"]:
        """The direction in which it shines."""
        return unit(np.cross(self.across, self.up))


@dataclass(frozen=True, kw_only=True)
class Lighting:
    """What of the lights changes from scene to scene."""

    phone: str
    flash_offset_cm: tuple[float, float]
    flash_size_cm: float
    flash_falloff: float
    room_at: tuple[float, float, float]
    """The ceiling lamp, in centimetres."""
    room_size_cm: float
    window_side: int
    """-1 left, 1 right."""
    window_depth_cm: float
    """z of the window's middle: positive is before the face, negative behind it."""


def lamp_at(
    azimuth_deg: float, elevation_deg: float, distance_cm: float, size_cm: tuple[float, float]
) -> Lamp:
    """Returns a lamp aimed at the head; see `aimed`. Azimuth 0 is ahead, 90 right."""
    azimuth, elevation = np.deg2rad(azimuth_deg), np.deg2rad(elevation_deg)
    direction = np.array(
        [
            np.sin(azimuth) * np.cos(elevation),
            np.sin(elevation),
            np.cos(azimuth) * np.cos(elevation),
        ]
    )
    return aimed(np.array(HEAD) + distance_cm * direction, size_cm)


def aimed(centre: Float[np.ndarray, " 3"], size_cm: tuple[float, float]) -> Lamp:
    """Returns a lamp at `centre` that faces the head.

    Its radiance is such that white paper at the head, turned towards the lamp, has radiance 1.
    """
    towards = np.array(HEAD) - centre
    normal = unit(towards)
    across = unit(np.cross([0.0, 1.0, 0.01], normal)) * size_cm[0]
    up = np.cross(normal, unit(across)) * size_cm[1]
    radiance = np.pi * float(towards @ towards) / (size_cm[0] * size_cm[1])
    return Lamp(centre, across, up, radiance)


def draw_lighting(rng: np.random.Generator) -> Lighting:
    """Returns a random phone, held upright or on its side, and a random room."""
    phone = PHONES[rng.integers(len(PHONES))]
    x, y = phone.offset_cm
    turned = rng.choice(4, p=[0.55, 0.2, 0.2, 0.05])
    x, y = [(x, y), (-y, x), (y, -x), (-x, -y)][turned]
    behind = rng.random() < 0.3
    return Lighting(
        phone=phone.name,
        flash_offset_cm=(x, y),
        flash_size_cm=phone.size_cm,
        flash_falloff=phone.falloff,
        room_at=(
            float(rng.uniform(-120, 120)),
            float(rng.uniform(95, 150)),
            float(rng.uniform(-30, 120)),
        ),
        room_size_cm=float(rng.uniform(12, 70)),
        window_side=int(rng.choice([-1, 1])),
        window_depth_cm=float(rng.uniform(-10, 20) if behind else rng.uniform(20, 150)),
    )


def lamps(
    lighting: Lighting, camera: Float[np.ndarray, " 3"], right: Float[np.ndarray, " 3"]
) -> dict[str, Lamp]:
    """Returns the lamp of each layer but `surround`.

    Args:
        lighting: see `Lighting`.
        camera: place of the phone's lens, in centimetres.
        right: unit vector to the right of the picture.
    """
    forward = unit(np.array(HEAD) - camera)
    up = np.cross(right, forward)
    x, y = lighting.flash_offset_cm
    flash = aimed(camera + x * right + y * up, (lighting.flash_size_cm, lighting.flash_size_cm))
    side = lighting.window_side
    window = np.array([side * 150.0, 25.0, lighting.window_depth_cm])
    return {
        "flash": flash,
        "key_left": lamp_at(-45.0, 30.0, 110.0, (70.0, 90.0)),
        "key_right": lamp_at(45.0, 30.0, 110.0, (70.0, 90.0)),
        "high": lamp_at(0.0, 42.0, 105.0, (90.0, 60.0)),
        "low": lamp_at(0.0, -40.0, 95.0, (90.0, 50.0)),
        "rim_left": lamp_at(-102.0, 22.0, 92.0, (30.0, 95.0)),
        "rim_right": lamp_at(102.0, 22.0, 92.0, (30.0, 95.0)),
        "room": aimed(np.array(lighting.room_at), (lighting.room_size_cm, lighting.room_size_cm)),
        "window": aimed(window, (90.0, 120.0)),
    }
