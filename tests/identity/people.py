"""Contact records written as one line each, for tests of identity."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.lake import write_lake_rows
from tpaudit.store import Store

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def person(contact_id: str, full_name: str | None = None, **points: str | None) -> dict[str, Any]:
    """A record with its contact points: ``person("a", "张伟", phone="+86139…")``; `city` and `day` are its own."""
    city, day = points.pop("city", None), points.pop("day", None)
    record = {
        "contact_id": contact_id,
        "source_record_id": contact_id,
        "full_name": full_name,
        "city": city,
        "created_at": datetime(2026, 1, int(day), tzinfo=UTC) if day else DAY,
    }
    return {"record": record, "points": {type_: value for type_, value in points.items() if value}}


def write_people(store: Store, *people: dict[str, Any], system: str = "crm", export: str = "people") -> None:
    """Write records and their points as lake rows; a point with a star in it is masked."""
    write_lake_rows(store, "contacts", [person["record"] for person in people], export=export, system=system)
    points = [
        {
            "contact_id": person["record"]["contact_id"],
            "type": type_,
            "value": value,
            "value_norm": None if "*" in value else value,
            "is_masked": "*" in value,
        }
        for person in people
        for type_, value in person["points"].items()
    ]
    write_lake_rows(store, "contact_points", points, export=export, system=system)


def ids(store: Store) -> dict[str, str]:
    """The customer of each record."""
    return {link["contact_id"]: link["customer_id"] for link in store.engine.fetch_rows(store.mart("customer_links"))}


def clusters(store: Store) -> set[frozenset[str]]:
    """The records of each customer, as sets."""
    return grouped(ids(store))


def grouped(customer: Mapping[str, str]) -> set[frozenset[str]]:
    """Records by customer, as sets of records."""
    found: dict[str, set[str]] = {}
    for record, customer_id in customer.items():
        found.setdefault(customer_id, set()).add(record)
    return {frozenset(members) for members in found.values()}
