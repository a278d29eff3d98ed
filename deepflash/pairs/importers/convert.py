"""One planned pair -> its pictures in the pair dataset and its record."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8, UInt16

from deepflash.atomic import replacing
from deepflash.errors import PictureError
from deepflash.pairs.importers.camera_colour import CameraColour
from deepflash.pairs.importers.plan import ImportOptions, Ingredient, PlannedPair
from deepflash.pairs.importers.source_picture import Light, SourcePicture, read_source
from deepflash.pairs.manifest import PairRecord, Split, file_digest
from deepflash.pictures import from_unit, linear_to_srgb, srgb_to_linear, to_unit, write_picture

# Behind a cut-out person both pictures get this sRGB grey, so they differ in nothing there.
BACKGROUND = 0.5


@dataclass(frozen=True, kw_only=True)
class _Blend:
    """A picture made of its files: one file as it is, or a sum in linear light."""

    original: SourcePicture | None
    total: Float32[np.ndarray, "h w 3"] | None
    size: tuple[int, int]
    bits: int
    alpha: UInt8[np.ndarray, "h w"] | None
    camera: CameraColour | None

    def light(self) -> Float32[np.ndarray, "h w 3"]:
        """Returns linear light with sRGB primaries; values may leave [0,1]."""
        if self.total is not None:
            return self.total
        assert self.original is not None
        return self.original.light()


def convert_pair(
    pair: PlannedPair, split: Split, *, options: ImportOptions, src: Path, dest: Path
) -> PairRecord:
    """Writes `dest/<pair_id>/{flash,studio,person}.*` and returns their record.

    A file that is upright 8-bit or 16-bit sRGB already, and needs no change, is copied byte for
    byte; anything else becomes a PNG. Linear light is clipped to [0,1] when it is encoded: below
    0 lie colours outside the sRGB gamut, above 1 what a sensor would saturate at.

    Args:
        pair: what to make.
        split: goes into the record.
        options: size and bit depth.
        src: the published dataset's folder; only read.
        dest: the pair dataset's folder.

    Raises:
        PictureError: a picture cannot be read, or the two do not fit each other.
        StorageError: a picture cannot be written.
    """
    flash = _blend(src, pair.flash, light=pair.light)
    studio = _blend(src, pair.studio, light=pair.light)
    _refuse_misfits(pair, flash, studio)
    person = _common_mask(flash, studio)
    bits = 8 if options.eight_bit else min(flash.bits, studio.bits)
    size = _fit(flash.size, options.max_size)
    folder = dest / pair.pair_id
    for stale in folder.glob(".*.partial*"):
        stale.unlink()
    flash_path = _publish(folder / "flash", flash, person=person, bits=bits, size=size)
    studio_path = _publish(folder / "studio", studio, person=person, bits=bits, size=size)
    masks = {}
    if person is not None:
        write_picture(folder / "person.png", from_unit(_resized(person, size)))
        masks = {"person": f"{pair.pair_id}/person.png"}
    flash_digest, studio_digest = file_digest(flash_path), file_digest(studio_path)
    return PairRecord(
        pair_id=pair.pair_id,
        subject_id=pair.subject_id,
        split=split,
        flash=flash_path.relative_to(dest).as_posix(),
        studio=studio_path.relative_to(dest).as_posix(),
        width=size[0],
        height=size[1],
        flash_sha256=flash_digest[0],
        studio_sha256=studio_digest[0],
        flash_bytes=flash_digest[1],
        studio_bytes=studio_digest[1],
        encoding="srgb16" if bits == 16 else "srgb8",
        flash_kind=pair.flash_kind,
        source=pair.source,
        pose=pair.pose,
        masks=masks,
        extra=_provenance(pair, flash, studio),
    )


def _blend(src: Path, recipe: Sequence[Ingredient], *, light: Light) -> _Blend:
    first = read_source(src / recipe[0].path, light)
    total = None
    bits = first.bits
    if len(recipe) > 1 or recipe[0].weight != 1:
        total = first.light() * np.float32(recipe[0].weight)
        for ingredient in recipe[1:]:
            source = read_source(src / ingredient.path, light)
            if source.size != first.size:
                raise PictureError(
                    f"{source.path} is {_times(source.size)}, but {first.path} is "
                    f"{_times(first.size)}; pictures of one scene must have one size"
                )
            total += source.light() * np.float32(ingredient.weight)
            bits = min(bits, source.bits)
    return _Blend(
        original=first if total is None else None,
        total=total,
        size=first.size,
        bits=bits,
        alpha=first.alpha,
        camera=first.camera,
    )


def _refuse_misfits(pair: PlannedPair, flash: _Blend, studio: _Blend) -> None:
    names = f"{pair.flash[0].path} and {pair.studio[0].path}"
    if flash.size != studio.size:
        raise PictureError(
            f"{names} are {_times(flash.size)} and {_times(studio.size)}; the two pictures of a "
            "pair must have one size"
        )
    if (flash.camera is None) != (studio.camera is None):
        raise PictureError(
            f"{names}: one is camera-linear with a matrix in its PNG text, the other is not; "
            "fetch both in the same form"
        )


def _common_mask(flash: _Blend, studio: _Blend) -> Float32[np.ndarray, "h w"] | None:
    """Returns where both pictures show the person, in [0,1], or None if neither has alpha."""
    alphas = [to_unit(blend.alpha) for blend in (flash, studio) if blend.alpha is not None]
    return np.minimum.reduce(alphas) if alphas else None


def _fit(size: tuple[int, int], max_size: int | None) -> tuple[int, int]:
    """Returns `size` scaled down to a longest side of `max_size`; never scaled up."""
    longest = max(size)
    if max_size is None or longest <= max_size:
        return size
    width, height = (max(1, round(side * max_size / longest)) for side in size)
    return width, height


def _publish(
    stem: Path,
    blend: _Blend,
    *,
    person: Float32[np.ndarray, "h w"] | None,
    bits: int,
    size: tuple[int, int],
) -> Path:
    """Writes the picture as `stem` with its suffix; returns the path."""
    original = blend.original
    untouched = person is None and blend.size == size
    if untouched and original and original.copy_suffix and original.bits == bits:
        path = stem.with_suffix(original.copy_suffix)
        with replacing(path) as temporary:
            shutil.copyfile(original.path, temporary)
        return path
    path = stem.with_suffix(".png")
    if untouched and original and not original.linear:
        write_picture(path, _quantised(to_unit(original.pixels), bits))
    else:
        write_picture(path, _quantised(linear_to_srgb(_finished(blend, person, size)), bits))
    return path


def _finished(
    blend: _Blend, person: Float32[np.ndarray, "h w"] | None, size: tuple[int, int]
) -> Float32[np.ndarray, "out_h out_w 3"]:
    """Returns linear light in [0,1], before the grey background and at the final size."""
    light = np.clip(blend.light(), 0, 1)
    if person is not None:
        grey = srgb_to_linear(np.array([BACKGROUND], np.float32))
        light = light * person[..., None] + grey * (1 - person[..., None])
    return _resized(light, size)


def _resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Returns the picture averaged down to (width, height); in linear light that keeps energy."""
    if picture.shape[1::-1] == size:
        return picture
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _quantised(
    encoded: Float32[np.ndarray, "h w 3"], bits: int
) -> UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"]:
    if bits == 8:
        return from_unit(encoded)
    return (np.clip(encoded, 0, 1) * np.float32(65535) + np.float32(0.5)).astype(np.uint16)


def _provenance(pair: PlannedPair, flash: _Blend, studio: _Blend) -> dict[str, object]:
    extra: dict[str, object] = dict(pair.extra)
    extra["flash_files"] = [[i.path, i.weight] for i in pair.flash]
    extra["studio_files"] = [[i.path, i.weight] for i in pair.studio]
    for role, blend in (("flash", flash), ("studio", studio)):
        if blend.camera is not None:
            extra[f"{role}_xyz_to_camera"] = list(blend.camera.xyz_to_camera)
            extra[f"{role}_illuminant"] = blend.camera.illuminant
    return extra


def _times(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
