"""What could be filled from where: fields a customer lacks in one source system and has in another."""

# ruff: noqa: S608 - names in SQL come from the model, never from data

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tpaudit.results import BackfillRow

_POINTS = {"phone": "phone", "email": "email", "member_card": "member_card"}
_FIELDS = ("full_name", "gender", "birthdate", "city", "company", "original_source", "owner_name")


def backfill(execute: Callable[[str], Sequence[Sequence[Any]]]) -> tuple[BackfillRow, ...]:
    """Per field and pair of source systems, how many customers the second could fill it for in the first.

    *execute* runs SQL over the lake as checks see it. A customer counts once per system, however many records it has
    there. A system that never fills a field has no place for it and is left out. Without the mart
    `customer_links` nobody is known in two systems, and there is nothing to suggest.
    """
    fields = (*_POINTS, *_FIELDS)
    has = ", ".join(
        [f"bool_or(types.type = '{kind}') AS {name}" for name, kind in _POINTS.items()]
        + [f"bool_or(contacts.{name} IS NOT NULL) AS {name}" for name in _FIELDS]
    )
    execute(f"""
        CREATE TEMP TABLE known_in AS
        WITH types AS (SELECT DISTINCT contact_id, type FROM exported_contact_points
                       WHERE value_norm IS NOT NULL AND NOT coalesce(is_masked, FALSE))
        SELECT customer_id, source_system, {has}
        FROM contacts
        JOIN (SELECT contact_id, customer_id FROM customer_links WHERE customer_id IS NOT NULL) AS links
          USING (contact_id)
        LEFT JOIN types USING (contact_id)
        GROUP BY ALL
    """)
    sums = ", ".join(f"count(*) FILTER (NOT coalesce(lacks.{name}, FALSE) AND holds.{name})" for name in fields)
    pairs = execute(f"""
        SELECT lacks.source_system, holds.source_system, {sums}
        FROM known_in AS lacks JOIN known_in AS holds
          ON lacks.customer_id = holds.customer_id AND lacks.source_system <> holds.source_system
        GROUP BY 1, 2
    """)
    missing = {
        row[0]: row[1:]
        for row in execute(f"""
            SELECT source_system, count(*),
                   {", ".join(f"count(*) FILTER (NOT coalesce({name}, FALSE))" for name in fields)}
            FROM known_in GROUP BY 1
        """)
    }
    execute("DROP TABLE known_in")
    suggestions = [
        BackfillRow(
            field=field,
            source=source,
            customers=missing[source][0],
            missing=missing[source][number + 1],
            fillable=counts[number],
            from_source=other,
        )
        for source, other, *counts in pairs
        for number, field in enumerate(fields)
        if counts[number] and missing[source][number + 1] < missing[source][0]
    ]
    return tuple(sorted(suggestions, key=lambda row: (-row.fillable, row.field, row.source, row.from_source)))
