"""What a reader of a comparison must know before believing it."""

from collections import Counter

from deepflash.compare.table import Comparison, Line
from deepflash.runs import Evaluation

# Below ten pictures or people an interval is wide and leans on single faces.
_FEW = 10


def notices(comparison: Comparison) -> list[str]:
    """Returns one sentence for each reason to be careful; none when all is as it should be."""
    runs = [line for line in comparison.lines if line.run is not None]
    reference = comparison.evaluations[0]
    found = [_other_pictures(line, reference) for line in runs if not line.is_paired]
    found += [_rows_missing(line, reference) for line in runs if line.is_paired]
    found += [_offset(line, reference) for line in runs]
    found += [_unfinished(line) for line in runs]
    found += [_few(reference), _split(reference), _training_data(runs)]
    return [sentence for sentence in found if sentence]


def _other_pictures(line: Line, reference: Evaluation) -> str:
    here, there = line.evaluation.summary, reference.summary
    keys = [key for key in ("pairs", "split", "size", "fingerprint") if here[key] != there[key]]
    differences = ", ".join(f"{key} {here[key]} instead of {there[key]}" for key in keys)
    return (
        f"{line.label} was evaluated on other pictures than the reference ({differences}): "
        "its means stand alone, no differences are given. `deepflash evaluate RUN --pairs DIR "
        "--split SPLIT --size PX` measures every run alike."
    )


def _rows_missing(line: Line, reference: Evaluation) -> str:
    here = {row.pair_id for row in line.evaluation.rows}
    there = {row.pair_id for row in reference.rows}
    if here == there:
        return ""
    return (
        f"{line.label} has figures of {len(here)} pictures, the reference of {len(there)}: "
        f"differences are over the {len(here & there)} that both have."
    )


def _offset(line: Line, reference: Evaluation) -> str:
    here, there = (e.summary.get("offset", "predicted") for e in (line.evaluation, reference))
    if here == there:
        return ""
    return (
        f"{line.label} was evaluated with --offset {here}, the reference with --offset {there}: "
        "brightness and colour of the results are not chosen alike."
    )


def _unfinished(line: Line) -> str:
    if line.run is None or line.run.is_finished:
        return ""
    return f"{line.label} is unfinished: its training was stopped or still goes on."


def _few(reference: Evaluation) -> str:
    pictures = len(reference.rows)
    people = len({row.subject_id for row in reference.rows})
    if people >= _FEW:
        return ""
    unmarked = ", and none is marked below six subjects" if people < 6 else ""
    return (
        f"Only {_count(pictures, 'picture')} of {_count(people, 'subject')}: too few to tell "
        f"small differences from chance{unmarked}."
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + "s" * (number != 1)


def _split(reference: Evaluation) -> str:
    split = reference.summary["split"]
    if split == "test":
        return ""
    return (
        f"These are pictures of the {split} split, which training or the choice of the best "
        "checkpoint has seen: figures on new people will be lower."
    )


def _training_data(runs: list[Line]) -> str:
    datasets = [line.run.info.get("dataset") or {} for line in runs if line.run is not None]
    prints = Counter(str(dataset.get("fingerprint", "unknown")) for dataset in datasets)
    if len(prints) < 2:
        return ""
    return (
        f"The runs were trained on {len(prints)} different datasets: a difference may come from "
        "the pictures, not from the method."
    )
