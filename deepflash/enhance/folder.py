"""Many photographs in several processes; one that dies takes one photograph with it."""

import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process

from deepflash.enhance.plan import Job
from deepflash.enhance.worker import Attempt, Work
from deepflash.errors import PictureError

_AHEAD = 2
"""As many photographs are handed out for each process, so that none waits."""
_FEW = 4
"""Fewer photographs than this are done before several processes have started."""
_PHOTO_BYTES = 1_000_000_000
"""What a process takes for a photograph of 12 megapixels, with room to spare."""


def processes_for(photographs: int, jobs: int | None) -> int:
    """Returns how many processes enhance so many photographs.

    Args:
        photographs: how many are to be enhanced.
        jobs: as asked; 0 for one a core, None for what suits this computer.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if jobs is None and photographs < _FEW:
        jobs = 1
    elif jobs is None and hasattr(os, "sysconf"):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        jobs = min(cores or 1, memory // _PHOTO_BYTES)
    return max(1, min(jobs or cores or 1, photographs))


def attempts(jobs: Sequence[Job], work: Work, processes: int) -> Generator[Attempt, None, None]:
    """Yields what became of each photograph, in the order in which they are done.

    Where a process dies, the photographs that were handed out are tried again, each alone in a
    process of its own, so that only the one that kills it is lost.

    Args:
        jobs: the photographs.
        work: is run on each, in another process if there are several.
        processes: how many photographs are enhanced at once; 1 means in this process.

    Raises:
        DeepFlashError: `work` raised it; the others that had begun are finished.
    """
    if processes == 1:
        yield from map(work, jobs)
        return
    waiting, suspects = deque(jobs), deque[Job]()
    while waiting:
        suspects += yield from _until_broken(waiting, work, processes, _AHEAD * processes)
    while suspects:
        for job in (yield from _until_broken(suspects, work, 1, 1)):
            yield Attempt(job, error=_killed(job))


def _killed(job: Job) -> PictureError:
    return PictureError(
        f"{job.source}: the process that enhanced it was killed, most likely for lack of memory; "
        "make the photograph smaller or close other programs"
    )


def _until_broken(
    waiting: deque[Job], work: Work, processes: int, most: int
) -> Generator[Attempt, None, list[Job]]:
    """Yields results until all is done or a process died; returns what was lost then."""
    lost: list[Job] = []
    running: dict[Future[Attempt], Job] = {}
    # Not forked: the threads of OpenCV do not survive that.
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_start)
    try:
        while (waiting and not lost) or running:
            while waiting and not lost and len(running) < most:
                job = waiting.popleft()
                try:
                    with _ctrl_c_kept_off():
                        running[pool.submit(work, job)] = job
                except BrokenProcessPool:
                    lost.append(job)
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                job = running.pop(future)
                try:
                    result = future.result()
                except BrokenProcessPool:
                    lost.append(job)
                else:
                    yield result
    finally:
        pool.shutdown(cancel_futures=True)
    return lost


@contextmanager
def _ctrl_c_kept_off() -> Iterator[None]:
    """Lets processes that are started meanwhile ignore Ctrl-C, which a terminal sends to all."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)


def _start() -> None:
    """Makes a process one of several: it takes one core and ends with the one that began it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    one_thread()


def _leave_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        # Not sys.exit: that ends this thread alone.
        os._exit(1)


def one_thread() -> None:
    """Keeps OpenCV, and PyTorch if it comes, from competing with the other processes."""
    # Read by libraries that are imported after this.
    os.environ["OMP_NUM_THREADS"] = "1"
    import cv2

    cv2.setNumThreads(1)
