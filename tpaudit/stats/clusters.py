"""Observations that come in clusters, such as several contacts of one customer, and how many they are worth.

Ten contacts of one customer say less than ten contacts of ten. The design effect is by how much the variance of a mean
over clusters exceeds that of as many independent observations; dividing n by it gives the effective size, with which
intervals for independent observations hold again. Source: Kish (1965), Survey Sampling, section 8.2; for shares with
few clusters Korn and Graubard (1998), Survey Methodology 24.
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy import stats

from tpaudit.stats.intervals import LEVEL


@dataclass(frozen=True, slots=True)
class ClusterSums:
    """Sums over observations x that fall into clusters c of n_c observations with the total x_c.

    `n` and `clusters` count, `x` and `xx` sum x and its square over observations; `nn`, `nx` and `cx` sum n_c², n_c x_c
    and x_c² over clusters.
    """

    n: float
    clusters: float
    x: float
    xx: float
    nn: float
    nx: float
    cx: float


def effective_size(sums: ClusterSums, level: float = LEVEL) -> float:
    """As how many independent observations the clustered ones count, at most as themselves.

    Where all observations are alike nothing shows how alike those of one cluster are: each cluster counts once.
    Few clusters tell little about their own spread; the size is lowered by as much as Student's t exceeds for them.

    >>> pairs_alike = ClusterSums(n=200, clusters=100, x=100, xx=100, nn=400, nx=200, cx=200)
    >>> round(effective_size(pairs_alike), 1)
    98.3
    >>> effective_size(ClusterSums(n=200, clusters=200, x=100, xx=100, nn=200, nx=100, cx=100))
    200.0
    """
    if sums.n <= 1 or sums.clusters >= sums.n:
        return float(sums.n)
    if sums.clusters < 2:
        return 1.0
    mean = sums.x / sums.n
    alone = (sums.xx - sums.n * mean**2) / (sums.n - 1) / sums.n
    if alone <= 0:
        return float(sums.clusters)
    spread = max(sums.cx - 2 * mean * sums.nx + mean**2 * sums.nn, 0.0)
    together = spread / sums.n**2 * sums.clusters / (sums.clusters - 1)
    tail = (1 + level) / 2
    few = (stats.t.ppf(tail, sums.n - 1) / stats.t.ppf(tail, sums.clusters - 1)) ** 2
    return float(sums.n / max(together / alone, 1.0) * few)
