"""Lake and marts, seen through the engine: typed tables to read, declared marts to write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ibis
import ibis.selectors as s

from tpaudit.atomic import replacing
from tpaudit.audit import Audit
from tpaudit.engine import Engine
from tpaudit.model import LAKE_TABLES, MARTS, Table

# Parallel sums of floats end differently in the last bits from run to run; marts must not.
_SIGNIFICANT_DECIMALS = 10


class Store:
    """The tables of one audit on one engine.

    `lake` gives every row ever ingested, `current` the newest row per key, `mart` a derived table.
    """

    def __init__(self, audit: Audit, engine: Engine) -> None:
        self.audit = audit
        self.engine = engine

    def lake(self, name: str) -> Any:
        """Every row of a lake table, with exactly the declared columns; empty if nothing was ingested."""
        return self.engine.scan(self.audit.lake_files(name), LAKE_TABLES[name].schema)

    def current(self, name: str) -> Any:
        """The newest row per key of a lake table: weekly exports overlap, and the latest word counts.

        Rows of the same ingest are ordered by file and row, so the choice is the same on every run. Rows whose key
        is unknown cannot be told apart and are all kept.
        """
        declared = LAKE_TABLES[name]
        rows = self.lake(name)
        newest_first = [
            rows.ingested_at.desc(), rows.source_file.desc(), rows.source_sha256.desc(), rows.source_row.desc(),
        ]  # fmt: skip
        age = ibis.row_number().over(ibis.window(group_by=list(declared.key), order_by=newest_first))
        known = ibis.and_(*(rows[column].notnull() for column in declared.key[:1]))
        return rows.mutate(_age=age).filter(~known | (ibis._._age == 0)).drop("_age")

    def mart(self, name: str) -> Any:
        """A mart with exactly the declared columns; empty if it was not derived yet."""
        file = self.audit.mart_file(name)
        return self.engine.scan([file] if file.is_file() else [], MARTS[name].schema)

    def write_mart(self, name: str, rows: Any) -> int:
        """Write *rows* as mart *name* in one step and return their number.

        Columns the rows lack become NULL, columns the mart does not declare are dropped, rows are sorted by key, so
        that equal data give equal bytes.
        """
        return self._write(MARTS[name], rows, self.audit.mart_file(name), MARTS[name].key)

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
        columns = {
            column.name: rows[column.name].cast(column.type) if column.name in rows.columns else ibis.null(column.type)
            for column in declared
        }
        shaped = rows.select(**columns)
        shaped = shaped.mutate(s.across(s.of_type("float64"), lambda value: value.round(_SIGNIFICANT_DECIMALS)))
        if order_by:
            shaped = shaped.order_by(list(order_by))
        with replacing(file) as unfinished:
            return self.engine.write_parquet(shaped, unfinished)
