"""A dataset of rendered pairs: people, scenes, processes, and going on after a stop."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from deepflash.errors import DatasetError, StudioError, UsageError
from deepflash.pairs.manifest import MANIFEST, ManifestWriter, merge_manifests
from deepflash.pairs.splits import assign_splits
from deepflash.synth.head import HeadRig
from deepflash.synth.head_model import load_head_model
from deepflash.synth.renderer import mitsuba
from deepflash.synth.request import Request, keep_request
from deepflash.synth.shooting import Outcome, Task, limit_threads, shoot
from deepflash.synth.studio import Studio

# Tasks that wait ready for each process, so that none is idle and little is lost by a stop.
_AHEAD = 2
# Height of the skin's texture up to a size of the picture.
_TEXTURES_PX = ((320, 320), (640, 512))
_FINEST_TEXTURE_PX = 1024

_studio: Studio | None = None


def generate(
    root: Path,
    request: Request,
    *,
    head_model: Path | None = None,
    jobs: int = 0,
    shard: tuple[int, int] = (1, 1),
    device: str = "cpu",
) -> list[str]:
    """Renders a pair dataset, or goes on with one that was stopped.

    Args:
        root: folder of the dataset: new, empty, or a stopped run of the same request.
        request: what to render.
        head_model: see `load_head_model`.
        jobs: rendering processes; 0 for one a core. A GPU takes one.
        shard: this machine's part and how many there are; people are dealt in turn. The last
            shard to finish in a folder joins their manifests.
        device: `cpu` or `cuda`.

    Returns:
        Why scenes were not written, in words; each was tried with several views.

    Raises:
        UsageError: an argument out of range.
        StudioError: renderer or head model are missing, or a process died.
        DatasetError: the folder holds something else or a complete dataset.
        StorageError: a file could not be written; what was there stays, and can be gone on with.
    """
    part, parts = shard
    if not 1 <= part <= parts:
        raise UsageError(f"a shard is 1/N to N/N, got {part}/{parts}")
    mitsuba(device)
    load_head_model(head_model)
    keep_request(root, request)
    name = MANIFEST if parts == 1 else shard_name(part, parts)
    if (root / MANIFEST).is_file():
        raise DatasetError(f"{root} already holds a dataset; remove that folder or name another")
    tasks = plan(request, part=part, parts=parts)
    faults: list[str] = []
    jobs = 1 if device == "cuda" else min(jobs or os.cpu_count() or 1, max(1, len(tasks)))
    with (
        ManifestWriter(root, name=name) as writer,
        tqdm(total=len(tasks), unit="scene", desc="rendering", disable=None) as progress,
    ):
        last = f"-{request.lights - 1}"
        left = [task for task in tasks if task.scene_id + last not in writer.done]
        progress.update(len(tasks) - len(left))
        start = (head_model, texture_px(request), device, jobs)
        for outcome in _outcomes(root, request, left, start):
            faults += outcome.faults
            for record in outcome.records:
                if record.pair_id not in writer.done:
                    writer.add(record)
            progress.update()
        if not writer.done:
            raise StudioError(f"no scene passed its checks; the last: {faults[-1]}")
    if parts > 1:
        _join_when_whole(root, parts)
    return faults


def plan(request: Request, *, part: int = 1, parts: int = 1) -> list[Task]:
    """Returns the scenes of one shard, person by person."""
    subjects = [f"person{index:05d}" for index in range(request.people)]
    splits = assign_splits(subjects, seed=request.seed)
    return [
        Task(person=index, pose=pose, split=splits[subject])
        for index, subject in enumerate(subjects)
        if index % parts == part - 1
        for pose in range(request.poses)
    ]


def texture_px(request: Request) -> int:
    """Returns the height of the skin's texture that a picture of this size can show."""
    return next((px for size, px in _TEXTURES_PX if request.size <= size), _FINEST_TEXTURE_PX)


def shard_name(part: int, parts: int) -> str:
    """Returns the manifest's name of one shard."""
    return f"shard-{part}of{parts}.jsonl"


def _join_when_whole(root: Path, parts: int) -> None:
    names = [shard_name(part, parts) for part in range(1, parts + 1)]
    if all((root / name).is_file() for name in names):
        merge_manifests(root, names)


def _outcomes(
    root: Path, request: Request, tasks: list[Task], start: tuple[Path | None, int, str, int]
) -> Iterator[Outcome]:
    """Yields what became of each scene, in order, whatever process rendered it."""
    jobs = start[-1]
    if jobs == 1:
        _start(*start)
        yield from (_render(root, request, task) for task in tasks)
        return
    # A fork would inherit the renderer's threads in an unknown state.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start, initargs=start)
    try:
        yield from _in_order(lambda task: pool.submit(_render, root, request, task), tasks, jobs)
    except BrokenProcessPool as error:
        raise StudioError(
            "a rendering process died, perhaps for want of memory; run the same command again, "
            f"with fewer --jobs than {jobs}"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _in_order(
    submit: Callable[[Task], "Future[Outcome]"], tasks: list[Task], jobs: int
) -> Iterator[Outcome]:
    rest = iter(tasks)
    waiting = [submit(task) for task in islice(rest, jobs * _AHEAD)]
    while waiting:
        outcome = waiting.pop(0).result()
        waiting += [submit(task) for task in islice(rest, 1)]
        yield outcome


def _start(head_model: Path | None, texture: int, device: str, jobs: int) -> None:
    global _studio
    if jobs > 1:
        # Ctrl-C reaches all processes of a terminal; the first one decides what to stop.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    mitsuba(device)
    if jobs > 1:
        limit_threads(1)
    _studio = Studio(HeadRig(load_head_model(head_model), texture_px=texture), device=device)


def _render(root: Path, request: Request, task: Task) -> Outcome:
    assert _studio is not None
    return shoot(_studio, root, request, task)
