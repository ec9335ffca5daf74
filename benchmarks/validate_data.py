"""A synthetic lake for `benchmarks.validate`: columns that checks read are filled, a few rows are wrong."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tpaudit.audit import Audit, load_config
from tpaudit.checks.views import SQL_TYPES
from tpaudit.model import LAKE_TABLES

SETTINGS = "[audit]\nas_of = 2026-11-16\n[engine]\nthreads = 2\n"
LINEAGE = """'bench' AS source_system, '{export}' AS source_export, file AS source_file, md5(file) AS source_sha256,
       row AS source_row, TIMESTAMPTZ '2026-11-15 00:00:00+00' + file_number * INTERVAL 1 DAY AS ingested_at"""
# Two weekly exports of half the rows each; every hundredth touch of the second is also in the first.
WEEKS = "(SELECT 0 AS file_number, 'week1.csv' AS file UNION ALL SELECT 1, 'week2.csv') AS files"
TOUCHES = f"""
SELECT {LINEAGE.format(export="bench_touches")},
       md5((CASE WHEN row % 100 = 0 THEN row ELSE row * 2 + file_number END)::VARCHAR) AS touch_id,
       'contact' || (row * 7919 % {{contacts}}) AS contact_id, 'user' || (row * 7919 % {{contacts}}) AS user_id,
       ['web', 'mini_program', 'sms', 'phone', 'chat'][1 + row % 5] AS channel,
       CASE WHEN row % 5 = 2 THEN 'outbound' ELSE 'inbound' END AS direction, 'View' || (row % 20) AS event,
       CASE WHEN row % 5 = 2 AND row % 50 = 2 THEN 'promo' ELSE 'care' END AS content_type,
       ['baidu', 'douyin', 'direct', 'google'][1 + row % 4] AS source,
       ['cpc', 'organic', 'social'][1 + row % 3] AS medium, 'campaign' || (row % 50) AS campaign,
       'c' || (row % 50) AS campaign_id,
       CASE WHEN row % 1000 = 7 THEN TIMESTAMPTZ '2027-06-01 00:00:00+00'
            ELSE TIMESTAMPTZ '2026-05-16 00:00:00+00'
                 + ((row * 2 + file_number) * 97 % 15000000) * INTERVAL 1 SECOND END AS occurred_at,
       '/page/' || (row % 5000) AS page_url,
       CASE WHEN row % 3 = 0 THEN '客户询问订单 ' || row || ' 的物流进度，已回复' END AS text
FROM {WEEKS}, range({{touches}} // 2) AS rows (row)
"""
CONTACTS = f"""
SELECT {LINEAGE.format(export="bench_contacts")}, 'contact' || row AS contact_id, 'user' || row AS user_id,
       CASE WHEN row % 500 = 3 THEN '测试'
            ELSE chr(19968 + (row * 31 % 3000)::INT) || chr(19968 + (row * 17 % 3000)::INT) END AS full_name,
       'nick' || row AS nickname, DATE '1960-01-01' + (row % 16000)::INT AS birthdate,
       '上海市静安区桂花路' || (row % 900) || '号' AS address,
       TIMESTAMPTZ '2025-01-01 00:00:00+00' + row * INTERVAL 1 SECOND AS created_at
FROM (SELECT 0 AS file_number, 'contacts.csv' AS file), range({{contacts}}) AS rows (row)
"""
POINTS = f"""
SELECT {LINEAGE.format(export="bench_contacts")}, 'contact' || row AS contact_id, type, value,
       CASE WHEN value LIKE '%*%' THEN NULL WHEN type = 'phone' THEN '+86' || value ELSE lower(value) END AS value_norm,
       value LIKE '%*%' AS is_masked
FROM (SELECT 0 AS file_number, 'contacts.csv' AS file, row, type,
        CASE WHEN type = 'email' AND row % 100 = 1 THEN 'a@gamil.com'
             WHEN type = 'email' THEN 'mail' || row || '@qq.com'
             WHEN row % 100 = 2 THEN '139****' || lpad((row % 10000)::VARCHAR, 4, '0')
             ELSE '13' || lpad((row * 104729 % 999999937)::VARCHAR, 9, '0') END AS value
      FROM range({{contacts}}) AS rows (row), (VALUES ('phone'), ('email')) AS kinds (type))
"""
TABLES = {"touches": TOUCHES, "contacts": CONTACTS, "contact_points": POINTS}


def write_lake(folder: Path, touches: int, contacts: int) -> Audit:
    """Write the lake of an audit below *folder* and return the audit."""
    (folder / "tpaudit.toml").write_text(SETTINGS, encoding="utf-8")
    audit = Audit(folder, load_config(folder, {}))
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table, query in TABLES.items():
            (audit.lake / table).mkdir(parents=True)
            sql = query.format(touches=touches, contacts=contacts)
            given = {row[0] for row in connection.execute(f"DESCRIBE {sql}").fetchall()}
            for (file,) in sorted(connection.execute(f"SELECT DISTINCT source_file FROM ({sql})").fetchall()):
                place = audit.lake / table / f"{file.removesuffix('.csv')}-000000000000.parquet"
                rows = f"SELECT {_declared(table, given)} FROM ({sql}) WHERE source_file = '{file}'"
                connection.execute(f"COPY ({rows}) TO '{place}' (COMPRESSION zstd)")
    return audit


def _declared(table: str, given: set[str]) -> str:
    """All declared columns, as the lake holds them: those not *given* are NULL."""
    return ", ".join(
        f'CAST({column.name if column.name in given else "NULL"} AS {SQL_TYPES[column.type]}) AS "{column.name}"'
        for column in LAKE_TABLES[table]
    )
