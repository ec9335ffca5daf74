"""Changes: what became of the customer ids between two generations, and the log that keeps it."""

from __future__ import annotations

from datetime import date
from typing import Any

import ibis

from tpaudit.model import MARTS
from tpaudit.results import IdentityChanges
from tpaudit.store import Store

LOG = "identity_changes"


def between(before: Any, after: Any, generation: int, as_of: date) -> Any:
    """The changes from *before* (contact_id, customer_id, is_present) to *after* (contact_id, customer_id).

    Rows of mart `identity_changes`. A record whose id differs is always told of by a merge or a split: a merge if its
    old id ceased, a split if the old id goes on. A record that was absent for a while still speaks for its last id.
    """
    pairs = before.select("contact_id", from_customer_id=before.customer_id).inner_join(after, "contact_id")
    moved = pairs.filter(pairs.from_customer_id != pairs.customer_id)
    moved = moved.group_by(["customer_id", "from_customer_id"]).agg(records=moved.count())
    there = after.select(from_customer_id=after.customer_id).distinct().mutate(goes_on=True)
    moved = moved.left_join(there, "from_customer_id").drop("from_customer_id_right")
    moved = moved.select(
        "customer_id", "from_customer_id", "records", change=moved.goes_on.notnull().ifelse("split", "merge")
    )

    present = before.filter(before.is_present)
    had = present.group_by("customer_id").agg(records=present.count())
    has = after.group_by("customer_id").agg(records=after.count())
    new = has.anti_join(had, "customer_id").anti_join(moved, "customer_id")
    gone = had.anti_join(has, "customer_id").anti_join(moved, had.customer_id == moved.from_customer_id)
    nobody = ibis.null("string")
    parts = [moved] + [
        rows.select("customer_id", "records", from_customer_id=nobody, change=ibis.literal(change))
        for rows, change in ((new, "new"), (gone, "gone"))
    ]
    columns = ("change", "customer_id", "from_customer_id", "records")
    found = ibis.union(*(part.select(*columns) for part in parts))
    return found.mutate(generation=ibis.literal(generation, "int64"), as_of=ibis.literal(as_of, "date"))


def earlier(store: Store, generation: int) -> Any:
    """The log of the generations before *generation*."""
    log = store.mart(LOG)
    return log.filter(log.generation < generation)


def log(store: Store, found: Any, generation: int) -> None:
    """Append the changes of *generation* to the log; what an unfinished run wrote for it is replaced."""
    columns = MARTS[LOG].column_names
    store.write_mart(LOG, ibis.union(earlier(store, generation).select(*columns), found.select(*columns)))


def counted(store: Store, generation: int) -> IdentityChanges:
    """How many customers the log says changed in *generation*."""
    rows = store.mart(LOG)
    rows = rows.filter(rows.generation == generation)
    per_change = rows.group_by("change").agg(
        customers=rows.customer_id.nunique(), ceased=rows.from_customer_id.nunique()
    )
    found = {row["change"]: row for row in store.engine.fetch_rows(per_change)}
    nothing = {"customers": 0, "ceased": 0}
    return IdentityChanges(
        generation=generation,
        new=found.get("new", nothing)["customers"],
        gone=found.get("gone", nothing)["customers"],
        merged=found.get("merge", nothing)["ceased"],
        split=found.get("split", nothing)["ceased"],
    )
