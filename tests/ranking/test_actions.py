"""Actions: the expected change by hand for every kind, whose it is, what it rests on, and in which order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ranking.test_flags import NOTHING, row
from tpaudit.audit.settings import ActionsSection
from tpaudit.ranking.actions import plan
from tpaudit.ranking.loss import Contrast, Losses
from tpaudit.results import ActionRow, ExperienceRow, Experiment, GoldenRow

STEPS = ActionsSection()
WORTH = {"conversion": 200.0}


def felt(*signs: str, touchpoint: str = "hotline", owner: str | None = "service desk", **values: Any) -> ExperienceRow:
    return ExperienceRow.model_validate(
        {"stage": "service", "touchpoint": touchpoint, "owner": owner, "customers": 500, "reach": 0.3,
         "breakpoint": signs} | values
    )  # fmt: skip


def planned(golden: tuple[GoldenRow, ...] = (), experience: tuple[ExperienceRow, ...] = (felt(),),
            losses: Losses = NOTHING, experiments: tuple[Experiment, ...] = ()) -> list[ActionRow]:  # fmt: skip
    return plan(golden, experience, losses, experiments, WORTH, STEPS)


def test_golden_reaches_five_points_more_of_its_stage() -> None:
    """500 customers are 25 % of a stage of 2,000; five points more are 100, of whom 8 % (6 to 10) more convert."""
    golden = row(outcome="conversion", effect=0.08, error=0.02 / 1.96, reach=0.25, verdict="golden")
    (action,) = planned((golden,))
    assert (action.reason, action.step, action.step_unit, action.moved) == ("golden", 0.05, "reach", 100)
    assert (action.expected, action.expected_low, action.expected_high) == pytest.approx((8, 6, 10))
    assert (action.expected_value, action.value_low, action.value_high) == pytest.approx((1600, 1200, 2000))
    assert (action.owner, action.evidence, action.caveat) == ("service desk", "association", "newly_reached")


def test_reach_cannot_grow_beyond_everybody() -> None:
    (action,) = planned((row(outcome="conversion", effect=0.1, reach=0.98, verdict="golden"),))
    assert action.step == pytest.approx(0.02)
    assert action.moved == pytest.approx(500 / 0.98 * 0.02)


def test_risk_spares_half_of_those_who_meet_it() -> None:
    """250 of 500 spared, each with 12 % (10 to 14) less harm: 30 more satisfied; satisfaction has no price."""
    (action,) = planned((row(effect=-0.12, error=0.02 / 1.96, verdict="golden_risk"),))
    assert (action.reason, action.step_unit, action.moved) == ("golden_risk", "exposure", 250)
    assert (action.expected, action.expected_low, action.expected_high) == pytest.approx((30, 25, 35))
    assert (action.expected_value, action.caveat) == (None, "already_troubled")


def test_breakpoint_closes_half_of_its_excess_drop_off() -> None:
    """Of 400 journeys 10 % (6 to 14) too many are lost; half, 20, would go on, and a quarter of those convert."""
    losses = replace(
        NOTHING, drop_off={("service", "hotline"): Contrast(400, 0.3, 0.2, 0.1, (0.06, 0.14), 0.001, 0.25)}
    )
    (action,) = planned(experience=(felt("drop_off"),), losses=losses)
    assert (action.reason, action.sign, action.outcome, action.n) == ("breakpoint", "drop_off", "conversion", 400)
    assert action.moved == pytest.approx(20)
    assert (action.expected, action.expected_low, action.expected_high) == pytest.approx((5, 3, 7))


def test_repeated_requests_are_counted_as_requests_and_have_no_price() -> None:
    losses = replace(NOTHING, repeat_contact={"hotline": Contrast(300, 0.4, 0.2, 0.2, (0.1, 0.3), 0.001)})
    (action,) = planned(experience=(felt("repeat_contact"),), losses=losses)
    assert (action.unit, action.expected_value) == ("requests", None)
    assert (action.expected, action.expected_low, action.expected_high) == pytest.approx((30, 15, 45))


@pytest.mark.parametrize(("sign", "n"), [("low_rating", 210), ("returns", 90)])
def test_what_is_not_measured_promises_nothing(sign: str, n: int) -> None:
    (action,) = planned(experience=(felt(sign, n_ratings=210, n_orders=90),))
    assert (action.expected, action.expected_low, action.expected_value, action.n) == (None, None, None, n)
    assert action.caveat == "not_measured"


def test_dissatisfaction_is_not_told_twice() -> None:
    harmful = row(effect=-0.12)
    (action,) = planned((harmful,), (felt("dissatisfaction"),))
    assert (action.reason, action.expected) == ("breakpoint", pytest.approx(30))
    (only,) = planned((harmful.model_copy(update={"verdict": "golden_risk"}),), (felt("dissatisfaction"),))
    assert only.reason == "golden_risk"


def test_an_experiment_takes_the_place_of_the_association() -> None:
    golden = row(outcome="conversion", effect=0.08, reach=0.25, verdict="golden")
    tried = Experiment(
        touchpoint="hotline", outcome="conversion", effect=0.02, effect_low=0.01, effect_high=0.03, source="A/B"
    )
    (action,) = planned((golden,), experiments=(tried,))
    assert (action.evidence, action.source, action.caveat) == ("experiment", "A/B", "experiment")
    assert (action.expected, action.expected_low, action.expected_high) == pytest.approx((2, 1, 3))
    against = tried.model_copy(update={"effect": -0.02, "effect_low": -0.03, "effect_high": -0.01})
    (doubtful,) = planned((golden,), experiments=(against,))
    assert doubtful.caveat == "experiment_disagrees"
    assert (doubtful.expected or 0) < 0


def test_customers_come_first_then_requests_then_the_unmeasured() -> None:
    losses = replace(NOTHING, repeat_contact={"hotline": Contrast(9000, 0.4, 0.2, 0.2, (0.1, 0.3), 0.001)})
    golden = (
        row(outcome="conversion", effect=0.08, reach=0.25, verdict="golden"),
        row("chat", effect=-0.12, verdict="golden_risk"),
    )
    found = planned(golden, (felt("low_rating", "repeat_contact"),), losses)
    assert [(action.rank, action.touchpoint, action.reason, action.sign) for action in found] == [
        (1, "chat", "golden_risk", None), (2, "hotline", "golden", None),
        (3, "hotline", "breakpoint", "repeat_contact"), (4, "hotline", "breakpoint", "low_rating"),
    ]  # fmt: skip
    assert found[0].owner is None


def test_what_is_measured_over_all_stages_is_promised_once_where_most_meet_it() -> None:
    losses = replace(NOTHING, repeat_contact={"hotline": Contrast(300, 0.4, 0.2, 0.2, (0.1, 0.3), 0.001)})
    fewer = felt("repeat_contact", customers=100, stage="consideration")
    (action,) = planned(experience=(fewer, felt("repeat_contact")), losses=losses)
    assert action.stage == "service"


def test_supporting_and_unjudged_touchpoints_call_for_nothing() -> None:
    assert planned((row(effect=0.3), row("chat", effect=None, verdict="insufficient"))) == []


@given(effect=st.floats(-0.9, 0.9), error=st.floats(0.001, 0.3), reach=st.floats(0.01, 1.0))
def test_the_expected_change_lies_in_its_interval(effect: float, error: float, reach: float) -> None:
    for verdict in ("golden", "golden_risk"):
        (action,) = planned((row(effect=effect, error=error, reach=reach, verdict=verdict),))
        assert action.expected is not None and action.expected_low is not None and action.expected_high is not None
        assert action.expected_low <= action.expected <= action.expected_high
        assert action.step <= 1 - reach or action.step_unit == "exposure"
