"""Were flash and ambient exchanged? A vote over pairs, by how the light falls off."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Float32
from tqdm import tqdm

from deepflash.errors import DatasetError, PictureError
from deepflash.pairs.importers.plan import PlannedPair
from deepflash.pairs.importers.source_picture import read_source

_MOST_VOTERS = 48
_FEWEST_VOTES = 5
_MAJORITY = 2 / 3
_SIZE_PX = 96
# Below this share of full scale a ratio is noise.
_FLOOR = np.float32(0.004)
# Radii with half the width and half the height as 1; a corner has 1.41.
_CENTRE, _EDGE = 0.6, 1.0
_LEAST_STOPS = 0.15


@dataclass(frozen=True, kw_only=True)
class OrderVote:
    """How many pairs say what."""

    as_named: int = 0
    exchanged: int = 0
    undecided: int = 0
    unreadable: int = 0

    @property
    def verdict(self) -> Literal["as named", "exchanged", "undecided"]:
        """The side that two thirds of at least five decided pairs are on."""
        votes = self.as_named + self.exchanged
        if votes < _FEWEST_VOTES:
            return "undecided"
        if self.exchanged >= _MAJORITY * votes:
            return "exchanged"
        return "as named" if self.as_named >= _MAJORITY * votes else "undecided"


def fall_off_stops(flash: Float32[np.ndarray, "h w"], ambient: Float32[np.ndarray, "h w"]) -> float:
    """Returns by how many stops flash / ambient is larger in the centre than near the edge.

    A flash beside the lens lights what is near and in front of it; towards the edges of the
    frame it meets background, which is farther (inverse square), and its own beam falls off.
    Ambient light does neither. In the ratio of the two the colours of things cancel, so that a
    bright wall behind a dark coat does not count.

    Args:
        flash: luminance in linear light, any scale.
        ambient: the same for the other picture.
    """
    height, width = flash.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    radius = np.hypot(x, y)
    stops = np.log2((flash + _FLOOR) / (ambient + _FLOOR))
    return float(stops[radius < _CENTRE].mean() - stops[radius > _EDGE].mean())


def vote_on_order(root: Path, pairs: Iterable[PlannedPair]) -> OrderVote:
    """Returns the vote of up to 48 pairs, chosen by a hash of their names.

    A pair whose pictures cannot be read does not vote; the import itself will report it.
    """
    voters = [pair for pair in pairs if pair.votes_on_order]
    voters.sort(key=lambda pair: hashlib.sha256(pair.pair_id.encode()).hexdigest())
    counts = {"as_named": 0, "exchanged": 0, "undecided": 0, "unreadable": 0}
    bar = tqdm(
        voters[:_MOST_VOTERS], desc="flash or ambient", unit="pair", leave=False, disable=None
    )
    for pair in bar:
        counts[_vote(root, pair)] += 1
    return OrderVote(**counts)


def refuse_exchanged(vote: OrderVote) -> None:
    """Raises DatasetError if the vote says that flash and ambient were exchanged."""
    if vote.verdict == "exchanged":
        raise DatasetError(
            f"flash and ambient look swapped: in {vote.exchanged} of "
            f"{vote.exchanged + vote.as_named} pairs the light named ambient falls off towards "
            "the edges as a flash does; run again with --swapped to exchange them, or with "
            "--not-swapped to keep the names"
        )


def _vote(root: Path, pair: PlannedPair) -> str:
    try:
        # A made flash photograph lists the flash itself first.
        flash = _luminance(root / pair.flash[0].path, pair)
        ambient = _luminance(root / pair.studio[0].path, pair)
    except PictureError:
        return "unreadable"
    stops = fall_off_stops(flash, ambient)
    if abs(stops) < _LEAST_STOPS:
        return "undecided"
    return "as_named" if stops > 0 else "exchanged"


def _luminance(path: Path, pair: PlannedPair) -> Float32[np.ndarray, "h w"]:
    # Without the camera's matrix: any positive mix of the channels shows the fall-off.
    light = read_source(path, pair.light).native_light()
    return cv2.resize(light, (_SIZE_PX, _SIZE_PX), interpolation=cv2.INTER_AREA).mean(axis=2)
