"""Accepted or rejected, from figures alone: no picture is needed to judge again."""

from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import structs

from acquisition.prepare.checks import CHECKS, Check
from acquisition.prepare.settings import Prepared
from acquisition.prepare.thresholds import Thresholds

_SIDES = (("flash", "phone's picture"), ("studio", "studio picture"))
_RELATIVE = ("eye_openness", "eye_detail", "sharpness")
# One noisy picture looks sharper than it is, so the sharpest alone is no measure.
_QUANTILE = {"eye_openness": 0.5, "eye_detail": 0.5, "sharpness": 0.75}

_NO_LIMITS = {"most_registration_residual_iod": None, "least_valid_share_face": None}

PersonFigures = dict[str, float]
"""What is usual for one person in one session, by the figure's name."""


def judge(
    figures: dict[str, float], thresholds: Thresholds, person: PersonFigures | None = None
) -> list[str]:
    """Returns in words why a pair is rejected and what to do next time; empty: it is accepted.

    Args:
        figures: as from `figures_of`; what is missing is not judged.
        thresholds: the limits.
        person: as from `person_figures`, if the person's other pairs are known.
    """
    figures = with_relative(figures, person or {})
    missed = [check for check in CHECKS if check.missed(figures, thresholds)]
    reasons = [check.reason(figures, thresholds) for check in _causes(missed)]
    return _plain_reasons(figures, thresholds) + reasons


def _causes(missed: list[Check]) -> list[Check]:
    """Returns the checks without those that fail only because another one does."""
    names = {check.figure for check in missed}
    dark = [side for side, _ in _SIDES if f"{side}_bright" in names]
    if dark:
        # Nothing that is seen in black says anything.
        kept = ("bright", "skew_ms", "exif_disagreement_ms")
        others = [side for side, _ in _SIDES if side not in dark]
        return [
            check
            for check in missed
            if check.figure.endswith(kept) or check.figure.startswith(tuple(others))
        ]
    if any("sharpness" in name for name in names):
        return [check for check in missed if "eye_detail" not in check.figure]
    return missed


def person_figures(pairs: Iterable[dict[str, float]], least: int) -> PersonFigures:
    """Returns what is usual for a person.

    Args:
        pairs: figures of that person's pairs in one session.
        least: number of pairs below which a figure says nothing.
    """
    pairs = list(pairs)
    usual: PersonFigures = {}
    for side, _ in _SIDES:
        for name in _RELATIVE:
            seen = [pair[key] for pair in pairs if (key := f"{side}_{name}") in pair]
            if len(seen) >= max(least, 1):
                usual[f"{side}_{name}"] = float(np.quantile(seen, _QUANTILE[name]))
    return usual


def with_relative(figures: dict[str, float], person: PersonFigures) -> dict[str, float]:
    """Returns the figures with those that compare with the person's usual ones, and no others."""
    own = {name: value for name, value in figures.items() if not name.endswith("_relative")}
    relative = {
        f"{name}_relative": own[name] / usual
        for name, usual in person.items()
        if name in own and usual > 0
    }
    return own | relative


def rejudge(prepared: Sequence[Prepared], thresholds: Thresholds) -> list[Prepared]:
    """Returns all pairs, in their order, judged by other thresholds and by each other.

    Pairs that could not be read stay as they are. Whoever changes thresholds calls this on
    `prepared.jsonl` and writes the manifest anew.

    Args:
        prepared: all pairs of the dataset, so that each person is known.
        thresholds: the limits.
    """
    groups: dict[tuple[str, str], list[dict[str, float]]] = {}
    for pair in prepared:
        groups.setdefault((pair.session, pair.participant), []).append(pair.figures)
    least = thresholds.least_pairs_of_person
    usual = {who: person_figures(pairs, least) for who, pairs in groups.items()}
    return [_judged(pair, thresholds, usual[pair.session, pair.participant]) for pair in prepared]


def _judged(pair: Prepared, thresholds: Thresholds, person: PersonFigures) -> Prepared:
    if pair.unreadable:
        return pair
    # Unregistered pairs are made on purpose; that they do not lie on each other is no reason.
    limits = (
        thresholds if pair.registration != "none" else structs.replace(thresholds, **_NO_LIMITS)
    )
    reasons = judge(pair.figures, limits, person)
    return structs.replace(
        pair,
        figures=with_relative(pair.figures, person),
        reasons=reasons,
        accepted=not reasons,
    )


def _plain_reasons(figures: dict[str, float], thresholds: Thresholds) -> list[str]:
    """Returns reasons of faces and of the flash; in a black picture no face is missed."""
    reasons: list[str] = []
    for side, name in _SIDES:
        count = figures.get(f"{side}_faces")
        limit = thresholds.least_bright
        is_dark = limit is not None and figures.get(f"{side}_bright", 1.0) < limit
        if count == 0 and not is_dark:
            reasons.append(
                f"No face was found in the {name}: aim at the face, and see that nothing hides it."
            )
        elif count is not None and count > 1:
            reasons.append(
                f"{count:.0f} faces were found in the {name}: one person at a time, and no "
                "pictures of people in view."
            )
    if figures.get("flash_fired") == 0.0:
        reasons.append(
            "The phone's file says that its flash did not fire: set it to on, not automatic; "
            "charge the phone, let it cool down."
        )
    return reasons
