"""The page of a dataset: one HTML file that asks nothing of any network."""

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from html import escape
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from string import Template

import msgspec
import numpy as np

from acquisition.prepare.checks import CHECKS, shown
from acquisition.prepare.report_charts import charts
from acquisition.prepare.report_data import Report, Thumbnails, reasons_counted, tightest, worst
from acquisition.prepare.settings import Prepared

_ON_CARD = (
    ("skew_ms", "skew"),
    ("registration_landmark_residual_iod", "registration error"),
    ("registration_valid_share_face", "registered part"),
)
_CHECK_OF = {check.figure: check for check in CHECKS}


def build_page(report: Report, today: date) -> str:
    """Returns the page as HTML.

    Its policy allows its own style and script by their hashes, and pictures from `data:` only.
    """
    style, script = _read("report.css"), _read("report.js")
    return Template(_read("report.html")).substitute(
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        name=escape(report.name),
        facts=_facts(report, today),
        reasons=_reasons(report),
        charts=charts(report.pairs, report.settings.thresholds)
        or '<p class="quiet">Nothing was measured.</p>',
        worst=_worst(report),
        people=_people(report),
        sessions=_sessions(report),
        filters=_filters(report),
        cards="".join(_card(pair, report) for pair in report.pairs),
        colour=_colour(report),
        thresholds=_thresholds(report),
        timings=_timings(report),
        settings=escape(_settings(report)),
    )


def _read(name: str) -> str:
    return files("acquisition.prepare").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _program() -> str:
    try:
        return f"acquire {version('deepflash')}"
    except PackageNotFoundError:
        return "acquire, version unknown"


def _facts(report: Report, today: date) -> str:
    pairs, accepted = report.pairs, report.accepted
    sizes = sorted({f"{pair.width} x {pair.height}" for pair in accepted}) or ["none"]
    facts = {
        "accepted": f"{len(accepted)} of {len(pairs)} pairs",
        "people": len({pair.participant for pair in pairs}),
        "sessions": len({pair.session for pair in pairs}),
        "pictures": ", ".join(sizes[:3]) + (" and others" if len(sizes) > 3 else "") + " px",
        "registration": report.settings.registration,
        "encoding": report.settings.encoding,
        "purpose": report.settings.purpose,
        "made": today.isoformat(),
        "by": _program(),
    }
    simulated = sum(pair.simulated for pair in pairs)
    if simulated:
        facts["simulated"] = f"{simulated} pairs"
    return "".join(
        f"<div><dt>{name}</dt><dd>{escape(str(value))}</dd></div>" for name, value in facts.items()
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> str:
    """Returns a table; cells are HTML already, the first of each row is its header."""
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>'
        + "".join(f"<td>{cell}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    if not body:
        return f'<p class="quiet">{empty}</p>'
    titles = "".join(f'<th scope="col">{title}</th>' for title in head)
    return (
        '<div class="scroll" tabindex="0"><table><thead><tr>'
        f"{titles}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _reasons(report: Report) -> str:
    total = max(len(report.pairs), 1)
    rows = [
        (
            escape(reason),
            str(count),
            f'<meter min="0" max="{total}" value="{count}">{count} of {total}</meter>',
        )
        for reason, count in reasons_counted(report.pairs)
    ]
    return _table(("reason", "pairs", "share"), rows, "No pair was rejected.")


def _figure(pair: Prepared, name: str) -> str:
    return (
        shown(pair.figures.get(name), _CHECK_OF[name].unit) if name in pair.figures else "&ndash;"
    )


def _link(pair: Prepared) -> str:
    return f'<a href="#pair-{escape(pair.pair)}">{escape(pair.pair)}</a>'


def _worst(report: Report) -> str:
    rows = [
        (
            _link(pair),
            escape(pair.participant),
            escape(pair.pose),
            *(_figure(pair, name) for name, _ in reversed(_ON_CARD)),
            escape(tightest(pair, report.settings)),
        )
        for pair in worst(report.pairs)
    ]
    head = ("pair", "person", "pose", *(title for _, title in reversed(_ON_CARD)), "closest limit")
    return _table(head, rows, "No accepted pair has a registration error.")


def _people(report: Report) -> str:
    def row(person: str, pairs: list[Prepared]) -> tuple[str, ...]:
        splits = sorted(
            {report.records[pair.pair].split for pair in pairs if pair.pair in report.records}
        )
        poses = ", ".join(sorted({pair.pose for pair in pairs if pair.accepted}))
        told = (escape(text) or "&ndash;" for text in (", ".join(splits), poses))
        return escape(person), *_counts(pairs), *told

    head = ("person", "pairs", "accepted", "rejected", "split", "accepted poses")
    return _grouped(report, lambda pair: pair.participant, row, head)


def _sessions(report: Report) -> str:
    def row(session: str, pairs: list[Prepared]) -> tuple[str, ...]:
        people = len({pair.participant for pair in pairs})
        sources = Counter(pair.studio_source or "none" for pair in pairs)
        told = ", ".join(f"{count} {source}" for source, count in sources.most_common())
        return escape(session), *_counts(pairs), str(people), told

    head = ("session", "pairs", "accepted", "rejected", "people", "studio pictures from")
    return _grouped(report, lambda pair: pair.session, row, head)


def _grouped(
    report: Report,
    key: Callable[[Prepared], str],
    row: Callable[[str, list[Prepared]], tuple[str, ...]],
    head: Sequence[str],
) -> str:
    groups: dict[str, list[Prepared]] = {}
    for pair in report.pairs:
        groups.setdefault(key(pair), []).append(pair)
    return _table(head, [row(name, groups[name]) for name in sorted(groups)], "No pairs.")


def _counts(pairs: list[Prepared]) -> tuple[str, str, str]:
    accepted = sum(pair.accepted for pair in pairs)
    return str(len(pairs)), str(accepted), str(len(pairs) - accepted)


def _filters(report: Report) -> str:
    people = sorted({pair.participant for pair in report.pairs})
    return "".join(f"<option>{escape(person)}</option>" for person in people)


def _colour(report: Report) -> str:
    kinds = Counter(
        (pair.colour.get("phone", "unknown"), pair.colour.get("studio", "unknown"))
        for pair in report.pairs
    )
    rows = [
        (escape(phone), escape(studio), str(count))
        for (phone, studio), count in kinds.most_common()
    ]
    return _table(("phone", "studio camera", "pairs"), rows, "No pairs.")


def _thresholds(report: Report) -> str:
    rows = [
        (
            escape(check.label),
            "at least" if check.is_least else "at most",
            shown(check.bound(report.settings.thresholds), check.unit),
            f"<code>{check.limit}</code>",
        )
        for check in CHECKS
    ]
    return _table(("figure", "", "limit", "setting"), rows, "")


def _timings(report: Report) -> str:
    stages = dict.fromkeys(name for pair in report.pairs for name in pair.timings_s)
    rows = []
    for stage in stages:
        seconds = [pair.timings_s[stage] for pair in report.pairs if stage in pair.timings_s]
        rows.append(
            (
                escape(stage),
                f"{np.median(seconds):.2f} s",
                f"{max(seconds):.2f} s",
                str(len(seconds)),
            )
        )
    return _table(("stage", "median", "longest", "pairs"), rows, "No times are known.")


def _settings(report: Report) -> str:
    return msgspec.json.format(msgspec.json.encode(report.settings), indent=2).decode()


def _card(pair: Prepared, report: Report) -> str:
    pictures = report.thumbnails.get(pair.pair, Thumbnails())
    name, state = escape(pair.pair), "accepted" if pair.accepted else "rejected"
    error = pair.figures.get("registration_landmark_residual_iod", -1.0)
    figures = "".join(
        f"<div><dt>{title}</dt><dd>{_figure(pair, key)}</dd></div>" for key, title in _ON_CARD
    )
    lines = [pair.unreadable] if pair.unreadable else pair.reasons
    reasons = "".join(f"<li>{escape(line)}</li>" for line in lines)
    notes = "".join(f"<li>{escape(line)}</li>" for line in pair.notes)
    more = f"<details><summary>Notes</summary><ul>{notes}</ul></details>" if notes else ""
    return (
        f'<figure class="card {state}" id="pair-{name}" data-state="{state}" '
        f'data-person="{escape(pair.participant)}" data-error="{error:.5f}" '
        f'data-skew="{abs(pair.skew_ms or 0.0):.1f}">{_viewer(pair, pictures)}'
        f'<figcaption><p class="name"><b>{name}</b></p>'
        f'<p class="quiet">{escape(pair.participant)} &middot; {escape(pair.pose)} &middot; '
        f'{escape(pair.session)}</p><p class="state">{state}</p>'
        f'<ul class="reasons">{reasons}</ul><dl>{figures}</dl>{more}</figcaption></figure>'
    )


def _viewer(pair: Prepared, pictures: Thumbnails) -> str:
    if not pictures.flash:
        return f'<p class="empty">{escape(pictures.note) or "No pictures were written."}</p>'
    name = escape(pair.pair)
    mask = f'<img class="mask" alt="" src="{pictures.mask}">' if pictures.mask else ""
    mask_button = (
        '<button type="button" class="mask-button" aria-pressed="false" '
        f'aria-label="Mask of {name}">mask</button>'
        if mask
        else ""
    )
    return (
        f'<div class="viewer" role="slider" tabindex="0" aria-orientation="horizontal" '
        f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="50" aria-label="Divider between '
        f'flash and studio, {name}"><img class="flash" alt="Flash" decoding="async" '
        f'src="{pictures.flash}"><img class="studio" alt="Studio" decoding="async" '
        f'src="{pictures.studio}">{mask}<span class="divider" aria-hidden="true"></span>'
        '<span class="tag left" aria-hidden="true">flash</span>'
        '<span class="tag right" aria-hidden="true">studio</span></div>'
        '<p class="buttons"><button type="button" class="flicker-button" aria-pressed="false" '
        f'aria-label="Flicker {name}">flicker</button>{mask_button}</p>'
    )
