"""Medians of waits and their intervals, wait by wait."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from scipy import stats

HOUR = 3600


def effective_size(waits: list[tuple[str, int]], median: float) -> float:
    """Kish's design effect of the share of waits at most the *median*, customer by customer."""
    by_customer = defaultdict(list)
    for customer, seconds in waits:
        by_customer[customer].append(float(seconds <= median))
    n, clusters = len(waits), len(by_customer)
    if n <= 1 or clusters >= n:
        return n
    if clusters < 2:
        return 1
    share = np.mean([below for each in by_customer.values() for below in each])
    alone = share * (1 - share) / (n - 1)
    if alone <= 0:
        return clusters
    residuals = np.array([sum(each) - len(each) * share for each in by_customer.values()])
    together = (residuals**2).sum() / n**2 * clusters / (clusters - 1)
    few = (stats.t.ppf(0.975, n - 1) / stats.t.ppf(0.975, clusters - 1)) ** 2
    return n / max(together / alone, 1) * few


def expected(waits: list[tuple[str, int]]) -> tuple[float, float | None, float | None]:
    """Median of the waits of customers, in hours, and the ends of its interval."""
    in_order = sorted(seconds for _, seconds in waits)
    n, median = len(in_order), float(np.median(in_order))
    size = effective_size(waits, median)
    size, scale = (int(size), (n + 1) / (int(size) + 1)) if size < n else (n, 1.0)
    low = stats.binom.ppf(0.025, size, 0.5) if size else 0
    high = stats.binom.ppf(0.975, size, 0.5) + 1 if size else 0
    if low < 1 or high > size:
        return median / HOUR, None, None
    ends = (in_order[int(np.floor(low * scale)) - 1], in_order[int(np.ceil(high * scale)) - 1])
    return median / HOUR, ends[0] / HOUR, ends[1] / HOUR
