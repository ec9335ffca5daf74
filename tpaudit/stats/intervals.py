"""95 % intervals of the figures an audit reports: a share, a quantile, a net promoter score."""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy import special

LEVEL = 0.95


class Interval(NamedTuple):
    """Lower and upper end of a confidence interval."""

    low: float
    high: float


def wilson(successes: float, n: float, level: float = LEVEL) -> Interval | None:
    """Score interval of a share; None without observations. *n* may be an effective size.

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22.

    >>> [round(end, 4) for end in wilson(8, 10)]
    [0.4902, 0.9433]
    """
    if n == 0:
        return None
    z = _z(level)
    share = successes / n
    centre = share + z * z / (2 * n)
    reach = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At the ends of the scale the bound is exact; the arithmetic would miss it by its last bit.
    low = 0.0 if successes == 0 else (centre - reach) / scale
    high = 1.0 if successes == n else (centre + reach) / scale
    return Interval(low, high)


def mean_interval(mean: float, variance: float, n: int, level: float = LEVEL) -> Interval | None:
    """Student's t interval of a mean from its sample variance (divisor n - 1); None below two observations.

    >>> [round(end, 3) for end in mean_interval(5.0, 2.5, 5)]
    [3.037, 6.963]
    """
    if n < 2:
        return None
    reach = float(special.stdtrit(n - 1, (1 + level) / 2)) * math.sqrt(variance / n)
    return Interval(mean - reach, mean + reach)


def quantile_ranks(
    n: int, quantile: float, level: float = LEVEL, effective: float | None = None
) -> tuple[int, int] | None:
    """1-based ranks of the two order statistics that enclose a quantile; None if n is too small for the level.

    *effective* is the size that n observations in clusters are worth: ranks are those of so few observations, at the
    same shares of the way from the smallest to the largest (Woodruff (1952), JASA 47).

    Free of any distribution: the number of observations below the quantile is binomial, so the chance that the
    quantile lies between the order statistics of ranks l and u is P(l <= Binomial(n, q) < u). The ranks leave at
    most (1 - level) / 2 on either side. Source: David and Nagaraja (2003), Order Statistics, section 7.1.

    >>> quantile_ranks(100, 0.5)
    (40, 61)
    >>> quantile_ranks(5, 0.5) is None
    True
    """
    if effective is not None and effective < n:
        size = int(effective)
        fewer = quantile_ranks(size, quantile, level)
        scale = (n + 1) / (size + 1)
        return fewer and (math.floor(fewer[0] * scale), math.ceil(fewer[1] * scale))
    if n == 0:
        return None
    from scipy import stats  # a second to load, which most commands need not wait for

    tail = (1 - level) / 2
    below = stats.binom(n, quantile)
    # ppf gives the smallest k with P(X <= k) >= tail, so P(X < k) < tail: rank k still encloses.
    low = int(below.ppf(tail))
    high = int(below.ppf(1 - tail)) + 1
    return (low, high) if low >= 1 and high <= n else None


def net_promoter_interval(promoters: float, detractors: float, n: float, level: float = LEVEL) -> Interval | None:
    """Normal interval of the net promoter score, in points -100..100; None below two answers.

    With p and d the shares of promoters and detractors, the variance of p - d is (p + d - (p - d)^2) / n: the score
    is the mean of answers coded +1, 0, -1. The variance is kept from vanishing when all answers agree by adding
    three quarters of an answer to either side and one and a half in between, the adjustment that covers best.
    Source: Rocks (2016), Interval estimation for the "net promoter score", The American Statistician 70.

    >>> [round(end, 1) for end in net_promoter_interval(50, 20, 100)]
    [14.1, 44.2]
    """
    if n < 2:
        return None
    adjusted = n + 3
    p, d = (promoters + 0.75) / adjusted, (detractors + 0.75) / adjusted
    reach = _z(level) * math.sqrt((p + d - (p - d) ** 2) / adjusted)
    return Interval(max(-100.0, 100 * (p - d - reach)), min(100.0, 100 * (p - d + reach)))


def _z(level: float) -> float:
    return float(special.ndtri((1 + level) / 2))
