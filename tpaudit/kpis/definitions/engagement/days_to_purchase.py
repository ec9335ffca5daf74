"""Days from the first touch of a journey to the purchase."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.engine.portable import hours_between
from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Converting journeys with their length in days, once per touchpoint of the journey."""
    steps = facts.steps.filter(_.converted)
    days = hours_between(steps.started_at, steps.ended_at) / 24.0
    return observations(steps, subject=steps.customer_id, occurred_at=steps.ended_at, value=days)


KPI = Kpi(
    id="days_to_purchase",
    place=240,
    title=Titles(en="Days to purchase", zh="成交周期（天）"),
    definition=Titles(
        en=(
            "Median number of days from the first touch of the journey to the first paid order or won "
            "deal. Journeys look back no further than the window. By touchpoint: journeys that include "
            "it."
        ),
        zh=("从旅程首次触达到首笔付款订单或赢单的天数中位数。旅程回溯不超过窗口期。按触点：包含该触点的旅程。"),
    ),
    unit="d",
    better="lower",
    formula="median(conversion - first touch)",
    source="tpaudit definition",
    needs=Titles(en="journeys that converted", zh="已转化的旅程"),
    kind=Kind.QUANTILE,
    inputs=("touches", "orders", "deals"),
    windows=("journey.window_days",),
    grain="journey",
    quantile=0.5,
    observe=observe,
)
