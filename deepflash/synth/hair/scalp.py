"""Where hair grows: signed distances to the hairline and coverage, on the head at rest."""

import numpy as np
from jaxtyping import Float, Float32

from deepflash.synth.geometry import Noise, smoothstep
from deepflash.synth.hair.style import HairStyle

Rest = Float[np.ndarray, "*n 3"]
Share = Float32[np.ndarray, "*n"]

# The front edge: height of the hairline over |x|, then how far forward it lies over height.
_FRONT_X = (0.0, 2.0, 3.6, 4.8, 5.4, 6.0)
_FRONT_Y = (10.1, 10.1, 10.05, 9.95, 10.4, 13.0)
_SIDE_Y = (-2.5, 0.0, 2.5, 4.0, 5.4, 6.6, 8.0, 9.5, 11.0, 14.0)
_SIDE_Z = (4.0, 4.25, 4.5, 5.1, 5.9, 6.0, 5.9, 6.4, 6.2, 4.0)
# The lower edge behind the ear and in the neck: height over z.
_NAPE_Z = (-6.5, -4.8, -3.4, -2.0, -1.0, -0.5)
_NAPE_Y = (-6.6, -6.1, -4.9, -2.6, 0.2, 3.0)
_EAR_TOP_Y = 3.3
_CROWN = np.array([0.6, 12.0, -4.6])
# Share of the hair's own colour that shows on the scalp between the hairs.
_UNDERTONE = {"bald": 0.3, "receding": 0.75, "buzz": 0.8, "cornrows": 0.55, "box_braids": 0.6}


def depth_inside(style: HairStyle, points: Rest) -> Float[np.ndarray, "*n"]:
    """Returns about how far inside the hairline points lie, in centimetres; negative outside.

    Args:
        style: its hairline, recession, peak and sideburns matter.
        points: on the head at rest.
    """
    x, y, z = np.abs(points[..., 0]), points[..., 1], points[..., 2]
    temple = np.exp(-(((x - 4.6) / 1.3) ** 2))
    peak = np.exp(-((x / 0.9) ** 2))
    front = np.interp(x, _FRONT_X, _FRONT_Y) + style.hairline_cm
    front = front + style.recession_cm * temple - style.peak_cm * peak
    upper = smoothstep(6.5, 9.5, y)
    side = np.interp(y, _SIDE_Y, _SIDE_Z) - upper * (0.5 * style.recession_cm + 0.3)
    edge = np.maximum(y - front, side - z)
    burn = y + style.sideburn_cm - 0.6
    low = np.where(z < -0.5, y - np.interp(z, _NAPE_Z, _NAPE_Y), y - _EAR_TOP_Y)
    low = np.where(z > 3.3, burn, low)
    on_ear = (y < _EAR_TOP_Y) & (x > 7.45) & (z > -3.2) & (z < 3.9)
    wobble = _wobble(style, points)
    return np.where(on_ear, -1.0, np.minimum(edge, low) + wobble)


def _wobble(style: HairStyle, points: Rest) -> np.ndarray:
    noise = Noise(np.random.default_rng(style.seed), side=24)
    return 0.22 * noise(points, 0.45) + 0.16 * noise(points + 5.1, 1.4)


def scalp_density(style: HairStyle, points: Rest) -> Float[np.ndarray, "*n"]:
    """Returns how densely hair grows, 0 to 1, sparser towards the hairline and where it thins."""
    inside = smoothstep(-0.35, 0.9, depth_inside(style, points))
    return inside * (1 - style.thinning * thin_region(style, points))


def combed_density(style: HairStyle, points: Rest) -> Float[np.ndarray, "*n"]:
    """Returns a density, about 0 to 2, with more hairs where they are combed away from.

    Along the part and the hairline nothing from further ahead covers the roots; fewer, thicker
    hairs than in life would leave them bare.
    """
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    density = scalp_density(style, points) ** 1.2
    parted = style.cut not in ("ponytail", "bun", "slick_back", "crop", "buzz", "receding")
    part = np.exp(-(((x - style.part_cm) / 0.7) ** 2)) * smoothstep(-6.0, -3.0, z) * (y > 7)
    edge = np.exp(-(((depth_inside(style, points) - 0.7) / 0.7) ** 2)) * (z > 1) * (y > 5)
    return density * (1 + (1.3 * part if parted else 0.0) + 0.9 * edge)


def thin_region(style: HairStyle, points: Rest) -> Float[np.ndarray, "*n"]:
    """Returns where baldness takes hold, 0 to 1: the crown first, in the end all of the top."""
    y, z = points[..., 1], points[..., 2]
    rim = np.interp(z, [-9, -5, 0, 6], [7.6, 8.2, 9.4, 8.2])
    top = smoothstep(-1.3, 1.0, y - rim + _wobble(style, points))
    spot = np.exp(-((np.linalg.norm(points - _CROWN, axis=-1) / 3.2) ** 2))
    whole = smoothstep(0.45, 0.8, np.array([style.thinning]))
    return np.clip(whole * top * 1.02 + (1 - whole) * (0.3 * top + spot), 0, 1)


def scalp_tint(style: HairStyle, rest_points: Rest) -> Share:
    """Returns the share of the hair's colour on the skin, so that no scalp shines through.

    Args:
        style: of the hair.
        rest_points: on the head at rest.

    Returns:
        0 skin to 1 hair.
    """
    share = _UNDERTONE.get(style.cut, 0.92) * min(1.0, 0.25 + 0.75 * style.density)
    thinned = 1 - style.thinning * thin_region(style, rest_points)
    inside = smoothstep(-0.1, 1.0, depth_inside(style, rest_points))
    return (share * thinned * inside).astype(np.float32)


def beard_density(style: HairStyle, points: Rest) -> Float[np.ndarray, "*n"]:
    """Returns how densely a full beard with moustache would grow, 0 to 1."""
    cheeks, moustache = _beard_parts(style, points)
    return np.maximum(cheeks * style.beard**0.5, moustache * style.moustache)


def beard_tint(style: HairStyle, rest_points: Rest) -> Share:
    """Returns the share of the hair's colour under a beard or shaven skin, 0 to 1."""
    grown = 0.75 * beard_density(style, rest_points)
    cheeks, moustache = _beard_parts(style, rest_points, full=True)
    shaven = 0.42 * style.stubble * np.maximum(cheeks, 0.9 * moustache)
    return np.maximum(grown, shaven).astype(np.float32)


def _beard_parts(
    style: HairStyle, points: Rest, *, full: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Returns coverage of cheeks, chin and throat, and that of the upper lip."""
    x, y, z = np.abs(points[..., 0]), points[..., 1], points[..., 2]
    y = y + _wobble(style, points)
    upper = np.interp(x, [0, 2.5, 3.4, 4.6, 5.8, 6.6, 7.2], [-4, -3.6, -3.9, -3.0, -1.2, 0.6, 2.4])
    cheeks = smoothstep(0.5, -1.5, y - upper) * smoothstep(-11.0, -8.4, y)
    cheeks = cheeks * smoothstep(0.8, 3.2, z) * smoothstep(7.6, 7.3, x)
    if not full and 0 < style.beard < 0.6:
        cheeks = cheeks * smoothstep(3.4, 2.5, x + 0.2 * (y + 6))
    # Bare skin below the corners of the mouth, beside the tuft under the lip.
    gap = np.exp(-(((x - 1.9) / 0.55) ** 2) - ((y + 5.2) / 0.5) ** 2)
    lips = _ellipse(x, y, 2.75, -3.45, 1.05)
    cheeks = cheeks * (1 - 0.8 * gap) * (1 - lips)
    over_lip = smoothstep(3.2, 2.3, x) * smoothstep(-1.35, -1.75, y) * smoothstep(-3.6, -2.9, y)
    beside = smoothstep(0.8, 0.2, np.abs(x - 2.9)) * smoothstep(-2.0, -2.6, y)
    if not full and style.beard < 0.2:
        beside = beside * smoothstep(-4.4, -3.6, y)
    beside = beside * smoothstep(-6.0, -5.0, y)
    over_lip = np.maximum(over_lip, 0.8 * beside) * (z > 7.5) * (1 - lips)
    philtrum = 1 - 0.4 * np.exp(-((x / 0.3) ** 2))
    return cheeks, over_lip * philtrum


def _ellipse(
    x: np.ndarray, y: np.ndarray, half_width: float, middle: float, half_height: float
) -> np.ndarray:
    """Returns 1 inside an ellipse about (0, middle), 0 outside, soft between."""
    return smoothstep(1.12, 0.9, np.hypot(x / half_width, (y - middle) / half_height))


def brow_distance(
    style: HairStyle, points: Rest, landmarks: Float[np.ndarray, "68 3"]
) -> tuple[Float[np.ndarray, "*n"], Float[np.ndarray, "*n"], Float[np.ndarray, "*n 3"]]:
    """Returns distance to the brow in half widths, place along it, and its direction.

    Args:
        style: its brow width matters.
        points: on the head at rest.
        landmarks: of the head at rest.

    Returns:
        distance: 1 at the edge; place: 0 at the nose to 1 at the temple; direction: unit vectors
        towards the temple.
    """
    distance = np.full(points.shape[:-1], 9.0)
    place = np.zeros(points.shape[:-1])
    direction = np.zeros(points.shape)
    for line in (landmarks[21:16:-1], landmarks[22:27]):
        for k in range(4):
            start, along = line[k], line[k + 1] - line[k]
            t = np.clip(((points - start) @ along) / (along @ along), 0, 1)
            at = (k + t) / 4
            half = 0.5 * style.brow_width_cm * np.interp(at, [0, 0.2, 0.6, 1], [0.85, 1, 0.8, 0.25])
            far = np.linalg.norm(points - start - t[..., None] * along, axis=-1) / half
            near = far < distance
            distance, place = np.where(near, far, distance), np.where(near, at, place)
            direction = np.where(near[..., None], along / np.linalg.norm(along), direction)
    return distance, place, direction


def brow_tint(
    style: HairStyle, rest_points: Rest, rest_landmarks: Float[np.ndarray, "68 3"]
) -> Share:
    """Returns the share of the hair's colour on the skin under the brows, 0 to 1."""
    distance, place, _ = brow_distance(style, rest_points, rest_landmarks)
    fade = np.interp(place, [0, 0.15, 0.8, 1], [0.35, 1, 1, 0.5])
    return (0.55 * style.brow_density * fade * smoothstep(1.15, 0.3, distance)).astype(np.float32)
