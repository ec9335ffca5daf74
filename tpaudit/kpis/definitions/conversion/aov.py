"""What a paid order is worth."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, numbered, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Paid orders with a known amount, once per touchpoint met before."""
    orders = facts.paid_orders.filter(_.net_amount.notnull())
    orders = orders.select("customer_id", "person", "ordered_at", "net_amount", order=numbered(orders.order_id))
    met = facts.met_before(orders, "ordered_at", ignoring=["orders"])
    return observations(
        met,
        subject=met.order,
        customer_id=met.person,
        occurred_at=met.ordered_at,
        value=met.net_amount,
        base=ibis.literal(1.0),
    )


KPI = Kpi(
    id="aov",
    place=350,
    title=Titles(en="Order value", zh="客单价"),
    definition=Titles(
        en=(
            "Amount paid less amount returned, divided by paid orders; orders returned in full count with "
            "zero. By touchpoint: orders of customers who met it in the journey window before they "
            "ordered."
        ),
        zh=(
            "（实付金额 − 退款金额）÷ 付款订单数；全额退款的订单按零计入。按触点："
            "下单前旅程窗口期内触达过该触点的客户的订单。"
        ),
    ),
    unit="currency",
    better="higher",
    formula="sum(net amount) / paid orders",
    source="Farris et al. (2010), Marketing Metrics, ch. 9",
    needs=Titles(en="paid orders with their amount", zh="含金额的付款订单"),
    kind=Kind.RATIO,
    inputs=("orders",),
    windows=("journey.window_days",),
    grain="order",
    observe=observe,
)
