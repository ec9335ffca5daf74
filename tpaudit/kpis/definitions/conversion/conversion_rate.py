"""Share of customers who buy."""

from __future__ import annotations

from typing import Any

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Customers, 1 where the journey converted, once per touchpoint of the journey."""
    steps = facts.steps.select("customer_id", "touchpoint", "stage", "channel")
    journeys = facts.journeys.select("customer_id", "ended_at", "converted")
    met = journeys.left_join(steps, "customer_id")
    return observations(met, subject=met.customer_id, occurred_at=met.ended_at, value=met.converted)


KPI = Kpi(
    id="conversion_rate",
    place=310,
    title=Titles(en="Conversion", zh="转化率"),
    definition=Titles(
        en=(
            "Customers whose journey led to a first paid order or won deal, divided by all customers with "
            "a journey. By touchpoint: customers whose journey includes it; a journey is what they met in "
            "the window before they converted, or before their last touch."
        ),
        zh=(
            "旅程最终产生首笔付款订单或赢单的客户数 ÷ 全部有旅程的客户数。按触点："
            "旅程中包含该触点的客户；旅程指转化前（未转化者为最后一次触达前）窗口期内的触达。"
        ),
    ),
    unit="share",
    better="higher",
    formula="customers converted / customers with a journey",
    source="Farris et al. (2010), Marketing Metrics, ch. 2",
    needs=Titles(en="customers with a journey", zh="有旅程的客户"),
    kind=Kind.SHARE,
    inputs=("touches", "orders", "deals"),
    windows=("journey.window_days",),
    grain="journey",
    observe=observe,
)
