"""Steps: tables that stand in front of the next statement, and how short their text can be."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import ibis.expr.operations as ops

# What more than the row itself decides. DuckDB makes a join of a long list of values to look for.
BEYOND_A_ROW = (ops.Analytic, ops.WindowFunction, ops.Reduction, ops.Unnest, ops.Subquery, ops.InValues)


class Step:
    """A table that exists in the next statements alone, and its text there, made once for all of them."""

    def __init__(self, expression: Any, connection: Any) -> None:
        self.expression = expression
        self._connection = connection

    @cached_property
    def text(self) -> str:
        """The query that gives the table."""
        own = _added(self.expression.op())
        text = str(self._connection.compile(self.expression if own is None else own.to_expr()))
        return text if own is None else f"SELECT *, {text.removeprefix('SELECT ')}"


def _added(projection: Any) -> Any | None:
    """What *projection* adds to a table that it leaves as it is; None if it does anything else.

    A wide table with a few columns more is compiled in half the time so.
    """
    if not isinstance(projection, ops.Project) or not isinstance(projection.parent, ops.DatabaseTable):
        return None
    table, values = projection.parent, projection.values
    own = {name: value for name, value in values.items() if not (isinstance(value, ops.Field) and value.name == name)}
    leaves_the_rest = tuple(values) == (*table.schema.names, *own)
    if not own or not leaves_the_rest or any(value.find(BEYOND_A_ROW) for value in own.values()):
        return None
    return ops.Project(table, own)
