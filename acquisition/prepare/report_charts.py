"""Distributions of the figures as small SVG diagrams, the thresholds drawn in."""

from collections.abc import Sequence
from html import escape

import numpy as np

from acquisition.prepare.checks import CHECKS, Check, shown
from acquisition.prepare.settings import Prepared
from acquisition.prepare.thresholds import Thresholds

_FIRST = ("skew_ms", "registration_landmark_residual_iod", "registration_valid_share_face")
_WIDTH, _HEIGHT, _LEFT, _BASE = 300, 120, 6, 100
_BINS = 24


def charts(pairs: Sequence[Prepared], thresholds: Thresholds) -> str:
    """Returns a figure element for each judged figure that was measured."""
    known = [(check, _values(check, pairs)) for check in _in_order()]
    return "".join(_chart(check, values, thresholds) for check, values in known if values)


def _in_order() -> list[Check]:
    first = [check for name in _FIRST for check in CHECKS if check.figure == name]
    return first + [check for check in CHECKS if check not in first]


def _values(check: Check, pairs: Sequence[Prepared]) -> list[tuple[float, bool]]:
    values = [(check.value(pair.figures), pair.accepted) for pair in pairs]
    return [(value, accepted) for value, accepted in values if value is not None]


def _chart(check: Check, values: list[tuple[float, bool]], thresholds: Thresholds) -> str:
    limit = check.bound(thresholds)
    numbers = np.array([value for value, _ in values])
    low, high = _range(numbers, limit)
    edges = np.linspace(low, high, _BINS + 1)
    clipped = np.clip(numbers, low, high)
    taken = np.array([accepted for _, accepted in values])
    counts = [np.histogram(clipped[taken == state], edges)[0] for state in (True, False)]
    tallest = max(int((counts[0] + counts[1]).max()), 1)
    bars = "".join(_bar(k, int(counts[0][k]), int(counts[1][k]), tallest) for k in range(_BINS))
    line = "" if limit is None else _limit_line(check, limit, low, high)
    missed = sum(check.missed({check.figure: value}, thresholds) for value in numbers.tolist())
    middle = shown(float(np.median(numbers)), check.unit)
    words = f"{len(numbers)} pairs, median {middle}, " + (
        f"{missed} beyond {_bound(check, limit)}" if limit is not None else "no limit"
    )
    return (
        f'<figure class="chart"><figcaption><h3>{escape(check.label)}</h3>'
        f"<p>{words}</p></figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(check.label)}: {words}">{bars}'
        f'<path class="axis" d="M{_LEFT} {_BASE + 0.5}H{_WIDTH - _LEFT}"/>{line}'
        f'<text x="{_LEFT}" y="{_HEIGHT - 5}">{shown(low, check.unit)}</text>'
        f'<text x="{_WIDTH - _LEFT}" y="{_HEIGHT - 5}" text-anchor="end">'
        f"{shown(high, check.unit)}</text></svg></figure>"
    )


def _bound(check: Check, limit: float) -> str:
    return f"the {'least' if check.is_least else 'most'}, {shown(limit, check.unit)}"


def _range(numbers: np.ndarray, limit: float | None) -> tuple[float, float]:
    """Returns what the axis shows: most of the values and the limit; the rest is at its ends."""
    low, high = float(min(0.0, numbers.min())), float(np.quantile(numbers, 0.98))
    if limit is not None:
        high = max(high, 1.15 * limit)
    return low, high if high > low else low + 1.0


def _x(share: float) -> float:
    return _LEFT + share * (_WIDTH - 2 * _LEFT)


def _bar(index: int, accepted: int, rejected: int, tallest: int) -> str:
    left, right = _x(index / _BINS), _x((index + 1) / _BINS)
    parts, base = "", float(_BASE)
    for kind, count in (("yes", accepted), ("no", rejected)):
        height = count / tallest * (_BASE - 14)
        if count:
            parts += (
                f'<rect class="{kind}" x="{left + 0.5:.1f}" y="{base - height:.1f}" '
                f'width="{right - left - 1:.1f}" height="{height:.1f}"/>'
            )
        base -= height
    return parts


def _limit_line(check: Check, limit: float, low: float, high: float) -> str:
    x = _x((limit - low) / (high - low))
    anchor = "end" if x > _WIDTH / 2 else "start"
    return (
        f'<path class="limit" d="M{x:.1f} 12V{_BASE}"/>'
        f'<text class="limit-text" x="{x + (-4 if anchor == "end" else 4):.1f}" y="10" '
        f'text-anchor="{anchor}">{"least" if check.is_least else "most"} '
        f"{shown(limit, check.unit)}</text>"
    )
