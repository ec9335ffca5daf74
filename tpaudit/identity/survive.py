"""Survive: which of a customer's records speaks for the customer, field by field, by declared rules.

Every chosen value keeps its provenance: the record it was taken from, the rule that preferred it, and how many other
values were passed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import ibis

from tpaudit.engine import Engine
from tpaudit.engine.portable import epoch_seconds

Criterion = Literal["trusted source", "legal name", "most frequent", "most recent", "most complete"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a field of the golden record is chosen by among its candidates: the first criterion that tells decides.

    Where none does, the smallest value is taken, so that the choice never depends on the order of rows.
    """

    criteria: tuple[Criterion, ...]


_FREQUENT: tuple[Criterion, ...] = ("trusted source", "most frequent", "most recent", "most complete")
_RECENT: tuple[Criterion, ...] = ("trusted source", "most recent", "most frequent", "most complete")

# A legal name is preferred to a nickname, whoever says so; a phone is worth most while it is new.
RULES: Mapping[str, Rule] = {
    "full_name": Rule(("legal name", *_FREQUENT)),
    "phone": Rule(_RECENT),
    "email": Rule(_RECENT),
    "city": Rule(_FREQUENT),
    "gender": Rule(_FREQUENT),
    "birthdate": Rule(_FREQUENT),
    "member_level": Rule(_RECENT),
}
_POINTS = ("phone", "email")
_KEY = ("customer_id", "field")
# Per criterion the column that measures it; more is better.
_MEASURES: Mapping[Criterion, str] = {
    "trusted source": "trust",
    "legal name": "legal",
    "most frequent": "records",
    "most recent": "dated_at",
    "most complete": "length",
}
_ONLY, _TIE = "only value", "first in order"


@dataclass(frozen=True, slots=True)
class Golden:
    """`fields`: customer_id and one column per field of RULES; `values`: the rows of mart `customer_values`."""

    fields: Any
    values: Any


def golden(engine: Engine, linked: Any, points: Any, trusted_sources: Sequence[str] = ()) -> Golden:
    """Choose the golden record of every customer.

    *linked* are the contact records with their customer_id, lineage, `name_key` (NULL where the name is no legal one)
    and `dated_at`; *points* the contact points that are not shared (contact_id, type, value). Systems named in
    *trusted_sources*, the most trusted first, are believed before all others.
    """
    values = _values(_candidates(linked, points, trusted_sources))
    alternatives = values.group_by(_KEY).agg(candidates=values.count())
    values = engine.cache(values.inner_join(alternatives, _KEY))
    single = values.filter(values.candidates == 1).mutate(rule=ibis.literal(_ONLY))
    several = values.filter(values.candidates > 1)
    columns = (*_KEY, "value", "rule", "records", "candidates", "dated_at", "origin")
    chosen = engine.cache(single.select(*columns).union(_first(several).select(*columns)))
    return Golden(_fields(chosen), _provenance(chosen))


def _candidates(linked: Any, points: Any, trusted_sources: Sequence[str]) -> Any:
    """Every value a record gives: customer_id, field, value, and what the criteria measure."""
    lineage = ("contact_id", "customer_id", "dated_at", "source_system", "source_file", "source_row")
    trust = {source: len(trusted_sources) - place for place, source in enumerate(trusted_sources)}
    records = linked.select(
        *lineage, "name_key", *(field for field in RULES if field not in _POINTS),
        trust=linked.source_system.cases(*trust.items(), else_=0) if trust else ibis.literal(0),
    )  # fmt: skip
    reached = points.filter(points.type.isin(_POINTS)).inner_join(records, "contact_id")
    parts = [_told(reached, reached.type, reached.value)]
    for field in RULES:
        if field not in _POINTS:
            rows = records.filter(records[field].notnull())
            legal = rows.name_key.notnull().cast("int64") if field == "full_name" else ibis.literal(0, "int64")
            parts.append(_told(rows, ibis.literal(field), rows[field].cast("string"), legal))
    return ibis.union(*parts)


def _told(rows: Any, field: Any, value: Any, legal: Any = None) -> Any:
    origin = ibis.struct(
        {
            # Unknown dates rank last among the records that give a value, on every engine.
            "dated_at": ibis.coalesce(rows.dated_at, ibis.timestamp("1000-01-01 00:00:00").cast("timestamp('UTC', 6)")),
            "source_system": rows.source_system,
            "source_file": rows.source_file,
            "source_row": rows.source_row,
        }
    )
    return rows.select(
        "customer_id", "dated_at", field=field, value=value, trust=rows.trust.cast("int64"),
        legal=ibis.literal(0, "int64") if legal is None else legal, origin=origin,
    )  # fmt: skip


def _values(candidates: Any) -> Any:
    """Distinct values per customer and field, with what the criteria measure and the newest record that gives them."""
    grouped = candidates.group_by([*_KEY, "value"])
    return grouped.agg(
        records=candidates.count(),
        trust=candidates.trust.max(),
        legal=candidates.legal.max(),
        dated_at=candidates.dated_at.max(),
        length=candidates.value.max().length().cast("int64"),
        origin=candidates.origin.max(),
    )


def _first(values: Any) -> Any:
    """The best value per customer and field, with the criterion that set it above the next best."""
    seconds = values.mutate(kept_at=values.dated_at, dated_at=epoch_seconds(values.dated_at))
    places = [_measured(seconds, by_criterion) for by_criterion in _criteria_by_place()]
    ordered = seconds.mutate(**{f"measure_{n}": measure for n, measure in enumerate(places)})
    measures = [ordered[f"measure_{n}"] for n in range(len(places))]
    window = ibis.window(group_by=_KEY, order_by=[*(measure.desc() for measure in measures), ordered.value])
    ranked = ordered.mutate(
        place=ibis.row_number().over(window),
        **{f"next_{n}": measure.lead().over(window) for n, measure in enumerate(measures)},
    )
    first = ranked.filter(ranked.place == 0)
    decided = [
        ((first[f"measure_{n}"] != first[f"next_{n}"]) & first.field.isin(fields), criterion)
        for n, by_criterion in enumerate(_criteria_by_place())
        for criterion, fields in by_criterion.items()
    ]
    return first.mutate(rule=ibis.cases(*decided, else_=_TIE), dated_at=first.kept_at)


def _criteria_by_place() -> list[dict[Criterion, list[str]]]:
    """The fields that each criterion decides first, second, third …"""
    places: list[dict[Criterion, list[str]]] = [{} for _ in range(max(len(rule.criteria) for rule in RULES.values()))]
    for field, rule in RULES.items():
        for place, criterion in enumerate(rule.criteria):
            places[place].setdefault(criterion, []).append(field)
    return places


def _measured(values: Any, by_criterion: Mapping[Criterion, Sequence[str]]) -> Any:
    """What every value is measured by, whichever field it belongs to; NULL dates last, alike on every engine."""
    branches = [(values.field.isin(fields), values[_MEASURES[each]]) for each, fields in by_criterion.items()]
    return ibis.coalesce(ibis.cases(*branches), -(2**62))


def _fields(chosen: Any) -> Any:
    """One row per customer: the chosen values, each in its column."""
    wide = chosen.group_by("customer_id").agg(**{name: chosen.value.max(where=chosen.field == name) for name in RULES})
    return wide.mutate(birthdate=wide.birthdate.cast("date"))


def _provenance(chosen: Any) -> Any:
    return chosen.select(
        *_KEY, "rule", "records", "dated_at",
        alternatives=chosen.candidates - 1,
        source_system=chosen.origin["source_system"],
        source_file=chosen.origin["source_file"],
        source_row=chosen.origin["source_row"],
    )  # fmt: skip
