"""Intervals against peer libraries and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from tpaudit.stats.intervals import net_promoter_interval, quantile_ranks, wilson


@given(st.integers(1, 5000), st.floats(0, 1))
def test_wilson_agrees_with_statsmodels(n: int, share: float) -> None:
    successes = round(share * n)
    assert wilson(successes, n) == pytest.approx(proportion_confint(successes, n, method="wilson"), abs=1e-12)


def test_wilson_of_nothing_is_unknown() -> None:
    assert wilson(0, 0) is None


@given(st.integers(1, 400), st.sampled_from([0.1, 0.5, 0.9]))
def test_quantile_ranks_agree_with_scipys_quantile_test(n: int, quantile: float) -> None:
    expected = stats.quantile_test(np.arange(1.0, n + 1), p=quantile).confidence_interval()
    ranks = quantile_ranks(n, quantile)
    if ranks is None:
        assert np.isnan(expected.low) or np.isnan(expected.high)
    else:
        assert ranks == (expected.low, expected.high)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_net_promoter_interval_holds_the_score_and_stays_on_the_scale(up: int, middle: int, down: int) -> None:
    n = up + middle + down
    found = net_promoter_interval(up, down, n)
    if n < 2:
        assert found is None
        return
    assert found is not None
    assert -100 <= found.low <= 100 * (up - down) / n <= found.high <= 100


@pytest.mark.parametrize("shares", [(0.5, 0.3, 0.2), (0.8, 0.15, 0.05), (0.1, 0.3, 0.6)])
@pytest.mark.parametrize("n", [30, 200])
def test_net_promoter_interval_covers_the_truth(shares: tuple[float, float, float], n: int) -> None:
    drawn = np.random.default_rng(5).multinomial(n, shares, size=2000)
    truth = 100 * (shares[0] - shares[2])
    hits = [low <= truth <= high for up, _, down in drawn.tolist()
            for low, high in [net_promoter_interval(up, down, n) or (0, 0)]]  # fmt: skip
    assert np.mean(hits) == pytest.approx(0.95, abs=0.025)
