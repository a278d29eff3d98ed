"""Which photograph becomes which file: decided, and refused, before any work is done."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepflash.errors import PictureError, UsageError

WRITABLE = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")
READABLE = (*WRITABLE, ".mpo", ".gif", ".bmp")
_SUFFIX_OF_OTHERS = {".mpo": ".jpg"}


@dataclass(frozen=True)
class Job:
    """One photograph and where its result goes."""

    source: Path
    result: Path

    @property
    def preview(self) -> Path:
        """Where the picture of before and after goes."""
        return self.result.with_name(f"{self.result.stem}.preview.jpg")


def plan_jobs(sources: Sequence[Path], out: Path, *, preview: bool) -> list[Job]:
    """Returns one job a photograph, in the order given, folders sorted by name.

    One file goes to the file `out`, if that has the suffix of a picture and is no folder. In
    all other cases `out` is a folder: files keep their names, folders are searched with their
    subfolders, hidden ones and `out` itself left out, and keep the paths inside them.
    Formats that cannot be written become PNG (MPO becomes JPEG).

    Raises:
        UsageError: two photographs would get the same result, a photograph would be
            overwritten, or `out` cannot be what it has to be.
        PictureError: a folder without photographs.
    """
    one_file = len(sources) == 1 and not sources[0].is_dir()
    if one_file and out.suffix.lower() in WRITABLE and not out.is_dir():
        jobs = [Job(sources[0], out)]
    elif out.suffix and not out.exists() and (one_file or out.suffix.lower() in READABLE):
        raise UsageError(
            f"--out {out} names a file: one photograph can become {', '.join(WRITABLE)}; several "
            "need a folder"
        )
    elif out.is_file():
        raise UsageError(f"--out {out} is a file; a folder is needed, or a name such as x.jpg")
    else:
        found = [
            Job(photo, _result(out / name))
            for source in sources
            for photo, name in _photographs(source, out)
        ]
        # A photograph that is named twice, alone and with its folder, is one job.
        jobs = list({(job.source.resolve(), job.result): job for job in found}.values())
    _refuse_collisions(jobs, preview=preview)
    return jobs


def _photographs(source: Path, out: Path) -> Iterator[tuple[Path, Path]]:
    """Yields the photographs of a file or folder and their paths below the output folder."""
    if not source.is_dir():
        yield source, Path(source.name)
        return
    inside_out = out.resolve() != source.resolve()
    found = False
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        hidden = any(part.startswith(".") for part in relative.parts)
        if hidden or path.suffix.lower() not in READABLE or not path.is_file():
            continue
        if inside_out and path.resolve().is_relative_to(out.resolve()):
            continue
        found = True
        yield path, relative
    if not found:
        raise PictureError(f"{source} holds no photographs; supported are {', '.join(READABLE)}")


def _result(path: Path) -> Path:
    suffix = path.suffix.lower()
    if suffix in WRITABLE:
        return path
    return path.with_suffix(_SUFFIX_OF_OTHERS.get(suffix, ".png"))


def _files(job: Job, *, preview: bool) -> Iterable[Path]:
    return (job.result, job.preview) if preview else (job.result,)


def _refuse_collisions(jobs: Sequence[Job], *, preview: bool) -> None:
    taken: dict[str, Path] = {}
    photographs = {job.source.resolve() for job in jobs}
    for job in jobs:
        for path in _files(job, preview=preview):
            if path.resolve() in photographs:
                raise UsageError(f"{path} is a photograph to enhance; choose another --out")
            # Case does not tell files apart on every disk.
            other = taken.setdefault(str(path).casefold(), job.source)
            if other.resolve() != job.source.resolve():
                raise UsageError(
                    f"{other} and {job.source} would both be written to {path}; rename one, or "
                    "enhance them into different folders"
                )


def is_done(job: Job, *, preview: bool) -> bool:
    """Tells whether an earlier run has written everything that the job is to write."""
    return all(path.exists() for path in _files(job, preview=preview))
