"""What a buyer has been worth so far."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.loyalty import with_journey
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Buyers with the net amount of all their paid orders, at its margin if known, once per place of their journey."""
    margin = facts.settings.kpi.gross_margin
    orders = facts.paid_orders.filter(_.customer_id.notnull(), _.net_amount.notnull())
    worth = _.net_amount.sum().cast("float64") * (1.0 if margin is None else margin)
    met = with_journey(facts, orders.group_by("customer_id").agg(worth=worth, first_at=_.ordered_at.min()))
    return observations(met, subject=met.customer_id, occurred_at=met.first_at, value=met.worth)


KPI = Kpi(
    id="clv_historic",
    place=660,
    title=Titles(en="Customer value to date", zh="客户历史价值"),
    definition=Titles(
        en=(
            "Net amount of all paid orders to date divided by buyers; times gross_margin if that is set, else it is "
            "revenue. Not discounted. By touchpoint: buyers whose journey to their first purchase includes it; by "
            "time: when they first bought."
        ),
        zh=(
            "迄今全部付款订单净额 ÷ 买家数；若设置了 gross_margin 则乘以毛利率，否则为收入。不折现。"
            "按触点：首次购买前的旅程包含该触点的买家；按时间：首次购买的时间。"
        ),
    ),
    unit="currency",
    better="higher",
    formula="sum(net amount) x gross margin / buyers",
    source="Gupta et al. (2006), Modeling customer lifetime value, J. Service Research 9",
    needs=Titles(en="paid orders of known customers with their amount", zh="含金额的可识别客户付款订单"),
    kind=Kind.MEAN,
    inputs=("orders",),
    windows=("journey.window_days",),
    grain="customer",
    observe=observe,
)
