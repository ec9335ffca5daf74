"""Habits: how each column of one file writes its dates and amounts, counted once over all of its texts.

03/04/2026 alone is March or April; a column that also holds 25/04/2026 writes the day first. And a column whose every
text is plain is read by a mere cast.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from tpaudit.ingest.issues import Issue
from tpaudit.ingest.layouts.preset import Target
from tpaudit.ingest.reading.staged import SourceColumn
from tpaudit.ingest.rows import amounts, times
from tpaudit.ingest.rows.cells import Cells
from tpaudit.ingest.rows.readings import Context, Habit, text_for
from tpaudit.model import LAKE_TABLES
from tpaudit.model.fields import DATE, INTEGER, MONEY, NUMBER, TIMESTAMP

# Regions that write the month first, or the year; everywhere else the day comes first.
_MONTH_FIRST = ("US", "CN")


class _Text(NamedTuple):
    """A column read for a date or an amount, and the type it is read as."""

    text: Any
    dtype: str
    source: str


def with_habits(
    context: Context, cells: Cells, columns: Iterable[tuple[SourceColumn, Target]], region: str
) -> tuple[Context, tuple[Issue, ...]]:
    """*context* with the habits of *columns*, and an issue for each whose order of day and month nothing tells.

    Such a column is read as people in *region* write dates.
    """
    texts = _countable(context, cells, columns)
    if not texts:
        return context, ()
    unusual = _counted(context, cells, texts, _is_unusual)
    # Most columns are written plainly throughout: nothing more is asked about those.
    odd = [column for place, column in enumerate(texts) if unusual[place]["unusual"]]
    told = dict(zip((column.text.op() for column in odd), _counted(context, cells, odd, _questions), strict=True))
    habits: dict[Any, Habit] = {}
    issues: list[Issue] = []
    for column in texts:
        found = told.get(column.text.op(), {"unusual": 0})
        habits[column.text.op()] = _habit(found, region)
        if found.get("either") and not found["day_first"] and not found["month_first"]:
            said = f"{found['either']} dates may be read day first or month first"
            issues.append(Issue("ambiguous_date", column=column.source, message=said))
    return dataclasses.replace(context, habits=habits), tuple(issues)


def _counted(
    context: Context, cells: Cells, texts: Sequence[_Text], questions: Callable[[_Text], dict[str, Any]]
) -> list[dict[str, int]]:
    """How many cells of every one of *texts* answer each of its *questions* with yes."""
    answers = [
        {name: answer.fill_null(False).cast("int64").sum() for name, answer in questions(text).items()}
        for text in texts
    ]
    named = {f"{place}.{name}": answer for place, each in enumerate(answers) for name, answer in each.items()}
    counts = context.engine.fetch_rows(cells.table.aggregate(**named))[0] if named else {}
    return [{name: counts[f"{place}.{name}"] or 0 for name in each} for place, each in enumerate(answers)]


def _countable(context: Context, cells: Cells, columns: Iterable[tuple[SourceColumn, Target]]) -> list[_Text]:
    """The columns read as dates or numbers, without those the preset gives a format or a vocabulary for."""
    texts = {}
    for column, target in columns:
        if target.table not in LAKE_TABLES or target.column not in LAKE_TABLES[target.table]:
            continue
        declared = LAKE_TABLES[target.table].column(target.column)
        is_date = declared.type in (DATE, TIMESTAMP) and not target.formats
        is_amount = declared.type in (MONEY, NUMBER, INTEGER) and context.preset.decimal == "."
        if (is_date or is_amount) and target.to not in context.preset.all_values:
            text = text_for(cells, column.field, target)
            texts[text.op()] = _Text(text, declared.type, column.name or column.key)
    return list(texts.values())


def _is_unusual(column: _Text) -> dict[str, Any]:
    """Whether more must be asked about a cell: it is no ISO date, or no mere number."""
    if column.dtype in (DATE, TIMESTAMP):
        return {"unusual": times.is_unusual(column.text) & column.text.notnull()}
    if column.dtype == MONEY:
        return {"unusual": ~amounts.is_bare(column.text) & column.text.notnull()}
    return {"unusual": amounts.is_unusual(column.text, column.dtype) & column.text.notnull()}


def _questions(column: _Text) -> dict[str, Any]:
    """What is asked about the cells of a column that is not written plainly."""
    if column.dtype in (DATE, TIMESTAMP):
        either, day_first, month_first = times.order_told(column.text)
        return _is_unusual(column) | {"either": either, "day_first": day_first, "month_first": month_first}
    if column.dtype == MONEY:
        unusual = amounts.is_unusual(column.text, column.dtype) & column.text.notnull()
        return {"unusual": unusual, "currency": amounts.tells_currency(column.text)}
    return _is_unusual(column)


def _habit(found: dict[str, int], region: str) -> Habit:
    day_first: bool | None = None
    if found.get("either"):
        told = found["day_first"] - found["month_first"]
        day_first = told > 0 if told else region not in _MONTH_FIRST
    return Habit(found["unusual"] == 0, day_first, found.get("currency", 0) > 0)
