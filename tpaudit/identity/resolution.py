"""Resolution: from contact records to customers, step by step."""

from __future__ import annotations

from typing import Any

import ibis

from tpaudit.errors import InputFault
from tpaudit.horizon import possible
from tpaudit.identity import guard, prepare, survive
from tpaudit.identity.cluster import components
from tpaudit.identity.reliability import reliability
from tpaudit.identity.spelling import with_names
from tpaudit.results import ClusterSize, DedupeResult, KeyUse
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


def resolve(store: Store) -> DedupeResult:
    """Resolve all contact records; see `tpaudit.identity.resolve`."""
    engine = store.engine
    records = engine.cache(prepare.records(store))
    usable = engine.cache(prepare.points(store))
    if not engine.fetch(records.limit(1)).num_rows:
        raise InputFault(
            "no export holds a contact record: there is nobody to resolve",
            "ingest a file with people in it, or map a person column (`[person] id` in the mapping file)",
        )
    named = engine.cache(with_names(engine, prepare.strong_points(usable), records))
    limits = store.audit.config.settings.identity
    held = engine.cache(guard.holders(named, limits))
    keys = engine.cache(guard.keys(named, held))
    cookies = prepare.anonymous_points(usable)

    linked = engine.cache(_linked(records, engine.table(components(engine, records, keys, cookies))))
    trusted = engine.cache(reliability(keys))
    links = engine.cache(_links(linked, keys, trusted))
    store.write_mart("customer_links", links)
    unshared = _unshared(usable, held)
    customers = _customers(store, linked, links, unshared, usable)
    store.write_mart("customers", customers)
    return _result(store, keys, held, trusted, links)


def _linked(records: Any, labels: Any) -> Any:
    """Records with the customer they belong to; the customer is named after its first record, in order of id."""
    rows = records.inner_join(labels, "contact_id")
    first = rows.contact_id.min().over(ibis.window(group_by="component"))
    return rows.mutate(customer_id="c" + first.hexdigest("md5").substr(0, 15)).drop("component")


def _links(linked: Any, keys: Any, trusted: Any) -> Any:
    """Mart customer_links: what ties each record to its customer, and how far that can be trusted."""
    used = keys.group_by(["type", "key"]).agg(holders=keys.contact_id.nunique())
    tying = keys.inner_join(used.filter(used.holders > 1), ["type", "key"]).left_join(trusted, "type")
    evidence = tying.group_by("contact_id").agg(
        matched_on=tying.type.collect(distinct=True).sort().join(", "),
        match_probability=tying.reliability.max(),
    )
    size = linked.count().over(ibis.window(group_by="customer_id"))
    rows = linked.mutate(size=size).left_join(evidence, "contact_id")
    is_alone = rows["size"] == 1
    return rows.select(
        "source_system", "source_record_id", "contact_id", "customer_id", "name_key",
        match_probability=ibis.ifelse(is_alone, 1.0, rows.match_probability),
        matched_on=ibis.ifelse(rows.matched_on.isnull() & rows.tied_by_cookie, "cookie", rows.matched_on),
    )  # fmt: skip


def _unshared(usable: Any, held: Any) -> Any:
    """Contact points that reach one person: those the guard has nothing against."""
    shared = held.filter(held.treatment == guard.NOT_A_KEY).select("type", "value")
    return usable.anti_join(shared, ["type", "value"])


def _customers(store: Store, linked: Any, links: Any, unshared: Any, usable: Any) -> Any:
    """Mart customers: one row per customer, with the surviving value of every field."""
    known = usable.filter(~usable.type.isin(prepare.ANONYMOUS_POINT_TYPES)).select("contact_id").distinct()
    known = known.mutate(is_known=True)
    rows = linked.left_join(known, "contact_id")
    customers = rows.group_by("customer_id").agg(
        n_records=rows.count(),
        n_sources=rows.source_system.nunique(),
        sources=rows.source_system.collect(distinct=True).sort(),
        is_identified=(ibis.coalesce(rows.is_known, False) | rows.full_name.notnull()).any(),
        is_member=rows.is_member.any(),
    )
    trust = links.group_by("customer_id").agg(confidence=links.match_probability.min(), names=links.name_key.nunique())
    customers = customers.left_join(trust, "customer_id").drop("customer_id_right")
    is_doubtful = ibis.coalesce(customers.confidence < REVIEW_BELOW, False) | (customers.names > 1)
    customers = customers.mutate(review=is_doubtful & (customers.n_records > 1))
    for field, rows_of_field in survive.candidates(linked, unshared).items():
        survivor = survive.chosen(rows_of_field, survive.RULES[field]).rename(**{field: "value"})
        customers = customers.left_join(survivor, "customer_id").drop("customer_id_right")
    return customers.left_join(_seen(store, linked), "customer_id").drop("customer_id_right")


def _seen(store: Store, linked: Any) -> Any:
    """When each customer was first and last seen; impossible dates are not believed."""
    sightings: list[Any] = []
    for table, columns in _SEEN.items():
        rows = store.lake(table)
        sightings.extend(rows.select("contact_id", at=possible(store, rows[column])) for column in columns)
    seen = ibis.union(*sightings)
    per_record = seen.group_by("contact_id").agg(first=seen.at.min(), last=seen.at.max())
    rows = per_record.inner_join(linked.select("contact_id", "customer_id"), "contact_id")
    return rows.group_by("customer_id").agg(first_seen_at=rows["first"].min(), last_seen_at=rows["last"].max())


def _result(store: Store, keys: Any, held: Any, trusted: Any, links: Any) -> DedupeResult:
    fetch = store.engine.fetch_rows
    customers = store.mart("customers")
    totals = fetch(
        customers.agg(
            records=customers.n_records.sum(),
            customers=customers.count(),
            identified=customers.is_identified.sum(),
            merged=(customers.n_records > 1).sum(),
            largest=customers.n_records.max(),
        )
    )[0]
    shared = held.filter(held.treatment.notnull())
    worst = shared.order_by([shared.records.desc(), shared.names.desc(), shared.type, shared.value]).limit(guard.SHOWN)
    sizes = customers.group_by("n_records").agg(customers=customers.count()).order_by("n_records")
    return DedupeResult(
        records=totals["records"],
        customers=totals["customers"],
        identified_customers=totals["identified"],
        merged_customers=totals["merged"],
        keys=_key_uses(fetch(_per_type(keys)), fetch(trusted)),
        shared=guard.shared_keys(fetch(worst)),
        shared_total=fetch(shared.agg(n=shared.count()))[0]["n"],
        cluster_sizes=tuple(ClusterSize(records=r["n_records"], customers=r["customers"]) for r in fetch(sizes)),
        largest_cluster=totals["largest"],
    )


def _per_type(keys: Any) -> Any:
    per_key = keys.mutate(holders=keys.contact_id.nunique().over(ibis.window(group_by=["type", "key"])))
    return per_key.group_by("type").agg(
        records=per_key.contact_id.nunique(),
        values=per_key.key.nunique(),
        merged=per_key.contact_id.nunique(where=per_key.holders > 1),
    )


def _key_uses(uses: list[dict[str, Any]], trusted: list[dict[str, Any]]) -> tuple[KeyUse, ...]:
    trust = {row["type"]: row for row in trusted}
    return tuple(
        KeyUse(
            type=use["type"],
            records=use["records"],
            values=use["values"],
            merged_records=use["merged"],
            reliability=trust[use["type"]]["reliability"] if use["type"] in trust else None,
            reliability_n=trust[use["type"]]["pairs"] if use["type"] in trust else 0,
        )
        for use in sorted(uses, key=lambda row: (-row["records"], row["type"]))
    )
