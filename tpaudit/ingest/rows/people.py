"""Persons: which contact record a row belongs to, and the contacts and contact points a file yields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis

from tpaudit.engine import Engine
from tpaudit.engine.portable import code_of
from tpaudit.ingest.reading.staged import ROW
from tpaudit.ingest.rows.cells import HASH
from tpaudit.ingest.rows.mapping import Plan
from tpaudit.ingest.rows.points import email, fast_phone, is_hidden, is_masked
from tpaudit.ingest.rows.tags import source_of
from tpaudit.ingest.rows.widths import text_where
from tpaudit.model import LAKE_TABLES

CONTACT = "_contact"
_ID_DIGITS = 20
_HAN_ONLY = "^[\u4e00-\u9fff\u3400-\u4dbf]+$"
# Ids that live in columns of their own and are contact points as well.
_IDS_IN_COLUMNS = (("user_id", ("contacts.user_id", "touches.user_id")), ("cookie", ("touches.anonymous_id",)))


def with_persons(wide: Any, plan: Plan, engine: Engine) -> Any:
    """Add `_contact`, put whole names together, and move masked ones out of the legal name: screen names at best."""
    wide = _with_masked_names_apart(_with_full_names(wide))
    wide = engine.step(wide.mutate(**{f"id.{kind}": value for kind, value in _known_ids(wide, plan).items()}))
    ids = [name for name in wide.columns if name.startswith("id.") and name != "id.user_id"]
    # Written, they would only repeat the normal forms of the points.
    return wide.mutate(**{CONTACT: _contact_id(wide, plan)}).drop(*ids)


def tells_ids(wide: Any, plan: Plan) -> bool:
    """Whether the file has a column that may identify somebody."""
    return bool(plan.points) or any(name in wide.columns for _, names in _IDS_IN_COLUMNS for name in names)


def _with_full_names(wide: Any) -> Any:
    """A legal name from its two parts, where the export gives no whole one: Chinese family names stand first."""
    first, last = (
        wide[name] if name in wide.columns else None for name in ("contacts.first_name", "contacts.last_name")
    )
    if first is None or last is None:
        return wide
    given = wide["contacts.full_name"] if "contacts.full_name" in wide.columns else ibis.null("string")
    is_chinese = (last + first).re_search(_HAN_ONLY)
    both = is_chinese.ifelse(last + first, first + " " + last)
    return wide.mutate(**{"contacts.full_name": ibis.coalesce(given, both, last, first)})


def _with_masked_names_apart(wide: Any) -> Any:
    if "contacts.full_name" not in wide.columns:
        return wide
    name = wide["contacts.full_name"]
    hidden = is_masked(name).fill_null(False)
    nickname = wide["contacts.nickname"] if "contacts.nickname" in wide.columns else ibis.null("string")
    return wide.mutate(
        **{
            "_masked_name": hidden,
            "contacts.full_name": hidden.ifelse(ibis.null("string"), name),
            "contacts.nickname": ibis.coalesce(nickname, hidden.ifelse(name, ibis.null("string"))),
        }
    )


def _known_ids(wide: Any, plan: Plan) -> dict[str, Any]:
    """Usable value per type of contact point, taking in the ids that live in other tables' columns."""
    found: dict[str, list[Any]] = {}
    for point in plan.points:
        found.setdefault(point.type, []).append(wide[f"{point.field}.norm"])
    for kind, names in _IDS_IN_COLUMNS:
        found.setdefault(kind, []).extend(wide[name] for name in names if name in wide.columns)
    return {kind: ibis.coalesce(*values) for kind, values in found.items() if values}


def _contact_id(wide: Any, plan: Plan) -> Any:
    """Given by the file, or made from the first identity of the preset that is complete in the row.

    Records of a contact export that carry no identity at all are told apart by their content.
    """
    given = [
        wide[name] for name in (f"{table}.contact_id" for table in ("contacts", *plan.tables)) if name in wide.columns
    ]
    made = [_identity(wide, entry) for entry in plan.preset.person.id]
    if plan.preset.table == "contacts":
        made.append(ibis.literal("row:") + wide[HASH])
    made = [identity for identity in made if identity is not None]
    if not made:
        return ibis.coalesce(*given) if given else ibis.null("string")
    digest = ibis.coalesce(*made).hexdigest("md5").substr(0, _ID_DIGITS)
    return ibis.coalesce(*given, ibis.literal(f"{plan.preset.platform}:") + digest)


def _identity(wide: Any, entry: str) -> Any:
    """Text that names the person by all parts of *entry*; NULL in rows that lack one, None if the file lacks one."""
    parts = []
    for part in entry.split("+"):
        name = f"id.{part}" if f"id.{part}" in wide.columns else f"contacts.{part}"
        if name not in wide.columns:
            return None
        parts.append(wide[name] if name.startswith("id.") else wide[name].lower())
    identity = ibis.literal(f"{entry}:") + parts[0]
    for value in parts[1:]:
        identity = identity + "|" + value
    return identity


def contacts(wide: Any, plan: Plan) -> Any:
    """Contact rows: every record of a contact export, else the persons met in the file."""
    rows = wide.filter(wide[CONTACT].notnull())
    columns = {name: rows[source] for name, source in plan.columns_of("contacts").items()}
    columns |= {
        name: rows[f"contacts.{name}"] for name in ("full_name", "nickname") if f"contacts.{name}" in rows.columns
    }
    if "id.user_id" in rows.columns:
        columns["user_id"] = rows["id.user_id"]
    if "tags" in columns:
        told = source_of(columns["tags"])
        columns["original_source"] = (
            ibis.coalesce(columns["original_source"], told) if "original_source" in columns else told
        )
    columns["contact_id"] = rows[CONTACT]
    for name, value in plan.constants.items():
        if name.startswith("contacts."):
            column = name.removeprefix("contacts.")
            columns[column] = ibis.literal(value).cast(LAKE_TABLES["contacts"].column(column).type)
    if plan.preset.table == "contacts":
        return rows.select(ROW, HASH, "_extra", **columns)
    persons = _one_per_person(rows.select(ROW, HASH, **columns), columns)
    return _with_profile_rows(persons, rows) if "_in.contacts" in rows.columns else persons


def _one_per_person(rows: Any, columns: Mapping[str, Any]) -> Any:
    """The last filled value of every column, in row order: as everywhere in the lake, the latest word counts."""
    last = {name: rows[name].argmax(rows[ROW], where=rows[name].notnull()) for name in columns if name != "contact_id"}
    return rows.group_by("contact_id").agg(
        **{ROW: rows[ROW].min(), HASH: rows[HASH].argmin(rows[ROW]), "_extra": ibis.null("string")}, **last
    )


def _with_profile_rows(persons: Any, rows: Any) -> Any:
    """Persons of an event log: rows that speak of the person alone (profiles) each stay a row, so that none is lost."""
    profiles = rows.filter(rows["_in.contacts"])
    profiles = profiles.select(_person=profiles[CONTACT], _own_row=profiles[ROW], _own_hash=profiles[HASH])
    joined = persons.left_join(profiles, persons.contact_id == profiles["_person"])
    told = joined.mutate(
        **{
            ROW: ibis.coalesce(joined["_own_row"], joined[ROW]),
            HASH: ibis.coalesce(joined["_own_hash"], joined[HASH]),
        }
    )
    return told.drop("_person", "_own_row", "_own_hash")


# --- contact points ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Source:
    """A column of the wide table that names points: their `type` (None where rows tell it as `kind`), the value as
    found, its normal form, and whether it is hidden."""

    type: str | None
    kind: Any
    value: Any
    norm: Any
    hidden: Any

    @property
    def same(self) -> Any:
        """What is equal for the same point."""
        return ibis.coalesce(self.norm, self.value)

    @property
    def code(self) -> Any:
        """A number that is equal for the same point, among points of the same type where the source has one type."""
        return code_of(self.same if self.type else self.kind + "|" + self.same)


def contact_points(wide: Any, plan: Plan, engine: Engine, file: Path) -> Any | None:
    """Distinct points per person, with the first row that names them, in the order of the lake; None if the file has
    none.

    Persons and points are many: they are grouped with numbers only, put aside in the temporary *file*, and texts of the
    first row fetched afterwards. One statement for all of it takes a third longer in ten million rows, with the little
    memory an ingest has.
    """
    rows = wide.filter(wide[CONTACT].notnull())
    sources = _sources(rows, plan)
    by_type: dict[str | None, list[Any]] = {}
    for place, source in enumerate(sources):
        by_type.setdefault(source.type, []).append(_met(rows, source, place, len(sources)))
    if not by_type:
        return None
    every = _union([_distinct(_union(parts)) for parts in by_type.values()])
    may_repeat = plan.preset.explode is not None
    engine.write_parquet(every if may_repeat else every.drop("_person", "_point"), file, is_temporary=True)
    return _with_first_texts(engine.read_parquet(file), rows, sources, may_repeat)


def _sources(rows: Any, plan: Plan) -> list[_Source]:
    found = [
        _Source(point.type, ibis.literal(point.type), rows[point.field], rows[f"{point.field}.norm"],
                rows[f"{point.field}.masked"])
        for point in plan.points
    ]  # fmt: skip
    named = {point.type for point in plan.points}
    for kind, names in _IDS_IN_COLUMNS:
        found += [
            _Source(kind, ibis.literal(kind), rows[name], rows[name], ibis.literal(False))
            for name in names
            if name in rows.columns and kind not in named
        ]
    return [*found, _given_source(rows)] if plan.preset.table == "contact_points" else found


def _given_source(rows: Any) -> _Source:
    """Rows of a canonical contact_points file: their type is data, so the value is normalised per row."""
    kind, value = rows["contact_points.type"], rows["contact_points.value"]
    hidden = is_hidden(value)
    own = ibis.cases((kind == "phone", fast_phone(value, "CN")), (kind == "email", email(value)), else_=value)
    given = rows["contact_points.value_norm"] if "contact_points.value_norm" in rows.columns else ibis.null("string")
    norm = hidden.ifelse(ibis.null("string"), ibis.coalesce(given, own))
    return _Source(None, kind, value, norm, hidden)


def _met(rows: Any, source: _Source, place: int, of: int) -> Any:
    """Every row that names a point; `_at` numbers row and source, the *place*-th *of* all."""
    named = rows.filter(source.value.notnull() & source.kind.notnull())
    return named.select(
        _person=code_of(rows[CONTACT]), _point=source.code, _at=rows[ROW] * of + place,
        _is_known=source.norm.notnull(), is_masked=source.hidden,
    )  # fmt: skip


def _distinct(met: Any) -> Any:
    return met.group_by("_person", "_point").agg(
        _at=met["_at"].min(), _is_known=met["_is_known"].any(), is_masked=met["is_masked"].any()
    )


def _with_first_texts(points: Any, rows: Any, sources: Sequence[_Source], may_repeat: bool) -> Any:
    """*points* with their texts from the first row; rows that unfold from one *may repeat* its number."""
    texts = rows.select(
        **{"_row_of_text": rows[ROW], HASH: rows[HASH], "contact_id": rows[CONTACT]},
        **{f"_type.{place}": source.kind for place, source in enumerate(sources)},
        **{f"_value.{place}": source.value for place, source in enumerate(sources)},
        **{f"_same.{place}": source.same for place, source in enumerate(sources)},
        **({f"_code.{place}": source.code for place, source in enumerate(sources)} if may_repeat else {}),
    )
    numbered = points.mutate(**{ROW: points["_at"] // len(sources), "_source": points["_at"] % len(sources)})
    found = numbered.inner_join(texts, numbered[ROW] == texts["_row_of_text"])
    if may_repeat:
        is_meant = (found["_point"] == _of_source(found, "_code", len(sources))) & (
            found["_person"] == code_of(found["contact_id"])
        )
        found = found.filter(is_meant)
    told = {name: _of_source(found, f"_{name}", len(sources)) for name in ("type", "value", "same")}
    found = found.mutate(type=told["type"], value=told["value"], _same=told["same"])
    if may_repeat:
        found = found.group_by("contact_id", "type", "_same", ROW, "_is_known", "is_masked").agg(
            **{HASH: found[HASH].min(), "value": found["value"].argmin(found[HASH])}
        )
    # Texts that follow from others are made after the sort: there are many points, and it carries all they hold.
    other = ibis.cases((found["_same"] != found["value"], found["_same"]))
    narrow = found.select(ROW, HASH, "contact_id", "type", "value", "is_masked", "_is_known", _other=other)
    ordered = narrow.order_by([ROW, "contact_id", "type", "value"])
    norm = text_where(ordered["_is_known"], ibis.coalesce(ordered["_other"], ordered["value"]))
    return ordered.select(
        ROW, HASH, "contact_id", "type", "value", "is_masked", _extra=ibis.null("string"),
        value_norm=norm, value_hash=norm.hexdigest("md5"),
    )  # fmt: skip


def _of_source(rows: Any, name: str, number: int) -> Any:
    choices = [(place, rows[f"{name}.{place}"]) for place in range(number)]
    return rows["_source"].cases(*choices)


def _union(parts: Sequence[Any]) -> Any:
    return ibis.union(*parts) if len(parts) > 1 else parts[0]
