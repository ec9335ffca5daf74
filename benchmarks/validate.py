"""Cost of the checks on synthetic touches in lake form: `python -m benchmarks.validate [ROWS]`."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from tpaudit import checks
from tpaudit.audit import Audit, load_config
from tpaudit.engine import EngineSettings, connect
from tpaudit.model import LAKE_TABLES
from tpaudit.store import Store

SETTINGS = "[audit]\nas_of = 2026-11-16\n[engine]\nthreads = 2\n"
# Two weekly exports of half the rows each; every hundredth touch of the second is also in the first.
TOUCHES = """
SELECT 'bench' AS source_system, file AS source_file, md5(file) AS source_sha256, row AS source_row,
       TIMESTAMPTZ '2026-11-15 00:00:00+00' + file_number * INTERVAL 1 DAY AS ingested_at,
       md5((CASE WHEN row % 100 = 0 THEN row ELSE row * 2 + file_number END)::VARCHAR) AS touch_id,
       'contact' || (row * 7919 % ({rows} // 10 + 1)) AS contact_id, 'web' AS channel, 'View' || (row % 20) AS event,
       TIMESTAMPTZ '2026-05-16 00:00:00+00'
         + ((row * 2 + file_number) * 97 % 15000000) * INTERVAL 1 SECOND AS occurred_at,
       '/page/' || (row % 5000) AS page_url, 'text of touch ' || row AS text
FROM (SELECT 0 AS file_number, 'week1.csv' AS file UNION ALL SELECT 1, 'week2.csv') AS files,
     range({rows} // 2) AS rows (row)
"""
CONTACTS = """
SELECT 'bench' AS source_system, 'contacts.csv' AS source_file, 'c' AS source_sha256, row AS source_row,
       TIMESTAMPTZ '2026-11-15 00:00:00+00' AS ingested_at, 'contact' || row AS contact_id, 'Name ' || row AS full_name
FROM range({rows} // 10 + 1) AS rows (row)
"""


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = store_with(Path(folder), rows)
        cpu, wall = time.process_time(), time.perf_counter()
        result = checks.validate(store)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{rows:,} touches, {len(result.findings) - result.count('skipped')} checks evaluated: "
            f"{time.process_time() - cpu:.1f} CPU s, {time.perf_counter() - wall:.1f} s, peak {peak:.0f} MB"
        )
        store.engine.close()


def store_with(folder: Path, rows: int) -> Store:
    (folder / "tpaudit.toml").write_text(SETTINGS, encoding="utf-8")
    audit = Audit(folder, load_config(folder, {}))
    with duckdb.connect() as connection:
        for table, query in (("touches", TOUCHES), ("contacts", CONTACTS)):
            lake = audit.lake / table
            lake.mkdir(parents=True)
            connection.execute(f"COPY ({query.format(rows=rows)}) TO '{lake}/bench.parquet' (COMPRESSION zstd)")
            assert set(connection.execute(f"DESCRIBE FROM '{lake}/bench.parquet'").df().column_name) <= set(
                LAKE_TABLES[table].column_names
            )
    return Store(audit, connect(EngineSettings(threads=2)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
