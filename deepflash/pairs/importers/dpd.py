"""DPD: the flash and studio portraits that the DeepFlash paper was trained on."""

import re
from pathlib import Path
from typing import Literal

from deepflash.errors import UsageError
from deepflash.pairs.importers.plan import (
    ImportOptions,
    Ingredient,
    PlannedPair,
    Scan,
    layout_error,
    natural_key,
    picture_paths,
    safe_id,
)

_FOLDER = re.compile(r"(?:(train|test)_)?(inputs_origin|target)")
_FLASH_WORD = re.compile(r"[_-]*flash[_-]*")
# Said to be a rotation: `_rot90`, `_r3`, `-angle-5`, `_12deg`.
_NAMED_ROTATION = re.compile(
    r"(?:[_-]?(?:rotation|rotated|rotate|rot|angle|deg)_?(-?\d+)"
    r"|[_-]r_?(-?\d+)|[_-](-?\d+)deg)$"
)
_PLAIN_NUMBER = re.compile(r"[_-](\d+)$")
# With fewer portraits than this no subject could go to val and test.
_FEWEST_PORTRAITS = 3


def scan(root: Path, options: ImportOptions) -> Scan:
    """Returns the pairs of `inputs_origin` and `target` below `root`.

    The folders may be called `train_...` and `test_...`. A target's name is the flash file's
    with `flash` replaced by `no_flash`. All rotations of a portrait are one subject, unless
    `options.subject_pattern` finds the subject in the names.

    Raises:
        UsageError: `subject_pattern` is not a regular expression with a group, or a name does
            not match it.
        DatasetError: no such folders.
    """
    flashes, targets = _flash_and_target(root)
    if not flashes or not targets:
        raise layout_error(
            "DPD",
            root,
            "folders inputs_origin (<name>flash<...>.png) and target (<name>no_flash<...>.png), "
            "also as train_... and test_...",
        )
    found = sorted((p for p in flashes if _target(p) in targets), key=natural_key)
    groups = group_rotations([portrait_name(p) for p in found])
    pairs: list[PlannedPair] = []
    seen: set[str] = set()
    for path, (portrait, rotation) in zip(found, groups, strict=True):
        if not (options.one_rotation and portrait in seen):
            subject = _subject(path, options.subject_pattern) or portrait
            pairs.append(_pair(path, subject, rotation))
        seen.add(portrait)
    lonely = [f"{p} has no target {_target(p)}" for p in flashes if _target(p) not in targets]
    unused = sorted(targets - {_target(p) for p in flashes})
    return Scan(pairs=pairs, incomplete=lonely + [f"{p} has no flash picture" for p in unused])


def portrait_name(path: str) -> str:
    """Returns the file's name without suffix and without the word `flash`."""
    return _FLASH_WORD.sub("_", Path(path).stem).strip("_-") or "flash"


def group_rotations(names: list[str]) -> list[tuple[str, str | None]]:
    """Splits every name into its portrait and its rotation (None: the name tells none).

    How the dataset names its ten rotations is not documented. A suffix that says so (`_rot90`,
    `_r3`, `_12deg`) is a rotation. If no name has one, a plain number at the end (`P01_7`) is
    taken for one, provided that something is left and at least three portraits remain: taking a
    pose for a rotation only makes a subject larger, the reverse would put one face into two
    splits.
    """
    named = [_split(name, _NAMED_ROTATION) for name in names]
    if any(rotation is not None for _, rotation in named):
        return named
    plain = [_split(name, _PLAIN_NUMBER) for name in names]
    enough = len({portrait for portrait, _ in plain}) >= _FEWEST_PORTRAITS
    return plain if enough else named


def _split(name: str, pattern: re.Pattern[str]) -> tuple[str, str | None]:
    match = pattern.search(name)
    if match is None or match.start() == 0:
        return name, None
    return name[: match.start()], next(number for number in match.groups() if number is not None)


def _flash_and_target(root: Path) -> tuple[list[str], set[str]]:
    flashes: list[str] = []
    targets: set[str] = set()
    for path in picture_paths(root):
        match = _FOLDER.fullmatch(Path(path).parent.name)
        if match and match[2] == "target":
            targets.add(path)
        elif match and "flash" in Path(path).stem:
            flashes.append(path)
    return flashes, targets


def _target(flash: str) -> str:
    path = Path(flash)
    folder = path.parent.with_name(path.parent.name.replace("inputs_origin", "target"))
    return (folder / path.name.replace("flash", "no_flash")).as_posix()


def _subject(path: str, pattern: str | None) -> str | None:
    if pattern is None:
        return None
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"--subject-pattern {pattern!r} is not valid: {error}") from error
    match = expression.search(Path(path).name)
    if expression.groups < 1 or match is None or not match[1]:
        raise UsageError(
            f"--subject-pattern {pattern!r} finds no subject in {Path(path).name!r}; it needs one "
            "group that matches the subject in every file's name"
        )
    return match[1]


def _pair(path: str, subject: str, rotation: str | None) -> PlannedPair:
    match = _FOLDER.fullmatch(Path(path).parent.name)
    part: Literal["train", "test"] | None = None
    if match and match[1]:
        part = "test" if match[1] == "test" else "train"
    return PlannedPair(
        pair_id=safe_id(portrait_name(path)),
        subject_id=safe_id(subject),
        flash=(Ingredient(path=path),),
        studio=(Ingredient(path=_target(path)),),
        light="srgb",
        source="dpd",
        flash_kind="flash",
        published=part,
        extra={} if rotation is None else {"rotation": rotation},
    )
