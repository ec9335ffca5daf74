"""Where journeys lead: steps from touchpoint to touchpoint, and whole paths."""

from __future__ import annotations

from typing import Any

import ibis

from tpaudit.engine import Engine
from tpaudit.engine.portable import epoch_seconds
from tpaudit.journeys.waits import median_hours
from tpaudit.store import Store

START, CONVERSION, END = "START", "CONVERSION", "END"

_STEP = ("from_touchpoint", "to_touchpoint")


def steps(engine: Engine, touches: Any, journeys: Any) -> Any:
    """Each step of a journey: customer_id, from_touchpoint, to_touchpoint and the seconds between.

    *touches* come as mart `journey_touches` has them, by customer and time.

    The last step leads to CONVERSION, with the time to it, or to END, with none.
    """
    met = touches.filter(touches.position.notnull())
    met = engine.neighbours(
        met.select("customer_id", "touchpoint", "occurred_at"),
        within="customer_id",
        after={"next_touchpoint": "touchpoint", "next_at": "occurred_at"},
    )
    met = met.left_join(journeys.select("customer_id", "converted", "ended_at"), "customer_id")
    conversion_at = ibis.cases((met.next_touchpoint.isnull() & met.converted, met.ended_at))
    return met.select(
        "customer_id",
        from_touchpoint=met.touchpoint,
        to_touchpoint=ibis.coalesce(met.next_touchpoint, ibis.ifelse(met.converted, CONVERSION, END)),
        seconds=epoch_seconds(ibis.coalesce(met.next_at, conversion_at)) - epoch_seconds(met.occurred_at),
    )


def transitions(store: Store, touches: Any, journeys: Any) -> Any:
    """Steps between touchpoints, in the shape of mart `transitions`.

    Every journey adds one row from START and one to CONVERSION or END. The median time is that between the two
    touches, or between the last touch and the conversion, with its interval; START and END have none.
    """
    made = store.cache(steps(store.engine, touches, journeys))
    first = touches.filter(touches.position == 1)
    entered = first.group_by(to_touchpoint=first.touchpoint).agg(customers=first.count(), transitions=first.count())
    entered = entered.select("to_touchpoint", "customers", "transitions", from_touchpoint=ibis.literal(START))
    counted = made.group_by(_STEP).agg(customers=made.customer_id.nunique(), transitions=made.count())
    counted = store.engine.cache(counted.union(entered.select(counted.columns)))
    waited = median_hours(store.engine, made.filter(made.seconds.notnull()), _STEP)
    waited = waited.drop("n").rename(ci_low="low", ci_high="high")
    store.engine.release(made)
    return counted.left_join(waited, list(_STEP)).drop(*(f"{name}_right" for name in _STEP))


def paths(journeys: Any) -> Any:
    """Distinct paths with the customers who took them, in the shape of mart `paths`."""
    taken = journeys.group_by("path").agg(
        customers=journeys.count(),
        conversions=journeys.converted.cast("int64").sum(),
        value=journeys.value.sum(),
    )
    return taken.mutate(share=taken.customers / taken.customers.sum().over(ibis.window()))
