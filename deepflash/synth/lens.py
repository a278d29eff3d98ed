"""The camera's place and perspective."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from deepflash.synth.geometry import unit


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A lens without distortion; perspective depends on its distance alone."""

    at: tuple[float, float, float]
    """Place of the lens in centimetres."""
    target: tuple[float, float, float]
    """The point in the middle of the picture."""
    frame_cm: float
    """Side of the square that the picture shows at the target's distance."""
    roll_deg: float = 0.0

    @property
    def distance_cm(self) -> float:
        """From the lens to the target."""
        return float(np.linalg.norm(np.subtract(self.at, self.target)))

    @property
    def field_deg(self) -> float:
        """Angle of view from edge to edge."""
        return 2 * float(np.degrees(np.arctan(self.frame_cm / 2 / self.distance_cm)))

    def axes(self) -> Float[np.ndarray, "3 3"]:
        """Returns unit vectors to the right, up and ahead in the picture, as rows."""
        ahead = unit(np.subtract(self.target, self.at).astype(np.float64))
        right = unit(np.cross(ahead, [0.0, 1.0, 0.0]))
        up = np.cross(right, ahead)
        c, s = np.cos(np.radians(self.roll_deg)), np.sin(np.radians(self.roll_deg))
        return np.stack([c * right + s * up, c * up - s * right, ahead])

    def project(self, points: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 2"]:
        """Returns where points lie in the picture: x right and y down, (0,0) to (1,1)."""
        seen = (points - np.array(self.at)) @ self.axes().T
        half = self.frame_cm / 2 / self.distance_cm
        x, y = seen[..., 0] / seen[..., 2] / half, seen[..., 1] / seen[..., 2] / half
        return np.stack([0.5 + x / 2, 0.5 - y / 2], -1)
