"""FAID: flash and ambient pairs from the crowd (Aksoy et al., ECCV 2018)."""

import re
from pathlib import Path

from deepflash.errors import UsageError
from deepflash.pairs.importers.plan import (
    ImportOptions,
    Ingredient,
    PlannedPair,
    Scan,
    layout_error,
    picture_paths,
)
from deepflash.pairs.manifest import FlashKind

CATEGORIES = ("People", "Objects", "Plants", "Rooms", "Shelves", "Toys")

_NAME = re.compile(rf"((?:{'|'.join(CATEGORIES)})_\d+)_(ambient|flash)\.png", re.IGNORECASE)


def scan(root: Path, options: ImportOptions) -> Scan:
    """Returns the pairs below `root`, `<Category>_<NNN>_{ambient,flash}.png` at any depth.

    Each scene is a subject of its own: the dataset does not say which scenes show one person.

    Raises:
        UsageError: a category that FAID does not have.
        DatasetError: no pictures with such names.
    """
    unknown = [name for name in options.categories if name not in CATEGORIES]
    if unknown:
        raise UsageError(f"FAID has no category {unknown[0]!r}; it has {', '.join(CATEGORIES)}")
    scenes: dict[str, dict[str, str]] = {}
    for path in picture_paths(root):
        if match := _NAME.fullmatch(Path(path).name):
            scenes.setdefault(_key(path, match[1]), {})[match[2].lower()] = path
    wanted = options.categories or CATEGORIES
    chosen = {k: v for k, v in scenes.items() if Path(k).name.split("_")[0].title() in wanted}
    if not chosen:
        raise layout_error(
            "FAID", root, f"<Category>_<NNN>_ambient.png and ..._flash.png of {', '.join(wanted)}"
        )
    return Scan(
        pairs=[_pair(Path(k).name, v, options) for k, v in chosen.items() if len(v) == 2],
        incomplete=[
            f"{key} has no {'flash' if 'ambient' in files else 'ambient'} picture"
            for key, files in chosen.items()
            if len(files) == 1
        ],
    )


def _key(path: str, scene: str) -> str:
    """Returns the scene with its folder, so that a second copy of a scene is noticed."""
    return (Path(path).parent / scene).as_posix()


def ordered(files: dict[str, str], swapped: bool | None) -> tuple[str, str]:
    """Returns the files of flash and ambient, exchanged if the user says that they were."""
    flash, ambient = files["flash"], files["ambient"]
    return (ambient, flash) if swapped else (flash, ambient)


def flash_recipe(
    flash: str, ambient: str, k: float | None, kind: FlashKind
) -> tuple[tuple[Ingredient, ...], FlashKind]:
    """Returns the files that make the flash photograph, and what it is then.

    Args:
        flash: file of the flash picture.
        ambient: file of the ambient picture.
        k: share of the ambient light; None takes the flash picture as it is.
        kind: what the flash picture is by itself.
    """
    if k is None:
        return (Ingredient(path=flash),), kind
    if k == 0:
        return (Ingredient(path=flash),), "flash_only"
    return (Ingredient(path=flash), Ingredient(path=ambient, weight=k)), "flash_plus_ambient"


def _pair(scene: str, files: dict[str, str], options: ImportOptions) -> PlannedPair:
    flash, ambient = ordered(files, options.swapped)
    recipe, kind = flash_recipe(flash, ambient, options.flash_plus_ambient, options.flash_kind)
    return PlannedPair(
        pair_id=scene,
        subject_id=scene,
        flash=recipe,
        studio=(Ingredient(path=ambient),),
        light="faid",
        source="faid",
        flash_kind=kind,
        votes_on_order=True,
        extra={"category": scene.split("_")[0].title(), "swapped": bool(options.swapped)},
    )
