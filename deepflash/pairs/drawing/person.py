"""What differs from one drawn picture to the next: a person, and how and where they are seen."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

HairStyle = Literal["bald", "short", "medium", "long", "round"]
Colour = tuple[float, float, float]
"""Linear sRGB reflectance in [0,1]."""

_HAIR_COLOURS: tuple[Colour, ...] = (
    (0.012, 0.010, 0.009),  # black
    (0.030, 0.018, 0.012),  # dark brown
    (0.075, 0.040, 0.022),  # brown
    (0.150, 0.055, 0.022),  # red
    (0.290, 0.190, 0.095),  # blond
    (0.300, 0.290, 0.280),  # grey
)
_EYE_COLOURS: tuple[Colour, ...] = (
    (0.030, 0.016, 0.009),  # brown
    (0.075, 0.045, 0.018),  # hazel
    (0.070, 0.085, 0.050),  # green
    (0.070, 0.110, 0.160),  # blue
)


@dataclass(frozen=True, kw_only=True)
class Person:
    """One drawn person; lengths are factors of an average head unless a unit is named."""

    melanin: float
    """0 palest to 1 darkest skin."""
    haemoglobin: float
    """0 pallid to 1 ruddy."""
    oiliness: float
    """Strength of the shine under a flash, 0 to 1."""
    blemishes: int
    freckles: float
    face_width: float
    face_length: float
    jaw: float
    nose_length: float
    nose_width: float
    eye_spacing: float
    eye_size: float
    lip_fullness: float
    brow_thickness: float
    cheekbones: float
    hair_style: HairStyle
    hair_colour: Colour
    hairline: float
    """Height of the hairline above the average, in units of the face map."""
    beard: float
    """0 shaven to 1 full."""
    eye_colour: Colour
    clothes_colour: Colour
    stripes: float
    """Depth of the stripes of the clothes, 0 to 1."""
    neckline_m: float
    """How far below the average the collar sits."""
    texture_seed: int
    """Seed of the skin, hair and cloth textures."""


@dataclass(frozen=True, kw_only=True)
class View:
    """How a person holds the head, where the camera is and what stands behind."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    gaze: tuple[float, float]
    """Shift of the irises, right and up, in units of the face map."""
    distance_m: float
    """From the lens to the centre of the head."""
    frame_m: float
    """Height of the picture's field at that distance."""
    shift: tuple[float, float]
    """Where the head's centre is off the picture's centre, right and up, in picture heights."""
    wall_m: float
    """From the centre of the head to the wall behind."""
    wall_colour: Colour
    wall_seed: int
    flash_m: tuple[float, float]
    """Offset of the flash from the lens, right and up, in metres."""
    room_light: float
    """Irradiance of the room in the flash picture, relative to the flash at the head."""
    key_side: Literal[-1, 1]
    """Side of the studio's strongest light: 1 is right in the picture."""


def draw_person(rng: np.random.Generator, *, skin: float) -> Person:
    """Returns a person at random.

    Args:
        rng: source of the randomness.
        skin: 0 palest to 1 darkest; given, so that a small dataset covers the whole range.
    """

    def near(centre: float, spread: float) -> float:
        return round(centre + spread * float(np.clip(rng.standard_normal(), -2, 2)), 4)

    def between(low: float, high: float) -> float:
        return round(float(rng.uniform(low, high)), 4)

    melanin = round(float(np.clip(skin + rng.normal(0, 0.03), 0.0, 1.0)), 4)
    # Light hair and light eyes go with light skin.
    hair_choices = _HAIR_COLOURS if melanin < 0.35 else (*_HAIR_COLOURS[:2], _HAIR_COLOURS[5])
    eye_choices = _EYE_COLOURS if melanin < 0.4 else _EYE_COLOURS[:2]
    return Person(
        melanin=melanin,
        haemoglobin=between(0.15, 0.75),
        oiliness=between(0.25, 1.0),
        blemishes=int(rng.integers(0, 14)),
        freckles=between(0.0, 1.0) if melanin < 0.25 and rng.random() < 0.4 else 0.0,
        face_width=near(1.0, 0.04),
        face_length=near(1.0, 0.03),
        jaw=between(0.0, 0.22),
        nose_length=near(1.0, 0.15),
        nose_width=near(1.0, 0.15) + round(0.25 * melanin, 4),
        eye_spacing=near(1.0, 0.04),
        eye_size=near(1.0, 0.08),
        lip_fullness=near(1.0, 0.18) + round(0.3 * melanin, 4),
        brow_thickness=between(0.6, 1.4),
        cheekbones=near(1.0, 0.4),
        hair_style=get_args(HairStyle)[int(rng.choice(5, p=[0.1, 0.3, 0.25, 0.25, 0.1]))],
        hair_colour=hair_choices[int(rng.integers(len(hair_choices)))],
        hairline=near(0.0, 0.03),
        beard=between(0.3, 1.0) if rng.random() < 0.25 else 0.0,
        eye_colour=eye_choices[int(rng.integers(len(eye_choices)))],
        clothes_colour=_paint(rng, low=0.02, high=0.6),
        stripes=between(0.2, 0.7) if rng.random() < 0.35 else 0.0,
        neckline_m=between(-0.01, 0.05),
        texture_seed=int(rng.integers(2**31)),
    )


def draw_view(rng: np.random.Generator) -> View:
    """Returns a pose, camera and background at random."""

    def between(low: float, high: float) -> float:
        return round(float(rng.uniform(low, high)), 4)

    grey = between(0.25, 0.75)
    # Walls are mostly whitish; a coloured one is rare.
    strength = between(0.1, 1.0) ** 2
    tint = tuple(1 - strength * float(t) for t in rng.uniform(0.0, 0.7, 3))
    wall: Colour = (grey * tint[0], grey * tint[1], grey * tint[2])
    return View(
        yaw_deg=between(-28.0, 28.0),
        pitch_deg=between(-9.0, 9.0),
        roll_deg=between(-7.0, 7.0),
        gaze=(between(-0.02, 0.02), between(-0.008, 0.008)),
        distance_m=between(0.42, 0.68),
        frame_m=between(0.38, 0.50),
        shift=(between(-0.06, 0.06), between(-0.01, 0.07)),
        wall_m=between(0.25, 1.0),
        wall_colour=(round(wall[0], 4), round(wall[1], 4), round(wall[2], 4)),
        wall_seed=int(rng.integers(2**31)),
        flash_m=(between(-0.018, 0.018), between(0.006, 0.022)),
        room_light=between(0.02, 0.09),
        key_side=1 if rng.random() < 0.5 else -1,
    )


def _paint(rng: np.random.Generator, *, low: float, high: float) -> Colour:
    level = rng.uniform(low, high)
    colour = np.clip(level * rng.uniform(0.35, 1.0, 3), low * 0.35, high)
    return round(float(colour[0]), 4), round(float(colour[1]), 4), round(float(colour[2]), 4)
