"""White balance alone, from a grey card."""

import cv2
import numpy as np
from jaxtyping import Float32, Float64

from acquisition.errors import CalibrationError, UsageError

Region = tuple[int, int, int, int]
"""x, y, width and height in pixels."""

_CENTRE_SHARE = 0.15
_SMALLEST_PX = 8
_CLIPPED_LEVEL = 0.985
_CLIPPED_SHARE = 0.01
_DARKEST = 0.01
_MOST_UNEVEN = 0.25


def centre_region(height: int, width: int) -> Region:
    """Returns the square in the picture's middle in which a grey card is expected."""
    side = max(round(_CENTRE_SHARE * min(height, width)), min(height, width, _SMALLEST_PX))
    return (width - side) // 2, (height - side) // 2, side, side


def parse_region(text: str) -> Region:
    """Reads `x,y,width,height`. Raises UsageError for anything else."""
    words = [word.strip() for word in text.split(",")]
    if len(words) != 4 or not all(word.isascii() and word.isdigit() for word in words):
        raise UsageError(
            f"--grey-card is {text!r}; it takes x,y,width,height in pixels or `centre`"
        )
    x, y, width, height = (int(word) for word in words)
    return x, y, width, height


def white_balance(
    linear: Float32[np.ndarray, "h w 3"], region: Region
) -> Float64[np.ndarray, "3 3"]:
    """Returns the diagonal matrix that makes the card grey; its green stays.

    Raises:
        UsageError: the region is tiny or not inside the picture.
        CalibrationError: the region is clipped, dark or not one even surface.
    """
    x, y, width, height = region
    rows, columns = linear.shape[:2]
    if min(width, height) < _SMALLEST_PX or x + width > columns or y + height > rows:
        raise UsageError(
            f"the grey card's region {x},{y},{width},{height} is smaller than {_SMALLEST_PX} "
            f"pixels or not inside the picture of {columns} x {rows}"
        )
    card = linear[y : y + height, x : x + width]
    # Noise is no unevenness: look at an eighth of the region at a time.
    coarse = cv2.resize(card, (8, 8), interpolation=cv2.INTER_AREA).reshape(-1, 3)
    middle = np.median(card.reshape(-1, 3), axis=0).astype(np.float64)
    if (card >= _CLIPPED_LEVEL).any(axis=2).mean() > _CLIPPED_SHARE:
        raise CalibrationError("the grey card is clipped: expose one stop less and take it again")
    if middle.min() < _DARKEST:
        raise CalibrationError("the grey card is too dark: expose two stops more, take it again")
    spread = (coarse.max(axis=0) - coarse.min(axis=0)) / middle
    if spread.max() > _MOST_UNEVEN:
        raise CalibrationError(
            f"the grey card's region differs by {100 * spread.max():.0f} % in itself: name a "
            "region that lies on the card with --grey-card x,y,width,height, and light it evenly"
        )
    return np.diag(middle[1] / middle)
