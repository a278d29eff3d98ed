"""Reads the time off a photograph of the clock on the monitor."""

from pathlib import Path

import cv2
import msgspec
import numpy as np
from jaxtyping import Float64, UInt8
from PIL import Image

from acquisition.calibration.gray_code import (
    BIT_NAMES,
    COLUMNS,
    COUNT_BITS,
    LAYOUT,
    MARKER_CELLS,
    ROWS,
    from_gray,
    marker_corners,
    range_ms,
)
from acquisition.calibration.markers import find_markers, quads
from acquisition.errors import CalibrationError

_LONG_SIDE_PX = 1600
_CELL_PX = 16
_UNCERTAIN = 0.4
"""A cell and its inverse differ by less than this share of the contrast."""
_MOST_UNCERTAIN = 3
_LEAST_CONTRAST = 12.0
_LEAST_STEP_MS = 4
_MOST_WRONG_REFERENCES = 2
_REFERENCES = sum(names.count("-") + names.count("#") for names in LAYOUT)

_OVEREXPOSED_SHARE, _DARK_LEVEL, _BLURRED_VARIANCE = 0.25, 12.0, 12.0


class ClockReading(msgspec.Struct, frozen=True, kw_only=True):
    """A time read off a picture; the exposure's middle lies within time ± half width."""

    time_ms: float
    """Host time modulo `range_ms`."""
    half_width_ms: float
    range_ms: int
    step_ms: int
    uncertain_cells: int
    """Cells caught between black and white; the exposure saw more than one code."""

    def since(self, host_ns: int) -> float:
        """Returns milliseconds from a host time to the reading, at least minus a tenth range."""
        earliest_ms = -0.1 * self.range_ms
        apart_ms = self.time_ms - host_ns / 1e6 % self.range_ms
        return (apart_ms - earliest_ms) % self.range_ms + earliest_ms


def read_clock(picture: UInt8[np.ndarray, "h w 3"]) -> ClockReading:
    """Returns the time that the monitor's clock shows in a photograph.

    The picture may be turned, mirrored, taken at an angle, blurred by less than half of a small
    square, unevenly lit and noisy.

    Raises:
        CalibrationError: the clock is not in the picture or cannot be read; says what to do.
    """
    grey = _reduced(picture)
    markers = find_markers(grey)
    problem = ""
    for quad in quads(markers):
        for turned in _orientations(quad):
            cells = _sample(grey, turned)
            if _wrong_references(cells) > _MOST_WRONG_REFERENCES:
                continue
            try:
                return _decode(cells)
            except CalibrationError as error:
                problem = str(error)
    raise CalibrationError(problem or _why_not(grey, len(markers)))


def read_clock_file(path: Path) -> ClockReading:
    """Reads the clock off a JPEG or PNG. Raises CalibrationError, as `read_clock`."""
    try:
        with Image.open(path) as image:
            image.draft("RGB", (_LONG_SIDE_PX, _LONG_SIDE_PX))
            picture = np.asarray(image.convert("RGB"), np.uint8)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise CalibrationError(f"{path.name} is no whole JPEG or PNG: take it again") from error
    return read_clock(picture)


def _reduced(picture: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "rows columns"]:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    scale = _LONG_SIDE_PX / max(grey.shape)
    if scale < 1.0:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.uint8)


def _orientations(quad: Float64[np.ndarray, "4 2"]) -> list[Float64[np.ndarray, "4 2"]]:
    """Returns the corners in all eight orders that keep neighbours; mirrored ones last."""
    turned = [np.roll(quad, shift, axis=0) for shift in range(4)]
    return turned + [order[[0, 3, 2, 1]] for order in turned]


def _sample(
    grey: UInt8[np.ndarray, "h w"], corners: Float64[np.ndarray, "4 2"]
) -> Float64[np.ndarray, "rows columns"]:
    """Returns the mean level in the middle of each cell."""
    half = MARKER_CELLS / 2
    centres = np.array([(column + half, row + half) for row, column in marker_corners()])
    # Pixel centres lie at whole numbers, so the first cell begins half a pixel before 0.
    target = (centres * _CELL_PX - 0.5).astype(np.float32)
    transform = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    cell_px = np.sqrt(cv2.contourArea(corners.astype(np.float32)) / (COLUMNS * ROWS * 0.6))
    smooth = cv2.GaussianBlur(grey, (0, 0), max(0.1 * float(cell_px), 0.5))
    size = (COLUMNS * _CELL_PX, ROWS * _CELL_PX)
    flat = cv2.warpPerspective(smooth, transform, size, flags=cv2.INTER_LINEAR)
    cells = np.asarray(flat, np.float64).reshape(ROWS, _CELL_PX, COLUMNS, _CELL_PX)
    middle = slice(_CELL_PX * 3 // 8, _CELL_PX * 5 // 8)
    return cells[:, middle, :, middle].mean((1, 3))


def _places(names: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns rows and columns of the cells of these names, in the layout's order."""
    places = [(row, column) for row in range(ROWS) for column in range(COLUMNS)]
    chosen = [place for place in places if LAYOUT[place[0]][place[1]] in names]
    rows, columns = zip(*chosen, strict=True)
    return np.array(rows), np.array(columns)


def _plane(
    cells: Float64[np.ndarray, "rows columns"], names: str
) -> Float64[np.ndarray, "rows columns"]:
    """Returns a plane through the levels of some cells, over all cells."""
    rows, columns = _places(names)
    known = np.stack([rows, columns, np.ones(len(rows))], axis=1)
    factors, *_ = np.linalg.lstsq(known, cells[rows, columns], rcond=None)
    all_rows, all_columns = np.mgrid[:ROWS, :COLUMNS]
    return factors[0] * all_rows + factors[1] * all_columns + factors[2]


def _wrong_references(cells: Float64[np.ndarray, "rows columns"]) -> int:
    """Returns how many of the cells that never change are on the wrong side of the middle."""
    # Half of the bit cells are white whatever the time, so their plane lies in the middle.
    above = cells > _plane(cells, BIT_NAMES + BIT_NAMES.upper() + "-#")
    wrong_white = _REFERENCES // 2 - int(above[_places("-")].sum())
    return wrong_white + int(above[_places("#")].sum())


def _decode(cells: Float64[np.ndarray, "rows columns"]) -> ClockReading:
    white, black = _plane(cells, "-"), _plane(cells, "#")
    contrast = white - black
    if contrast.min() < _LEAST_CONTRAST:
        raise CalibrationError(
            "black and white of the clock are too close: expose longer or shorter, "
            "keep reflections off the monitor and the flash away from it"
        )
    shares = (cells - black) / contrast
    sure: dict[str, bool | None] = {}
    for name in BIT_NAMES:
        (row,), (column,) = _places(name)
        (inverse_row,), (inverse_column,) = _places(name.upper())
        apart = shares[row, column] - shares[inverse_row, inverse_column]
        sure[name] = None if abs(apart) < _UNCERTAIN else bool(apart > 0)
    values = list(sure.values())
    return _reading(values[:COUNT_BITS], values[COUNT_BITS:])


def _reading(count_bits: list[bool | None], step_bits: list[bool | None]) -> ClockReading:
    if None in step_bits:
        raise CalibrationError(
            "a cell of the clock that never changes cannot be read: focus on the monitor, "
            "keep reflections off it"
        )
    step_ms = int("".join(str(int(bool(bit))) for bit in step_bits), 2)
    if step_ms < _LEAST_STEP_MS:
        raise CalibrationError(f"the clock says a step of {step_ms} ms: reload the clock's page")
    unsure = count_bits.count(None)
    if unsure > _MOST_UNCERTAIN:
        raise CalibrationError(
            f"{unsure} cells of the clock changed during the exposure: expose for at most "
            f"{4 * step_ms} ms"
        )
    first, last = _run(count_bits)
    return ClockReading(
        time_ms=(first + last + 1) / 2 * step_ms % range_ms(step_ms),
        half_width_ms=(last - first + 1) / 2 * step_ms,
        range_ms=range_ms(step_ms),
        step_ms=step_ms,
        uncertain_cells=unsure,
    )


def _run(bits: list[bool | None]) -> tuple[int, int]:
    """Returns first and last of the counts that the bits allow; they must follow each other."""
    grays = [0]
    for bit in bits:
        choices = (0, 1) if bit is None else (int(bit),)
        grays = [(gray << 1) | choice for gray in grays for choice in choices]
    counts = sorted(from_gray(gray) for gray in grays)
    if counts[0] == 0 and counts[-1] == (1 << COUNT_BITS) - 1:
        # The clock began anew during the exposure.
        half = 1 << (COUNT_BITS - 1)
        counts = sorted(count + 2 * half if count < half else count for count in counts)
    if counts[-1] - counts[0] != len(counts) - 1:
        raise CalibrationError(
            "the clock's cells contradict each other: keep reflections off the monitor, "
            "focus on it, fill at least a third of the picture with it"
        )
    return counts[0], counts[-1]


def _why_not(grey: UInt8[np.ndarray, "h w"], markers: int) -> str:
    if float((grey >= 250).mean()) > _OVEREXPOSED_SHARE:
        return "the picture is overexposed: make the monitor darker or lower ISO and time"
    if float(np.percentile(grey, 99)) < 4 * _DARK_LEVEL:
        return "the picture is too dark to show the clock: make the monitor brighter or raise ISO"
    if markers in (1, 2, 3):
        return f"only {markers} of the clock's four corner squares can be seen: show all of it"
    if float(cv2.Laplacian(cv2.GaussianBlur(grey, (0, 0), 1.5), cv2.CV_64F).var()) < (
        _BLURRED_VARIANCE
    ):
        return "the picture is too blurred to show the clock: focus on the monitor"
    return (
        "no clock in the picture: open its page in full screen and fill at least a third of the "
        "picture with it"
    )
