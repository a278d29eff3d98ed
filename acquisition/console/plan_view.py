"""The plan as rows of people for the operator's page."""

from collections.abc import Sequence

from acquisition.consent.registry import Registry
from acquisition.console.state import PersonRow, PoseCell
from acquisition.session import PlanRow


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
