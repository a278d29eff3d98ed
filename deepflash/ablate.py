"""`deepflash ablate FAMILY`: the base and each overlay of a family, one after the other.

Each run is a process of its own, so that a run that dies takes no other with it. What is
finished is left alone, what was interrupted goes on, and a comparison page ends it.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from deepflash.arguments import new_parser, parse
from deepflash.errors import DeepFlashError, UsageError
from deepflash.experiments import (
    BASELINE,
    FOLDER,
    RUNS,
    arguments_of,
    family_members,
    run_name,
    versions,
)

State = Literal["new", "interrupted", "finished"]


def newest(name: str, root: Path = RUNS) -> Path | None:
    """Returns the folder of the newest run of that name, or None."""
    numbers = versions(name, root)
    return root / name / str(numbers[-1]) if numbers else None


def state_of(run: Path | None) -> State:
    """Returns how far a run came: `interrupted` only if there is a checkpoint to go on from."""
    if run is None or not (run / "run.json").is_file():
        return "new"
    if json.loads((run / "run.json").read_text()).get("finished"):
        return "finished"
    return "interrupted" if (run / "checkpoints" / "last.ckpt").is_file() else "new"


def _deepflash(*words: str) -> None:
    """Runs one deepflash command; raises UsageError that names it if it fails."""
    code = subprocess.run([sys.executable, "-m", "deepflash", *words], check=False).returncode
    if code:
        raise UsageError(
            f"`deepflash {' '.join(words)}` ended with code {code}; the same ablate command goes "
            "on from there"
        )


def train(experiment: str, base: str, extra: Sequence[str], root: Path) -> Path:
    """Trains one experiment unless its newest run is finished; returns the run's folder.

    Raises:
        UsageError: the experiment does not exist, or its training failed.
    """
    arguments_of(experiment, base, FOLDER)
    name = run_name(experiment, base)
    run = newest(name, root)
    state = state_of(run)
    sys.stderr.write(f"ablate: {name}: {state}\n")
    if state == "interrupted":
        _deepflash("fit", "--resume", str(run), *extra)
    elif state == "new":
        _deepflash("fit", "--exp", experiment, "--base", base, "--run.root", str(root), *extra)
    trained = newest(name, root)
    if trained is None:
        raise UsageError(f"{name} left no run in {root}")
    return trained


def ablate(family: str, base: str, extra: Sequence[str], *, root: Path, split: str) -> Path:
    """Trains, evaluates and compares a family; returns the comparison's folder.

    Args:
        family: folder in `experiments/`.
        base: experiment under the overlays, trained first and compared against.
        extra: further arguments for each training, such as `--trainer.max_epochs 5`.
        root: folder of the runs.
        split: on which they are compared.

    Raises:
        UsageError: there is no such family, or one of its commands failed; what is finished
            stays, and the same command goes on.
    """
    experiments = [base, *family_members(family)]
    failed: list[str] = []
    runs: list[Path] = []
    for experiment in experiments:
        try:
            runs.append(train(experiment, base, extra, root))
        except DeepFlashError as error:
            # One overlay without its weights must not cost the night's other runs.
            sys.stderr.write(f"ablate: {error}\n")
            failed.append(experiment)
    if base in failed:
        raise UsageError(f"{base}, which the others are compared with, did not train")
    for run in runs:
        _deepflash("evaluate", str(run), "--split", split)
    report = Path("reports") / (family if base == BASELINE else f"{base}-{family}")
    words = [str(run) for run in runs]
    _deepflash("compare", *words, "--split", split, "-o", str(report))
    if failed:
        raise UsageError(f"compared without {', '.join(failed)}: their training failed, see above")
    return report


def main(argv: Sequence[str]) -> None:
    """Runs `deepflash ablate`. Raises DeepFlashError for whatever the user can act on."""
    own, extra = list(argv), []
    if "--" in own:
        cut = own.index("--")
        own, extra = own[:cut], own[cut + 1 :]
    parser = new_parser(
        "ablate",
        "Train a family of experiments one after the other, then compare them. What is finished "
        "is left alone, what was interrupted goes on. Words behind -- go to each training.",
    )
    parser.add_argument("family", help="folder in experiments/, for example loss or skips")
    parser.add_argument("--base", default=BASELINE, help="experiment under the overlays")
    parser.add_argument("--split", default="test", choices=["train", "val", "test", "all"])
    parser.add_argument("--root", default=str(RUNS), help="folder of the runs")
    args = parse(parser, own)
    ablate(args.family, args.base, extra, root=Path(args.root), split=args.split)
