"""Relative weights: against regression, against general dominance, by hand, and where predictors are hardly told apart."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import sqrtm

from tpaudit.stats.relative_weights import consistent, pairwise_correlations, relative_weights

Floats = NDArray[np.float64]


def correlated(seed: int, size: int, rows: int = 400, shared: float = 0.7) -> Floats:
    """Correlations of *size* predictors with something in common, and an outcome (last) that follows them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, size)) + shared * rng.normal(size=(rows, 1))
    y = x @ rng.uniform(-0.2, 1.0, size) + rng.normal(size=rows)
    return np.corrcoef(np.column_stack([x, y]), rowvar=False)


def r_squared(table: Floats, chosen: tuple[int, ...]) -> float:
    """R squared of the last variable on the chosen ones, by solving the normal equations."""
    places = list(chosen)
    slope = np.linalg.solve(table[np.ix_(places, places)], table[places, -1]) if places else np.zeros(0)
    return float(slope @ table[places, -1]) if places else 0.0


def general_dominance(table: Floats) -> Floats:
    """Mean gain in R squared over all subsets the predictor can join, size by size (Budescu 1993)."""
    size = len(table) - 1
    found = np.zeros(size)
    for own in range(size):
        others = [place for place in range(size) if place != own]
        for number in range(size):
            gains = [r_squared(table, (*part, own)) - r_squared(table, part) for part in combinations(others, number)]
            found[own] += sum(gains) / comb(size - 1, number) / size
    return found


@given(seed=st.integers(0, 10_000), size=st.integers(1, 8))
def test_weights_are_shares_of_r_squared(seed: int, size: int) -> None:
    table = correlated(seed, size)
    weights = relative_weights(table[:-1, :-1], table[:-1, -1])
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(r_squared(table, tuple(range(size))), abs=1e-9)


@given(seed=st.integers(0, 10_000), size=st.integers(2, 6))
def test_order_of_predictors_does_not_matter(seed: int, size: int) -> None:
    table = correlated(seed, size)
    order = np.random.default_rng(seed).permutation(size)
    weights = relative_weights(table[:-1, :-1], table[:-1, -1])
    assert relative_weights(table[np.ix_(order, order)], table[order, -1]) == pytest.approx(weights[order])


def test_uncorrelated_predictors_weigh_their_squared_coefficients() -> None:
    outcome = np.array([0.5, -0.3, 0.1])
    assert relative_weights(np.eye(3), outcome) == pytest.approx(outcome**2)


def test_two_predictors_by_hand() -> None:
    """r = .5: the square root of the table has a = (sqrt 1.5 + sqrt .5) / 2 on and b = (sqrt 1.5 - sqrt .5) / 2 off the
    diagonal; its inverse times (.6, .3) are the coefficients of the uncorrelated pair."""
    a, b = (1.5**0.5 + 0.5**0.5) / 2, (1.5**0.5 - 0.5**0.5) / 2
    determinant = a * a - b * b
    first, second = (a * 0.6 - b * 0.3) / determinant, (a * 0.3 - b * 0.6) / determinant
    expected = [a * a * first**2 + b * b * second**2, b * b * first**2 + a * a * second**2]
    assert relative_weights(np.array([[1, 0.5], [0.5, 1]]), np.array([0.6, 0.3])) == pytest.approx(expected)


def test_agrees_with_the_definition_through_the_matrix_square_root() -> None:
    table = correlated(3, 6)
    root = np.real(sqrtm(table[:-1, :-1]))
    expected = root**2 @ np.linalg.solve(root, table[:-1, -1]) ** 2
    assert relative_weights(table[:-1, :-1], table[:-1, -1]) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_is_close_to_general_dominance_over_all_subsets(seed: int) -> None:
    """Two roads to the same question; the literature finds them within a few hundredths of each other."""
    table = correlated(seed, 5)
    weights = relative_weights(table[:-1, :-1], table[:-1, -1])
    assert weights == pytest.approx(general_dominance(table), abs=0.03)
    assert np.argmax(weights) == np.argmax(general_dominance(table))


def test_copies_share_alike_and_nothing_breaks() -> None:
    table = np.array([[1, 1, 0.2], [1, 1, 0.2], [0.2, 0.2, 1]])
    weights = relative_weights(table, np.array([0.6, 0.6, 0.1]))
    assert weights[0] == pytest.approx(weights[1])
    assert weights.sum() == pytest.approx(r_squared(np.array([[1, 0.2, 0.6], [0.2, 1, 0.1], [0.6, 0.1, 1]]), (0, 1)))


def test_many_problems_at_once_are_the_problems_one_by_one() -> None:
    tables = np.stack([correlated(seed, 4) for seed in range(3)])
    together = relative_weights(tables[:, :-1, :-1], tables[:, :-1, -1])
    for table, weights in zip(tables, together, strict=True):
        assert weights == pytest.approx(relative_weights(table[:-1, :-1], table[:-1, -1]))


def test_pairwise_correlations_use_whoever_gave_both() -> None:
    rng = np.random.default_rng(4)
    values = rng.integers(1, 6, size=(60, 3)).astype(float)
    values[rng.random(values.shape) < 0.4] = np.nan
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    n = known.T.astype(float) @ known
    found = pairwise_correlations(n, filled.T @ known, (filled**2).T @ known, filled.T @ filled)
    for a in range(3):
        for b in range(3):
            both = known[:, a] & known[:, b]
            assert found[a, b] == pytest.approx(np.corrcoef(values[both, a], values[both, b])[0, 1])


def test_a_constant_rating_correlates_with_nothing_known() -> None:
    n = np.full((2, 2), 4.0)
    first = np.array([[16.0, 16.0], [10.0, 10.0]])
    squared = np.array([[64.0, 64.0], [30.0, 30.0]])
    product = np.array([[64.0, 40.0], [40.0, 30.0]])
    assert np.isnan(pairwise_correlations(n, first, squared, product)[0, 1])


def test_rounding_makes_no_variance() -> None:
    """Nine tenths a hundred times: the sums leave a variance of 1e-14 that nobody gave."""
    values = np.column_stack([np.full(100, 0.9), np.arange(100.0)])
    n = np.full((2, 2), 100.0)
    sums = np.tile(values.sum(axis=0)[:, None], 2), np.tile((values**2).sum(axis=0)[:, None], 2)
    assert np.isnan(pairwise_correlations(n, *sums, values.T @ values)[0, 1])


@given(seed=st.integers(0, 10_000), size=st.integers(2, 6))
def test_repaired_tables_are_tables_of_correlations(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    table = np.triu(rng.uniform(-1, 1, (size, size)), 1)
    table = table + table.T + np.eye(size)
    repaired = consistent(table)
    assert np.linalg.eigvalsh(repaired).min() >= -1e-9
    assert np.diagonal(repaired) == pytest.approx(np.ones(size))
    weights = relative_weights(repaired[:-1, :-1], repaired[:-1, -1])
    assert weights.sum() <= 1 + 1e-9


def test_a_table_of_correlations_stays_as_it_is() -> None:
    table = correlated(5, 4)
    assert (consistent(table) == table).all()
