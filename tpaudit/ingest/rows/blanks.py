"""Blank cells that repeat what stands above them: rows of one record whose common cells were merged or left out."""

from __future__ import annotations

from typing import Any

import ibis

from tpaudit.ingest.reading.staged import ROW

_RECORD = "_record"


def filled_down(rows: Any, fields: list[str]) -> Any:
    """*rows* with blank cells of *fields* filled from the nearest row above, within one record.

    A record begins where the first of *fields* is filled; without that limit the blank of one record would take the
    value of the one before.
    """
    opening, *others = fields
    numbered = _counted(rows, {_RECORD: opening}, [])
    marks = {f"_filled.{field}": field for field in others}
    numbered = _counted(numbered, marks, [_RECORD])
    runs = {opening: [_RECORD], **{field: [_RECORD, mark] for mark, field in marks.items()}}
    filled = {field: numbered[field].max().over(ibis.window(group_by=group)) for field, group in runs.items()}
    return numbered.mutate(**filled).drop(_RECORD, *marks)


def _counted(rows: Any, marks: dict[str, str], within: list[str]) -> Any:
    """*rows* with columns that count the filled cells of a field so far: equal counts make a run below one value."""
    so_far = ibis.window(group_by=within, order_by=ROW, preceding=None, following=0)
    return rows.mutate(**{mark: rows[field].count().over(so_far) for mark, field in marks.items()})
