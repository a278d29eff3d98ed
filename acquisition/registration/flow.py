"""Dense refinement: the smooth flow that makes normalised pictures alike, from coarse to fine.

Every place asks its window which small shift would make both pictures more alike (Lucas-Kanade).
Where the window has structure, its answer counts; where it has little, the flow of the
surroundings does. Pixels that stay different whatever the shift, such as highlights, count less.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from acquisition.registration.grid import Map, SizeHW, inside_of, resized, sampled, shrunk
from acquisition.registration.luminance import Plane, Planes, blurred, normalised

CELL_PX = 4
"""Windows are far larger than this, so that a net with such cells carries their answers."""

_LEVELS = ((4, 6), (2, 5), (1, 4))
"""How much smaller than the finest level, and how many rounds."""
_WINDOW_IOD = 0.1
_SURROUNDINGS_IOD = 0.1
_SPREADS = 3
_LARGEST_STEP_PX = 1.0
_STRANGE = 0.7


@dataclass(frozen=True, eq=False)
class Level:
    """A normalised picture at one size."""

    planes: Planes
    iod_px: float
    full_hw: SizeHW
    """Of the picture that it was made from."""

    @property
    def size_hw(self) -> SizeHW:
        """Height and width in pixels, multiples of `CELL_PX`."""
        height, width = self.planes.shape[:2]
        return height, width

    def own_places(self, at: Map) -> Map:
        """Returns places of the full picture in this level's pixels."""
        return (at + np.float32(0.5)) / self.per_pixel() - np.float32(0.5)

    def per_pixel(self) -> Float32[np.ndarray, "2"]:
        """Returns how many pixels of the full picture one of this level's spans: x, y."""
        across, down = self.full_hw[1] / self.size_hw[1], self.full_hw[0] / self.size_hw[0]
        return np.array([across, down], np.float32)


def levels(
    linear: Float32[np.ndarray, "h w 3"], iod_px: float, finest_iod_px: float
) -> list[Level]:
    """Returns a picture in three sizes, the smallest first.

    Args:
        linear: linear light, 0 to 1.
        iod_px: inter-ocular distance in it.
        finest_iod_px: that of the largest level.
    """
    full_hw = linear.shape[0], linear.shape[1]
    made = []
    for divisor, _ in _LEVELS:
        scale = finest_iod_px / divisor / iod_px
        rows, columns = (max(1, round(side * scale / CELL_PX)) * CELL_PX for side in full_hw)
        planes = normalised(shrunk(linear, (rows, columns)), finest_iod_px / divisor)
        made.append(Level(planes, finest_iod_px / divisor, full_hw))
    return made


def refined(
    phone: list[Level],
    studio: list[Level],
    start: Map,
    *,
    stiffness: float,
    limit_iod: float,
    skip_finest: int = 0,
) -> Map:
    """Returns a map like `start`, bent so that both pictures are alike.

    Args:
        phone: the picture whose pixels the map has.
        studio: the picture that it leads to.
        start: between the full pictures.
        stiffness: how much structure outweighs the flow of the surroundings.
        limit_iod: how far a pixel may be moved.
        skip_finest: so many levels are left out.
    """
    used = len(_LEVELS) - skip_finest
    flow_iod = np.zeros((2, 2, 2), np.float32)
    for own, other, (_, rounds) in zip(phone[:used], studio[:used], _LEVELS[:used], strict=True):
        net_hw = own.size_hw[0] // CELL_PX, own.size_hw[1] // CELL_PX
        places = other.own_places(resized(start, own.size_hw))
        flow = resized(flow_iod, net_hw) * np.float32(own.iod_px)
        for _ in range(rounds):
            step = _step(own, other, places, flow, stiffness)
            flow = _shortened(flow + _shortened(step, _LARGEST_STEP_PX), limit_iod * own.iod_px)
        flow_iod = flow / np.float32(own.iod_px)
    finest = studio[used - 1]
    bend = resized(flow_iod * np.float32(finest.iod_px), start.shape[:2], cv2.INTER_CUBIC)
    return start + bend * finest.per_pixel()


def _step(own: Level, other: Level, places: Map, flow: Map, stiffness: float) -> Map:
    """Returns by how much to change a flow, in pixels of the level."""
    at = places + resized(flow, own.size_hw)
    seen = sampled(other.planes, at)
    difference = seen - own.planes
    trust = inside_of(at, other.size_hw)[..., None] / (1 + (difference / _STRANGE) ** 2)
    along = cv2.Sobel(seen, -1, 1, 0, scale=1 / 8)
    down = cv2.Sobel(seen, -1, 0, 1, scale=1 / 8)
    window = _WINDOW_IOD * own.iod_px / CELL_PX

    def windowed(product: Planes) -> Plane:
        summed = (product * trust).sum(axis=2, dtype=np.float32)
        return blurred(shrunk(summed, (flow.shape[0], flow.shape[1])), window)

    xx, xy, yy = windowed(along * along), windowed(along * down), windowed(down * down)
    pull_x = xx * flow[..., 0] + xy * flow[..., 1] - windowed(along * difference)
    pull_y = xy * flow[..., 0] + yy * flow[..., 1] - windowed(down * difference)
    stiff = np.float32(stiffness)
    xx, yy = xx + stiff, yy + stiff
    determinant = xx * yy - xy * xy
    found = flow
    for _ in range(_SPREADS):
        around = stiff * blurred(found, _SURROUNDINGS_IOD * own.iod_px / CELL_PX)
        x, y = pull_x + around[..., 0], pull_y + around[..., 1]
        found = np.dstack([(x * yy - y * xy) / determinant, (y * xx - x * xy) / determinant])
    return found - flow


def _shortened(flow: Map, longest_px: float) -> Map:
    length = np.linalg.norm(flow, axis=2, keepdims=True)
    return flow * np.minimum(1, np.float32(longest_px) / np.maximum(length, np.float32(1e-6)))
