"""Candidate touches: what exports record as touches, and what follows from other tables, in one shape."""

from __future__ import annotations

from functools import reduce
from typing import Any

import ibis

from tpaudit.engine.portable import epoch_seconds
from tpaudit.horizon import possible
from tpaudit.journeys.catalogue import RULE_COLUMNS
from tpaudit.journeys.classify import TAG_MARK
from tpaudit.journeys.derivations import Derivation, derivations
from tpaudit.model import LAKE_TABLES
from tpaudit.store import Store

_INSTANT = "timestamp('UTC', 6)"
_SAME_ROW = ("source_sha256", "source_row")
# What a row that gives a touch may give as well.
_OF_TOUCHES = ("tickets", "leads")


def candidates(store: Store) -> Any:
    """Every touch, recorded or derived, before classification.

    Columns: touch_id, contact_id, occurred_at, first_response_seconds, satisfaction_score, record_table, record_id,
    source_file, source_row; given_touchpoint and given_stage as the export states them; default_stage; is_step as the
    derivation declares; and the columns catalogue rules may ask for (`RULE_COLUMNS`).
    """
    given = [derivation for derivation in derivations() if store.audit.lake_files(derivation.table)]
    told = {table: _told_as_touches(store, table) for table in _OF_TOUCHES if store.audit.lake_files(table)}
    parts = [_recorded(store), *(_derived(store, derivation, told.get(derivation.table)) for derivation in given)]
    return reduce(lambda left, right: left.union(right), parts)


def _recorded(store: Store) -> Any:
    touches = store.current("touches")
    rating = ibis.null("float64")
    if store.audit.lake_files("tickets"):
        touches = _with_rating(touches, store.current("tickets"))
        rating = touches.rating
    own_id = ibis.coalesce(touches.touch_id, touches.source_file + ":" + touches.source_row.cast("string"))
    return _shaped(
        touches,
        "touches",
        {},
        touch_id=own_id,
        record_id=own_id,
        occurred_at=touches.occurred_at,
        event=touches.event,
        given_touchpoint=touches.touchpoint,
        given_stage=touches.stage,
        default_stage=ibis.null("string"),
        first_response_seconds=touches.first_response_seconds,
        satisfaction_score=rating,
        is_step=ibis.literal(True),
    )


def _with_rating(touches: Any, tickets: Any) -> Any:
    """The touches with the rating that the same export row gave as a ticket."""
    rated = tickets.filter(tickets.satisfaction_score.notnull())
    rated = rated.group_by(_SAME_ROW).agg(rating=rated.satisfaction_score.mean())
    return touches.left_join(rated, list(_SAME_ROW), rname="_{name}").drop(*(f"_{name}" for name in _SAME_ROW))


def _told_as_touches(store: Store, table: str) -> Any:
    """The rows of exports that gave both a record of *table* and a touch; None if no export gives touches."""
    if not store.audit.lake_files("touches"):
        return None
    rows, touches = store.lake(table), store.lake("touches")
    return store.cache(rows.select(*_SAME_ROW).semi_join(touches.select(*_SAME_ROW), list(_SAME_ROW)))


def _derived(store: Store, derivation: Derivation, told: Any) -> Any:
    """One touch per record with its time filled; the first of several rows stands for the record.

    *told* are the rows of its table that gave touches already.
    """
    rows = store.current(derivation.table)
    rows = rows.filter(rows[derivation.at].notnull())
    for column, values in derivation.when.items():
        rows = rows.filter(rows[column].isin(values))
    if derivation.table == "tickets" and told is not None:
        # A chat export gives a touch and, for its rating, a ticket: one row, one meeting.
        rows = rows.anti_join(told, list(_SAME_ROW))
    rows = _one_per_record(rows, derivation)
    is_step = ibis.literal(derivation.step)
    if derivation.event == "Lead Created" and told is not None:
        rows = _with_own_touch(rows, told)
        is_step = ~rows.has_own_touch
    if derivation.once:
        rows = _earliest_per_customer(store, rows, derivation.at)
    record_id = reduce(lambda left, right: left + "/" + right, (rows[name] for name in derivation.record))
    return _shaped(
        rows,
        derivation.table,
        derivation.columns,
        touch_id=ibis.literal(f"{derivation.table}/") + record_id + f"/{derivation.event}",
        record_id=record_id,
        occurred_at=rows[derivation.at],
        event=ibis.literal(derivation.event),
        given_touchpoint=_own(rows, "touchpoint"),
        given_stage=ibis.null("string"),
        default_stage=ibis.literal(derivation.stage),
        first_response_seconds=_first_response(rows, derivation),
        satisfaction_score=rows.satisfaction_score if derivation.event == "Ticket Opened" else ibis.null("float64"),
        is_step=is_step,
    )


def _with_own_touch(leads: Any, told: Any) -> Any:
    """*leads* with `has_own_touch`: the export row of such a lead is the submitted form too, one row, one meeting."""
    own, silent = leads.semi_join(told, list(_SAME_ROW)), leads.anti_join(told, list(_SAME_ROW))
    return own.mutate(has_own_touch=ibis.literal(True)).union(silent.mutate(has_own_touch=ibis.literal(False)))


def _one_per_record(rows: Any, derivation: Derivation) -> Any:
    if derivation.record == LAKE_TABLES[derivation.table].key:
        return rows
    age = ibis.row_number().over(
        ibis.window(group_by=list(derivation.record), order_by=[rows[derivation.at], rows.source_file, rows.source_row])
    )
    return rows.mutate(_age=age).filter(ibis._._age == 0).drop("_age")


def _earliest_per_customer(store: Store, rows: Any, at: str) -> Any:
    """The row with the earliest possible time among those of one customer: two systems may know of one moment."""
    links = store.mart("customer_links").select("contact_id", "customer_id")
    rows = rows.left_join(links, "contact_id").drop("contact_id_right")
    in_time = ibis.window(group_by="customer_id", order_by=[possible(store, rows[at]), rows.contact_id])
    ranked = rows.mutate(_place=ibis.row_number().over(in_time))
    return ranked.filter(ranked.customer_id.isnull() | (ranked._place == 0)).drop("_place", "customer_id")


def _first_response(rows: Any, derivation: Derivation) -> Any:
    if derivation.event != "Ticket Opened":
        return ibis.null("float64")
    waited = epoch_seconds(rows.first_response_at) - epoch_seconds(rows.created_at)
    return ibis.coalesce(rows.first_response_minutes * 60.0, ibis.cases((waited >= 0, waited.cast("float64"))))


def _shaped(rows: Any, table: str, renamed: Any, **columns: Any) -> Any:
    known = {"table": ibis.literal(table), "platform": rows.source_system, "event": columns["event"]}
    if "tags" in rows.columns:
        known["tags"] = ibis.literal(TAG_MARK) + rows.tags.join(TAG_MARK) + TAG_MARK
    asked = {name: known.get(name, _own(rows, renamed.get(name, name))) for name in RULE_COLUMNS}
    columns["occurred_at"] = columns["occurred_at"].cast(_INSTANT)
    return rows.select(
        contact_id=rows.contact_id,
        record_table=ibis.literal(table),
        source_file=rows.source_file,
        source_row=rows.source_row,
        **{name: value.cast("string") for name, value in asked.items()},
        **{name: value for name, value in columns.items() if name != "event"},
    )


def _own(rows: Any, column: str) -> Any:
    return rows[column] if column in rows.columns else ibis.null("string")
