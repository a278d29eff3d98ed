"""Prepares many pairs at once; a process that dies takes one pair with it, not the others."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait

from acquisition.prepare.pipeline import PairJob, failed, in_words
from acquisition.prepare.settings import Prepared

_AHEAD = 2
"""As many pairs are handed out for each place, so that none waits."""


class Crew:
    """Runs jobs on executors; a broken one is replaced.

    Args:
        work: is run on each job, in another process perhaps.
        make: makes an executor.
        places: how many pairs it prepares at once.
    """

    def __init__(
        self, work: Callable[[PairJob], Prepared], make: Callable[[], Executor], places: int
    ) -> None:
        self._work = work
        self._make = make
        self._places = places

    def run(self, jobs: Iterable[PairJob]) -> Iterator[Prepared]:
        """Yields what became of the pairs, in the order in which they are done.

        After Ctrl-C the pairs that are being prepared are still finished and yielded; a second
        one does not wait for them.

        Raises:
            KeyboardInterrupt: when they are.
        """
        waiting, suspects = deque(jobs), list[PairJob]()
        while waiting:
            suspects += yield from self._until_broken(waiting, _AHEAD * self._places)
        # Whichever of them it was: alone, it cannot take others along.
        for job in suspects:
            for lost in (yield from self._until_broken(deque([job]), 1)):
                yield failed(
                    lost,
                    "the process that prepared it died: too little memory, or a file that its "
                    "decoder cannot take; use fewer --jobs, look at the pair's files",
                )

    def _until_broken(
        self, waiting: deque[PairJob], most: int
    ) -> Generator[Prepared, None, list[PairJob]]:
        """Yields results until all is done or a process died; returns what was lost then."""
        lost: list[PairJob] = []
        running: dict[Future[Prepared], PairJob] = {}
        stopped = False
        executor = self._make()
        try:
            while (waiting and not (lost or stopped)) or running:
                try:
                    if not (lost or stopped):
                        lost += self._hand_out(executor, waiting, running, most)
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                except KeyboardInterrupt:
                    if stopped:
                        raise
                    stopped = True
                    running = {one: job for one, job in running.items() if not one.cancel()}
                    continue
                for future in done:
                    job = running.pop(future)
                    error = future.exception()
                    if isinstance(error, BrokenExecutor):
                        lost.append(job)
                    else:
                        yield failed(job, in_words(error)) if error else future.result()
        finally:
            executor.shutdown(wait=True, cancel_futures=True)
        if stopped:
            raise KeyboardInterrupt
        return lost

    def _hand_out(
        self,
        executor: Executor,
        waiting: deque[PairJob],
        running: dict[Future[Prepared], PairJob],
        most: int,
    ) -> list[PairJob]:
        """Hands jobs out; returns the one that a broken executor did not take."""
        while waiting and len(running) < most:
            job = waiting.popleft()
            try:
                running[executor.submit(self._work, job)] = job
            except BrokenExecutor:
                return [job]
        return []
