"""A decoded picture as the stages need it: small for the search of faces, and the part in use."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32

from acquisition.prepare.crop import moved
from acquisition.prepare.decode import Decoded
from acquisition.prepare.figures import lifted
from acquisition.prepare.light import reduced
from deepflash.faces.finder import Face, FaceFinder

SEARCHED_PX = 1536
"""Faces are found and figures measured at this long side."""


@dataclass
class Stages:
    """Times the stages of a pair.

    Example:
        >>> stages = Stages()
        >>> with stages("decode"):
        ...     pass
    """

    timings_s: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Adds the time of a block to a stage."""
        begin = perf_counter()
        try:
            yield
        finally:
            passed_s = self.timings_s.get(name, 0.0) + perf_counter() - begin
            self.timings_s[name] = round(passed_s, 4)


@dataclass(frozen=True, eq=False)
class View:
    """What is kept of a decoded picture."""

    linear: Float32[np.ndarray, "h w 3"] | None
    """The whole picture; None where only the small one is wanted."""
    small: Float32[np.ndarray, "i j 3"]
    """The same, with a long side of at most `SEARCHED_PX`."""
    faces: list[Face]
    """In pixels of the small one."""
    size_hw: tuple[int, int]
    """Of the whole picture."""
    source: Literal["raw", "jpeg"]
    exif: dict[str, Any]

    def face(self) -> Face:
        """Returns the surest face in pixels of the whole picture."""
        height, width = self.small.shape[:2]
        scale = self.size_hw[1] / width, self.size_hw[0] / height
        return moved(self.faces[0], (0.0, 0.0), scale)


def view_of(decoded: Decoded, finder: FaceFinder, stages: Stages, *, whole: bool) -> View:
    """Returns a picture's view; looks for its faces.

    Args:
        decoded: the picture.
        finder: of faces.
        stages: take the time.
        whole: keeps the whole picture too.
    """
    height, width = decoded.linear.shape[:2]
    with stages("faces"):
        small = reduced(decoded.linear, SEARCHED_PX)
        faces = finder.find(lifted(small))
    return View(
        linear=decoded.linear if whole else None,
        small=small,
        faces=faces,
        size_hw=(height, width),
        source=decoded.source,
        exif=decoded.exif,
    )
