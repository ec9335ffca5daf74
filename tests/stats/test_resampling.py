"""Block bootstrap, ranks and grades."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from tpaudit.stats.bootstrap import BLOCKS, block_weights, percentile_interval, ratio_interval
from tpaudit.stats.evidence import false_discovery_adjusted, grade
from tpaudit.stats.intervals import wilson
from tpaudit.stats.ranks import descending_ranks, rank_bands


def test_equal_seeds_give_equal_weights() -> None:
    assert np.array_equal(block_weights(5, seed=3), block_weights(5, seed=3))
    assert not np.array_equal(block_weights(5, seed=3), block_weights(5, seed=4))


def test_ratio_interval_covers_the_true_ratio_as_often_as_it_says() -> None:
    """Customers with skewed order values, several orders each: 400 repetitions of a small shop."""
    rng = np.random.default_rng(1)
    weights = block_weights(400, seed=2)
    hits = []
    for _ in range(400):
        customers = 300
        orders = 1 + rng.poisson(0.7, customers)
        taste = rng.gamma(4.0, 25.0, customers)  # a customer's orders resemble each other
        spent = orders * taste
        block = rng.integers(0, BLOCKS, customers)
        sums = np.bincount(block, spent, BLOCKS), np.bincount(block, orders, BLOCKS).astype(float)
        low, high = ratio_interval(*sums, weights) or (0, 0)
        hits.append(low <= 100.0 <= high)
    assert np.mean(hits) == pytest.approx(0.95, abs=0.03)


def test_ratio_without_a_denominator_is_unknown() -> None:
    nothing = np.zeros(BLOCKS)
    assert ratio_interval(nothing, nothing, block_weights(10, seed=1), fixed_numerator=5.0) is None


def test_money_that_belongs_to_nobody_is_not_resampled() -> None:
    """A cost per head varies only with the heads: at the weights' own extremes."""
    heads = np.zeros(BLOCKS)
    heads[0] = 10.0
    weights = np.ones((3, BLOCKS))
    weights[:, 0] = [1, 2, 4]
    low, high = ratio_interval(np.zeros(BLOCKS), heads, weights, fixed_numerator=80.0) or (0, 0)
    assert 2.0 <= low < high <= 8.0


def test_percentile_interval_leaves_undefined_resamples_out() -> None:
    samples = np.array([[1.0, np.nan], [np.nan, np.nan], [3.0, np.nan]])
    ends = percentile_interval(samples)
    assert ends[:, 0] == pytest.approx([1.05, 2.95])
    assert np.isnan(ends[:, 1]).all()


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=20, unique=True))
def test_ranks_order_the_scores(scores: list[float]) -> None:
    ranks = descending_ranks(np.array(scores))
    assert sorted(ranks) == list(range(1, len(scores) + 1))
    assert [scores[index] for index in np.argsort(ranks)] == sorted(scores, reverse=True)


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 4)), min_size=1, max_size=12))
def test_overlapping_rank_intervals_share_a_band(intervals: list[tuple[int, int]]) -> None:
    lows = [low for low, _ in intervals]
    highs = [low + width for low, width in intervals]
    bands = rank_bands(lows, highs)
    assert set(bands) == set(range(1, max(bands) + 1))
    for one in range(len(bands)):
        for other in range(len(bands)):
            if lows[one] <= highs[other] and lows[other] <= highs[one]:
                assert bands[one] == bands[other]
            elif highs[one] < lows[other]:
                assert bands[one] <= bands[other]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_false_discovery_adjustment_agrees_with_statsmodels(p_values: list[float]) -> None:
    expected = multipletests(p_values, method="fdr_bh")[1]
    assert false_discovery_adjusted(np.array(p_values)) == pytest.approx(expected)


@pytest.mark.parametrize(("name", "half_width"), [("A", 0.05), ("B", 0.10), ("C", 0.18)])
def test_grades_promise_a_half_width(name: str, half_width: float) -> None:
    smallest = min(n for n in range(1, 500) if grade(n) == name)
    low, high = wilson(smallest / 2, smallest) or (0, 1)
    assert (high - low) / 2 <= half_width
