"""What enhancing a photograph costs: against decoding and encoding it, in memory, for folders.

Photographs are starter people enlarged to 12 megapixels with grain, so that JPEG has what a camera
gives it. Each process is measured from outside, as a user waits for it.
"""

import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks.timing import report, take_turns
from deepflash.pairs.manifest import read_manifest
from deepflash.pairs.starter import dataset_root

_WIDTH, _HEIGHT = 3000, 4000
_QUALITY = 92
_FOLDER = 8


def photograph(number: int, width: int = _WIDTH, height: int = _HEIGHT) -> bytes:
    """Returns a JPEG of a rendered person with the noise of a small sensor."""
    root = dataset_root("starter")
    records = read_manifest(root)
    small = cv2.imread(str(root / records[number % len(records)].flash), cv2.IMREAD_COLOR_RGB)
    assert small is not None
    cut = small[:, 32:224]  # 3 : 4
    large = cv2.resize(cut, (width, height), interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(number).normal(0, 4, (height // 4, width // 4, 3))
    tiled = np.tile(grain.astype(np.int16), (5, 5, 1))[:height, :width]
    noisy = np.clip(large + tiled, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noisy).save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def file_to_file(folder: Path) -> None:
    """Prints enhancing one file against decoding and encoding it, networks loaded."""
    from deepflash.enhance.enhancer import Enhancer

    source, result, plain = folder / "p.jpg", folder / "r.jpg", folder / "plain.jpg"
    source.write_bytes(photograph(0))
    enhancer = Enhancer()

    def copied() -> None:
        with Image.open(source) as image:
            image.save(plain, "JPEG", quality=_QUALITY)

    ratio = take_turns(lambda: enhancer.enhance_file(source, result, force=True), copied, turns=7)
    report("enhance 12 MP / decode and encode it", ratio, goal="goal 4")


def _peak_mb(words: list[str]) -> tuple[float, float]:
    """Returns the peak memory of a process in MB and its seconds.

    Looked up while it runs: what the kernel says afterwards counts the memory of this process,
    which it was forked from.
    """
    started, peak = time.perf_counter(), 0
    process = subprocess.Popen([sys.executable, "-m", *words], stdout=subprocess.DEVNULL)
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
        peak = max(peak, *(int(value) for value in found), 0)
        time.sleep(0.005)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}")
    return peak / 1024, seconds


def one_process(folder: Path) -> None:
    """Prints memory and seconds of the command for one photograph."""
    for name, width, height in (("12 MP", _WIDTH, _HEIGHT), ("1 MP", 900, 1200)):
        source = folder / f"{name[:2].strip()}.jpg"
        source.write_bytes(photograph(1, width, height))
        words = ["deepflash", "enhance", str(source), "-o", str(folder / "out"), "--force"]
        peak, seconds = _peak_mb([*words, "--overwrite"])
        print(f"{'deepflash enhance, ' + name:44} peak {peak:6.0f} MB (goal 700), {seconds:.2f} s")


def a_folder(folder: Path) -> None:
    """Prints photographs a minute."""
    photographs = folder / "photographs"
    photographs.mkdir()
    for number in range(_FOLDER):
        (photographs / f"{number}.jpg").write_bytes(photograph(number))
    for jobs in (1, 2):
        out = folder / f"jobs{jobs}"
        words = ["deepflash", "enhance", str(photographs), "-o", str(out), "--force"]
        _, seconds = _peak_mb([*words, "--jobs", str(jobs)])
        name = f"folder of {_FOLDER}, 12 MP, {jobs} jobs"
        print(f"{name:44} {_FOLDER / seconds * 60:6.1f} a minute")


def main() -> None:
    """Prints one line for each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file_to_file(folder)
        one_process(folder)
        a_folder(folder)


if __name__ == "__main__":
    main()
