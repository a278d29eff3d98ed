"""Whatever is killed when: every shot that a device took is accounted for, nothing is overwritten.

The devices live on beside the session and know the truth of every exposure.
`python -m tests.acquisition.test_nothing_lost KILLS SEED FOLDER` tells what came of more kills.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from acquisition.simulate.camera import SimulatedCamera
from tests.acquisition.accounting import check_nothing_lost
from tests.acquisition.kills import FEED, Studio, live_and_die


def run(
    root: Path, *, kills: int, seed: int, on_death: Callable[[int], None] = lambda _: None
) -> Counter[str]:
    card = root / "card"
    card.mkdir(parents=True)
    with SimulatedCamera.start(FEED, card=card) as camera:
        studio = Studio(root, camera)
        studio.on_death = on_death
        asyncio.run(live_and_die(studio, kills=kills, seed=seed))
        return check_nothing_lost(studio.folder, studio.truth())


@pytest.mark.slow
def test_a_session_that_is_killed_six_times_loses_nothing(tmp_path: Path):
    counts = run(tmp_path, kills=6, seed=1)
    assert counts["flashes"] >= 2
    assert counts["committed"] >= 1


@pytest.mark.slow
def test_a_session_that_is_killed_two_hundred_times_loses_nothing(tmp_path: Path):
    counts = run(tmp_path, kills=200, seed=2)
    assert counts["flashes"] >= 50
    assert counts["committed"] >= 20


def main(arguments: list[str]) -> None:
    """Kills a session, and writes down what came of it."""
    began = time.monotonic()

    def tell(number: int) -> None:
        sys.stdout.write(f"killed {number} times in {time.monotonic() - began:.0f} s\n")
        sys.stdout.flush()

    kills, seed = int(arguments[0]), int(arguments[1])
    counts = run(Path(arguments[2]), kills=kills, seed=seed, on_death=tell)
    sys.stdout.write(f"{dict(counts)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
