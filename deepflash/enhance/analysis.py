"""What is known about one photograph before a look is chosen, found out when it is needed."""

from dataclasses import replace
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from deepflash.enhance.canvas import Canvas, canvas_of, near_faces
from deepflash.enhance.colour import Conversion
from deepflash.enhance.correction import CorrectionModel, apply_correction
from deepflash.enhance.exposure import offset
from deepflash.enhance.features import even_over_features
from deepflash.enhance.look import Look
from deepflash.enhance.pipeline import Pixels, Small, reduced
from deepflash.enhance.verdict import Verdict, judge
from deepflash.faces.finder import Face, FaceFinder

_LOOK_PX = 1280
"""Long side of the picture in which faces are found and light is judged."""
_MATTE_PX = 640
_FACE_GROWTH, _FACE_FADE = 0.02, 0.07  # of a face's height; walls beside it are to stay
_DARKEST = 1 / 64
"""Below it 8-bit pictures hold no ratio that could be believed."""


class Analysis:
    """What is known about one photograph, each part found out when it is first needed."""

    def __init__(
        self,
        model: CorrectionModel,
        finder: FaceFinder,
        pixels: Pixels,
        *,
        exif_flash: bool | None,
        profile: Conversion | None,
        size: int | None,
    ) -> None:
        self.pixels = pixels
        self.exif_flash = exif_flash
        self.profile = profile
        self._model, self._finder, self._size = model, finder, size

    @cached_property
    def seen(self) -> UInt8[np.ndarray, "h w 3"]:
        """The photograph at a long side of at most 1280, sRGB."""
        small = self._in_srgb(reduced(self.pixels, _LOOK_PX))
        return (np.clip(small, 0, 1) * 255 + 0.5).astype(np.uint8)

    @property
    def scale(self) -> float:
        """Pixels of the photograph per pixel of `seen`."""
        return max(self.pixels.shape[:2]) / max(self.seen.shape[:2])

    @cached_property
    def small_faces(self) -> list[Face]:
        """The faces, in pixels of `seen`."""
        return self._finder.find(self.seen)

    @cached_property
    def faces(self) -> list[Face]:
        """The faces, in pixels of the photograph."""
        return [_scaled(face, self.scale) for face in self.small_faces]

    def faces_at(self, width: int) -> list[Face]:
        """Returns the faces in pixels of the photograph brought to `width`."""
        return [_scaled(face, width / self.seen.shape[1]) for face in self.small_faces]

    @cached_property
    def verdict(self) -> Verdict:
        """What the photograph is."""
        return judge(self.seen, self.small_faces, exif_flash=self.exif_flash, scale=self.scale)

    @cached_property
    def canvas(self) -> Canvas:
        """The network's answer, at full strength for all faces."""
        boxes = [face.box for face in self.small_faces]
        canvas = canvas_of(self._model, self.seen, boxes, size=self._size)
        faces = self.faces_at(canvas.picture.shape[1])
        return Canvas(canvas.picture, even_over_features(canvas.correction, faces))

    def _strengths(self) -> list[float]:
        """Returns the faces' factors; 1 each where none is flash-lit and all were forced."""
        strengths = [face.strength for face in self.verdict.faces]
        if len(strengths) != len(self.small_faces) or not any(strengths):
            return [1.0] * len(self.small_faces)
        return strengths

    @cached_property
    def matte(self) -> Float32[np.ndarray, "h w"]:
        """How much of each pixel belongs to a person, at a long side of at most 640."""
        from deepflash.enhance.matte import person_matte

        picture = cv2.resize(
            self.seen,
            None,
            fx=(factor := min(1.0, _MATTE_PX / max(self.seen.shape[:2]))),
            fy=factor,
            interpolation=cv2.INTER_AREA,
        )
        return person_matte(picture, [_scaled(face, factor) for face in self.small_faces])

    def face_mask(self) -> Float32[np.ndarray, "h w"]:
        """Returns 1 on the faces, fading to exactly 0 around them, at the size of `seen`."""
        mask = np.zeros(self.seen.shape[:2], np.float32)
        for face in self.small_faces:
            height = max(face.box[3] - face.box[1], 1.0)
            one = _outlined([face], mask.shape)
            away = cv2.distanceTransform((one == 0).astype(np.uint8), cv2.DIST_L2, 5)
            fade = (away / height - _FACE_GROWTH) / _FACE_FADE
            mask = np.maximum(mask, np.clip(1 - fade, 0, 1).astype(np.float32))
        return mask

    def _anchored(self) -> Float32[np.ndarray, "h w 3"]:
        """Returns the correction after which each face keeps the exposure and hue that it has."""
        before, correction = self.canvas
        shape = before.shape[:2]
        faces = self.faces_at(shape[1])
        if not faces:
            return correction
        offsets = [
            offset(self._model.target, before, correction, _outlined([face], shape))
            for face in faces
        ]
        boxes = [face.box for face in faces]
        channels = zip(*(one.tolist() for one in offsets), strict=True)
        return correction + np.dstack([near_faces(shape, boxes, values) for values in channels])

    def small(self, look: Look) -> Small:
        """Returns the correction of a look, in the photograph's own encoding."""
        before = self.canvas.picture
        correction = self._anchored() if look.offset == "face" else self.canvas.correction
        boxes = [face.box for face in self.faces_at(before.shape[1])]
        # Last, so that a face which no flash lit is not moved by its offset either.
        correction = correction * near_faces(before.shape[:2], boxes, self._strengths())[..., None]
        if look.offset == "input":
            correction = correction - correction.mean(axis=(0, 1), keepdims=True)
        correction = correction * np.float32(look.strength)
        if self.profile is None:
            return Small(before, correction, self._model.target)
        # A correction belongs to its encoding: what it does in sRGB is said in the photograph's.
        own = self.profile.from_srgb(before)
        after = self.profile.from_srgb(
            np.clip(apply_correction(self._model.target, before, correction), 0, 1)
        )
        changed = np.where(correction == 0, 0, _between(self._model.target, own, after))
        return Small(own, changed.astype(np.float32), self._model.target)

    def _in_srgb(self, picture: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 3"]:
        return picture if self.profile is None else self.profile.to_srgb(picture)


def _between(
    target: str, before: Float32[np.ndarray, "h w 3"], after: Float32[np.ndarray, "h w 3"]
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the correction that turns one picture into the other."""
    if target == "log_ratio":
        return np.log(np.maximum(before, _DARKEST) / np.maximum(after, _DARKEST))
    return before - after


def _outlined(faces: list[Face], shape: tuple[int, ...]) -> Float32[np.ndarray, "h w"]:
    """Returns 1 inside the faces' outlines and 0 elsewhere, at a height and width."""
    mask = np.zeros(shape, np.float32)
    for face in faces:
        hull = cv2.convexHull(np.rint(face.points).astype(np.int32))
        cv2.fillConvexPoly(mask, hull, 1.0)
    return mask


def _scaled(face: Face, factor: float) -> Face:
    half = 0.5  # pixel centres are whole numbers, corners are what scales
    x0, y0, x1, y1 = ((value + half) * factor - half for value in face.box)
    points = (face.points + np.float32(half)) * np.float32(factor) - np.float32(half)
    depth = None if face.depth is None else face.depth * np.float32(factor)
    return replace(face, points=points, box=(x0, y0, x1, y1), depth=depth)
