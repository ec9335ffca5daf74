"""Records tables for tests of linking: from dictionaries, with every record's cluster as a set of ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from tpaudit.audit.settings import IdentitySection
from tpaudit.engine import Engine, EngineSettings, connect
from tpaudit.identity.fields import Field, found
from tpaudit.identity.linking import Linked, link

Rows = Sequence[Mapping[str, str | None]]


def engine() -> Engine:
    return connect(EngineSettings(threads=1))


def linked(rows: Rows, fields: Sequence[Field] | None = None, constraints: pa.Table | None = None) -> Linked:
    """Link rows that carry record_id and text columns."""
    names = sorted({name for row in rows for name in row})
    columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
    running = engine()
    table = running.cache(running.table(pa.table(columns)))
    return link(running, table, fields or found(running, table, {}), IdentitySection(), constraints)


def sets(result: Linked) -> set[frozenset[str]]:
    """Record ids per cluster."""
    groups: dict[int, set[str]] = {}
    for row in result.records.to_pylist():
        groups.setdefault(row["cluster"], set()).add(row["record_id"])
    return {frozenset(group) for group in groups.values()}
