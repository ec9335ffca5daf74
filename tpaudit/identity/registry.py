"""Registry: the customer id every contact record was given last, so that ids outlive reruns and new exports.

A cluster of records inherits the id that most of its old records hold; every old id goes to one cluster at most. The
registry keeps two generations. Resolving the same clusters again starts from the generation before, so that a rerun,
also one after a run that was killed, ends with the same ids and the same log.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tpaudit.atomic import replacing
from tpaudit.engine import Engine
from tpaudit.errors import EngineFault
from tpaudit.identity import changes
from tpaudit.results import IdentityChanges
from tpaudit.store import Store

REGISTRY = "identity.parquet"
# One row per record ever seen. `previous_id` and `was_present` are the generation before; NULL if it did not know it.
_SCHEMA = {
    "contact_id": "string",
    "customer_id": "string",
    "is_present": "boolean",
    "previous_id": "string",
    "was_present": "boolean",
    "generation": "int64",
    "as_of": "date",
}
_ID_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Remembered:
    """Customer ids of a generation: `ids` is an Ibis table of contact_id, customer_id."""

    ids: Any
    changes: IdentityChanges


@dataclass(frozen=True, slots=True)
class _Before:
    """The generation to go on from: `ids` is contact_id, customer_id, is_present; `generation` and `as_of` are new."""

    ids: Any
    generation: int
    as_of: date


def remembered(store: Store, clusters: Any) -> Remembered:
    """Name the customers of *clusters* (Ibis table contact_id, cluster) as they were named before.

    Writes the registry and mart `identity_changes`. Customers nobody knew before are named after their first record
    in order of id, whatever the order of rows and files. Raises EngineFault if the registry is damaged.
    """
    engine = store.engine
    first = clusters.contact_id.min().over(ibis.window(group_by="cluster"))
    clusters = engine.cache(clusters.select("contact_id", first=first))
    before = _before(store, clusters)
    log = changes.earlier(store, before.generation)
    taken = ibis.union(
        before.ids.select("customer_id"), log.select("customer_id"), log.select(customer_id=log.from_customer_id)
    )
    names = _named(engine, clusters, inherited(_flows(engine, before.ids, clusters)), taken)
    ids = engine.cache(clusters.inner_join(names, "first").select("contact_id", "customer_id"))
    changes.log(
        store, engine.cache(changes.between(before.ids, ids, before.generation, before.as_of)), before.generation
    )
    _keep(store, before, ids)
    return Remembered(ids, changes.counted(store, before.generation))


def inherited(flows: pa.Table) -> pa.Table:
    """Which cluster inherits which id: first, customer_id.

    *flows* counts the old records of every id in every cluster: customer_id, first (names the cluster), records. The
    largest flow decides first, of equal ones the smaller id; an id and a cluster are given away once.
    """
    by_id = flows["customer_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    by_cluster = flows["first"].combine_chunks().dictionary_encode().indices.to_numpy()
    is_only = (np.bincount(by_id)[by_id] == 1) & (np.bincount(by_cluster)[by_cluster] == 1) if len(by_id) else by_id > 0
    plain = flows.filter(pa.array(is_only)).select(["first", "customer_id"])
    contested = flows.filter(pa.array(~is_only)).to_pylist()
    given: dict[str, str] = {}
    served: set[str] = set()
    for flow in sorted(contested, key=lambda row: (-row["records"], row["customer_id"], row["first"])):
        if flow["customer_id"] not in given and flow["first"] not in served:
            given[flow["customer_id"]] = flow["first"]
            served.add(flow["first"])
    rest = pa.table({"first": list(given.values()), "customer_id": list(given)}, schema=plain.schema)
    return pa.concat_tables([plain, rest])


def new_id(first: str, salt: int = 0) -> str:
    """Id of a customer nobody knew before, from its first record; with a *salt* if that id is taken.

    >>> new_id("crm:1"), new_id("crm:1", salt=1) == new_id("crm:1")
    ('c6a572634d77c9b8', False)
    """
    text = f"{first}#{salt}" if salt else first
    return "c" + hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:_ID_DIGITS]


def _before(store: Store, clusters: Any) -> _Before:
    """The generation to go on from: the last one, or the one before it if *clusters* are those of the last."""
    kept = _read(store)
    head = store.engine.fetch_rows(kept.select("generation", "as_of").limit(1))
    if not head:
        return _Before(_ids(kept, "customer_id", "is_present"), 1, store.audit.as_of)
    generation, as_of = head[0]["generation"], head[0]["as_of"]
    if _is_same(store.engine, kept.filter(kept.is_present).select("contact_id", "customer_id"), clusters):
        return _Before(_ids(kept, "previous_id", "was_present"), generation, as_of)
    return _Before(_ids(kept, "customer_id", "is_present"), generation + 1, store.audit.as_of)


def _read(store: Store) -> Any:
    file = store.audit.private / REGISTRY
    if not file.is_file():
        return store.engine.scan([], _SCHEMA)
    try:
        readable = set(_SCHEMA) <= set(pq.read_schema(file).names)
    except (OSError, pa.ArrowInvalid):
        readable = False
    if not readable:
        raise EngineFault(
            f"the registry of customer ids is damaged: {file}",
            "restore the file from a backup; if you remove it instead, customers may get new ids",
        )
    return store.engine.cache(store.engine.scan([file], _SCHEMA))


def _ids(kept: Any, id_column: str, presence: str) -> Any:
    known = kept.filter(kept[id_column].notnull())
    return known.select("contact_id", customer_id=known[id_column], is_present=known[presence])


def _is_same(engine: Engine, ids: Any, clusters: Any) -> bool:
    """Whether *clusters* hold exactly the records of *ids*, grouped in the same way."""
    matched = ids.inner_join(clusters, "contact_id")
    flows = matched.group_by(["customer_id", "first"]).agg(records=matched.count())
    (found,) = engine.fetch_rows(
        flows.agg(
            flows=flows.count(), ids=flows.customer_id.nunique(), clusters=flows["first"].nunique(),
            records=flows.records.sum().fill_null(0),
        )
    )  # fmt: skip
    (there,) = engine.fetch_rows(clusters.agg(n=clusters.count()))
    (was,) = engine.fetch_rows(ids.agg(n=ids.count()))
    return bool(found["records"] == there["n"] == was["n"] and found["flows"] == found["ids"] == found["clusters"])


def _flows(engine: Engine, ids: Any, clusters: Any) -> pa.Table:
    matched = ids.select("contact_id", "customer_id").inner_join(clusters, "contact_id")
    return engine.fetch(matched.group_by(["customer_id", "first"]).agg(records=matched.count()))


def _named(engine: Engine, clusters: Any, names: pa.Table, taken: Any) -> Any:
    """Every cluster with its id: first, customer_id."""
    firsts = clusters.select("first").distinct()
    old = engine.table(names)
    fresh = firsts.anti_join(old, "first")
    fresh = engine.cache(fresh.mutate(customer_id="c" + fresh["first"].hexdigest("md5").substr(0, _ID_DIGITS)))
    clashing = engine.fetch_rows(fresh.semi_join(taken, "customer_id"))
    salted = _salted(engine, sorted(row["first"] for row in clashing), ibis.union(taken, fresh.select("customer_id")))
    given = engine.table(salted)
    free = fresh.anti_join(given, "first")
    return ibis.union(*(part.select("first", "customer_id") for part in (old, free, given)))


def _salted(engine: Engine, firsts: list[str], taken: Any) -> pa.Table:
    """Free ids for clusters whose own is taken: those that were split from the customer named after their record."""
    given: dict[str, str] = {}
    used: set[str] = set()
    salt = 0
    while len(given) < len(firsts):
        salt += 1
        wish = {first: new_id(first, salt) for first in firsts if first not in given}
        asked = engine.table(pa.table({"customer_id": pa.array(sorted(set(wish.values())), pa.string())}))
        busy = {row["customer_id"] for row in engine.fetch_rows(asked.semi_join(taken, "customer_id"))}
        for first, candidate in wish.items():
            if candidate not in busy and candidate not in used:
                given[first] = candidate
                used.add(candidate)
    columns = {"first": pa.array(list(given), pa.string()), "customer_id": pa.array(list(given.values()), pa.string())}
    return pa.table(columns)


def _keep(store: Store, before: _Before, ids: Any) -> None:
    old = before.ids.select("contact_id", previous_id=before.ids.customer_id, was_present=before.ids.is_present)
    both = ids.outer_join(old, "contact_id")
    rows = both.select(
        contact_id=ibis.coalesce(both.contact_id, both.contact_id_right),
        customer_id=ibis.coalesce(both.customer_id, both.previous_id),
        is_present=both.customer_id.notnull(),
        previous_id=both.previous_id,
        was_present=both.was_present,
        generation=ibis.literal(before.generation, "int64"),
        as_of=ibis.literal(before.as_of, "date"),
    ).order_by("contact_id")
    with replacing(store.audit.private / REGISTRY) as unfinished:
        store.engine.write_parquet(rows, unfinished)
