"""All faces of a picture with their points, from thumbnails to tens of megapixels."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from deepflash.faces.detector import Detection, Detector, merge, overlap
from deepflash.faces.mesh import Mesh, MeshPoints, square_of_detection, square_of_points
from deepflash.faces.model_files import DETECTOR, MESH, checked_model
from deepflash.faces.patch import Square

LEAST_SCORE = 0.5

_REDUCED_PX = 1280
_TILES_ACROSS = (1, 2, 3)
_SMALLEST_TILE_PX = 160
_CANDIDATE_SCORE = 0.4
_SAME_FACE = 0.4
_SAME_CANDIDATE = 0.1
_CLOSER = 2.5
_TURN_RAD, _GROWTH, _SHIFT = 0.14, 0.06, 0.025
_LOOKS = (
    (-_TURN_RAD, 1 - _GROWTH, _SHIFT, _SHIFT),
    (_TURN_RAD, 1 + _GROWTH, -_SHIFT, -_SHIFT),
    (-_TURN_RAD, 1 + _GROWTH, _SHIFT, -_SHIFT),
    (_TURN_RAD, 1 - _GROWTH, -_SHIFT, _SHIFT),
)


@dataclass(frozen=True, eq=False)
class Face:
    """One face; the middle of the picture's first pixel is (0, 0)."""

    points: Float32[np.ndarray, "468 2"]
    """x, y in pixels of the picture, in FaceMesh's order: `deepflash.faces.points` names some."""
    score: float
    """0 to 1: the lower one of what detector and mesh say."""
    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 of all points."""
    depth: Float32[np.ndarray, "468"] | None = None
    """In pixels, away from the camera; only differences mean something."""


class FaceFinder:
    """Finds faces; threads may share one, and one per process is enough."""

    def __init__(self, models: Path | None = None) -> None:
        """Loads the networks.

        Args:
            models: the folder of the model files; None for the usual one.

        Raises:
            ModelFileError: a file is absent or not the pinned one.
        """
        self._detector = Detector(checked_model(DETECTOR, models))
        self._mesh = Mesh(checked_model(MESH, models))

    def find(self, picture: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
        """Returns all faces of an upright RGB picture, the surest first.

        A head is found from a tenth of the picture's height on.
        """
        faces: list[Face] = []
        for candidate in self._candidates(picture):
            face = self._confirmed(picture, candidate)
            if face is not None and not _is_known(face, faces):
                faces.append(face)
        return sorted(faces, key=lambda face: -face.score)

    def _candidates(self, picture: UInt8[np.ndarray, "h w 3"]) -> list[Detection]:
        small, factor = _reduced(picture)
        found: list[Detection] = []
        for tile in tiles(small.shape[0], small.shape[1]):
            found += self._detector.look(small, tile, _CANDIDATE_SCORE)
        merged = merge(found, least_overlap=_SAME_FACE, of="smaller")
        return [_scaled(one, factor) for one in merged]

    def _confirmed(self, picture: UInt8[np.ndarray, "h w 3"], candidate: Detection) -> Face | None:
        """Looks closer, and returns the face if both networks still see one."""
        closer = self._closer(picture, candidate)
        if closer is None:
            return None
        found = self._refined(picture, square_of_detection(closer))
        if found.score < LEAST_SCORE:
            return None
        (x0, y0), (x1, y1) = found.points.min(axis=0), found.points.max(axis=0)
        return Face(
            points=found.points,
            score=min(closer.score, found.score),
            box=(float(x0), float(y0), float(x1), float(y1)),
            depth=found.depth,
        )

    def _closer(
        self, picture: UInt8[np.ndarray, "h w 3"], candidate: Detection
    ) -> Detection | None:
        """Returns the face that the detector sees when the candidate fills its patch well."""
        x0, y0, x1, y1 = (float(value) for value in candidate.box)
        side = max(x1 - x0, y1 - y0) * _CLOSER
        square = Square(x=(x0 + x1) / 2, y=(y0 + y1) / 2, side_px=side)
        seen = self._detector.look(picture, square, LEAST_SCORE)
        if not seen:
            return None
        shares = overlap(candidate.box, np.stack([one.box for one in seen]))
        best = int(shares.argmax())
        return seen[best] if shares[best] >= _SAME_CANDIDATE else None

    def _refined(self, picture: UInt8[np.ndarray, "h w 3"], square: Square) -> MeshPoints:
        """Returns the mean of several looks, each with a square that a first look gave."""
        first = self._mesh.around(picture, square)
        if first.score < LEAST_SCORE:
            return first
        square = square_of_points(first.points)
        looks = [self._mesh.around(picture, one) for one in _varied(square)]
        return MeshPoints(
            points=np.stack([look.points for look in looks]).mean(axis=0),
            depth=np.stack([look.depth for look in looks]).mean(axis=0),
            score=min(look.score for look in looks),
        )


def _varied(square: Square) -> Iterator[Square]:
    """Yields four squares around one: where the crop lies sways the points; the mean holds."""
    for turn, scale, right, down in _LOOKS:
        yield Square(
            x=square.x + right * square.side_px,
            y=square.y + down * square.side_px,
            side_px=square.side_px * scale,
            angle_rad=square.angle_rad + turn,
        )


def tiles(height: int, width: int) -> Iterator[Square]:
    """Yields the squares that are searched: the whole picture, then smaller ones that overlap."""
    longer = max(height, width)
    for across in _TILES_ACROSS:
        side = longer / across
        if across > 1 and side < _SMALLEST_TILE_PX:
            return
        for y in _middles(height, side):
            for x in _middles(width, side):
                yield Square(x=x, y=y, side_px=side)


def _middles(length: int, side: float) -> list[float]:
    """Returns the middles of squares that cover a length, each overlapping the next by half."""
    spare = length - side
    if spare <= 0:
        return [(length - 1) / 2]
    count = int(np.ceil(2 * spare / side)) + 1
    return [float(start + (side - 1) / 2) for start in np.linspace(0.0, spare, count)]


def _reduced(picture: UInt8[np.ndarray, "h w 3"]) -> tuple[UInt8[np.ndarray, "i j 3"], int]:
    """Returns a smaller picture for the search, and by which whole number it is smaller."""
    height, width = picture.shape[:2]
    factor = max(height, width) // _REDUCED_PX
    if factor < 2 or min(height, width) < factor:
        return picture, 1
    # Averaging whole blocks is several times faster than any other reduction.
    size = (width // factor, height // factor)
    blocks = np.ascontiguousarray(picture[: size[1] * factor, : size[0] * factor])
    return cv2.resize(blocks, size, interpolation=cv2.INTER_AREA), factor


def _scaled(detection: Detection, factor: int) -> Detection:
    half = np.float32(0.5)
    return Detection(
        box=(detection.box + half) * np.float32(factor) - half,
        keys=(detection.keys + half) * np.float32(factor) - half,
        score=detection.score,
    )


def _is_known(face: Face, faces: list[Face]) -> bool:
    if not faces:
        return False
    boxes = np.array([known.box for known in faces], np.float32)
    shares = overlap(np.array(face.box, np.float32), boxes, "smaller")
    return bool(shares.max() > _SAME_FACE)
