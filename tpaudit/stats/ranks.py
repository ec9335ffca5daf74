"""Ranks and what can be said of them: intervals over resamples, bands of ranks that cannot be told apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def descending_ranks(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Ranks along the last axis, 1 for the highest score; ties keep their order, NaN comes last.

    >>> descending_ranks(np.array([0.2, 0.5, 0.1])).tolist()
    [2, 1, 3]
    """
    order = np.argsort(-scores, axis=-1, kind="stable")
    ranks = np.empty(scores.shape, dtype=np.int64)
    np.put_along_axis(ranks, order, np.broadcast_to(np.arange(1, scores.shape[-1] + 1), scores.shape), axis=-1)
    return ranks


def rank_bands(lows: Sequence[int], highs: Sequence[int]) -> list[int]:
    """Band of each item, 1 for the top: items whose rank intervals overlap, directly or in a chain, share a band.

    >>> rank_bands([1, 1, 3, 4], [2, 2, 4, 5])
    [1, 1, 2, 2]
    """
    bands = [0] * len(lows)
    band, reached = 0, 0
    for item in sorted(range(len(lows)), key=lambda index: (lows[index], highs[index])):
        if lows[item] > reached:
            band += 1
        reached = max(reached, highs[item])
        bands[item] = band
    return bands
