"""From sessions to a dataset: what is to be done, doing it, and what came of it."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
from tqdm import tqdm

from acquisition.errors import AcquisitionError, SessionError, one_line
from acquisition.prepare.consent_gate import Admission, Gate
from acquisition.prepare.crew import Crew
from acquisition.prepare.dataset import Dataset, opened
from acquisition.prepare.judge import rejudge
from acquisition.prepare.planning import Plan, make_plan
from acquisition.prepare.report import REPORT, write_report
from acquisition.prepare.settings import Prepared, PrepareSettings
from acquisition.prepare.sources import Source, read_source

_NAMED = 3


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What `acquire prepare` was asked for."""

    sessions: list[Path]
    output: Path
    settings: PrepareSettings = PrepareSettings()
    calibrations: Path | None = None
    limit: int = 0
    """Prepares at most so many pairs in this run; 0: all."""
    again: bool = False
    """Prepares all pairs anew, whatever is there."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to."""

    prepared: int
    """Pairs whose files were read in this run."""
    accepted: int
    rejected: int
    removed: int
    """Pairs that are in the dataset no more."""
    changed: bool
    unreadable: list[str]
    """One line each; the exit code is 2 where there are any."""
    pairs: list[Prepared]
    """All that the dataset knows of."""


def read_sources(roots: Iterable[Path]) -> tuple[list[Source], list[str]]:
    """Reads all sessions; returns those that can be read, and a line for each other one."""
    sources, unreadable = list[Source](), list[str]()
    for root in dict.fromkeys(root.resolve() for root in roots):
        try:
            sources.append(read_source(root))
        except AcquisitionError as error:
            unreadable.append(one_line(error))
    return sources, unreadable


def prepare(
    asked: Asked, gate: Gate, crew: Callable[[], Crew], say: Callable[[str], None]
) -> Outcome:
    """Makes the dataset be what sessions, settings and consents say now.

    Pairs that are there and of the same files and settings are not done again. What cannot be
    read is told in a line, and everything else is done.

    Args:
        asked: which sessions, where to, and how.
        gate: lets people in.
        crew: makes those who do it; called only if there is something to do.
        say: takes a line for the operator.

    Raises:
        UsageError: the folder holds something else, or pairs of other settings.
        ConsentError: the registry is absent or not that of these people; nothing was changed.
        StoreError: the disk failed, or the face models are not there.
        KeyboardInterrupt: the operator stopped it; the same command goes on.
    """
    sources, unreadable = read_sources(asked.sessions)
    for line in map(_summary, sources):
        say(line)
    unreadable += [line for source in sources for line in source.unreadable]
    with opened(asked.output.resolve()) as dataset:
        plan = make_plan(
            dataset,
            sources,
            gate,
            asked.settings,
            calibrations=asked.calibrations,
            named={root.resolve().name for root in asked.sessions},
            limit=asked.limit,
            again=asked.again,
        )
        for line in plan.notes:
            say(line)
        removed = _change(dataset, plan, gate, crew)
        admission = _still_admitted(dataset, gate)
        removed += sum(dataset.remove_person(one) for one in admission.refused)
        _judge(dataset, asked.settings)
        changed = dataset.finish(asked.settings, admission.scopes)
        unreadable += [*plan.unreadable, *admission.unreadable, *_failures(dataset, plan)]
        unreadable += _report(dataset, changed=changed or bool(plan.jobs or removed))
        accepted = sum(one.accepted for one in dataset.known.values())
        return Outcome(
            prepared=len(plan.jobs),
            accepted=accepted,
            rejected=len(dataset.known) - accepted,
            removed=removed,
            changed=changed or bool(plan.jobs or removed),
            unreadable=list(dict.fromkeys(unreadable)),
            pairs=list(dataset.known.values()),
        )


def _summary(source: Source) -> str:
    text = f"{source.session}: {len(source.committed)} committed pairs"
    if source.rejected:
        text += f", {source.rejected} rejected when they were taken"
    if source.incomplete:
        named = ", ".join(source.incomplete[:_NAMED])
        more = ", …" if len(source.incomplete) > _NAMED else ""
        text += f", {len(source.incomplete)} incomplete ({named}{more})"
    if source.simulated:
        text += "; simulated"
    return text


def _change(dataset: Dataset, plan: Plan, gate: Gate, crew: Callable[[], Crew]) -> int:
    """Removes and prepares; returns how many pairs were removed."""
    if plan.is_empty:
        _note_places(dataset, plan, gate)
        return 0
    workers = crew() if plan.jobs else None
    dataset.begin()
    _note_places(dataset, plan, gate)
    removed = sum(dataset.remove_person(one) for one in plan.refused) + len(plan.gone)
    dataset.remove_pairs(plan.gone)
    if workers is not None:
        _run(dataset, plan, workers)
    return removed


def _note_places(dataset: Dataset, plan: Plan, gate: Gate) -> None:
    """Notes where pictures of a person will be, before there are any."""
    for participant, simulated in plan.people:
        gate.note(participant, dataset.root, simulated=simulated)


def _run(dataset: Dataset, plan: Plan, crew: Crew) -> None:
    with tqdm(total=len(plan.jobs), unit="pair", desc=dataset.root.name, disable=None) as bar:
        for prepared in crew.run(plan.jobs):
            dataset.note(prepared)
            bar.update()


def _still_admitted(dataset: Dataset, gate: Gate) -> Admission:
    """Asks again: somebody may have withdrawn in the meantime."""
    return gate.admit((one.participant, one.simulated) for one in dataset.known.values())


def _judge(dataset: Dataset, settings: PrepareSettings) -> None:
    for one in rejudge(list(dataset.known.values()), settings.thresholds):
        dataset.known[one.pair] = _with_files(one)


def _with_files(prepared: Prepared) -> Prepared:
    """Rejects a pair that could not be registered, whatever the thresholds allow."""
    if prepared.files or not prepared.accepted:
        return prepared
    reason = prepared.unregistered or "Each picture needs exactly one face."
    return msgspec.structs.replace(prepared, accepted=False, reasons=[reason])


def _failures(dataset: Dataset, plan: Plan) -> list[str]:
    asked = {job.record.pair for job in plan.jobs}
    known = [one for one in dataset.known.values() if one.pair in asked and one.unreadable]
    return [f"pair {one.pair}: {one.unreadable}" for one in known]


def _report(dataset: Dataset, *, changed: bool) -> list[str]:
    """Writes the report where it is not of this state; returns what is wrong, if anything."""
    if not changed and (dataset.root / REPORT).is_file():
        return []
    try:
        write_report(dataset.root)
    except AcquisitionError as error:
        return [one_line(error)]
    return []


def lines_of(outcome: Outcome) -> list[str]:
    """Returns a run's result for the operator: counts, and the reasons of what was rejected."""
    lines = [
        f"{outcome.accepted} pairs accepted, {outcome.rejected} rejected; "
        f"{outcome.prepared} prepared in this run, {outcome.removed} removed"
    ]
    reasons = Counter(_short(reason) for one in outcome.pairs for reason in one.reasons)
    return lines + [f"  {count:4} x {reason}" for reason, count in reasons.most_common()]


def _short(reason: str) -> str:
    """Returns a reason without its figures and the advice."""
    return reason.split(" (")[0].split(": ")[0]


def check_outcome(outcome: Outcome) -> None:
    """Raises SessionError where something could not be read."""
    if outcome.unreadable:
        count = len(outcome.unreadable)
        things = "thing" if count == 1 else "things"
        raise SessionError(
            f"{count} {things} could not be read, see the lines above; everything else was done"
        )
