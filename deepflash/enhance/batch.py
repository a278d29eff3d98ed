"""One command's photographs: what is known of them already, the work, and what came of it."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from deepflash.enhance.folder import attempts, processes_for
from deepflash.enhance.journal import Entry, Journal
from deepflash.enhance.plan import Job, is_done
from deepflash.enhance.report import empty_entry, entry_of, write_report
from deepflash.enhance.worker import Attempt, Request, attempt, attempt_anywhere, new_enhancer
from deepflash.errors import PictureError, StoppedError

if TYPE_CHECKING:
    from deepflash.enhance.enhancer import Enhancer


class Batch:
    """The photographs of one command.

    Args:
        jobs: the photographs and where their results go.
        request: how they are enhanced.
        overwrite: enhance and judge again what is known already.
    """

    def __init__(self, jobs: Sequence[Job], request: Request, *, overwrite: bool) -> None:
        self._jobs = jobs
        self._request = request
        homes = {job.home for job in jobs if job.home is not None}
        self._journals = {home: Journal(home) for home in homes}
        self._entries: dict[Job, Entry] = {}
        self.failures: list[PictureError] = []
        self._enhancer: Enhancer | None = None
        self.model: str | None = None
        """The name of the model, if one was needed."""
        for job in jobs:
            known = self._known(job)
            if known is not None and not overwrite:
                self._entries[job] = known

    def _known(self, job: Job) -> Entry | None:
        journal = self._journals.get(job.home) if job.home else None
        entry = journal.find(job) if journal else None
        if is_done(job, preview=self._request.preview):
            found = {"status": "skipped", "result": str(job.result)}
            return empty_entry(job) | (entry or {}) | {"source": str(job.source)} | found
        if entry is None or entry.get("status") != "left_alone" or self._request.force:
            return None
        return entry | {"source": str(job.source)}

    @property
    def counts(self) -> Counter[str]:
        """How many photographs have which status of the report."""
        return Counter(entry["status"] for entry in self._entries.values())

    @property
    def todo(self) -> list[Job]:
        """The photographs that are still to be enhanced or judged."""
        return [job for job in self._jobs if job not in self._entries]

    def load_model(self) -> None:
        """Loads the model, if there is something to do. Raises ModelFileError."""
        if self.todo:
            self._enhancer = new_enhancer(self._request)
            self.model = self._enhancer.model.name

    def run(self, jobs: int | None) -> None:
        """Enhances what is not known yet, with a progress bar on a terminal.

        Args:
            jobs: processes; 0 for one a core, None for what suits.

        Raises:
            ModelFileError: the model's answer cannot be used.
            StorageError: a file could not be written; what was done stays.
            StoppedError: Ctrl-C; what was done stays.
        """
        for job, entry in self._entries.items():
            if entry["status"] == "left_alone":
                _tell(_left_alone(job, entry))
        todo = self.todo
        if not todo:
            return
        processes = processes_for(len(todo), jobs)
        if processes == 1 and self._enhancer is not None:
            work = partial(attempt, request=self._request, enhancer=self._enhancer)
        else:
            work = partial(attempt_anywhere, request=self._request)
            self._enhancer = None  # each process has one of its own
        try:
            with closing(attempts(todo, work, processes)) as results:
                self._keep_all(results, len(todo))
        except KeyboardInterrupt as error:
            raise StoppedError(
                f"stopped with {len(self.todo)} of {len(self._jobs)} photographs to go; the same "
                "command goes on with them"
            ) from error

    def _keep_all(self, results: Iterator[Attempt], total: int) -> None:
        from tqdm import tqdm

        # Shown on a terminal only; a log file needs no bar.
        for done in tqdm(results, total=total, desc="enhance", unit="photo", disable=None):
            self._keep(done)

    def _keep(self, done: Attempt) -> None:
        job, entry = done.job, entry_of(done)
        self._entries[job] = entry
        if done.error is not None:
            self.failures.append(done.error)
            return
        if job.home is not None:
            self._journals[job.home].add(job, entry)
        if entry["status"] == "left_alone":
            _tell(_left_alone(job, entry))

    def write_report(self, path: Path) -> None:
        """Writes what is known by now. Raises StorageError."""
        entries = [self._entries[job] for job in self._jobs if job in self._entries]
        write_report(path, entries, self._request, model=self.model, photos=len(self._jobs))


def _left_alone(job: Job, entry: Entry) -> str:
    reason = (entry.get("verdict") or {}).get("reason") or "no reason known"
    return f"left alone {job.source}: {reason.rstrip('.')} (--force enhances it anyway)"


def _tell(line: str) -> None:
    """Writes a line without breaking the progress bar, whatever bytes a file name holds."""
    from tqdm import tqdm

    coding = sys.stdout.encoding or "utf-8"
    tqdm.write(line.encode(coding, "backslashreplace").decode(coding), file=sys.stdout)
