"""Rows as they are declared: typed, sorted, and the newest of each key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.operations as ops
from ibis import _

from tpaudit.engine import Engine
from tpaudit.engine.portable import code_of
from tpaudit.model import Table

# Parallel sums of floats end differently in the last bits from run to run; marts must not.
_SIGNIFICANT_DECIMALS = 10


def newest_of(rows: Any, key: tuple[str, ...], engine: Engine) -> Any:
    """*rows* without those that a newer one replaces; only keys that occur more than once are ranked.

    These are looked for by their codes, in a third of the memory; that two keys share a code costs nothing but time.
    """
    known = rows.filter(rows[key[0]].notnull())
    times = known.group_by(**{name: code_of(rows[name]) for name in key}).agg(times=_.count())
    repeated = engine.cache(times.filter(times.times > 1).drop("times"))
    if not engine.fetch(repeated.limit(1)).num_rows:
        return rows
    newest_first = [ibis.desc(name) for name in ("ingested_at", "source_file", "source_sha256", "source_row")]
    same = [code_of(rows[name]).identical_to(repeated[name]) for name in key]
    age = ibis.row_number().over(ibis.window(group_by=key, order_by=newest_first))
    ranked = rows.semi_join(repeated, same).mutate(_age=age)
    return rows.anti_join(repeated, same).union(ranked.filter(ranked["_age"] == 0).drop("_age"))


def shaped(rows: Any, declared: Table, order_by: Sequence[str]) -> Any:
    """*rows* with exactly the *declared* columns, NULL where they lack one, sorted by those of *order_by* they have."""
    constants = _constants(rows)
    # What is the same in every row need not be carried through the sorting.
    same = {column.name: constants.get(column.name, ibis.null()).cast(column.type) for column in declared}
    typed = {
        column.name: _typed(rows[column.name], column.type)
        for column in declared
        if column.name in rows.columns and column.name not in constants
    }
    keys = [name for name in order_by if name in typed]
    if not keys:
        return rows.select(**same | typed)
    ordered = rows.select(**typed).order_by(keys)
    return ordered.select(**{name: ordered[name] if name in typed else same[name] for name in same})


def _typed(value: Any, dtype: str) -> Any:
    cast = value.cast(dtype)
    return cast.round(_SIGNIFICANT_DECIMALS) if cast.type().is_float64() else cast


def _constants(rows: Any) -> dict[str, Any]:
    """The columns of *rows* that are made of a literal."""
    made = rows.op()
    values = made.values.items() if isinstance(made, ops.Project) else ()
    found = {name: value.to_expr() for name, value in values if isinstance(value, ops.Literal)}
    return found if len(found) < len(rows.columns) else {}
