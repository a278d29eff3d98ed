"""`deepflash enhance`: flash photographs in, studio portraits out."""

import sys
from argparse import Action
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonargparse import ArgumentParser, DefaultHelpFormatter, Namespace

from deepflash.arguments import new_parser, parse
from deepflash.enhance.look import STRONGEST, Background, Look, Offset, Region
from deepflash.enhance.plan import Job, plan_jobs
from deepflash.enhance.report import refuse_report_place
from deepflash.enhance.worker import Request
from deepflash.errors import PictureError, UsageError, one_line

if TYPE_CHECKING:
    from deepflash.enhance.batch import Batch

_NAMED = 5
"""So many failures, or folders of results, are named; the others are counted."""

_EPILOG = """\
Without --out, selfie.jpg becomes selfie.portrait.jpg beside it, and the photographs of holiday/
go to holiday-portraits/. The same command again goes on where it was stopped. Photographs that
are no flash portraits are left alone and named."""


class _Help(DefaultHelpFormatter):
    """Shows the help texts as they are written; types say nothing to a photographer."""

    def _get_help_string(self, action: Action) -> str:
        return action.help or ""


def _parser() -> ArgumentParser:
    parser = new_parser("enhance", "Turns flash photographs into studio portraits.")
    parser.formatter_class = _Help
    parser.epilog = _EPILOG
    parser.add_argument(
        "photos", nargs="+", type=Path, metavar="PHOTO|FOLDER", help="photographs or folders"
    )
    parser.add_argument(
        "-o",
        "--out",
        type=Path | None,
        metavar="OUT",
        help="a file for one photograph, or a folder",
    )
    _add_look(parser)
    _add_files(parser)
    _add_running(parser)
    return parser


def _add_look(parser: ArgumentParser) -> None:
    look = parser.add_argument_group("the look")
    look.add_argument(
        "--strength",
        type=float,
        default=Look.strength,
        metavar="S",
        help=f"0 (unchanged) to {STRONGEST}; 1 if not given",
    )
    look.add_argument(
        "--offset",
        type=Offset,
        default=Look.offset,
        help="whose mean colour and exposure: the face's (if not given), what the network says, or "
        "the whole photograph's",
    )
    look.add_argument(
        "--region", type=Region, default=Look.region, help="face leaves all else as it is"
    )
    look.add_argument(
        "--background",
        type=Background,
        default=Look.background,
        help="studio is a smooth one, blur throws it out of focus",
    )
    look.add_argument(
        "--no-red-eyes",
        dest="red_eyes",
        action="store_false",
        help="do not repair pupils that the flash turned red",
    )
    look.add_argument("--force", action="store_true", help="also enhance what is no flash portrait")


def _add_files(parser: ArgumentParser) -> None:
    files = parser.add_argument_group("the files")
    files.add_argument(
        "--preview", action="store_true", help="also write before and after, side by side"
    )
    files.add_argument("--overwrite", action="store_true", help="write existing results again")
    files.add_argument(
        "--strip", action="store_true", help="leave out place, time, camera and all else private"
    )
    files.add_argument(
        "--quality",
        type=int | None,
        metavar="1..100",
        help="of JPEG and WebP; as the photograph's if not given",
    )
    files.add_argument(
        "--report", type=Path | None, metavar="JSON", help="write verdicts and figures there"
    )


def _add_running(parser: ArgumentParser) -> None:
    running = parser.add_argument_group("the run")
    running.add_argument(
        "--model",
        type=Path | None,
        metavar="FILE",
        help="an .onnx, .safetensors or .ckpt file or a run; the one that comes along if not given",
    )
    running.add_argument(
        "--size", type=int | None, metavar="PX", help="long side at which the network works"
    )
    running.add_argument("--jobs", type=int | None, metavar="N", help="processes; 0 for one a core")


def main(argv: Sequence[str]) -> None:
    """Runs `deepflash enhance`. Photographs that are left alone are no error.

    Raises:
        DeepFlashError: bad arguments, no model, photographs that could not be enhanced (all
            others are done), a file that could not be written, or Ctrl-C (the rest waits for
            the same command again).
    """
    given = parse(_parser(), argv)
    request = _request(given)
    if given.jobs is not None and given.jobs < 0:
        raise UsageError(f"--jobs must be 0 or more, not {given.jobs}")
    jobs = _planned(given, preview=request.preview)
    # Not before the words are known to make sense: a mistype is answered at once.
    from deepflash.enhance.batch import Batch

    batch = Batch(jobs, request, overwrite=given.overwrite)
    batch.load_model()
    try:
        batch.run(given.jobs)
    finally:
        if given.report is not None:
            batch.write_report(given.report)
    _tell_end(batch, where=_where(given.out, jobs))


def _planned(given: Namespace, *, preview: bool) -> list[Job]:
    """Returns what is to be done. Raises UsageError also for paths that cannot be looked at."""
    try:
        jobs = plan_jobs(given.photos, given.out, preview=preview)
        if given.report is not None:
            refuse_report_place(given.report, jobs, preview=preview)
    except OSError as error:
        raise UsageError(f"cannot look at {error.filename}: {error.strerror}") from error
    return jobs


def _request(given: Namespace) -> Request:
    look = Look(given.strength, given.offset, given.region, given.background, given.red_eyes)
    names = ("model", "size", "force", "strip", "quality", "preview")
    options: dict[str, Any] = {name: given[name] for name in names}
    return Request(look, **options)


def _where(out: Path | None, jobs: Sequence[Job]) -> str:
    if out is not None:
        return str(out)
    if any(job.home is None for job in jobs):
        return str(jobs[0].result) if len(jobs) == 1 else "files beside them"
    homes = list(dict.fromkeys(str(job.home) for job in jobs))
    return ", ".join(homes[:_NAMED]) + (" and others" if len(homes) > _NAMED else "")


def _tell_end(batch: "Batch", *, where: str) -> None:
    """Says what was done. Raises PictureError if there are failures."""
    counts = batch.counts
    total = sum(counts.values())
    # One photograph that was left alone has its line already, one that failed gets its own.
    if counts["enhanced"] or counts["skipped"] or total > 1:
        line = f"enhanced {counts['enhanced']} of {total}"
        if counts["left_alone"]:
            line += f", left {counts['left_alone']} alone"
        if counts["skipped"]:
            skipped = f"skipped {counts['skipped']} that exist already"
            line += f", {skipped} (--overwrite writes them again)"
        if counts["enhanced"]:
            line += f" into {where} with {batch.model}"
        sys.stdout.write(f"{line}\n")
    _raise_failures(batch.failures)


def _raise_failures(failures: Sequence[PictureError]) -> None:
    if len(failures) == 1:
        raise failures[0]
    if failures:
        named = "; ".join(one_line(error) for error in failures[:_NAMED])
        more = len(failures) - _NAMED
        raise PictureError(
            f"{len(failures)} photographs could not be enhanced: {named}"
            + (f"; and {more} more" if more > 0 else "")
        )
