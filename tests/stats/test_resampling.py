"""Block bootstrap, ranks and grades."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from tpaudit.stats.bootstrap import BLOCKS, block_weights, percentile_interval, ratio_interval, ratio_to_fixed_interval
from tpaudit.stats.evidence import false_discovery_adjusted, grade
from tpaudit.stats.intervals import wilson
from tpaudit.stats.ranks import descending_ranks, rank_bands


def test_equal_seeds_give_equal_weights() -> None:
    assert np.array_equal(block_weights(5, seed=3), block_weights(5, seed=3))
    assert not np.array_equal(block_weights(5, seed=3), block_weights(5, seed=4))


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=9).filter(lambda values: len(set(values)) > 1))
def test_a_mean_over_few_blocks_has_students_interval(values: list[float]) -> None:
    sample = np.array(values)
    expected = stats.ttest_1samp(sample, 0).confidence_interval()
    found = ratio_interval(sample, np.ones(len(sample)), block_weights(10, seed=1, blocks=len(sample)))
    assert found == pytest.approx((expected.low, expected.high), rel=1e-6, abs=1e-6)


def test_studentised_interval_agrees_with_a_plain_loop_over_resamples() -> None:
    rng = np.random.default_rng(4)
    spent, orders = rng.gamma(2.0, 50.0, 40), rng.integers(1, 4, 40).astype(float)
    weights = block_weights(300, seed=5, blocks=40)

    def error(of_block: np.ndarray, ratio: float) -> float:
        left = np.repeat(spent - ratio * orders, of_block.astype(int))
        return float(np.sqrt((left**2).sum()) / (of_block @ orders))

    ratio = spent.sum() / orders.sum()
    own = error(np.ones(40), ratio) * np.sqrt(40 / 39)
    distances = []
    for row in weights:
        again = (row @ spent) / (row @ orders)
        distances.append((again - ratio) / error(row, again))
    low, high = np.quantile(distances, [0.025, 0.975])
    assert ratio_interval(spent, orders, weights) == pytest.approx((ratio - high * own, ratio - low * own))


@given(
    st.lists(st.tuples(st.floats(-1e4, 1e4), st.integers(0, 5)), min_size=2, max_size=40),
    st.sampled_from([0.0, 1e3, 1e5]),
)
def test_ratio_interval_holds_the_ratio(blocks: list[tuple[float, int]], fixed: float) -> None:
    above, below = (np.array(column, dtype=float) for column in zip(*blocks, strict=True))
    weights = block_weights(50, seed=6, blocks=len(above))
    found = (
        ratio_to_fixed_interval(above, below, below, weights, fixed) if fixed else ratio_interval(above, below, weights)
    )
    if found is not None:
        ratio = (above.sum() + fixed) / below.sum()
        assert found.low <= ratio + 1e-9 * abs(ratio) and ratio - 1e-9 * abs(ratio) <= found.high


def test_ratio_without_a_denominator_is_unknown() -> None:
    nothing, weights = np.zeros(BLOCKS), block_weights(10, seed=1)
    assert ratio_interval(nothing, nothing, weights) is None
    assert ratio_to_fixed_interval(nothing, nothing, nothing, weights, fixed_numerator=5.0) is None


@pytest.mark.parametrize("n", [100, 40_000])
def test_a_cost_per_head_is_as_uncertain_as_the_number_of_heads(n: int) -> None:
    """What was spent does not widen it, and neither does it that many heads share a block."""
    heads = np.bincount(np.random.default_rng(1).integers(0, BLOCKS, n), minlength=BLOCKS).astype(float)
    weights = block_weights(2000, seed=1)
    low, high = ratio_to_fixed_interval(np.zeros(BLOCKS), heads, heads, weights, fixed_numerator=8.0 * n) or (0, 0)
    fewest, most = stats.chi2.ppf(0.025, 2 * n) / 2, stats.chi2.ppf(0.975, 2 * n + 2) / 2  # Garwood's, of a count
    assert (low, high) == pytest.approx((8 * n / most, 8 * n / fewest), rel=0.12 / np.sqrt(n) * 10)


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
