"""Where the neck of a posed head is, so that collars lie on it."""

import numpy as np
from jaxtyping import Float
from scipy.spatial import KDTree

from deepflash.synth.geometry import Points, PosedHead, unit

Angles = Float[np.ndarray, " n"]
_STRETCH = 6.0

# Where the skin ends: height on the unturned mean head by azimuth (0 front, 180 back).
_EDGE_AZIMUTH = np.deg2rad([0, 40, 60, 75, 90, 105, 120, 180])
_EDGE_Y = np.array([-18.2, -18.0, -17.0, -15.6, -13.6, -11.9, -10.8, -10.5])


def skin_edge(azimuth: Angles) -> Angles:
    """Returns the height at which the skin of the unturned mean head ends.

    Args:
        azimuth: in radians about the vertical, 0 in front.
    """
    folded = np.abs((azimuth + np.pi) % (2 * np.pi) - np.pi)
    return np.interp(folded, _EDGE_AZIMUTH, _EDGE_Y)


def _smooth_round(values: Float[np.ndarray, "n k"], *, keep: int) -> Float[np.ndarray, "n k"]:
    """Returns values on a full circle without waves of more than `keep` periods."""
    spectrum = np.fft.rfft(values, axis=0)
    spectrum[keep + 1 :] = 0
    return np.fft.irfft(spectrum, len(values), axis=0)


class Neck:
    """The neck's skin by azimuth and height on the unturned mean head."""

    def __init__(self, head: PosedHead) -> None:
        rest = head.rest
        radius = np.hypot(rest[:, 0], rest[:, 2])
        chosen = (rest[:, 1] < -6.5) & (radius < 8.6) & (rest[:, 2] < 7.5)
        chosen &= rest[:, 2] < 7.5 + 0.35 * np.minimum(rest[:, 1] + 9.0, 0)
        self._posed = head.posed[chosen]
        azimuth = np.arctan2(rest[chosen, 0], rest[chosen, 2])
        key = np.stack([azimuth * _STRETCH, rest[chosen, 1]], -1)
        turn = np.array([2 * np.pi * _STRETCH, 0])
        self._tree = KDTree(np.concatenate([key - turn, key, key + turn]))

    def at(self, azimuth: Angles, heights: Angles) -> Points:
        """Returns posed points of the skin, smoothed over half a centimetre or so.

        Args:
            azimuth: in radians, 0 in front, in (-pi, pi].
            heights: on the unturned mean head.
        """
        asked = np.stack([azimuth * _STRETCH, heights], -1)
        distance, nearest = self._tree.query(asked, k=min(8, len(self._posed)))
        weight = 1 / (distance + 0.15) ** 2
        weight /= weight.sum(1, keepdims=True)
        return (self._posed[nearest % len(self._posed)] * weight[..., None]).sum(1)

    def ring(
        self, azimuth: Angles, heights: Angles, gap: float | Angles, *, keep: int = 7
    ) -> Points:
        """Returns a smooth closed curve round the neck, `gap` outside the skin.

        Args:
            azimuth: evenly spaced over the full circle.
            heights: on the unturned mean head.
            gap: distance from the skin, level and outwards.
            keep: waves round the neck that the curve may have.
        """
        points = _smooth_round(self.at(azimuth, heights), keep=keep)
        return points + np.broadcast_to(gap, azimuth.shape)[:, None] * outwards(points)


def outwards(points: Points) -> Points:
    """Returns unit level directions from the middle of a closed curve."""
    out = (points - points.mean(0)) * np.array([1.0, 0.0, 1.0])
    return unit(out)
