"""Feeds files to the real command and looks for anything that a user must never see."""

import hashlib
import json
import os
import resource
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

import deepflash
from deepflash.enhance.plan import JOURNAL

HANG_S = 10.0
MEMORY_BYTES = 2 * 10**9
_CEILING_BYTES = 4 * 10**9  # beyond this the command fails, before the computer does


class Finished(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str
    seconds: float
    peak_bytes: int


@dataclass
class Tally:
    """What came of many files."""

    files: int = 0
    statuses: Counter = field(default_factory=Counter)
    reasons: Counter = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    unexplained_s: float = 0.0
    """The longest time of a batch that no enhanced file took: start-up and all refusals."""
    peak_bytes: int = 0

    def add(self, finished):
        self.peak_bytes = max(self.peak_bytes, finished.peak_bytes)


def run(*words, timeout=300.0):
    """Runs `deepflash enhance` with these words; a hang ends with exit code -9."""
    command = [sys.executable, "-m", "deepflash", "enhance", *map(os.fspath, words)]
    place = {"cwd": Path(deepflash.__file__).parents[1]}
    begun = time.perf_counter()
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, **place, preexec_fn=_limit) as process:
        texts = [b"", b""]
        readers = [
            threading.Thread(target=_drain, args=(texts, index, stream))
            for index, stream in enumerate((process.stdout, process.stderr))
        ]
        watch = threading.Timer(timeout, process.kill)
        for thread in (*readers, watch):
            thread.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.cancel()
        for thread in readers:
            thread.join()
    out, err = (text.decode(errors="backslashreplace") for text in texts)
    seconds = time.perf_counter() - begun
    return Finished(process.returncode, out, err, seconds, usage.ru_maxrss * 1024)


def _limit():
    resource.setrlimit(resource.RLIMIT_DATA, (_CEILING_BYTES, _CEILING_BYTES))


def _drain(texts, index, stream):
    texts[index] = stream.read()


def write_cases(folder, cases, first=0):
    """Writes the files and returns the case of each path."""
    folder.mkdir(parents=True)
    placed = {}
    for number, case in enumerate(cases, first):
        kind = case.kind.replace(" ", "_")
        path = folder / (case.name or f"{number:04}_{kind}{case.suffix}")
        path.write_bytes(case.data)
        placed[path] = case
    return placed


def run_batch(folder, cases, tally, first=0):
    """Runs one folder of files through the command and adds what was found to the tally."""
    placed = write_cases(folder / "in", cases, first)
    before = _state(folder / "in")
    words = (folder / "in", "-o", folder / "out", "--force", "--jobs", "1")
    finished = run(*words, "--report", folder / "r.json")
    tally.add(finished)
    tally.files += len(cases)
    where = f"batch from {first}"
    tally.faults += [f"{where}: {fault}" for fault in command_faults(finished)]
    if _state(folder / "in") != before:
        tally.faults.append(f"{where}: the photographs were changed")
    try:
        photos = json.loads((folder / "r.json").read_text())["photos"]
    except (OSError, ValueError) as error:
        tally.faults.append(f"{where}: no report ({error})")
        return
    entries = {Path(entry["source"]): entry for entry in photos}
    for path, case in placed.items():
        fault = _entry_fault(entries.get(path), case, tally)
        if fault:
            tally.faults.append(f"{path.name!r}: {fault}")
    tally.faults += [f"{where}: {name} is left in OUT" for name in _left_over(folder, photos)]
    known = sum(entry["seconds"] or 0 for entry in photos)
    tally.unexplained_s = max(tally.unexplained_s, finished.seconds - known)


def command_faults(finished):
    """Yields what is wrong with the end of a command, whatever its files were."""
    if finished.code not in (0, 2):
        yield f"exit code {finished.code} after {finished.seconds:.0f} s: {finished.err[-300:]}"
    if "Traceback" in finished.out + finished.err:
        yield f"traceback: {finished.err[-600:]}"
    lines = finished.err.splitlines()
    expected = 1 if finished.code == 2 else 0
    if len(lines) != expected or not all(line.startswith("deepflash: ") for line in lines):
        yield f"{len(lines)} lines of error for exit code {finished.code}: {lines[:3]}"
    if finished.peak_bytes > MEMORY_BYTES:
        yield f"{finished.peak_bytes / 1e9:.1f} GB"


def _state(folder):
    return {
        path: (hashlib.sha256(path.read_bytes()).digest(), path.stat().st_mtime_ns)
        for path in folder.iterdir()
    }


def _left_over(folder, photos):
    results = {Path(entry["result"]) for entry in photos if entry["result"]}
    found = {path for path in (folder / "out").rglob("*") if path.is_file()}
    return [path.name for path in found - results if path.name != JOURNAL]


def _entry_fault(entry, case, tally):
    """Returns what is wrong with what the report says of a file, or None."""
    if entry is None:
        return "not in the report"
    tally.statuses[case.kind, entry["status"]] += 1
    if entry["status"] == "failed":
        return _refusal_fault(entry["error"], case, tally)
    if case.expected == "refused":
        return f"{entry['status']}, should be refused"
    tally.slowest_s = max(tally.slowest_s, entry["seconds"])
    if entry["seconds"] > HANG_S:
        return f"took {entry['seconds']} s"
    size = entry["width"], entry["height"]
    if case.size is not None and size != case.size:
        return f"{size} pixels, should be {case.size}"
    if entry["status"] == "enhanced":
        return result_fault(Path(entry["result"]), size)
    reason = entry["verdict"]["reason"]
    return None if reason and len(reason.splitlines()) == 1 else f"reason {reason!r}"


def _refusal_fault(error, case, tally):
    tally.reasons[_kind_of(error)] += 1
    if case.expected == "picture":
        return f"refused: {error}"
    if not error or len(error.splitlines()) != 1 or "please report" in error:
        return f"no clear line: {error!r}"
    return None


def _kind_of(error):
    """Returns the part of a message that does not depend on the file."""
    known = (
        "damaged or cut", "not a picture", "megapixels", "0 bytes", "animated", "LibRaw", "memory",
        "its tags hold", "pixels; copy", "-bit values", "scans", "packed BMP",
    )  # fmt: skip
    return next((part for part in known if part in error), error[-60:])


def result_fault(path, size):
    """Returns why a result is no picture of that size, or None."""
    try:
        # Of the metadata, which may be the damaged ones of the photograph.
        with warnings.catch_warnings(action="ignore"), Image.open(path) as image:
            image.load()
            found = image.size
    except OSError:
        # Pillow does not know 16-bit RGB in TIFF.
        values = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
        if values is None:
            return "the result cannot be opened"
        found = values.shape[1::-1]
    return None if tuple(found) == tuple(size) else f"the result has {found}, not {size}"
