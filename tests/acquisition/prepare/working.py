"""Stand-ins for what takes long: pairs are checked and written, but nothing is seen in them."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from acquisition.consent.registry import Registry
from acquisition.prepare.consent_gate import Gate
from acquisition.prepare.crew import Crew
from acquisition.prepare.inputs import checked_inputs
from acquisition.prepare.pipeline import PairJob, begin, failed, in_words
from acquisition.prepare.run import Asked, Outcome, prepare
from acquisition.prepare.settings import Prepared, PrepareSettings
from acquisition.prepare.write import PairPictures, write_pair
from deepflash.faces.finder import Face
from tests.acquisition.prepare.sessions import add_pair, begin_session, feed, person

TINY = {"references": False, "scenes": feed((32, 32), (32, 48))}
"""What `add_pair` needs to be quick, where nobody looks at the pictures."""

FIGURES = {"flash_faces": 1.0, "studio_faces": 1.0, "skew_ms": 420.0, "leak": 0.01}


def write_only(job: PairJob) -> Prepared:
    """Checks the files of a pair as the real one does, and writes small grey pictures."""
    try:
        checked_inputs(Path(job.folder), job.record)
    except Exception as error:  # noqa: BLE001 - as the real one
        return failed(job, in_words(error))
    side = job.settings.size
    grey = np.full((side, side, 3), 0.2, np.float32)
    points = np.full((468, 2), side / 2, np.float32)
    face = Face(points=points, score=1.0, box=(0.0, 0.0, 1.0, 1.0))
    valid = np.full((side, side), 255, np.uint8)
    pictures = PairPictures(grey, grey, valid, face)
    whose = job.record.participant, job.record.pair
    written = write_pair(Path(job.dataset), whose, pictures, side, job.settings.encoding)
    files, width, height = written
    return replace(begin(job), files=files, width=width, height=height, figures=dict(FIGURES))


def die_if_deadly(job: PairJob) -> Prepared:
    """Ends its process at a pair that says so."""
    if job.record.reasons == ["deadly"]:
        time.sleep(0.2)
        os._exit(7)
    return write_only(job)


@dataclass
class Room:
    """A registry, a dataset and what was worked on."""

    root: Path
    registry: Registry
    worked: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def dataset(self) -> Path:
        return self.root / "pairs" / "a"

    def work(self, job: PairJob) -> Prepared:
        self.worked.append(job.record.pair)
        return write_only(job)

    def run(self, *sessions: Path, work=None, crew=None, **asked) -> Outcome:
        """Prepares the sessions; `worked` has the pairs of this run afterwards."""
        self.worked, self.lines = [], []
        settings = asked.pop("settings", PrepareSettings(size=32))
        gate = Gate(asked.pop("registry", self.registry.folder), None, settings.purpose)
        make = crew or (lambda: Crew(work or self.work, lambda: ThreadPoolExecutor(1), 1))
        wanted = Asked(sessions=list(sessions), output=self.dataset, settings=settings, **asked)
        return prepare(wanted, gate, make, self.lines.append)

    def files(self) -> dict[str, bytes]:
        """Returns all that the dataset holds."""
        paths = [path for path in self.dataset.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.dataset)): path.read_bytes() for path in paths}


def session(room: Room, people: list[str], name: str = "s", **more) -> tuple[Path, list[str]]:
    root = room.root / "sessions" / name
    folder = begin_session(root, people)
    pairs = [add_pair(folder, one, **TINY, **more) for one in people]
    folder.close()
    return root, pairs


def three(room: Room) -> tuple[Path, list[str], list[str]]:
    people = [person(room.registry) for _ in range(3)]
    root, pairs = session(room, people)
    return root, people, pairs


def snapshot(root: Path) -> dict[str, tuple[int, bytes]]:
    files = [path for path in root.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}
