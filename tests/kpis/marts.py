"""Marts for tests, written from plain dictionaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from tpaudit.model import MARTS
from tpaudit.store import Store


def write_mart_rows(store: Store, mart: str, rows: Sequence[dict[str, Any]]) -> None:
    """Write *rows* as a mart; columns left out are NULL."""
    schema = ibis.schema(MARTS[mart].schema).to_pyarrow()
    filled = [{name: row.get(name) for name in schema.names} for row in rows]
    file = store.audit.mart_file(mart)
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(filled, schema=schema), file)
