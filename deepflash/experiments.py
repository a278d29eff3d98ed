"""Experiments by name: `--exp loss/mse` means `experiments/baseline.yaml`, then its overlay.

experiments/baseline.yaml         states every choice
experiments/quickstart.yaml       likewise, for two CPU cores
experiments/<family>/<name>.yaml  an overlay: only the keys in which it differs
"""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import yaml

from deepflash.errors import UsageError

FOLDER = Path("experiments")
RUNS = Path("runs")
BASELINE = "baseline"


def path_of(experiment: str, folder: Path = FOLDER) -> Path:
    """Returns the YAML of an experiment. Raises UsageError that lists what there is."""
    path = folder / f"{experiment}.yaml"
    if not path.is_file():
        known = sorted(str(p.relative_to(folder).with_suffix("")) for p in folder.rglob("*.yaml"))
        raise UsageError(
            f"no experiment {experiment!r} ({path} is missing); there are: "
            f"{', '.join(known) or 'none, run this in the project folder'}"
        )
    return path


def family_members(family: str, folder: Path = FOLDER) -> list[str]:
    """Returns the experiments of a family, `family/name`. Raises UsageError if there are none."""
    members = sorted(f"{family}/{p.stem}" for p in (folder / family).glob("*.yaml"))
    if not members:
        families = sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
        raise UsageError(f"no family {family!r} in {folder}; there are: {', '.join(families)}")
    return members


def run_name(experiment: str, base: str = BASELINE) -> str:
    """Returns the name of the run folder: `loss/mse` on the quickstart is `quickstart-loss-mse`."""
    name = experiment.replace("/", "-")
    return name if base in (BASELINE, experiment) or "/" not in experiment else f"{base}-{name}"


def arguments_of(experiment: str, base: str = BASELINE, folder: Path = FOLDER) -> list[str]:
    """Returns the trainer's arguments for an experiment.

    Args:
        experiment: `baseline`, `quickstart`, or `family/name`, an overlay.
        base: the experiment under an overlay.
        folder: where the YAML files are.

    Raises:
        UsageError: one of the files is missing.
    """
    path = path_of(experiment, folder)
    arguments = ["--config", str(path)]
    group = "single"
    if "/" in experiment:
        arguments = ["--config", str(path_of(base, folder)), *arguments]
        group = experiment.split("/")[0]
    return [*arguments, "--run.name", run_name(experiment, base), "--run.group", group]


def versions(name: str, root: Path = RUNS) -> list[int]:
    """Returns the numbers of the runs of that name, ascending."""
    folder = root / name
    found = [int(p.name) for p in folder.iterdir() if p.name.isdigit()] if folder.is_dir() else []
    return sorted(found)


def resume_arguments(run: Path, *, more: bool) -> list[str]:
    """Returns the trainer's arguments that continue a run from its last checkpoint.

    Args:
        run: its folder.
        more: whether further arguments follow, which may ask for more epochs.

    Raises:
        UsageError: the folder holds no resumable run, or a finished one and no `more`.
    """
    config, last = run / "config.yaml", run / "checkpoints" / "last.ckpt"
    for path in (config, last, run / "run.json"):
        if not path.is_file():
            raise UsageError(f"cannot resume {run}: {path} is missing; start it anew")
    finished = json.loads((run / "run.json").read_text()).get("finished")
    if finished and not more:
        raise UsageError(
            f"{run} is finished since {finished}; to go further, add --trainer.max_epochs N"
        )
    return [
        "--config",
        str(config),
        "--run.root",
        str(run.parent.parent),
        "--run.name",
        run.parent.name,
        "--run.version",
        run.name,
        "--run.resume",
        "true",
        "--ckpt_path",
        str(last),
    ]


def check_yaml(arguments: Sequence[str]) -> None:
    """Reads each `--config` file, so that an error names the file and the line.

    Raises:
        UsageError: a file is missing, or is no YAML.
    """
    for flag, value in itertools.pairwise(arguments):
        if flag not in ("--config", "-c"):
            continue
        try:
            yaml.safe_load(Path(value).read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"cannot read the experiment {value}: {error.strerror}") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            mark = getattr(error, "problem_mark", None)
            line = f" in line {mark.line + 1}" if mark else ""
            problem = getattr(error, "problem", None) or "not text"
            raise UsageError(f"{value} is no valid YAML{line}: {problem}") from error


def _take(arguments: list[str], flag: str) -> str | None:
    """Removes `--flag value` or `--flag=value` and returns the value."""
    for i, word in enumerate(arguments):
        if word == flag:
            if i + 1 == len(arguments) or arguments[i + 1].startswith("--"):
                raise UsageError(f"{flag} needs a value")
            value = arguments[i + 1]
            del arguments[i : i + 2]
            return value
        if word.startswith(f"{flag}="):
            del arguments[i]
            return word.split("=", 1)[1]
    return None


def expand(argv: Sequence[str], folder: Path = FOLDER) -> list[str]:
    """Replaces the short forms in a trainer command by what they stand for.

    `fit --exp NAME [--base NAME]` by the YAML files and the run's name; `fit --resume RUN` by
    the run's configuration and last checkpoint; `validate|test|predict --in RUN` by its
    configuration and best checkpoint. Everything else follows and so overrides.

    Raises:
        UsageError: a name or folder that does not exist.
    """
    verb, rest = argv[0], list(argv[1:])
    experiment, base = _take(rest, "--exp"), _take(rest, "--base") or BASELINE
    resumed, inside = _take(rest, "--resume"), _take(rest, "--in")
    if resumed:
        return [verb, *resume_arguments(Path(resumed), more=bool(rest)), *rest]
    if inside:
        run = Path(inside)
        best = run / "checkpoints" / "best.ckpt"
        if not best.is_file():
            raise UsageError(f"{run} has no checkpoints/best.ckpt; is it a finished run?")
        return [verb, "--config", str(run / "config.yaml"), "--ckpt_path", str(best), *rest]
    if experiment:
        return [verb, *arguments_of(experiment, base, folder), *rest]
    asks = {"--help", "-h", "--config", "-c", "--print_config"}
    if not any(word.split("=")[0] in asks for word in rest):
        known = "--exp quickstart" if verb == "fit" else "--in runs/quickstart/1"
        raise UsageError(f"{verb} needs an experiment: deepflash {verb} {known}, or --config FILE")
    return [verb, *rest]
