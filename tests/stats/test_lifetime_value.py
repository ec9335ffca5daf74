"""BG/NBD and gamma-gamma: published figures, independent formulas, recovery of known parameters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import special
from scipy.optimize import approx_fprime

from tpaudit.stats import bgnbd, gamma_gamma
from tpaudit.stats.bgnbd import BgNbd
from tpaudit.stats.gamma_gamma import GammaGamma
from tpaudit.stats.likelihood import maximise

Floats = NDArray[np.float64]

CDNOW = Path(__file__).parents[3] / "shared" / "data" / "cdnow_transactions.csv"
needs_cdnow = pytest.mark.skipif(not CDNOW.is_file(), reason="needs the public data sets in ../shared/data")
# Fader, Hardie and Lee (2005), table 2.
PUBLISHED = BgNbd(0.2426, 4.4136, 0.7930, 2.4261, -9582.4, converged=True)


@pytest.fixture(scope="module")
def calibration() -> dict[str, Floats]:
    """Repeat days, weeks to the last and to the end of September 1997, and mean repeat amount of 2,357 CD buyers."""
    found = duckdb.sql(f"""
        WITH days AS (
            SELECT Id AS id, Date::DATE AS day, sum(Price) AS amount FROM '{CDNOW}'
            WHERE Date::DATE <= DATE '1997-09-30' GROUP BY ALL),
        firsts AS (SELECT *, min(day) OVER (PARTITION BY id) AS first_day FROM days)
        SELECT count(*) - 1 AS x, (max(day) - any_value(first_day)) / 7.0 AS t_x,
               (DATE '1997-09-30' - any_value(first_day)) / 7.0 AS age,
               coalesce(avg(amount) FILTER (day > first_day), 0) AS mean
        FROM firsts GROUP BY id
    """).fetchnumpy()
    return {name: np.asarray(column, dtype=np.float64) for name, column in found.items()}


@needs_cdnow
def test_bgnbd_gives_the_published_parameters(calibration: dict[str, Floats]) -> None:
    assert len(calibration["x"]) == 2357
    model = bgnbd.fit(calibration["x"], calibration["t_x"], calibration["age"], np.ones(2357))
    assert model.converged
    assert (model.r, model.alpha) == pytest.approx((0.2426, 4.4136), abs=1e-3)
    assert (model.a, model.b) == pytest.approx((0.7930, 2.4261), abs=1e-3)
    assert model.log_likelihood == pytest.approx(-9582.4, abs=0.05)


@needs_cdnow
def test_gamma_gamma_gives_the_known_parameters(calibration: dict[str, Floats]) -> None:
    again = calibration["x"] > 0
    model = gamma_gamma.fit(calibration["x"][again], calibration["mean"][again])
    assert model.converged
    assert (model.p, model.q, model.v) == pytest.approx((6.249, 3.745, 15.448), abs=0.01)


@needs_cdnow
def test_the_unit_of_time_and_of_money_does_not_matter(calibration: dict[str, Floats]) -> None:
    weeks = bgnbd.fit(calibration["x"], calibration["t_x"], calibration["age"], np.ones(2357))
    days = bgnbd.fit(calibration["x"], calibration["t_x"] * 7, calibration["age"] * 7, np.ones(2357))
    assert (days.r, days.alpha, days.a, days.b) == pytest.approx((weeks.r, weeks.alpha * 7, weeks.a, weeks.b), rel=1e-4)
    again = calibration["x"] > 0
    dollars, cents = (gamma_gamma.fit(calibration["x"][again], calibration["mean"][again] * unit) for unit in (1, 100))
    assert (cents.p, cents.q, cents.v) == pytest.approx((dollars.p, dollars.q, dollars.v * 100), rel=1e-4)


@given(st.integers(0, 2**32 - 1))
def test_weights_stand_for_repeated_rows_in_any_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, t_x, age = purchases(rng, 200, r=0.8, alpha=20.0, a=1.0, b=3.0, longest=100)
    rows, counts = np.unique(np.column_stack([x, t_x, age]), axis=0, return_counts=True)
    parameters = rng.uniform(0.2, 3.0, 4)
    shuffled = rng.permutation(200)
    merged = bgnbd._likelihood(rows[:, 0], rows[:, 1], rows[:, 2], counts.astype(float))(parameters)
    single = bgnbd._likelihood(x[shuffled], t_x[shuffled], age[shuffled], np.ones(200))(parameters)
    assert merged[0] == pytest.approx(single[0])
    assert merged[1] == pytest.approx(single[1], rel=1e-9, abs=1e-9)


@given(st.integers(0, 2**32 - 1))
def test_gradients_are_those_of_the_likelihoods(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, t_x, age = purchases(rng, 60, r=0.8, alpha=20.0, a=1.0, b=3.0, longest=100)
    again = x > 0
    functions: list[Callable[[Floats], tuple[float, Floats]]] = [bgnbd._likelihood(x, t_x, age, np.ones(60))]
    if again.any():
        functions.append(gamma_gamma._likelihood(x[again], rng.gamma(3.0, 10.0, int(again.sum()))))
    for function, size in zip(functions, (4, 3), strict=False):
        parameters = rng.uniform(0.3, 4.0, size)
        numeric = approx_fprime(parameters, lambda at, told=function: told(at)[0], 1e-7)
        assert function(parameters)[1] == pytest.approx(numeric, rel=1e-3, abs=1e-2)


@given(
    st.floats(0.05, 5), st.floats(0.5, 50), st.floats(0.2, 5).filter(lambda a: abs(a - 1) > 0.02), st.floats(0.2, 8),
    st.integers(0, 40), st.floats(0.01, 1), st.floats(10, 500),
)  # fmt: skip
def test_expected_purchases_are_those_of_the_papers_formula(
    r: float, alpha: float, a: float, b: float, x: int, share: float, age: float
) -> None:
    """Equation (10) with the Gaussian hypergeometric function, which this package does not use."""
    assume(abs(a + b + x - 1) > 0.02)  # 2F1 has no value there
    t_x, ahead = (share * age if x else 0.0), age / 2
    argument = ahead / (alpha + age + ahead)
    above = (a + b + x - 1) / (a - 1) * (
        1 - ((alpha + age) / (alpha + age + ahead)) ** (r + x) * special.hyp2f1(r + x, b + x, a + b + x - 1, argument)
    )  # fmt: skip
    below = 1.0 if x == 0 else 1 + a / (b + x - 1) * ((alpha + age) / (alpha + t_x)) ** (r + x)
    model = BgNbd(r, alpha, a, b, 0.0, converged=True)
    found = model.purchases(np.array([float(x)]), np.array([t_x]), np.array([age]), ahead)
    assert found[0] == pytest.approx(above / below, rel=1e-4)


def test_a_buyer_of_the_paper() -> None:
    """Expected transactions in the next 39 weeks of a customer with x = 2, t_x = 30.43, T = 38.86: 1.226."""
    found = PUBLISHED.purchases(np.array([2.0]), np.array([30.43]), np.array([38.86]), 39.0)
    assert found[0] == pytest.approx(1.226, abs=5e-4)


@given(st.integers(0, 20), st.floats(0, 1), st.floats(1, 400))
def test_predictions_stay_in_their_range(x: int, share: float, age: float) -> None:
    rows = (np.array([float(x)]), np.array([share * age if x else 0.0]), np.array([age]))
    assert 0 <= PUBLISHED.alive(*rows)[0] <= 1
    near, far = (PUBLISHED.purchases(*rows, horizon)[0] for horizon in (10.0, 100.0))
    assert 0 <= near <= far
    steps, half = np.array([50.0, 100.0]), np.array([1.0, 0.5])
    discounted = PUBLISHED.discounted_purchases(*rows, steps, half)[0]
    first = PUBLISHED.purchases(*rows, 50.0)[0]
    assert discounted == pytest.approx(first + (far - first) / 2)


def test_known_parameters_are_recovered() -> None:
    rng = np.random.default_rng(7)
    x, t_x, age = purchases(rng, 30_000, r=0.6, alpha=60.0, a=0.8, b=2.4, longest=730)
    model = bgnbd.fit(x, t_x, age, np.ones(len(x)))
    assert model.converged
    # Days are rounded up, which is worth about half a day of alpha.
    assert (model.r, model.a, model.b) == pytest.approx((0.6, 0.8, 2.4), rel=0.1)
    assert model.alpha == pytest.approx(60.0, rel=0.06)

    again = rng.integers(1, 8, 30_000).astype(float)
    taste = rng.gamma(4.0, 1 / 15.0, 30_000)
    spent = gamma_gamma.fit(again, rng.gamma(6.0 * again, 1 / taste) / again)
    assert spent.converged
    assert (spent.p, spent.q, spent.v) == pytest.approx((6.0, 4.0, 15.0), rel=0.06)


def test_customers_who_leave_all_alike_are_the_limit_of_the_model() -> None:
    """a and b then grow without end at a fixed ratio; predictions settle all the same."""
    rng = np.random.default_rng(2)
    x, t_x, age = purchases(rng, 4000, r=1.0, alpha=30.0, a=4e4, b=6e4, longest=365)
    model = bgnbd.fit(x, t_x, age, np.ones(len(x)))
    assert model.converged
    assert model.a / (model.a + model.b) == pytest.approx(0.4, abs=0.03)
    assert np.isfinite(model.purchases(x, t_x, age, 365.0)).all()


def test_amounts_without_a_mean_are_not_predicted_from() -> None:
    rng = np.random.default_rng(2)
    x = rng.integers(1, 8, 3000).astype(float)
    taste = rng.gamma(0.7, 1.0, 3000)
    assert not gamma_gamma.fit(x, rng.gamma(3.0 * x, 1 / taste) / x).converged


def test_expected_amount_lies_between_the_buyers_own_mean_and_that_of_all() -> None:
    model = GammaGamma(6.0, 4.0, 15.0, 0.0, converged=True)
    everyone = model.expected_mean(0.0, 0.0)
    assert everyone == pytest.approx(30.0)
    assert everyone < model.expected_mean(2.0, 80.0) < model.expected_mean(20.0, 80.0) < 80.0


def test_a_likelihood_without_a_top_has_not_converged() -> None:
    def endless(parameters: Floats) -> tuple[float, Floats]:
        # Climbs along a curve the steps cannot follow to its end.
        return float(np.nan), np.array([np.nan])

    assert not maximise(endless, [[1.0]]).converged


def purchases(
    rng: np.random.Generator, n: int, *, r: float, alpha: float, a: float, b: float, longest: int
) -> tuple[Floats, Floats, Floats]:
    """Customers of the model itself, in whole days: x, t_x and T."""
    age = rng.integers(1, longest + 1, n).astype(float)
    rate, leaving = rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n)
    x, t_x, now, active = np.zeros(n), np.zeros(n), np.zeros(n), np.ones(n, dtype=bool)
    while active.any():
        now += rng.exponential(1 / np.maximum(rate, 1e-12))
        active &= now < age
        x[active] += 1
        t_x[active] = np.ceil(now[active])
        active &= rng.random(n) > leaving
    return x, t_x, age
