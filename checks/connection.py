"""A database that holds views of the lake only, without Great Expectations: to look at rows that were judged before."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb

BATCH_ROWS = 50_000


class LakeConnection:
    """A DuckDB database in memory: what a `LakeSession` is, but for judging."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Open the database with DuckDB *options*; close it by `close`."""
        self._connection = duckdb.connect(config=dict(options))

    def execute(self, sql: str) -> Sequence[Sequence[Any]]:
        """Run one statement and return its rows."""
        rows: Sequence[Sequence[Any]] = self._connection.execute(sql).fetchall()
        return rows

    def fetch(self, sql: str) -> Any:
        """Run one query and return its rows as a pyarrow.Table."""
        return self._connection.sql(sql).to_arrow_table()

    @contextlib.contextmanager
    def stream(self, sql: str) -> Iterator[Any]:
        """Run one query and yield its rows as a pyarrow.RecordBatchReader."""
        yield self._connection.sql(sql).to_arrow_reader(BATCH_ROWS)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()
