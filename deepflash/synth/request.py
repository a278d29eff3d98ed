"""What a rendered dataset was asked to be; kept beside it, so that a stopped run goes on alike."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from deepflash.atomic import write_text
from deepflash.errors import DatasetError, UsageError

NAME = "synth.json"


@dataclass(frozen=True, kw_only=True)
class Request:
    """One dataset of rendered pairs; the same values give the same pictures on one machine."""

    people: int = 20
    poses: int = 2
    """Scenes of each person: pose, expression, camera and place differ."""
    lights: int = 2
    """Pairs of each scene: mixtures of its light."""
    seed: int = 0
    size: int = 512
    """Width and height in pixels."""
    samples: int = 16
    """Paths a pixel."""
    layers: bool = False
    """Keeps the light layers of each scene, so that training can mix new light."""
    red_eyes: float = 0.1
    """Share of scenes in which the flash may redden the pupils."""
    plain_walls: bool = False
    """Puts everybody before a plain wall: what an ablation compares with."""
    targets: str = "all"
    """`all` kinds of targets, or `studio` alone."""

    def __post_init__(self) -> None:
        """Refuses what cannot be rendered."""
        if min(self.people, self.poses, self.lights, self.samples) < 1:
            raise UsageError(
                "people, poses, lights and samples must be 1 or more; got "
                f"{self.people}, {self.poses}, {self.lights}, {self.samples}"
            )
        if not 64 <= self.size <= 2048:
            raise UsageError(f"the size must be 64 to 2048 pixels, got {self.size}")
        if self.seed < 0:
            raise UsageError(f"the seed must be 0 or more, got {self.seed}")
        if not 0 <= self.red_eyes <= 1:
            raise UsageError(f"red_eyes is a share in [0,1], got {self.red_eyes}")
        if self.targets not in ("all", "studio"):
            raise UsageError(f"targets is all or studio, got {self.targets!r}")


def keep_request(root: Path, request: Request) -> None:
    """Writes the request into a new dataset, or compares it with that of a stopped run.

    Raises:
        DatasetError: the folder holds something else.
        StorageError: it cannot be written.
    """
    path = root / NAME
    if path.is_file():
        found = read_request(root)
        if found != request:
            differing = [
                f"{f.name} {getattr(found, f.name)}, not {getattr(request, f.name)}"
                for f in fields(Request)
                if getattr(found, f.name) != getattr(request, f.name)
            ]
            raise DatasetError(
                f"{root} holds another dataset ({'; '.join(differing)}); go on with it by "
                f"`deepflash synth --resume {root}`, or name another folder"
            )
        return
    if root.is_dir() and any(root.iterdir()):
        raise DatasetError(f"{root} holds other files; name a new or empty folder")
    write_text(path, json.dumps(asdict(request), indent=2) + "\n")


def read_request(root: Path) -> Request:
    """Returns what a dataset was asked to be.

    Raises:
        DatasetError: the folder holds no rendered dataset, or its request is damaged.
    """
    path = root / NAME
    try:
        return Request(**json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise DatasetError(f"{root} holds no rendered dataset (no {NAME})") from error
    except (ValueError, TypeError) as error:
        raise DatasetError(f"{path} is damaged; render into a new folder") from error
