"""Small audits for tests: a store over a temporary folder, and lake rows written from plain dictionaries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from tpaudit.audit import Audit, load_config
from tpaudit.engine import EngineSettings, connect
from tpaudit.model import LAKE_TABLES
from tpaudit.store import Store

INGESTED_AT = datetime(2026, 11, 16, tzinfo=UTC)


def make_store(folder: Path, settings: str = "", threads: int = 1) -> Store:
    """A store over *folder*; *settings* is the text of its tpaudit.toml."""
    (folder / "tpaudit.toml").write_text(settings, encoding="utf-8")
    return Store(Audit(folder, load_config(folder, {})), connect(EngineSettings(threads=threads)))


def write_lake_rows(
    store: Store, table: str, rows: Sequence[dict[str, Any]], export: str = "test", system: str = "test"
) -> Path:
    """Write *rows* as one lake file; lineage is filled in, columns left out are NULL."""
    schema = ibis.schema(LAKE_TABLES[table].schema).to_pyarrow()
    lineage = {
        "source_system": system,
        "source_export": export,
        "source_file": f"{export}.csv",
        "source_sha256": export.ljust(64, "0"),
        "ingested_at": INGESTED_AT,
    }
    filled = [
        {name: {"source_row": number, **lineage, **row}.get(name) for name in schema.names}
        for number, row in enumerate(rows, start=2)
    ]
    file = store.audit.lake / table / f"{export}-{len(store.audit.lake_files(table)):012d}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(filled, schema=schema), file)
    return file
