"""How often buyers buy in a year."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.loyalty import with_journey
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles

_YEAR = 365


def observe(facts: Facts) -> Any:
    """Buyers of the last 365 days with their orders of these days, once per place of their journey."""
    begin = facts.observed_until - ibis.interval(days=_YEAR)
    orders = facts.paid_orders.filter(_.customer_id.notnull(), _.ordered_at >= begin)
    buyers = orders.group_by("customer_id").agg(orders=_.count(), last_at=_.ordered_at.max())
    met = with_journey(facts, buyers)
    return observations(met, subject=met.customer_id, occurred_at=met.last_at, value=met.orders)


KPI = Kpi(
    id="purchase_frequency",
    place=630,
    title=Titles(en="Purchase frequency", zh="购买频次"),
    definition=Titles(
        en=(
            "Paid orders of the 365 days before the audit's day divided by the customers who placed them, however "
            "late in these days they came. By membership it compares members with others. By touchpoint: buyers whose "
            "journey to their first purchase includes it."
        ),
        zh=(
            "审计日前 365 天内的付款订单数 ÷ 下单客户数（无论客户在此期间何时首次购买）。按会员身份可比较会员与非会员。"
            "按触点：首次购买前的旅程包含该触点的买家。"
        ),
    ),
    unit="orders",
    better="higher",
    formula="paid orders in 365 days / buyers in them",
    source="Farris et al. (2010), Marketing Metrics, ch. 5",
    needs=Titles(en="paid orders of known customers in the last 365 days", zh="最近 365 天内可识别客户的付款订单"),
    kind=Kind.MEAN,
    inputs=("orders",),
    windows=("kpi.activity_days", "journey.window_days"),
    grain="customer",
    observe=observe,
)
