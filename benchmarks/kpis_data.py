"""A synthetic lake and its customers for `benchmarks.kpis`: the columns that journeys and KPIs read are filled."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tpaudit.audit import Audit, load_config
from tpaudit.checks.views import SQL_TYPES
from tpaudit.model import LAKE_TABLES, MARTS, Table

PER_CUSTOMER = 10  # touches per customer
SETTINGS = '[audit]\nas_of = 2026-11-16\ntimezone = "Asia/Shanghai"\n'
BOUNDED = '[engine]\nmemory_limit = "1GB"\nthreads = 2\n'
LIMITED = '[engine]\nmemory_limit = "512MB"\nthreads = 2\n'

_LINEAGE = "'bench' AS source_system, 'bench.csv' AS source_file, md5('bench') AS source_sha256, row AS source_row"
# Numbers that look random but are the same on every run: hash() of the row and a name.
_SINCE = "TIMESTAMPTZ '2025-11-16 00:00:00+00' + (hash(row, '{name}') % 31000000)::BIGINT * INTERVAL 1 SECOND"
_WHO = "(hash(row, 'who') % {customers})"

QUERIES = {
    "touches": f"""
        SELECT {_LINEAGE}, 'touch' || row AS touch_id, 'contact' || {_WHO} AS contact_id,
            ['online_ads', 'search', 'content', 'website', 'mini_program', 'product_page', 'chat', 'hotline', 'cart',
             'coupon', 'store_visit', 'community', 'membership', 'self_service'][1 + (hash(row, 'what') % 14)::BIGINT]
                AS touchpoint,
            ['web', 'mini_program', 'sms', 'phone', 'chat'][1 + (hash(row, 'channel') % 5)::BIGINT] AS channel,
            ['mobile', 'desktop'][1 + (hash(row, 'device') % 2)::BIGINT] AS device,
            'campaign' || (hash(row, 'c') % 40) AS campaign,
            CASE WHEN hash(row, 'direction') % 6 = 0 THEN 'outbound' ELSE 'inbound' END AS direction,
            'View' || (row % 20) AS event, {_SINCE.format(name="touch")} AS occurred_at,
            CASE WHEN hash(row, 'what') % 14 = 6 THEN (hash(row, 'wait') % 7200)::DOUBLE END AS first_response_seconds
        FROM range({{touches}}) AS rows (row)""",
    "orders": f"""
        SELECT {_LINEAGE}, 'order' || row AS order_id, 'contact' || {_WHO} AS contact_id, 'tmall' AS channel,
            ['paid', 'completed', 'completed', 'cancelled'][1 + (hash(row, 'status') % 4)::BIGINT] AS status,
            {_SINCE.format(name="order")} AS created_at,
            CASE WHEN hash(row, 'status') % 4 < 3 THEN {_SINCE.format(name="order")} + INTERVAL 5 MINUTE END AS paid_at,
            10 + (hash(row, 'amount') % 50000) / 100.0 AS paid_amount,
            CASE WHEN hash(row, 'back') % 30 = 0 THEN 10.0 END AS refunded_amount
        FROM range({{touches}} // 10) AS rows (row)""",
    "surveys": f"""
        SELECT {_LINEAGE}, 'response' || row AS response_id, 'q' AS question_id, 'contact' || {_WHO} AS contact_id,
            ['nps', 'csat', 'ces'][1 + row % 3] AS metric, 1.0 + hash(row, 'score') % 5 AS score,
            {_SINCE.format(name="survey")} AS submitted_at
        FROM range({{touches}} // 50) AS rows (row)""",
    "tickets": f"""
        SELECT {_LINEAGE}, 'ticket' || row AS ticket_id, 'contact' || {_WHO} AS contact_id, 'phone' AS channel,
            ['question', 'complaint', 'return'][1 + (hash(row, 'type') % 3)::BIGINT] AS type, 'closed' AS status,
            {_SINCE.format(name="ticket")} AS created_at,
            {_SINCE.format(name="ticket")} + (hash(row, 'work') % 200000)::BIGINT * INTERVAL 1 SECOND AS resolved_at,
            (hash(row, 'again') % 5 = 0)::BIGINT AS reopens
        FROM range({{touches}} // 50) AS rows (row)""",
    "leads": f"""
        SELECT {_LINEAGE}, 'lead' || row AS lead_id, 'contact' || {_WHO} AS contact_id,
            ['open', 'won', 'lost'][1 + (hash(row, 'state') % 3)::BIGINT] AS status,
            {_SINCE.format(name="lead")} AS created_at
        FROM range({{touches}} // 50) AS rows (row)""",
    "ad_spend": f"""
        SELECT {_LINEAGE}, DATE '2025-11-16' + (row % 360)::INT AS date, 'baidu' AS platform, 'a' AS account_id,
            'campaign' || (row // 360) AS campaign_id, ['online_ads', 'search', 'content'][1 + row % 3] AS touchpoint,
            'CNY' AS currency, 100.0 + row % 900 AS spend, 1000 + row % 5000 AS impressions, 10 + row % 90 AS clicks
        FROM range(14400) AS rows (row)""",
}
MART_QUERIES = {
    "customers": """
        SELECT 'customer' || row AS customer_id, true AS is_identified, row % 3 = 0 AS is_member,
            CASE WHEN row % 10 = 0 THEN 0.7 ELSE 1.0 END AS confidence
        FROM range({customers}) AS rows (row)""",
    "customer_links": """
        SELECT 'bench' AS source_system, 'contact' || row AS contact_id, 'customer' || row AS customer_id
        FROM range({customers}) AS rows (row)""",
}


def write_audit(folder: Path, touches: int, settings: str = SETTINGS) -> Audit:
    """Write lake and customers of an audit with *touches* touches below *folder* and return the audit."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tpaudit.toml").write_text(settings, encoding="utf-8")
    audit = Audit(folder, load_config(folder, {}))
    sizes = {"touches": touches, "customers": touches // PER_CUSTOMER}
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table, query in QUERIES.items():
            _write(
                connection, LAKE_TABLES[table], query.format(**sizes), audit.lake / table / "bench-000000000000.parquet"
            )
        for mart, query in MART_QUERIES.items():
            _write(connection, MARTS[mart], query.format(**sizes), audit.mart_file(mart))
    return audit


def _write(connection: duckdb.DuckDBPyConnection, declared: Table, query: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    given = {row[0] for row in connection.execute(f"DESCRIBE {query}").fetchall()}
    columns = ", ".join(
        f'CAST({column.name if column.name in given else "NULL"} AS {SQL_TYPES[column.type]}) AS "{column.name}"'
        for column in declared
    )
    connection.execute(f"COPY (SELECT {columns} FROM ({query})) TO '{file}' (COMPRESSION zstd)")
