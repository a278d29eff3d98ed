"""Operations on many hairs at once: cutting, following guides, clumping and curling."""

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import KDTree

from deepflash.synth.geometry import Points, unit

Strands = Float[np.ndarray, "n k 3"]


def shortened(strands: Strands, share: Float[np.ndarray, " n"]) -> Strands:
    """Returns the hairs cut to a share (0 to 1) of their control points, as finely divided."""
    count = strands.shape[1]
    at = np.clip(share, 0, 1)[:, None] * np.linspace(0, count - 1, count)
    low = np.minimum(at.astype(int), count - 2)
    weight = (at - low)[..., None]
    row = np.arange(len(strands))[:, None]
    first = strands[row, low]
    return first + weight * (strands[row, low + 1] - first)


def cut_where(
    strands: Strands, forbidden: np.ndarray, rng: np.random.Generator, *, least: float = 0.15
) -> tuple[Float[np.ndarray, "m k 3"], Bool[np.ndarray, " n"]]:
    """Ends hairs before the first forbidden point.

    Args:
        strands: hairs.
        forbidden: (n, k) True where a control point must not lie.
        rng: varies the ends.
        least: hairs that would keep a smaller share are left out.

    Returns:
        the hairs that are kept, and which ones they are (mask over the given ones).
    """
    last = strands.shape[1] - 1
    hit = np.asarray(forbidden.any(1))
    first = np.where(hit, forbidden.argmax(1), last + 1)
    share = np.where(hit, (first - 1) / last, 1.0)
    kept = share >= least
    share = share * np.where(hit, rng.uniform(0.85, 1.0, len(strands)), 1.0)
    out = strands[kept]
    cut = hit[kept]
    out[cut] = shortened(out[cut], share[kept][cut])
    return out, kept


def nearest_guides(
    places: Points, guide_places: Float[np.ndarray, "g 3"], count: int = 3
) -> tuple[Int[np.ndarray, "n c"], Float[np.ndarray, "n c"]]:
    """Returns the guides nearest to each place and their weights, which sum to 1."""
    count = min(count, len(guide_places))
    found = KDTree(guide_places).query(places, k=count)
    distance, index = (np.asarray(part).reshape(-1, count) for part in found)
    weight = 1 / (distance + 0.1) ** 2
    return index, weight / weight.sum(1, keepdims=True)


def follow(
    roots: Points,
    guides: Float[np.ndarray, "g k 3"],
    index: Int[np.ndarray, "n c"],
    weight: Float[np.ndarray, "n c"],
) -> Strands:
    """Returns hairs from the roots that run like a weighted mean of guides."""
    run = guides - guides[:, :1]
    out = roots[:, None] + weight[:, :1, None] * run[index[:, 0]]
    for k in range(1, index.shape[1]):
        out += weight[:, k, None, None] * run[index[:, k]]
    return out


def clumped(
    strands: Strands,
    places: Points,
    clumps: int,
    strength: float,
    rng: np.random.Generator,
) -> tuple[Strands, Int[np.ndarray, " n"]]:
    """Draws hairs together towards their tips.

    Args:
        strands: hairs.
        places: of their roots, such that neighbours may share a clump.
        clumps: their number.
        strength: 0 none to 1 tips that meet.
        rng: chooses clumps and how far each hair joins.

    Returns:
        the hairs and the clump of each.
    """
    centres = rng.choice(len(strands), min(clumps, len(strands)), replace=False)
    clump = np.asarray(KDTree(places[centres]).query(places)[1])
    s = np.linspace(0, 1, strands.shape[1])[None, :, None]
    # Stubble does not clump.
    length = np.linalg.norm(strands[:, -1] - strands[:, 0], axis=1)[:, None, None]
    strength = strength * np.clip((length - 0.6) / 2.2, 0, 1) ** 0.7
    pull = strength * rng.beta(2.2, 1.2, (len(strands), 1, 1)) * s**0.8
    # A hair's own distance from the middle of its clump stays in part: clumps keep a body.
    return strands + pull * (strands[centres][clump] - strands), clump


def arc_length(strands: Strands) -> Float[np.ndarray, "n k"]:
    """Returns the length of each hair up to each control point."""
    steps = np.linalg.norm(np.diff(strands, axis=1), axis=2)
    return np.concatenate([np.zeros((len(strands), 1)), np.cumsum(steps, 1)], 1)


def coiled(
    strands: Strands,
    outward: Points,
    amplitude: Float[np.ndarray, "n k"] | Float[np.ndarray, "n 1"],
    wavelength: Float[np.ndarray, "n 1"],
    phase: Float[np.ndarray, "n 1"],
    flatness: float = 0.0,
) -> Strands:
    """Winds hairs about their own path.

    Args:
        strands: hairs.
        outward: direction at each root that gives the winding its orientation.
        amplitude: radius of the helix in centimetres, at each point or for each hair.
        wavelength: centimetres along the hair for each turn.
        phase: in radians.
        flatness: 0 a helix to 1 a flat wave along the skin.
    """
    along = unit(np.gradient(strands, axis=1))
    across = unit(np.cross(along, outward[:, None] + np.array([0.013, 0.007, 0.011])))
    other = np.cross(along, across)
    angle = 2 * np.pi * arc_length(strands) / wavelength + phase
    first, second = amplitude * np.sin(angle), amplitude * (1 - flatness) * np.cos(angle)
    return strands + first[..., None] * across + second[..., None] * other
