"""How sure a mean difference is: bootstrap intervals that resample people, not pictures.

Pictures of one person resemble each other, so resampling pictures would count one person's
good day as many independent findings. Whole persons are drawn instead (the cluster bootstrap:
Davison & Hinkley, *Bootstrap Methods and their Application*, 1997, section 3.8).

The interval is the expanded percentile interval (Hesterberg, *What Teachers Should Know About
the Bootstrap*, The American Statistician 69, 2015, section 5.3): percentiles further out than
the asked ones, so that few people give an interval as wide as Student's t would. Measured with ten
normally distributed people, 95 % asked, 10,000 resamples, 2,500 trials: the plain percentile
interval held the truth in 90 %, this one in 94 %, Student's t in 94 %. BCa did no better than
the plain one, which is why it is not used.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

RESAMPLES = 10_000
LEVEL = 0.95

# Draws held in memory at once: 10,000 resamples of 1,000 people would be 80 MB of indices.
_DRAWS_AT_ONCE = 1_000_000


class Interval(NamedTuple):
    """A mean difference and the interval that holds the true one with probability `level`."""

    difference: float
    low: float
    high: float
    """Both ends are NaN with a single subject, which says nothing about others."""
    pictures: int
    subjects: int
    level: float

    @property
    def excludes_zero(self) -> bool:
        """Whether chance alone is an unlikely reason for the difference.

        With k people, all k differences have one sign by pure chance in 2 of 2**k cases; while
        that is more often than 1 - level, no result can be told from chance (five people or
        fewer at 95 %).
        """
        if 2.0 ** (1 - self.subjects) > 1 - self.level:
            return False
        return self.low > 0 or self.high < 0


def paired_interval(
    differences: Float64[np.ndarray, " n"],
    subjects: Sequence[str],
    *,
    generator: np.random.Generator,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Interval:
    """Returns the mean of paired differences with its interval over subjects.

    Args:
        differences: one figure of one run minus that of another, on the same picture; finite,
            at least one.
        subjects: who is on each picture.
        generator: source of the resampling; equal states give equal intervals.
        resamples: how often as many subjects as there are get drawn with replacement.
        level: probability in (0, 1) that the interval should hold the true difference.
    """
    names, owner = np.unique(np.asarray(subjects), return_inverse=True)
    count = len(names)
    mean = float(differences.mean())
    if count < 2:
        return Interval(mean, math.nan, math.nan, len(differences), count, level)
    # Centred sums keep a constant difference exact: its resampled deviations are all zero.
    sums = np.bincount(owner, weights=differences - mean, minlength=count)
    sizes = np.bincount(owner, minlength=count).astype(np.float64)
    deviations = _resampled_means(sums, sizes, generator=generator, resamples=resamples)
    tail = expanded_tail(count, level=level)
    low, high = mean + np.quantile(deviations, [tail, 1 - tail])
    return Interval(mean, float(low), float(high), len(differences), count, level)


def _resampled_means(
    sums: Float64[np.ndarray, " k"],
    sizes: Float64[np.ndarray, " k"],
    *,
    generator: np.random.Generator,
    resamples: int,
) -> Float64[np.ndarray, " r"]:
    """Returns the mean over all pictures of each draw of k subjects with replacement."""
    means = np.empty(resamples)
    step = max(1, _DRAWS_AT_ONCE // len(sums))
    for start in range(0, resamples, step):
        drawn = generator.integers(len(sums), size=(min(step, resamples - start), len(sums)))
        means[start : start + step] = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return means


def expanded_tail(count: int, *, level: float) -> float:
    """Returns the probability to cut off at each end of the bootstrap distribution.

    Args:
        count: independent units that are resampled, at least 2.
        level: of the interval, in (0, 1).

    Returns:
        Phi(-sqrt(n / (n-1)) * t), t being Student's quantile with n-1 degrees of freedom; it
        tends to (1 - level) / 2 for large n. Hesterberg 2015, section 5.3.
    """
    quantile = student_quantile(level, freedom=count - 1)
    return NormalDist().cdf(-math.sqrt(count / (count - 1)) * quantile)


def student_quantile(level: float, *, freedom: int) -> float:
    """Returns q with P(|T| <= q) = level for Student's t with whole degrees of freedom >= 1.

    Bisection on the angle atan(q / sqrt(freedom)), in which the probability is a finite sum.
    """
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _student_within(middle, freedom) < level else (low, middle)
    return math.sqrt(freedom) * math.tan((low + high) / 2)


def _student_within(angle: float, freedom: int) -> float:
    """P(|T| <= sqrt(freedom) tan(angle)): Abramowitz & Stegun, formulas 26.7.3 and 26.7.4."""
    is_odd = freedom % 2 == 1
    term = math.cos(angle) if is_odd else 1.0
    total = term if freedom > 1 else 0.0
    for index in range(2 if is_odd else 1, freedom - 1, 2):
        term *= index / (index + 1) * math.cos(angle) ** 2
        total += term
    if is_odd:
        return 2 / math.pi * (angle + math.sin(angle) * total)
    return math.sin(angle) * total
