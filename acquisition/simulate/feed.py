"""What the phone and the studio camera see, scene by scene, from a folder of pairs."""

import threading
from collections.abc import Callable
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from acquisition.errors import UsageError, one_line
from acquisition.simulate import raw, scenery
from acquisition.simulate.settings import FeedSettings
from acquisition.simulate.similarity import Similarity, similarity_of
from acquisition.simulate.stamp import Stamp, stamp_jpeg
from deepflash.pairs import manifest

CACHED_VIEWS = 6
PHONE_EXPOSURE_S = 1 / 60
PHONE_ISO = 100
DIM_EXPOSURE_S = 1 / 15
DIM_ISO = 800
PHONE_MODEL = "Simulated phone"
STUDIO_MODEL = "Simulated studio camera"
PICTURE_SUFFIXES = {".jpg", ".jpeg", ".png"}

View = Literal["phone_flash", "phone_dim", "studio", "studio_raw"]


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """One pair of pictures of the folder."""

    subject: str = ""
    """Who is seen, where the folder says so."""
    name: str
    flash: Path
    studio: Path


class StudioExposure(msgspec.Struct, frozen=True, kw_only=True):
    """How the studio camera was set."""

    taken: datetime
    """By the camera's own calendar clock."""
    exposure_s: float
    f_number: float
    iso: int
    number: int
    """Of the exposure."""
    serial: str = ""


class Feed:
    """Scenes without end: the folder's people in their order, then again with other similarities.

    Every call returns other bytes, also for the same scene, as long as its number differs.
    Safe to use from several threads.

    Args:
        settings: folder and sizes.

    Raises:
        UsageError: the folder has no pairs, or a size makes no sense.
    """

    def __init__(self, settings: FeedSettings) -> None:
        if min(*settings.phone_px, *settings.studio_px) < 16 or any(
            side % 2 for side in settings.studio_px
        ):
            raise UsageError("pictures need at least 16 x 16 pixels, the studio's even sides")
        if settings.raw_bits not in (12, 14, 16):
            raise UsageError(f"raw files have 12, 14 or 16 bits, not {settings.raw_bits}")
        self.settings = settings
        self._sights = find_sights(settings.folder)
        self._people = _people(self._sights, self.settings.poses)
        self._grain = scenery.Grain()
        self._lock = threading.RLock()
        self._views: dict[tuple[int, View], bytes | np.ndarray] = {}
        self._studio_frame: tuple[int, np.ndarray] | None = None

    def __len__(self) -> int:
        """Returns the number of different pairs."""
        return len(self._sights)

    def scene(self, participant: int, pose: int) -> int:
        """Returns the index of what is seen at a pose of a participant, both counted from 0."""
        return participant * self.settings.poses + pose

    def _sight(self, scene: int) -> Sight:
        """A participant stays one person: the person's pairs are seen in turn, pose by pose."""
        participant, pose = divmod(scene, self.settings.poses)
        seen = self._people[participant % len(self._people)]
        return seen[pose % len(seen)]

    def name(self, scene: int) -> str:
        """Returns the name of the scene's pair in the folder."""
        return self._sight(scene).name

    def truth(self, scene: int) -> Similarity:
        """Returns how the phone's picture lies in the studio's."""
        return similarity_of(scene, self.settings.seed)

    def phone_flash(self, scene: int, taken: datetime, number: int) -> bytes:
        """Returns the phone's flash picture, a JPEG.

        Args:
            scene: index.
            taken: by the phone's calendar clock, UTC.
            number: of the exposure, to tell shots of one scene apart.
        """
        jpeg = self._jpeg(scene, "phone_flash")
        stamp = Stamp(
            model=PHONE_MODEL,
            taken=taken,
            exposure_s=PHONE_EXPOSURE_S,
            iso=PHONE_ISO,
            number=number,
            flash=True,
        )
        return stamp_jpeg(jpeg, stamp)

    def phone_reference(self, scene: int, taken: datetime, number: int) -> bytes:
        """Returns the phone's picture of the dim scene without flash, a JPEG."""
        jpeg = self._jpeg(scene, "phone_dim")
        stamp = Stamp(
            model=PHONE_MODEL,
            taken=taken,
            exposure_s=DIM_EXPOSURE_S,
            iso=DIM_ISO,
            number=number,
            flash=False,
        )
        return stamp_jpeg(jpeg, stamp)

    def studio_jpeg(self, scene: int, shot: StudioExposure) -> bytes:
        """Returns the studio camera's JPEG."""
        stamp = Stamp(
            model=STUDIO_MODEL,
            taken=shot.taken,
            exposure_s=shot.exposure_s,
            iso=shot.iso,
            number=shot.number,
            f_number=shot.f_number,
        )
        return stamp_jpeg(self._jpeg(scene, "studio"), stamp)

    def studio_raw(self, scene: int, shot: StudioExposure) -> bytes:
        """Returns the studio camera's raw file, a DNG of the same view."""
        sensor = self._view(scene, "studio_raw", lambda: self._sensor(scene))
        if isinstance(sensor, bytes):
            raise TypeError("a raw view is an array")
        meta = raw.RawMeta(
            taken=shot.taken,
            exposure_s=shot.exposure_s,
            f_number=shot.f_number,
            iso=shot.iso,
            serial=shot.serial,
            number=shot.number,
        )
        return raw.write_dng(sensor, self.settings.raw_bits, meta)

    def _jpeg(self, scene: int, view: View) -> bytes:
        made = self._view(scene, view, lambda: scenery.encode_jpeg(self._picture(scene, view)))
        return made if isinstance(made, bytes) else made.tobytes()

    def _sensor(self, scene: int) -> np.ndarray:
        return raw.mosaic(self._picture(scene, "studio"), self.settings.raw_bits)

    def _picture(self, scene: int, view: View) -> np.ndarray:
        if view != "studio":
            return self._look(scene, view)
        with self._lock:
            # The JPEG and the raw file of a shot show the same.
            if self._studio_frame is None or self._studio_frame[0] != scene:
                self._studio_frame = (scene, self._look(scene, view))
            return self._studio_frame[1]

    def _look(self, scene: int, view: View) -> np.ndarray:
        sight, settings = self._sight(scene), self.settings
        path = sight.flash if view == "phone_flash" else sight.studio
        try:
            picture = scenery.read_picture(path.read_bytes(), str(path))
        except (OSError, ValueError) as error:
            raise UsageError(f"the feed's picture {path} cannot be read: {error}") from error
        if view == "studio":
            framed = scenery.frame(
                picture, settings.phone_px, settings.studio_px, self.truth(scene)
            )
        else:
            framed = scenery.frame(picture, settings.phone_px)
        if view == "phone_dim":
            framed = scenery.dim(framed, settings.ambient)
        return self._grain.add(framed)

    def _view(
        self, scene: int, view: View, make: Callable[[], bytes | np.ndarray]
    ) -> bytes | np.ndarray:
        with self._lock:
            made = self._views.pop((scene, view), None)
            made = make() if made is None else made
            self._views[(scene, view)] = made
            while len(self._views) > CACHED_VIEWS:
                del self._views[next(iter(self._views))]
        return made


def find_sights(folder: str | None) -> list[Sight]:
    """Returns the pairs of a folder, or those that come with the program.

    Raises:
        UsageError: there are none; says what was looked for.
    """
    root = Path(str(files("deepflash") / "starter")) if folder is None else Path(folder)
    if (root / manifest.MANIFEST).is_file():
        return _listed(root)
    sights = []
    for flash in sorted(root.glob("*_flash.*")) if root.is_dir() else []:
        stem = flash.stem.removesuffix("_flash")
        others = sorted([*root.glob(f"{stem}_studio.*"), *root.glob(f"{stem}_ambient.*")])
        others = [path for path in others if path.suffix.lower() in PICTURE_SUFFIXES]
        if others and flash.suffix.lower() in PICTURE_SUFFIXES:
            sights.append(Sight(name=stem, flash=flash, studio=others[-1]))
    if not sights:
        raise UsageError(
            f"no pairs in {root}: expected {manifest.MANIFEST}, or pictures NAME_flash.jpg with "
            "NAME_studio.jpg or NAME_ambient.jpg"
        )
    return sights


def _listed(root: Path) -> list[Sight]:
    try:
        pairs = manifest.read_manifest(root)
    except manifest.DatasetError as error:
        raise UsageError(one_line(error)) from error
    return [
        Sight(
            subject=pair.subject_id,
            name=pair.pair_id,
            flash=root / pair.flash,
            studio=root / pair.studio,
        )
        for pair in pairs
    ]


def _people(sights: list[Sight], poses: int) -> list[list[Sight]]:
    """Returns the pairs of each person; where nobody is named, the next `poses` pairs in turn."""
    if not sights[0].subject:
        steps = range(len(sights))
        return [
            [sights[(step * poses + pose) % len(sights)] for pose in range(poses)] for step in steps
        ]
    people: dict[str, list[Sight]] = {}
    for sight in sights:
        people.setdefault(sight.subject, []).append(sight)
    return list(people.values())
