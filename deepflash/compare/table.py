"""Several runs on the same pictures: means, paired differences, and what to be wary of."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from tqdm import tqdm

from deepflash.compare.bootstrap import Interval, paired_interval
from deepflash.runs import Evaluation, PictureRow, Run

DOING_NOTHING = "doing nothing"

_INPUT = "input_"
_ORDER = ("ssim", "psnr", "delta_e", "ssim_affine", "psnr_affine", "ssim_lowfreq")
_LOWER_IS_BETTER = frozenset({"delta_e"})
_TWO_DIGITS = frozenset({"psnr", "psnr_affine", "delta_e"})


@dataclass(frozen=True)
class Cell:
    """One figure of one line of the table."""

    mean: float
    """Over all pictures of the line; NaN when it was never measured."""
    interval: Interval | None
    """Of the paired difference to the reference; None where nothing can be paired."""
    verdict: Literal["better", "worse", ""]
    """Against the reference; empty unless the interval excludes zero."""


@dataclass(frozen=True)
class Line:
    """One line of the table: a run, or the flash photographs as they are."""

    label: str
    run: Run | None
    evaluation: Evaluation
    is_reference: bool
    is_paired: bool
    """Whether it was measured on the pictures of the reference."""
    cells: dict[str, Cell]

    @property
    def minutes(self) -> float:
        """Training time in minutes; NaN while unknown."""
        seconds = self.run.info.get("seconds") if self.run else None
        return math.nan if seconds is None else seconds / 60

    @property
    def parameters(self) -> float:
        """Number of trainable values of the network; NaN when unknown."""
        count = self.run.info.get("parameters") if self.run else None
        return math.nan if count is None else float(count)

    @property
    def images_per_s(self) -> float:
        """Median training speed; NaN when it was not logged."""
        curve = self.run.metrics.get("train/images_per_s") if self.run else None
        return math.nan if curve is None else float(np.median(curve.values))


@dataclass(frozen=True)
class Comparison:
    """Everything that the page, the files and the terminal show. The first run is the reference."""

    runs: Sequence[Run]
    evaluations: Sequence[Evaluation]
    """One a run, in the same order."""
    seed: int
    resamples: int

    @cached_property
    def labels(self) -> list[str]:
        """`name/version` of each run; the folder instead where two share that."""
        labels = [run.label for run in self.runs]
        folders = [str(run.folder) for run in self.runs]
        return [
            label if labels.count(label) == 1 else folder
            for label, folder in zip(labels, folders, strict=True)
        ]

    @cached_property
    def figures(self) -> list[str]:
        """Names of the figures of all runs: the whole picture first, then each mask."""
        names = {name for e in self.evaluations for row in e.rows for name in row.figures}
        return sorted((n for n in names if not n.startswith(_INPUT)), key=_place)

    @cached_property
    def lines(self) -> list[Line]:
        """The table: one line a run, then `doing nothing` where the reference measured it."""
        with tqdm(total=len(self.runs), desc="intervals", disable=None) as progress:
            lines = []
            for index in range(len(self.runs)):
                lines.append(self._line(index, ""))
                progress.update()
        idle = self._line(0, _INPUT)
        has_idle = any(not math.isnan(cell.mean) for cell in idle.cells.values())
        return [*lines, idle] if has_idle else lines

    def _line(self, index: int, prefix: str) -> Line:
        evaluation = self.evaluations[index]
        is_paired = same_pictures(self.evaluations[0], evaluation)
        is_reference = index == 0 and not prefix
        columns = {figure: prefix + figure for figure in self.figures}
        cells = {
            figure: self._cell(evaluation, figure, column, has_interval=is_paired)
            for figure, column in columns.items()
        }
        if is_reference:
            cells = {figure: Cell(cell.mean, None, "") for figure, cell in cells.items()}
        return Line(
            label=DOING_NOTHING if prefix else self.labels[index],
            run=None if prefix else self.runs[index],
            evaluation=evaluation,
            is_reference=is_reference,
            is_paired=is_paired,
            cells=cells,
        )

    def _cell(
        self, evaluation: Evaluation, figure: str, column: str, *, has_interval: bool
    ) -> Cell:
        values = np.array([row.figures.get(column, math.nan) for row in evaluation.rows])
        # Two equal pictures have an infinite PSNR, which no mean survives.
        measured = values[np.isfinite(values)]
        mean = float(measured.mean()) if len(measured) else math.nan
        if not has_interval:
            return Cell(mean, None, "")
        differences, subjects = _paired(self.evaluations[0].rows, evaluation.rows, figure, column)
        if not len(differences):
            return Cell(mean, None, "")
        # The same state for every cell: equal rows get equal intervals, whatever stands around.
        generator = np.random.default_rng(self.seed)
        interval = paired_interval(
            differences, subjects, generator=generator, resamples=self.resamples
        )
        return Cell(mean, interval, _verdict(interval, figure))


def _place(figure: str) -> tuple[str, int, str]:
    base, _, region = figure.partition("@")
    return region, _ORDER.index(base) if base in _ORDER else len(_ORDER), base


def _paired(
    reference: Sequence[PictureRow], rows: Sequence[PictureRow], figure: str, column: str
) -> tuple[np.ndarray, list[str]]:
    """Returns `column` minus the reference's `figure` on every picture that both measured."""
    before = {row.pair_id: row.figures.get(figure, math.nan) for row in reference}
    differences = [
        (row.figures.get(column, math.nan) - before.get(row.pair_id, math.nan), row.subject_id)
        for row in rows
    ]
    kept = [(value, subject) for value, subject in differences if math.isfinite(value)]
    return np.array([value for value, _ in kept], np.float64), [subject for _, subject in kept]


def _verdict(interval: Interval, figure: str) -> Literal["better", "worse", ""]:
    if not interval.excludes_zero:
        return ""
    return "better" if (interval.difference > 0) != is_lower_better(figure) else "worse"


def is_lower_better(figure: str) -> bool:
    """Whether a smaller value is the better one; the mask behind `@` does not matter."""
    return figure.partition("@")[0] in _LOWER_IS_BETTER


def gain(row: PictureRow, figure: str) -> float:
    """Returns by how much the result beats the flash photograph: positive is better.

    NaN when either was not measured.
    """
    after, before = row.figures.get(figure), row.figures.get(_INPUT + figure)
    if after is None or before is None:
        return math.nan
    return before - after if is_lower_better(figure) else after - before


def format_figure(figure: str, value: float, *, sign: bool = False) -> str:
    """Returns a value with the digits that its figure deserves; a hyphen for NaN."""
    if math.isnan(value):
        return "-"
    digits = 2 if figure.partition("@")[0] in _TWO_DIGITS else 4
    # Adding zero turns the -0.0 that rounding leaves into 0.0.
    return f"{round(value, digits) + 0.0:{'+' if sign else ''}.{digits}f}"


def same_pictures(first: Evaluation, second: Evaluation) -> bool:
    """Whether rows of both may be paired: same dataset content, same split, same size."""
    return all(
        first.summary[key] == second.summary[key] for key in ("fingerprint", "split", "size")
    )
