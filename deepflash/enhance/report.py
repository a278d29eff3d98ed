"""What became of each photograph and why, as JSON (`--report`).

```
{"version": 1, "model": NAME, "options": {...}, "photos": [...], "summary": {...}}
```

Each photograph has `source`, `status` (`enhanced`, `left_alone`, `skipped`: its result exists
already, or `failed`), `result`, `verdict` (kind, reason, exif_flash, figures, faces),
`red_eyes`, `seconds`, `width`, `height`, and `error` if it failed. What is not known is null.
"""

import json
import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deepflash.atomic import write_text
from deepflash.enhance.journal import Entry
from deepflash.enhance.plan import READABLE, Job, files_of, real
from deepflash.enhance.worker import Attempt, Request
from deepflash.errors import UsageError, one_line

VERSION = 1
_DIGITS = 4
STATUSES = ("enhanced", "left_alone", "skipped", "failed")


def entry_of(attempt: Attempt) -> Entry:
    """Returns a photograph as it stands in the report and in the journal."""
    entry = empty_entry(attempt.job)
    outcome = attempt.outcome
    if outcome is None:
        reason = one_line(attempt.error) if attempt.error else "unknown"
        return entry | {"status": "failed", "error": reason}
    width, height = outcome.size
    return entry | {
        "status": "left_alone" if outcome.result is None else "enhanced",
        "result": None if outcome.result is None else str(outcome.result),
        "verdict": plain(asdict(outcome.verdict)),
        "red_eyes": int(outcome.red_eyes),
        "seconds": plain(outcome.seconds),
        "width": int(width),
        "height": int(height),
    }


def empty_entry(job: Job) -> Entry:
    """Returns the entry of a photograph of which nothing is known."""
    unknown = ("status", "result", "verdict", "red_eyes", "seconds", "width", "height")
    return {"source": str(job.source)} | dict.fromkeys(unknown)


def plain(value: Any) -> Any:
    """Returns a value as JSON can hold it: numbers short and finite or null, paths as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if hasattr(value, "item"):
        return plain(value.item())  # a scalar of numpy
    if isinstance(value, float):
        return round(value, _DIGITS) if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value


def refuse_report_place(path: Path, jobs: Sequence[Job], *, preview: bool) -> None:
    """Sees that a report can be written there, before hours of work.

    Raises:
        UsageError: it is a folder, a photograph or a result, or its folder cannot be.
    """
    if path.is_dir():
        raise UsageError(f"--report {path} is a folder; name a file in it, such as report.json")
    taken = {real(job.source) for job in jobs}
    taken |= {real(file) for job in jobs for file in files_of(job, preview=preview)}
    if path.suffix.lower() in READABLE or real(path) in taken:
        raise UsageError(f"--report {path} is a picture; name a file such as report.json")
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UsageError(f"--report {path} cannot be written into {folder}; choose another place")


def write_report(
    path: Path, entries: Sequence[Entry], request: Request, *, model: str | None, photos: int
) -> None:
    """Writes the report.

    Args:
        path: checked by `refuse_report_place`.
        entries: in the order of the photographs; fewer than `photos` if the run was stopped.
        request: what was asked for.
        model: its name, or None if none was needed.
        photos: how many there were to enhance.

    Raises:
        StorageError: the file could not be written; see `deepflash.atomic.replacing`.
    """
    counts = Counter(entry["status"] for entry in entries)
    summary = {"photos": photos} | {status: counts[status] for status in STATUSES}
    report = {
        "version": VERSION,
        "model": model,
        "options": plain(asdict(request)),
        "photos": list(entries),
        "summary": summary | {"not_reached": photos - len(entries)},
    }
    write_text(path, json.dumps(report, indent=1, allow_nan=False) + "\n")
