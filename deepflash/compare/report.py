"""A comparison as text: `table.csv`, `summary.json`, and lines for the terminal."""

import csv
import io
import json
import math

from deepflash.compare.notices import notices
from deepflash.compare.table import Cell, Comparison, Line, format_figure


def csv_table(comparison: Comparison) -> str:
    """Returns one line a run: each figure's mean, difference, interval and verdict.

    Empty cells: nothing was measured, or nothing can be paired with the reference.
    """
    rows = [_csv_row(line) for line in comparison.lines]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _csv_row(line: Line) -> dict[str, object]:
    row: dict[str, object] = {"run": line.label}
    for figure, cell in line.cells.items():
        interval = cell.interval
        row[figure] = _finite(cell.mean)
        row[f"{figure}_difference"] = interval and interval.difference
        row[f"{figure}_low"] = interval and _finite(interval.low)
        row[f"{figure}_high"] = interval and _finite(interval.high)
        row[f"{figure}_verdict"] = cell.verdict
    extra = {
        "parameters": line.parameters,
        "minutes": line.minutes,
        "images_per_s": line.images_per_s,
    }
    return row | {name: _finite(value) for name, value in extra.items()}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def summary(comparison: Comparison) -> str:
    """Returns everything but the pictures as JSON; NaN becomes null."""
    evaluation = comparison.evaluations[0].summary
    keys = ("pairs", "split", "size", "fingerprint")
    content = {
        "reference": comparison.labels[0],
        "evaluation": {key: evaluation[key] for key in keys},
        "method": {
            "interval": "expanded percentile bootstrap over subjects",
            "level": 0.95,
            "resamples": comparison.resamples,
            "seed": comparison.seed,
        },
        "notices": notices(comparison),
        "lines": [_json_line(line) for line in comparison.lines],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _json_line(line: Line) -> dict[str, object]:
    return {
        "label": line.label,
        "folder": str(line.run.folder) if line.run else None,
        "finished": line.run.is_finished if line.run else None,
        "same_pictures": line.is_paired,
        "parameters": _finite(line.parameters),
        "minutes": _finite(line.minutes),
        "images_per_s": _finite(line.images_per_s),
        "figures": {figure: _json_cell(cell) for figure, cell in line.cells.items()},
    }


def _json_cell(cell: Cell) -> dict[str, object]:
    content: dict[str, object] = {"mean": _finite(cell.mean)}
    if cell.interval is not None:
        content |= {
            "difference": cell.interval.difference,
            "low": _finite(cell.interval.low),
            "high": _finite(cell.interval.high),
            "pictures": cell.interval.pictures,
            "subjects": cell.interval.subjects,
            "verdict": cell.verdict,
        }
    return content


def text_table(comparison: Comparison) -> str:
    """Returns the figures of the whole picture in aligned columns, then the notices."""
    figures = [figure for figure in comparison.figures if "@" not in figure]
    rows = [["run", *figures]]
    rows += [
        [line.label, *(_text_cell(figure, line.cells[figure]) for figure in figures)]
        for line in comparison.lines
    ]
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    if len(comparison.lines) > 1:
        lines.append("")
        lines.append(
            f"+ -  difference to {comparison.labels[0]};  *  its 95 % interval excludes zero"
        )
    lines += [f"note: {sentence}" for sentence in notices(comparison)]
    return "\n".join(lines) + "\n"


def _text_cell(figure: str, cell: Cell) -> str:
    text = format_figure(figure, cell.mean)
    if cell.interval is None:
        return text
    mark = "*" if cell.verdict else ""
    return f"{text} {format_figure(figure, cell.interval.difference, sign=True)}{mark}"
