"""The page of a comparison: one HTML file that needs no network and nothing beside it."""

import json
from datetime import date
from html import escape
from importlib.resources import files
from string import Template

from deepflash.compare.configuration import differences
from deepflash.compare.curves import charts
from deepflash.compare.notices import notices
from deepflash.compare.page_table import breakable, glossary, score_table
from deepflash.compare.pictures import Card, Ranked, cards
from deepflash.compare.table import Comparison, format_figure, gain, is_lower_better

_CAPTION = ("ssim", "psnr", "delta_e")


def build_page(comparison: Comparison, *, figure: str, pictures: int, today: date) -> str:
    """Returns the page as HTML.

    Args:
        comparison: at least one run; the first is the reference.
        figure: by which pictures count as worst and best.
        pictures: number of pairs to show at most.
        today: shown in the head.

    Raises:
        DatasetError: a file of a run is damaged.
        PictureError: a picture of an evaluation is damaged.
    """
    shown = cards(comparison, figure, limit=pictures)
    runs = [
        {"label": line.label, "index": k}
        for k, line in enumerate(comparison.lines)
        if line.run is not None
    ]
    return Template(_read("compare.html")).substitute(
        style=_read("compare.css"),
        script=_read("compare.js"),
        curves_script=_read("compare_curves.js"),
        title=escape(_title(comparison)),
        facts=_facts(comparison, today),
        notices="".join(f"<li>{escape(sentence)}</li>" for sentence in notices(comparison)),
        table=score_table(comparison),
        glossary=glossary(comparison.figures),
        seed=comparison.seed,
        resamples=f"{comparison.resamples:,}",
        curves=_json({"runs": runs, "charts": charts(comparison.runs)}),
        config=_config(comparison),
        picture_runs=_picture_runs(comparison, shown),
        ranked_by=escape(figure),
        cards="".join(_card(card, comparison, figure) for card in shown),
        pictures_class="" if shown else "without-pictures",
    )


def _read(name: str) -> str:
    return files("deepflash.compare").joinpath(name).read_text(encoding="utf-8")


def _json(value: object) -> str:
    """Returns JSON that cannot end the script element around it."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _title(comparison: Comparison) -> str:
    first, *others = comparison.labels
    if not others:
        return first
    if len(others) <= 2:
        return f"{first} against {' and '.join(others)}"
    return f"{first} against {len(others)} other runs"


def _facts(comparison: Comparison, today: date) -> str:
    evaluation = comparison.evaluations[0]
    people = len({row.subject_id for row in evaluation.rows})
    summary = evaluation.summary
    facts = {
        "reference": comparison.labels[0],
        "pictures": f"{len(evaluation.rows)} of {people} subject{'s' * (people != 1)}",
        "pairs": f"{summary['pairs']}, {summary['split']} split",
        "fingerprint": summary["fingerprint"],
        "measured at": f"{summary['size']} px",
        "made": today.isoformat(),
    }
    return "".join(
        f"<div><dt>{name}</dt><dd>{escape(str(value))}</dd></div>" for name, value in facts.items()
    )


def _config(comparison: Comparison) -> str:
    rows = differences([run.config for run in comparison.runs])
    if not rows:
        return '<p class="quiet">No key differs.</p>'
    head = "".join(f'<th scope="col">{escape(label)}</th>' for label in comparison.labels)
    body = "".join(
        f'<tr><th scope="row"><code>{breakable(name)}</code></th>'
        + "".join(_config_cell(value, values[0], is_first=k == 0) for k, value in enumerate(values))
        + "</tr>"
        for name, values in rows.items()
    )
    return (
        '<div class="scroll"><table class="config"><thead><tr><th scope="col">key</th>'
        f"{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _config_cell(value: str | None, reference: str | None, *, is_first: bool) -> str:
    if value is None:
        return '<td class="absent">not set</td>'
    mark = "" if is_first or value == reference else ' class="changed"'
    return f"<td{mark}><code>{breakable(value)}</code></td>"


def _picture_runs(comparison: Comparison, shown: list[Card]) -> str:
    present = sorted({k for card in shown for k in card.results})
    return "".join(f'<option value="{k}">{escape(comparison.labels[k])}</option>' for k in present)


def _card(card: Card, comparison: Comparison, figure: str) -> str:
    first = min(card.results)
    layers = [f'<img class="left" data-layer="flash" alt="" src="{_source(card.flash)}">']
    layers += [
        f'<img class="{"right" if k == first else ""}" data-layer="result" data-run="{k}" alt="" '
        f'src="{_source(ranked.result)}">'
        for k, ranked in card.results.items()
    ]
    layers.append(f'<img data-layer="studio" alt="" src="{_source(card.studio)}">')
    captions = "".join(
        _caption(ranked, figure, run=k, is_shown=k == first) for k, ranked in card.results.items()
    )
    name = escape(card.pair_id)
    ranks = escape(json.dumps({k: ranked.rank for k, ranked in card.results.items()}))
    subject = escape(next(iter(card.results.values())).row.subject_id)
    labels = escape(json.dumps({k: comparison.labels[k] for k in card.results}))
    return (
        f'<figure class="card" data-pair="{name}" data-ranks="{ranks}" data-labels="{labels}">'
        '<div class="compare" role="slider" tabindex="0" aria-orientation="horizontal" '
        'aria-valuemin="0" aria-valuemax="100" aria-valuenow="50" aria-valuetext="half and half" '
        f'aria-label="Divider between flash and result, {name}" '
        f'style="aspect-ratio:{card.width}/{card.height}">{"".join(layers)}'
        '<span class="divider" aria-hidden="true"></span>'
        '<span class="tag left" aria-hidden="true">flash</span>'
        '<span class="tag right" aria-hidden="true">result</span></div>'
        f'<figcaption><p class="name"><b>{name}</b> <span class="quiet">{subject}</span></p>'
        f"{captions}</figcaption></figure>"
    )


def _source(picture: str) -> str:
    return f"data:image/jpeg;base64,{picture}"


def _caption(ranked: Ranked, figure: str, *, run: int, is_shown: bool) -> str:
    names = dict.fromkeys((figure, *_CAPTION))
    present = [name for name in names if name in ranked.row.figures]
    lines = "".join(_caption_figure(ranked, name) for name in present)
    end = {1: ", worst", ranked.of: ", best"}.get(ranked.rank, "") if ranked.of > 1 else ""
    return (
        f'<div class="caption" data-run="{run}"{"" if is_shown else " hidden"}>'
        f'<p class="rank">{ranked.rank} of {ranked.of}{end}</p><dl>{lines}</dl></div>'
    )


def _caption_figure(ranked: Ranked, name: str) -> str:
    after = ranked.row.figures[name]
    before = ranked.row.figures.get(f"input_{name}")
    start = "" if before is None else f"{format_figure(name, before)} &rarr; "
    difference = gain(ranked.row, name)
    change = ""
    if before is not None and difference == difference:
        shown = -difference if is_lower_better(name) else difference
        kind = "better" if difference > 0 else "worse" if difference < 0 else ""
        text = format_figure(name, shown, sign=True).replace("-", "&minus;")
        change = f' <span class="{kind}">{text}</span>'
    return f"<div><dt>{escape(name)}</dt><dd>{start}{format_figure(name, after)}{change}</dd></div>"
