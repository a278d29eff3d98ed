"""The pictures a comparison shows: those that runs treat worst and best, small and inlined."""

import base64
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from deepflash.compare.table import Comparison, gain, is_lower_better
from deepflash.errors import PictureError
from deepflash.pictures import read_picture
from deepflash.runs import Evaluation, PictureRow

SIDE_PX = 384
QUALITY = 80

# About 25 kB each at this side and quality: the page stays below 5 MB with many runs.
_PICTURES_AT_MOST = 150


@dataclass(frozen=True)
class Ranked:
    """What one run made of one pair."""

    row: PictureRow
    rank: int
    """From 1, the worst, to `of`, the best."""
    of: int
    result: str
    """Base64 of an sRGB JPEG."""


@dataclass(frozen=True)
class Card:
    """One pair with the results of all runs that were measured on it."""

    pair_id: str
    flash: str
    studio: str
    """Base64 of sRGB JPEGs of equal size, at most SIDE_PX wide and high."""
    width: int
    height: int
    results: dict[int, Ranked]
    """By the index of the run in the comparison."""


def score(row: PictureRow, figure: str) -> float:
    """Returns what pictures are ranked by: the gain over the input, else the figure itself.

    Larger is better, also for figures of which less is better.
    """
    value = gain(row, figure)
    if math.isnan(value):
        value = row.figures.get(figure, math.nan) * (-1 if is_lower_better(figure) else 1)
    return value


def rank(evaluation: Evaluation, figure: str) -> list[str]:
    """Returns the pair ids that have a score and all three pictures, worst first."""
    scored = [(score(row, figure), row.pair_id) for row in evaluation.rows]
    return [
        pair_id
        for value, pair_id in sorted(scored)
        if not math.isnan(value) and _has_pictures(evaluation, pair_id)
    ]


def _has_pictures(evaluation: Evaluation, pair_id: str) -> bool:
    kinds = ("flash", "result", "studio")
    return all(evaluation.picture(pair_id, kind).is_file() for kind in kinds)


def choose(rankings: Sequence[Sequence[str]], limit: int) -> list[str]:
    """Returns at most `limit` pair ids: every run's worst and best, in turns, from the ends in.

    Args:
        rankings: the pair ids of each run, worst first. The first run's come first.
        limit: number of pairs.
    """
    turns = [
        [ranking[k] for k in _ends_inwards(len(ranking))] for ranking in rankings if len(ranking)
    ]
    mixed = itertools.chain.from_iterable(itertools.zip_longest(*turns))
    return list(dict.fromkeys(pair_id for pair_id in mixed if pair_id is not None))[:limit]


def _ends_inwards(length: int) -> list[int]:
    """Returns 0, -1, 1, -2, ... until every index was named once."""
    return [k // 2 if k % 2 == 0 else length - 1 - k // 2 for k in range(length)]


def cards(comparison: Comparison, figure: str, *, limit: int) -> list[Card]:
    """Returns the pairs to show, encoded; none when the evaluations saved no pictures.

    Args:
        comparison: only runs measured on the reference's pictures take part.
        figure: by which pictures count as worst and best; see `score`.
        limit: number of pairs; fewer when many runs would make the page too large.

    Raises:
        PictureError: a picture is damaged.
    """
    paired = [k for k, line in enumerate(comparison.lines) if line.run and line.is_paired]
    rankings = {k: rank(comparison.evaluations[k], figure) for k in paired}
    limit = max(1, min(limit, _PICTURES_AT_MOST // (2 + len(paired))))
    chosen = choose(list(rankings.values()), limit)
    return [
        _card(comparison, pair_id, rankings)
        for pair_id in tqdm(chosen, desc="pictures", disable=None)
    ]


def _card(comparison: Comparison, pair_id: str, rankings: dict[int, list[str]]) -> Card:
    own = {k: ranking for k, ranking in rankings.items() if pair_id in ranking}
    source = comparison.evaluations[min(own)]
    flash = _small(source.picture(pair_id, "flash"))
    height, width = flash.shape[:2]
    results = {}
    for k, ranking in own.items():
        evaluation = comparison.evaluations[k]
        row = next(row for row in evaluation.rows if row.pair_id == pair_id)
        picture = _small(evaluation.picture(pair_id, "result"))
        results[k] = Ranked(row, ranking.index(pair_id) + 1, len(ranking), _encode(picture))
    studio = _encode(_small(source.picture(pair_id, "studio")))
    return Card(pair_id, _encode(flash), studio, width, height, results)


def _small(path: Path) -> np.ndarray:
    picture = read_picture(path)
    height, width = picture.shape[:2]
    scale = SIDE_PX / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _encode(picture: np.ndarray) -> str:
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    encoded, data = cv2.imencode(".jpg", picture[..., ::-1], options)
    if not encoded:
        raise PictureError("cannot encode a picture for the page; is OpenCV complete?")
    return base64.b64encode(data.tobytes()).decode()
