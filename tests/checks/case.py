"""Cases of checks: lake rows written in YAML, in a store of their own."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.lake import make_store, write_lake_rows
from tpaudit.model import CUSTOMER_LINKS, LAKE_TABLES
from tpaudit.model.fields import MONEY
from tpaudit.store import Store

SETTINGS = """
[audit]
as_of = 2026-11-16
[engine]
threads = 1
"""


def store_of(folder: Path, rows: dict[str, list[dict[str, Any]]], settings: str = SETTINGS) -> Store:
    """A store over *folder* whose lake (and mart `customer_links`) holds *rows*."""
    store = make_store(folder, settings)
    for table, found in rows.items():
        if table == "customer_links":
            _write_links(store, found)
        else:
            money = {column.name for column in LAKE_TABLES[table] if column.type == MONEY}
            write_lake_rows(store, table, [_with_decimals(row, money) for row in found])
    return store


def _with_decimals(row: dict[str, Any], money: set[str]) -> dict[str, Any]:
    return {name: Decimal(str(value)) if name in money else value for name, value in row.items()}


def _write_links(store: Store, rows: list[dict[str, Any]]) -> None:
    table = pa.table({name: pa.array([row.get(name) for row in rows]) for name in ("contact_id", "customer_id")})
    file = store.audit.mart_file(CUSTOMER_LINKS.name)
    file.parent.mkdir(parents=True)
    pq.write_table(table, file)
