"""eFAID: FAID, MID and DPD, white-balanced and linear (Maralan et al., CVPR 2023)."""

import re
from pathlib import Path
from typing import Literal, NamedTuple

from deepflash.pairs.importers.dpd import group_rotations
from deepflash.pairs.importers.faid import flash_recipe, ordered
from deepflash.pairs.importers.mid import room_of
from deepflash.pairs.importers.plan import (
    ImportOptions,
    Ingredient,
    PlannedPair,
    Scan,
    layout_error,
    picture_paths,
    safe_id,
)
from deepflash.pairs.manifest import FlashKind

_FOLDER = re.compile(r"(FAID|MID|DPD)_(train|test)")
_NAME = re.compile(r"(.+)_(ambient|flashphoto|flash)\.png", re.IGNORECASE)


class _Place(NamedTuple):
    """Where a pair lies."""

    origin: str
    part: Literal["train", "test"]
    variant: str
    """Number of the sub-folder (MID: which ambient light; DPD: which background); '' in FAID."""
    name: str


def scan(root: Path, options: ImportOptions) -> Scan:
    """Returns the pairs of `{FAID,MID,DPD}_{train,test}` below `root`; any of the six may lack.

    The flash photograph is `<name>_flashphoto.png`, which holds flash + ambient. With
    `options.flash_plus_ambient` it is made from `<name>_flash.png` instead (0: the flash alone).

    Raises:
        DatasetError: no such folders or names.
    """
    places: dict[_Place, dict[str, str]] = {}
    for path in picture_paths(root):
        if place := _place(path, root):
            places.setdefault(place[0], {})[place[1]] = path
    if not places:
        raise layout_error(
            "eFAID",
            root,
            "FAID_train, FAID_test, MID_train/<k>, MID_test/<k>, DPD_train/<k> or DPD_test/<k> "
            "with <name>_ambient.png, <name>_flash.png and <name>_flashphoto.png",
        )
    needed = ["ambient", "flash"] + ["flashphoto"] * (options.flash_plus_ambient is None)
    subjects = _subjects(list(places))
    pairs: list[PlannedPair] = []
    incomplete: list[str] = []
    for place, files in places.items():
        if missing := [role for role in needed if role not in files]:
            where = f"{place.origin}_{place.part}/{place.variant}".rstrip("/")
            incomplete.append(f"{where}/{place.name} has no {missing[0]} picture")
        else:
            pairs.append(_pair(place, files, subjects[place], options))
    return Scan(pairs=pairs, incomplete=incomplete)


def _place(path: str, root: Path) -> tuple[_Place, str] | None:
    """Returns where the picture belongs and its role, or None for a foreign file."""
    file = _NAME.fullmatch(Path(path).name)
    parents = [*Path(path).parent.parts]
    variant = parents.pop() if parents and parents[-1].isdigit() else ""
    folder = _FOLDER.fullmatch(parents[-1] if parents else root.resolve().name)
    if file is None or folder is None:
        return None
    part = "test" if folder[2] == "test" else "train"
    return _Place(folder[1], part, variant, file[1]), file[2].lower()


def _subjects(places: list[_Place]) -> dict[_Place, str]:
    """Returns the subject of every place; variants and rotations of one scene share theirs."""
    portraits = sorted({place.name for place in places if place.origin == "DPD"})
    groups = dict(zip(portraits, (g[0] for g in group_rotations(portraits)), strict=True))
    subject = {
        "FAID": lambda name: name,
        "MID": room_of,
        "DPD": lambda name: groups[name],
    }
    return {p: safe_id(f"{p.origin.lower()}_{subject[p.origin](p.name)}") for p in places}


def _pair(
    place: _Place, files: dict[str, str], subject: str, options: ImportOptions
) -> PlannedPair:
    # Only FAID's preparation script exchanges the two.
    swapped = options.swapped if place.origin == "FAID" else None
    flash, ambient = ordered(files, swapped)
    if options.flash_plus_ambient is None:
        recipe: tuple[Ingredient, ...] = (Ingredient(path=files["flashphoto"]),)
        kind: FlashKind = "flash_plus_ambient"
    else:
        recipe, kind = flash_recipe(flash, ambient, options.flash_plus_ambient, "flash_only")
    parts = [place.origin.lower(), place.variant.zfill(2) if place.variant else "", place.name]
    variant = {"variant": int(place.variant)} if place.variant else {}
    return PlannedPair(
        pair_id=safe_id("_".join(part for part in parts if part)),
        subject_id=subject,
        flash=recipe,
        studio=(Ingredient(path=ambient),),
        light="linear",
        source="efaid",
        flash_kind=kind,
        published=place.part,
        votes_on_order=place.origin == "FAID",
        extra={"origin": place.origin, "swapped": bool(swapped)} | variant,
    )
