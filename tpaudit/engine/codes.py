"""Columns of few values, carried as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ibis import _

from tpaudit.engine.settings import Engine

MOST_VALUES = 5_000
"""A column of more values is no better off as numbers."""


def with_codes(engine: Engine, rows: Any, names: Sequence[str]) -> Any:
    """*rows*, the same ones, with those of their text columns *names* that have few values as `Engine.coded` has them.

    Asks for the values first, column by column: *rows* should be a table that is cheap to read.
    """
    found = {}
    for name in names:
        known = rows.select(value=rows[name]).filter(_.value.notnull()).distinct().limit(MOST_VALUES + 1)
        values = [row["value"] for row in engine.fetch_rows(known)]
        if len(values) <= MOST_VALUES:
            found[name] = engine.coded(rows[name], values)
    return rows.mutate(**found)
