"""What tells a face under a flash from one under other light; fits `deepflash.enhance.flash_lit`.

`python -m benchmarks.flash_lit DATASET [--photographs FOLDER]` mixes each person of a dataset
rendered with layers under a flash, under the light of a room and under studio light, and fits a
logistic regression to people whose number is not a multiple of 4. It prints the constants, and on
the other people how many pictures pass at `deepflash.enhance.verdict.LEAST_FLASH_LIT`, by the
fitted constants and by those in the code. With `--photographs`, what each face in them gets.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float64, UInt8
from tqdm import tqdm

from deepflash.enhance import flash_lit
from deepflash.enhance.flash_lit import Light, light_on
from deepflash.enhance.verdict import LEAST_FLASH_LIT
from deepflash.errors import DatasetError
from deepflash.faces.finder import FaceFinder
from deepflash.pairs.manifest import MANIFEST, PARTIAL, PairRecord, parse_record
from deepflash.pictures import read_mask
from deepflash.synth.camera import draw_responses, photograph
from deepflash.synth.layer_file import read_layers
from deepflash.synth.mixing import MixSettings, compose_pair, draw_mix

LIGHTS = {
    "flash": MixSettings(),
    "room": MixSettings(studio=0, studio_kept=0, room=1, unlit=1.0),
    "studio": MixSettings(studio=1, studio_kept=0, room=0, unlit=1.0),
}
HELD_OUT = 4
"""One person in so many is not fitted to."""
MOST_PEOPLE = 400
RIDGE = 0.01
LONGEST_PX = 1280


class Case(NamedTuple):
    """One rendered face."""

    person: int
    kind: str
    room_ratio: float
    """Light of the room by light of the flash, on the face."""
    light: Light


def records(root: Path) -> list[PairRecord]:
    """Returns the pairs of a dataset, also of one that is still being rendered.

    Raises:
        DatasetError: there are none with layers.
    """
    paths = [path for path in (root / MANIFEST, root / PARTIAL) if path.is_file()]
    lines = paths[0].read_text().splitlines() if paths else []
    found = [parse_record(line, f"{root} line {n}") for n, line in enumerate(lines, 1)]
    found = [record for record in found if "layers" in record.extra]
    if not found:
        raise DatasetError(f"{root} has no pairs with layers; render it with --layers")
    return found[:MOST_PEOPLE]


def pictures(root: Path, record: PairRecord, seed: int) -> Iterator[tuple[str, float, np.ndarray]]:
    """Yields kind of light, share of the room's light and a JPEG picture of each."""
    rng = np.random.default_rng(seed)
    layers = read_layers(root / record.extra["layers"])
    masks = {
        name: (read_mask(root / record.masks[name]) / 255).astype(np.float32)
        for name in ("person", "skin")
    }
    reflectance = float(record.extra["skin_reflectance"])
    for kind, settings in LIGHTS.items():
        mix = draw_mix(rng, settings)
        response = draw_responses(rng, studio_target=kind == "studio")[0]
        light = compose_pair(layers, masks, mix, reflectance)[0]
        picture = photograph(np.ascontiguousarray(light), rng, response)
        yield kind, mix.room_ratio, compressed(picture, int(rng.integers(75, 96)))


def compressed(picture: UInt8[np.ndarray, "h w 3"], quality: int) -> UInt8[np.ndarray, "h w 3"]:
    """Returns the picture as JPEG keeps it."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    data = cv2.imencode(".jpg", picture[..., ::-1], options)[1]
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.ascontiguousarray(decoded[..., ::-1])


def cases(root: Path, finder: FaceFinder) -> Iterator[Case]:
    """Yields every person under every light, as far as the face is found."""
    for seed, record in enumerate(tqdm(records(root))):
        for kind, ratio, picture in pictures(root, record, seed):
            for face in finder.find(picture)[:1]:
                light = light_on(picture, face)
                yield Case(int(record.subject_id[-5:]), kind, ratio, light)


class Fit(NamedTuple):
    """The constants of `deepflash.enhance.flash_lit`."""

    mean: Light
    spread: Light
    weight: Light
    bias: float

    def likelihood(self, values: Float64[np.ndarray, "n k"]) -> Float64[np.ndarray, " n"]:
        """Returns what `flash_lit.likelihood` returns with these constants."""
        return 1 / (1 + np.exp(-self.bias - standardised(values, self) @ np.array(self.weight)))


IN_CODE = Fit(flash_lit.MEAN, flash_lit.SPREAD, flash_lit.WEIGHT, flash_lit.BIAS)


def standardised(values: Float64[np.ndarray, "n k"], fit: Fit) -> Float64[np.ndarray, "n k"]:
    """Returns measures in spreads from their mean."""
    most = flash_lit.MOST_SPREADS
    return ((values - np.array(fit.mean)) / np.array(fit.spread)).clip(-most, most)


def fitted(found: list[Case]) -> Fit:
    """Returns a ridge logistic regression by Newton's method.

    A picture counts the less the more the room lit it beside the flash, and each other light
    half as much as the flash.
    """
    values = np.array([case.light for case in found])
    flash = np.array([case.kind == "flash" for case in found], float)
    room = np.array([case.room_ratio for case in found])
    counts = np.where(flash > 0, 2 * (1.3 - room).clip(0.2, 1), 1.0)
    counts /= counts.sum()
    fit = Fit(Light(*values.mean(axis=0)), Light(*values.std(axis=0)), Light(0, 0, 0, 0, 0), 0.0)
    design = np.column_stack([np.ones(len(values)), standardised(values, fit)])
    ridge = RIDGE * np.diag([0.0, *[1.0] * values.shape[1]])
    found_weights = np.zeros(design.shape[1])
    for _ in range(30):
        expected = 1 / (1 + np.exp(-design @ found_weights))
        slope = design.T @ (counts * (expected - flash)) + ridge @ found_weights
        curve = (design.T * (counts * expected * (1 - expected))) @ design + ridge
        found_weights -= np.linalg.solve(curve, slope)
    return fit._replace(weight=Light(*found_weights[1:]), bias=float(found_weights[0]))


def constants(fit: Fit) -> list[str]:
    """Returns the lines of code that hold a fit."""
    lines = []
    for name, light in (("MEAN", fit.mean), ("SPREAD", fit.spread), ("WEIGHT", fit.weight)):
        words = ", ".join(f"{key}={value:.3f}" for key, value in light._asdict().items())
        lines.append(f"{name} = Light({words})")
    return [*lines, f"BIAS = {fit.bias:.3f}"]


def table(found: list[Case], fit: Fit) -> list[str]:
    """Returns how many pictures of each kind pass."""
    lines = []
    for kind in LIGHTS:
        values = np.array([case.light for case in found if case.kind == kind])
        passed = fit.likelihood(values) >= LEAST_FLASH_LIT
        lines.append(f"  {kind:8} {passed.mean():6.1%} of {len(passed)} pass as flash")
    return lines


def on_photographs(folder: Path, finder: FaceFinder) -> Iterator[str]:
    """Yields a line for each face in a folder's pictures."""
    for path in sorted(folder.iterdir()):
        picture = cv2.imread(str(path))
        if picture is None:
            continue
        scale = min(1.0, LONGEST_PX / max(picture.shape[:2]))
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        small = np.ascontiguousarray(small[..., ::-1])
        for face in finder.find(small):
            light = light_on(small, face)
            words = " ".join(f"{key} {value:5.2f}" for key, value in light._asdict().items())
            yield f"  {path.stem:24} {flash_lit.likelihood(light):.2f}  {words}"


def main() -> None:
    """Prints constants and tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--photographs", type=Path, action="append", default=[])
    asked = parser.parse_args()
    finder = FaceFinder()
    found = list(cases(asked.dataset, finder))
    fit = fitted([case for case in found if case.person % HELD_OUT])
    held_out = [case for case in found if not case.person % HELD_OUT]
    print("\n".join(constants(fit)))
    for name, one in (("fitted now", fit), ("in the code", IN_CODE)):
        print("\n".join([f"people never fitted to, {name}:", *table(held_out, one)]))
    for folder in asked.photographs:
        print("\n".join([f"{folder}:", *on_photographs(folder, finder)]))


if __name__ == "__main__":
    main()
