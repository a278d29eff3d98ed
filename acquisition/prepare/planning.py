"""What a run has to do: which pairs are new or changed, who may be in, what must go."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import msgspec

from acquisition.colour.calibration import ColourCalibration, choose, read_calibrations
from acquisition.errors import UsageError
from acquisition.prepare.cache import made_with, pair_key
from acquisition.prepare.consent_gate import Admission, Gate
from acquisition.prepare.dataset import Dataset
from acquisition.prepare.pipeline import PairJob
from acquisition.prepare.settings import Prepared, PrepareSettings
from acquisition.prepare.sources import Source, pair_folder
from acquisition.record import PairRecord


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has to do."""

    jobs: list[PairJob]
    refused: list[str]
    """People of whom the dataset holds something, and who may not be in it."""
    gone: list[str]
    """Pairs in the dataset that the sessions have no more, or that are of other settings."""
    people: list[tuple[str, bool]]
    """Who is in the dataset afterwards; the flag says: a simulated person."""
    is_empty: bool
    notes: list[str]
    """Lines for the operator."""
    unreadable: list[str]


def make_plan(
    dataset: Dataset,
    sources: Sequence[Source],
    gate: Gate,
    settings: PrepareSettings,
    *,
    calibrations: Path | None = None,
    named: Collection[str] = (),
    limit: int = 0,
    again: bool = False,
) -> Plan:
    """Compares what is wanted with what is there; changes nothing.

    Args:
        dataset: as it is.
        sources: sessions that could be read.
        gate: lets people in.
        settings: of this run.
        calibrations: folder of colour calibrations, None for none.
        named: sessions that were asked for, also those that could not be read.
        limit: of the pairs to prepare, 0 for none.
        again: takes nothing from the dataset.

    Raises:
        UsageError: the dataset holds pairs of other settings whose session is not named.
        ConsentError: see `Gate.admit`.
    """
    wanted, notes = _wanted(sources)
    people = {(one.participant, one.simulated) for one in dataset.known.values()}
    people |= {(record.participant, source.simulated) for source, record in wanted.values()}
    admission = gate.admit(people)
    jobs, unreadable = _jobs(dataset, wanted, admission, settings, calibrations)
    kept = _foreign(dataset, {source.session for source in sources}, named, settings)
    fresh = {job.record.pair for job in jobs if _is_fresh(dataset, job)}
    due = [job for job in jobs if again or job.record.pair not in fresh][: limit or None]
    stays = fresh | kept | {job.record.pair for job in due}
    refused = [one for one in admission.refused if dataset.holds_person(one)]
    gone = [
        pair
        for pair, one in dataset.known.items()
        if pair not in stays and one.participant not in admission.refused
    ]
    inside = {job.record.participant for job in jobs if job.record.pair in stays}
    inside |= {dataset.known[pair].participant for pair in kept}
    return Plan(
        jobs=due,
        refused=refused,
        gone=gone,
        people=sorted(one for one in people if one[0] in inside & admission.scopes.keys()),
        is_empty=not (due or refused or gone),
        notes=[*notes, *_refusals(admission), *_colour_notes(jobs)],
        unreadable=[*unreadable, *admission.unreadable],
    )


Wanted = dict[str, tuple[Source, PairRecord]]


def _wanted(sources: Iterable[Source]) -> tuple[Wanted, list[str]]:
    wanted: Wanted = {}
    notes: dict[str, None] = {}
    for source in sources:
        for record in source.committed:
            other = wanted.setdefault(record.pair, (source, record))[0]
            if other is not source:
                notes[f"{source.root} has pairs that {other.root} has too; those count"] = None
    return wanted, list(notes)


def _foreign(
    dataset: Dataset, read: Collection[str], named: Collection[str], settings: PrepareSettings
) -> set[str]:
    """Returns the pairs that stay although their sessions are not among those that were read."""
    own = made_with(settings)
    others = [one for one in dataset.known.values() if one.session not in read]
    for one in others:
        if one.made_with != own and one.session not in named:
            raise UsageError(
                f"{dataset.root} holds pairs of session {one.session} that were prepared with "
                "other settings: name that session too, or another dataset with -o"
            )
    return {one.pair for one in others if one.made_with == own}


def _is_fresh(dataset: Dataset, job: PairJob) -> bool:
    known: Prepared | None = dataset.known.get(job.record.pair)
    if known is None or known.unreadable or known.key != job.key:
        return False
    return dataset.has_files(known)


def _jobs(
    dataset: Dataset,
    wanted: Wanted,
    admission: Admission,
    settings: PrepareSettings,
    calibrations: Path | None,
) -> tuple[list[PairJob], list[str]]:
    found = read_calibrations(calibrations) if calibrations is not None else None
    known = found.found if found else []
    jobs = [
        _job(dataset.root, source, record, settings, known)
        for source, record in wanted.values()
        if record.participant in admission.scopes
    ]
    return jobs, found.notes if found else []


def _job(
    root: Path,
    source: Source,
    record: PairRecord,
    settings: PrepareSettings,
    calibrations: list[ColourCalibration],
) -> PairJob:
    phone, studio = record.phone, record.studio
    devices = [str(phone.exif.get("Model", "")), phone.device] if phone else []
    light = phone.flash_kind if phone else "unknown"
    phone_colour, phone_note = _colour(calibrations, devices, light)
    devices = [str(studio.exif.get("Model", "")), studio.model] if studio else []
    studio_colour, studio_note = _colour(calibrations, devices, "studio")
    used = [one for one in (phone_colour, studio_colour) if one is not None]
    return PairJob(
        record=record,
        folder=str(pair_folder(source.root, record)),
        dataset=str(root),
        settings=settings,
        phone_calibration=phone_colour,
        studio_calibration=studio_colour,
        notes=[note for note in (phone_note, studio_note) if note],
        key=pair_key(record, settings, used),
        made_with=made_with(settings),
        simulated=source.simulated,
    )


def _colour(
    calibrations: list[ColourCalibration], devices: list[str], light: str
) -> tuple[ColourCalibration | None, str]:
    """Returns the calibration for a device by any of its names, else None and why."""
    names = [name for name in dict.fromkeys(devices) if name] or ["unknown"]
    choices = [choose(calibrations, name, light) for name in names]
    for choice in choices:
        if choice.calibration is not None:
            return choice.calibration, ""
    return None, choices[0].note


def _refusals(admission: Admission) -> list[str]:
    return [line for line in admission.refused.values() if line not in admission.unreadable]


def _colour_notes(jobs: Iterable[PairJob]) -> list[str]:
    return list(dict.fromkeys(note for job in jobs for note in job.notes))
