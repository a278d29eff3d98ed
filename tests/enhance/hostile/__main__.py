"""`python -m tests.enhance.hostile FOLDER`: all files through the command, and the figures."""

import sys
from collections import Counter
from pathlib import Path

from tests.enhance.hostile.cases import all_cases
from tests.enhance.hostile.runner import Tally, run_batch

BATCH = 100


def run_all(folder, cases, tally, tell=None):
    """Runs the files in batches, and tells how far it is."""
    for first in range(0, len(cases), BATCH):
        run_batch(folder / f"{first:04}", cases[first : first + BATCH], tally, first)
        if tell is not None:
            tell(
                f"{tally.files} files, {len(tally.faults)} faults, slowest {tally.slowest_s:.1f} s"
            )


def describe(tally):
    """Returns the figures as text."""
    totals = Counter()
    for (_, status), count in tally.statuses.items():
        totals[status] += count
    lines = [
        f"{tally.files} files: " + ", ".join(f"{n} {status}" for status, n in totals.items()),
        f"slowest {tally.slowest_s:.1f} s; {tally.peak_bytes / 1e9:.2f} GB; start and refusals "
        f"of a batch {tally.unexplained_s:.1f} s",
    ]
    lines += [f"  {n:5} {kind}: {status}" for (kind, status), n in sorted(tally.statuses.items())]
    lines += [f"  {count:5} refused: {reason}" for reason, count in tally.reasons.most_common()]
    return "\n".join([*lines, f"{len(tally.faults)} faults", *tally.faults])


if __name__ == "__main__":
    totals = Tally()
    run_all(Path(sys.argv[1]), all_cases(), totals, lambda line: print(line, flush=True))
    print(describe(totals))
    sys.exit(bool(totals.faults))
