"""The structural functions, calculated by hand, one person at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpaudit.sample_data.outcomes import CONVERSION, OUTCOMES, Exposures, Outcome, probability, true_effects
from tpaudit.sample_data.period import Period
from tpaudit.sample_data.touches import Touches
from tpaudit.sample_data.touchpoints import TOUCHPOINTS
from tpaudit.sample_data.world import Settings, simulate


def seen(*history: str, outcome: Outcome = CONVERSION, motivation: float = 0.0) -> Exposures:
    """What one person of average susceptibility met, in this order."""
    parts = [Touches.of(name, np.array([0]), np.array([moment])) for moment, name in enumerate(history)]
    touches = Touches.union(parts or [Touches.of("website", np.array([], int), np.array([], int))])
    one = np.ones(1)
    return Exposures.of(outcome, touches, one * motivation, one, one)


def chance(*history: str, **options: Any) -> float:
    return float(probability(CONVERSION, seen(*history, **options))[0])


def by_hand(outcome: Outcome, history: list[str], motivation: float, susceptibility: float) -> float:
    """The formula of the module's docstring for one person, in plain Python."""
    fail = 1 - min(outcome.base * math.exp(outcome.motivation * motivation), 0.95)
    for lift in outcome.lifts:
        strength = lift.strength * susceptibility * (1 - 0.4 ** history.count(lift.touchpoint))
        if lift.beside is not None and lift.beside not in history:
            strength = 0
        if lift.after is not None:
            last = max((i for i, name in enumerate(history) if name == lift.touchpoint), default=-1)
            first = min((i for i, name in enumerate(history) if name == lift.after), default=len(history))
            if last <= first:
                strength = 0
        fail *= 1 - min(strength, 0.95)
    result = outcome.ceiling * (1 - fail)
    for drag in outcome.drags:
        result *= 1 - drag.share * (1 - 0.4 ** history.count(drag.touchpoint))
    return result


histories = st.lists(st.sampled_from(TOUCHPOINTS), max_size=25)


@given(histories, st.floats(-2, 2), st.sampled_from(OUTCOMES))
def test_the_vectorised_chance_equals_the_formula_by_hand(
    history: list[str], motivation: float, outcome: Outcome
) -> None:
    vectorised = probability(outcome, seen(*history, outcome=outcome, motivation=motivation))[0]
    assert vectorised == pytest.approx(by_hand(outcome, history, motivation, 1.0))
    assert 0 <= vectorised <= outcome.ceiling


@given(histories, st.sampled_from(TOUCHPOINTS), st.sampled_from(OUTCOMES))
def test_leaving_a_touchpoint_out_equals_never_having_met_it(
    history: list[str], touchpoint: str, outcome: Outcome
) -> None:
    without = probability(outcome, seen(*history, outcome=outcome), without=touchpoint)[0]
    rest = [name for name in history if name != touchpoint]
    assert without == pytest.approx(by_hand(outcome, rest, 0.0, 1.0))


def test_a_second_touch_adds_less_than_the_first() -> None:
    once, twice, never = chance("content"), chance("content", "content"), chance()
    assert 0 < twice - once < once - never


def test_chat_helps_more_after_a_product_page_than_before_it() -> None:
    assert chance("product_page", "chat") > chance("chat", "product_page")


def test_a_store_visit_helps_more_after_a_sales_conversation() -> None:
    assert chance("sales_conversation", "store_visit") > chance("store_visit", "sales_conversation")


def test_a_coupon_is_worth_more_beside_a_filled_cart() -> None:
    assert chance("coupon", "cart") - chance("cart") > chance("coupon") - chance()


def test_much_seen_mini_programs_change_nothing() -> None:
    assert chance(*["mini_program"] * 10) == chance()


def test_a_true_effect_is_what_an_experiment_would_find() -> None:
    """Draw outcomes of exposed persons with and without the touchpoint, and compare the shares."""
    chunk = simulate(Settings(20_000, Period(26), 11, null=False, clean=True), 0, 1, 20_000)
    exposures, eligible = chunk.exposures["conversion"]
    sums = true_effects(CONVERSION, exposures, eligible, null=False)
    rng = np.random.default_rng(5)
    for touchpoint in ("chat", "coupon", "hotline", "mini_program"):
        code = TOUCHPOINTS.index(touchpoint)
        exposed = (exposures.counts[:, code] > 0) & eligible
        as_is, without = probability(CONVERSION, exposures), probability(CONVERSION, exposures, without=touchpoint)
        draws = 40
        factual = np.mean([rng.random(exposed.sum()) < as_is[exposed] for _ in range(draws)])
        counterfactual = np.mean([rng.random(exposed.sum()) < without[exposed] for _ in range(draws)])
        error = 3 * math.sqrt(2 * 0.25 / (draws * exposed.sum()))
        assert sums.exposed[code] == exposed.sum()
        assert factual - counterfactual == pytest.approx(sums.effect[code] / exposed.sum(), abs=error)


def test_observed_conversion_follows_the_structural_chance() -> None:
    chunk = simulate(Settings(20_000, Period(26), 11, null=False, clean=True), 0, 1, 20_000)
    exposures, eligible = chunk.exposures["conversion"]
    expected = probability(CONVERSION, exposures)[eligible]
    order = np.argsort(expected)
    for part in np.array_split(order, 5):
        observed = chunk.converted[eligible][part].mean()
        assert observed == pytest.approx(expected[part].mean(), abs=3 * math.sqrt(0.25 / len(part)))


def test_goods_ordered_at_night_come_back_twice_as_often() -> None:
    chunk = simulate(Settings(50_000, Period(26), 3, null=False, clean=True), 0, 1, 50_000)
    orders = chunk.orders
    never = np.iinfo(np.int64).max
    done = orders.completed < chunk.settings.period.end - 9 * 86_400
    night = orders.created % 86_400 < 5 * 3_600
    at_night = (orders.returned[done & night] < never).mean()
    by_day = (orders.returned[done & ~night] < never).mean()
    assert 1.5 < at_night / by_day < 2.5
