"""Effective sizes of clustered observations, against a peer library and at their limits."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tpaudit.stats.clusters import ClusterSums, effective_size


def sums(values: np.ndarray, cluster: np.ndarray) -> ClusterSums:
    _, place = np.unique(cluster, return_inverse=True)
    n, x = np.bincount(place), np.bincount(place, values)
    return ClusterSums(
        n=len(values), clusters=len(n), x=values.sum(), xx=(values**2).sum(), nn=(n**2).sum(), nx=n @ x, cx=x @ x
    )


def test_effective_size_is_that_of_statsmodels_cluster_robust_variance() -> None:
    rng = np.random.default_rng(2)
    cluster = rng.integers(0, 60, 400)
    values = (rng.random(400) < rng.beta(1, 2, 60)[cluster]).astype(float)
    fit = sm.OLS(values, np.ones(400)).fit()
    # Without statsmodels' correction for the number of coefficients, (n - 1) / (n - k) with k = 1.
    robust = sm.OLS(values, np.ones(400)).fit(cov_type="cluster", cov_kwds={"groups": cluster})
    few = (stats.t.ppf(0.975, 399) / stats.t.ppf(0.975, 59)) ** 2
    expected = 400 * float(fit.bse[0] ** 2 / robust.bse[0] ** 2) * few
    assert expected < 300
    assert effective_size(sums(values, cluster)) == pytest.approx(expected)


def test_copies_of_one_observation_count_once() -> None:
    rng = np.random.default_rng(3)
    values = rng.integers(0, 2, 2000).astype(float)
    once = effective_size(sums(np.repeat(values, 5), np.repeat(np.arange(2000), 5)))
    assert once == pytest.approx(2000, rel=0.002)


def test_where_all_are_alike_each_cluster_counts_once() -> None:
    assert effective_size(sums(np.zeros(90), np.repeat(np.arange(30), 3))) == 30


@pytest.mark.parametrize("clusters", [1, 5])
def test_one_cluster_is_one_observation_and_single_ones_are_themselves(clusters: int) -> None:
    values = np.arange(5.0)
    assert effective_size(sums(values, np.arange(5) % clusters)) == clusters


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-1, 1)), min_size=1, max_size=60))
def test_effective_size_lies_between_nothing_and_all(observed: list[tuple[int, int]]) -> None:
    cluster, values = (np.array(column) for column in zip(*observed, strict=True))
    assert 0 < effective_size(sums(values.astype(float), cluster)) <= len(values)
