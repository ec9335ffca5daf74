"""Resolution: from the contact records of the lake to customers, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np

from tpaudit.engine.portable import code_of
from tpaudit.errors import NobodyFound
from tpaudit.horizon import possible
from tpaudit.identity import labels, lake, registry, survive
from tpaudit.identity.comparison import Email, Identifier, Phone
from tpaudit.identity.estimation import probability
from tpaudit.identity.linking import Linked, link
from tpaudit.privacy import masked
from tpaudit.results import (
    ClusterSize,
    DedupeResult,
    IdentityChanges,
    KeyUse,
    SharedKey,
    SourcePair,
    UncomparedBlocks,
)
from tpaudit.store import Store

# Below this a person should look at the merge.
REVIEW_BELOW = 0.9

# Where the data tell when a customer was seen: lake table and its time columns.
_SEEN = {
    "contacts": ("created_at", "last_activity_at", "last_order_at"),
    "touches": ("occurred_at",),
    "orders": ("created_at", "paid_at"),
    "leads": ("created_at",),
    "tickets": ("created_at",),
    "surveys": ("submitted_at",),
}
# Guard findings that are told one by one.
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Identified:
    """Who is who: `people` is an Ibis table of every contact record with its customer and what its source says."""

    people: Any
    linked: Linked
    changes: IdentityChanges


def resolve(store: Store) -> DedupeResult:
    """Resolve all contact records; see `tpaudit.identity.resolve`."""
    found = identify(store)
    points = lake.points(store)
    trusted = store.audit.config.settings.identity.trusted_sources
    golden = survive.golden(store.engine, found.people, _unshared(points, found.linked), trusted)
    store.write_mart("customer_values", golden.values)
    customers = _customers(store, found.people, points, golden.fields)
    store.write_mart("customers", customers)
    return _result(store, found.linked).model_copy(
        update={
            "source_pairs": source_pairs(store),
            "decisions": len(labels.read(store.audit)),
            "changes": found.changes,
        }
    )


def identify(store: Store) -> Identified:
    """Link all contact records, name the customers as they were named before, and write mart `customer_links`.

    Raises NobodyFound if no export holds a contact record.
    """
    engine = store.engine
    records = engine.cache(lake.records(store))
    if not engine.fetch(records.limit(1)).num_rows:
        raise NobodyFound(
            "no export holds a contact record: there is nobody to resolve",
            "ingest a file with people in it, or map a person column (`[person] id` in the mapping file)",
        )
    linked = link(
        engine, records, lake.fields(store), store.audit.config.settings.identity, labels.constraints(store.audit)
    )
    engine.release(records)
    found = engine.cache(_with_name_codes(linked))
    remembered = registry.remembered(store, found.select("contact_id", "cluster"))
    people = engine.cache(_people(store, found, remembered.ids))
    links = people.select("source_system", "source_record_id", "contact_id", "customer_id", "match_probability",
                          "matched_on")  # fmt: skip
    store.write_mart("customer_links", links)
    return Identified(people, linked, remembered.changes)


def _with_name_codes(linked: Linked) -> Any:
    """The resolved records: contact_id, cluster, match_probability, matched_on, and a code of the full name."""
    rows = linked.encoded.engine.table(linked.records).rename(contact_id="record_id")
    table = linked.encoded.table
    code = table["name:key"] if "name:key" in table.columns else ibis.null("int64")
    named = table.select(contact_id=table.record_id, name_code=code)
    return rows.inner_join(named, "contact_id")


def _people(store: Store, found: Any, ids: Any) -> Any:
    """Every contact record with its customer and what its source says; records of events alone have no source row."""
    contacts = lake.contacts(store)
    rows = found.inner_join(ids, "contact_id").left_join(contacts, "contact_id").drop("contact_id_right")
    platform = rows.contact_id.re_extract(r"^([a-z0-9_]+):", 1).nullif("")
    return rows.mutate(source_system=ibis.coalesce(rows.source_system, platform))


def source_pairs(store: Store) -> tuple[SourcePair, ...]:
    """Customers per pair of systems that hold records of them, the commonest first."""
    links = store.mart("customer_links")
    held = links.group_by(["customer_id", "source_system"]).agg(records=links.count())
    held = held.filter(held.source_system.notnull())
    one = held.select("customer_id", one=held.source_system, records=held.records)
    other = held.select("customer_id", other=held.source_system)
    both = one.inner_join(other, "customer_id")
    both = both.filter((both.one < both.other) | ((both.one == both.other) & (both.records > 1)))
    rows = store.engine.fetch_rows(both.group_by(["one", "other"]).agg(customers=both.count()))
    pairs = (SourcePair(one=row["one"], other=row["other"], customers=row["customers"]) for row in rows)
    return tuple(sorted(pairs, key=lambda pair: (-pair.customers, pair.one, pair.other)))


def _unshared(points: Any, linked: Linked) -> Any:
    """Contact points that reach one person: those the guard has nothing against."""
    for field, bad in linked.shared.taken_out:
        is_meant = points.type.isin(lake.POINT_TYPES[field])
        coded = points.mutate(bad=is_meant.ifelse(code_of(points.value), ibis.null("int64")))
        points = coded.anti_join(bad, "bad").drop("bad")
    return points


def _customers(store: Store, people: Any, points: Any, golden: Any) -> Any:
    """Mart customers: one row per customer, with the surviving value of every field."""
    known = points.filter(~points.type.isin(lake.POINT_TYPES["device"])).select("contact_id").distinct()
    rows = people.left_join(known.mutate(is_known=True), "contact_id")
    customers = rows.group_by("customer_id").agg(
        n_records=rows.count(),
        n_sources=rows.source_system.nunique(),
        sources=rows.source_system.collect(distinct=True).sort(),
        is_identified=(ibis.coalesce(rows.is_known, False) | rows.full_name.notnull()).any(),
        is_member=rows.is_member.any(),
        confidence=rows.match_probability.min(),
        names=rows.name_code.nunique(),
    )
    is_doubtful = ibis.coalesce(customers.confidence < REVIEW_BELOW, False) | (customers.names > 1)
    customers = customers.mutate(review=is_doubtful & (customers.n_records > 1))
    customers = customers.left_join(golden, "customer_id").drop("customer_id_right")
    return customers.left_join(_seen(store, people), "customer_id").drop("customer_id_right")


def _seen(store: Store, people: Any) -> Any:
    """When each customer was first and last seen; impossible dates are not believed."""
    sightings: list[Any] = []
    for table, columns in _SEEN.items():
        rows = store.lake(table)
        sightings.extend(rows.select("contact_id", at=possible(store, rows[column])) for column in columns)
    seen = ibis.union(*sightings)
    per_record = seen.group_by("contact_id").agg(first=seen.at.min(), last=seen.at.max())
    rows = per_record.inner_join(people.select("contact_id", "customer_id"), "contact_id")
    return rows.group_by("customer_id").agg(first_seen_at=rows["first"].min(), last_seen_at=rows["last"].max())


def _result(store: Store, linked: Linked) -> DedupeResult:
    fetch = store.engine.fetch_rows
    customers = store.mart("customers")
    totals = fetch(
        customers.agg(
            records=customers.n_records.sum(),
            customers=customers.count(),
            identified=customers.is_identified.sum(),
            merged=(customers.n_records > 1).sum(),
            largest=customers.n_records.max(),
            review=customers.review.sum(),
        )
    )[0]
    sizes = customers.group_by("n_records").agg(customers=customers.count()).order_by("n_records")
    worst = sorted(linked.shared.worst, key=lambda value: (value.is_key, -value.records, -value.names, value.field))
    return DedupeResult(
        records=totals["records"],
        customers=totals["customers"],
        identified_customers=totals["identified"],
        merged_customers=totals["merged"],
        keys=_key_uses(linked),
        shared=tuple(
            SharedKey(
                type=lake.POINT_TYPES[value.field][0],
                value_masked=masked(value.text) if value.text else "***",
                records=value.records,
                names=value.names,
                treatment="key only together with the name" if value.is_key else "not a key",
            )
            for value in worst[:_SHOWN]
        ),
        shared_total=linked.shared.total,
        cluster_sizes=tuple(ClusterSize(records=r["n_records"], customers=r["customers"]) for r in fetch(sizes)),
        largest_cluster=totals["largest"],
        review_customers=totals["review"],
        uncompared=tuple(
            UncomparedBlocks(fields=each.key, blocks=each.blocks, records=each.records, largest=each.largest)
            for each in linked.dropped_blocks
        ),
        capped_joins=linked.capped,
        conflicts=linked.conflicts,
    )


def _key_uses(linked: Linked) -> tuple[KeyUse, ...]:
    """Per kind of key: records and values, and how far agreeing on it alone can be trusted in these data.

    Reliability is the mean probability of the pairs that agree on it, whatever else they show.
    """
    uses = []
    chance = probability(linked.bits)
    for number, comparison in enumerate(linked.model.comparisons):
        if not isinstance(comparison, Identifier | Phone | Email):
            continue
        counts = _held(linked, comparison.attributes[0])
        agreeing = linked.patterns.levels[:, number] == len(comparison.labels) - 1
        pairs = linked.patterns.pairs[agreeing]
        uses.append(
            KeyUse(
                type=lake.POINT_TYPES[comparison.name][0],
                records=counts["records"],
                values=counts["values"],
                merged_records=counts["sharing"],
                reliability=float(np.average(chance[agreeing], weights=pairs)) if pairs.sum() else None,
                reliability_n=int(pairs.sum()),
            )
        )
    return tuple(sorted(uses, key=lambda use: (-use.records, use.type)))


def _held(linked: Linked, attribute: str) -> Mapping[str, int]:
    """Records that hold a value of *attribute*, distinct values, and records that share theirs with another."""
    encoded = linked.encoded
    rows = encoded.values(attribute)
    rows = rows.mutate(holders=rows.count().over(ibis.window(group_by="code")))
    counts = rows.agg(
        records=rows.record.nunique(),
        values=rows.code.nunique(),
        sharing=rows.record.nunique(where=rows.holders > 1),
    )
    found: Mapping[str, int] = encoded.engine.fetch_rows(counts)[0]
    return found
