"""The part of both pictures that is used, the studio's laid onto the phone's."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Shaped

from acquisition.colour.calibration import ColourCalibration, apply
from acquisition.errors import StoreError
from acquisition.prepare.crop import cut, face_in, inside, moved, portrait_region, same_region
from acquisition.prepare.light import reduced, to_srgb8
from acquisition.prepare.settings import PrepareSettings
from acquisition.prepare.views import Stages, View
from acquisition.prepare.write import PairPictures
from acquisition.registration.grid import sampled
from acquisition.registration.register import register
from acquisition.registration.warping import Enlargement, enlarge_valid, warp_full
from deepflash.faces.finder import Face

Picture = Shaped[np.ndarray, "_ _ 3"]
"""Each picture has a shape of its own."""

_LEAST_PX, _MOST_PX = 768, 1024
"""Side at which pictures are registered, whatever size is wanted."""
_ROOM = 0.15
"""The studio's part is larger on each side, by this share: the warp needs what lies around."""


@dataclass(frozen=True, eq=False)
class Aligned:
    """A pair in the pixels of the phone's picture."""

    pictures: PairPictures
    figures: dict[str, float]
    """Of the registration."""


class Parts:
    """The parts of both pictures that show head and shoulders, with their colours made right.

    Args:
        flash: with its whole picture and exactly one face.
        studio: likewise.
        calibrations: of the phone and the studio camera.
        room: around the studio's part, as a share of its side.
        stages: take the time.
    """

    def __init__(
        self,
        flash: View,
        studio: View,
        calibrations: tuple[ColourCalibration | None, ColourCalibration | None],
        room: float,
        stages: Stages,
    ) -> None:
        if flash.linear is None or studio.linear is None:
            raise StoreError("a pair is aligned in its whole pictures, and they were dropped")
        face, other = flash.face(), studio.face()
        with stages("crop"):
            region = portrait_region(face, flash.size_hw)
            there = same_region(region, face, other, room)
            phone_part, studio_part = cut(flash.linear, region), cut(studio.linear, there)
            self.inside = inside(region, flash.size_hw)
            self.studio_inside = inside(there, studio.size_hw)
        with stages("colour"):
            self.phone = apply(phone_part, calibrations[0])
            self.studio = apply(studio_part, calibrations[1])
        self.phone_face = face_in(face, region)
        self.studio_face = face_in(other, there)


def room_for(settings: PrepareSettings) -> float:
    """Returns the room around the studio's part; unregistered, it shows just what the phone's does.

    Without a coarse map, too, both parts are only scaled to each other.
    """
    scaled = settings.registration == "none" or not settings.registration_stages.coarse
    return 0.0 if scaled else _ROOM


def align(parts: Parts, settings: PrepareSettings, stages: Stages) -> Aligned:
    """Registers both parts when they are small, then warps the studio's as it is.

    Args:
        parts: of the pair.
        settings: which stages of the registration are used.
        stages: take the time.

    Raises:
        AcquisitionError: a face is too small to be registered, or not all in its picture.
    """
    with stages("registration"):
        side = min(max(settings.size, _LEAST_PX), _MOST_PX)
        phone = to_srgb8(reduced(parts.phone, side))
        share = phone.shape[0] / parts.phone.shape[0]
        studio = to_srgb8(reduced(parts.studio, round(max(parts.studio.shape[:2]) * share)))
        found = register(
            phone,
            studio,
            _at(parts.phone_face, parts.phone, phone),
            _at(parts.studio_face, parts.studio, studio),
            settings.registration,
            settings.registration_stages,
        )
    with stages("warp"):
        size = parts.phone.shape[0], parts.phone.shape[1]
        sizes = Enlargement(
            studio_map_hw=(studio.shape[0], studio.shape[1]),
            phone_hw=size,
            studio_hw=(parts.studio.shape[0], parts.studio.shape[1]),
        )
        registered = warp_full(parts.studio, found.map_xy, sizes)
        small = cv2.resize(
            parts.studio_inside, studio.shape[1::-1], interpolation=cv2.INTER_NEAREST
        )
        seen = sampled(small, found.map_xy, cv2.INTER_NEAREST)
        valid = enlarge_valid(found.valid & seen, size) & parts.inside
    pictures = PairPictures(parts.phone, registered, valid, parts.phone_face)
    return Aligned(pictures, found.figures)


def _at(face: Face, part: Picture, small: Picture) -> Face:
    """Returns the face of a part in a smaller copy of it."""
    scale = small.shape[1] / part.shape[1], small.shape[0] / part.shape[0]
    return moved(face, (0.0, 0.0), scale)
