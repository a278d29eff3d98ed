"""Whether a photograph is a flash selfie at all, which is asked before it is touched."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from deepflash.enhance.damage import damage, filled_share, spread
from deepflash.enhance.flash_lit import Light, contributions, light_on, likelihood
from deepflash.enhance.redeye import repair_red_eyes
from deepflash.faces.finder import Face

Kind = Literal["flash_selfie", "not_flash", "no_face", "damaged"]
Picture = UInt8[np.ndarray, "h w 3"]

LEAST_FLASH_LIT = 0.2
"""Nearly every flash passes. Wrongly refused, a photograph costs its owner a --force; wrongly
taken, it comes out a little changed."""
WEAKEST, FULL = 0.05, 0.35
"""Up to the first likelihood a face is left alone, from the second on it is corrected fully."""
EXIF_FIRED = 3.0
"""Log odds for a flash where EXIF says that one fired: it may still have been too far away."""
_RED_PUPILS = 6.0
"""No lamp but one beside the lens can make them."""
_FAINT = 1e-6
_FROM = {
    "side": "comes from the side",
    "above": "comes from above",
    "front": "does not come from the camera",
    "eyes": "leaves the eyes in shadow",
    "nose": "throws a shadow under the nose",
}


@dataclass(frozen=True)
class FaceLight:
    """How one face is lit."""

    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 in pixels of the full picture."""
    score: float
    """How sure it is a face, 0 to 1."""
    flash_lit: float
    """How likely a flash lit it, 0 to 1: by the light on it, red pupils and EXIF."""
    strength: float
    """Factor on the correction, 0 to 1; 0 for all faces of a picture without flash."""


@dataclass(frozen=True)
class Verdict:
    """What a photograph is, and what makes it so."""

    kind: Kind
    reason: str
    """One sentence for people."""
    faces: tuple[FaceLight, ...]
    exif_flash: bool | None
    figures: dict[str, float]
    """Measures of the picture, and of the face that is lit by a flash most likely: its light as in
    `deepflash.enhance.flash_lit.Light`, and what follows from that alone (`by_light`)."""


@dataclass(frozen=True)
class _Seen:
    """What a face says."""

    face: Face
    light: Light
    by_light: float
    """How likely a flash lit it, by that alone."""
    red_pupils: int
    flash_lit: float


def judge(picture: Picture, faces: list[Face], *, exif_flash: bool | None, scale: float) -> Verdict:
    """Returns what a photograph is.

    EXIF outweighs what is seen: where it says that the flash fired, only light that is clearly
    another one speaks against it; where it says that none did, only red pupils do.

    Args:
        picture: upright, sRGB-encoded, with a long side of about 1280 pixels at most.
        faces: in pixels of `picture`.
        exif_flash: whether the flash fired; None where nothing says so.
        scale: pixels of the full picture for one of `picture`.
    """
    figures = {"contrast": spread(picture), "filled": filled_share(picture)}
    wrong = damage(picture)
    if wrong:
        return _verdict("damaged", f"damaged: {wrong}", [], exif_flash, figures, scale)
    if not faces:
        return _verdict("no_face", "no face was found", [], exif_flash, figures, scale)
    seen = _looked_at(picture, faces, exif_flash)
    best = max(seen, key=lambda one: (one.flash_lit, one.by_light))
    figures |= best.light._asdict() | {
        "by_light": best.by_light,
        "red_pupils": float(sum(one.red_pupils for one in seen)),
    }
    kind: Kind = "flash_selfie" if best.flash_lit >= LEAST_FLASH_LIT else "not_flash"
    said = _flash(seen, exif_flash) if kind == "flash_selfie" else _no_flash(best, exif_flash)
    return _verdict(kind, said, seen, exif_flash, figures, scale)


def strength_of(flash_lit: float) -> float:
    """Returns the factor on the correction of a face, 0 to 1."""
    return min(max((flash_lit - WEAKEST) / (FULL - WEAKEST), 0.0), 1.0)


def _looked_at(picture: Picture, faces: list[Face], exif_flash: bool | None) -> list[_Seen]:
    red = [repair_red_eyes(picture, [face])[1] for face in faces]
    # One red pupil proves the flash, for whoever sat beside it too.
    heard = None if exif_flash is False and any(red) else exif_flash
    seen = []
    for face, red_pupils in zip(faces, red, strict=True):
        light = light_on(picture, face)
        by_light = likelihood(light)
        lit = _weighed(by_light, red_pupils, heard)
        seen.append(_Seen(face, light, by_light, red_pupils, lit))
    return seen


def _weighed(by_light: float, red_pupils: int, exif_flash: bool | None) -> float:
    """Returns the likelihood of a flash after pupils and EXIF were heard."""
    if exif_flash is False:
        return 0.0
    heard = (EXIF_FIRED if exif_flash else 0.0) + (_RED_PUPILS if red_pupils else 0.0)
    likely = min(max(by_light, _FAINT), 1 - _FAINT)
    return float(1 / (1 + (1 - likely) / likely * np.exp(-heard)))


def _flash(seen: list[_Seen], exif_flash: bool | None) -> str:
    if exif_flash:
        return "flash: EXIF says that the flash fired"
    if any(one.red_pupils for one in seen):
        return "flash: it made pupils red"
    lit = sum(one.flash_lit >= LEAST_FLASH_LIT for one in seen)
    if len(seen) > 1:
        return f"flash: {lit} of {len(seen)} faces are lit from the camera"
    return "flash: the light on the face comes from the camera"


def _no_flash(best: _Seen, exif_flash: bool | None) -> str:
    against = contributions(best.light)._asdict()
    worst = min(against, key=lambda name: against[name])
    said = f"no flash: the light on the face {_FROM[worst]}"
    if exif_flash is None:
        return said
    if exif_flash:
        return f"{said}, although EXIF says that the flash fired"
    if best.by_light >= LEAST_FLASH_LIT:
        return "no flash: EXIF says that the flash did not fire"
    return f"{said}, and EXIF says that the flash did not fire"


def _verdict(
    kind: Kind,
    reason: str,
    seen: list[_Seen],
    exif_flash: bool | None,
    figures: dict[str, float],
    scale: float,
) -> Verdict:
    faces = tuple(
        FaceLight(
            box=_box(one.face, scale),
            score=round(one.face.score, 3),
            flash_lit=round(one.flash_lit, 3),
            strength=round(strength_of(one.flash_lit), 3) if kind == "flash_selfie" else 0.0,
        )
        for one in seen
    )
    rounded = {name: round(float(value), 3) for name, value in figures.items()}
    return Verdict(kind, reason, faces, exif_flash, rounded)


def _box(face: Face, scale: float) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (round(float(value) * scale, 1) for value in face.box)
    return x0, y0, x1, y1
