"""Renders heads seen by a phone and a studio camera, with the true map between both pictures.

`python -m benchmarks.two_views OUT 24 768` writes a file NNN.npz per head: `phone` and `studio`
(8-bit sRGB, under flash and under studio light), `map_xy` and `visible` (where each pixel of the
phone's picture lies in the studio's, and whether the studio sees it), and 68 landmarks in both.
The phone stands 6 to 9 cm beside the lens, or below it, and both are a studio's
distance away: 1.1 to 1.4 m.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from deepflash.pictures import linear_to_srgb
from deepflash.synth.head import HeadRig
from deepflash.synth.head_model import load_head_model
from deepflash.synth.lens import Camera
from deepflash.synth.mixing import draw_mix
from deepflash.synth.request import Request
from deepflash.synth.shooting import Task, person_of, view_of
from deepflash.synth.studio import Studio
from deepflash.synth.two_views import shoot_two_views

SEED = 20
SAMPLES = 16


def rig(rng: np.random.Generator, seen: Camera) -> tuple[Camera, Camera]:
    """Returns phone and studio camera on one stand, both looking where `seen` looks."""
    right, up, ahead = seen.axes()
    target = np.array(seen.target)
    distance_cm = rng.uniform(110.0, 140.0)
    phone_at = target - distance_cm * ahead
    angle, apart_cm = rng.choice([0.0, np.pi, -np.pi / 2]), rng.uniform(6.0, 9.0)
    aside = apart_cm * (np.cos(angle) * right + np.sin(angle) * up)
    studio_at = phone_at - aside - rng.uniform(-2.0, 6.0) * ahead
    frame_cm = float(np.clip(seen.frame_cm, 42.0, 60.0))
    return _camera(phone_at, target, frame_cm, 0.0), _camera(
        studio_at,
        target + rng.normal(0, 0.6, 3),
        frame_cm * rng.uniform(0.8, 1.1),
        rng.normal(0, 1.0),
    )


def _camera(at: np.ndarray, target: np.ndarray, frame_cm: float, roll_deg: float) -> Camera:
    x, y, z = (float(value) for value in at)
    a, b, c = (float(value) for value in target)
    return Camera(at=(x, y, z), target=(a, b, c), frame_cm=float(frame_cm), roll_deg=roll_deg)


def encoded(linear: np.ndarray) -> np.ndarray:
    """Returns 8-bit sRGB."""
    clipped = np.clip(linear, 0, 1).astype(np.float32)
    return (linear_to_srgb(clipped) * 255).round().astype(np.uint8)


def main(out: Path, heads: int, size: int) -> None:
    """Renders; heads that are there already are left alone."""
    out.mkdir(parents=True, exist_ok=True)
    studio = Studio(HeadRig(load_head_model(None)))
    request = Request(people=100, poses=1, lights=1, seed=SEED)
    for number in tqdm(range(heads), unit="head"):
        path = out / f"{number:03d}.npz"
        if path.exists():
            continue
        rng = np.random.default_rng((SEED, number))
        task = Task(person=number, pose=0, split="train")
        person, view = person_of(request, number), view_of(request, task)
        phone, camera = rig(rng, view.camera)
        view = replace(view, camera=phone)
        seen = shoot_two_views(
            studio,
            person,
            view,
            phone=phone,
            camera=camera,
            phone_size=size,
            camera_size=size,
            samples=SAMPLES,
            mix=draw_mix(rng, kinds=("studio",)),
        )
        part = path.with_name(f".{path.name}")
        np.savez_compressed(
            part,
            phone=encoded(seen.phone),
            studio=encoded(seen.camera),
            map_xy=seen.map_xy,
            visible=seen.visible,
            landmarks_phone=seen.landmarks_phone,
            landmarks_studio=seen.landmarks_camera,
        )
        part.replace(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
