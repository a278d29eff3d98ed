"""Where pairs are prepared: in this process, in several of this computer, or on a cluster."""

import importlib
import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

from acquisition.errors import UsageError
from acquisition.prepare.crew import Crew
from acquisition.prepare.worker import quiet, work, work_on_one_core
from deepflash.faces.model_files import MODEL_FILES, checked_model

CLUSTERS = ("", "ray")
_PAIR_BYTES = 2_000_000_000
"""What a pair of 12 megapixels may take."""


def crew_for(cluster: str, processes: int) -> Crew:
    """Returns who prepares the pairs.

    Args:
        cluster: `ray`, or empty for this computer.
        processes: of this computer; 0 takes as many as it has cores and memory for.

    Raises:
        UsageError: no such cluster, or Ray is not installed.
        ModelFileError: the face models are not there, or are others.
    """
    for model in MODEL_FILES:
        checked_model(model)
    if cluster not in CLUSTERS:
        raise UsageError(f"--cluster {cluster}: there is ray; leave it out for this computer")
    if cluster:
        executor = RayExecutor()
        return Crew(work_on_one_core, lambda: executor, executor.cores)
    places = processes or usual_processes()
    if places == 1:
        return Crew(work, lambda: ThreadPoolExecutor(1), 1)
    return Crew(work, lambda: local_processes(places), places)


def usual_processes() -> int:
    """Returns how many pairs this computer can prepare at once."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(len(os.sched_getaffinity(0)), memory_bytes // _PAIR_BYTES))


def local_processes(places: int) -> Executor:
    """Returns so many processes of this computer."""
    # Not forked: the threads of OpenCV do not survive that.
    return ProcessPoolExecutor(places, mp_context=get_context("spawn"), initializer=quiet)


class RayExecutor(Executor):
    """Runs calls on a Ray cluster; sessions and dataset lie on a disk that all of it sees.

    `RAY_ADDRESS` names the cluster; without it, one is started on this computer.

    Raises:
        UsageError: Ray is not installed, or no cluster answers.
    """

    def __init__(self) -> None:
        try:
            self._ray: Any = importlib.import_module("ray")
        except ImportError as error:
            raise UsageError(
                "--cluster ray: Ray is not installed here; install it into this environment "
                "(`pip install ray`), or leave --cluster out"
            ) from error
        try:
            self._ray.init(ignore_reinit_error=True, log_to_driver=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise UsageError(f"--cluster ray: no cluster answers ({error})") from error
        self._tasks: dict[Callable[..., Any], Any] = {}

    @property
    def cores(self) -> int:
        """Returns how many pairs the cluster can prepare at once."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Runs a call on one core somewhere in the cluster."""
        if fn not in self._tasks:
            self._tasks[fn] = self._ray.remote(fn)
        return self._tasks[fn].remote(*args, **kwargs).future()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Does nothing: the connection ends with this process, and Ray restarts its own."""
