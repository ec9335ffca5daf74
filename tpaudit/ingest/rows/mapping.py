"""Mapping: every source column read once for each of its targets, into one wide typed table per file.

The wide table is written to a temporary Parquet file and read by all lake tables of the file, so that the costly
reading of text happens once. Its columns:

    _row, _hash, _extra         physical row, hash of the raw row, JSON of unclaimed columns
    _reject                     code of the issue that keeps the whole row out
    _in.<table>                 whether the row feeds the table, where the preset sets a condition
    <table>.<column>            typed value
    !<table>.<column>           text that could not be read as such a value
    key.<table>.<column>        what tells records without an id apart
    point.<n>, .norm, .masked   contact point as found, normalised, and whether it is hidden
    q.<field>                   answer to a survey question
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import ibis

from tpaudit.engine import Engine
from tpaudit.errors import UsageFault, did_you_mean
from tpaudit.ingest.layouts.preset import DROP, EXTRA, Preset, Target
from tpaudit.ingest.names import name_key
from tpaudit.ingest.reading.staged import ROW, SourceColumn, Staged
from tpaudit.ingest.rows.cells import BROKEN, HASH, Cells, extra_of
from tpaudit.ingest.rows.points import PhoneBook, email, fast_phone, is_hidden, is_virtual, phone_book
from tpaudit.ingest.rows.readings import Context, Reading, column_text, combined, holds, reading, text_for
from tpaudit.model import LAKE_TABLES

REJECT, EXTRA_COLUMN = "_reject", "_extra"
_FOOTER_CELLS = 3


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
    """A survey question: its column in the wide table and its header text."""

    field: str
    name: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What the wide table of one file holds: canonical columns, contact points, and the source each came from."""

    preset: Preset
    values: dict[str, str]
    failures: dict[str, tuple[str, str]]
    points: tuple[Point, ...]
    constants: dict[str, str]
    tables: tuple[str, ...]
    questions: tuple[Question, ...] = ()

    def columns_of(self, table: str) -> dict[str, str]:
        """Canonical column of *table* to column of the wide table."""
        prefix = f"{table}."
        return {name[len(prefix) :]: name for name in self.values if name.startswith(prefix)}


def entries_of(cells: Cells, preset: Preset) -> list[Entry]:
    """The columns of the file that *preset* claims; an exact name beats a pattern.

    Raises UsageFault if the user's own preset names a column the file lacks.
    """
    entries: list[Entry] = []
    taken: set[str] = set()
    for source in sorted(preset.columns, key=lambda source: "*" in source):
        found = [column for column in cells.matching(source) if column.field not in taken]
        if not found:
            _insist(source, cells, preset)
        taken |= {column.field for column in found}
        entries += [Entry(column, target) for column in found for target in preset.columns[source]]
    return entries


def _insist(source: str, cells: Cells, preset: Preset) -> None:
    if preset.is_users and not all(target.optional for target in preset.columns[source]):
        known = [column.name for column in cells.columns]
        raise UsageFault(
            f"{preset.origin}: columns.{source!r}: the file has no such column{did_you_mean(source, known)}",
            "correct the name, or add `optional = true` to the entry",
        )


def wide_table(cells: Cells, staged: Staged, file: str, context: Context, region: str) -> tuple[Any, Plan]:
    """The wide table of one file as an expression, and the plan that says what it holds."""
    preset = context.preset
    entries = entries_of(cells, preset)
    values, failures = _values(cells, entries, context)
    points, columns = _points(cells, [entry for entry in entries if entry.target.table == "contact_points"])
    claimed = {entry.column.field for entry in entries if entry.target.to != EXTRA}
    questions, answers = _questions(cells, preset, claimed)
    claimed |= {question.field.removeprefix("q.") for question in questions}
    tables = _tables(preset, values)
    shaped = cells.table.select(
        **{ROW: cells.table[ROW], HASH: cells.table[HASH], EXTRA_COLUMN: extra_of(cells, claimed)},
        **{REJECT: _reject(cells, preset), **_memberships(cells, preset, tables)},
        **{name: value for name, (value, _) in values.items()},
        **{f"!{name}": bad for name, (_, bad) in values.items() if bad is not None},
        **columns,
        **_natural_keys(cells, preset),
        **answers,
    )
    constants = _constants(preset, staged, file)
    plan = Plan(preset, {name: name for name in values}, failures, points, constants, tables, questions)
    return _with_norms(shaped, points, _phone_book(cells, points, columns, context.engine, region)), plan


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
        table, _, column = name.partition(".")
        values[name] = combined(readings, LAKE_TABLES[table].column(column))
        failing = next((reading for reading in readings if reading.code), None)
        if failing and failing.code:
            failures[name] = (failing.code, failing.source)
    return values, failures


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


def _with_norms(table: Any, points: tuple[Point, ...], book: PhoneBook) -> Any:
    """Add `.norm` and `.masked` to every point."""
    for point in points:
        table = _with_norm(table, point, book)
    return table


def _with_norm(table: Any, point: Point, book: PhoneBook) -> Any:
    text = table[point.field]
    hidden = is_hidden(text)
    if point.type == "phone" and book.size == 0:
        hidden |= is_virtual(text)
        norm = fast_phone(text, book.region)
    elif point.type == "phone":
        known = book.known.rename(**{f"{point.field}.text": "text", f"{point.field}.e164": "e164"})
        table = table.left_join(known, table[point.field] == known[f"{point.field}.text"])
        text = table[point.field]
        hidden = is_hidden(text) | is_virtual(text)
        norm = ibis.coalesce(fast_phone(text, book.region), table[f"{point.field}.e164"])
    else:
        norm = email(text) if point.type == "email" else text
    added = {f"{point.field}.norm": hidden.ifelse(ibis.null("string"), norm), f"{point.field}.masked": hidden}
    kept = table.mutate(**added)
    return kept.drop(*(name for name in (f"{point.field}.text", f"{point.field}.e164") if name in kept.columns))


def _questions(cells: Cells, preset: Preset, claimed: set[str]) -> tuple[tuple[Question, ...], dict[str, Any]]:
    """Question columns of a survey that nothing else claims, and their answers as text."""
    if preset.survey is None:
        return (), {}
    asked = re.compile(preset.survey.questions)
    found = [column for column in cells.columns if asked.match(column.name) and column.field not in claimed]
    questions = tuple(Question(f"q.{column.field}", column.name) for column in found)
    answers = {}
    for question, column in zip(questions, found, strict=True):
        answer = cells.table[column.field]
        answers[question.field] = answer.isin(preset.survey.skip_codes).ifelse(ibis.null("string"), answer)
    return questions, answers


def _reject(cells: Cells, preset: Preset) -> Any:
    """Code of the issue that keeps a whole row out of the lake tables, or NULL."""
    cases = [(cells.table[BROKEN], ibis.literal("invalid_json"))]
    if preset.footer.words:
        cases.append((_is_total(cells, preset.footer.words), ibis.literal("total_row")))
    if preset.rows:
        fed = ibis.or_(*(holds(cells, condition) for condition in preset.rows.values()))
        if all(table in preset.rows for table in preset.tables):
            cases.append((~fed, ibis.literal("row_not_mapped")))
    return ibis.cases(*cases, else_=ibis.null("string"))


def _is_total(cells: Cells, words: tuple[str, ...]) -> Any:
    """Whether one of the first cells is a word for total; totals carry dashes or nothing in the others."""
    wanted = [name_key(word) for word in words]
    leading = [cells.table[column.field] for column in cells.columns[:_FOOTER_CELLS]]
    found = [cell.re_replace(r"[:：\s]", "").lower().isin(wanted).fill_null(False) for cell in leading]
    return ibis.or_(*found)


def _natural_keys(cells: Cells, preset: Preset) -> dict[str, Any]:
    """Text that tells records without an id apart, from the columns the preset names for it."""
    return {
        f"key.{name}": ibis.literal("|").join([column_text(cells, source).fill_null("") for source in sources])
        for name, sources in preset.keys.items()
    }


def _memberships(cells: Cells, preset: Preset, tables: tuple[str, ...]) -> dict[str, Any]:
    return {f"_in.{table}": holds(cells, preset.rows[table]) for table in (*tables, "contacts") if table in preset.rows}


def _tables(preset: Preset, values: dict[str, tuple[Any, Any]]) -> tuple[str, ...]:
    """Tables the file really feeds: the main one, and every other that gets a column of its own."""
    fed = {name.partition(".")[0] for name in values} | {name.partition(".")[0] for name in preset.constants}
    return tuple(table for table in preset.tables if table == preset.table or table in fed)


def _constants(preset: Preset, staged: Staged, file: str) -> dict[str, str]:
    """Values every row shares: set by the preset, written above the header, or part of the file's name."""
    found = dict(_from_preamble(preset, staged))
    for name, pattern in preset.filename.items():
        if match := re.search(pattern, PurePath(file).name):
            found[name] = match[1] if match.groups() else match[0]
    return {**{name: str(value) for name, value in preset.constants.items()}, **found}


def _from_preamble(preset: Preset, staged: Staged) -> Iterator[tuple[str, str]]:
    for label, name in preset.preamble.items():
        for cell in staged.preamble:
            key = name_key(cell)
            if key.startswith(f"{name_key(label)}:"):
                value = key.partition(":")[2].strip()
                yield name, preset.values.get(name, {}).get(value, value)
