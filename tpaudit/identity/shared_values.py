"""Shared values: what too many people hold is nobody's key, found from the data before any pair is formed.

A clerk's phone typed in for every customer, 13800138000, an office mailbox: one such value can weld hundreds of people
together. It is taken out of the records as if unknown, and told. A phone that a few names share, a household's, stays,
but agreeing on it counts for less (see `tpaudit.identity.comparison.Phone`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import ibis

from tpaudit.audit.settings import IdentitySection
from tpaudit.engine.portable import code_of
from tpaudit.identity.comparison import Comparison, Email, Identifier, PersonName, Phone
from tpaudit.identity.encoding import Encoded

# Numbers people type when they have none; as of 2026-11.
PLACEHOLDER_PHONES = ("+8613800138000", "+8613888888888", "+8613999999999", "+8613000000000", "+8613123456789")
# Every shared value counts; this many of a field are named.
SHOWN = 50


@dataclass(frozen=True, slots=True)
class SharedValue:
    """A value of a field that many hold: how many records, under how many names, and whether it is still a key."""

    field: str
    text: str | None
    records: int
    names: int
    is_key: bool


@dataclass(frozen=True, slots=True)
class Shared:
    """All shared values: the `worst` of every field, their number, and per field the codes of those taken out."""

    worst: tuple[SharedValue, ...] = ()
    total: int = 0
    taken_out: tuple[tuple[str, Any], ...] = ()


def without_shared(encoded: Encoded, settings: IdentitySection) -> tuple[Encoded, Shared]:
    """Take shared values out of the records."""
    named = next((each for each in encoded.comparisons if isinstance(each, PersonName)), None)
    shared = Shared()
    for comparison in encoded.comparisons:
        if isinstance(comparison, Phone | Email | Identifier):
            encoded, shared = _cleared(encoded, comparison, named, settings, shared)
    return encoded, shared


def _cleared(
    encoded: Encoded, comparison: Comparison, named: PersonName | None, settings: IdentitySection, shared: Shared
) -> tuple[Encoded, Shared]:
    table, slots = encoded.table, encoded.slots(comparison.attributes[0])
    name = table[named.attributes[0]] if named else ibis.null("int64")
    parts = [table.select(code=table[slot], name=name) for slot in slots]
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    rows = rows.filter(rows.code.notnull())
    held = rows.group_by("code").agg(records=rows.count(), names=rows.name.nunique())
    many = held.records > settings.max_records_per_key
    if isinstance(comparison, Phone | Email):
        many = many | (held.names > settings.max_names_per_phone)
    several = ibis.literal(False)
    if isinstance(comparison, Phone):
        many = many | held.code.isin([code_of(ibis.literal(phone)) for phone in PLACEHOLDER_PHONES])
        several = held.names > 1
    judged = encoded.engine.cache(held.filter(many | several).mutate(is_key=~many))
    (counts,) = encoded.engine.fetch_rows(judged.agg(every=judged.count(), bad=(~judged.is_key).sum()))
    if not counts["every"]:
        return encoded, shared
    bad = judged.filter(~judged.is_key).select(bad="code")
    if counts["bad"]:
        encoded = replace(encoded, table=_without(encoded, comparison, slots, bad))
    return encoded, Shared(
        (*shared.worst, *_told(encoded, judged, comparison)),
        shared.total + counts["every"],
        (*shared.taken_out, (comparison.name, bad)),
    )


def _without(encoded: Encoded, comparison: Comparison, slots: list[str], bad: Any) -> Any:
    """The records without the *bad* values; what belongs to a value (its visible digits, the mailbox name) goes too."""
    rows = encoded.table
    cleared: dict[str, Any] = {}
    for slot in slots:
        own = bad.rename({f"bad {slot}": "bad"})
        rows = rows.left_join(own, encoded.table[slot] == own[f"bad {slot}"])
    for slot in slots:
        belonging = [name for name in comparison.attributes if name == slot or name.startswith(f"{slot}:")]
        cleared |= {name: rows[f"bad {slot}"].isnull().ifelse(rows[name], ibis.null("int64")) for name in belonging}
    kept = encoded.engine.cache(rows.mutate(**cleared).select(*encoded.table.columns))
    encoded.engine.release(encoded.table)
    return kept


def _told(encoded: Encoded, judged: Any, comparison: Comparison) -> list[SharedValue]:
    first = comparison.attributes[0]
    worst = judged.order_by([judged.is_key, judged.records.desc(), judged.names.desc()]).limit(SHOWN)
    if first in encoded.texts:
        worst = worst.left_join(encoded.texts[first], "code").drop("code_right")
    rows = encoded.engine.fetch_rows(worst)
    rows.sort(key=lambda row: (row["is_key"], -row["records"], -row["names"], row.get("text") or ""))
    return [SharedValue(comparison.name, row.get("text"), row["records"], row["names"], row["is_key"]) for row in rows]
