"""What a process that prepares pairs does."""

import signal
from functools import cache

import cv2

from acquisition.prepare.pipeline import PairJob, prepare_pair
from acquisition.prepare.settings import Prepared
from deepflash.faces.finder import FaceFinder


def quiet() -> None:
    """Makes a process one of several: it takes one core, and leaves Ctrl-C to the first one."""
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def work(job: PairJob) -> Prepared:
    """Prepares one pair; the networks are loaded once a process."""
    return prepare_pair(job, _finder())


def work_on_one_core(job: PairJob) -> Prepared:
    """Prepares one pair where others are prepared on the other cores."""
    cv2.setNumThreads(1)
    return work(job)


@cache
def _finder() -> FaceFinder:
    return FaceFinder()
