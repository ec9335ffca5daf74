"""Share of carts that no order follows."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.engine.portable import is_within
from tpaudit.horizon import possible
from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import PLACES, Facts, known, observations
from tpaudit.results import Titles

TOUCHPOINT = "cart"


def observe(facts: Facts) -> Any:
    """Carts that had the time to be ordered, 1 where they were not, at the last touch of each."""
    carts = _carts(facts).filter(_.occurred_at <= _last_judged(facts))
    return observations(carts, subject=carts.touch_id, value=~carts.is_ordered)


def left_out(facts: Facts) -> Any:
    """Carts filled so late that their order may still follow."""
    return _carts(facts).filter(_.occurred_at > _last_judged(facts))


def _last_judged(facts: Facts) -> Any:
    return facts.observed_until - ibis.interval(hours=facts.settings.kpi.cart_hours)


@known
def _carts(facts: Facts) -> Any:
    """The last touch of each cart, and whether an order followed in time.

    On a customer's line of cart touches and paid orders a cart ends where an order comes next, or nothing for
    cart_hours.
    """
    touches = facts.touches.filter(_.touchpoint == TOUCHPOINT, _.customer_id.notnull())
    touches = touches.mutate(occurred_at=possible(facts.store, touches.occurred_at))
    touches = touches.select("customer_id", "touch_id", "occurred_at", *PLACES, is_order=ibis.literal(False))
    # Only orders of those who have a cart: they are few.
    orders = facts.paid_orders.semi_join(touches, "customer_id")
    orders = orders.select(
        "customer_id", touch_id=ibis.null("string"), occurred_at="ordered_at",
        **{place: ibis.null("string") for place in PLACES}, is_order=ibis.literal(True),
    )  # fmt: skip
    events = touches.union(orders).filter(_.occurred_at.notnull())
    events = facts.store.engine.neighbours(
        events,
        "customer_id",
        ("customer_id", "occurred_at", "is_order", "touch_id"),
        after={"next_at": "occurred_at", "order_next": "is_order"},
    )
    in_time = is_within(events.next_at, events.occurred_at, hours=facts.settings.kpi.cart_hours).fill_null(False)
    events = events.mutate(goes_on=in_time & ~_.order_next, is_ordered=in_time & _.order_next)
    return events.filter(~_.is_order, ~_.goes_on)


KPI = Kpi(
    id="cart_abandonment_rate",
    place=320,
    title=Titles(en="Cart abandonment", zh="购物车放弃率"),
    definition=Titles(
        en=(
            "Carts after which the customer placed no paid order within cart_hours, divided by all carts. A cart is a "
            "run of a customer's touches at the cart, each within cart_hours of the one before; a paid order ends it. "
            "Carts of the last cart_hours before the audit's day are left out, and so are those of unknown visitors."
        ),
        zh=(
            "加购后 cart_hours 小时内未付款下单的购物车数 ÷ 全部购物车数。一个购物车是同一客户相邻间隔不超过 "
            "cart_hours 小时的一串加购触达，遇付款订单即结束。"
            "审计日前最后 cart_hours 小时内的购物车及未识别访客的购物车不计入。"
        ),
    ),
    unit="share",
    better="lower",
    formula="1 - carts ordered in time / carts",
    source="Farris et al. (2010), Marketing Metrics, ch. 9",
    needs=Titles(en="touches of known customers at touchpoint cart", zh="可识别客户在触点 cart 的触达记录"),
    kind=Kind.SHARE,
    inputs=("touches", "orders"),
    windows=("kpi.cart_hours",),
    grain="cart",
    observe=observe,
    left_out=left_out,
    repeats_subjects=False,
)
