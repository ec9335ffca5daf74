"""Lake files hold their rows in the order of the export, however the engine came by them."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks.ingest import write_taobao
from tests.lake import make_store
from tpaudit.engine import EngineSettings, connect
from tpaudit.ingest import ingest
from tpaudit.ingest.rows import points
from tpaudit.store import Store

ROWS = 25_000


@pytest.mark.parametrize("phones_by_join", [False, True])
def test_rows_keep_the_order_of_the_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phones_by_join: bool
) -> None:
    if phones_by_join:
        monkeypatch.setattr(points, "_FEW_PHONES", -1)
    write_taobao(tmp_path / "ExportOrderList.csv", ROWS)
    store = Store(make_store(tmp_path).audit, connect(EngineSettings(threads=2)))
    result = ingest(store, [tmp_path / "ExportOrderList.csv"])
    assert result.tables["orders"] == ROWS
    for table in ("orders", "touches", "contacts", "contact_points"):
        (file,) = store.audit.lake_files(table)
        numbers = pq.read_table(file, columns=["source_row"])["source_row"].to_pylist()
        assert numbers == sorted(numbers)
        assert len(numbers) == result.tables[table]
