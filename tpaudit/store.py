"""Lake and marts, seen through the engine: typed tables to read, declared marts to write."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tpaudit.atomic import replacing
from tpaudit.audit import Audit
from tpaudit.engine import Engine, EngineSettings, connect
from tpaudit.model import LAKE_TABLES, MARTS, Table

if TYPE_CHECKING:
    import pyarrow as pa

# Bytes of the lake, packed: some two million touches.
_LARGE = 32 << 20

# Path, inode, time of change and size of each file read.
_Versions = tuple[tuple[Path, int, int, int], ...]


class Store:
    """The tables of one audit on one engine.

    `lake` gives every row ever ingested, `current` the newest row per key, `mart` a derived table. *engine* may be the
    settings of one, which then starts when the first table is asked for.
    """

    def __init__(self, audit: Audit, engine: Engine | EngineSettings) -> None:
        self.audit = audit
        self._given = engine
        self._scanned: dict[str, tuple[_Versions, Any]] = {}
        self._current: dict[str, tuple[Any, Any]] = {}

    @cached_property
    def engine(self) -> Engine:
        """Where the tables are computed."""
        return connect(self._given) if isinstance(self._given, EngineSettings) else self._given

    def close(self) -> None:
        """Close the engine, if it was started."""
        if "engine" in self.__dict__ or not isinstance(self._given, EngineSettings):
            self.engine.close()

    def cache(self, rows: Any) -> Any:
        """Evaluate *rows*, one per customer, touch or the like, once: in memory, or on disk if the audit is large."""
        packed = sum(file.stat().st_size for name in LAKE_TABLES for file in self.audit.lake_files(name))
        return self.engine.cache(rows, is_large=packed > _LARGE)

    def lake(self, name: str) -> Any:
        """Every row of a lake table, with exactly the declared columns; empty if nothing was ingested."""
        return self._scan(f"lake/{name}", self.audit.lake_files(name), LAKE_TABLES[name])

    def current(self, name: str) -> Any:
        """The newest row per key of a lake table: weekly exports overlap, and the latest word counts.

        Rows of the same ingest are ordered by file and row, so the choice is the same on every run. Rows whose key
        is unknown cannot be told apart and are all kept.
        """
        rows = self.lake(name)
        if not self.audit.lake_files(name):
            return rows
        known, newest = self._current.get(name, (None, None))
        if known is not rows:
            from tpaudit.rows import newest_of

            newest = self.engine.view(newest_of(rows, LAKE_TABLES[name].key, self.engine))
            self._current[name] = rows, newest
        return newest

    def mart(self, name: str) -> Any:
        """A mart with exactly the declared columns; empty if it was not derived yet."""
        file = self.audit.mart_file(name)
        return self._scan(f"mart/{name}", [file] if file.is_file() else [], MARTS[name])

    def _scan(self, place: str, files: Sequence[Path], declared: Table) -> Any:
        """The rows of *files*, asked of the engine anew only when the files have changed."""
        versions = tuple((file, (found := file.stat()).st_ino, found.st_mtime_ns, found.st_size) for file in files)
        known, rows = self._scanned.get(place, (None, None))
        if known != versions:
            rows = self.engine.scan(files, declared.schema)
            self._scanned[place] = versions, rows
        return rows

    def write_mart(self, name: str, rows: Any, is_sorted: bool = False) -> int:
        """Write *rows* as mart *name* in one step and return their number.

        Columns the rows lack become NULL, columns the mart does not declare are dropped, rows are sorted as the mart
        declares, so that equal data give equal bytes; *is_sorted* says that they come so.
        """
        declared = MARTS[name]
        order = () if is_sorted else declared.order_by or declared.key
        return self._write(declared, rows, self.audit.mart_file(name), order)

    def write_lake(self, name: str, rows: Any, file: Path, read_in_order: bool = False, is_sorted: bool = False) -> int:
        """Write *rows*, by source row and key, as one file of lake table *name* and return their number.

        *read_in_order* says that the rows are made from a file that holds them in this order: if each is made from one
        row there, they need not be sorted again. *is_sorted* says that they come in order.
        """
        declared = LAKE_TABLES[name]
        is_sorted = is_sorted or (read_in_order and self.engine.keeps_order(rows))
        order = () if is_sorted else tuple(dict.fromkeys(("source_row", *declared.key)))
        return self._write(declared, rows, file, order)

    def write_small_mart(self, name: str, rows: pa.Table) -> int:
        """Write *rows*, a few made in Python with exactly the columns of mart *name*, by key; starts no engine."""
        import pyarrow.parquet as pq

        by_key = rows.select(MARTS[name].column_names).sort_by([(column, "ascending") for column in MARTS[name].key])
        with replacing(self.audit.mart_file(name)) as unfinished:
            pq.write_table(by_key, unfinished, compression="zstd")
        return int(by_key.num_rows)

    def _write(self, declared: Table, rows: Any, file: Path, order_by: Sequence[str]) -> int:
        from tpaudit.rows import shaped

        with replacing(file) as unfinished:
            return self.engine.write_parquet(shaped(rows, declared, order_by), unfinished)
