"""Survive: which of a customer's records speaks for the customer, field by field, by declared rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import ibis


@dataclass(frozen=True, slots=True)
class Rule:
    """How one field of the golden record is chosen among its candidates.

    Ties are broken by the other order, then by the value itself, so that the choice never depends on row order.
    """

    prefer: Literal["most recent", "most frequent"]


# A legal name is preferred to a nickname; a phone is worth most while it is new.
RULES: Mapping[str, Rule] = {
    "full_name": Rule("most frequent"),
    "city": Rule("most frequent"),
    "phone": Rule("most recent"),
    "email": Rule("most recent"),
}


def candidates(linked: Any, points: Any) -> Mapping[str, Any]:
    """Candidates per field: customer_id, value, dated_at and `rank_first` (higher is considered first).

    *linked* are the records with their customer_id; *points* the unshared contact points.
    """
    names = linked.filter(linked.full_name.notnull())
    places = linked.filter(linked.city.notnull())
    reached = points.inner_join(linked.select("contact_id", "customer_id", "dated_at"), "contact_id")
    found = {
        "full_name": names.select("customer_id", "dated_at", value=names.full_name,
                                  rank_first=names.name_key.notnull().cast("int64")),
        "city": places.select("customer_id", "dated_at", value=places.city, rank_first=ibis.literal(0, "int64")),
    }  # fmt: skip
    for type_ in ("phone", "email"):
        of_type = reached.filter(reached.type == type_)
        found[type_] = of_type.select("customer_id", "dated_at", "value", rank_first=ibis.literal(0, "int64"))
    return found


def chosen(rows: Any, rule: Rule) -> Any:
    """The candidate that survives per customer: customer_id, value."""
    counted = rows.group_by(["customer_id", "value"]).agg(
        rank_first=rows.rank_first.max(), times=rows.count(), dated_at=rows.dated_at.max()
    )
    # NULL dates last, alike on every engine.
    recent = [counted.dated_at.isnull(), counted.dated_at.desc()]
    frequent = [counted.times.desc()]
    order = recent + frequent if rule.prefer == "most recent" else frequent + recent
    place = ibis.row_number().over(
        ibis.window(group_by="customer_id", order_by=[counted.rank_first.desc(), *order, counted.value])
    )
    first = counted.mutate(place=place)
    return first.filter(first.place == 0).select("customer_id", "value")
