"""`deepflash draw`: a small pair dataset of drawn heads, to learn and try with at once.

The heads are shaded from formulas with numpy alone (see `deepflash.pairs.drawing`): no renderer,
no download, and the same pictures for the same seed.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float32
from tqdm import tqdm

from deepflash.arguments import new_parser, parse
from deepflash.errors import DatasetError, UsageError
from deepflash.pairs.drawing.light import Render, render
from deepflash.pairs.drawing.paint import skin_colour
from deepflash.pairs.drawing.person import Person, View, draw_person, draw_view
from deepflash.pairs.manifest import MANIFEST, ManifestWriter, PairRecord, Split, file_digest
from deepflash.pairs.splits import assign_splits
from deepflash.pictures import from_unit, linear_to_srgb, write_picture

_SMALLEST, _LARGEST = 32, 2048
# JPEG's blocks are coarse beside the features of a very small face.
_SMALLEST_JPEG = 128
# How much light a sensor counts as noise: variance per unit of linear light, and in the dark.
_FLASH_NOISE, _STUDIO_NOISE, _DARK_NOISE = 3.0e-4, 1.2e-4, 1.5e-6
_LENS_BLUR = np.array([0.09, 0.82, 0.09], np.float32)


def draw_pairs(
    root: Path, *, people: int = 60, poses: int = 1, size: int = 256, seed: int = 0
) -> None:
    """Writes a pair dataset of drawn heads; an interrupted run goes on where it stopped.

    Both pictures of a pair show the same pose and texture pixel for pixel, sRGB-encoded in 8
    bits: `flash` with a point light beside the lens, `studio` with three large soft lamps. The
    parameters of the person and the view are in `extra`.

    Args:
        root: folder of the dataset; may hold an interrupted run of the same arguments.
        people: how many subjects; their skin covers the whole range from pale to dark.
        poses: pairs per subject.
        size: width and height in pixels.
        seed: the same seed gives the same bytes.

    Raises:
        UsageError: an argument out of range.
        DatasetError: `root` holds a complete dataset, or a part of one drawn otherwise.
        StorageError: a file could not be written.
    """
    _check_arguments(people=people, poses=poses, size=size, seed=seed)
    request = {"people": people, "poses": poses, "size": size, "seed": seed}
    if root.is_dir() and any(root.iterdir()) and not any(root.glob(f"{MANIFEST}*")):
        raise DatasetError(f"{root} holds other files; name a new or empty folder")
    subjects = [f"person{index:04d}" for index in range(people)]
    splits = assign_splits(subjects, seed=seed)
    skins = _skins(people, seed)
    with (
        ManifestWriter(root) as writer,
        tqdm(total=people * poses, unit="pair", disable=None) as progress,
    ):
        _check_same_request(root, writer, request)
        for index, subject in enumerate(subjects):
            person = draw_person(_random(seed, index), skin=skins[index])
            for pose in range(poses):
                pair_id = f"{subject}-{pose:02d}"
                if pair_id not in writer.done:
                    record = _draw_pair(
                        root,
                        pair_id,
                        person=person,
                        split=splits[subject],
                        rng=_random(seed, index, pose),
                        request=request,
                    )
                    writer.add(record)
                progress.update()


def _check_arguments(*, people: int, poses: int, size: int, seed: int) -> None:
    if people < 1 or poses < 1:
        raise UsageError(f"cannot draw {people} people in {poses} poses; both must be 1 or more")
    if not _SMALLEST <= size <= _LARGEST:
        raise UsageError(f"the size must be {_SMALLEST} to {_LARGEST} pixels, got {size}")
    if seed < 0:
        raise UsageError(f"the seed must be 0 or more, got {seed}")


def _check_same_request(root: Path, writer: ManifestWriter, request: dict[str, int]) -> None:
    for record in writer.done.values():
        found = {name: record.extra.get(name) for name in request}
        if found != request:
            was = ", ".join(f"{name} {value}" for name, value in found.items())
            raise DatasetError(
                f"{root} holds a part of another dataset ({was}); finish that one, remove the "
                "folder or name another one"
            )


def _random(seed: int, person: int, pose: int | None = None) -> np.random.Generator:
    # Persons and poses draw from streams of their own, so that each can be drawn alone.
    return np.random.default_rng([seed, person] if pose is None else [seed, person, pose + 1])


def _skins(people: int, seed: int) -> list[float]:
    steps = (np.arange(people) + 0.5) / people
    return [float(s) for s in np.random.default_rng([seed]).permutation(steps)]


def _draw_pair(
    root: Path,
    pair_id: str,
    *,
    person: Person,
    split: Split,
    rng: np.random.Generator,
    request: dict[str, int],
) -> PairRecord:
    view = draw_view(rng)
    size = request["size"]
    drawn = render(person, view, size=size)
    gain = _exposure(person)
    suffix = "jpg" if size >= _SMALLEST_JPEG else "png"
    names = {light: f"{light}/{pair_id}.{suffix}" for light in ("flash", "studio")}
    noises = {"flash": _FLASH_NOISE, "studio": _STUDIO_NOISE}
    for light, name in names.items():
        picture = _photograph(getattr(drawn, light) * gain, noise=noises[light], rng=rng)
        write_picture(root / name, picture, quality=95)
    digests = {light: file_digest(root / name) for light, name in names.items()}
    return PairRecord(
        pair_id=pair_id,
        subject_id=pair_id.rsplit("-", 1)[0],
        split=split,
        flash=names["flash"],
        studio=names["studio"],
        width=size,
        height=size,
        flash_sha256=digests["flash"][0],
        studio_sha256=digests["studio"][0],
        flash_bytes=digests["flash"][1],
        studio_bytes=digests["studio"][1],
        encoding="srgb8",
        flash_kind="flash",
        source="drawn",
        pose=pair_id.rsplit("-", 1)[1],
        masks=_write_masks(root, pair_id, drawn),
        extra=_extra(person, view, request),
    )


def _extra(person: Person, view: View, request: dict[str, int]) -> dict[str, Any]:
    return {**request, "person": asdict(person), "view": asdict(view)}


def _write_masks(root: Path, pair_id: str, drawn: Render) -> dict[str, str]:
    names = {kind: f"masks/{kind}/{pair_id}.png" for kind in ("person", "face", "skin")}
    for kind, name in names.items():
        write_picture(root / name, from_unit(getattr(drawn, kind)))
    return names


def _exposure(person: Person) -> float:
    # A camera brings dark faces part of the way up and pale ones down, never all of it.
    pigments = (np.full(1, value, np.float32) for value in (person.melanin, person.haemoglobin))
    luminance = float(skin_colour(*pigments).mean())
    return 1.12 * (0.30 / luminance) ** 0.30


def _photograph(
    light: Float32[np.ndarray, "s s 3"], *, noise: float, rng: np.random.Generator
) -> np.ndarray:
    """Returns what a camera makes of linear light: lens blur, noise, sRGB encoding, 8 bits."""
    blurred = cv2.sepFilter2D(light, -1, _LENS_BLUR, _LENS_BLUR, borderType=cv2.BORDER_REPLICATE)
    deviation = np.sqrt(noise * blurred + np.float32(_DARK_NOISE))
    grain = rng.standard_normal(blurred.shape, dtype=np.float32)
    return from_unit(linear_to_srgb(blurred + deviation * grain))


def main(argv: Sequence[str]) -> None:
    """Runs `deepflash draw`. Raises DeepFlashError as `draw_pairs` does."""
    parser = new_parser("draw", "Draw heads under a flash and in a studio: a pair dataset.")
    parser.add_argument("-o", "--output", type=Path, default=Path("pairs/drawn"), help="folder")
    parser.add_argument("--people", type=int, default=60, help="how many people")
    parser.add_argument("--poses", type=int, default=1, help="pairs per person")
    parser.add_argument("--size", type=int, default=256, help="width and height in pixels")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other people")
    asked = parse(parser, argv)
    draw_pairs(
        asked.output, people=asked.people, poses=asked.poses, size=asked.size, seed=asked.seed
    )
