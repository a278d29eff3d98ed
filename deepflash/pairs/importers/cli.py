"""`deepflash import`: a published dataset -> a pair dataset."""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from jsonargparse import ArgumentParser, Namespace
from jsonargparse.typing import NonNegativeFloat, NonNegativeInt, PositiveInt

from deepflash.arguments import new_parser, parse
from deepflash.errors import UsageError
from deepflash.pairs.importers import dpd, efaid, faid, mid
from deepflash.pairs.importers.plan import ImportOptions, Scan, checked
from deepflash.pairs.importers.stream import Imported, run_import

SCANS: dict[str, Callable[[Path, ImportOptions], Scan]] = {
    "dpd": dpd.scan,
    "faid": faid.scan,
    "efaid": efaid.scan,
    "mid": mid.scan,
}

# Options that make sense for some datasets only.
_ONLY_FOR = {
    "flash_plus_ambient": ("faid", "efaid", "mid"),
    "flash_kind": ("faid",),
    "swapped": ("faid", "efaid"),
    "not_swapped": ("faid", "efaid"),
    "categories": ("faid",),
    "one_rotation": ("dpd",),
    "subject_pattern": ("dpd",),
    "mid_ambient": ("mid",),
    "mip": ("mid",),
}


def _parser() -> ArgumentParser:
    parser = new_parser("import", "Turn a published flash dataset into a pair dataset.")
    add = parser.add_argument
    add("kind", choices=list(SCANS), help="which dataset")
    add("src", help="folder of the unpacked dataset; only read")
    add("dest", help="folder of the pair dataset; an unfinished import there is continued")
    add("--seed", type=int, default=0, help="chooses the subjects of val and test")
    add("--max-size", type=PositiveInt, help="longest side in pixels; larger ones are scaled down")
    add("--eight-bit", action="store_true", help="store 16-bit sources with 8 bits")
    add("--jobs", type=PositiveInt, default=1, help="processes")
    add("--skip-broken", action="store_true", help="leave out broken pairs and list them")
    add(
        "--flash-plus-ambient",
        type=NonNegativeFloat,
        metavar="K",
        help="make the flash photograph as flash + K x ambient in linear light",
    )
    add(
        "--flash-kind",
        type=Literal["flash_only", "flash_plus_ambient", "unknown"],
        default="unknown",
        help="faid: what its flash pictures are",
    )
    add("--swapped", action="store_true", help="faid, efaid: exchange flash and ambient")
    add("--not-swapped", action="store_true", help="faid, efaid: keep the names, without a check")
    add("--categories", default="", help="faid: only these, for example People,Objects")
    add("--one-rotation", action="store_true", help="dpd: one rotation of each portrait only")
    add("--subject-pattern", help="dpd: regular expression, its first group is the person")
    add(
        "--mid-ambient",
        type=Literal["mean", "each"],
        default="mean",
        help="mid: the mean of the side lights, or a pair for each of them",
    )
    add("--mip", type=NonNegativeInt, help="mid: resolution level; default: the finest")
    return parser


def _options(asked: Namespace, parser: ArgumentParser) -> ImportOptions:
    for name, kinds in _ONLY_FOR.items():
        if asked[name] != parser.get_default(name) and asked.kind not in kinds:
            raise UsageError(
                f"--{name.replace('_', '-')} is for {', '.join(kinds)}, not for {asked.kind}; "
                "leave it out"
            )
    if asked.swapped and asked.not_swapped:
        raise UsageError("--swapped and --not-swapped exclude each other; give one of them")
    return ImportOptions(
        seed=asked.seed,
        max_size=asked.max_size,
        eight_bit=asked.eight_bit,
        flash_plus_ambient=asked.flash_plus_ambient,
        flash_kind=asked.flash_kind,
        swapped=True if asked.swapped else False if asked.not_swapped else None,
        categories=tuple(name.strip() for name in asked.categories.split(",") if name.strip()),
        one_rotation=asked.one_rotation,
        subject_pattern=asked.subject_pattern,
        mid_ambient=asked.mid_ambient,
        mip=asked.mip,
    )


def _refuse_nested(src: Path, dest: Path) -> None:
    if dest.resolve().is_relative_to(src.resolve()):
        raise UsageError(f"{dest} lies in {src}, which is only read; name a folder outside it")


def _report(imported: Imported, dest: Path, incomplete: list[str]) -> None:
    for line in incomplete + imported.broken:
        sys.stderr.write(f"left out: {line}\n")
    if imported.vote and imported.vote.verdict == "undecided":
        sys.stderr.write(
            "the pictures do not tell whether flash and ambient were exchanged; names were kept\n"
        )
    if imported.vote and imported.vote.verdict == "as named":
        sys.stderr.write(f"flash and ambient are as named, say {imported.vote.as_named} pairs\n")
    split_of = {record.subject_id: record.split for record in imported.records}
    counts = Counter(split_of.values())
    subjects = ", ".join(f"{counts[name]} {name}" for name in ("train", "val", "test"))
    left_out = len(imported.broken) + len(incomplete)
    sys.stdout.write(
        f"{len(imported.records)} pairs in {dest}, subjects: {subjects}"
        + (f"; {left_out} pairs left out" if left_out else "")
        + ("" if counts["val"] and counts["test"] else "; too few subjects for all three splits")
        + f"; next: deepflash pairs {dest}\n"
    )


def main(argv: list[str]) -> None:
    """Runs `deepflash import KIND SRC DEST`.

    Raises:
        DeepFlashError: whatever the user can act on; what is finished is kept and continued by
            the same command.
    """
    parser = _parser()
    asked = parse(parser, argv)
    options = _options(asked, parser)
    src, dest = Path(asked.src), Path(asked.dest)
    _refuse_nested(src, dest)
    scan = checked(SCANS[asked.kind](src, options), skip_broken=asked.skip_broken)
    imported = run_import(
        asked.kind,
        scan.pairs,
        options=options,
        src=src,
        dest=dest,
        jobs=asked.jobs,
        skip_broken=asked.skip_broken,
    )
    _report(imported, dest, scan.incomplete)
