"""The plan as rows of people, and the last pair, for the operator's page."""

from collections.abc import Sequence

from acquisition.consent.registry import Registry
from acquisition.console.state import LastPair, PersonRow, PoseCell
from acquisition.session import PlanRow
from acquisition.taking.pair_run import PairOutcome


def people_rows(plan: Sequence[PlanRow], registry: Registry) -> list[PersonRow]:
    """Returns one row a person, poses in the plan's order."""
    rows: dict[str, PersonRow] = {}
    for cell in plan:
        row = rows.setdefault(
            cell.participant,
            PersonRow(
                participant=cell.participant,
                consent=registry.state(cell.participant),
                poses=[],
            ),
        )
        row.poses.append(PoseCell(pose=cell.pose, state=cell.state, attempts=cell.attempts))
    return list(rows.values())


def last_pair(outcome: PairOutcome, participant: str, pose: str) -> LastPair:
    """Returns what the page shows of a pair that was just taken."""
    skew = outcome.record.skew if outcome.record else None
    kinds = {file.kind for file in outcome.record.files} if outcome.record else set()
    path = f"/picture/{outcome.pair}"
    return LastPair(
        pair=outcome.pair,
        participant=participant,
        pose=pose,
        state=outcome.outcome,
        reasons=[*outcome.reasons, *(outcome.record.notes if outcome.record else [])],
        skew_ms=skew.ms if skew else None,
        skew_pm_ms=skew.pm_ms if skew else None,
        phone_picture=f"{path}/phone" if "phone_flash" in kinds else "",
        studio_picture=f"{path}/studio" if "studio_jpeg" in kinds else "",
    )
