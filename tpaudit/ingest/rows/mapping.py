"""Mapping: every source column read once for each of its targets, into one wide typed table per file.

The wide table is written to a temporary Parquet file and read by all lake tables of the file, so that the costly
reading of text happens once. Its columns:

    _row, _hash                 physical row, hash of the raw row
    extra.<n>                   text of an unclaimed column, made one JSON object by `with_extra` where it is read
    _reject                     code of the issue that keeps the whole row out
    _in.<slot>                  whether the row makes the record, where the preset sets a condition
    <slot>.<column>             typed value; a slot is a table, or a further record of one such as `consents#1`
    !<slot>.<column>            text that could not be read as such a value
    key.<table>.<column>        what tells records without an id apart
    point.<n>, .norm, .masked   contact point as found, normalised, and whether it is hidden
    q.<field>                   answer to a survey question
    id.user_id, _contact        the person's usable id, and the contact record the row belongs to (by `people`)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ibis

from tpaudit.engine import Engine
from tpaudit.engine.portable import is_one_of, json_object
from tpaudit.errors import UsageFault, did_you_mean
from tpaudit.ingest.issues import Issue
from tpaudit.ingest.layouts.parts import table_of
from tpaudit.ingest.layouts.preset import DROP, EXTRA, Preset, Target
from tpaudit.ingest.names import currency_in
from tpaudit.ingest.reading.staged import ROW, SourceColumn, Staged
from tpaudit.ingest.rows.cells import HASH, Cells, unclaimed
from tpaudit.ingest.rows.constants import shared_values
from tpaudit.ingest.rows.habits import with_habits
from tpaudit.ingest.rows.points import PhoneBook, phone_book, reached_at
from tpaudit.ingest.rows.readings import (
    Context,
    Reading,
    column_text,
    combined,
    holds,
    reading,
    text_for,
    told_currencies,
)
from tpaudit.ingest.rows.rejects import reject_code
from tpaudit.ingest.rows.widths import text_where
from tpaudit.model import LAKE_TABLES
from tpaudit.model.fields import MONEY

REJECT, EXTRA_COLUMN = "_reject", "_extra"


@dataclass(frozen=True, slots=True)
class Entry:
    """One source column of this file together with one target of its preset entry."""

    column: SourceColumn
    target: Target


@dataclass(frozen=True, slots=True)
class Point:
    """A contact point column of the wide table."""

    field: str
    type: str
    source: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question column of a survey: its place in the wide table, its header name, what was asked, and the answer
    option that the column stands for, if it stands for one."""

    field: str
    name: str
    wording: str
    choice: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the wide table of one file holds: canonical columns, contact points, and the source each came from; `extra`
    is the name in the file of each unclaimed column."""

    preset: Preset
    values: dict[str, str]
    failures: dict[str, tuple[str, str]]
    points: tuple[Point, ...]
    constants: dict[str, str]
    slots: tuple[str, ...]
    currencies: dict[str, str] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    issues: tuple[Issue, ...] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        """Canonical tables the file feeds, the main one first; persons come on their own."""
        return tuple(dict.fromkeys(map(table_of, self.slots)))

    def columns_of(self, slot: str) -> dict[str, str]:
        """Canonical column of the record *slot* to column of the wide table."""
        prefix = f"{slot}."
        return {name[len(prefix) :]: column for name, column in self.values.items() if name.startswith(prefix)}


def entries_of(cells: Cells, preset: Preset) -> list[Entry]:
    """The columns of the file that *preset* claims; an exact name beats a pattern.

    Raises UsageFault if the user's own preset names a column the file lacks.
    """
    entries: list[Entry] = []
    taken: set[str] = set()
    sources = preset.all_columns
    for source in sorted(sources, key=lambda source: "*" in source):
        found = [column for column in cells.matching(source) if column.field not in taken]
        if not found:
            _insist(source, cells, preset)
        taken |= {column.field for column in found}
        entries += [Entry(column, target) for column in found for target in sources[source]]
    return entries


def _insist(source: str, cells: Cells, preset: Preset) -> None:
    if preset.is_users and not all(target.optional for target in preset.all_columns[source]):
        known = [column.name for column in cells.columns]
        raise UsageFault(
            f"{preset.origin}: columns.{source!r}: the file has no such column{did_you_mean(source, known)}",
            "correct the name, or add `optional = true` to the entry",
        )


def wide_table(cells: Cells, staged: Staged, file: str, context: Context, region: str) -> tuple[Any, Plan]:
    """The wide table of one file as an expression, and the plan that says what it holds."""
    preset = context.preset
    entries = entries_of(cells, preset)
    context, met = with_habits(context, cells, [(entry.column, entry.target) for entry in entries], region)
    values, failures = _values(cells, entries, context)
    points, columns = _points(cells, [entry for entry in entries if entry.target.table == "contact_points"])
    book = _phone_book(cells, points, columns, context.engine, region)
    named = {entry.column.field for entry in entries}
    questions, answers = _questions(cells, staged, preset, named)
    claimed = {entry.column.field for entry in entries if entry.target.to != EXTRA}
    claimed |= {question.field.removeprefix("q.") for question in questions}
    slots = _slots(preset, values, cells)
    kept = _without_repeats(values)
    rest = unclaimed(cells, claimed)
    extra = {f"extra.{place}": name for place, name in enumerate(rest)}
    shaped = cells.table.select(
        **{ROW: cells.table[ROW], HASH: cells.table[HASH]},
        **{column: cells.table[rest[name]] for column, name in extra.items()},
        **{REJECT: reject_code(cells, preset, context.engine), **_memberships(cells, preset, slots)},
        **{name: value for name, (value, _) in values.items() if kept[name] == name},
        **{f"!{name}": bad for name, (_, bad) in values.items() if bad is not None},
        **columns,
        **_natural_keys(cells, preset),
        **answers,
    )
    plan = Plan(
        preset,
        kept,
        failures,
        points,
        shared_values(preset, staged.preamble, file, _has_no_day(preset, values)),
        slots,
        _currencies(entries),
        extra,
        questions,
        met,
    )
    return _with_norms(context.engine.step(shaped), points, book, region, context.engine), plan


def with_extra(rows: Any, plan: Plan) -> Any:
    """*rows* of the written wide table with the JSON of their unclaimed columns, NULL if there are none.

    Only one table of the lake keeps it, and as text it takes more room than all the rest.
    """
    told = json_object({name: rows[column] for column, name in plan.extra.items()})
    return rows.select(*(name for name in rows.columns if name not in plan.extra), **{EXTRA_COLUMN: told})


def _has_no_day(preset: Preset, values: Mapping[str, Any]) -> bool:
    """Whether rows of the main table are about days, and the file has no column that tells which."""
    return "date_end" in LAKE_TABLES[preset.table] and f"{preset.table}.date" not in values


def _values(
    cells: Cells, entries: list[Entry], context: Context
) -> tuple[dict[str, tuple[Any, Any]], dict[str, tuple[str, str]]]:
    """Value and failed text per canonical column, and the issue code and source column of each failure."""
    by_target: dict[str, list[Reading]] = {}
    for entry in entries:
        target = entry.target
        if target.to in (DROP, EXTRA) or (target.table == "contact_points" and not _is_plain_point_column(target)):
            continue
        text = text_for(cells, entry.column.field, target)
        by_target.setdefault(target.to, []).append(
            reading(text, target, entry.column.name or entry.column.key, context)
        )
    values: dict[str, tuple[Any, Any]] = {}
    failures: dict[str, tuple[str, str]] = {}
    for name, readings in by_target.items():
        slot, _, column = name.partition(".")
        values[name] = combined(readings, LAKE_TABLES[table_of(slot)].column(column))
        failing = next((reading for reading in readings if reading.code), None)
        if failing and failing.code:
            failures[name] = (failing.code, failing.source)
    for name, told in told_currencies(by_target).items():
        slot, _, column = name.partition(".")
        if column in LAKE_TABLES[table_of(slot)]:
            values.setdefault(name, (told, None))
    return values, failures


def _without_repeats(values: Mapping[str, tuple[Any, Any]]) -> dict[str, str]:
    """Column of the wide table by name of the value: further records that repeat a value of another one share its
    column. Those of contacts are made of others later on."""
    columns: dict[Any, str] = {}
    kept = {}
    for name, (value, _) in values.items():
        is_first = "#" not in name or value.op() not in columns
        kept[name] = name if is_first else columns[value.op()]
        if not name.startswith("contacts."):
            columns.setdefault(value.op(), name)
    return kept


def _is_plain_point_column(target: Target) -> bool:
    """Whether *target* is a real column of contact_points (canonical files), not a type of point."""
    return target.table == "contact_points" and target.column in LAKE_TABLES["contact_points"]


def _points(cells: Cells, entries: list[Entry]) -> tuple[tuple[Point, ...], dict[str, Any]]:
    points: list[Point] = []
    columns: dict[str, Any] = {}
    for entry in entries:
        if _is_plain_point_column(entry.target):
            continue
        field = f"point.{len(points)}"
        points.append(Point(field, entry.target.column, entry.column.name or entry.column.key))
        columns[field] = text_for(cells, entry.column.field, entry.target)
    return tuple(points), columns


def _phone_book(
    cells: Cells, points: tuple[Point, ...], columns: dict[str, Any], engine: Engine, region: str
) -> PhoneBook:
    """The phones outside the fast path, parsed once per distinct text.

    Read from the cells, not from the wide table: a query over that one takes longer to plan than to run.
    """
    phones = [columns[point.field] for point in points if point.type == "phone"]
    texts = [cells.table.select(text=text).filter(lambda rows: rows.text.notnull()) for text in phones]
    return phone_book(engine, texts, region)


def _with_norms(table: Any, points: Iterable[Point], book: PhoneBook, region: str, engine: Engine) -> Any:
    """Add `.norm` and `.masked` of every point."""
    known: dict[str, Any] = {}
    for point in points:
        if point.type == "phone" and not book.is_small:
            known[point.field] = f"{point.field}.known"
            table = book.joined_to(table, point.field, known[point.field], engine)
    added: dict[str, Any] = {}
    for point in points:
        text = table[point.field]
        found = table[known[point.field]] if point.field in known else book.found(text)
        norm, hidden = reached_at(text, point.type, region, found)
        added |= {f"{point.field}.norm": norm, f"{point.field}.masked": hidden}
    return table.mutate(**added).drop(*known.values())


def _questions(
    cells: Cells, staged: Staged, preset: Preset, named: set[str]
) -> tuple[tuple[Question, ...], dict[str, Any]]:
    """Question columns of a survey that no entry names, and their answers as text."""
    if preset.survey is None:
        return (), {}
    asked = re.compile(preset.survey.questions)
    questions = []
    answers = {}
    for place, column in enumerate(cells.columns):
        if column.field in named or not asked.match(column.name):
            continue
        wording = _header_cell(staged, preset.header.wording, place) or " ".join(column.name.split())
        question = Question(
            f"q.{column.field}", column.name, wording, _header_cell(staged, preset.header.choice, place)
        )
        answer = cells.table[column.field]
        questions.append(question)
        answers[question.field] = text_where(~is_one_of(answer, preset.survey.skip_codes), answer)
    return tuple(questions), answers


def _header_cell(staged: Staged, row: int | None, place: int) -> str:
    """The header's text in its *row*, counted from 1, at *place*; '' if that is the row of names, or blank."""
    if row is None or row == 1 or len(staged.header_rows) < row - 1:
        return ""
    cells = staged.header_rows[row - 2]
    return " ".join(cells[place].split()) if place < len(cells) else ""


def _natural_keys(cells: Cells, preset: Preset) -> dict[str, Any]:
    """Text that tells records without an id apart, from the columns the preset names for it."""
    return {
        f"key.{name}": ibis.literal("|").join([column_text(cells, source).fill_null("") for source in sources])
        for name, sources in preset.keys.items()
    }


def _memberships(cells: Cells, preset: Preset, slots: tuple[str, ...]) -> dict[str, Any]:
    conditions = {**preset.rows, **{slot: emit.when for slot, emit in preset.emitted.items() if emit.when}}
    return {f"_in.{slot}": holds(cells, conditions[slot]) for slot in (*slots, "contacts") if slot in conditions}


def _slots(preset: Preset, values: Mapping[str, Any], cells: Cells) -> tuple[str, ...]:
    """Records that rows of the file really make: the main one, and every other that gets a column of its own, or
    whose condition the file can meet."""
    fed = {name.partition(".")[0] for name in (*values, *preset.constants)}
    fed |= {
        slot for slot, emit in preset.emitted.items()
        if not emit.columns and emit.when and cells.matching(emit.when.column)
    }  # fmt: skip
    return tuple(slot for slot in preset.slots if slot == preset.table or slot in fed)


def _currencies(entries: Sequence[Entry]) -> dict[str, str]:
    """Currency by table, where the header names it as the unit of an amount."""
    found: dict[str, str] = {}
    for entry in entries:
        target = entry.target
        if target.table in LAKE_TABLES and target.column in LAKE_TABLES[target.table]:
            is_amount = LAKE_TABLES[target.table].column(target.column).type == MONEY
            if is_amount and (currency := currency_in(entry.column.key)):
                found.setdefault(target.slot, currency)
    return found
