"""How long the command line takes to answer, against a Python that does nothing."""

import subprocess
import sys

from benchmarks.timing import report, take_turns


def main(*, turns: int = 9) -> None:
    """Prints the ratio and the seconds of `deepflash --help`."""

    def python(*words: str) -> None:
        subprocess.run([sys.executable, *words], check=True, capture_output=True)

    ratio = take_turns(
        lambda: python("-m", "deepflash", "--help"), lambda: python("-c", "pass"), turns=turns
    )
    report("deepflash --help / python -c pass", ratio, goal="goal < 500 ms")
