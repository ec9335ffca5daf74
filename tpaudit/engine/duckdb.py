"""DuckDB, the embedded engine: in memory, spilling to the audit's temporary folder, offline."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import ibis
import pyarrow.parquet as pq

from tpaudit.engine.settings import EngineSettings
from tpaudit.errors import EngineFault

Result = TypeVar("Result")


class DuckDBEngine:
    """One in-memory DuckDB connection behind Ibis."""

    name = "duckdb"

    def __init__(self, settings: EngineSettings) -> None:
        options: dict[str, Any] = {
            # Extensions must never be fetched at run time: an audit works offline.
            "autoinstall_known_extensions": False,
            "memory_limit": settings.memory_limit,
            "threads": settings.threads,
            "temp_directory": str(settings.temp_directory) if settings.temp_directory else None,
        }
        chosen = {key: value for key, value in options.items() if value is not None}
        self._connection = _explained(lambda: ibis.duckdb.connect(**chosen))
        self._connection.raw_sql("SET TimeZone = 'UTC'")
        self._cached = itertools.count()

    def scan(self, files: Sequence[Path], schema: Mapping[str, str]) -> Any:
        """Return an Ibis table over Parquet *files* with exactly the columns of *schema*."""
        target = ibis.schema(dict(schema))
        if not files:
            return ibis.memtable([], schema=target)
        paths = [str(file) for file in files]
        found = _explained(lambda: self._connection.read_parquet(paths, union_by_name=True))
        columns = {
            name: found[name].cast(dtype) if name in found.columns else ibis.null(dtype)
            for name, dtype in target.items()
        }
        return found.select(**columns)

    def read_parquet(self, file: Path) -> Any:
        """Return an Ibis table over one Parquet file as it is."""
        return _explained(lambda: self._connection.read_parquet(str(file)))

    def table(self, data: Any) -> Any:
        """Return an Ibis table over a small Arrow table."""
        return ibis.memtable(data)

    def cache(self, expression: Any) -> Any:
        """Evaluate *expression* once and keep the result in a temporary table."""
        name = f"cached_{next(self._cached)}"
        return _explained(lambda: self._connection.create_table(name, expression, temp=True))

    def release(self, *cached: Any) -> None:
        """Forget tables that `cache` returned, and free their memory; nothing may read them any more."""
        for table in cached:
            self._connection.raw_sql(f'DROP TABLE temp.main."{table.op().name}"')

    def fetch(self, expression: Any) -> Any:
        """Return the result of *expression* as an Arrow table."""
        return _explained(lambda: self._connection.to_pyarrow(expression))

    def fetch_rows(self, expression: Any) -> list[dict[str, Any]]:
        """Return the result of *expression* as plain Python rows."""
        rows: list[dict[str, Any]] = self.fetch(expression).to_pylist()
        return rows

    def write_parquet(self, expression: Any, file: Path) -> int:
        """Write the result of *expression* to *file*, streaming, and return its row count."""
        _explained(lambda: self._connection.to_parquet(expression, str(file), compression="zstd"))
        return int(pq.read_metadata(file).num_rows)

    def from_local(self, naive: Any, zone: str) -> Any:
        """Instant (UTC) of a naive timestamp expression written on a clock in *zone*."""
        return _instant_of(ibis.literal(zone), naive.cast("timestamp(6)"))

    def to_local(self, instant: Any, zone: str) -> Any:
        """Naive timestamp that a clock in *zone* shows at *instant*."""
        return _clock_at(ibis.literal(zone), instant)

    def close(self) -> None:
        """Drop cached tables and close the connection."""
        self._connection.disconnect()


# Ibis drops the zone when it casts for DuckDB, so DuckDB's own function is named; it has one body per direction.
_instant_of = ibis.udf.scalar.builtin(
    lambda zone, naive: ..., name="timezone", signature=(("string", "timestamp(6)"), "timestamp('UTC', 6)")
)
_clock_at = ibis.udf.scalar.builtin(
    lambda zone, instant: ..., name="timezone", signature=(("string", "timestamp('UTC', 6)"), "timestamp(6)")
)


def _explained(work: Callable[[], Result]) -> Result:
    """Run *work*; say in the user's words when the machine, not the query, is at fault."""
    try:
        return work()
    except duckdb.OutOfMemoryException as fault:
        raise EngineFault(
            f"the engine ran out of memory or temporary space: {_first_line(fault)}",
            "raise [engine] memory_limit, or point temp_directory at a disk with more room",
        ) from fault
    except (duckdb.IOException, duckdb.PermissionException) as fault:
        raise EngineFault(
            f"the engine could not read or write a file: {_first_line(fault)}",
            "check free space and permissions of the audit folder",
        ) from fault


def _first_line(fault: BaseException) -> str:
    return str(fault).splitlines()[0] if str(fault) else type(fault).__name__
