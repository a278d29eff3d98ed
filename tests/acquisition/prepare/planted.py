"""Pictures of a pair with faults planted in them, from a good pair of a rendered person.

Pictures are 8-bit sRGB; `evidence` measures them as a session's would be.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np

from acquisition.prepare.figures import Evidence, Reference, lifted
from acquisition.prepare.light import srgb_curve, to_srgb8
from acquisition.record import Skew
from deepflash.faces.finder import Face
from deepflash.faces.points import (
    LEFT_EYE,
    LEFT_EYE_INNER,
    LEFT_EYE_OUTER,
    RIGHT_EYE,
    RIGHT_EYE_INNER,
    RIGHT_EYE_OUTER,
    inter_ocular,
)

EXPOSURE = {"ExposureTime": 1 / 60, "ISO": 100, "FNumber": 1.8}
_LINEAR = srgb_curve(np.arange(256) / 255).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """What both devices took."""

    flash: np.ndarray
    studio: np.ndarray
    before: np.ndarray
    after: np.ndarray
    before_exif: dict[str, Any] = field(default_factory=lambda: dict(EXPOSURE))


def linear(picture):
    return _LINEAR[picture]


def good(flash, studio, *, room=0.01):
    """A pair whose references show the room's light: the studio's at a hundredth."""
    unlit = to_srgb8(linear(flash) * np.float32(room))
    return Pictures(flash=flash, studio=studio, before=unlit, after=unlit.copy())


def evidence(pictures, find, skew_ms=620.0):
    """Returns what is judged; `find` is a FaceFinder's."""

    def reference(picture, exif):
        light = linear(picture)
        return Reference(picture=light, faces=find(lifted(light)), exif=exif)

    return Evidence(
        flash=linear(pictures.flash),
        studio=linear(pictures.studio),
        flash_faces=find(lifted(linear(pictures.flash))),
        studio_faces=find(lifted(linear(pictures.studio))),
        before=reference(pictures.before, pictures.before_exif),
        after=reference(pictures.after, dict(EXPOSURE)),
        flash_exif=EXPOSURE | {"Flash": 1},
        flash_kind="flash",
        skew=Skew(ms=skew_ms, pm_ms=40.0, method="interval"),
    )


def shut(picture: np.ndarray, face: Face) -> np.ndarray:
    """Draws lids over both eyes: skin from above and below, and a line of lashes."""
    out = picture.copy()
    for ring, outer, inner in (
        (RIGHT_EYE, RIGHT_EYE_OUTER, RIGHT_EYE_INNER),
        (LEFT_EYE, LEFT_EYE_OUTER, LEFT_EYE_INNER),
    ):
        points = face.points[list(ring)]
        width = float(np.linalg.norm(face.points[outer] - face.points[inner]))
        eye = np.zeros(picture.shape[:2], np.uint8)
        cv2.fillPoly(eye, [np.rint(points).astype(np.int32)], 255)
        reach = max(3, round(0.3 * width) | 1)
        eye = cv2.dilate(eye, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
        out = cv2.inpaint(out, eye, 3, cv2.INPAINT_TELEA)
        start, end = face.points[outer], face.points[inner]
        down = np.array([-(end - start)[1], (end - start)[0]]) * (1 if (end - start)[0] > 0 else -1)
        along = np.linspace(0, 1, 12)[:, None]
        line = start + along * (end - start) + 0.22 * np.sin(np.pi * along) * down
        thick = max(1, round(0.05 * width))
        shade = (0.45 * np.median(out[eye > 0], axis=0)).tolist()
        curve = np.rint(line * 16).astype(np.int32)
        cv2.polylines(out, [curve], False, shade, thick, cv2.LINE_AA, shift=4)
    return out


def blurred(picture: np.ndarray, face: Face, share: float = 0.04) -> np.ndarray:
    """Out of focus: a blur of so many inter-ocular distances."""
    return to_srgb8(cv2.GaussianBlur(linear(picture), (0, 0), share * inter_ocular(face)))


def smeared(picture: np.ndarray, face: Face, share: float = 0.12) -> np.ndarray:
    """Shaken: a line of so many inter-ocular distances."""
    length = max(3, round(share * inter_ocular(face)) | 1)
    kernel = np.zeros((length, length), np.float32)
    np.fill_diagonal(kernel, 1 / length)
    return to_srgb8(cv2.filter2D(linear(picture), -1, kernel))


def moved(picture: np.ndarray, face: Face, share: float = 0.05) -> np.ndarray:
    """Moved sideways by so many inter-ocular distances."""
    far = share * inter_ocular(face)
    matrix = np.array([[1, 0, far], [0, 1, 0.3 * far]], np.float32)
    size = picture.shape[1], picture.shape[0]
    return cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE)


def beside(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Two people in one picture."""
    other = cv2.resize(other, (picture.shape[1], picture.shape[0]))
    both = np.concatenate([picture, other], axis=1)
    return cv2.resize(both, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)


def faceless(picture: np.ndarray, face: Face) -> np.ndarray:
    """Nobody there: the lower part of the picture, below the chin, stretched over all of it."""
    low = min(round(face.box[3] + 0.1 * (face.box[3] - face.box[1])), picture.shape[0] - 40)
    return cv2.resize(picture[low:], (picture.shape[1], picture.shape[0]))


def exposed(picture: np.ndarray, times: float) -> np.ndarray:
    """With so many times the light."""
    return to_srgb8(linear(picture) * np.float32(times))


FAULTS = (
    "blink_flash",
    "blink_studio",
    "blink_both",
    "blur_flash",
    "blur_studio",
    "smear_studio",
    "motion",
    "two_faces",
    "no_face",
    "leak",
    "wrong_file",
    "dark_flash",
    "dark_studio",
    "clipped_flash",
    "clipped_studio",
)

EXPECTED = {
    "blink": ("eye is", "eyes are"),
    "blur": ("not sharp", "less sharp"),
    "smear": ("not sharp", "less sharp"),
    "motion": ("moved between",),
    "two": ("2 faces", "3 faces"),
    "no": ("No face",),
    "leak": ("light of the room",),
    "wrong": ("another face", "lie on each other", "laid onto"),
    "dark": ("nearly black",),
    "clipped": ("white without detail",),
}
"""By the first word of the fault: what one of the reasons must say."""


def plant(fault: str, pair: Pictures, faces: tuple[Face, Face], other_studio: np.ndarray):
    """Returns the pair with one fault; `faces` are those of the flash and the studio picture."""
    flash, studio = pair.flash, pair.studio
    of_flash, of_studio = faces
    changes = {
        "blink_flash": lambda: {"flash": shut(flash, of_flash)},
        "blink_studio": lambda: {"studio": shut(studio, of_studio)},
        "blink_both": lambda: {"flash": shut(flash, of_flash), "studio": shut(studio, of_studio)},
        "blur_flash": lambda: {"flash": blurred(flash, of_flash)},
        "blur_studio": lambda: {"studio": blurred(studio, of_studio)},
        "smear_studio": lambda: {"studio": smeared(studio, of_studio)},
        "motion": lambda: {"after": moved(pair.after, of_flash)},
        "two_faces": lambda: {"studio": beside(studio, other_studio)},
        "no_face": lambda: {"studio": faceless(studio, of_studio)},
        "leak": lambda: {"before": flash, "after": flash},
        "wrong_file": lambda: {"studio": other_studio},
        "dark_flash": lambda: {"flash": exposed(flash, 0.02)},
        "dark_studio": lambda: {"studio": exposed(studio, 0.02)},
        "clipped_flash": lambda: {"flash": exposed(flash, 5.0)},
        "clipped_studio": lambda: {"studio": exposed(studio, 5.0)},
    }
    return replace(pair, **changes[fault]())


def told(fault: str, reasons: list[str]) -> bool:
    """Whether the pair is rejected for the right reason, among others."""
    words = EXPECTED[fault.split("_")[0]]
    return any(word in reason for reason in reasons for word in words)
