"""The figures of one pair: everything that is judged, measured once on decoded pictures."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from acquisition.exif import exposure_scale, fired
from acquisition.prepare.face_measures import (
    Linear,
    clipped_share,
    eye_detail,
    face_area,
    laid,
    likeness,
    luminance,
    sharpness,
)
from acquisition.prepare.light import to_srgb8
from acquisition.record import FlashKind, Skew
from deepflash.faces.finder import Face
from deepflash.faces.points import expression_change, eye_openness, inter_ocular

_BRIGHT_QUANTILE = 0.95
_BRIGHT_QUANTILE_FACELESS = 0.99
_DARKEST_LIGHT = 1 / 4096
_SHOWN_AT = 0.4
_MOST_GAIN = 64.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Reference:
    """A picture of the phone without its light, before or after the pair."""

    picture: Linear
    """As the flash picture."""
    faces: list[Face]
    """Found in `lifted(picture)`."""
    exif: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """What a pair is judged by.

    Pictures are linear light as the devices gave it, before colour correction, because 1 must be
    where they clip. They may be reduced; faces are in pixels of the pictures that are given.
    """

    flash: Linear
    studio: Linear
    flash_faces: list[Face]
    studio_faces: list[Face]
    before: Reference | None = None
    after: Reference | None = None
    flash_exif: dict[str, Any] = field(default_factory=dict)
    flash_kind: FlashKind = "unknown"
    skew: Skew | None = None
    registration: dict[str, float] = field(default_factory=dict)
    """As `Registration.figures`."""


def lifted(picture: Linear) -> UInt8[np.ndarray, "h w 3"]:
    """Returns a picture for the search of faces: a dark one is brightened as far as that helps."""
    bright = float(np.quantile(luminance(picture), 0.9))
    gain = min(max(_SHOWN_AT / max(bright, 1e-6), 1.0), _MOST_GAIN)
    return to_srgb8(picture * np.float32(gain))


def figures_of(evidence: Evidence) -> dict[str, float]:
    """Returns all figures that can be measured; a figure that cannot be is left out.

    Most need exactly one face. Those of the registration begin with `registration_`.
    """
    figures = {
        "flash_faces": float(len(evidence.flash_faces)),
        "studio_faces": float(len(evidence.studio_faces)),
    }
    figures |= _times(evidence)
    for side, picture, faces in (
        ("flash", evidence.flash, evidence.flash_faces),
        ("studio", evidence.studio, evidence.studio_faces),
    ):
        measured = _side(picture, _only(faces))
        figures |= {f"{side}_{name}": value for name, value in measured.items()}
    figures |= _both(evidence)
    details = [figures.get(f"{side}_eye_detail", 0.0) for side in ("flash", "studio")]
    if max(details) > 0.0 and "eye_difference" in figures:
        figures["eye_detail_ratio"] = min(details) / max(details)
    figures |= _leak(evidence) | _motion(evidence)
    figures |= {f"registration_{name}": value for name, value in evidence.registration.items()}
    return {name: float(value) for name, value in figures.items() if np.isfinite(value)}


def notes_of(figures: dict[str, float]) -> list[str]:
    """Returns in words what the figures of a pair could not say."""
    notes: list[str] = []
    if "skew_ms" not in figures:
        notes.append("The time between both exposures is unknown.")
    if "leak" not in figures:
        notes.append(
            "How much light of the room is in the phone's picture is unknown: that needs a "
            "reference without the light, and exposure time and ISO of both."
        )
    references = figures.get("motion_references", 0.0)
    if references == 0.0:
        notes.append("Motion is unknown: no reference shows the face.")
    elif references == 1.0:
        notes.append(
            "Motion is from one reference and the flash picture: less sure than from two "
            "references."
        )
    elif figures.get("motion_scale", 1.0) == 1.0:
        notes.append("Motion is between both references, not scaled to the skew.")
    return notes


def _only(faces: list[Face]) -> Face | None:
    return faces[0] if len(faces) == 1 else None


def _times(evidence: Evidence) -> dict[str, float]:
    skew = evidence.skew
    if skew is None:
        return {}
    figures = {"skew_ms": skew.ms, "skew_pm_ms": skew.pm_ms}
    if skew.exif_ms is not None:
        figures["exif_disagreement_ms"] = abs(skew.exif_ms - skew.ms)
    return figures


def _side(picture: Linear, face: Face | None) -> dict[str, float]:
    height, width = picture.shape[:2]
    plane = luminance(picture)
    if face is None:
        return {"bright": float(np.quantile(plane, _BRIGHT_QUANTILE_FACELESS))}
    area = face_area(face, (height, width))
    inside = plane[area] if area.any() else plane.ravel()
    close, openness = laid(picture, face), eye_openness(face)
    return {
        "bright": float(np.quantile(inside, _BRIGHT_QUANTILE)),
        "clipped_face": clipped_share(picture, area),
        "sharpness": sharpness(close),
        "eye_openness": min(openness),
        "eye_detail": eye_detail(close, openness),
        "inter_ocular_px": inter_ocular(face),
    }


def _both(evidence: Evidence) -> dict[str, float]:
    flash, studio = _only(evidence.flash_faces), _only(evidence.studio_faces)
    figures: dict[str, float] = {}
    # Phones do not count a torch or a white screen as a flash.
    said = fired(evidence.flash_exif) if evidence.flash_kind == "flash" else None
    if said is not None:
        figures["flash_fired"] = float(said)
    if flash is None or studio is None:
        return figures
    eyes = zip(eye_openness(flash), eye_openness(studio), strict=True)
    figures["eye_difference"] = max(abs(one - other) for one, other in eyes)
    figures["expression_iod"] = expression_change(studio, flash)
    figures["likeness"] = likeness(laid(evidence.flash, flash), laid(evidence.studio, studio))
    return figures


def _leak(evidence: Evidence) -> dict[str, float]:
    """Returns the room's share of the flash picture's light over the face."""
    face, reference = _only(evidence.flash_faces), evidence.before or evidence.after
    if face is None or reference is None:
        return {}
    size = evidence.flash.shape[:2]
    area = face_area(face, (size[0], size[1]))
    unlit = _fitted(luminance(reference.picture), size)
    if unlit is None or not area.any():
        return {}
    lit = float(np.median(luminance(evidence.flash)[area]))
    ratio = float(np.median(unlit[area])) / max(lit, _DARKEST_LIGHT)
    own, other = exposure_scale(evidence.flash_exif), exposure_scale(reference.exif)
    if own is None or other is None:
        # Automatic exposure makes a reference as bright as the flash picture.
        return {"leak_unscaled": ratio}
    return {"leak": ratio * own / other}


def _fitted(
    plane: Float32[np.ndarray, "h w"], size_hw: tuple[int, ...]
) -> Float32[np.ndarray, "i j"] | None:
    """Returns a picture of the same phone at the size of another; None if it was turned."""
    height, width = size_hw[:2]
    if abs(plane.shape[0] * width - plane.shape[1] * height) > 2 * max(width, height):
        return None
    if plane.shape == (height, width):
        return plane
    return np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def _motion(evidence: Evidence) -> dict[str, float]:
    """Returns how far the face moved, as a share of the inter-ocular distance."""
    before, after = (
        (one, _only(one.faces)) if one is not None else (None, None)
        for one in (evidence.before, evidence.after)
    )
    if before[1] is not None and after[1] is not None and before[0] and after[0]:
        moved = _shift(before[1], before[0].picture, after[1], after[0].picture)
        share = _skew_share(evidence.skew, before[0].exif, after[0].exif)
        return {
            "motion_references": 2.0,
            "motion_unscaled_iod": moved,
            "motion_scale": share,
            "motion_iod": moved * share,
        }
    face = _only(evidence.flash_faces)
    for reference, seen in (before, after):
        if reference is not None and seen is not None and face is not None:
            moved = _shift(seen, reference.picture, face, evidence.flash)
            return {"motion_references": 1.0, "motion_one_iod": moved}
    return {"motion_references": 0.0}


def _shift(one: Face, picture: Linear, other: Face, other_picture: Linear) -> float:
    scale = picture.shape[1] / other_picture.shape[1]
    # Picture edges, not the middles of the first pixels, stay together when a picture is scaled.
    moved = (other.points + 0.5) * scale - 0.5 - one.points
    distance = float(np.median(np.linalg.norm(moved, axis=1)))
    return distance / max(inter_ocular(one), 1e-6)


def _skew_share(skew: Skew | None, before: dict[str, Any], after: dict[str, Any]) -> float:
    """Returns which part of the time between both references lies between the exposures."""
    begin, end = _moment(before), _moment(after)
    if skew is None or begin is None or end is None:
        return 1.0
    between_ms = (end - begin).total_seconds() * 1000
    longest_ms = abs(skew.ms) + skew.pm_ms
    return 1.0 if between_ms <= longest_ms else longest_ms / between_ms


def _moment(exif: dict[str, Any]) -> datetime | None:
    text, below = exif.get("DateTimeOriginal"), str(exif.get("SubSecTimeOriginal") or "")
    if not isinstance(text, str) or not below.isdigit():
        return None
    try:
        return datetime.strptime(f"{text}.{below[:6]}", "%Y:%m:%d %H:%M:%S.%f")
    except ValueError:
        return None
