"""How many are reached, how many become leads and customers, and what that costs."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.kpis.definition import Family
from tpaudit.kpis.facts import PLACES, Facts, known, observations
from tpaudit.results import Titles

FAMILY = Family("reach", Titles(en="Reach and acquisition", zh="触达与获客"))


def credited_steps(facts: Facts) -> Any:
    """New customers, once per step of the journey that won them, with an equal `part` of one; customers without steps
    stay whole and belong to no touchpoint."""
    steps = facts.steps.filter(_.converted).select("customer_id", *PLACES, part=1.0 / _.journey_touches)
    return facts.new_customers.left_join(steps, "customer_id").mutate(part=_.part.fill_null(1.0))


def lagged_spend(facts: Facts) -> Any:
    """Spend at the time it shows in new customers: [kpi] cac_lag_days after it was made."""
    lag = ibis.interval(days=facts.settings.kpi.cac_lag_days)
    return facts.spend.mutate(occurred_at=facts.spend.occurred_at + lag)


def returns(facts: Facts, margin: float, cost: float) -> Any:
    """Observations of what advertising returned per unit spent: the first revenue of new customers times *margin*,
    credited to the steps that money was spent on, less *cost* times the spend."""
    spend, revenue = lagged_spend(facts), _revenue_of_paid_steps(facts)
    earned = revenue.value.cast("float64") * revenue.part * margin
    return observations(spend, value=-cost * spend.spend, base=spend.spend).union(
        observations(revenue, occurred_at=revenue.won_at, value=earned)
    )


@known
def _revenue_of_paid_steps(facts: Facts) -> Any:
    paid_for = facts.spend.select("touchpoint").distinct()
    return credited_steps(facts).semi_join(paid_for, "touchpoint").filter(_.value.notnull())
