"""Values that several columns of a projection are made of, computed once each, in projections in front of it.

Engines take a query as it is written: a cleaned name from which six columns follow would be cleaned six times, and a
text of such queries nested in each other takes longer to plan than to run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import ibis.expr.operations as ops
from ibis.common.graph import Graph

# What costs less to compute again than to keep.
_CHEAP = (ops.Field, ops.Literal, ops.Argument, ops.IsNull, ops.NotNull, ops.Not)


def computed_once(projection: ops.Project, step: Callable[[Any], Any]) -> Any:
    """The table of *projection*, with every value that occurs in it more than once made a column of a table before it.

    *step* names a table, and keeps the engine from merging it with the next. The values must each be told by a row
    alone; then the rows are the same, in the same order.
    """
    table = projection.parent
    known: dict[Any, Any] = {}
    for values in _layers(projection):
        fields = {name: ops.Field(table, name) for name in table.schema.names}
        more = {f"_shared.{len(known) + place}": value for place, value in enumerate(values)}
        inner = _replaced(more, known)
        below = step(ops.Project(table, {**fields, **inner}).to_expr()).op()
        known |= dict(zip(values, more, strict=True))
        known = _fields_of(below, known)
        known |= {ops.Field(projection.parent, name): ops.Field(below, name) for name in projection.parent.schema.names}
        table = below
    return ops.Project(table, _replaced(projection.values, known)).to_expr() if known else projection.to_expr()


def _fields_of(table: Any, known: Mapping[Any, Any]) -> dict[Any, Any]:
    """*known* values as fields of *table*, which has them all."""
    names = ((value, field.name if isinstance(field, ops.Field) else field) for value, field in known.items())
    return {value: ops.Field(table, name) for value, name in names}


def _replaced(values: Mapping[str, Any], known: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: value.replace(known, filter=ops.Value) if known else value for name, value in values.items()}


def _layers(projection: ops.Project) -> list[list[Any]]:
    """The values that occur more than once; those of a layer are made of the fields and of the layers before."""
    graph, _ = Graph.from_bfs(list(projection.values.values()), filter=ops.Value).toposort()
    uses = Counter(child for children in graph.values() for child in children)
    uses.update(projection.values.values())
    depth: dict[Any, int] = {}
    free: dict[Any, frozenset[Any]] = {}
    layers: dict[int, list[Any]] = {}
    for node, children in graph.items():
        free[node] = _free_arguments(node, children, free)
        depth[node] = max((depth[child] for child in children), default=0)
        if uses[node] > 1 and not free[node] and not isinstance(node, _CHEAP) and _reads_a_row(children, graph):
            layers.setdefault(depth[node], []).append(node)
            depth[node] += 1
    return [layers[number] for number in sorted(layers)]


def _free_arguments(node: Any, children: Iterable[Any], free: Mapping[Any, frozenset[Any]]) -> frozenset[Any]:
    """Arguments of a function over the elements of an array: what holds them has no value outside of it."""
    if isinstance(node, ops.Argument):
        return frozenset((node,))
    bound = {node.param, node.index} if isinstance(node, (ops.ArrayMap, ops.ArrayFilter)) else set()
    return frozenset().union(*(free[child] for child in children)) - bound


def _reads_a_row(children: Iterable[Any], graph: Mapping[Any, Any]) -> bool:
    """Whether anything below is a field; the rest are constants."""
    waiting = list(children)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ops.Field):
            return True
        waiting.extend(graph[node])
    return False
