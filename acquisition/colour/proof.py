"""A small picture to look at: each patch as corrected beside the patch as it should be."""

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from acquisition.colour.chart import PATCH_PX
from acquisition.colour.fit import Fit
from acquisition.colour.reference import COLUMNS, ROWS, reference_linear

_GAP_PX = 8
_DARK = 40


def proof_picture(fit: Fit) -> UInt8[np.ndarray, "h w 3"]:
    """Returns the chart in sRGB: left halves corrected, right halves reference, CIEDE2000 below.

    Where the two halves of a patch look alike, the calibration is good. Patches that were left
    out have no number.
    """
    cell = PATCH_PX + _GAP_PX
    out = np.full((ROWS * (cell + 14) + _GAP_PX, COLUMNS * cell + _GAP_PX, 3), _DARK, np.uint8)
    corrected, reference = _levels(fit.corrected), _levels(reference_linear())
    for number, difference in enumerate(fit.delta_e):
        row, column = divmod(number, COLUMNS)
        y, x = _GAP_PX + row * (cell + 14), _GAP_PX + column * cell
        out[y : y + PATCH_PX, x : x + PATCH_PX // 2] = corrected[number]
        out[y : y + PATCH_PX, x + PATCH_PX // 2 : x + PATCH_PX] = reference[number]
        if np.isfinite(difference):
            where = (x + 16, y + PATCH_PX + 14)
            font = cv2.FONT_HERSHEY_SIMPLEX
            cv2.putText(out, f"{difference:.1f}", where, font, 0.45, (220, 220, 220), 1)
    return out


def proof_png(fit: Fit) -> bytes:
    """Returns the proof as a PNG file."""
    _, data = cv2.imencode(".png", np.ascontiguousarray(proof_picture(fit)[..., ::-1]))
    return data.tobytes()


def _levels(linear: Float64[np.ndarray, "24 3"]) -> UInt8[np.ndarray, "24 3"]:
    part = np.clip(linear, 0, 1)
    levels = np.where(part <= 0.0031308, 12.92 * part, 1.055 * part ** (1 / 2.4) - 0.055)
    return np.round(255 * levels).astype(np.uint8)
