"""How the studio camera's view differs from the phone's: known, small, another one each scene."""

import math
import random

import msgspec

LEAST_SCALE, GREATEST_SCALE = 1.02, 1.04
GREATEST_ROTATION_DEG = 1.4
GREATEST_SHIFT = 0.02

Matrix = tuple[tuple[float, float, float], tuple[float, float, float]]


class Similarity(msgspec.Struct, frozen=True, kw_only=True):
    """Maps the phone's picture onto the studio's.

    In both, the middle is the origin and the picture's own height is the unit.
    """

    scale: float
    rotation_deg: float
    """Clockwise on the screen."""
    shift_x: float
    shift_y: float

    def matrix(self, phone_px: tuple[int, int], studio_px: tuple[int, int]) -> Matrix:
        """Returns the affine map from pixels (centres at integers) to pixels.

        Args:
            phone_px: width and height.
            studio_px: width and height.
        """
        scale = self.scale * studio_px[1] / phone_px[1]
        cosine = scale * math.cos(math.radians(self.rotation_deg))
        sine = scale * math.sin(math.radians(self.rotation_deg))
        from_x, from_y = (phone_px[0] - 1) / 2, (phone_px[1] - 1) / 2
        to_x = (studio_px[0] - 1) / 2 + self.shift_x * studio_px[1]
        to_y = (studio_px[1] - 1) / 2 + self.shift_y * studio_px[1]
        return (
            (cosine, -sine, to_x - cosine * from_x + sine * from_y),
            (sine, cosine, to_y - sine * from_x - cosine * from_y),
        )


def similarity_of(scene: int, seed: int) -> Similarity:
    """Returns the similarity of a scene, always the same one for the same arguments."""
    chance = random.Random(f"{seed}/{scene}")
    return Similarity(
        scale=chance.uniform(LEAST_SCALE, GREATEST_SCALE) ** chance.choice((-1, 1)),
        rotation_deg=chance.uniform(-GREATEST_ROTATION_DEG, GREATEST_ROTATION_DEG),
        shift_x=chance.uniform(-GREATEST_SHIFT, GREATEST_SHIFT),
        shift_y=chance.uniform(-GREATEST_SHIFT, GREATEST_SHIFT),
    )
