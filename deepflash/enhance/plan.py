"""Which photograph becomes which file: decided, and refused, before any work is done."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepflash.errors import PictureError, UsageError

WRITABLE = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")
HEIF = (".heic", ".heif", ".hif", ".avif")
RAW = (
    ".3fr", ".arw", ".cr2", ".cr3", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".kdc", ".mef", ".mos",
    ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".rwl", ".sr2", ".srf", ".srw",
)  # fmt: skip
READABLE = (*WRITABLE, ".mpo", ".jfif", ".gif", ".bmp", *HEIF, *RAW)
_KINDS = "JPEG, PNG, TIFF, WebP, GIF, BMP, HEIC, AVIF and RAW"
_SUFFIX_OF_OTHERS: dict[str, str] = dict.fromkeys((".mpo", ".jfif", *HEIF, *RAW), ".jpg")

JOURNAL = ".deepflash.jsonl"
"""Lies in every folder of results; see `deepflash.enhance.journal`."""


@dataclass(frozen=True)
class Job:
    """One photograph and where its result goes."""

    source: Path
    result: Path
    home: Path | None = None
    """The folder of results that this one belongs to, if it belongs to one."""

    @property
    def preview(self) -> Path:
        """Where the picture of before and after goes."""
        return self.result.with_name(f"{self.result.stem}.preview.jpg")


def real(path: Path) -> Path:
    """Returns a path without links. Unlike `Path.resolve`, bears links that lead to themselves."""
    return Path(os.path.realpath(path))


def plan_jobs(sources: Sequence[Path], out: Path | None, *, preview: bool) -> list[Job]:
    """Returns one job a photograph, in the order given, folders sorted by name.

    Without `out`, `NAME.jpg` becomes `NAME.portrait.jpg` beside it, and the photographs of
    `FOLDER` go to `FOLDER-portraits` beside it.

    One file goes to the file `out`, if that has the suffix of a picture and is no folder. In
    all other cases `out` is a folder: files keep their names.

    Folders are searched with their subfolders, and their photographs keep the paths inside
    them. Left out are hidden files, results and previews of earlier runs (`NAME.portrait.*`,
    `NAME.preview.jpg`), folders of results and `out` itself. Of the formats that cannot be
    written, those of cameras become JPEG and the others PNG.

    Raises:
        UsageError: two photographs would get the same result, a photograph would be
            overwritten, or `out` cannot be what it has to be.
        PictureError: a folder without photographs.
    """
    if out is None:
        found = [job for source in sources for job in _beside(source)]
    elif _is_for_one_file(sources, out):
        found = [Job(sources[0], out)]
    else:
        found = [job for source in sources for job in _inside(source, out)]
    # A photograph that is named twice, alone and with its folder, is one job.
    jobs = list({(real(job.source), real(job.result)): job for job in found}.values())
    _refuse_collisions(jobs, preview=preview)
    return jobs


def _is_for_one_file(sources: Sequence[Path], out: Path) -> bool:
    """Tells whether `out` is the result itself; else it is a folder. Raises UsageError."""
    one_file = len(sources) == 1 and not sources[0].is_dir()
    if one_file and out.suffix.lower() in WRITABLE and not out.is_dir():
        return True
    if out.suffix and not out.exists() and (one_file or out.suffix.lower() in READABLE):
        raise UsageError(
            f"--out {out} names a file: one photograph can become {', '.join(WRITABLE)}; several "
            "need a folder"
        )
    if out.is_file():
        raise UsageError(f"--out {out} is a file; a folder is needed, or a name such as x.jpg")
    return False


def _beside(source: Path) -> Iterator[Job]:
    if not source.is_dir():
        result = _result(source)
        yield Job(source, result.with_name(f"{result.stem}.portrait{result.suffix}"))
        return
    folder = source if source.name not in ("", "..") else real(source)
    if not folder.name:
        raise UsageError(f"{source} has no place beside it; say with --out where the results go")
    yield from _inside(source, folder.with_name(f"{folder.name}-portraits"))


def _inside(source: Path, out: Path) -> Iterator[Job]:
    """Yields the jobs of a file or folder whose results go to the folder `out`."""
    if not source.is_dir():
        yield Job(source, out / _result(Path(source.name)), out)
        return
    names = [path.relative_to(source) for path in _photographs(source, out)]
    if not names:
        raise PictureError(f"{source} holds no photographs; supported are {_KINDS}")
    wanted = Counter(str(_result(name)).casefold() for name in names)
    for name in names:
        result = _result(name)
        # A camera's a.jpg and a.bmp are two photographs of one name.
        if result != name and wanted[str(result).casefold()] > 1:
            result = name.with_name(name.name + result.suffix)
        yield Job(source / name, out / result, out)


def _photographs(folder: Path, out: Path) -> Iterator[Path]:
    inside_out = real(out) != real(folder)
    results = {journal.parent for journal in folder.rglob(JOURNAL)} - {folder}
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if hidden or path.suffix.lower() not in READABLE or not path.is_file():
            continue
        if _is_result(path) or not results.isdisjoint(path.parents):
            continue
        if inside_out and real(path).is_relative_to(real(out)):
            continue
        yield path


def _is_result(path: Path) -> bool:
    name = path.name.lower()
    return Path(name).stem.endswith(".portrait") or name.endswith(".preview.jpg")


def _result(path: Path) -> Path:
    suffix = path.suffix.lower()
    if suffix in WRITABLE:
        return path
    return path.with_suffix(_SUFFIX_OF_OTHERS.get(suffix, ".png"))


def files_of(job: Job, *, preview: bool) -> Iterable[Path]:
    """Returns the files that the job is to write."""
    return (job.result, job.preview) if preview else (job.result,)


def _refuse_collisions(jobs: Sequence[Job], *, preview: bool) -> None:
    taken: dict[str, Path] = {}
    photographs = {real(job.source) for job in jobs}
    for job in jobs:
        for path in files_of(job, preview=preview):
            place = real(path)
            if place in photographs:
                raise UsageError(f"{path} is a photograph to enhance; choose another --out")
            # Case does not tell files apart on every disk.
            other = taken.setdefault(str(place).casefold(), job.source)
            if real(other) != real(job.source):
                raise UsageError(
                    f"{other} and {job.source} would both be written to {path}; rename one, or "
                    "enhance them into different folders"
                )


def is_done(job: Job, *, preview: bool) -> bool:
    """Tells whether an earlier run has written everything that the job is to write."""
    return all(path.exists() for path in files_of(job, preview=preview))
