"""A clock that a camera can read: time as a Gray code of black and white cells.

Two neighbouring codes differ in one bit, so an exposure that sees both is uncertain in one cell
and still tells the time between them. Each bit stands beside its inverse, so a cell that is
neither black nor white, or outshone by a reflection, is known to be uncertain.

The page in `display_page/` draws the same layout, which it fetches from here.
"""

import msgspec
import numpy as np
from jaxtyping import UInt8

COLUMNS, ROWS = 10, 8
MARKER_CELLS = 2
"""Side of the square that a marker takes in each corner, its white rim included."""
MARKER_RIM = 0.25
"""Width of that rim in cells. Inside: black, white and black squares, sides 7 : 5 : 3."""
MARGIN = 1.0
"""White around the grid, in cells."""

COUNT_BITS = 12
STEP_BITS = 6
LONGEST_STEP_MS = 2**STEP_BITS - 1

# `.` marker, `-` always white, `#` always black; small letters are bits, capitals their inverse.
# a to l: the count, most significant first; m to r: the step in milliseconds.
LAYOUT = (
    "..-#aAbB..",
    "..cC#-dD..",
    "-eEfF#gG-#",
    "#-hHiI-jJ#",
    "-#kKlL#-mM",
    "nN-#oO#-#-",
    "..pP-#qQ..",
    "..#rR--#..",
)
BIT_NAMES = "abcdefghijklmnopqr"


class ClockFace(msgspec.Struct, frozen=True, kw_only=True):
    """What the monitor shows at one moment."""

    count: int
    """Steps since the host's clock began, modulo 4096."""
    step_ms: int
    """How long each code stands; at least the time of one frame of the monitor."""

    def bits(self) -> str:
        """Returns 18 characters `0` or `1` in the order of `BIT_NAMES`; 1 is white."""
        return f"{to_gray(self.count):0{COUNT_BITS}b}{self.step_ms:0{STEP_BITS}b}"


def to_gray(number: int) -> int:
    """Returns the Gray code of a number that is not negative."""
    return number ^ (number >> 1)


def from_gray(gray: int) -> int:
    """Returns the number of a Gray code."""
    number = 0
    while gray:
        number ^= gray
        gray >>= 1
    return number


def range_ms(step_ms: int) -> int:
    """Returns after how many milliseconds the clock begins anew."""
    return step_ms << COUNT_BITS


def face_at(time_ms: float, step_ms: int) -> ClockFace:
    """Returns what the monitor shows at a host time in milliseconds."""
    return ClockFace(count=int(time_ms // step_ms) % (1 << COUNT_BITS), step_ms=step_ms)


def cells_of(face: ClockFace) -> dict[tuple[int, int], bool]:
    """Returns row and column of each cell outside the markers, and whether it is white."""
    values = dict(zip(BIT_NAMES, face.bits(), strict=True))
    white = {name: value == "1" for name, value in values.items()}
    white |= {name.upper(): value == "0" for name, value in values.items()}
    white |= {"-": True, "#": False}
    return {
        (row, column): white[name]
        for row, names in enumerate(LAYOUT)
        for column, name in enumerate(names)
        if name != "."
    }


def marker_corners() -> list[tuple[int, int]]:
    """Returns row and column of the first cell of each marker, clockwise from the top left."""
    right, bottom = COLUMNS - MARKER_CELLS, ROWS - MARKER_CELLS
    return [(0, 0), (0, right), (bottom, right), (bottom, 0)]


def draw(face: ClockFace, cell_px: int = 40) -> UInt8[np.ndarray, "h w 3"]:
    """Returns the picture that the page draws, as RGB; `cell_px` is best a multiple of 28."""
    height, width = round((ROWS + 2 * MARGIN) * cell_px), round((COLUMNS + 2 * MARGIN) * cell_px)
    picture = np.full((height, width, 3), 255, np.uint8)

    def fill(row: int | float, column: int | float, side: float, value: int) -> None:
        top, left = round((row + MARGIN) * cell_px), round((column + MARGIN) * cell_px)
        end_y = round((row + side + MARGIN) * cell_px)
        end_x = round((column + side + MARGIN) * cell_px)
        picture[top:end_y, left:end_x] = value

    for (row, column), white in cells_of(face).items():
        fill(row, column, 1.0, 255 if white else 0)
    outer = MARKER_CELLS - 2 * MARKER_RIM
    for row, column in marker_corners():
        for ring, value in enumerate((0, 255, 0)):
            inset = MARKER_RIM + ring * outer / 7
            fill(row + inset, column + inset, outer - 2 * ring * outer / 7, value)
    return picture
