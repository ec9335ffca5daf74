"""Lake and marts, seen through the engine: typed tables to read, declared marts to write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.selectors as s
from ibis import _

from tpaudit.atomic import replacing
from tpaudit.audit import Audit
from tpaudit.engine import Engine
from tpaudit.model import LAKE_TABLES, MARTS, Table

# Parallel sums of floats end differently in the last bits from run to run; marts must not.
_SIGNIFICANT_DECIMALS = 10

# Path, inode, time of change and size of each file read.
_Versions = tuple[tuple[Path, int, int, int], ...]


class Store:
    """The tables of one audit on one engine.

    `lake` gives every row ever ingested, `current` the newest row per key, `mart` a derived table.
    """

    def __init__(self, audit: Audit, engine: Engine) -> None:
        self.audit = audit
        self.engine = engine
        self._scanned: dict[str, tuple[_Versions, Any]] = {}
        self._current: dict[str, tuple[Any, Any]] = {}

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
            newest = self.engine.view(self._newest(rows, LAKE_TABLES[name].key))
            self._current[name] = rows, newest
        return newest

    def _newest(self, rows: Any, key: tuple[str, ...]) -> Any:
        """*rows* without those that a newer one replaces; only keys that occur more than once are ranked."""
        known = rows.filter(rows[key[0]].notnull())
        times = known.group_by(key).agg(times=_.count())
        repeated = self.engine.cache(times.filter(times.times > 1).drop("times"))
        if not self.engine.fetch(repeated.limit(1)).num_rows:
            return rows
        newest_first = [ibis.desc(name) for name in ("ingested_at", "source_file", "source_sha256", "source_row")]
        same = [rows[name].identical_to(repeated[name]) for name in key]
        age = ibis.row_number().over(ibis.window(group_by=key, order_by=newest_first))
        ranked = rows.semi_join(repeated, same).mutate(_age=age)
        return rows.anti_join(repeated, same).union(ranked.filter(ranked["_age"] == 0).drop("_age"))

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

    def write_mart(self, name: str, rows: Any) -> int:
        """Write *rows* as mart *name* in one step and return their number.

        Columns the rows lack become NULL, columns the mart does not declare are dropped, rows are sorted as the mart
        declares, so that equal data give equal bytes.
        """
        declared = MARTS[name]
        return self._write(declared, rows, self.audit.mart_file(name), declared.order_by or declared.key)

    def write_lake(self, name: str, rows: Any, file: Path, read_in_order: bool = False) -> int:
        """Write *rows*, by source row, as one file of lake table *name* and return their number.

        *read_in_order* says that the rows are made from a file that holds them in this order: if each is made from one
        row there, they need not be sorted again.
        """
        declared = LAKE_TABLES[name]
        is_sorted = read_in_order and self.engine.keeps_order(rows)
        order = () if is_sorted else tuple(dict.fromkeys(("source_row", *declared.key)))
        return self._write(declared, rows, file, order)

    def _write(self, declared: Table, rows: Any, file: Path, order_by: Sequence[str]) -> int:
        constants = _constants(rows)
        given = {column.name: column.type for column in declared if column.name in rows.columns}
        shaped = rows.select(**{name: rows[name].cast(dtype) for name, dtype in given.items() if name not in constants})
        shaped = shaped.mutate(s.across(s.of_type("float64"), lambda value: value.round(_SIGNIFICANT_DECIMALS)))
        if keys := [name for name in order_by if name in shaped.columns]:
            shaped = shaped.order_by(keys)
        # What is the same in every row need not be carried through the sorting.
        same = {column.name: constants.get(column.name, ibis.null()).cast(column.type) for column in declared}
        shaped = shaped.select(**{name: shaped[name] if name in shaped.columns else same[name] for name in same})
        with replacing(file) as unfinished:
            return self.engine.write_parquet(shaped, unfinished)


def _constants(rows: Any) -> dict[str, Any]:
    """The columns of *rows* that are made of a literal."""
    made = rows.op()
    values = made.values.items() if isinstance(made, ops.Project) else ()
    found = {name: value.to_expr() for name, value in values if isinstance(value, ops.Literal)}
    return found if len(found) < len(rows.columns) else {}
