"""From the patches of a chart to a matrix, and for phones to a tone curve before it.

OpenCV's own fit (`cv2.ccm`) knows neither uneven light across the chart nor weights for the greys
nor a tone curve before the matrix, so the fit is done here: the matrix is a least squares
solution for every trial of the few other unknowns, which a damped Gauss-Newton method finds.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from acquisition.colour.calibration import tone_curve
from acquisition.colour.chart import Patches, centres
from acquisition.colour.difference import LUMINANCE, ciede2000, lab_of_linear
from acquisition.colour.reference import COLUMNS, GREY_PATCH, NEUTRAL, reference_linear

_NEUTRAL_WEIGHT = 3.0
_TONE_COEFFICIENTS = 3
_FLATTEST = 0.05
# How far the light's slopes and the tone's coefficients are likely to go, against residuals of
# about one unit of CIEDE2000.
_SLOPE_SPREAD, _TONE_SPREAD = 0.3, 3.0
_ROUNDS = 30

Vector = Float64[np.ndarray, " parameters"]


@dataclass(frozen=True, eq=False)
class Fit:
    """A device's correction and how well it does."""

    matrix: Float64[np.ndarray, "3 3"]
    tone: list[float]
    delta_e: Float64[np.ndarray, "24"]
    """After correction, colours outside sRGB not yet cut off; NaN for patches left out."""
    before: Float64[np.ndarray, "24"]
    """With the exposure alone adjusted; NaN for patches left out."""
    light_fall: float
    """Largest minus smallest light across the chart, as a share of its middle."""
    corrected: Float64[np.ndarray, "24 3"]
    """The patches after correction, in the exposure of the reference."""

    @property
    def mean(self) -> float:
        """Mean CIEDE2000 after correction."""
        return float(np.nanmean(self.delta_e))


def fit_chart(patches: Patches, *, tone: bool) -> Fit:
    """Fits the correction; greys weigh more than colours, a few odd patches less.

    Args:
        patches: as read; clipped ones are left out.
        tone: whether the device has a tone curve (a JPEG), which is then fitted, too.
    """
    coefficients = _TONE_COEFFICIENTS if tone else 0
    while True:
        problem = _Problem(patches, coefficients)
        found = problem.solve()
        # Without a curve, the values rise by themselves.
        if coefficients == 0 or _rises(found[2:]):
            return problem.result(found)
        coefficients -= 1


def _rises(tone: Vector) -> bool:
    root = np.linspace(0.02, 1, 200)
    slope = 1 + sum(n * factor * root**n for n, factor in enumerate(tone, 1)) / 3
    return bool(np.min(slope) > _FLATTEST)


class _Problem:
    """Unknowns: two slopes of the light across the chart, then the tone's coefficients."""

    def __init__(self, patches: Patches, coefficients: int) -> None:
        self.measured, self.usable = patches.linear, patches.usable
        self.reference = reference_linear()
        self.metric = _metric(self.reference)
        self.weight = np.where(self.usable, 1.0, 0.0)
        self.weight[NEUTRAL] *= _NEUTRAL_WEIGHT
        self.place = (centres() - [COLUMNS / 2, 2]) / COLUMNS
        self.spread = np.array([_SLOPE_SPREAD] * 2 + [_TONE_SPREAD] * coefficients)
        self.trust = np.ones(24)

    def solve(self) -> Vector:
        at, damping = np.zeros(len(self.spread)), 1e-2
        for round_ in range(_ROUNDS):
            if round_ % 5 == 4:
                self.trust = self._trust(at)
            now = self.residuals(at)
            slope = np.stack([self._slope(at, n, now) for n in range(len(at))], axis=1)
            square = slope.T @ slope
            step = np.linalg.solve(square + damping * np.diag(np.diag(square)), -slope.T @ now)
            better = np.sum(self.residuals(at + step) ** 2) < np.sum(now**2)
            at, damping = (at + step, damping / 4) if better else (at, damping * 8)
        return at

    def residuals(self, at: Vector) -> Float64[np.ndarray, " rows"]:
        scene = self.scene(at)
        miss = np.einsum("nij,nj->ni", self.metric, scene @ self.matrix(scene).T - self.reference)
        rows = miss * np.sqrt(self.weight * self.trust)[:, None]
        return np.concatenate([rows.ravel(), at / self.spread])

    def scene(self, at: Vector) -> Float64[np.ndarray, "24 3"]:
        """Returns the patches with tone curve and uneven light undone."""
        light = np.exp(self.place @ at[:2])
        return tone_curve(self.measured, at[2:].tolist()) / light[:, None]

    def matrix(self, scene: Float64[np.ndarray, "24 3"]) -> Float64[np.ndarray, "3 3"]:
        """Returns the matrix that brings the patches closest to the reference."""
        root = np.sqrt(self.weight * self.trust)[:, None, None]
        # One row for each component of each patch's difference, one column for each element.
        rows = (root * self.metric)[..., None] * scene[:, None, None, :]
        goal = np.einsum("nij,nj->ni", root * self.metric, self.reference)
        return np.linalg.lstsq(rows.reshape(-1, 9), goal.ravel())[0].reshape(3, 3)

    def _slope(self, at: Vector, n: int, now: np.ndarray) -> np.ndarray:
        moved = at.copy()
        moved[n] += 1e-5
        return (self.residuals(moved) - now) / 1e-5

    def _trust(self, at: Vector) -> Float64[np.ndarray, "24"]:
        """Returns Huber's weights: a glare on one patch shall not bend the rest."""
        scene = self.scene(at)
        miss = np.einsum("nij,nj->ni", self.metric, scene @ self.matrix(scene).T - self.reference)
        size = np.linalg.norm(miss, axis=1)
        bound = 2.0 * np.median(size[self.usable]) + 0.2
        return np.minimum(1.0, bound / np.maximum(size, 1e-9))

    def result(self, at: Vector) -> Fit:
        scene = self.scene(at)
        matrix, tone = self.matrix(scene), at[2:].tolist()
        corrected = scene @ matrix.T
        goal = lab_of_linear(self.reference)
        grey = self.measured[GREY_PATCH]
        bare = self.measured * (self.reference[GREY_PATCH] @ LUMINANCE / (grey @ LUMINANCE))
        # A grey of 0.2 keeps its green: what is exposure shall stay as the device took it.
        kept = matrix * (grey[1] / (matrix @ tone_curve(grey, tone))[1])
        light = np.exp(self.place @ at[:2])
        left_out = np.where(self.usable, 0.0, np.nan)
        return Fit(
            matrix=kept,
            tone=tone,
            delta_e=ciede2000(lab_of_linear(corrected), goal) + left_out,
            before=ciede2000(lab_of_linear(bare), goal) + left_out,
            light_fall=float(light.max() - light.min()),
            corrected=corrected,
        )


def _metric(reference: Float64[np.ndarray, "24 3"]) -> Float64[np.ndarray, "24 3 3"]:
    """Returns per patch what turns a small difference in linear sRGB into units of CIEDE2000."""
    step = 1e-5
    base = lab_of_linear(reference)
    columns = [(lab_of_linear(reference + step * unit) - base) / step for unit in np.eye(3)]
    light, a, b = base.T
    chroma = np.hypot(a, b)
    far = (light - 50) ** 2
    scale = 1 / (1 + 0.015 * far / np.sqrt(20 + far)), 1 / (1 + 0.045 * chroma)
    cosine, sine = a / np.maximum(chroma, 1e-9), b / np.maximum(chroma, 1e-9)
    hue_scale, zero = 1 / (1 + 0.015 * chroma), np.zeros(24)
    turn = np.array(
        [
            [scale[0], zero, zero],
            [zero, cosine * scale[1], sine * scale[1]],
            [zero, -sine * hue_scale, cosine * hue_scale],
        ]
    ).transpose(2, 0, 1)
    return turn @ np.stack(columns, axis=2)
