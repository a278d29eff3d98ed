"""Which eyes of a face are red: one that is clearly so, or two that are so together."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from deepflash.enhance.redeye.eyes import Eye
from deepflash.enhance.redeye.pupils import Map, Spot, brightest_spot, goldenness, redness

_SMALL_PX, _SMALL_GLOW, _SMALL_ABOVE = 5.0, 0.9, 0.7
"""Spots below this radius are one or two pixels of a small picture, and must glow more."""
_APART = 0.3
"""Both eyes look the same way: by how much their pupils' places may differ, in widths."""


_MOST_HOLLOW, _MOST_BEYOND = 0.2, 0.35
"""Of a spot's middle that is dark, and of the skin around it that glows as well."""


class Limits(NamedTuple):
    """What a spot must reach."""

    glow: float
    above: float
    """By how much it glows more than the ring around it."""
    round: float
    """Its roundness."""


class Levels(NamedTuple):
    """Limits for one eye alone, for each of two, and for the other eye of a clearly red one."""

    alone: Limits
    both: Limits
    other: Limits


# Between what 2 150 eyes without and 72 with red pupils reach, photographed and rendered; the
# golden ones lie above what all 2 150 reach.
_RED = Levels(
    alone=Limits(glow=0.42, above=0.55, round=0.57),
    both=Limits(glow=0.3, above=0.45, round=0.54),
    other=Limits(glow=0.1, above=0.3, round=0.45),
)
_GOLDEN = Levels(
    alone=Limits(glow=0.9, above=0.7, round=0.57),
    both=Limits(glow=0.75, above=0.6, round=0.5),
    other=Limits(glow=0.6, above=0.5, round=0.5),
)


def red_pupils(views: list[Eye], skin: Float32[np.ndarray, "3"]) -> list[tuple[Spot, Map] | None]:
    """Returns for each eye of one face the pupil that the flash coloured, None where it did not.

    Args:
        views: its eyes, at the width of a view.
        skin: linear light of its skin.
    """
    found: list[tuple[Spot, Map] | None] = [None] * len(views)
    for colours, levels in ((redness, _RED), (goldenness, _GOLDEN)):
        spots = [brightest_spot(view, colours(view.light, skin)) for view in views]
        red = _judged(views, spots, levels)
        for at, spot in enumerate(spots):
            if spot is not None and red[at] and found[at] is None:
                found[at] = spot, colours
    return found


def _judged(views: list[Eye], spots: list[Spot | None], levels: Levels) -> list[bool]:
    alone = [_exceeds(spot, levels.alone) for spot in spots]
    if len(spots) < 2 or all(alone) or not _look_the_same_way(views, spots):
        return alone
    if any(alone):
        return [
            sure or _exceeds(spot, levels.other) for sure, spot in zip(alone, spots, strict=True)
        ]
    return [all(_exceeds(spot, levels.both) for spot in spots)] * len(spots)


def _exceeds(spot: Spot | None, limits: Limits) -> bool:
    if spot is None:
        return False
    above, small = spot.glow - spot.around, spot.radius < _SMALL_PX
    return (
        spot.glow >= max(limits.glow, _SMALL_GLOW if small else 0)
        and above >= max(limits.above, _SMALL_ABOVE if small else 0)
        and spot.roundness >= limits.round
        and spot.hollow <= _MOST_HOLLOW
        and spot.beyond <= _MOST_BEYOND
    )


def _look_the_same_way(views: list[Eye], spots: list[Spot | None]) -> bool:
    places = [
        (spot.x - float(view.contour[:, 0].min())) / view.width
        for view, spot in zip(views, spots, strict=True)
        if spot is not None
    ]
    return len(places) == len(spots) and max(places) - min(places) < _APART
