"""One scene from its numbers to files: what a rendering process does."""

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from deepflash.pairs.manifest import PairRecord, Split, file_digest
from deepflash.pictures import from_unit, to_unit, write_picture
from deepflash.synth.camera import draw_responses, phone_camera, studio_camera
from deepflash.synth.checks import picture_fault, scene_fault
from deepflash.synth.layer_file import SUFFIX, write_layers
from deepflash.synth.layout import LAYERS
from deepflash.synth.mixing import TARGET_KINDS, Mix, compose_pair, draw_mix
from deepflash.synth.person import GROUPS, Person, draw_person
from deepflash.synth.request import Request
from deepflash.synth.studio import Quality, Shot, Studio
from deepflash.synth.view import View, draw_view

ATTEMPTS = 4
"""Other views that are tried when a scene fails its checks."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One scene of a dataset."""

    person: int
    pose: int
    split: Split

    @property
    def scene_id(self) -> str:
        """Names the scene's masks and layers."""
        return f"person{self.person:05d}-{self.pose:02d}"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a scene."""

    records: tuple[PairRecord, ...]
    """Empty if no view passed the checks."""
    faults: tuple[str, ...]
    """Why views were not written."""


def person_of(request: Request, index: int) -> Person:
    """Returns a person of a dataset; every ten people cover the ten groups of skin tone."""
    tens, step = divmod(index, GROUPS)
    order = np.random.default_rng([request.seed, 1, tens]).permutation(GROUPS)
    rng = np.random.default_rng([request.seed, 2, index])
    return draw_person(rng, group=int(order[step]) + 1)


def view_of(request: Request, task: Task, attempt: int = 0) -> View:
    """Returns the view of a scene; another attempt gives another view."""
    rng = np.random.default_rng([request.seed, 3, task.person, task.pose, attempt])
    backdrop = "plain_wall" if request.plain_walls else None
    return draw_view(rng, red_eyes=request.red_eyes, backdrop=backdrop)


def mixes_of(request: Request, task: Task) -> list[Mix]:
    """Returns the light of each pair of a scene."""
    kinds = TARGET_KINDS if request.targets == "all" else ("studio",)
    return [
        draw_mix(
            np.random.default_rng([request.seed, 4, task.person, task.pose, light]), kinds=kinds
        )
        for light in range(request.lights)
    ]


def shoot(studio: Studio, root: Path, request: Request, task: Task) -> Outcome:
    """Renders one scene and writes its pairs, masks and layers.

    Raises:
        StudioError: the renderer or the denoiser is missing.
        StorageError: a file could not be written.
    """
    person, mixes = person_of(request, task.person), mixes_of(request, task)
    quality = Quality(size=request.size, samples=request.samples)
    faults: list[str] = []
    for attempt in range(ATTEMPTS):
        view = view_of(request, task, attempt)
        needed = LAYERS if request.layers else used_layers(mixes)
        shot = studio.shoot(person, view, replace(quality, layers=needed))
        fault = scene_fault(shot)
        if fault is None:
            files = SceneFiles(root, request, task, person, view, shot)
            records, fault = files.pairs(mixes, attempt)
            if fault is None:
                return Outcome(records=tuple(records), faults=tuple(faults))
        faults.append(f"{task.scene_id}: {fault}")
    return Outcome(records=(), faults=tuple(faults))


def used_layers(mixes: list[Mix]) -> tuple[str, ...]:
    """Returns the layers that mixes take anything of, and those that the checks look at."""
    weights = np.array([(m.flash_weights, m.target_weights, m.background_weights) for m in mixes])
    used = np.asarray(weights.any(axis=(0, 1, 3)))
    return tuple(
        name
        for name, taken in zip(LAYERS, used.tolist(), strict=True)
        if taken or name in ("flash", "high", "surround")
    )


class SceneFiles:
    """Files of one scene."""

    def __init__(
        self, root: Path, request: Request, task: Task, person: Person, view: View, shot: Shot
    ) -> None:
        self.root, self.request, self.task = root, request, task
        self.person, self.view, self.shot = person, view, shot

    def pairs(self, mixes: list[Mix], attempt: int) -> tuple[list[PairRecord], str | None]:
        """Returns the records of the written pairs, or why nothing was written."""
        developed = [self._develop(light, mix) for light, mix in enumerate(mixes)]
        for flash, studio, _ in developed:
            for picture in (flash, studio):
                if fault := picture_fault(to_unit(picture), self.shot.masks["skin"]):
                    return [], fault
        masks = self._write_masks()
        layers = self._write_layers()
        extra = self._extra(attempt) | ({"layers": layers} if layers else {})
        return [
            self._write_pair(light, mix, *pictures, masks=masks, extra=extra)
            for light, (mix, pictures) in enumerate(zip(mixes, developed, strict=True))
        ], None

    def _develop(self, light: int, mix: Mix) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
        request, task = self.request, self.task
        rng = np.random.default_rng([request.seed, 5, task.person, task.pose, light])
        phone, camera = draw_responses(rng, studio_target=mix.target_kind == "studio")
        flash, target = compose_pair(
            self.shot.layers, self.shot.masks, mix, self.shot.skin_reflectance
        )
        return (
            phone_camera(flash, rng, phone),
            studio_camera(target, rng, camera),
            {"phone": asdict(phone), "camera": asdict(camera)},
        )

    def _write_masks(self) -> dict[str, str]:
        names = {kind: f"masks/{kind}/{self.task.scene_id}.png" for kind in self.shot.masks}
        for kind, name in names.items():
            write_picture(self.root / name, from_unit(self.shot.masks[kind]))
        return names

    def _write_layers(self) -> str | None:
        if not self.request.layers:
            return None
        name = f"layers/{self.task.scene_id}{SUFFIX}"
        write_layers(self.root / name, self.shot.layers)
        return name

    def _extra(self, attempt: int) -> dict[str, Any]:
        return {
            "person": asdict(self.person),
            "view": asdict(self.view),
            "typology_angle_deg": round(self.person.typology_angle_deg, 2),
            "monk_group": self.person.monk_group,
            "skin_reflectance": round(self.shot.skin_reflectance, 5),
            "attempt": attempt,
            "seed": self.request.seed,
            "samples": self.request.samples,
        }

    def _write_pair(
        self,
        light: int,
        mix: Mix,
        flash: np.ndarray,
        studio: np.ndarray,
        response: dict[str, Any],
        *,
        masks: dict[str, str],
        extra: dict[str, Any],
    ) -> PairRecord:
        pair_id = f"{self.task.scene_id}-{light}"
        names = {kind: f"{kind}/{pair_id}.jpg" for kind in ("flash", "studio")}
        quality = int(response["phone"]["jpeg_quality"])
        write_picture(self.root / names["flash"], flash, quality=quality)
        write_picture(self.root / names["studio"], studio, quality=95)
        digests = {kind: file_digest(self.root / name) for kind, name in names.items()}
        return PairRecord(
            pair_id=pair_id,
            subject_id=f"person{self.task.person:05d}",
            split=self.task.split,
            flash=names["flash"],
            studio=names["studio"],
            width=self.request.size,
            height=self.request.size,
            flash_sha256=digests["flash"][0],
            studio_sha256=digests["studio"][0],
            flash_bytes=digests["flash"][1],
            studio_bytes=digests["studio"][1],
            encoding="srgb8",
            flash_kind="flash",
            source="synth",
            pose=f"{self.task.pose:02d}",
            masks=masks,
            extra=extra | {"mix": asdict(mix), "response": response},
        )


def limit_threads(count: int) -> None:
    """Keeps this process to some threads: one of several that share the cores."""
    os.environ["OMP_NUM_THREADS"] = str(count)
    import cv2
    import drjit as dr

    cv2.setNumThreads(count)
    dr.set_thread_count(count)
