"""What journeys lead to: paid orders in their sequence, and each customer's conversion."""

from __future__ import annotations

from typing import Any

import ibis

from tpaudit.horizon import begun, possible
from tpaudit.store import Store

_PAID = ("paid", "shipped", "completed", "refunded")


def customer_orders(store: Store) -> Any:
    """Paid orders of customers, in the shape of mart `customer_orders`.

    An order counts as paid if its state says so or a payment time is known; one cancelled before payment does not, and
    neither does one paid after the day the audit looks back from.
    `net_amount` is what was paid (else due) less what was returned; an order in state refunded whose returned amount
    is unknown is taken as returned whole. `sequence` numbers a customer's orders of known time; ties go by order id.
    """
    orders = store.current("orders")
    orders = orders.filter(orders.status.isin(_PAID) | orders.paid_at.notnull())
    orders = orders.filter(begun(store, ibis.coalesce(orders.paid_at, orders.created_at)))
    paid = ibis.coalesce(orders.paid_amount, orders.total_amount)
    returned = ibis.coalesce(orders.refunded_amount, ibis.cases((orders.status == "refunded", paid)))
    links = store.mart("customer_links").select("contact_id", "customer_id")
    rows = orders.select(
        "order_id", "contact_id", "channel", "source_file", "source_row",
        ordered_at=ibis.coalesce(possible(store, orders.paid_at), possible(store, orders.created_at)),
        refunded_amount=returned,
        net_amount=paid - returned.fill_null(0),
    )  # fmt: skip
    rows = rows.left_join(links, "contact_id").drop("contact_id", "contact_id_right")
    in_time = ibis.window(group_by="customer_id", order_by=[rows.ordered_at, rows.order_id])
    numbered = rows.customer_id.notnull() & rows.ordered_at.notnull()
    return rows.mutate(sequence=ibis.cases((numbered, ibis.row_number().over(in_time) + 1)))


def conversions(store: Store) -> Any:
    """Conversion of each converted customer: customer_id, converted_at, value, first_order_at.

    A customer converts by the first paid order or the first won deal, whichever is earlier; `first_order_at` is NULL
    for those who never ordered. Needs mart `customer_orders`.
    """
    orders = store.mart("customer_orders")
    first = orders.filter(orders.sequence == 1)
    won = _first_won_deals(store)
    events = first.select("customer_id", at=first.ordered_at, value=first.net_amount, is_order=True).union(
        won.select("customer_id", at=won.won_at, value=won.amount, is_order=False)
    )
    earliest = ibis.window(group_by="customer_id", order_by=[events["at"], events.is_order.desc()])
    ranked = events.mutate(
        place=ibis.row_number().over(earliest),
        first_order_at=events["at"].min(where=events.is_order).over(ibis.window(group_by="customer_id")),
    )
    chosen = ranked.filter(ranked.place == 0)
    return chosen.select("customer_id", "value", "first_order_at", converted_at=chosen["at"])


def won_deals(store: Store) -> Any:
    """Won deals of resolved customers: deal_id, customer_id, amount, won_at (NULL where no possible time is known)."""
    deals = store.current("deals")
    deals = deals.filter(deals.is_won)
    links = store.mart("customer_links").select("contact_id", "customer_id")
    return deals.inner_join(links, "contact_id").select(
        "deal_id", "customer_id", "amount",
        won_at=ibis.coalesce(possible(store, deals.closed_at), possible(store, deals.created_at)),
    )  # fmt: skip


def _first_won_deals(store: Store) -> Any:
    rows = won_deals(store)
    rows = rows.filter(rows.won_at.notnull())
    in_time = ibis.window(group_by="customer_id", order_by=[rows.won_at, rows.deal_id])
    return rows.mutate(place=ibis.row_number().over(in_time)).filter(ibis._.place == 0).drop("place")
