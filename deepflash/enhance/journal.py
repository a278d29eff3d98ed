"""What became of the photographs of a folder, so that the same command need not ask again.

A folder of results holds one hidden file of JSON lines, one a photograph that was enhanced or
left alone. Lines are only ever added, a later one replaces an earlier one of the same name, and
a line that a crash cut short counts as not written.
"""

import json
from pathlib import Path
from typing import Any

from deepflash import __version__
from deepflash.enhance.plan import JOURNAL, Job
from deepflash.errors import StorageError

Entry = dict[str, Any]
"""A photograph in the report; see `deepflash.enhance.report.entry_of`."""


class Journal:
    """The journal of one folder of results.

    Args:
        folder: of results; need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / JOURNAL
        self._rows = dict(_rows(self._path))
        self._stamps: dict[Path, Entry] = {}

    def find(self, job: Job) -> Entry | None:
        """Returns the entry of a photograph, if the file is still the one of that time.

        Entries of other versions of this program do not count: they judged in another way.
        """
        # Kept for `add`: a photograph that changes while it is read is not the one judged.
        stamp = self._stamps[job.result] = _stamp(job)
        row = self._rows.get(stamp["name"])
        if row is None or any(row.get(key) != value for key, value in stamp.items()):
            return None
        entry = row.get("entry")
        return entry if isinstance(entry, dict) else None

    def add(self, job: Job, entry: Entry) -> None:
        """Remembers a photograph. Raises StorageError."""
        stamp = self._stamps.get(job.result) or _stamp(job)
        line = json.dumps(stamp | {"entry": entry}, allow_nan=False) + "\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a+b") as file:
                # One write, so that two runs into one folder do not mix their lines.
                file.write(_line_break_before(file.tell(), self._path) + line.encode())
        except OSError as error:
            raise StorageError(
                f"cannot write {self._path}: {error.strerror or error}; free some space or choose "
                "another folder, then run the same command again"
            ) from error


def _stamp(job: Job) -> Entry:
    name = job.result if job.home is None else job.result.relative_to(job.home)
    stamp: Entry = {"name": name.as_posix(), "file": job.source.name, "version": __version__}
    try:
        status = job.source.stat()
    except OSError:
        return stamp | {"bytes": None, "mtime_ns": None}
    return stamp | {"bytes": status.st_size, "mtime_ns": status.st_mtime_ns}


def _line_break_before(end: int, path: Path) -> bytes:
    """Returns what keeps a new line apart from one that was cut short."""
    if end == 0:
        return b""
    with path.open("rb") as file:
        file.seek(end - 1)
        return b"" if file.read(1) == b"\n" else b"\n"


def _rows(path: Path) -> list[tuple[str, Entry]]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return []
    rows = []
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("name"), str):
            rows.append((row["name"], row))
    return rows
