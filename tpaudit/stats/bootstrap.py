"""Block Poisson bootstrap: resample customers from counts alone.

Customers fall by the hash of their id into a few hundred blocks; every additive figure is counted per block once.
A resample weighs block g with an independent Poisson(1) number and adds up. The cost does not depend on how many
customers there are, and figures that share the weights stay jointly resampled, so ranks can be read off.
Source: Chamandy, Muralidharan, Najmi, Naidu (2012), Estimating uncertainty for massive data streams, Google.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tpaudit.stats.intervals import LEVEL, Interval

Floats = NDArray[np.float64]

BLOCKS = 512


def block_weights(replicates: int, seed: int, blocks: int = BLOCKS) -> Floats:
    """Poisson(1) weights, replicates x blocks; equal seeds give equal weights.

    >>> block_weights(2, seed=1, blocks=4).shape
    (2, 4)
    """
    return np.random.default_rng(seed).poisson(1.0, size=(replicates, blocks)).astype(np.float64)


def percentile_interval(samples: Floats, level: float = LEVEL) -> NDArray[np.float64]:
    """Lower and upper percentiles over the first axis; resamples in which a figure is undefined (NaN) are left out.

    Returns an array of shape (2, ...); NaN where every resample is undefined.

    >>> percentile_interval(np.arange(101.0)).round(1).tolist()
    [2.5, 97.5]
    """
    tail = (1 - level) / 2
    undefined = np.isnan(samples).all(axis=0)
    filled = np.where(undefined, 0.0, samples)
    ends = np.nanquantile(filled, [tail, 1 - tail], axis=0)
    return np.where(undefined, np.nan, ends)


def ratio_interval(
    numerators: Floats,
    denominators: Floats,
    weights: Floats,
    fixed_numerator: float = 0.0,
    fixed_denominator: float = 0.0,
    level: float = LEVEL,
) -> Interval | None:
    """Percentile interval of a ratio of sums from its sums per block; None if no resample has a denominator.

    *fixed_numerator* and *fixed_denominator* belong to no customer and are not resampled, such as money spent.

    >>> weights = block_weights(400, seed=1, blocks=64)
    >>> low, high = ratio_interval(np.full(64, 20.0), np.full(64, 10.0), weights)
    >>> (round(low, 6), round(high, 6))  # every block has the ratio 2, so nothing can vary
    (2.0, 2.0)
    """
    above = weights @ numerators + fixed_numerator
    below = weights @ denominators + fixed_denominator
    samples = np.divide(above, below, out=np.full(len(weights), np.nan), where=below > 0)
    low, high = percentile_interval(samples, level)
    return None if np.isnan(low) else Interval(float(low), float(high))
