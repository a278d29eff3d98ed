"""Finding a ColorChecker Classic in a picture and reading its patches."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt8

from acquisition.colour.reference import COLUMNS, NAMES, ROWS
from acquisition.errors import CalibrationError

PATCH_PX = 64
"""Side of a patch in the straightened chart."""

# The detector's windows are made for pictures of about this size; charts that are small in a
# large picture appear at the larger ones.
_LONG_SIDES_PX = (1000, 1600, 2400, 4000)
# Below this size the detector places patches up to half a patch beside themselves.
_SMALLEST_PATCH_PX = 22.0
_CLIPPED_LEVEL = 0.985
_CLIPPED_SHARE = 0.05
# The frame and a neighbour's blur stay outside of the middle 40 % of a patch.
_MIDDLE = slice(round(0.3 * PATCH_PX), round(0.7 * PATCH_PX))
_LEAST_USABLE = 18
_LEAST_NEUTRAL = 4
_DARKEST_WHITE = 0.03


@dataclass(frozen=True, eq=False)
class Patches:
    """The patches in the order of the reference."""

    linear: Float64[np.ndarray, "24 3"]
    """In the device's linear light: means of the middle half of the pixels."""
    usable: Bool[np.ndarray, "24"]
    """Not clipped in any channel."""
    straightened: Float32[np.ndarray, "chart_h chart_w 3"]
    """The chart seen straight on, upright, `PATCH_PX` a patch."""

    @property
    def clipped(self) -> list[str]:
        """Names of the patches that are clipped."""
        return [name for name, good in zip(NAMES, self.usable, strict=True) if not good]


def centres() -> Float64[np.ndarray, "24 2"]:
    """Returns where the patches' middles are, in patches from the chart's upper left corner."""
    row, column = np.divmod(np.arange(ROWS * COLUMNS), COLUMNS)
    return np.stack([column + 0.5, row + 0.5], axis=1)


def read_chart(linear: Float32[np.ndarray, "h w 3"]) -> Patches:
    """Finds the chart, turned, tilted or mirrored as it may be, and reads its patches.

    Args:
        linear: the device's linear light, 1 = clipped.

    Raises:
        CalibrationError: no chart is found, or it is exposed too far from the middle.
    """
    places = find_chart(linear)
    if places is None:
        raise CalibrationError(
            "no ColorChecker with 24 patches is found: show the whole chart, sharp, evenly lit, "
            "at least a tenth of the picture wide and with nothing on it"
        )
    patches = _read(linear, places)
    _check_exposure(patches)
    return patches


def find_chart(linear: Float32[np.ndarray, "h w 3"]) -> Float64[np.ndarray, "24 2"] | None:
    """Returns the middles of the 24 patches (x, y in pixels), None where no chart is found."""
    view = _normalised(linear)
    longest = max(view.shape[:2])
    sides = [side for side in _LONG_SIDES_PX if side < longest] or [longest]
    detector = cv2.mcc.CCheckerDetector.create()
    detector.setColorChartType(cv2.mcc.MCC24)
    best = None
    for side in sides:
        scale = side / longest
        small = cv2.resize(view, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        if not detector.process(small):
            continue
        quads = np.asarray(detector.getBestColorChecker().getColorCharts(), np.float64)
        middles = quads.reshape(ROWS * COLUMNS, 4, 2).mean(axis=1)
        # OpenCV counts from the middle of a pixel.
        best = (middles + 0.5) / scale - 0.5
        pitch = np.linalg.norm(np.diff(middles.reshape(ROWS, COLUMNS, 2), axis=1), axis=2)
        if pitch.min() >= _SMALLEST_PATCH_PX:
            return best
    return best


def _normalised(linear: Float32[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """Returns an 8-bit BGR view for the detector, whose bright parts are about grey."""
    step = max(1, round(max(linear.shape[:2]) / 500))
    bright = np.percentile(linear[::step, ::step].reshape(-1, 3), 97, axis=0)
    gain = (0.9 / np.maximum(bright, 1e-4)).astype(np.float32)
    view = np.sqrt(np.clip(linear * gain, 0, 1)) * 255
    return np.ascontiguousarray(view.astype(np.uint8)[..., ::-1])


def _read(linear: Float32[np.ndarray, "h w 3"], places: Float64[np.ndarray, "24 2"]) -> Patches:
    flat = centres() * PATCH_PX - 0.5
    to_flat, _ = cv2.findHomography(places, flat)
    size = (COLUMNS * PATCH_PX, ROWS * PATCH_PX)
    straight = np.asarray(cv2.warpPerspective(linear, to_flat, size), np.float32)
    tiles = straight.reshape(ROWS, PATCH_PX, COLUMNS, PATCH_PX, 3).swapaxes(1, 2)
    inner = tiles[:, :, _MIDDLE, _MIDDLE].reshape(ROWS * COLUMNS, -1, 3)
    full = (inner >= _CLIPPED_LEVEL).mean(axis=1).max(axis=1)
    return Patches(
        linear=_typical(inner),
        usable=full <= _CLIPPED_SHARE,
        straightened=straight,
    )


def _typical(inner: Float32[np.ndarray, "24 pixels 3"]) -> Float64[np.ndarray, "24 3"]:
    """Returns robust means: a median of 8-bit values would be wrong by half a level."""
    ordered = np.sort(inner, axis=1)
    quarter = ordered.shape[1] // 4
    return ordered[:, quarter : ordered.shape[1] - quarter].mean(axis=1, dtype=np.float64)


def _check_exposure(patches: Patches) -> None:
    usable = patches.usable
    if usable.sum() < _LEAST_USABLE or usable[18:].sum() < _LEAST_NEUTRAL:
        raise CalibrationError(
            f"{len(patches.clipped)} of 24 patches are clipped ({', '.join(patches.clipped)}): "
            "expose one to two stops less and take the chart again"
        )
    if patches.linear[18].max() < _DARKEST_WHITE:
        raise CalibrationError(
            f"the chart's white reaches {100 * patches.linear[18].max():.1f} % of the sensor's "
            "range: expose two stops more and take the chart again"
        )
