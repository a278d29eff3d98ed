"""Reading what a training left behind: `runs/<name>/<version>/`, never writing to it.

    config.yaml    every choice, resolved          metrics.csv   one line per logged event
    run.json       who, on what, how long          checkpoints/  best.ckpt, last.ckpt
    eval/<pairs>-<split>/   rows.csv, summary.json, pictures/, sheet.jpg

Files are read when asked for, so listing many runs is quick.
"""

import csv
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from jaxtyping import Float64

from deepflash.errors import DatasetError

INFO = "run.json"
SUMMARY = "summary.json"
ROWS = "rows.csv"
IDENTITY = ("pair_id", "subject_id", "split")

# runs/<name>/<version> is two levels below `runs`; one more allows a folder of such folders.
_SEARCH_DEPTH = 3


@dataclass(frozen=True)
class Curve:
    """One logged figure over the training; only the moments at which it was logged."""

    epochs: Float64[np.ndarray, " n"]
    steps: Float64[np.ndarray, " n"]
    values: Float64[np.ndarray, " n"]


@dataclass(frozen=True)
class PictureRow:
    """The figures of one evaluated pair."""

    pair_id: str
    subject_id: str
    split: str
    figures: dict[str, float]
    """By name, for example `psnr`, `psnr@skin`, `input_psnr`; NaN where the cell was empty."""


@dataclass(frozen=True)
class Evaluation:
    """One folder `eval/<pairs name>-<split>/` of a run."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder's name: `<pairs name>-<split>`."""
        return self.folder.name

    @cached_property
    def summary(self) -> dict[str, Any]:
        """`summary.json`: pairs, split, size (px), fingerprint, model, mean figures.

        Raises:
            DatasetError: the file is damaged or lacks one of the keys.
        """
        summary = _read_json(self.folder / SUMMARY)
        lacking = {"pairs", "split", "size", "fingerprint"} - set(summary)
        if lacking:
            raise DatasetError(
                f"{self.folder / SUMMARY} lacks {', '.join(sorted(lacking))}; remove "
                f"{self.folder} and run `deepflash evaluate` again"
            )
        return summary

    @cached_property
    def rows(self) -> list[PictureRow]:
        """`rows.csv`, in its order.

        Raises:
            DatasetError: a column is missing, a cell is no number, a pair is listed twice, or
                there is no row.
        """
        path = self.folder / ROWS
        rows = [_picture_row(path, number, cells) for number, cells in _csv_lines(path)]
        if not rows:
            raise DatasetError(f"{path} lists no pictures; run `deepflash evaluate` again")
        if len({row.pair_id for row in rows}) < len(rows):
            raise DatasetError(f"{path} lists a pair twice; run `deepflash evaluate` again")
        return rows

    def picture(self, pair_id: str, kind: str) -> Path:
        """Returns where a picture would lie; `kind` is flash, result or studio."""
        return self.folder / "pictures" / f"{pair_id}_{kind}.jpg"


@dataclass(frozen=True)
class Run:
    """One training: a folder that holds `run.json`."""

    folder: Path

    @cached_property
    def info(self) -> dict[str, Any]:
        """`run.json`. Raises DatasetError when damaged or without a name and a version."""
        info = _read_json(self.folder / INFO)
        if not {"name", "version"} <= set(info):
            raise DatasetError(f"{self.folder / INFO} lacks a name or a version; is it a run?")
        return info

    @property
    def label(self) -> str:
        """`name/version`, as in the folder's path."""
        return f"{self.info['name']}/{self.info['version']}"

    @property
    def is_finished(self) -> bool:
        """Whether training ended by itself; figures of an unfinished run may still move."""
        return self.info.get("finished") is not None

    @cached_property
    def config(self) -> dict[str, Any]:
        """`config.yaml`, nested. Raises DatasetError when it is missing or damaged."""
        path = self.folder / "config.yaml"
        try:
            config = yaml.safe_load(_read_text(path))
        except yaml.YAMLError as error:
            raise DatasetError(f"{path} is damaged; it is no longer YAML") from error
        if not isinstance(config, dict):
            raise DatasetError(f"{path} is damaged; it holds no configuration")
        return config

    @cached_property
    def metrics(self) -> dict[str, Curve]:
        """The curves of `metrics.csv` by name; none when nothing was logged yet.

        A last line cut short by a crash is kept as far as it goes. Raises DatasetError when a
        cell is no number.
        """
        path = self.folder / "metrics.csv"
        if not path.is_file():
            return {}
        points: dict[str, list[tuple[float, float, float]]] = {}
        for number, cells in _csv_lines(path):
            numbers = {key: _number(path, number, cell) for key, cell in cells.items()}
            moment = numbers.pop("epoch", math.nan), numbers.pop("step", math.nan)
            for key, value in numbers.items():
                if not math.isnan(value):
                    points.setdefault(key, []).append((*moment, value))
        columns = {key: np.array(listed, np.float64).T for key, listed in points.items()}
        return {key: Curve(*column) for key, column in columns.items()}

    @cached_property
    def evaluations(self) -> dict[str, Evaluation]:
        """The finished evaluations by folder name; an interrupted one has no summary yet."""
        found = sorted((self.folder / "eval").glob(f"*/{SUMMARY}"))
        return {path.parent.name: Evaluation(path.parent) for path in found}

    @property
    def checkpoint(self) -> Path:
        """The best checkpoint, else the last. Raises DatasetError when there is none."""
        for name in ("best.ckpt", "last.ckpt"):
            path = self.folder / "checkpoints" / name
            if path.is_file():
                return path
        raise DatasetError(
            f"run {self.folder} has no checkpoint yet; let `deepflash fit` finish an epoch"
        )


def find_runs(paths: Iterable[Path]) -> list[Run]:
    """Returns the runs that the paths name, in their order, each once.

    Args:
        paths: each a run (`runs/baseline/2`), the versions of one (`runs/baseline`: the newest
            is taken) or a folder of these (`runs`: the newest of each, by name).

    Raises:
        DatasetError: a path does not exist, or is no run and holds none.
    """
    found: dict[Path, Run] = {}
    for path in paths:
        if not path.is_dir():
            raise DatasetError(f"no run at {path}: no such folder; `deepflash fit` makes one")
        runs = [Run(folder) for folder in _run_folders(path, _SEARCH_DEPTH)]
        if not runs:
            raise DatasetError(
                f"{path} is no run and holds none (a run holds {INFO}); name a folder such as "
                "runs/NAME or runs/NAME/1"
            )
        found |= {run.folder.resolve(): run for run in runs}
    return list(found.values())


def _run_folders(path: Path, depth: int) -> list[Path]:
    if (path / INFO).is_file():
        return [path]
    if depth == 0:
        return []
    children = sorted(child for child in path.iterdir() if child.is_dir())
    versions = [c for c in children if c.name.isdecimal() and (c / INFO).is_file()]
    if versions:
        return [max(versions, key=lambda child: int(child.name))]
    return [folder for child in children for folder in _run_folders(child, depth - 1)]


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise DatasetError(f"cannot read {path}: {reason}; is {path.parent} complete?") from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(_read_text(path))
    except ValueError as error:
        raise DatasetError(f"{path} is damaged; it is no longer JSON") from error
    if not isinstance(content, dict):
        raise DatasetError(f"{path} is damaged; it holds no named values")
    return content


def _csv_lines(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields line numbers and cells by column; cells that a line lacks are left out."""
    lines = csv.reader(_read_text(path).splitlines())
    header = next(lines, [])
    for cells in lines:
        if cells:
            yield lines.line_num, dict(zip(header, cells, strict=False))


def _number(path: Path, line: int, cell: str) -> float:
    try:
        return float(cell) if cell.strip() else math.nan
    except ValueError as error:
        raise DatasetError(f"{path} line {line}: {cell!r} is no number") from error


def _picture_row(path: Path, line: int, cells: dict[str, str]) -> PictureRow:
    if not set(IDENTITY) <= set(cells):
        raise DatasetError(
            f"{path} line {line} lacks one of {', '.join(IDENTITY)}; run `deepflash evaluate` again"
        )
    figures = {k: _number(path, line, v) for k, v in cells.items() if k not in IDENTITY}
    pair_id, subject_id, split = (cells[key] for key in IDENTITY)
    return PictureRow(pair_id, subject_id, split, figures)
