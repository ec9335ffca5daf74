"""Touches before a first purchase."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Converting journeys with their number of touches, once per touchpoint of the journey."""
    steps = facts.steps.filter(_.converted)
    return observations(steps, subject=_.customer_id, occurred_at=_.ended_at, value=_.journey_touches)


KPI = Kpi(
    id="touches_to_purchase",
    place=230,
    title=Titles(en="Touches to purchase", zh="成交前触达次数"),
    definition=Titles(
        en=(
            "Median number of touches in the journeys of customers who converted. By touchpoint: journeys "
            "that include it."
        ),
        zh="已转化客户旅程中触达次数的中位数。按触点：包含该触点的旅程。",
    ),
    unit="touches",
    better="neither",
    formula="median(touches of converting journeys)",
    source="tpaudit definition",
    needs=Titles(en="journeys that converted", zh="已转化的旅程"),
    kind=Kind.QUANTILE,
    inputs=("touches", "orders", "deals"),
    windows=("journey.window_days",),
    grain="journey",
    quantile=0.5,
    observe=observe,
)
