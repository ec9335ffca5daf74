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

_FEWEST_BLOCKS = 10
# A spread this small beside the figures it is the difference of is what rounding leaves of none.
_NOTHING = 1e-12


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


def ratio_interval(numerators: Floats, denominators: Floats, weights: Floats, level: float = LEVEL) -> Interval | None:
    """Studentised interval of a ratio of sums, or of a mean, from its sums per block; None below two blocks.

    What is resampled is the ratio's distance from the estimate in its own standard errors: with skewed amounts, where a
    resample without the large ones is low and seems certain, plain percentiles fall short on the upper side. Fewer than
    ten blocks are too few to resample; there Student's t speaks for them.
    Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, section 12.5; the standard error is that of
    the linearised ratio, Cochran (1977), Sampling Techniques, section 6.5.

    >>> weights = block_weights(400, seed=1, blocks=64)
    >>> low, high = ratio_interval(np.full(64, 20.0), np.full(64, 10.0), weights)
    >>> (round(low, 6), round(high, 6))  # every block has the ratio 2, so nothing can vary
    (2.0, 2.0)
    """
    blocks, below = _occupied(numerators, denominators), float(denominators.sum())
    if blocks < 2 or below <= 0:
        return None
    ratio = float(numerators.sum()) / below
    spread = float(((numerators - ratio * denominators) ** 2).sum())
    sums = weights @ np.column_stack([numerators, denominators])
    distances = _distances(sums[:, 0], sums[:, 1], weights, numerators, denominators, ratio)
    return _around(ratio, np.sqrt(spread * blocks / (blocks - 1)) / below, blocks, distances, level)


def ratio_to_fixed_interval(
    numerators: Floats,
    denominators: Floats,
    units: Floats,
    weights: Floats,
    fixed_numerator: float = 0.0,
    fixed_denominator: float = 0.0,
    level: float = LEVEL,
) -> Interval | None:
    """`ratio_interval` where a part of the sums belongs to no customer and stays as it is, such as money spent.

    Then the number of customers matters, which is as uncertain as a Poisson count. Blocks of several customers would
    make it more so: what a block has beyond its *units*, the customers in it, times the mean per customer, is resampled
    by block, and the number of customers on its own.

    >>> weights = block_weights(400, seed=1)
    >>> heads = np.full(BLOCKS, 20.0)  # 10,240 customers won for 102,400: 10 each, give or take 2 %
    >>> low, high = ratio_to_fixed_interval(np.zeros(BLOCKS), heads, heads, weights, fixed_numerator=102_400)
    >>> (round(low, 1), round(high, 1))
    (9.8, 10.2)
    """
    blocks, n = _occupied(units), float(units.sum())
    below = float(denominators.sum()) + fixed_denominator
    if blocks < 2 or below <= 0:
        return None
    ratio = (float(numerators.sum()) + fixed_numerator) / below
    above_each, below_each = float(numerators.sum()) / n, float(denominators.sum()) / n
    numerators, denominators = numerators - above_each * units, denominators - below_each * units
    number = _counts_like(n, weights)
    above_again = weights @ numerators + above_each * number + fixed_numerator
    below_again = weights @ denominators + below_each * number + fixed_denominator
    distances = _distances(
        above_again, below_again, weights, numerators, denominators, ratio, number, above_each, below_each
    )
    spread = float(((numerators - ratio * denominators) ** 2).sum()) + n * (above_each - ratio * below_each) ** 2
    return _around(ratio, np.sqrt(spread * blocks / (blocks - 1)) / below, blocks, distances, level)


def _occupied(*sums: Floats) -> int:
    """Blocks with anything in them."""
    return int((np.column_stack(sums) != 0).any(axis=1).sum())


def _counts_like(n: float, weights: Floats) -> Floats:
    """A Poisson number of mean *n* per resample, read off how many blocks it drew."""
    from scipy import stats  # a second to load, which most commands need not wait for

    blocks = weights.shape[1]
    return np.asarray(
        stats.poisson.ppf(stats.norm.cdf((weights.sum(axis=1) - blocks) / np.sqrt(blocks)), n), dtype=np.float64
    )


def _distances(
    above: Floats,
    below: Floats,
    weights: Floats,
    numerators: Floats,
    denominators: Floats,
    ratio: float,
    number: Floats | float = 0.0,
    above_each: float = 0.0,
    below_each: float = 0.0,
) -> Floats:
    """Per resample, how many of its own standard errors its ratio lies above *ratio*; NaN where it has no spread."""
    squares = np.column_stack([numerators**2, numerators * denominators, denominators**2])
    above_2, product, below_2 = (weights @ squares).T
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(below > 0, above / below, np.nan)
        spread = above_2 - 2 * ratios * product + ratios**2 * below_2 + number * (above_each - ratios * below_each) ** 2
        enough = _NOTHING * (above_2 + ratios**2 * (below_2 + number * below_each**2))
        spread = np.where(spread > enough, spread, np.nan)
        return np.asarray((ratios - ratio) / (np.sqrt(spread) / below), dtype=np.float64)


def _around(ratio: float, error: float, blocks: int, distances: Floats, level: float) -> Interval:
    if blocks < _FEWEST_BLOCKS:
        from scipy import stats

        reach = float(stats.t.ppf((1 + level) / 2, blocks - 1) * error)
        return Interval(ratio - reach, ratio + reach)
    low, high = percentile_interval(distances, level)
    if np.isnan(low) or error <= _NOTHING * abs(ratio):
        return Interval(ratio, ratio)
    return Interval(min(ratio - float(high * error), ratio), max(ratio - float(low * error), ratio))
