"""Cases of checks: lake rows written in YAML, in a store of their own."""

from __future__ import annotations

from datetime import timedelta
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
    add_rows(store, rows)
    return store


def add_rows(store: Store, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Add *rows* to the lake as one more file per table; a row given as `{..., times: n}` is there n times."""
    for table, found in rows.items():
        if table == "customer_links":
            _write_links(store, found)
        else:
            money = {column.name for column in LAKE_TABLES[table] if column.type == MONEY}
            repeated = [row for told in found for row in _repeated(told)]
            write_lake_rows(store, table, [_with_decimals(row, money) for row in repeated])


def _repeated(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows a case tells by one: `times` of them, their ids numbered, every `every` hours after `from`."""
    row = {name: value for name, value in told.items() if name not in ("times", "every", "from", "key", "column")}
    rows = []
    for number in range(told.get("times", 1)):
        one = dict(row)
        if "key" in told:
            one[told["key"]] = f"{row.get(told['key'], '')}{number}"
        if "from" in told:
            one[told["column"]] = told["from"] + number * timedelta(hours=told["every"])
        rows.append(one)
    return rows


def _with_decimals(row: dict[str, Any], money: set[str]) -> dict[str, Any]:
    return {name: Decimal(str(value)) if name in money else value for name, value in row.items()}


def _write_links(store: Store, rows: list[dict[str, Any]]) -> None:
    table = pa.table({name: pa.array([row.get(name) for row in rows]) for name in ("contact_id", "customer_id")})
    file = store.audit.mart_file(CUSTOMER_LINKS.name)
    file.parent.mkdir(parents=True)
    pq.write_table(table, file)
