"""One picture of a person: pose, expression, camera, lights and place."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from deepflash.synth.backdrops.backdrop import Backdrop, Kind, draw_backdrop
from deepflash.synth.expression import draw_expression, gaze
from deepflash.synth.geometry import rotation
from deepflash.synth.head import PIVOT, Pose
from deepflash.synth.lens import Camera
from deepflash.synth.lights import Lighting, draw_lighting

FRAMES_CM = (24.0, 78.0)
"""From a close-up of the face to half of the body: side of the picture at the head."""
_BETWEEN_EYES = np.array([0.0, 3.2, 9.0])
_RED_EYE_DEG = 3.0


@dataclass(frozen=True, kw_only=True)
class View:
    """How and where one picture is taken."""

    seed: int
    expression: str
    pose: Pose
    camera: Camera
    lighting: Lighting
    backdrop: Backdrop
    pupil: float
    """Radius of the pupils as a share of the iris's."""
    red_eyes: float
    """How strongly the pupils shine red in the flash; 0 not at all."""


def draw_view(
    rng: np.random.Generator, *, red_eyes: float = 0.1, backdrop: Kind | None = None
) -> View:
    """Returns a random view.

    Args:
        rng: decides everything.
        red_eyes: share of pictures in which the pupils may shine red, where the flash is close
            enough to the lens for it.
        backdrop: kind of what stands behind; None for any.
    """
    seed = int(rng.integers(2**31))
    camera = _draw_camera(rng)
    name, expression = draw_expression(rng)
    yaw = float(np.clip(rng.normal(0, 11), -32, 32))
    pitch = float(np.clip(rng.normal(1, 5.5), -14, 14))
    roll = float(np.clip(rng.normal(0, 4.5), -14, 14))
    towards = _towards(np.array(camera.at), yaw, pitch, roll)
    glance = towards + 0.03 * rng.standard_normal(3)
    pose = Pose(
        yaw_deg=yaw,
        pitch_deg=pitch,
        roll_deg=roll,
        expression={**expression, **gaze(glance, camera.distance_cm)},
    )
    lighting = draw_lighting(rng)
    offset = np.hypot(*lighting.flash_offset_cm)
    near = np.degrees(np.arctan(offset / camera.distance_cm)) < _RED_EYE_DEG
    chosen = rng.random() < red_eyes
    strength = float(rng.uniform(0.25, 1.0))
    return View(
        seed=seed,
        expression=name,
        pose=pose,
        camera=camera,
        lighting=lighting,
        backdrop=draw_backdrop(rng, backdrop),
        pupil=float(rng.uniform(0.3, 0.6)),
        red_eyes=strength if near and chosen else 0.0,
    )


def _draw_camera(rng: np.random.Generator) -> Camera:
    frame = float(np.clip(np.exp(rng.normal(np.log(40), 0.3)), *FRAMES_CM))
    # Arm's length mostly; the others are taken by somebody else, from further away.
    distance = rng.uniform(36, 72) if rng.random() < 0.8 else rng.uniform(72, 150)
    distance = max(float(distance), frame / 1.15)
    # The larger the frame, the lower its middle, so that there is little air above the head.
    middle = min(2.5, 15.0 + 0.09 * frame - frame / 2) + rng.normal(0, 0.03 * frame)
    aside = rng.normal(0, 0.06 * frame)
    at = (float(rng.normal(0, 4)), float(rng.normal(5, 4.5)), 9.0 + distance)
    return Camera(
        at=at,
        target=(float(aside), float(middle), 6.0),
        frame_cm=frame,
        roll_deg=float(rng.normal(0, 3)),
    )


def _towards(
    camera: Float[np.ndarray, "3"], yaw: float, pitch: float, roll: float
) -> Float[np.ndarray, "3"]:
    """Returns the unit direction from the eyes to the lens in the unturned head's coordinates."""
    turn = rotation("y", yaw) @ rotation("x", -pitch) @ rotation("z", roll)
    pivot = np.array(PIVOT)
    eyes = turn @ (_BETWEEN_EYES - pivot) + pivot
    direction = turn.T @ (camera - eyes)
    return direction / np.linalg.norm(direction)
