"""The page in a real browser against the command line: the same photographs, in the same minutes.

    python -m benchmarks.web [FOLDER]

FOLDER is a page that `make web` built, build/web unless named. Photographs are those of
`benchmarks.enhance`. Seconds are medians; the page's own marks divide them into stages.
"""

import argparse
import asyncio
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aiohttp import web

from benchmarks.enhance import photograph
from deepflash.serving.site import build_site

SIZES = {"1 MP": (900, 1200), "4 MP": (1728, 2304), "12 MP": (3000, 4000)}
_BUILT = Path("build/web")
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
_TIMEOUT_MS = 120_000
_STRENGTHS = [90, 80, 70, 60, 50, 75, 110, 130, 150, 100]

Figures = dict[str, Any]
"""Seconds; pairs are the longest task and the longest wait for a frame in milliseconds."""

_WATCH = """
const watch = (window.watch = { frame: 0, task: 0 });
let last = 0;
const next = (now) => {
  if (last) watch.frame = Math.max(watch.frame, now - last);
  last = now;
  requestAnimationFrame(next);
};
requestAnimationFrame(next);
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) watch.task = Math.max(watch.task, entry.duration);
}).observe({ type: "longtask", buffered: true });
const kept = ImageBitmapRenderingContext.prototype.transferFromImageBitmap;
ImageBitmapRenderingContext.prototype.transferFromImageBitmap = function (bitmap) {
  kept.call(this, bitmap);
  performance.mark(`deepflash shown ${this.canvas.id}`);
};
addEventListener("change", ({ target }) => {
  if (target.type === "file") performance.mark("deepflash chosen");
}, true);
"""
_FORGET = """() => {
  performance.clearMarks();
  Object.assign(watch, { frame: 0, task: 0 });
}"""
_MARKS = """() => performance.getEntriesByType("mark")
  .filter(({ name }) => name.startsWith("deepflash "))
  .map(({ name, startTime }) => [name.slice(10), startTime])"""
_FREEZE = "() => [watch.task, watch.frame]"
_MOVE = """async (strengths) => {
  const slider = document.getElementById("strength");
  const shown = () => performance.getEntriesByName("deepflash shown after").length;
  const took = [];
  for (const strength of strengths) {
    const before = shown();
    const started = performance.now();
    slider.value = strength;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    while (shown() === before) await new Promise(requestAnimationFrame);
    took.push(performance.getEntriesByName("deepflash shown after").at(-1).startTime - started);
  }
  return took;
}"""

PREVIEW, SAVED = "**file to first preview**", "**full size to file**"
STRENGTH = "**strength to preview**"
_OPENING = {
    "decode and reduce": ("decode", "faces"),
    "faces and verdict": ("faces", "network"),
    "red eyes": ("network", "preview"),
    "first picture": ("preview", "opened"),
    "network and light": ("opened", "shown after"),
    PREVIEW: ("chosen", "shown after"),
}
_RENDERING = {
    "light": ("network", "render"),
    "rows": ("render", "encode"),
    "encode": ("encode", "rendered"),
    SAVED: ("network", "rendered"),
}


def missing(folder: Path = _BUILT) -> str | None:
    """Returns what the page cannot be measured without."""
    if shutil.which("chromium") is None:
        return "`chromium` is not in PATH; run `make setup-system`"
    if not (folder / "index.html").is_file():
        return f"there is no page in {folder}; run `make web`"
    return None


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serves a built page in a thread; yields its address."""
    loop, runner = asyncio.new_event_loop(), web.AppRunner(build_site(folder))

    async def start() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()

    loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class Visitor:
    """One visit to the page, and what the visitor's browser says about it."""

    def __init__(self, browser: Any, url: str) -> None:
        self.context = browser.new_context(accept_downloads=True)
        self.context.set_default_timeout(_TIMEOUT_MS)
        self.asked: set[str] = set()
        self.context.on("request", lambda request: self.asked.add(request.url))
        self.page = self.context.new_page()
        self.page.add_init_script(_WATCH)
        self.page.goto(url)
        self._wait_for("ready")
        self.loading_s = self.marks()["ready"] / 1e3
        self.loaded = {one.removeprefix(url) for one in self.asked if one.startswith(url)}

    def marks(self) -> dict[str, float]:
        """Returns when each stage began last, in milliseconds."""
        return dict(self.page.evaluate(_MARKS))

    def forget(self) -> None:
        """Begins anew with marks and freezes."""
        self.page.evaluate(_FORGET)

    def freeze_ms(self) -> tuple[float, float]:
        """Returns the longest task and the longest wait for a frame since `forget`."""
        task, frame = self.page.evaluate(_FREEZE)
        return task, frame

    def open(self, source: Path) -> None:
        """Opens a photograph and waits for its preview."""
        self.page.locator("#files").set_input_files(source)
        self._wait_for("opened")
        self.page.wait_for_function("!document.getElementById('actions').hidden")
        if self.page.locator("#enhance-anyway").is_visible():
            self.page.locator("#enhance-anyway").click()
        self._wait_for("shown after")

    def move_strength(self) -> list[float]:
        """Returns the seconds from each move of the slider to its picture."""
        return [took / 1e3 for took in self.page.evaluate(_MOVE, _STRENGTHS)]

    def download(self, to: Path) -> None:
        """Saves the result at its full size."""
        with self.page.expect_download() as found:
            self.page.locator("#download").click()
        found.value.save_as(to)

    def remove(self) -> None:
        """Goes back to the start."""
        self.page.locator("#remove").click()
        self.page.locator("#start").wait_for()

    def _wait_for(self, mark: str) -> None:
        self.page.wait_for_function(
            "(name) => performance.getEntriesByName(name).length", arg=f"deepflash {mark}"
        )


class Memory:
    """The most memory that the page's process had while something was done, in MB."""

    def __init__(self) -> None:
        self.own = self.all = 0.0
        self._processes = renderers()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stopped.wait(0.02):
            for process in self._processes:
                with contextlib.suppress(OSError):
                    lines = (process / "status").read_text().splitlines()
                    kb = {
                        line.split(":")[0]: int(line.split()[1]) for line in lines if "kB" in line
                    }
                    self.own = max(self.own, (kb["RssAnon"] + kb["RssShmem"]) / 1024)
                    self.all = max(self.all, kb["VmRSS"] / 1024)


def renderers() -> list[Path]:
    """Returns the processes that run pages, of this process's browser only."""
    parents, found = {}, []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[process.name] = (process / "stat").read_text().rsplit(")", 1)[1].split()[1]
            if b"--type=renderer" in (process / "cmdline").read_bytes():
                found.append(process)

    def is_ours(name: str) -> bool:
        while name in parents and name != own:
            name = parents[name]
        return name == own

    own = str(os.getpid())
    return [process for process in found if is_ours(process.name)]


def _turn(visitor: Visitor, source: Path, to: Path) -> Figures:
    """Returns the seconds of each stage and the freezes of one photograph, opened to saved."""
    visitor.forget()
    visitor.open(source)
    found = _stages(visitor, _OPENING) | {"freeze while opening": visitor.freeze_ms()}
    visitor.forget()
    found[STRENGTH] = statistics.median(visitor.move_strength())
    found["freeze while moving strength"] = visitor.freeze_ms()
    visitor.forget()
    visitor.download(to)
    found |= _stages(visitor, _RENDERING) | {"freeze while saving": visitor.freeze_ms()}
    visitor.remove()
    return found


def _stages(visitor: Visitor, stages: dict[str, tuple[str, str]]) -> Figures:
    marks = visitor.marks()
    return {name: (marks[end] - marks[start]) / 1e3 for name, (start, end) in stages.items()}


def _medians(turns: list[Figures]) -> Figures:
    found: Figures = {}
    for name, value in turns[0].items():
        values = [turn[name] for turn in turns]
        if isinstance(value, tuple):
            found[name] = tuple(statistics.median(part) for part in zip(*values, strict=True))
        else:
            found[name] = statistics.median(values)
    return found


def measured(browser: Any, url: str, source: Path, turns: int) -> Figures:
    """Returns the figures of one photograph, page and command line taking turns."""
    from deepflash.enhance.enhancer import Enhancer

    enhancer, page, command = Enhancer(), [], []
    visitor, saved = Visitor(browser, url), source.with_name("saved.jpg")

    def by_command() -> float:
        started = time.perf_counter()
        enhancer.enhance_file(source, saved, force=True)
        return time.perf_counter() - started

    by_command()
    first = _turn(visitor, source, saved)
    for _ in range(turns):
        page.append(_turn(visitor, source, saved))
        command.append(by_command())
    with Memory() as memory:
        _turn(visitor, source, saved)
    visitor.context.close()
    ratios = [(one[PREVIEW] + one[SAVED]) / own for one, own in zip(page, command, strict=True)]
    return _medians(page) | {
        "first photograph of a visit": first[PREVIEW],
        "memory, page's own, MB": memory.own,
        "memory, with browser's code, MB": memory.all,
        "command, file to file": statistics.median(command),
        "command, whole process": _process_s(source),
        "page / command, file to file": statistics.median(ratios),
    }


def _loaded_bytes(folder: Path, names: set[str]) -> int:
    """Returns the bytes that a server sends for files of the page, packed where they are."""
    paths = [folder / (name or "index.html") for name in names]
    packed = [path.with_name(f"{path.name}.br") for path in paths]
    both = zip(paths, packed, strict=True)
    return sum((small if small.is_file() else path).stat().st_size for path, small in both)


def _process_s(source: Path) -> float:
    """Returns the seconds of the command as a process."""
    words = [str(source), "-o", str(source.parent / "out"), "--force", "--overwrite"]
    started = time.perf_counter()
    command = [sys.executable, "-m", "deepflash", "enhance", *words]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def _print_table(columns: dict[str, Figures]) -> None:
    def row(name: str, cells: list[str]) -> None:
        print(f"| {name} | {' | '.join(cells)} |")

    row("seconds, unless named otherwise", list(columns))
    row("---", ["---:"] * len(columns))
    for name in next(iter(columns.values())):
        values = [column[name] for column in columns.values()]
        if isinstance(values[0], tuple):
            row(f"{name}, task / frame, ms", [f"{one:.0f} / {other:.0f}" for one, other in values])
        else:
            digits = 0 if name.endswith("MB") else 2
            row(name, [f"{value:.{digits}f}" for value in values])


def main(folder: Path = _BUILT, *, sizes: tuple[str, ...] = tuple(SIZES), turns: int = 3) -> None:
    """Prints tables in Markdown."""
    from playwright.sync_api import sync_playwright

    lacking = missing(folder)
    if lacking is not None:
        print(f"the page in a browser: not measured, {lacking}")
        return
    with (
        tempfile.TemporaryDirectory() as name,
        serving(folder) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        first = Visitor(browser, url)
        first.context.close()
        megabytes = _loaded_bytes(folder, first.loaded) / 1e6
        print(f"The page in Chromium {browser.version}: first load {megabytes:.1f} MB, ", end="")
        print(f"ready after {first.loading_s:.1f} s\n")
        columns = {}
        for size in sizes:
            source = Path(name) / f"{size.replace(' ', '-')}.jpg"
            source.write_bytes(photograph(1, *SIZES[size]))
            columns[size] = measured(browser, url, source, turns)
        browser.close()
        _print_table(columns)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The page in a browser against the command line.")
    parser.add_argument("folder", nargs="?", type=Path, default=_BUILT, help="a built page")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--turns", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    asked = _arguments()
    main(asked.folder, sizes=tuple(asked.sizes), turns=asked.turns)
