"""Small drawn faces under two lights, laid apart by known maps."""

from dataclasses import dataclass

import cv2
import numpy as np

from acquisition.registration.grid import Affine, moved, pixels, sampled, sampled_at
from deepflash.faces.finder import Face

SIDE = 224
IOD = 72.0
MIDDLE = 111.5


@dataclass
class Drawn:
    phone: np.ndarray
    studio: np.ndarray
    phone_face: Face
    studio_face: Face
    truth: np.ndarray
    inside: np.ndarray
    """The face, well inside both pictures."""

    def error_iod(self, map_xy: np.ndarray) -> np.ndarray:
        return np.linalg.norm(map_xy - self.truth, axis=2) / IOD


def face_of(points: np.ndarray) -> Face:
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    box = (float(x0), float(y0), float(x1), float(y1))
    return Face(points=points.astype(np.float32), score=1.0, box=box)


def points() -> np.ndarray:
    rng = np.random.default_rng(1)
    angle, radius = rng.uniform(0, 2 * np.pi, 468), 62 * np.sqrt(rng.uniform(0, 1, 468))
    made = np.column_stack([MIDDLE + radius * np.cos(angle), MIDDLE + radius * np.sin(angle)])
    made[33], made[263] = (MIDDLE - IOD / 2, MIDDLE), (MIDDLE + IOD / 2, MIDDLE)
    return made.astype(np.float32)


def scene(seed: int = 0) -> np.ndarray:
    """Structure at all sizes in linear light, 0.05 to 0.6; its colour varies too."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.GaussianBlur(rng.normal(0, 1, (SIDE, SIDE, 3)), (0, 0), sigma) * sigma * 2.5
        for sigma in (1.2, 3.0, 7.0)
    ]
    return np.clip(0.3 * np.exp(0.25 * np.sum(layers, axis=0)), 0.02, 0.6).astype(np.float32)


def lit(linear: np.ndarray, light: np.ndarray, gamma: float) -> np.ndarray:
    return (255 * np.clip(linear * light, 0, 1) ** (1 / gamma)).round().astype(np.uint8)


def slow_light(corner: float) -> np.ndarray:
    """1 on the left, `corner` on the right, warmer there too."""
    along = np.linspace(1, corner, SIDE, dtype=np.float32)[None, :, None]
    return along * np.linspace(1, [1.1, 1.0, 0.8], SIDE).astype(np.float32)[None]


def drawn(affine: Affine, bump_px: float = 0.0, point_error_px: float = 0.0) -> Drawn:
    """The studio's picture is the scene as it is; the phone's is that at the true places."""
    where = pixels((SIDE, SIDE))
    apart = ((where - MIDDLE) ** 2).sum(axis=2, keepdims=True)
    bump = bump_px * np.exp(-apart / (2 * 30.0**2)) * np.array([1.0, 0.5])
    truth = (moved(where.reshape(-1, 2), affine).reshape(where.shape) + bump).astype(np.float32)
    studio = scene()
    phone = np.clip(sampled(studio, truth, cv2.INTER_CUBIC), 0, 1)
    own = points()
    noise = np.random.default_rng(2).normal(0, 1, (468, 2)) + 0.5
    its = sampled_at(truth, own) + point_error_px * noise.astype(np.float32)
    inside = np.zeros((SIDE, SIDE), bool)
    inside[60:164, 60:164] = True
    return Drawn(
        phone=lit(phone, slow_light(0.35), 2.2),
        studio=lit(studio, slow_light(2.0)[:, ::-1] * 0.6, 2.6),
        phone_face=face_of(own),
        studio_face=face_of(its),
        truth=truth,
        inside=inside,
    )


def turned(degrees: float, scale: float = 1.0, shift: tuple[float, float] = (0.0, 0.0)) -> Affine:
    matrix = cv2.getRotationMatrix2D((MIDDLE, MIDDLE), degrees, scale)
    matrix[:, 2] += shift
    return matrix.astype(np.float32)
