"""Columns of few values, carried as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tpaudit.engine.settings import Engine

MOST_VALUES = 5_000
"""A column of more values is no better off as numbers."""


def with_codes(engine: Engine, rows: Any, names: Sequence[str]) -> Any:
    """*rows*, the same ones, with their text columns *names* as `Engine.coded` has them; asks once for their values."""
    (found,) = engine.fetch_rows(rows.agg(**{name: rows[name].collect(distinct=True) for name in names}))
    few = {name: values or [] for name, values in found.items() if len(values or []) <= MOST_VALUES}
    return rows.mutate(**{name: engine.coded(rows[name], values) for name, values in few.items()})
