"""How exactly the studio's picture is laid onto the phone's, against known truth.

`python -m benchmarks.registration VIEWS [--photographs FOLDER] [--blink OUT]` reads the pictures
that `benchmarks.two_views` rendered and prints, for each way of registering, the distance between
the estimated and the true place of the face's visible pixels, in percent of the inter-ocular
distance, and what the validity mask catches and throws away. With `--photographs`, the same on
`NAME_flash.png` and `NAME_ambient.png`, the second one bent by known maps.
"""

import argparse
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from acquisition.registration.coarse import affine
from acquisition.registration.contract import Mode, Registration, Settings
from acquisition.registration.grid import affine_map, pixels, sampled
from acquisition.registration.refine import hull_mask
from acquisition.registration.register import register
from deepflash.faces.finder import Face, FaceFinder
from deepflash.faces.points import inter_ocular

WAYS: dict[str, tuple[Mode, Settings]] = {
    "none": ("none", Settings(validity=False)),
    "affine": ("affine", Settings(ecc=False, validity=False)),
    "affine+ecc": ("affine", Settings(validity=False)),
    "affine+ecc+warp": ("full", Settings(flow=False, validity=False)),
    "affine+ecc+flow": ("full", Settings(warp=False, validity=False)),
    "full": ("full", Settings()),
}
WRONG, RIGHT = 2.0, 1.0
"""Percent of the inter-ocular distance from which a pixel is wrong, below which it is right."""

_NEAR_PERCENT = 10.0
_BENT_TIMES = 4
_PHOTOGRAPH_IOD_PX = 150.0


@dataclass(frozen=True, eq=False)
class Case:
    """Two pictures and the truth about them."""

    name: str
    phone: np.ndarray
    studio: np.ndarray
    map_xy: np.ndarray
    visible: np.ndarray
    """Where the truth holds."""
    face: np.ndarray
    """The visible part of the face."""
    iod_px: float
    """True inter-ocular distance in the studio's picture."""
    faces: tuple[Face, Face]

    def person(self) -> np.ndarray:
        """Returns what is connected with the face and about as far from the cameras."""
        source = pixels(self.face.shape)[self.face]
        plane = affine_map(affine(source, self.map_xy[self.face]), self.face.shape)
        near = np.linalg.norm(self.map_xy - plane, axis=2) < _NEAR_PERCENT / 100 * self.iod_px
        smooth = cv2.medianBlur((near & self.visible).astype(np.uint8), 7)
        _, parts = cv2.connectedComponents(cv2.erode(smooth, np.ones((5, 5), np.uint8)))
        largest = np.bincount(parts[self.face & (parts > 0)]).argmax()
        grown = cv2.dilate((parts == largest).astype(np.uint8), np.ones((9, 9), np.uint8))
        return (grown > 0) & self.visible

    def error(self, map_xy: np.ndarray) -> np.ndarray:
        """Returns the distance from the truth in percent of the inter-ocular distance."""
        return np.linalg.norm(map_xy - self.map_xy, axis=2) / self.iod_px * 100


def rendered(folder: Path, finder: FaceFinder) -> Iterator[Case]:
    """Yields the rendered heads; one in which no face is found is named and left out."""
    for path in sorted(folder.glob("[0-9]*.npz")):
        with np.load(path) as file:
            data = {name: file[name] for name in file.files}
        faces = _faces(path.name, finder, data["phone"], data["studio"])
        if faces is None:
            continue
        marks, own = data["landmarks_studio"], data["landmarks_phone"].astype(np.float32)
        yield Case(
            name=path.stem,
            phone=data["phone"],
            studio=data["studio"],
            map_xy=data["map_xy"],
            visible=data["visible"],
            face=(hull_mask(own, data["phone"].shape[:2]) > 0) & data["visible"],
            iod_px=float(np.linalg.norm(marks[36] - marks[45])),
            faces=faces,
        )


def photographs(folder: Path, finder: FaceFinder) -> Iterator[Case]:
    """Yields pairs of photographs of people, the one with room light bent by known maps."""
    for path in sorted(folder.glob("People_*_flash.png")):
        name = path.name.removesuffix("_flash.png")
        flash, ambient = (_read(folder / f"{name}_{light}.png") for light in ("flash", "ambient"))
        found = _faces(name, finder, flash, ambient)
        if found is None:
            continue
        scale = _PHOTOGRAPH_IOD_PX / inter_ocular(found[0])
        flash, ambient = (_scaled(picture, scale) for picture in (flash, ambient))
        for number in range(_BENT_TIMES):
            rng = np.random.default_rng((zlib.crc32(name.encode()), number))
            truth, back = known_map(rng, flash.shape[:2])
            bent = sampled(ambient, back, cv2.INTER_CUBIC)
            faces = _faces(name, finder, flash, bent)
            if faces is None:
                continue
            yield Case(
                name=f"{name}-{number}",
                phone=flash,
                studio=bent,
                map_xy=truth,
                visible=np.ones(flash.shape[:2], bool),
                face=hull_mask(faces[0].points, flash.shape[:2]) > 0,
                iod_px=inter_ocular(faces[1]),
                faces=faces,
            )


def known_map(rng: np.random.Generator, size_hw: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Returns a rotated, scaled, shifted and smoothly bent map, and its inverse."""
    height, width = size_hw
    angle, scale = np.radians(rng.normal(0, 2)), rng.uniform(0.9, 1.1)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([width / 2, height / 2])
    shift = middle - turn @ middle + rng.uniform(-20, 20, 2)
    truth = affine_map(np.column_stack([turn, shift]).astype(np.float32), size_hw)
    bumps = rng.normal(0, 5, (6, 6, 2)).astype(np.float32)
    truth = truth + cv2.resize(bumps, (width, height), interpolation=cv2.INTER_CUBIC)
    inverse = np.linalg.inv(turn).T
    back = pixels(size_hw)
    for _ in range(60):
        off = sampled(truth, back) - pixels(size_hw)
        back = (back - 0.8 * off @ inverse).astype(np.float32)
    return truth, back


def table(cases: list[Case]) -> Iterator[str]:
    """Yields the lines of both tables."""
    yield f"{len(cases)} pairs; percent of the inter-ocular distance over the face"
    yield f"{'':16} {'median':>7} {'p95':>7} {'worst median':>13} {'worst p95':>10} {'s':>6}"
    last: list[Registration] = []
    for way, (mode, settings) in WAYS.items():
        begun, last = time.perf_counter(), []
        for case in tqdm(cases, desc=way, leave=False):
            last.append(register(case.phone, case.studio, *case.faces, mode, settings))
        seconds = (time.perf_counter() - begun) / len(cases)
        errors = [
            case.error(found.map_xy)[case.face] for case, found in zip(cases, last, strict=True)
        ]
        each = np.array([np.percentile(error, (50, 95)) for error in errors])
        pooled = np.percentile(np.concatenate(errors), (50, 95))
        yield (
            f"{way:16} {pooled[0]:7.2f} {pooled[1]:7.2f} {each[:, 0].max():13.2f} "
            f"{each[:, 1].max():10.2f} {seconds:6.2f}"
        )
    yield f"mask of full; wrong: above {WRONG} %, right: below {RIGHT} %"
    yield f"{'':8} {'wrong':>7} {'caught':>7} {'right':>7} {'thrown':>7} {'valid':>7} {'wrong*':>7}"
    for name in ("face", "person", "picture"):
        yield _mask_line(name, cases, last)
    yield "wrong*: share of wrong pixels among the valid ones"


def _mask_line(name: str, cases: list[Case], found: list[Registration]) -> str:
    errors, masks = [], []
    for case, registration in zip(cases, found, strict=True):
        region = {"face": case.face, "picture": case.visible}.get(name)
        region = case.person() if region is None else region
        errors.append(case.error(registration.map_xy)[region])
        masks.append(registration.valid[region] > 0)
    error, valid = np.concatenate(errors), np.concatenate(masks)
    wrong, right = error > WRONG, error < RIGHT
    shares = (wrong, ~valid[wrong], right, ~valid[right], valid, wrong[valid])
    return f"{name:8} " + " ".join(f"{100 * share.mean():6.1f}%" for share in shares)


def blink(case: Case) -> np.ndarray:
    """Returns flash | laid-over studio | error | mask, RGB; full error is 4 percent."""
    found = register(case.phone, case.studio, *case.faces)
    laid = sampled(case.studio, found.map_xy, cv2.INTER_CUBIC)
    error = np.where(case.visible, case.error(found.map_xy), 0)
    heat = cv2.applyColorMap(np.clip(error * 64, 0, 255).astype(np.uint8), cv2.COLORMAP_TURBO)
    masked = np.where(found.valid[..., None] > 0, laid, laid // 4 + np.array([120, 0, 0], np.uint8))
    return np.hstack([case.phone, laid, heat[..., ::-1], masked]).astype(np.uint8)


def _faces(
    name: str, finder: FaceFinder, phone: np.ndarray, studio: np.ndarray
) -> tuple[Face, Face] | None:
    own, its = finder.find(phone), finder.find(studio)
    if not (own and its):
        sys.stderr.write(f"{name}: no face found\n")
        return None
    return own[0], its[0]


def _read(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path))
    if picture is None:
        raise SystemExit(f"{path} cannot be read")
    return np.ascontiguousarray(picture[..., ::-1])


def _scaled(picture: np.ndarray, scale: float) -> np.ndarray:
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=how)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("views", type=Path)
    parser.add_argument("--photographs", type=Path)
    parser.add_argument("--blink", type=Path, help="folder for one PNG per pair")
    asked = parser.parse_args()
    finder = FaceFinder()
    sets = {"rendered heads": list(rendered(asked.views, finder))}
    if asked.photographs:
        sets["photographs"] = list(photographs(asked.photographs, finder))
    for name, cases in sets.items():
        for line in (name, *table(cases)):
            print(line, flush=True)
    if asked.blink:
        asked.blink.mkdir(parents=True, exist_ok=True)
        for case in (case for cases in sets.values() for case in cases):
            cv2.imwrite(str(asked.blink / f"{case.name}.png"), blink(case)[..., ::-1])


if __name__ == "__main__":
    main()
