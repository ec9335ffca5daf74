"""Record: one customer seen from all sides: golden values, contact points, sources, orders and the timeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import ibis

from tpaudit.identity import lookup
from tpaudit.identity.survive import RULES
from tpaudit.model import MARTS, Privacy
from tpaudit.privacy import masked, masked_date, masked_name
from tpaudit.results import (
    ContactPoint,
    CustomerResult,
    GoldenValue,
    Money,
    SourceRecord,
    TimelineEntry,
    Titles,
)
from tpaudit.store import Store

_MASKS = {
    Privacy.NAME: masked_name,
    Privacy.BIRTHDATE: masked_date,
    Privacy.PHONE: masked,
    Privacy.EMAIL: masked,
}  # fmt: skip


def customer(
    store: Store, text: str, titles: Mapping[str, Titles] | None = None, show_pii: bool = False
) -> CustomerResult:
    """The record of the customer that *text* (id, phone or email) means.

    *titles* are those of the touchpoints. Raises UsageFault if nobody or more than one customer is known by *text*.
    """
    found = lookup.find(store, text)
    customer_id = lookup.one_customer(found, text)
    links = store.mart("customer_links")
    own = links.filter(links.customer_id == customer_id)
    contacts = store.engine.cache(own.select("contact_id"))
    golden = store.mart("customers")
    (row,) = store.engine.fetch_rows(golden.filter(golden.customer_id == customer_id))
    orders = _orders(store, contacts)
    timeline = _timeline(store, contacts, orders)
    touches = [entry for entry in timeline if entry.kind == "touch"]
    paid = [order for order in orders if _is_paid(order)]
    return CustomerResult(
        customer_id=customer_id,
        asked=text if text == customer_id or show_pii else masked(text),
        values=_values(store, customer_id, row, contacts, show_pii),
        points=_points(store, contacts, show_pii),
        records=_records(store, own),
        sources=tuple(row["sources"] or ()),
        confidence=row["confidence"],
        review=bool(row["review"]),
        is_member=row["is_member"],
        first_seen=_day(row["first_seen_at"]),
        last_seen=_day(row["last_seen_at"]),
        orders=len(orders),
        paid_orders=len(paid),
        paid=_sums(paid),
        touches=len(touches),
        channels=dict(Counter(entry.channel for entry in touches if entry.channel).most_common()),
        timeline=timeline,
        touchpoint_titles={
            id_: title for id_, title in (titles or {}).items() if any(e.touchpoint == id_ for e in timeline)
        },
    )


def _values(
    store: Store, customer_id: str, row: Mapping[str, Any], contacts: Any, show_pii: bool
) -> tuple[GoldenValue, ...]:
    """The golden record, field by field, with where each value comes from and what was passed over."""
    provenance = store.mart("customer_values")
    rows = store.engine.fetch_rows(provenance.filter(provenance.customer_id == customer_id))
    chosen = {each["field"]: each for each in rows}
    given = _given(store, contacts)
    found = []
    for field in RULES:
        value = row[field]
        if value is None:
            continue
        text, source = str(value), chosen.get(field, {})
        others = sorted({each for each in given.get(field, ()) if each != text})
        found.append(
            GoldenValue(
                field=field,
                value=_may_show(field, text, show_pii),
                rule=source.get("rule"),
                source_system=source.get("source_system"),
                source_file=source.get("source_file"),
                source_row=source.get("source_row"),
                records=source.get("records") or 0,
                others=tuple(_may_show(field, each, show_pii) for each in others),
            )
        )
    return tuple(found)


def _given(store: Store, contacts: Any) -> dict[str, set[str]]:
    """Every value any record of the customer gives, by field of the golden record."""
    records = store.engine.fetch_rows(store.current("contacts").semi_join(contacts, "contact_id"))
    given = {
        field: {str(record[field]) for record in records if record.get(field) is not None}
        for field in RULES
        if records and field in records[0]
    }
    points = store.lake("contact_points").semi_join(contacts, "contact_id")
    for point in store.engine.fetch_rows(points.filter(points.value_norm.notnull())):
        if point["type"] in RULES:
            given.setdefault(point["type"], set()).add(point["value_norm"])
    return given


def _may_show(field: str, text: str, show_pii: bool) -> str:
    privacy = MARTS["customers"].column(field).privacy
    if show_pii or privacy is None:
        return text
    return _MASKS.get(privacy, masked)(text)


def _points(store: Store, contacts: Any, show_pii: bool) -> tuple[ContactPoint, ...]:
    rows = store.lake("contact_points").semi_join(contacts, "contact_id")
    value = ibis.coalesce(rows.value_norm, rows.value)
    held = rows.mutate(shown=value, is_masked=rows.is_masked.fill_null(False)).group_by(["type", "shown", "is_masked"])
    counted = held.agg(sources=ibis._.source_system.collect(distinct=True), records=ibis._.contact_id.nunique())
    points = (
        ContactPoint(
            type=row["type"],
            value=row["shown"] if show_pii or row["is_masked"] else masked(row["shown"]),
            sources=tuple(sorted(row["sources"])),
            records=row["records"],
            is_masked=row["is_masked"],
        )
        for row in store.engine.fetch_rows(counted.filter(counted.shown.notnull()))
    )
    return tuple(sorted(points, key=lambda point: (point.type, -point.records, point.value)))


def _records(store: Store, own: Any) -> tuple[SourceRecord, ...]:
    contacts = store.current("contacts").select("contact_id", "source_file", "source_row")
    rows = store.engine.fetch_rows(own.left_join(contacts, "contact_id").order_by(["source_system", "contact_id"]))
    fields = SourceRecord.model_fields
    return tuple(SourceRecord(**{name: row[name] for name in fields}) for row in rows)


# --- what happened ----------------------------------------------------------------------------------------------------


def _orders(store: Store, contacts: Any) -> list[dict[str, Any]]:
    rows = store.current("orders").semi_join(contacts, "contact_id")
    return store.engine.fetch_rows(rows.order_by(["created_at", "order_id"]))


def _is_paid(order: Mapping[str, Any]) -> bool:
    """Whether money came in: a payment time, or a state that follows payment."""
    return order["paid_at"] is not None or order["status"] in ("paid", "shipped", "completed", "refunded")


def _sums(orders: Sequence[Mapping[str, Any]]) -> tuple[Money, ...]:
    """What was paid, per currency; amounts of different currencies are never added."""
    sums: dict[str | None, float] = {}
    for order in orders:
        amount = order["paid_amount"] if order["paid_amount"] is not None else order["total_amount"]
        if amount is not None:
            sums[order["currency"]] = sums.get(order["currency"], 0.0) + float(amount)
    return tuple(Money(currency=currency, amount=round(amount, 2)) for currency, amount in sums.items())


def _timeline(store: Store, contacts: Any, orders: Sequence[Mapping[str, Any]]) -> tuple[TimelineEntry, ...]:
    """Touches, leads, orders, tickets and survey answers, the newest first; undated ones come last."""
    fetch = store.engine.fetch_rows
    journey = store.mart("journey_touches")
    classified = journey.select("touch_id", mapped=journey.touchpoint).filter(journey.touch_id.notnull())
    touches = store.current("touches").semi_join(contacts, "contact_id")
    touches = touches.left_join(classified, "touch_id")
    entries = [
        _entry("touch", row["occurred_at"], row["event"], row, touchpoint=row["touchpoint"] or row["mapped"])
        for row in fetch(touches)
    ]
    entries += [
        _entry("order", row["created_at"] or row["paid_at"], row["status"] or row["status_raw"], row,
               amount=_number(row["total_amount"]), currency=row["currency"])
        for row in orders
    ]  # fmt: skip
    for table, kind, at, what, score in (
        ("leads", "lead", "created_at", "status", None),
        ("tickets", "ticket", "created_at", "type", "satisfaction_score"),
        ("surveys", "survey", "submitted_at", "metric", "score"),
    ):
        rows = fetch(store.current(table).semi_join(contacts, "contact_id"))
        entries += [
            _entry(kind, row[at], row.get(what), row, score=_number(row[score]) if score else None) for row in rows
        ]
    dated = sorted((e for e in entries if e.at), key=lambda e: (e.at, e.kind, e.what or ""), reverse=True)
    return (*dated, *(entry for entry in entries if entry.at is None))


def _entry(kind: Any, at: datetime | None, what: str | None, row: Mapping[str, Any], **more: Any) -> TimelineEntry:
    return TimelineEntry(
        at=at, kind=kind, what=what, channel=row.get("channel"), source_file=row["source_file"],
        source_row=row["source_row"], **more,
    )  # fmt: skip


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _day(at: datetime | None) -> date | None:
    return at.date() if at else None
