"""The plan of a session: people x poses, and how far it is."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import msgspec

from acquisition.record import PairState

PoseState = Literal["open", "done", "rejected", "incomplete", "skipped"]


class Pose(msgspec.Struct, frozen=True, kw_only=True):
    """How a person sits."""

    name: str
    instruction: str
    """What to tell the person."""


DEFAULT_POSES = (
    Pose(name="frontal", instruction="Look straight into the camera, mouth closed, relaxed."),
    Pose(name="left", instruction="Turn your head a little to your left; eyes to the camera."),
    Pose(name="right", instruction="Turn your head a little to your right; eyes to the camera."),
    Pose(name="chin_down", instruction="Lower your chin slightly; eyes to the camera."),
    Pose(name="smile", instruction="Look straight into the camera and smile."),
)


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a pose: an attempt, or that it was passed over."""

    participant: str
    pose: str
    outcome: PairState | Literal["running", "skipped"]


class PlanRow(msgspec.Struct, frozen=True, kw_only=True):
    """One pose of one person."""

    participant: str
    pose: str
    state: PoseState
    attempts: int
    """Pairs that were begun and not broken off before the first picture."""


def plan_rows(people: Sequence[str], poses: Sequence[Pose], tries: Iterable[Try]) -> list[PlanRow]:
    """Returns the plan in its order: person by person, pose by pose.

    Args:
        people: in the order of sitting.
        poses: in the order of taking.
        tries: oldest first; those of other people and poses are left out.
    """
    outcomes: dict[tuple[str, str], list[str]] = {}
    for one in tries:
        outcomes.setdefault((one.participant, one.pose), []).append(one.outcome)
    rows = []
    for participant in people:
        for pose in poses:
            found = outcomes.get((participant, pose.name), [])
            attempts = sum(outcome != "skipped" for outcome in found)
            rows.append(
                PlanRow(
                    participant=participant,
                    pose=pose.name,
                    state=_state(found),
                    attempts=attempts,
                )
            )
    return rows


def _state(outcomes: list[str]) -> PoseState:
    """A good pair stays good; otherwise the last thing that happened counts."""
    if "committed" in outcomes:
        return "done"
    last = outcomes[-1] if outcomes else "open"
    if last == "rejected" or last == "incomplete" or last == "skipped":
        return last
    return "open"


def next_row(rows: Iterable[PlanRow], allowed: Callable[[str], bool]) -> tuple[str, str] | None:
    """Returns the first pose that is neither done nor skipped, of a person who may be taken.

    Args:
        rows: in the order of the plan.
        allowed: says of a participant whether the consent is fine; asked once for each.
    """
    answers: dict[str, bool] = {}
    for row in rows:
        if row.state in ("done", "skipped"):
            continue
        if row.participant not in answers:
            answers[row.participant] = allowed(row.participant)
        if answers[row.participant]:
            return row.participant, row.pose
    return None
