"""The table of a comparison as HTML: means, differences, and a small drawing of each interval."""

import math
from html import escape

from deepflash.compare.bootstrap import Interval
from deepflash.compare.table import Cell, Comparison, Line, format_figure, is_lower_better

_MEANING = {
    "ssim": "structural similarity of result and studio photograph",
    "ssim_lowfreq": "structural similarity of predicted and true low frequencies, the figure of "
    "the paper; it does not see what the filter removed",
    "ssim_affine": "ssim after the best gain and offset per channel: exposure and white balance "
    "do not count",
    "psnr": "peak signal-to-noise ratio of result and studio photograph, in dB",
    "psnr_affine": "psnr after the best gain and offset per channel, in dB",
    "delta_e": "mean CIEDE2000 colour difference of result and studio photograph; less is better",
}

_BAR_WIDTH, _BAR_HEIGHT = 96, 12


def score_table(comparison: Comparison) -> str:
    """Returns the table; a cell's `data-value` is what sorting goes by."""
    figures = comparison.figures
    extents = {figure: _extent(comparison, figure) for figure in figures}
    head = "".join(_figure_head(figure) for figure in figures)
    head += "".join(_head(name) for name in ("parameters", "minutes", "images/s"))
    body = "".join(
        _line(line, index, extents=extents) for index, line in enumerate(comparison.lines)
    )
    return (
        f'<div class="scroll"><table class="scores"><thead><tr>{_head("run")}{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def glossary(figures: list[str]) -> str:
    """Returns what each figure of the table means, as the items of a list of definitions."""
    bases = dict.fromkeys(figure.partition("@")[0] for figure in figures)
    items = [(base, _MEANING[base]) for base in bases if base in _MEANING]
    regions = dict.fromkeys(figure.partition("@")[2] for figure in figures if "@" in figure)
    items += [(f"@{region}", f"the same inside the {region} mask") for region in regions]
    return "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in items)


def breakable(text: str) -> str:
    """Escapes, and lets a narrow screen break names and paths behind their separators."""
    return escape(text).replace(".", ".<wbr>").replace("/", "/<wbr>").replace("_", "_<wbr>")


def _head(name: str, *, region: str | None = None, note: str = "") -> str:
    where = "" if region is None else f' data-region="{escape(region)}"'
    return (
        f'<th scope="col" aria-sort="none"{where}><button type="button">{escape(name)}'
        f'<span class="arrow" aria-hidden="true"></span></button>{note}</th>'
    )


def _figure_head(figure: str) -> str:
    note = '<small class="quiet">less is better</small>' if is_lower_better(figure) else ""
    return _head(figure, region=figure.partition("@")[2], note=note)


def _extent(comparison: Comparison, figure: str) -> float:
    """Returns the largest distance from zero that an interval of a run reaches."""
    cells = [line.cells[figure] for line in comparison.lines if line.run is not None]
    ends = [
        abs(end)
        for cell in cells
        if cell.interval is not None and not math.isnan(cell.interval.low)
        for end in (cell.interval.low, cell.interval.high)
    ]
    return max(ends, default=0.0)


def _line(line: Line, index: int, *, extents: dict[str, float]) -> str:
    badges = ['<span class="badge">reference</span>'] if line.is_reference else []
    if line.run is not None and not line.run.is_finished:
        badges.append('<span class="badge warn">unfinished</span>')
    if not line.is_paired:
        badges.append('<span class="badge warn">other pictures</span>')
    swatch = f'<i class="swatch" data-color="{index}"></i>' if line.run else ""
    cells = "".join(
        _figure_cell(figure, cell, extent=extents[figure] if line.run else 0.0)
        for figure, cell in line.cells.items()
    )
    cells += _number_cell(line.parameters, _count(line.parameters))
    cells += _number_cell(line.minutes, f"{line.minutes:.1f}")
    cells += _number_cell(line.images_per_s, f"{line.images_per_s:.1f}")
    kind = "run" if line.run else "idle"
    return (
        f'<tr class="{kind}"><th scope="row" data-value="{escape(line.label)}">'
        f'<div class="who">{swatch}<div><span class="label">{breakable(line.label)}</span>'
        f"{''.join(badges)}</div></div></th>{cells}</tr>"
    )


def _number_cell(value: float, text: str) -> str:
    if math.isnan(value):
        return '<td data-value="">&ndash;</td>'
    return f'<td data-value="{value}">{text}</td>'


def _count(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:.1f} M"
    return f"{value / 1e3:.0f} k" if value >= 1e4 else f"{value:.0f}"


def _figure_cell(figure: str, cell: Cell, *, extent: float) -> str:
    region = escape(figure.partition("@")[2])
    if math.isnan(cell.mean):
        return f'<td data-region="{region}" data-value="">&ndash;</td>'
    difference = "" if cell.interval is None else _difference(figure, cell, cell.interval, extent)
    return (
        f'<td data-region="{region}" data-value="{cell.mean}"><span class="mean">'
        f"{format_figure(figure, cell.mean)}</span>{difference}</td>"
    )


def _difference(figure: str, cell: Cell, interval: Interval, extent: float) -> str:
    sign = {"better": "&#9650;", "worse": "&#9660;", "": ""}[cell.verdict]
    word = f'<span class="hidden">{cell.verdict}</span>' if cell.verdict else ""
    text = _minus(format_figure(figure, interval.difference, sign=True))
    if math.isnan(interval.low):
        return f'<span class="delta">{text}</span><span class="interval">one subject</span>'
    low, high = (
        _minus(format_figure(figure, end, sign=True)) for end in (interval.low, interval.high)
    )
    return (
        f'<span class="delta {cell.verdict}">{sign}{word} {text}</span>'
        f'<span class="interval">{low} &hellip; {high}</span>'
        f"{_bar(interval, cell.verdict, extent=extent)}"
    )


def _minus(text: str) -> str:
    return text.replace("-", "&minus;")


def _bar(interval: Interval, verdict: str, *, extent: float) -> str:
    """Draws the interval about a zero line; all cells of a column have one scale."""
    if not extent:
        return ""
    half = _BAR_WIDTH / 2
    low, middle, high = (
        half + value / extent * (half - 3)
        for value in (interval.low, interval.difference, interval.high)
    )
    y = _BAR_HEIGHT / 2
    return (
        f'<svg class="bar {verdict}" width="{_BAR_WIDTH}" height="{_BAR_HEIGHT}" '
        f'viewBox="0 0 {_BAR_WIDTH} {_BAR_HEIGHT}" aria-hidden="true">'
        f'<path class="track" d="M0 {y}H{_BAR_WIDTH}"/>'
        f'<path class="zero" d="M{half} 1V{_BAR_HEIGHT - 1}"/>'
        f'<path class="range" d="M{low:.1f} {y}H{high:.1f}"/>'
        f'<circle cx="{middle:.1f}" cy="{y}" r="2.6"/></svg>'
    )
