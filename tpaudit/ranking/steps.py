"""The steps that attribution works on: what a touch must say of itself, and how touchpoints become numbers.

STEP lists the columns. A step belongs to a `journey`, or to several alike: then `times` says how many, and `value` what
all of them together were worth. Journeys of one customer block are resampled together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
from ibis import _

from tpaudit.engine.portable import block_of, code_of, epoch_seconds
from tpaudit.kpis.facts import Facts
from tpaudit.stats.bootstrap import BLOCKS

STEP = {
    "journey": "number of the journey, unique among all",
    "block": "block of customers it is resampled with",
    "position": "place in the journey, rising",
    "touchpoint": "what was met",
    "hours_before": "hours from the touch to the conversion; NULL if unknown",
    "converted": "whether the journey led to a conversion",
    "value": "worth of that conversion; NULL if unknown",
    "times": "journeys this one stands for; no such column if each stands for itself",
}


def steps_of_audit(facts: Facts) -> Any:
    """Steps of the audit's journeys.

    Customers are told apart by the 64-bit code of their id: joining and sorting texts would take twice the time.
    """
    journeys = facts.journeys.select(
        journey=code_of(facts.journeys.customer_id),
        block=block_of(facts.journeys.customer_id, BLOCKS).cast("int16"),
        converted=facts.journeys.converted.fill_null(False),
        ended=epoch_seconds(facts.journeys.ended_at),
        value=facts.journeys.value.cast("float64"),
    )
    touches = facts.touches.filter(facts.touches.position.notnull())
    touches = touches.select(
        "touchpoint",
        journey=code_of(touches.customer_id),
        position=touches.position.cast("int32"),
        occurred=epoch_seconds(touches.occurred_at),
    )
    steps = touches.join(journeys, "journey")
    return steps.select(
        "journey", "block", "position", "touchpoint", "converted", "value",
        hours_before=(steps.ended - steps.occurred) / 3600.0,
    )  # fmt: skip


def steps_by_touchpoint(facts: Facts) -> dict[str, int]:
    """How many steps of the audit's journeys met each touchpoint, by name; every touch with a position is a step."""
    touches = facts.touches.filter(facts.touches.position.notnull())
    met = touches.group_by("touchpoint").agg(steps=_.count()).order_by("touchpoint")
    return {row["touchpoint"]: row["steps"] for row in facts.store.engine.fetch_rows(met)}


def spend_by_touchpoint(facts: Facts) -> dict[str, float]:
    """Advertising spend of the whole audit per touchpoint it paid for, in the audit's currency; what it was not known
    for, or in another currency, is left out, as KPI `roas` does."""
    spend = facts.spend.filter(_.touchpoint.notnull()).group_by("touchpoint").agg(spend=_.spend.cast("float64").sum())
    return {row["touchpoint"]: row["spend"] for row in facts.store.engine.fetch_rows(spend)}


def numbered(steps: Any, touchpoints: Sequence[str]) -> Any:
    """*steps* that met one of *touchpoints*, with its number among them as `place`."""
    # Written into the query: a table made of Python's values would load pandas, which takes half a second and 40 MB.
    names = ibis.literal(list(touchpoints), type="array<string>").name("touchpoint").as_table()
    places = names.unnest("touchpoint", offset="place").mutate(place=_.place.cast("int16"))
    return steps.join(places, "touchpoint").drop("touchpoint")
