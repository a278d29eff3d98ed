"""What a capture session costs in time and memory, with simulated devices.

`python -m benchmarks.capture 500` takes as many pairs; 20 without a number. The devices run on
the same cores, so a quiet studio computer does better.
"""

import asyncio
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from acquisition.camera.address import parse_address
from acquisition.camera.client import GPhotoCamera
from acquisition.camera.contract import Profile
from acquisition.clock import ClockOffset
from acquisition.phone.web.driver import WebPhone
from acquisition.record import PairRecord
from acquisition.session import SessionFolder
from acquisition.session_cli import session_arguments
from acquisition.simulate.camera import SimulatedCamera
from acquisition.simulate.phone_client import ProtocolPhone
from acquisition.simulate.session import run_simulated
from acquisition.simulate.settings import FeedSettings

PROFILE = Profile(settings={"iso": "100", "f-number": "f/8"})
SMALL = FeedSettings(phone_px=(240, 320), studio_px=(320, 480))


def _line(name: str, figures: Sequence[float], unit: str) -> None:
    middle, worst = statistics.median(figures), max(figures)
    print(f"{name:52} median {middle:8.2f} {unit}, worst {worst:8.2f} {unit} (n = {len(figures)})")


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class _Memory:
    """Notes this process's resident memory as pairs are finished."""

    def __init__(self, root: Path) -> None:
        self.by_pairs: dict[int, float] = {}
        self._root = root
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(0.5):
            done = sum(1 for _ in self._root.glob("sub-*/pair-*/record.json"))
            self.by_pairs[done] = _resident_mb()

    def end(self) -> None:
        """Stops watching."""
        self._stop.set()
        self._thread.join()


def measure_session(pairs: int, root: Path) -> None:
    """Takes pairs as `acquire session NAME --simulate` does; prints time and memory."""
    os.chdir(root)
    people = str(max(1, pairs // 5))
    words = ["bench", "--simulate", "--no-browser", "--simulated-phone", "client"]
    words += ["--simulated-people", people, "--console-port", "0"]
    memory = _Memory(root / "sessions" / "bench")
    asyncio.run(run_simulated(session_arguments(words)))
    memory.end()
    folder = SessionFolder.open(root / "sessions" / "bench", exclusive=False)
    records = [record for record in folder.records() if record.state == "committed"]
    print(f"{len(records)} pairs committed")
    _line("exposed -> studio release, beyond the guard", [_beyond(one) for one in records], "ms")
    _line("one pair without exposures and guard", _cycles(folder, records), "ms")
    few = min((done for done in memory.by_pairs if done >= 10), default=0)
    many = max(memory.by_pairs)
    print(
        f"resident memory after {few} pairs {memory.by_pairs.get(few, 0):.0f} MB, "
        f"after {many} pairs {memory.by_pairs[many]:.0f} MB"
    )
    folder.close()


def _beyond(record: PairRecord) -> float:
    phone, studio = record.phone, record.studio
    if phone is None or studio is None or phone.exposure is None or studio.exposure is None:
        raise ValueError(f"{record.pair} has no exposures")
    return (studio.exposure.start_ns - phone.exposure.end_ns) * 1e-6 - 400


def _cycles(folder: SessionFolder, records: Sequence[PairRecord]) -> list[float]:
    """Milliseconds from the button's pair to its record, less exposures and guard."""
    moments = {(one.pair, one.event): one.t_ns for one in folder.journal.entries()}
    cycles = []
    for record in records:
        whole_ns = moments[record.pair, "finished"] - moments[record.pair, "pair_begun"]
        for shot in (record.phone, record.studio):
            if shot is not None and shot.exposure is not None:
                whole_ns -= shot.exposure.end_ns - shot.exposure.start_ns
        cycles.append(whole_ns * 1e-6 - 400)
    return cycles


class _NoIntake:
    """Takes nothing in; the clock needs no pictures."""

    def part(self, shot: object) -> Path:
        raise NotImplementedError

    stored = accept = part


def measure_clock(root: Path, *, checks: int = 100) -> None:
    """Compares the measured offset of a phone's clock with the truth."""

    async def run() -> None:
        phone = WebPhone(_NoIntake())  # type: ignore[arg-type]
        url = await phone.serve("127.0.0.1", 0, None)
        page = ProtocolPhone(
            url, lambda *_: b"", folder=root / "clock", clock_offset_s=12.5, drift_ppm=20.0
        )
        await page.start()
        await page.welcome.wait()
        errors, bounds = [], []
        for _ in range(checks):
            clock = (await phone.check()).clock
            if clock is None:
                raise ValueError("the phone's clock was not measured")
            errors.append(abs(_error_ms(clock, page)))
            bounds.append(clock.bound_ns * 1e-6)
            await asyncio.sleep(0.02)
        _line("phone's clock: error against the truth", errors, "ms")
        _line("phone's clock: bound", bounds, "ms")
        outside = sum(error > bound for error, bound in zip(errors, bounds, strict=True))
        print(f"truth outside of its bound: {outside} of {checks}")
        await page.stop()
        await phone.close()

    asyncio.run(run())


def _error_ms(clock: ClockOffset, page: ProtocolPhone) -> float:
    truth_ns = page.clock.true_page_ns(clock.measured_ns)
    return (clock.to_remote(clock.measured_ns) - truth_ns) * 1e-6


def measure_restart(*, kills: int = 15) -> None:
    """Kills the camera's process; times the next call, settings verified again."""
    with SimulatedCamera.start(SMALL) as simulated:
        camera = GPhotoCamera(parse_address(f"ptpip:127.0.0.1:{simulated.port}"), profile=PROFILE)
        camera.connect()
        seconds = []
        for _ in range(kills):
            process = camera.pid
            if process is None:
                raise ValueError("the camera has no process")
            os.kill(process, signal.SIGKILL)
            while camera.pid is not None:
                time.sleep(0.001)
            began = time.perf_counter()
            camera.restart()
            if camera.settings()["f-number"] != "f/8":
                raise ValueError("the settings were not verified")
            seconds.append(time.perf_counter() - began)
        camera.close()
        _line("camera process killed -> connected, settings verified", seconds, "s")


def main(pairs: int = 20) -> None:
    """Prints all figures."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        measure_clock(root)
        measure_restart()
        try:
            measure_session(pairs, root)
        finally:
            os.chdir(here)


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
