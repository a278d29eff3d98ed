"""The streaming pass of an import: pair by pair, resumable, over one or more processes."""

import contextlib
import hashlib
import json
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
from tqdm import tqdm

from deepflash.atomic import write_text
from deepflash.errors import DatasetError, PictureError
from deepflash.pairs.importers.convert import convert_pair
from deepflash.pairs.importers.order_check import OrderVote, refuse_exchanged, vote_on_order
from deepflash.pairs.importers.plan import ImportOptions, PlannedPair, splits_of
from deepflash.pairs.manifest import MANIFEST, ManifestWriter, PairRecord, Split

SETTINGS = "import.json"
"""What was asked for and how the vote went; a resumed import must ask for the same."""

_Task = tuple[PlannedPair, Callable[[], PairRecord]]


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What came of an import."""

    records: list[PairRecord]
    broken: list[str]
    """One line each for the pairs that were left out."""
    vote: OrderVote | None


def run_import(
    kind: str,
    pairs: list[PlannedPair],
    *,
    options: ImportOptions,
    src: Path,
    dest: Path,
    jobs: int = 1,
    skip_broken: bool = False,
) -> Imported:
    """Converts `pairs` into the pair dataset `dest`, or goes on where an earlier run stopped.

    Args:
        kind: the dataset's name, for `import.json`.
        pairs: in the order of the manifest.
        options: what the user asked for.
        src: the published dataset's folder; only read.
        dest: the pair dataset's folder; new, empty, or with an unfinished import of the same.
        jobs: processes that decode and encode; the result does not depend on it.
        skip_broken: leave out pairs whose pictures are broken instead of stopping.

    Raises:
        DatasetError: `dest` holds something else, flash and ambient look exchanged, or no pair
            could be read.
        PictureError: the first broken picture, unless `skip_broken`; what is finished stays.
        StorageError: the disk is full or not writable; what is finished stays.
    """
    splits = splits_of(pairs, options.seed)
    vote = _open(kind, pairs, options=options, src=src, dest=dest)
    broken: list[str] = []
    with ManifestWriter(dest) as writer:
        todo = [pair for pair in pairs if pair.pair_id not in writer.done]
        convert = partial(_convert, splits=splits, options=options, src=src, dest=dest)
        with (
            contextlib.closing(_converted(todo, convert, jobs)) as tasks,
            tqdm(
                total=len(pairs), initial=len(writer.done), desc=kind, unit="pair", disable=None
            ) as bar,
        ):
            for _pair, result in tasks:
                try:
                    writer.add(result())
                except PictureError as error:
                    if not skip_broken:
                        raise
                    broken.append(str(error))
                bar.update()
        if not writer.done:
            raise DatasetError(f"none of the {len(pairs)} pairs can be read, first: {broken[0]}")
    return Imported(records=list(writer.done.values()), broken=broken, vote=vote)


def _open(
    kind: str, pairs: list[PlannedPair], *, options: ImportOptions, src: Path, dest: Path
) -> OrderVote | None:
    """Checks that `dest` is new or resumes the same import; returns the vote on the order."""
    plan = json.dumps([asdict(pair) for pair in pairs], sort_keys=True)
    asked: dict[str, Any] = {
        "kind": kind,
        "options": asdict(options) | {"categories": list(options.categories)},
        "plan": hashlib.sha256(plan.encode()).hexdigest()[:16],
    }
    before = _settings(dest)
    if before is not None and {key: before.get(key) for key in asked} != asked:
        names = {"kind": "dataset", "options": "set of options", "plan": "list of files"}
        changed = [names[key] for key in asked if before.get(key) != asked[key]]
        raise DatasetError(
            f"{dest} holds an unfinished import of another {changed[0]}; run that command again "
            "to finish it, or remove the folder or name another one"
        )
    vote = None
    if options.swapped is None and any(pair.votes_on_order for pair in pairs):
        known = OrderVote(**before["vote"]) if before and before.get("vote") else None
        # Pictures that could not be read before may have been repaired since.
        vote = known if known and not known.unreadable else vote_on_order(src, pairs)
        refuse_exchanged(vote)
    settings = {"version": 1} | asked | {"vote": asdict(vote) if vote else None}
    write_text(dest / SETTINGS, json.dumps(settings, indent=1, sort_keys=True) + "\n")
    return vote


def _settings(dest: Path) -> dict[str, Any] | None:
    """Returns the settings of the import that `dest` holds, or None for a new folder."""
    if (dest / MANIFEST).is_file():
        raise DatasetError(
            f"{dest} already holds a dataset; remove that folder or name another one"
        )
    path = dest / SETTINGS
    if not path.is_file():
        if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
            raise DatasetError(f"{dest} holds other files; name a new or empty folder")
        return None
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DatasetError(f"{path} is damaged; remove the folder {dest}") from error
    return settings


def _convert(
    pair: PlannedPair,
    *,
    splits: dict[str, Split],
    options: ImportOptions,
    src: Path,
    dest: Path,
) -> PairRecord:
    return convert_pair(pair, splits[pair.subject_id], options=options, src=src, dest=dest)


def _converted(
    pairs: Iterable[PlannedPair], convert: Callable[[PlannedPair], PairRecord], jobs: int
) -> Generator[_Task, None, None]:
    """Yields the pairs in order, each with a call that gives its record or raises."""
    if jobs == 1:
        for pair in pairs:
            yield pair, partial(convert, pair)
        return
    # Fork would copy whatever threads hold at that moment; spawn starts clean.
    pool = ProcessPoolExecutor(
        jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_start_worker
    )
    waiting: deque[_Task] = deque()
    try:
        for pair in pairs:
            waiting.append((pair, partial(_outcome, pool.submit(convert, pair).result)))
            # A short queue keeps memory flat and all workers busy.
            if len(waiting) > 2 * jobs:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
    finally:
        pool.shutdown(cancel_futures=True)


def _outcome(result: Callable[[], PairRecord]) -> PairRecord:
    try:
        return result()
    except BrokenProcessPool as error:
        raise DatasetError(
            "a worker process was killed, most likely for lack of memory; run the same command "
            "again with a smaller --jobs"
        ) from error


def _start_worker() -> None:
    # Ctrl-C is for the main process, which ends the workers; OpenCV's own threads would only
    # compete with the other workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
