"""Timing two ways of doing the same work, taking turns, so that a busy machine hits both."""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import torch


class Ratio(NamedTuple):
    """Median seconds of each and of the ratio of neighbouring turns."""

    tested_s: float
    reference_s: float
    ratio: float


def take_turns(
    tested: Callable[[], object], reference: Callable[[], object], *, turns: int
) -> Ratio:
    """Returns medians over `turns` turns after one warm-up of each.

    A work that returns a float has timed the part that counts itself.
    """
    tested()
    reference()
    pairs = []
    for turn in range(turns):
        order = (tested, reference) if turn % 2 else (reference, tested)
        seconds = {work: _seconds(work) for work in order}
        pairs.append((seconds[tested], seconds[reference]))
    return Ratio(
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    )


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    own = work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return own if isinstance(own, float) else time.perf_counter() - started


def report(name: str, ratio: Ratio, *, goal: str) -> None:
    """Prints one line: what, the ratio, both times, and the goal."""
    print(
        f"{name:44} {ratio.ratio:7.3f}   {ratio.tested_s * 1e3:9.2f} ms / "
        f"{ratio.reference_s * 1e3:9.2f} ms   {goal}"
    )
