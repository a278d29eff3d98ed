"""The check right after the shot: is the pair worth keeping, and if not, what to do?"""

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8

from acquisition.errors import StoreError
from acquisition.exif import exposure_scale, fired
from acquisition.quality_limits import QualityLimits, SharpnessMemory, Verdict
from acquisition.quality_measures import (
    LONG_SIDE_PX,
    centre,
    clipped_share,
    likeness,
    luminance,
    motion,
    reduced,
    sharpness,
)
from acquisition.record import FlashKind

__all__ = ["QualityLimits", "SharpnessMemory", "Verdict", "decode", "judge"]

Picture = UInt8[np.ndarray, "_ _ 3"]
"""Each picture has a shape of its own."""

_NO_LEAK_BELOW = 1 / 255
_WORDS = {"flash": "phone's flash", "studio": "studio"}


def decode(path: Path) -> Picture:
    """Returns a small upright sRGB picture of a JPEG, PNG or raw file; long side 512 pixels.

    Of a raw file this is the preview that the camera put inside.

    Raises:
        StoreError: the file is missing, damaged, or has no picture that can be shown.
    """
    from PIL import Image, ImageOps

    try:
        source = _preview(path) if _is_raw(path) else path
        with Image.open(source) as image:
            # Decodes a JPEG at a half, quarter or eighth of its size, which is much faster.
            image.draft("RGB", (LONG_SIDE_PX, LONG_SIDE_PX))
            upright = ImageOps.exif_transpose(image).convert("RGB")
            return reduced(np.asarray(upright, np.uint8))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise StoreError(
            f"{path.name} cannot be decoded for the check ({error}): take the pair again"
        ) from error


def judge(
    flash: Picture,
    reference: Picture | None,
    studio: Picture | None,
    reference_after: Picture | None,
    limits: QualityLimits,
    *,
    flash_kind: FlashKind = "unknown",
    flash_exif: dict[str, Any] | None = None,
    reference_exif: dict[str, Any] | None = None,
    memory: SharpnessMemory | None = None,
    person: str = "",
) -> Verdict:
    """Returns figures and reasons for a pair; changes nothing, remembers nothing.

    Args:
        flash: the phone's flash picture, as from `decode`; so are the others.
        reference: the phone's picture without its light, before.
        studio: the studio picture.
        reference_after: the phone's picture without its light, after.
        limits: what is still good enough.
        flash_kind: the light that the phone was asked for.
        flash_exif: of the flash picture, as from `read_exif`.
        reference_exif: of the reference.
        memory: pictures that were accepted before; tell it of this one when it is accepted.
        person: whose pictures these are; sharpness is compared within one person.
    """
    check = _Check(limits)
    check.exposure("flash", reduced(flash))
    check.focus("flash", flash, memory, person)
    check.light(flash, reference, flash_kind, flash_exif or {}, reference_exif or {})
    if studio is not None:
        check.exposure("studio", reduced(studio))
        check.focus("studio", studio, memory, person)
        check.scene(flash, studio)
    if reference is not None and reference_after is not None:
        check.stillness(reference, reference_after)
    return Verdict(figures=check.figures, reasons=check.reasons, notes=check.notes)


class _Check:
    """Collects figures, reasons and notes of one pair."""

    def __init__(self, limits: QualityLimits) -> None:
        self.limits = limits
        self.figures: dict[str, float] = {}
        self.reasons: list[str] = []
        self.notes: list[str] = []

    def exposure(self, side: str, picture: Picture) -> None:
        bright = float(np.quantile(centre(luminance(picture)), 0.9))
        clipped = clipped_share(picture)
        self.figures[f"{side}_bright"] = bright
        self.figures[f"{side}_clipped"] = clipped
        if bright < self.limits.darkest:
            self.reasons.append(
                "The phone's flash picture is nearly black: uncover lens and flash, move closer."
                if side == "flash"
                else "The studio picture is nearly black: the strobe did not fire or the lens is "
                "covered; check trigger, batteries and aperture."
            )
        if clipped > self.limits.most_clipped:
            self.reasons.append(
                f"{clipped:.0%} of the {_WORDS[side]} picture's centre is white without detail: "
                + (
                    "move the phone further away or take the light of the room down."
                    if side == "flash"
                    else "close the aperture, lower ISO or the lamps."
                )
            )

    def focus(
        self, side: str, picture: Picture, memory: SharpnessMemory | None, person: str
    ) -> None:
        sharp = sharpness(picture)
        self.figures[f"{side}_sharpness"] = sharp
        best = memory.best(person, side) if memory is not None else None
        if sharp < self.limits.least_sharpness:
            self.reasons.append(
                f"The {_WORDS[side]} picture is out of focus altogether: clean the lens, "
                "focus on the eyes."
            )
        elif best is not None:
            self.figures[f"{side}_relative_sharpness"] = sharp / best
            if sharp / best < self.limits.least_relative_sharpness:
                self.reasons.append(
                    f"The {_WORDS[side]} picture is much less sharp than this person's others: "
                    "focus on the eyes, ask the person to hold still."
                )

    def light(
        self,
        flash: Picture,
        reference: Picture | None,
        kind: FlashKind,
        flash_exif: dict[str, Any],
        reference_exif: dict[str, Any],
    ) -> None:
        said = fired(flash_exif) if kind in ("flash", "unknown") else None
        if said is not None:
            self.figures["flash_fired"] = float(said)
        if said is False and kind == "flash":
            self.reasons.append(
                "The phone's flash did not fire: set it to on, not automatic; charge the phone, "
                "let it cool down."
            )
        leak = self._leak(flash, reference, flash_exif, reference_exif)
        if leak is None:
            if said is None:
                self.notes.append(
                    "Nothing says whether the phone's light came on: look at the picture."
                )
        elif leak > 1.0 / self.limits.least_rise and said is not False:
            self.reasons.append(
                "The flash picture is hardly brighter than the one without: the phone's light did "
                "not come on, or the room is too bright; check both."
            )
        elif leak > self.limits.most_leak and said is not False:
            self.reasons.append(
                f"{leak:.1%} of the flash picture's light is from the room (at most "
                f"{100 * self.limits.most_leak:g}%): dim the room, switch modelling lamps off."
            )

    def _leak(
        self,
        flash: Picture,
        reference: Picture | None,
        flash_exif: dict[str, Any],
        reference_exif: dict[str, Any],
    ) -> float | None:
        """Returns the room's share of the flash picture's light, None where it is unknown."""
        if reference is None:
            return None
        lit = float(np.median(centre(luminance(reduced(flash)))))
        unlit = float(np.median(centre(luminance(reduced(reference)))))
        ratio = unlit / max(lit, _NO_LEAK_BELOW)
        scales = exposure_scale(flash_exif), exposure_scale(reference_exif)
        if scales[0] is None or scales[1] is None:
            # Automatic exposure makes the reference as bright as the flash picture.
            self.figures["leak_unscaled"] = ratio
            return None
        leak = ratio * scales[0] / scales[1]
        self.figures["leak"] = leak
        return leak

    def scene(self, flash: Picture, studio: Picture) -> None:
        alike = likeness(flash, studio)
        self.figures["likeness"] = alike
        if alike < self.limits.least_likeness:
            self.notes.append(
                "Phone and studio picture look like different scenes: compare them, aim both "
                "devices at the same face."
            )

    def stillness(self, before: Picture, after: Picture) -> None:
        moved = motion(before, after)
        if moved is None:
            self.notes.append("The references differ in shape: do not turn the phone.")
            return
        percent, response = moved
        self.figures["motion_percent"], self.figures["motion_response"] = percent, response
        if response < self.limits.least_motion_response:
            self.notes.append(
                "The references before and after hardly match, so motion is unknown: compare them."
            )
        elif percent > self.limits.most_motion_percent:
            self.reasons.append(
                f"The person or the phone moved by {percent:.1f} % of the picture's width (at most "
                f"{self.limits.most_motion_percent:g} %): fix the phone, ask the person to hold "
                "still."
            )


def _is_raw(path: Path) -> bool:
    return path.suffix.lower() not in {".jpg", ".jpeg", ".png"}


def _preview(path: Path) -> io.BytesIO:
    import rawpy

    try:
        with rawpy.imread(str(path)) as raw:
            thumbnail = raw.extract_thumb()
    except rawpy.LibRawError as error:
        raise ValueError(str(error)) from error
    if thumbnail.format == rawpy.ThumbFormat.JPEG:
        return io.BytesIO(bytes(thumbnail.data))
    picture = cv2.cvtColor(np.asarray(thumbnail.data), cv2.COLOR_RGB2BGR)
    return io.BytesIO(cv2.imencode(".png", picture)[1].tobytes())
