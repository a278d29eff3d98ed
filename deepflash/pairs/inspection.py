"""Reading a pair dataset through: which pairs are damaged, and what their light is like."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float64

from deepflash.errors import DatasetError, PictureError, one_line
from deepflash.pairs.manifest import PairRecord, check_files, file_digest
from deepflash.pictures import read_mask, read_picture

_DEPTHS = {"srgb8": (np.uint8,), "srgb16": (np.uint16,), "linear": (np.uint8, np.uint16)}
# Long side of the picture that still holds the lighting, and no detail.
_LOW_FREQUENCY_PX = 32


@dataclass(frozen=True, kw_only=True)
class PictureLight:
    """Statistics of one picture in its own encoding, scaled to [0,1]; channels are R, G, B."""

    mean: Float64[np.ndarray, "3"]
    deviation: Float64[np.ndarray, "3"]
    clipped: float
    """Fraction of the pixels with at least one channel at its maximum."""


@dataclass(frozen=True, kw_only=True)
class PairLight:
    """Statistics of both pictures of a pair, and how far apart their light is."""

    flash: PictureLight
    studio: PictureLight
    gap: float
    """Root mean square of flash minus studio at 32 pixels on the long side, in [0,1]."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found out about one pair: its light, or what is wrong with its files."""

    record: PairRecord
    light: PairLight | None = None
    damage: str | None = None


def inspect_pairs(
    root: Path, records: Sequence[PairRecord], *, quick: bool = False, workers: int | None = None
) -> Iterator[Finding]:
    """Yields a finding per pair, in the order of `records`.

    Several pairs are read at once; no more than twice `workers` are on the way, so that memory
    does not grow with the dataset.

    Args:
        root: folder of the dataset.
        records: its pairs.
        quick: compare sizes in bytes only. Otherwise every file is read: SHA-256, whole
            decoding, width and height, bit depth.
        workers: threads; None is one per processor.
    """
    workers = workers or os.cpu_count() or 1
    task = _inspect_sizes if quick else _inspect
    waiting: deque[Future[Finding]] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for record in records:
            waiting.append(pool.submit(task, root, record))
            if len(waiting) >= 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _inspect_sizes(root: Path, record: PairRecord) -> Finding:
    try:
        check_files(root, [record])
    except DatasetError as error:
        return Finding(record=record, damage=one_line(error))
    return Finding(record=record)


def _inspect(root: Path, record: PairRecord) -> Finding:
    try:
        check_files(root, [record])
        _check_digests(root, record)
        flash, studio = (
            _read_checked(root / name, record) for name in (record.flash, record.studio)
        )
        for name in [*([record.valid] if record.valid else []), *record.masks.values()]:
            _check_size(root / name, read_mask(root / name), record)
    except (DatasetError, PictureError) as error:
        return Finding(record=record, damage=one_line(error))
    light = PairLight(flash=_light(flash), studio=_light(studio), gap=_gap(flash, studio))
    return Finding(record=record, light=light)


def _check_digests(root: Path, record: PairRecord) -> None:
    recorded = {record.flash: record.flash_sha256, record.studio: record.studio_sha256}
    for name, digest in recorded.items():
        if file_digest(root / name)[0] != digest:
            raise DatasetError(
                f"pair {record.pair_id}: {root / name} is not the file that was recorded "
                "(SHA-256 differs); import it again"
            )


def _read_checked(path: Path, record: PairRecord) -> np.ndarray:
    picture = read_picture(path)
    _check_size(path, picture, record)
    if picture.dtype not in _DEPTHS[record.encoding]:
        raise DatasetError(
            f"pair {record.pair_id}: {path} has {picture.dtype.itemsize * 8} bits a channel, "
            f"the manifest says {record.encoding}; import it again"
        )
    return picture


def _check_size(path: Path, picture: np.ndarray, record: PairRecord) -> None:
    height, width = picture.shape[:2]
    if (width, height) != (record.width, record.height):
        raise DatasetError(
            f"pair {record.pair_id}: {path} is {width} x {height} pixels, the manifest says "
            f"{record.width} x {record.height}; import it again"
        )


def _light(picture: np.ndarray) -> PictureLight:
    largest = int(np.iinfo(picture.dtype).max)
    mean, deviation = cv2.meanStdDev(picture)
    below = cv2.inRange(picture, (0, 0, 0), (largest - 1,) * 3)
    return PictureLight(
        mean=mean[:, 0] / largest,
        deviation=deviation[:, 0] / largest,
        clipped=1 - cv2.countNonZero(below) / below.size,
    )


def _gap(flash: np.ndarray, studio: np.ndarray) -> float:
    height, width = flash.shape[:2]
    scale = min(1.0, _LOW_FREQUENCY_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = [
        cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float64)
        / np.iinfo(picture.dtype).max
        for picture in (flash, studio)
    ]
    return float(np.sqrt(np.mean((small[0] - small[1]) ** 2)))
