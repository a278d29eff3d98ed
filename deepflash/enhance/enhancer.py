"""The enhancer: photographs in, studio portraits out, one at a time or many.

    from deepflash.enhance.enhancer import Enhancer
    from deepflash.enhance.look import Look

    enhancer = Enhancer()
    enhanced = enhancer.enhance(pixels, Look(strength=0.8))
    enhanced.verdict.reason, enhanced.pixels

One `Enhancer` holds the networks; it may be used for any number of photographs, by one thread at
a time.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepflash.enhance.analysis import Analysis
from deepflash.enhance.colour import Conversion
from deepflash.enhance.correction import load_correction_model
from deepflash.enhance.finish import finished
from deepflash.enhance.look import Look
from deepflash.enhance.pipeline import Pixels
from deepflash.enhance.verdict import Verdict
from deepflash.errors import UsageError
from deepflash.faces.finder import FaceFinder

AS_IT_COMES = Look()


@dataclass(frozen=True, eq=False)
class Enhanced:
    """A result in memory."""

    pixels: Pixels
    """Those of the photograph itself if it was left alone."""
    verdict: Verdict
    red_eyes: int
    """How many pupils were repaired."""
    left_alone: bool


@dataclass(frozen=True, eq=False)
class FileOutcome:
    """What became of a file."""

    source: Path
    result: Path | None
    """None if the photograph was left alone."""
    verdict: Verdict
    red_eyes: int
    seconds: float
    size: tuple[int, int]
    """Width and height in pixels."""


class Enhancer:
    """Turns flash photographs into studio portraits."""

    def __init__(
        self, model: Path | None = None, *, size: int | None = None, threads: int | None = None
    ) -> None:
        """Loads the networks.

        Args:
            model: `.onnx`, or `.safetensors`, `.ckpt` or a run's folder, which need torch. None
                takes the one that comes with the program.
            size: long side in pixels at which the network sees a photograph; else what fits the
                faces.
            threads: of the network; None for one per core, at most two.

        Raises:
            ModelFileError: the model cannot be had.
            UsageError: `size` is not positive.
        """
        if size is not None and size < 1:
            raise UsageError(f"--size must be at least 1 pixel, not {size}")
        self.model = load_correction_model(model, threads=threads)
        self.finder = FaceFinder()
        self.size = size

    def analyse(
        self,
        pixels: Pixels,
        *,
        exif_flash: bool | None = None,
        profile: Conversion | None = None,
    ) -> Analysis:
        """Returns what any look of one photograph starts from.

        Args:
            pixels: upright RGB, uint8, uint16 or float32 in [0,1].
            exif_flash: what EXIF says about the flash.
            profile: of the pixels; None is sRGB.
        """
        return Analysis(
            self.model,
            self.finder,
            pixels,
            exif_flash=exif_flash,
            profile=profile,
            size=self.size,
        )

    def render(self, analysis: Analysis, look: Look = AS_IT_COMES) -> tuple[Pixels, int]:
        """Returns the photograph with a look and how many red pupils were repaired.

        The network is asked once for an analysis, however many looks are rendered.

        Raises:
            ModelFileError: the network's answer is not finite.
        """
        return finished(analysis, look)

    def enhance(
        self,
        pixels: Pixels,
        look: Look = AS_IT_COMES,
        *,
        exif_flash: bool | None = None,
        profile: Conversion | None = None,
        force: bool = False,
    ) -> Enhanced:
        """Returns the enhanced photograph, of its own size and depth.

        A photograph that is no flash selfie is left alone, unless `force`.

        Raises:
            ModelFileError: the network's answer is not finite.
        """
        analysis = self.analyse(pixels, exif_flash=exif_flash, profile=profile)
        verdict = analysis.verdict
        if verdict.kind != "flash_selfie" and not force:
            return Enhanced(pixels, verdict, 0, left_alone=True)
        changed, red_eyes = self.render(analysis, look)
        return Enhanced(changed, verdict, red_eyes, left_alone=False)

    def enhance_many(
        self, pictures: Iterable[np.ndarray], look: Look = AS_IT_COMES, *, force: bool = False
    ) -> Iterator[Enhanced]:
        """Yields `enhance` of each picture, in order."""
        for pixels in pictures:
            yield self.enhance(pixels, look, force=force)

    def enhance_file(
        self,
        source: Path,
        result: Path,
        look: Look = AS_IT_COMES,
        *,
        force: bool = False,
        strip: bool = False,
        quality: int | None = None,
        preview: Path | None = None,
    ) -> FileOutcome:
        """Reads a photograph and writes its result, or leaves it alone.

        Args:
            source: see `deepflash.enhance.photo.read_photo`.
            result: its suffix decides the format.
            look: how it is to look.
            force: enhances what is no flash selfie, too.
            strip: leaves private data out of the result.
            quality: 1..100 for JPEG and WebP; else as the photograph's.
            preview: where a picture of before and after goes; None for none.

        Raises:
            PictureError: the photograph cannot be read or its result not be encoded.
            StorageError: a file could not be written.
        """
        from deepflash.enhance.photo import read_photo, write_photo
        from deepflash.enhance.preview import write_preview

        started = time.monotonic()
        photo = read_photo(source)
        before = photo.picture.pixels
        enhanced = self.enhance(
            before, look, exif_flash=photo.flash_fired, profile=photo.profile, force=force
        )
        if not enhanced.left_alone:
            if preview is not None:
                write_preview(preview, before, enhanced.pixels, profile=photo.profile)
            # Last, so that a result that exists has its preview.
            write_photo(result, photo, enhanced.pixels, quality=quality, strip=strip)
        height, width = before.shape[:2]
        return FileOutcome(
            source=source,
            result=None if enhanced.left_alone else result,
            verdict=enhanced.verdict,
            red_eyes=enhanced.red_eyes,
            seconds=time.monotonic() - started,
            size=(width, height),
        )
