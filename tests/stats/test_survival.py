"""Median time to an event against textbook data and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from statsmodels.duration.survfunc import SurvfuncRight

from tpaudit.stats.survival import kaplan_meier, median_survival

# Weeks of remission of 21 leukaemia patients on 6-MP and of 21 on placebo: Freireich et al. (1963), Blood 21, as
# printed in Cox and Oakes (1984), Analysis of Survival Data, table 1.1.
RELAPSED_6MP = [6, 6, 6, 7, 10, 13, 16, 22, 23]
STILL_WELL_6MP = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
RELAPSED_PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def counted(
    ended: list[int], watched: list[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    times = np.array(ended + watched, dtype=np.float64)
    events = np.array([1.0] * len(ended) + [0.0] * len(watched))
    return times, events, 1 - events


def test_medians_of_the_leukaemia_trial() -> None:
    median, interval = median_survival(*counted(RELAPSED_PLACEBO, []))
    assert (median, interval) == (8.0, (4.0, 11.0))
    median, interval = median_survival(*counted(RELAPSED_6MP, STILL_WELL_6MP))
    # Too few relapsed for an upper end: SAS and R leave it open too.
    assert (median, interval) == (23.0, None)


def test_curve_of_the_leukaemia_trial() -> None:
    at, waiting, _ = kaplan_meier(*counted(RELAPSED_6MP, STILL_WELL_6MP))
    assert at.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert waiting.round(3).tolist() == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]


@pytest.mark.filterwarnings("ignore::RuntimeWarning:statsmodels")
@given(st.integers(0, 2**32 - 1), st.integers(20, 200))
def test_median_and_interval_are_those_of_statsmodels(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    times = np.round(rng.exponential(30.0, n)) + 1
    happened = (rng.random(n) < 0.8).astype(float)
    peer = SurvfuncRight(times, happened)
    median, interval = median_survival(times, happened, 1 - happened)
    expected = peer.quantile(0.5)
    assert (median is None) == bool(np.isnan(expected)) or np.isinf(expected)
    if median is not None and interval is not None:
        # statsmodels calls the quantile the first time at which the curve lies below, not at, one half.
        assert expected == median or peer.surv_prob[peer.surv_times == median][0] == pytest.approx(0.5)
        low, high = peer.quantile_ci(0.5, method="cloglog")
        assert interval.low == low
        if np.isfinite(high):
            assert interval.high == high


@given(st.integers(0, 2**32 - 1))
def test_order_and_grouping_do_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = rng.integers(1, 15, 60).astype(float)
    happened = (rng.random(60) < 0.6).astype(float)
    distinct = np.unique(times)
    events = np.array([happened[times == time].sum() for time in distinct])
    censored = np.array([(1 - happened)[times == time].sum() for time in distinct])
    shuffled = rng.permutation(60)
    expected = median_survival(distinct, events, censored)
    assert median_survival(times[shuffled], happened[shuffled], 1 - happened[shuffled]) == expected


def test_interval_covers_the_true_median_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    hits, known = 0, 0
    for _ in range(1000):
        life, watched = rng.exponential(10.0, 120), rng.uniform(0, 40, 120)
        happened = (life <= watched).astype(float)
        _, interval = median_survival(np.minimum(life, watched), happened, 1 - happened)
        if interval is not None:
            known += 1
            hits += interval.low <= 10 * np.log(2) <= interval.high
    assert known > 950
    assert 0.93 <= hits / known <= 0.97


@given(st.integers(1, 400))
def test_median_of_fully_watched_times_is_the_lower_middle_one(n: int) -> None:
    times = np.arange(1.0, n + 1)
    assert median_survival(times, np.ones(n), np.zeros(n))[0] == times[(n - 1) // 2]


def test_nobody_gives_no_median() -> None:
    nothing = np.zeros(0)
    assert median_survival(nothing, nothing, nothing) == (None, None)
