"""`deepflash compare`: several runs on the same pictures -> one page, a table and a summary."""

import re
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from jsonargparse import Namespace

from deepflash.arguments import new_parser, parse
from deepflash.atomic import write_text
from deepflash.compare.bootstrap import RESAMPLES
from deepflash.compare.page import build_page
from deepflash.compare.report import csv_table, summary, text_table
from deepflash.compare.table import Comparison
from deepflash.errors import DatasetError, UsageError
from deepflash.pairs.manifest import MANIFEST
from deepflash.runs import Evaluation, Run, find_runs

PAGE = "index.html"


def main(argv: list[str]) -> None:
    """Compares runs and writes `index.html`, `table.csv` and `summary.json`.

    Raises:
        UsageError: an argument that makes no sense, or several evaluations to choose from.
        DatasetError: a folder is no run, a run has no evaluation, or a file of it is damaged.
        PictureError: a picture of an evaluation is damaged.
        StorageError: the report cannot be written.
    """
    options = _parse(argv)
    runs = find_runs(Path(path) for path in options.runs)
    evaluations = _evaluations(runs, options.pairs, options.split)
    comparison = Comparison(runs, evaluations, options.seed, options.resamples)
    if options.figure not in comparison.figures:
        raise UsageError(
            f"no run measured {options.figure!r}; --figure can be one of "
            f"{', '.join(comparison.figures)}"
        )
    page = build_page(
        comparison, figure=options.figure, pictures=options.pictures, today=date.today()
    )
    output = Path(options.output or f"reports/{_report_name(runs)}")
    write_text(output / "table.csv", csv_table(comparison))
    write_text(output / "summary.json", summary(comparison))
    write_text(output / PAGE, page)
    sys.stdout.write(f"{text_table(comparison)}\n{output / PAGE}\n")


def _parse(argv: Sequence[str]) -> Namespace:
    parser = new_parser("compare", "Several runs on the same pictures -> one page.")
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="runs/NAME/VERSION, runs/NAME (the newest) or runs"
    )
    parser.add_argument("-o", "--output", help="folder of the report; default: reports/ + names")
    parser.add_argument("--pairs", help="pair dataset; runs not evaluated on it are, first")
    parser.add_argument("--split", default="test", choices=["train", "val", "test", "all"])
    parser.add_argument("--figure", default="ssim", help="by which pictures are worst or best")
    parser.add_argument("--pictures", type=int, default=12, help="pairs shown at most")
    parser.add_argument("--resamples", type=int, default=RESAMPLES, help="of the bootstrap")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    options = parse(parser, argv)
    for name, least in (("pictures", 0), ("resamples", 100), ("seed", 0)):
        if getattr(options, name) < least:
            raise UsageError(f"--{name} is {getattr(options, name)}; it must be {least} or more")
    return options


def _report_name(runs: Sequence[Run]) -> str:
    names = list(dict.fromkeys(str(run.info["name"]) for run in runs))
    shown = names if len(names) <= 3 else [names[0], f"and-{len(names) - 1}-more"]
    # A name comes from a file, so it must not climb out of reports/ or hide there.
    return re.sub(r"[^\w.-]+", "_", "-".join(shown)).strip(".") or "comparison"


def _evaluations(runs: list[Run], pairs: str | None, split: str) -> list[Evaluation]:
    """Returns one evaluation a run; runs that lack it are evaluated first where possible.

    That is on `pairs`, or else on the dataset that the run was trained on, if it is there.
    """
    if pairs is not None:
        return [_evaluated(run, Path(pairs), split) for run in runs]
    for run in runs:
        home = (run.info.get("dataset") or {}).get("root")
        if home and (Path(home) / MANIFEST).is_file() and not _names_of_split(run, split):
            _evaluated(run, Path(home), split)
    runs[:] = [Run(run.folder) for run in runs]
    names = [_names_of_split(run, split) for run in runs]
    for run, present in zip(runs, names, strict=True):
        if not present:
            raise DatasetError(
                f"run {run.folder} has no evaluation on {split} pairs; run `deepflash evaluate "
                f"{run.folder} --pairs DIR --split {split}`, or add --pairs DIR here"
            )
    shared = [name for name in names[0] if all(name in present for present in names)]
    shared = [name for name in shared if _is_home(runs[0], name)] or shared
    if len(shared) == 1:
        return [run.evaluations[shared[0]] for run in runs]
    if shared or any(len(present) > 1 for present in names):
        found = sorted({name for present in names for name in present})
        raise UsageError(
            f"the runs have several evaluations ({', '.join(found)}); choose with --pairs DIR"
        )
    return [run.evaluations[present[0]] for run, present in zip(runs, names, strict=True)]


def _names_of_split(run: Run, split: str) -> list[str]:
    return [name for name, found in run.evaluations.items() if found.summary["split"] == split]


def _is_home(run: Run, name: str) -> bool:
    """Whether an evaluation is on the dataset that the run was trained on."""
    root = (run.info.get("dataset") or {}).get("root")
    return root is not None and Path(root) == Path(run.evaluations[name].summary["pairs"])


def _evaluated(run: Run, pairs: Path, split: str) -> Evaluation:
    name = f"{pairs.resolve().name}-{split}"
    if name in run.evaluations:
        return run.evaluations[name]
    # Imported here because it brings torch, which no other path of this verb needs.
    from deepflash import evaluate

    evaluate.main([str(run.folder), "--pairs", str(pairs), "--split", split])
    made = Run(run.folder).evaluations.get(name)
    if made is None:
        raise DatasetError(
            f"`deepflash evaluate {run.folder}` left no {run.folder / 'eval' / name}; run it by "
            "hand and see what it says"
        )
    return made
