"""MID: indoor scenes under 25 flash directions (Murmann et al., ICCV 2019)."""

import re
from pathlib import Path
from typing import Literal

from deepflash.errors import DatasetError
from deepflash.pairs.importers.plan import (
    ImportOptions,
    Ingredient,
    PlannedPair,
    Scan,
    layout_error,
    picture_paths,
    safe_id,
)

FLASH_DIRECTION = 22
"""The flash points straight ahead, as a phone's does."""
FRONTAL_DIRECTIONS = frozenset({2, 3, 19, 20, 21, 22, 24})
"""Directions that light the scene from the camera, so are no counterpart to a flash."""
SIDE_DIRECTIONS = tuple(d for d in range(25) if d not in FRONTAL_DIRECTIONS)
"""Bounced off walls and ceiling: these stand in for ambient light."""

_NAME = re.compile(r"dir_(\d{1,2})_mip(\d+)\.(jpg|jpeg|exr)", re.IGNORECASE)


def scan(root: Path, options: ImportOptions) -> Scan:
    """Returns the pairs of the scenes below `root`, `<scene>/dir_<0..24>_mip<m>.jpg`.

    Raises:
        DatasetError: no such pictures, none at the mip level asked for, or EXR only.
    """
    scenes: dict[str, dict[int, dict[int, str]]] = {}
    linear_only = False
    for path in picture_paths(root):
        match = _NAME.fullmatch(Path(path).name)
        if match and match[3].lower() == "exr":
            linear_only = True
        elif match and options.mip in (None, int(match[2])):
            levels = scenes.setdefault(Path(path).parent.as_posix(), {})
            levels.setdefault(int(match[2]), {})[int(match[1])] = path
    if not scenes and linear_only:
        raise DatasetError(
            f"{root} holds MID as OpenEXR, which the installed OpenCV cannot decode; fetch the "
            "JPEG form of the dataset, dir_<0..24>_mip<m>.jpg"
        )
    if not scenes:
        level = "<m>" if options.mip is None else options.mip
        raise layout_error("MID", root, f"<scene>/dir_<0..24>_mip{level}.jpg")
    pairs: list[PlannedPair] = []
    incomplete: list[str] = []
    for folder, levels in scenes.items():
        mip, files = _finest(levels, options)
        scene = Path(folder).name if folder != "." else root.resolve().name
        if missing := _missing(files, options):
            incomplete.append(f"scene {scene} has no dir_{missing[0]}_mip{mip}.jpg")
        else:
            pairs += _pairs(scene, files, options)
    return Scan(pairs=pairs, incomplete=incomplete)


def room_of(scene: str) -> str:
    """Returns the scene's name without its trailing number.

    `everett_kitchen2` and `everett_kitchen4` are two views of one room, so they are one subject.
    """
    return re.sub(r"[-_]?\d+$", "", scene) or scene


def published_part(scene: str) -> Literal["train", "test"]:
    """Returns the part that the authors put the scene into: `everett...` is test."""
    return "test" if scene.startswith("everett") else "train"


def _finest(
    levels: dict[int, dict[int, str]], options: ImportOptions
) -> tuple[int, dict[int, str]]:
    """Returns the finest level that is complete, else the finest; with its files."""
    complete = [mip for mip in sorted(levels) if not _missing(levels[mip], options)]
    mip = (complete or sorted(levels))[0]
    return mip, levels[mip]


def _missing(files: dict[int, str], options: ImportOptions) -> list[int]:
    sides = [d for d in SIDE_DIRECTIONS if d not in files]
    enough = options.mid_ambient == "each" and len(sides) < len(SIDE_DIRECTIONS)
    lacking = [] if enough else sides
    return ([] if FLASH_DIRECTION in files else [FLASH_DIRECTION]) + lacking


def _pairs(scene: str, files: dict[int, str], options: ImportOptions) -> list[PlannedPair]:
    sides = [d for d in SIDE_DIRECTIONS if d in files]
    groups = [sides] if options.mid_ambient == "mean" else [[d] for d in sides]
    return [_pair(scene, files, group, options) for group in groups]


def _pair(
    scene: str, files: dict[int, str], directions: list[int], options: ImportOptions
) -> PlannedPair:
    flash = (Ingredient(path=files[FLASH_DIRECTION]),)
    studio = tuple(Ingredient(path=files[d], weight=1 / len(directions)) for d in directions)
    k = options.flash_plus_ambient
    if k:
        flash += tuple(Ingredient(path=i.path, weight=k * i.weight) for i in studio)
    name = safe_id(scene)
    return PlannedPair(
        pair_id=name if options.mid_ambient == "mean" else f"{name}_dir{directions[0]:02d}",
        subject_id=safe_id(room_of(scene)),
        flash=flash,
        studio=studio,
        light="srgb",
        source="mid",
        flash_kind="flash_plus_ambient" if k else "flash_only",
        published=published_part(scene),
        extra={"scene": scene, "flash_direction": FLASH_DIRECTION, "directions": directions},
    )
