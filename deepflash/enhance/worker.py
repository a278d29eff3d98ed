"""What one process does with one photograph."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from deepflash.enhance.look import Look
from deepflash.enhance.plan import Job
from deepflash.errors import PictureError, UsageError, one_line

if TYPE_CHECKING:
    # Takes long; `--help` and mistyped options must not wait for it.
    from deepflash.enhance.enhancer import Enhancer, FileOutcome


@dataclass(frozen=True)
class Request:
    """How all photographs of one command are enhanced.

    Raises:
        UsageError: a number is out of its range.
    """

    look: Look = field(default_factory=Look)
    model: Path | None = None
    size: int | None = None
    force: bool = False
    strip: bool = False
    quality: int | None = None
    preview: bool = False

    def __post_init__(self) -> None:
        """Refuses numbers that mean nothing."""
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise UsageError(f"--quality must be from 1 to 100, not {self.quality}")
        if self.size is not None and self.size < 1:
            raise UsageError(f"--size must be at least 1 pixel, not {self.size}")


@dataclass(frozen=True)
class Attempt:
    """What became of one photograph: an outcome, or an error."""

    job: Job
    outcome: "FileOutcome | None" = None
    error: PictureError | None = None


Work = Callable[[Job], Attempt]


def new_enhancer(request: Request) -> "Enhancer":
    """Returns an enhancer as asked for. Raises ModelFileError."""
    from deepflash.enhance.enhancer import Enhancer

    return Enhancer(request.model, size=request.size)


# A process is handed photographs one by one, all of the same request.
_enhancer_of_process = lru_cache(maxsize=1)(new_enhancer)


def attempt_anywhere(job: Job, request: Request) -> Attempt:
    """Does `attempt` in a process that has no enhancer yet, and keeps that for the next."""
    return attempt(job, request, _enhancer_of_process(request))


def attempt(job: Job, request: Request, enhancer: "Enhancer") -> Attempt:
    """Enhances one photograph, or says why not.

    Raises:
        ModelFileError: the model's answer cannot be used, for this and other photographs.
        StorageError: a file could not be written, and neither could the next.
    """
    try:
        outcome = enhancer.enhance_file(
            job.source,
            job.result,
            request.look,
            force=request.force,
            strip=request.strip,
            quality=request.quality,
            preview=job.preview if request.preview else None,
        )
    except PictureError as error:
        return Attempt(job, error=error)
    except MemoryError:
        error = PictureError(f"{job.source} does not fit into memory; make it smaller")
        return Attempt(job, error=error)
    except _faults() as error:
        # One odd photograph must not keep a folder of others from being enhanced.
        kind = type(error).__name__
        text = f"{job.source} cannot be enhanced ({kind}: {one_line(error)}); please report this"
        return Attempt(job, error=PictureError(text))
    return Attempt(job, outcome)


def _faults() -> tuple[type[Exception], ...]:
    """Returns what numpy and OpenCV raise at pictures that nobody thought of."""
    import cv2

    return (ValueError, ArithmeticError, LookupError, RuntimeError, cv2.error)
