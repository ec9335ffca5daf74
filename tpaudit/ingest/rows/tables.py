"""From the wide table to each canonical table: lineage, keys, folded records, and states that follow from others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis

from tpaudit.engine import Engine
from tpaudit.engine.portable import is_one_of
from tpaudit.ingest.layouts.parts import table_of
from tpaudit.ingest.reading.staged import ROW
from tpaudit.ingest.rows.cells import HASH
from tpaudit.ingest.rows.mapping import EXTRA_COLUMN, Plan
from tpaudit.ingest.rows.people import CONTACT
from tpaudit.ingest.rows.surveys import answers
from tpaudit.model import LAKE_TABLES
from tpaudit.model.commerce import ORDER_STATUSES
from tpaudit.model.fields import DATE, MONEY, TAGS, Column

_MADE_DIGITS = 20
_SEPARATOR = "\x1f"
# The column without which a further record of a table says nothing.
_NEEDED_OF_EMITTED = {"touches": "occurred_at", "consents": "status"}
# A record made of several rows is as far as its least advanced living part.
_FOLD_ORDER = ("pending", "paid", "shipped", "completed", "refunded", "cancelled")


@dataclass(frozen=True, slots=True)
class Lineage:
    """What every lake row of one file says about its origin."""

    file: str
    sha256: str
    zone: str
    currency: str
    ingested_at: datetime

    def columns(self, rows: Any, plan: Plan) -> dict[str, Any]:
        """Lineage columns for *rows*, which carry `_row`, `_hash` and `_extra`."""
        return {
            "source_system": ibis.literal(plan.preset.platform),
            "source_export": ibis.literal(plan.preset.id),
            "source_file": ibis.literal(self.file),
            "source_sha256": ibis.literal(self.sha256),
            "source_row": rows[ROW],
            "source_timezone": ibis.literal(self.zone),
            "ingested_at": ibis.literal(self.ingested_at),
            "row_hash": rows[HASH],
            "extra": rows[EXTRA_COLUMN],
        }


def canonical_rows(rows: Any, plan: Plan, table: str, lineage: Lineage, engine: Engine) -> Any:
    """The rows of one canonical table (not contacts or contact points) that the *rows* of a file feed, those kept."""
    records = [_records(rows, plan, slot, lineage, engine) for slot in plan.slots if table_of(slot) == table]
    return with_lineage(_stacked(records, table), plan, table, lineage)


def _records(rows: Any, plan: Plan, slot: str, lineage: Lineage, engine: Engine) -> Any:
    """The records that the rows make in one slot."""
    table = table_of(slot)
    if f"_in.{slot}" in rows.columns:
        rows = rows.filter(rows[f"_in.{slot}"])
    columns = _columns(rows, plan, slot, lineage)
    # Columns no mapping claimed are kept once, with the main table.
    columns[EXTRA_COLUMN] = rows[EXTRA_COLUMN] if plan.preset.table == slot else ibis.null("string")
    asked = [question.field for question in plan.questions] if slot == "surveys" else []
    shaped = rows.select(ROW, HASH, *asked, **columns)
    if asked:
        shaped = answers(shaped, plan, engine)
    if slot in plan.preset.emitted:
        shaped = _filled(shaped, plan, slot)
    if slot in plan.preset.records:
        shaped = _folded(shaped, plan, table)
    return _with_refunds_told(shaped) if table == "orders" else shaped


def _filled(records: Any, plan: Plan, slot: str) -> Any:
    """Further records that say something: a touch that has a time, a consent that has a state, and so on."""
    own = plan.columns_of(slot)
    needed = _NEEDED_OF_EMITTED.get(table_of(slot))
    told = [needed] if needed in own else list(own)
    return records.filter(ibis.or_(*(records[name].notnull() for name in told))) if told else records


def _stacked(records: list[Any], table: str) -> Any:
    if len(records) == 1:
        return records[0]
    types = {**LAKE_TABLES[table].schema, ROW: "int64", HASH: "string", EXTRA_COLUMN: "string"}
    names = list(dict.fromkeys(name for part in records for name in part.columns))
    aligned = [
        part.select(**{
            name: part[name].cast(types[name]) if name in part.columns else ibis.null(types[name]) for name in names
        })
        for part in records
    ]  # fmt: skip
    return ibis.union(*aligned)


def with_lineage(rows: Any, plan: Plan, table: str, lineage: Lineage) -> Any:
    """Add the lineage columns that *rows* do not bring themselves; the record's own id is its key, where given."""
    ids = [name for name in LAKE_TABLES[table].key if name.endswith("_id") and f"{table}.{name}" in plan.values]
    key = ids[-1] if ids else None
    own = rows[key] if key else ibis.null("string")
    added = {"source_record_id": own, **lineage.columns(rows, plan)}
    return rows.mutate(**added)


def _columns(rows: Any, plan: Plan, slot: str, lineage: Lineage) -> dict[str, Any]:
    declared = LAKE_TABLES[table_of(slot)]
    columns = {name: rows[source] for name, source in plan.columns_of(slot).items()}
    for name, value in plan.constants.items():
        owner, _, column = name.partition(".")
        if owner == slot:
            constant = _constant(value, declared.column(column))
            columns[column] = ibis.coalesce(columns[column], constant) if column in columns else constant
    if "contact_id" in declared:
        columns["contact_id"] = rows[CONTACT]
    if "platform" in declared and "platform" not in columns:
        columns["platform"] = ibis.literal(plan.preset.platform)
    if "currency" in declared and any(declared.column(name).type == MONEY for name in columns):
        given = [columns["currency"]] if "currency" in columns else []
        columns["currency"] = ibis.coalesce(*given, ibis.literal(plan.currencies.get(slot, lineage.currency)))
    for key in _ids_to_make(plan, slot, columns):
        columns[key] = _made_id(rows, plan, slot, key, columns)
    return columns


def _constant(value: str, declared: Column) -> Any:
    """*value* as the column's type; compact days, as file names and preambles write them, are days too."""
    if declared.type == DATE and re.fullmatch(r"\d{8}", value):
        value = f"{value[:4]}-{value[4:6]}-{value[6:]}"
    if declared.type == TAGS:
        return ibis.array([value])
    return ibis.literal(value).try_cast(declared.type)


def _ids_to_make(plan: Plan, slot: str, columns: Mapping[str, Any]) -> list[str]:
    """The table's own id if the export brings none, and ids of other records that the preset composes."""
    own = LAKE_TABLES[table_of(slot)].key[0]
    composed = [name.partition(".")[2] for name in plan.preset.keys if name.startswith(f"{slot}.")]
    wanted = dict.fromkeys([*([own] if own.endswith("_id") and own != "contact_id" else []), *composed])
    return [name for name in wanted if name not in columns]


def _made_id(rows: Any, plan: Plan, slot: str, key: str, columns: Mapping[str, Any]) -> Any:
    """An id for records that bring none: from the columns that tell them apart, else from the whole row.

    Equal rows get equal ids, so that overlapping weekly exports do not count twice. The id of a record of another
    table is given only where the row feeds that table.
    """
    natural = f"key.{slot}.{key}"
    prefix = ibis.literal(f"{plan.preset.platform}:")
    if slot in plan.preset.emitted:
        return prefix + _basis_of_emitted(rows, slot, columns).hexdigest("md5").substr(0, _MADE_DIGITS)
    basis = rows[natural] if natural in rows.columns else rows[HASH]
    made = prefix + basis.hexdigest("md5").substr(0, _MADE_DIGITS)
    other = next((name for name in plan.slots if name != slot and LAKE_TABLES[table_of(name)].key[0] == key), None)
    if other is None or f"_in.{other}" not in rows.columns:
        return made
    return rows[f"_in.{other}"].ifelse(made, ibis.null("string"))


def _basis_of_emitted(rows: Any, slot: str, columns: Mapping[str, Any]) -> Any:
    """What tells a further record apart: person, event and time, which stay as they are when the row is exported again
    with other cells changed; the whole row where the person or the time is unknown."""
    if {"contact_id", "occurred_at"} <= columns.keys():
        event = columns.get("event", ibis.literal(slot))
        stable = ibis.literal(_SEPARATOR).join(
            [columns["contact_id"], event.cast("string"), columns["occurred_at"].cast("string")]
        )
        return ibis.coalesce(stable, rows[HASH] + slot)
    return rows[HASH] + slot


def _folded(rows: Any, plan: Plan, table: str) -> Any:
    """One row per record whose parts lie in several rows; rows without a key stay apart."""
    parts = [rows[name].cast("string") for name in plan.preset.records[table] if name in rows.columns]
    known = ibis.and_(*(part.notnull() for part in parts[:1]))
    record = ibis.literal(_SEPARATOR).join([part.fill_null("") for part in parts])
    folds = {target.column: target.fold for targets in plan.preset.columns.values() for target in targets
             if target.slot == table}  # fmt: skip
    grouped = rows.mutate(_record=known.ifelse(record, rows[ROW].cast("string")))
    values = {
        name: _fold(grouped, name, folds.get(name, "first"))
        for name in rows.columns
        if name not in (ROW, HASH, EXTRA_COLUMN)
    }
    joined = grouped.group_by("_record").agg(
        **{
            ROW: grouped[ROW].min(),
            HASH: grouped[HASH].argmin(grouped[ROW]),
            EXTRA_COLUMN: grouped[EXTRA_COLUMN].argmin(grouped[ROW]),
        },
        **values,
    )
    return joined.drop("_record")


def _fold(rows: Any, name: str, how: str) -> Any:
    value = rows[name]
    if value.type().is_array():
        return united(value)
    if how == "sum":
        return value.sum()
    if how == "min":
        return value.min()
    if how == "max":
        return value.max()
    if how == "last":
        return value.argmax(rows[ROW], where=value.notnull())
    if how == "least":
        place = value.cases(*((state, place) for place, state in enumerate(_FOLD_ORDER)), else_=ibis.null("int64"))
        return place.min().cases(*enumerate(_FOLD_ORDER), else_=ibis.null("string"))
    return value.argmin(rows[ROW], where=value.notnull())


def united(tags: Any) -> Any:
    """The labels of all rows of a group, each once; NULL if no row has any."""
    return tags.collect(where=tags.notnull()).flatten().unique().sort()


def _with_refunds_told(orders: Any) -> Any:
    """A paid order that was closed, or paid back in full, is refunded: platforms call both merely closed."""
    known: Mapping[str, Any] = {name: orders[name] for name in orders.columns}
    if "status" not in known:
        return orders
    status = known["status"]
    paid_at = known["paid_at"].notnull() if "paid_at" in known else ibis.literal(False)
    closed_after_payment = (status == "cancelled") & paid_at
    paid_back = ibis.literal(False)
    if {"refunded_amount", "paid_amount"} <= set(known):
        paid_back = ((known["paid_amount"] > 0) & (known["refunded_amount"] >= known["paid_amount"])).fill_null(False)
    told = (closed_after_payment | (paid_back & is_one_of(status, ORDER_STATUSES[1:]))).fill_null(False)
    return orders.mutate(status=told.ifelse(ibis.literal("refunded"), status))
