"""Rendered portraits with painted pupils, irises and make-up: what red-eye tests look at."""

from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np

from deepflash.faces.finder import Face, FaceFinder
from deepflash.faces.points import LEFT_EYE, RIGHT_EYE
from deepflash.pairs.starter import dataset_root
from deepflash.pictures import read_picture

# The starter pack's people with the largest eyes, none of them red.
BLUE, BROWN, AMBER, HAZEL, DARK = (
    f"flash/person000{number}-00-{light}.jpg"
    for number, light in ((36, 1), (26, 0), (40, 0), (24, 0), (20, 0))
)
PEOPLE = (BLUE, BROWN, AMBER, HAZEL, DARK)
RINGS = (RIGHT_EYE, LEFT_EYE)

_finder = cache(FaceFinder)


@cache
def _portrait(name: str) -> tuple[np.ndarray, Face]:
    """Returns the part of a picture that a face fills, so that large ones need not be huge."""
    pixels = read_picture(dataset_root("starter") / name)
    (face,) = _finder().find(pixels)
    left, top, right, bottom = (round(value) for value in face.box)
    left, top = max(left - 10, 0), max(top - 10, 0)
    part = pixels[top : bottom + 10, left : right + 10]
    points = face.points - np.array([left, top], np.float32)
    return np.ascontiguousarray(part), replace(face, points=points)


@dataclass(frozen=True)
class Portrait:
    """A picture, which may be painted on, and the face in it."""

    pixels: np.ndarray
    face: Face

    def contour(self, eye: int) -> np.ndarray:
        return self.face.points[list(RINGS[eye])]

    def eye_width(self, eye: int) -> float:
        contour = self.contour(eye)
        return float(np.linalg.norm(contour[0] - contour[8]))

    def middle(self, eye: int) -> tuple[float, float]:
        x, y = self.contour(eye).mean(axis=0)
        return float(x), float(y)

    def inside(self, eye: int, growth: float = 0.0) -> np.ndarray:
        """Returns the pixels between the lids, and those `growth` pixels around them."""
        mask = np.zeros(self.pixels.shape[:2], np.uint8)
        cv2.fillPoly(mask, [np.round(self.contour(eye) * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
        return cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5) <= growth

    def away(self, eye: int, shift: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
        """Returns every pixel's distance from the middle of the eye, or from beside it."""
        x, y = self.middle(eye)
        rows, columns = np.ogrid[: self.pixels.shape[0], : self.pixels.shape[1]]
        return np.hypot(columns - x - shift[0], rows - y - shift[1]).astype(np.float32)

    def fill(self, weight: np.ndarray, colour: tuple[int, int, int]) -> None:
        """Paints where the weight is 1, and mixes where it is less."""
        where = weight > 0
        kept = self.pixels[where]
        mixed = kept + weight[where][:, None] * (np.array(colour, np.float32) - kept)
        self.pixels[where] = np.round(mixed).astype(np.uint8)

    def disc(
        self,
        eye: int,
        radius: float,
        colour: tuple[int, int, int],
        *,
        soft: float = 1.0,
        shift: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """Paints a disc with a smooth edge into an eye; the lids cover it."""
        edge = np.clip((radius - self.away(eye, shift)) / soft + 0.5, 0, 1)
        self.fill(edge * self.inside(eye), colour)

    def pupil(self, eye: int, radius: float, colour: tuple[int, int, int]) -> None:
        """Paints a pupil and the mirrored flash in it."""
        self.disc(eye, radius, colour, soft=max(1.0, radius / 6))
        self.disc(eye, radius / 4, (250, 250, 250), shift=(radius / 4, -radius / 4))


def portrait(name: str = BLUE, scale: float = 1.0) -> Portrait:
    """Returns a portrait that may be painted on, enlarged or reduced."""
    pixels, face = _portrait(name)
    if scale == 1:
        return Portrait(pixels.copy(), face)
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    method = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    points = ((face.points + 0.5) * scale - 0.5).astype(np.float32)
    return Portrait(cv2.resize(pixels, size, interpolation=method), replace(face, points=points))
