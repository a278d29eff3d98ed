"""What a dataset's report shows: all pairs, with small pictures of those that have some."""

import base64
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import msgspec
import numpy as np
from tqdm import tqdm

from acquisition.errors import SessionError, StoreError
from acquisition.prepare.checks import CHECKS
from acquisition.prepare.dataset import PREPARED, SETTINGS
from acquisition.prepare.settings import Prepared, PrepareSettings
from deepflash.errors import DatasetError
from deepflash.pairs.manifest import MANIFEST, PairRecord, read_manifest

THUMBNAIL_PX = 256
MASK_PX = 128
QUALITY = 78
WORST = 10

_ERROR = "registration_landmark_residual_iod"
_UNTRUSTED = (60, 30, 230, 150)
"""Blue, green, red and opacity of what the registration does not trust."""
_THREADS = 2


@dataclass(frozen=True, kw_only=True)
class Thumbnails:
    """Small pictures of a pair as `data:` URIs, empty where there is none."""

    flash: str = ""
    studio: str = ""
    mask: str = ""
    """Transparent but where the registration is not trusted."""
    note: str = ""
    """In words, what could not be read."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that the page shows."""

    name: str
    settings: PrepareSettings
    pairs: list[Prepared]
    thumbnails: dict[str, Thumbnails]
    """By pair."""
    records: dict[str, PairRecord]
    """Of the manifest, by pair."""

    @property
    def accepted(self) -> list[Prepared]:
        """The pairs of the dataset."""
        return [pair for pair in self.pairs if pair.accepted]


def gather(folder: Path) -> Report:
    """Reads a dataset and makes the small pictures.

    Raises:
        StoreError: the folder holds no prepared dataset, or it cannot be read.
        SessionError: a file of it is damaged or newer than this program.
    """
    pairs, settings, records = _pairs(folder), _settings(folder), _records(folder)
    with ThreadPoolExecutor(_THREADS) as pool:
        made = tqdm(
            pool.map(lambda pair: thumbnails_of(folder, pair), pairs),
            total=len(pairs),
            desc="report",
            unit="pair",
            disable=None,
        )
        thumbnails = dict(zip((pair.pair for pair in pairs), made, strict=True))
    return Report(
        name=folder.resolve().name,
        settings=settings,
        pairs=pairs,
        thumbnails=thumbnails,
        records=records,
    )


def short(reason: str) -> str:
    """Returns what is wrong, without the figure, its limit and the advice."""
    return reason.split(" (")[0].split(": ")[0].rstrip(".")


def reasons_counted(pairs: Sequence[Prepared]) -> list[tuple[str, int]]:
    """Returns each reason and how many pairs have it, the most frequent first."""
    kinds = ({"A file cannot be read"} if p.unreadable else {*map(short, p.reasons)} for p in pairs)
    return Counter(kind for of_pair in kinds for kind in of_pair).most_common()


def worst(pairs: Sequence[Prepared]) -> list[Prepared]:
    """Returns the ten accepted pairs with the largest registration error, the worst first."""
    known = [pair for pair in pairs if pair.accepted and _ERROR in pair.figures]
    return sorted(known, key=lambda pair: -pair.figures[_ERROR])[:WORST]


def tightest(pair: Prepared, settings: PrepareSettings) -> str:
    """Returns which limit a pair comes closest to, in words; empty if nothing was measured."""
    closest: list[tuple[float, str]] = []
    for check in CHECKS:
        value, limit = check.value(pair.figures), check.bound(settings.thresholds)
        if value is not None and limit is not None and min(value, limit) > 0:
            used = limit / value if check.is_least else value / limit
            closest.append((used, f"{check.label}: {used:.0%} of what is allowed"))
    return max(closest)[1] if closest else ""


def thumbnails_of(folder: Path, pair: Prepared) -> Thumbnails:
    """Returns the small pictures of one pair; what cannot be read is said in its note."""
    if "flash" not in pair.files or "studio" not in pair.files:
        return Thumbnails()
    found = {
        name: _read(folder / pair.files[name].path, name == "valid")
        for name in ("flash", "studio", "valid")
        if name in pair.files
    }
    if missing := [name for name, picture in found.items() if picture is None]:
        return Thumbnails(note=f"Cannot be shown: {', '.join(missing)} is missing or damaged.")
    mask = found.get("valid")
    return Thumbnails(
        flash=_jpeg(found["flash"]),
        studio=_jpeg(found["studio"]),
        mask="" if mask is None else _overlay(mask),
    )


def _read(path: Path, is_mask: bool) -> np.ndarray | None:
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
        flag = cv2.IMREAD_GRAYSCALE if is_mask else cv2.IMREAD_COLOR
        picture = cv2.imdecode(data, flag) if len(data) else None
    except (OSError, cv2.error):
        return None
    return None if picture is None else _small(np.asarray(picture), is_mask)


def _small(picture: np.ndarray, is_mask: bool) -> np.ndarray:
    side = MASK_PX if is_mask else THUMBNAIL_PX
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def _jpeg(picture: np.ndarray | None) -> str:
    return _uri("image/jpeg", ".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


def _overlay(mask: np.ndarray) -> str:
    coloured = np.zeros((*mask.shape, 4), np.uint8)
    coloured[mask < 128] = _UNTRUSTED
    return _uri("image/png", ".png", coloured, [cv2.IMWRITE_PNG_COMPRESSION, 9])


def _uri(mime: str, suffix: str, picture: np.ndarray | None, options: list[int]) -> str:
    done, data = cv2.imencode(suffix, picture, options) if picture is not None else (False, None)
    if not done or data is None:
        raise StoreError(f"cannot encode a {suffix} for the report; is OpenCV complete?")
    return f"data:{mime};base64,{base64.b64encode(data.tobytes()).decode()}"


def _pairs(folder: Path) -> list[Prepared]:
    path = folder / PREPARED
    found: list[Prepared] = []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise StoreError(
            f"no prepared dataset at {folder} ({PREPARED}: {error.strerror}); make one with "
            "`acquire prepare`"
        ) from error
    for number, line in enumerate(lines, 1):
        try:
            found.append(msgspec.json.decode(line, type=Prepared))
        except msgspec.MsgspecError as error:
            raise SessionError(
                f"{path} line {number} cannot be read ({error}); run `acquire prepare` again"
            ) from error
    return sorted(found, key=lambda pair: (pair.session, pair.pair))


def _settings(folder: Path) -> PrepareSettings:
    path = folder / SETTINGS
    try:
        return msgspec.json.decode(path.read_bytes(), type=PrepareSettings)
    except OSError:
        return PrepareSettings()
    except msgspec.MsgspecError as error:
        raise SessionError(
            f"{path} cannot be read ({error}); run `acquire prepare` again"
        ) from error


def _records(folder: Path) -> dict[str, PairRecord]:
    if not (folder / MANIFEST).is_file() or not (folder / MANIFEST).stat().st_size:
        return {}
    try:
        return {record.pair_id: record for record in read_manifest(folder)}
    except DatasetError as error:
        raise SessionError(str(error)) from error
