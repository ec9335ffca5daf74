"""Who stays, who comes back, and what that is worth."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.kpis.definition import Family
from tpaudit.kpis.facts import PLACES, Facts
from tpaudit.results import Titles

FAMILY = Family("loyalty", Titles(en="Loyalty", zh="忠诚"))


def past_buyers(facts: Facts) -> Any:
    """Customers who bought in the span before the last activity_days, once per place they met in that span.

    customer_id, last_at (their last paid order of the span), came_back (whether they bought since), places.
    """
    days = ibis.interval(days=facts.settings.kpi.activity_days)
    middle = facts.observed_until - days
    begin = middle - days
    orders = facts.paid_orders.filter(_.customer_id.notnull(), _.ordered_at >= begin)
    in_span = orders.ordered_at < middle
    buyers = orders.group_by("customer_id").agg(
        last_at=orders.ordered_at.max(where=in_span), came_back=(orders.ordered_at >= middle).any()
    )
    buyers = buyers.filter(_.last_at.notnull())
    touches = facts.touches.filter(
        _.customer_id.notnull(), _.touchpoint.notnull(), _.occurred_at >= begin, _.occurred_at < middle,
        (_.record_table != "orders").fill_null(True),
    )  # fmt: skip
    return buyers.left_join(touches.select("customer_id", *PLACES), "customer_id")


def with_journey(facts: Facts, buyers: Any) -> Any:
    """*buyers* once per place of the journey that led to their first purchase; those without one stay, with NULLs."""
    steps = facts.placed_touches.select("customer_id", *PLACES)
    return buyers.left_join(steps, "customer_id")
