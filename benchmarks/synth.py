"""Rendered scenes: seconds by stage, megabytes, and what few samples and the denoiser lose.

Needs the head model; `python -m benchmarks.synth --scenes 4 --sizes "[512]" --reference 256`.
"""

import multiprocessing
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from deepflash.errors import StudioError
from deepflash.pictures import linear_to_srgb
from deepflash.synth.backdrops.furnish import furnish
from deepflash.synth.denoise import denoise
from deepflash.synth.head import HeadRig
from deepflash.synth.head_model import cached_head_model, load_head_model
from deepflash.synth.lamps import LUMINANCE
from deepflash.synth.layout import LAYERS
from deepflash.synth.lights import lamps
from deepflash.synth.mixing import Mix, compose_pair, draw_mix
from deepflash.synth.person import Person
from deepflash.synth.render import Rendered, render
from deepflash.synth.renderer import mitsuba
from deepflash.synth.request import Request
from deepflash.synth.scene import build_scene
from deepflash.synth.shooting import SceneFiles, Task, mixes_of, person_of, view_of
from deepflash.synth.studio import Quality, Shot, Studio
from deepflash.synth.subsurface import scatter
from deepflash.synth.view import View

STAGES = (
    "geometry",
    "textures",
    "scene build",
    "trace",
    "subsurface",
    "denoise",
    "mix + camera",
    "writing",
)
# Fine texture is what a blur of so many pixels at 512 takes away.
_FINE_PX_AT_512 = 2.0


@dataclass
class Figures:
    """What one process measured: lists with one value a scene."""

    wall_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    megabytes: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    quality: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    peak_gb: float = 0.0

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        """Adds the time that the block takes to a stage of the last scene."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall_s[stage].append(time.perf_counter() - wall)
        self.cpu_s[stage].append(time.process_time() - cpu)


def main(
    scenes: int = 3, sizes: list[int] | None = None, samples: int = 16, reference: int = 256
) -> None:
    """Prints every figure.

    Args:
        scenes: people, one view each, after one that warms up.
        sizes: width and height of the pictures in pixels; 512 and 256 if not given.
        samples: paths a pixel.
        reference: paths a pixel of what quality is measured against, in the first scene; 0 for
            no quality.
    """
    context = multiprocessing.get_context("spawn")
    for size in sizes or [512, 256]:
        # Each in a process of its own, whose memory nobody else has filled.
        with context.Pool(1) as pool:
            figures = pool.apply(measure, (scenes, size, samples, reference))
        show(figures, size=size, samples=samples)


def missing() -> str | None:
    """Returns why nothing can be rendered here, or None."""
    if not cached_head_model().exists():
        return "no head model; name one in DEEPFLASH_HEAD_MODEL"
    try:
        mitsuba()
    except StudioError as error:
        return str(error)
    return None


def measure(scenes: int, size: int, samples: int, reference: int) -> Figures:
    """Renders, develops and writes scenes as a rendering process does."""
    studio = Studio(HeadRig(load_head_model(None), texture_px=512 if size <= 640 else 1024))
    request = Request(people=100, poses=1, lights=2, size=size, samples=samples, layers=True)
    figures = Figures()
    with tempfile.TemporaryDirectory() as folder:
        for index in range(scenes + 1):
            # What the first one compiles serves all.
            counted = figures if index else Figures()
            _scene(studio, request, index, Path(folder) / str(index), counted)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    figures.peak_gb = kilobytes / 2**20
    if reference:
        _quality(studio, request, 1, reference, figures)
    return figures


def _scene(studio: Studio, request: Request, index: int, root: Path, figures: Figures) -> None:
    task = Task(person=index, pose=0, split="train")
    person, view, mixes = person_of(request, index), view_of(request, task), mixes_of(request, task)
    with figures.timing("textures"):
        studio._skin_of(person)
    raw = _rendered(studio, person, view, request.size, request.samples, figures)
    shot = _developed(studio, raw, person, view, request, figures)
    written = SceneFiles(root, request, task, person, view, shot)
    with figures.timing("mix + camera"):
        developed = [written._develop(light, mix) for light, mix in enumerate(mixes)]
    with figures.timing("writing"):
        masks, layers = written._write_masks(), written._write_layers()
        for light, (mix, pictures) in enumerate(zip(mixes, developed, strict=True)):
            written._write_pair(light, mix, *pictures, masks=masks, extra={})
    pictures = [path for kind in ("flash", "studio") for path in (root / kind).iterdir()]
    figures.megabytes["pair"].append(_megabytes(pictures) / len(mixes))
    figures.megabytes["masks"].append(_megabytes([root / name for name in masks.values()]))
    figures.megabytes["layers"].append(_megabytes([root / str(layers)]))


def _megabytes(paths: list[Path]) -> float:
    return sum(path.stat().st_size for path in paths) / 1e6


def _rendered(
    studio: Studio, person: Person, view: View, size: int, samples: int, figures: Figures
) -> Rendered:
    with figures.timing("geometry"):
        pieces = [*studio.figure(person, view, size=size), *furnish(view.backdrop)]
    with figures.timing("scene build"):
        scene = build_scene(pieces, view.camera)
    with figures.timing("trace"):
        lit = lamps(view.lighting, np.array(view.camera.at), view.camera.axes()[0])
        return render(scene, lit, size=size, samples=samples, seed=view.seed, pupil=view.pupil)


def _developed(
    studio: Studio, raw: Rendered, person: Person, view: View, request: Request, figures: Figures
) -> Shot:
    """Returns what `Studio.develop` does, and times the two parts that take long."""
    with figures.timing("subsurface"):
        scatter(
            raw.layers,
            raw.irradiance,
            raw.albedo,
            raw.masks["skin"],
            mm_per_px=10 * view.camera.frame_cm / request.size,
        )
    with figures.timing("denoise"):
        denoise(raw.layers, raw.albedo, raw.normal)
    quality = Quality(size=request.size, samples=request.samples)
    return studio.develop(raw, person, view, quality)


def _quality(
    studio: Studio, request: Request, index: int, reference: int, figures: Figures
) -> None:
    """Compares mixes of few denoised samples with those of many raw ones."""
    task = Task(person=index, pose=0, split="train")
    person, view = person_of(request, index), view_of(request, task)
    mix = draw_mix(np.random.default_rng(index), kinds=("studio",))
    few = Quality(size=request.size, samples=request.samples)
    many = Quality(size=request.size, samples=reference, denoised=False)
    pieces = studio.pieces(person, view, size=request.size)
    raw = studio.render(pieces, view, few)
    best = studio.develop(studio.render(pieces, view, many, seed=1), person, view, many)
    truth = _encoded(best, mix)
    noisy = Quality(size=request.size, samples=request.samples, denoised=False)
    for name, quality in (("raw", noisy), ("denoised", few)):
        found = _encoded(studio.develop(raw, person, view, quality), mix)
        for kind in ("flash", "studio"):
            _compare(f"{name} {kind}", found[kind], truth[kind], best.masks["skin"], figures)


def _encoded(shot: Shot, mix: Mix) -> dict[str, np.ndarray]:
    flash, target = compose_pair(shot.layers, shot.masks, mix, shot.skin_reflectance)
    encoded = [linear_to_srgb(np.clip(p, 0, 1).astype(np.float32)) for p in (flash, target)]
    return {"flash": encoded[0], "studio": encoded[1]}


def _compare(
    name: str, found: np.ndarray, truth: np.ndarray, skin: np.ndarray, figures: Figures
) -> None:
    face = skin > 0.5
    squared = ((found - truth) ** 2).mean(-1)
    figures.quality[f"{name}: PSNR whole, dB"].append(-10 * float(np.log10(squared.mean())))
    figures.quality[f"{name}: PSNR skin, dB"].append(-10 * float(np.log10(squared[face].mean())))
    sigma = _FINE_PX_AT_512 * len(skin) / 512
    # Edges of the skin are no texture of it.
    inside = cv2.erode((skin > 0.999).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    fine = [_high_pass(picture, sigma)[inside] for picture in (found, truth)]
    share = 100 * float(fine[0].std() / fine[1].std())
    figures.quality[f"{name}: fine texture kept on skin, %"].append(share)
    correlation = float(np.corrcoef(fine[0], fine[1])[0, 1])
    figures.quality[f"{name}: its correlation"].append(correlation)


def _high_pass(picture: np.ndarray, sigma: float) -> np.ndarray:
    luminance = picture @ np.asarray(LUMINANCE, np.float32)
    return luminance - cv2.GaussianBlur(luminance, (0, 0), sigma)


def show(figures: Figures, *, size: int, samples: int) -> None:
    """Prints means over the scenes."""
    count = len(figures.wall_s["trace"])
    print(f"\nscene of {len(LAYERS)} layers, {size} x {size}, {samples} samples, {count} scenes")
    total = [0.0, 0.0]
    for stage in STAGES:
        wall, cpu = (float(np.mean(s[stage])) for s in (figures.wall_s, figures.cpu_s))
        total = [total[0] + wall, total[1] + cpu]
        print(f"  {stage:14} {wall:7.2f} s wall {cpu:7.2f} s CPU")
    print(f"  {'together':14} {total[0]:7.2f} s wall {total[1]:7.2f} s CPU (two pairs)")
    further = float(np.mean(figures.wall_s["mix + camera"])) / 2
    print(f"  each further light mix {further:.2f} s wall, peak memory {figures.peak_gb:.2f} GB")
    sizes = ", ".join(f"{n} {np.mean(v):.3f}" for n, v in figures.megabytes.items())
    print(f"  megabytes: {sizes}")
    for name, values in figures.quality.items():
        print(f"  {name:46} {np.mean(values):7.2f}")


if __name__ == "__main__":
    from jsonargparse import auto_cli

    auto_cli(main)
