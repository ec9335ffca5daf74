"""Share of customers who buy, among those met over several channels."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import PLACES, Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Customers whose journey has two channels or more, 1 where it converted, once per place of the journey."""
    steps = facts.placed_touches.select("customer_id", *PLACES)
    journeys = facts.journeys.filter(_.channels >= 2).select("customer_id", "ended_at", "converted")
    met = journeys.left_join(steps, "customer_id")
    return observations(met, subject=met.customer_id, occurred_at=met.ended_at, value=met.converted)


KPI = Kpi(
    id="cross_channel_conversion_rate",
    place=315,
    title=Titles(en="Cross-channel conversion", zh="跨渠道转化率"),
    definition=Titles(
        en=(
            "Customers whose journey led to a first paid order or won deal, divided by all customers whose journey has "
            "touches in at least two channels. By touchpoint: those whose journey includes it."
        ),
        zh="旅程跨两个及以上渠道的客户中，最终产生首笔付款订单或赢单者所占比例。按触点：旅程中包含该触点的此类客户。",
    ),
    unit="share",
    better="higher",
    formula="customers converted / customers, journeys over 2 channels or more",
    source="tpaudit definition",
    needs=Titles(en="journeys over at least two channels", zh="跨两个及以上渠道的旅程"),
    kind=Kind.SHARE,
    inputs=("touches", "orders", "deals"),
    windows=("journey.window_days",),
    grain="journey",
    observe=observe,
)
