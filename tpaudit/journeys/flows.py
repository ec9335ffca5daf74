"""Where journeys lead: steps from touchpoint to touchpoint, and whole paths."""

from __future__ import annotations

from typing import Any

import ibis

from tpaudit.engine.portable import hours_between

START, CONVERSION, END = "START", "CONVERSION", "END"


def steps(touches: Any, journeys: Any) -> Any:
    """Each step of a journey: customer_id, from_touchpoint, to_touchpoint and the hours between.

    The last step leads to CONVERSION, with the time to it, or to END, with none.
    """
    met = touches.filter(touches.position.notnull())
    met = met.select("customer_id", "touchpoint", "position", "occurred_at")
    in_order = ibis.window(group_by="customer_id", order_by="position")
    met = met.mutate(
        next_touchpoint=met.touchpoint.lead().over(in_order), next_at=met.occurred_at.lead().over(in_order)
    )
    met = met.left_join(journeys.select("customer_id", "converted", "ended_at"), "customer_id")
    conversion_at = ibis.cases((met.next_touchpoint.isnull() & met.converted, met.ended_at))
    return met.select(
        "customer_id",
        from_touchpoint=met.touchpoint,
        to_touchpoint=ibis.coalesce(met.next_touchpoint, ibis.ifelse(met.converted, CONVERSION, END)),
        hours=hours_between(met.occurred_at, ibis.coalesce(met.next_at, conversion_at)),
    )


def transitions(touches: Any, journeys: Any) -> Any:
    """Steps between touchpoints, in the shape of mart `transitions`.

    Every journey adds one row from START and one to CONVERSION or END. The median time is that between the two
    touches, or between the last touch and the conversion; START and END have none.
    """
    first = touches.filter(touches.position == 1)
    entered = first.select(
        "customer_id",
        from_touchpoint=ibis.literal(START),
        to_touchpoint=first.touchpoint,
        hours=ibis.null("float64"),
    )
    made = steps(touches, journeys).union(entered)
    return made.group_by("from_touchpoint", "to_touchpoint").agg(
        customers=made.customer_id.nunique(), transitions=made.count(), median_hours=made.hours.median()
    )


def paths(journeys: Any) -> Any:
    """Distinct paths with the customers who took them, in the shape of mart `paths`."""
    taken = journeys.group_by("path").agg(
        customers=journeys.count(),
        conversions=journeys.converted.cast("int64").sum(),
        value=journeys.value.sum(),
    )
    return taken.mutate(share=taken.customers / taken.customers.sum().over(ibis.window()))
