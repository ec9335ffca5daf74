"""Segments: where each customer stands in its life, its scores by recency, frequency and money, and its tags.

Scores are fifths as in Hughes (1994), Strategic Database Marketing; equal values get equal scores, so a score does not
depend on the order of rows. The stages of a customer's life follow from the days since the first and last purchase
([segments] in tpaudit.toml); recency and frequency carry what a customer base's future is read from (Fader, Hardie
and Lee 2005, RFM and CLV).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
from ibis import _

from tpaudit.audit.settings import SegmentsSection
from tpaudit.engine.portable import number_of
from tpaudit.horizon import possible
from tpaudit.journeys.outcomes import won_deals
from tpaudit.journeys.tags import TagRule, tags_of
from tpaudit.model.marts import CONTACT_FREQUENCIES
from tpaudit.store import Store

_FIFTHS = 5

# What a customer does in tables that record no direction; the rest of derived touches is the company's doing.
_OWN_ACTS = ("Order Created", "Lead Created", "Ticket Opened", "Survey Responded", "Joined Membership", "Followed")


def customer_segments(store: Store, rules: Sequence[TagRule] = ()) -> Any:
    """Rows of mart `customer_segments`, one per resolved customer.

    Reads marts `customer_links`, `customers`, `customer_orders` and `journey_touches`, and the lake's deals and
    contacts; *rules* are those of the audit's tags.toml.
    """
    purchases = store.cache(_purchases(store))
    customers = store.mart("customer_links").select("customer_id").distinct()
    rows = _beside(customers, purchases)
    for score, value in (("recency", -purchases.days_since_last), ("frequency", purchases.orders),
                         ("monetary", purchases.net_amount)):  # fmt: skip
        rows = _beside(rows, _scored(purchases, value, score))
    contacts = _contacts(store)
    rows = rows.left_join(contacts, number_of(rows.customer_id) == contacts.customer).drop("customer")
    rows = rows.mutate(segment=_segment(rows, store.audit.config.settings.segments))
    rows = store.cache(rows)
    return _beside(rows, tags_of(store, rows, rules))


def _beside(rows: Any, more: Any) -> Any:
    return rows.left_join(more, "customer_id").drop("customer_id_right")


def _purchases(store: Store) -> Any:
    """Per buyer: orders, net_amount, first_ordered_at, last_ordered_at, cohort, and days since the first and last.

    In a trade that sells by deals an order is often the deal's own: only customers without paid orders are judged by
    their won deals.
    """
    zone, as_of = store.audit.config.settings.audit.timezone, ibis.literal(store.audit.as_of)
    orders = store.mart("customer_orders").filter(_.customer_id.notnull())
    orders = orders.select("customer_id", at="ordered_at", amount="net_amount")
    deals = won_deals(store).anti_join(orders, "customer_id").select("customer_id", "amount", at="won_at")
    bought = orders.union(deals.select("customer_id", "at", amount=deals.amount.cast(orders.amount.type())))
    buyers = bought.group_by("customer_id").agg(
        orders=bought.count(), net_amount=bought.amount.sum(), first_ordered_at=bought["at"].min(),
        last_ordered_at=bought["at"].max(),
    )  # fmt: skip
    first = store.engine.to_local(buyers.first_ordered_at, zone)
    last = store.engine.to_local(buyers.last_ordered_at, zone)
    return buyers.mutate(
        cohort=first.strftime("%Y-%m"),
        days_since_first=as_of.delta(first.date(), unit="day"),
        days_since_last=as_of.delta(last.date(), unit="day"),
    )


def _scored(buyers: Any, value: Any, score: str) -> Any:
    """*score* of each buyer whose *value* is known: the fifth, from 1 for the lowest, in which the middle of all who
    share the value lies. Customers who are all alike thus stand in the middle fifth.
    """
    known = buyers.select("customer_id", value=value).filter(_.value.notnull())
    counted = known.group_by("value").agg(n=_.count())
    up_to = counted.n.sum().over(ibis.cumulative_window(order_by=counted.value)).cast("int64")
    everyone = counted.n.sum().over(ibis.window()).cast("int64")
    # The middle of the ranks below and up to the value, twice; in whole numbers nothing is left to rounding.
    middle = 2 * up_to - counted.n
    scores = counted.select(scored="value", **{score: (_FIFTHS * middle - 1) // (2 * everyone) + 1})
    return known.join(scores, known.value == scores.scored).select("customer_id", score)


def _contacts(store: Store) -> Any:
    """Per customer, told by number (customer): last_touch_at, last_reply_at and contact_frequency."""
    touches = store.mart("journey_touches").filter(_.customer_id.notnull())
    touches = touches.mutate(at=possible(store, touches.occurred_at)).filter(_["at"].notnull())
    is_own = (touches.direction == "inbound") | (
        touches.direction.isnull() & ((touches.record_table == "touches") | touches.event.isin(_OWN_ACTS))
    )
    seen = touches.group_by(customer="customer_number").agg(
        first_touch_at=touches["at"].min(),
        last_touch_at=touches["at"].max(),
        last_reply_at=touches["at"].max(where=is_own),
        contacts=touches.count(where=touches.direction == "outbound"),
    )
    first_day = store.engine.to_local(seen.first_touch_at, store.audit.config.settings.audit.timezone).date()
    days = ibis.literal(store.audit.as_of).delta(first_day, unit="day") + 1
    # Whoever was first met this week was met for a week: two contacts in two days are not seven a week.
    weekly = seen.contacts / (ibis.greatest(days, 7) / 7)
    none, *bands, most = CONTACT_FREQUENCIES
    up_to = [(weekly <= number, band) for number, band in enumerate(bands, start=1)]
    return seen.mutate(contact_frequency=ibis.cases((seen.contacts == 0, none), *up_to, else_=most)).drop(
        "first_touch_at", "contacts"
    )


def _segment(rows: Any, settings: SegmentsSection) -> Any:
    """The first segment that fits; NULL for buyers none of whose purchases is dated."""
    last = rows.days_since_last
    return ibis.cases(
        (rows.orders.isnull(), "prospect"),
        (rows.days_since_first <= settings.new_days, "new"),
        ((last <= settings.active_days) & (rows.monetary >= settings.high_value), "high_value"),
        (last <= settings.active_days, "active"),
        (last <= settings.at_risk_days, "at_risk"),
        (last <= settings.dormant_days, "dormant"),
        (last.notnull(), "lost"),
    )
