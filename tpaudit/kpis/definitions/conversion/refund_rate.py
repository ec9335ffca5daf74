"""Share of paid orders on which money went back."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, numbered, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Paid orders, 1 where money went back, once per touchpoint met before."""
    states = facts.store.current("orders").select(known_order="order_id", status="status")
    orders = facts.paid_orders.left_join(states, facts.paid_orders.order_id == states.known_order)
    orders = orders.filter(_.refunded_amount.notnull() | _.status.notnull())
    refunded = (orders.refunded_amount > 0).fill_null(False) | (orders.status == "refunded").fill_null(False)
    events = orders.select("customer_id", "ordered_at", order=numbered(orders.order_id), refunded=refunded)
    met = facts.met_before(events, "ordered_at", ignoring=["orders"])
    return observations(met, subject=met.order, occurred_at=met.ordered_at, value=met.refunded)


KPI = Kpi(
    id="refund_rate",
    place=360,
    title=Titles(en="Refunds", zh="退款率"),
    definition=Titles(
        en=(
            "Paid orders on which any amount was returned, divided by all paid orders whose state is "
            "known. By touchpoint: orders of customers who met it in the journey window before they "
            "ordered."
        ),
        zh=("发生过退款的付款订单数 ÷ 状态已知的全部付款订单数。按触点：下单前旅程窗口期内触达过该触点的客户的订单。"),
    ),
    unit="share",
    better="lower",
    formula="orders with a refund / paid orders",
    source="tpaudit definition",
    needs=Titles(en="paid orders with their state or amount returned", zh="含状态或退款金额的付款订单"),
    kind=Kind.SHARE,
    inputs=("orders",),
    windows=("journey.window_days",),
    grain="order",
    observe=observe,
)
