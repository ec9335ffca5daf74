"""Rows of a lake file lie in the order of the export's rows, and of their keys within one: equal data, equal bytes."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tpaudit.model import LAKE_TABLES


@pytest.mark.parametrize("table", sorted(LAKE_TABLES))
def test_lake_files_are_in_the_order_of_their_exports(finished_audit: Path, table: str) -> None:
    files = sorted((finished_audit / "lake" / table).glob("*.parquet"))
    order = ", ".join(f'"{name}"' for name in dict.fromkeys(("source_row", *LAKE_TABLES[table].key)))
    for file in files:
        (misplaced,) = duckdb.sql(
            f"""SELECT count(*) FROM (
                SELECT file_row_number AS found, row_number() OVER (ORDER BY {order}, file_row_number) - 1 AS wanted
                FROM read_parquet('{file}', file_row_number = true)
            ) WHERE found <> wanted"""
        ).fetchall()
        assert misplaced == (0,), file.name
