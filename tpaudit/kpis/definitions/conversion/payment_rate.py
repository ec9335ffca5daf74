"""Share of orders placed that are paid."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.horizon import possible
from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, known, numbered, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Orders placed, 1 where paid, once per touchpoint met before."""
    placed = _placed(facts).filter(~_.is_fresh).select("order", "customer_id", "placed_at", "is_paid")
    met = facts.met_before(placed, "placed_at", ignoring=["orders"])
    return observations(met, subject=met.order, occurred_at=met.placed_at, value=met.is_paid)


def left_out(facts: Facts) -> Any:
    """Orders placed so late that their payment may still follow."""
    return _placed(facts).filter(_.is_fresh)


@known
def _placed(facts: Facts) -> Any:
    """Orders whose payment is known: by their state, or by the time of payment."""
    orders = facts.with_customer(facts.store.current("orders").filter(_.status.notnull() | _.paid_at.notnull()))
    paid = facts.paid_orders.select(paid_order="order_id")
    orders = orders.left_join(paid, orders.order_id == paid.paid_order)
    placed_at = ibis.coalesce(possible(facts.store, orders.created_at), possible(facts.store, orders.paid_at))
    latest = facts.observed_until - ibis.interval(hours=facts.settings.kpi.cart_hours)
    orders = orders.select(
        "customer_id", order=numbered(orders.order_id), placed_at=placed_at, is_paid=orders.paid_order.notnull()
    )
    return orders.mutate(is_fresh=(_.placed_at > latest).fill_null(False))


KPI = Kpi(
    id="payment_rate",
    place=330,
    title=Titles(en="Orders paid", zh="支付转化率"),
    definition=Titles(
        en=(
            "Orders that were paid, even if returned later, divided by all orders placed whose state is known; orders "
            "placed in the last cart_hours before the audit's day are left out. By touchpoint: orders of customers who "
            "met it in the journey window before they ordered."
        ),
        zh=(
            "已付款（含之后退款）的订单数 ÷ 状态已知的全部下单数；审计日前最后 cart_hours 小时内的订单不计入。"
            "按触点：下单前旅程窗口期内触达过该触点的客户的订单。"
        ),
    ),
    unit="share",
    better="higher",
    formula="orders paid / orders placed",
    source="tpaudit definition",
    needs=Titles(en="orders with their state, unpaid ones included", zh="含状态的订单（包括未付款订单）"),
    kind=Kind.SHARE,
    inputs=("orders",),
    windows=("kpi.cart_hours", "journey.window_days"),
    grain="order",
    observe=observe,
    left_out=left_out,
)
