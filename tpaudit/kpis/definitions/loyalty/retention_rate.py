"""Share of active buyers who stay active."""

from __future__ import annotations

from typing import Any

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.loyalty import past_buyers
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Buyers of the earlier span, 1 where they bought again, once per place met in it."""
    met = past_buyers(facts)
    return observations(met, subject=met.customer_id, occurred_at=met.last_at, value=met.came_back)


KPI = Kpi(
    id="retention_rate",
    place=610,
    title=Titles(en="Retention", zh="留存率"),
    definition=Titles(
        en=(
            "Customers with a paid order in the last activity_days before the audit's day, divided by those with one "
            "in the activity_days before that, whom alone it looks at. By touchpoint: customers who met it in "
            "the earlier span."
        ),
        zh=(
            "审计日前第二个 activity_days 区间内有付款订单的客户中，最近 activity_days 天内再次付款下单者所占比例。"
            "按触点：在前一区间内触达过该触点的客户。"
        ),
    ),
    unit="share",
    better="higher",
    formula="customers active in both spans / customers active in the earlier",
    source="Farris et al. (2010), Marketing Metrics, ch. 5",
    needs=Titles(
        en="paid orders of known customers that reach back twice activity_days",
        zh="回溯满两个 activity_days 的可识别客户付款订单",
    ),
    kind=Kind.SHARE,
    inputs=("orders",),
    windows=("kpi.activity_days",),
    grain="customer",
    observe=observe,
)
