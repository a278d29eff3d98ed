"""`deepflash enhance`: flash photographs in, studio portraits out."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from jsonargparse import ArgumentParser

from deepflash.arguments import new_parser, parse
from deepflash.enhance.plan import Job, is_done, plan_jobs
from deepflash.errors import ModelFileError, PictureError, UsageError, one_line

if TYPE_CHECKING:
    # Takes seconds with torch; `--help` and mistyped options must not wait for it.
    from deepflash.enhance.pipeline import CorrectionModel

MODELS = Path("models")
STRONGEST = 1.5
_NAMED_FAILURES = 5


@dataclass(frozen=True)
class Settings:
    """How photographs are enhanced."""

    strength: float
    offset: Literal["predicted", "input"]
    size: int | None
    preview: bool
    overwrite: bool
    quality: int | None

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= STRONGEST:
            raise UsageError(f"--strength must be from 0 to {STRONGEST}, not {self.strength}")
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise UsageError(f"--quality must be from 1 to 100, not {self.quality}")
        if self.size is not None and self.size < 1:
            raise UsageError(f"--size must be at least 1 pixel, not {self.size}")


def newest_model(folder: Path) -> Path:
    """Returns the model file in `folder` that was written last.

    Raises:
        ModelFileError: there is none.
    """
    files = sorted(folder.glob("*.safetensors"), key=lambda path: path.stat().st_mtime_ns)
    if not files:
        raise ModelFileError(
            f"no --model was given and {folder}/ holds no .safetensors file; train one with "
            "`make train EXP=quickstart` and write it with `deepflash export`"
        )
    return files[-1]


def enhance_one(model: "CorrectionModel", job: Job, settings: Settings) -> None:
    """Writes the result of one photograph, and the preview if asked for.

    Raises:
        PictureError: the photograph cannot be read or its result not be encoded.
        StorageError: a file could not be written.
    """
    from deepflash.enhance.photo import read_photo, write_photo
    from deepflash.enhance.pipeline import enhance_picture
    from deepflash.enhance.preview import write_preview

    photo = read_photo(job.source)
    before = photo.picture.pixels
    after = enhance_picture(
        model, before, strength=settings.strength, offset=settings.offset, size=settings.size
    )
    if settings.preview:
        write_preview(job.preview, before, after)
    # Last, so that a result that exists has its preview.
    write_photo(job.result, photo, after, quality=settings.quality)


def enhance_all(
    model: "CorrectionModel", jobs: Sequence[Job], settings: Settings
) -> list[PictureError]:
    """Works through all jobs; returns the errors of photographs that could not be enhanced."""
    from tqdm import tqdm

    failures = []
    # Shown on a terminal only; a log file needs no bar.
    for job in tqdm(jobs, desc="enhance", unit="photo", disable=None):
        try:
            enhance_one(model, job, settings)
        except PictureError as error:
            failures.append(error)
        except MemoryError:
            failures.append(PictureError(f"{job.source} does not fit into memory; make it smaller"))
    return failures


def _report(done: int, skipped: int, failures: Sequence[PictureError], *, where: str) -> None:
    """Says what was done. Raises PictureError if there are failures."""
    if done + skipped:
        line = f"enhanced {done} of {done + skipped + len(failures)}"
        if skipped:
            line += f", skipped {skipped} that exist already (--overwrite writes them again)"
        sys.stdout.write(f"{line}{where}\n")
    if len(failures) == 1:
        raise failures[0]
    if failures:
        named = "; ".join(one_line(error) for error in failures[:_NAMED_FAILURES])
        more = len(failures) - _NAMED_FAILURES
        raise PictureError(
            f"{len(failures)} photographs could not be enhanced: {named}"
            + (f"; and {more} more" if more > 0 else "")
        )


def _parser() -> ArgumentParser:
    parser = new_parser("enhance", "Turns flash photographs into studio portraits.")
    parser.add_argument("photos", nargs="+", type=Path, help="photographs, or folders of them")
    parser.add_argument(
        "-o", "--out", type=Path, required=True, help="a file for one photograph, or a folder"
    )
    parser.add_argument(
        "--model",
        type=Path | None,
        default=None,
        help=f"a .safetensors or .ckpt file; without it the newest {MODELS}/*.safetensors",
    )
    parser.add_argument("--strength", type=float, default=1.0, help=f"0 (unchanged) to {STRONGEST}")
    parser.add_argument(
        "--offset",
        type=Literal["predicted", "input"],
        default="predicted",
        help="input keeps the photograph's own mean colour and exposure",
    )
    parser.add_argument(
        "--size", type=int | None, default=None, help="long side at which the network works, px"
    )
    parser.add_argument("--preview", action="store_true", help="also write before and after")
    parser.add_argument("--overwrite", action="store_true", help="write existing results again")
    parser.add_argument(
        "--quality", type=int | None, default=None, help="JPEG and WebP, 1..100; else as the input"
    )
    return parser


def main(argv: list[str]) -> None:
    """Runs `deepflash enhance`.

    Raises:
        DeepFlashError: bad arguments, no model, photographs that could not be enhanced (all
            others are done), or a file that could not be written (the rest waits for the same
            command again).
    """
    given = parse(_parser(), argv)
    settings = Settings(
        strength=given.strength,
        offset=given.offset,
        size=given.size,
        preview=given.preview,
        overwrite=given.overwrite,
        quality=given.quality,
    )
    jobs = plan_jobs(given.photos, given.out, preview=settings.preview)
    todo = [j for j in jobs if settings.overwrite or not is_done(j, preview=settings.preview)]
    failures, where = [], ""
    if todo:
        from deepflash.model_file import load_model

        path = given.model or newest_model(MODELS)
        failures = enhance_all(load_model(path), todo, settings)
        where = f" into {given.out} with {path}"
    _report(len(todo) - len(failures), len(jobs) - len(todo), failures, where=where)
