"""KPIs of the sample, by touchpoint, against plain SQL over the lake and the marts of one finished audit.

What these queries share with the code are the marts they read. KPIs with a simulated world of their own are in
tests/kpis/test_plain_sql*.py, those of real data in tests/kpis and test_real_data.py.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

pytestmark = pytest.mark.e2e

VIEWS = """
    SET TimeZone = 'UTC';
    CREATE VIEW touches AS FROM '{marts}/journey_touches.parquet';
    CREATE VIEW orders AS FROM '{marts}/customer_orders.parquet';
    CREATE VIEW journeys AS FROM '{marts}/journeys.parquet';
    CREATE VIEW people AS FROM '{marts}/customers.parquet';
    CREATE VIEW links AS FROM '{marts}/customer_links.parquet';
    CREATE VIEW steps AS SELECT DISTINCT customer_id, touchpoint FROM touches WHERE position IS NOT NULL;
    CREATE VIEW answers AS
        SELECT response_id || ':' || question_id AS answer, customer_id, metric, score, scale_min, scale_max, submitted_at
        FROM (FROM read_parquet('{lake}/surveys/*.parquet', union_by_name = true)
              QUALIFY row_number() OVER (PARTITION BY response_id, question_id
                  ORDER BY ingested_at DESC, source_file DESC, source_sha256 DESC, source_row DESC) = 1)
        LEFT JOIN links USING (contact_id)
        WHERE NOT coalesce(is_test, false)
            AND score BETWEEN coalesce(scale_min, CASE metric WHEN 'nps' THEN 0 ELSE 1 END)
                AND coalesce(scale_max, CASE metric WHEN 'nps' THEN 10 WHEN 'csat' THEN 5 ELSE 7 END);
    CREATE VIEW order_states AS
        SELECT order_id, arg_max(status, (ingested_at, source_file, source_sha256, source_row)) AS status
        FROM read_parquet('{lake}/orders/*.parquet', union_by_name = true) GROUP BY order_id;
"""
# Subjects with a value at touchpoints, once for each touchpoint and once over all.
EVERYWHERE = """
    SELECT touchpoint, {result} FROM (
        SELECT DISTINCT subject, value, NULL AS touchpoint FROM ({seen}) UNION ALL
        SELECT DISTINCT subject, value, touchpoint FROM ({seen}) WHERE touchpoint IS NOT NULL)
    GROUP BY touchpoint"""
SHARE = "avg(value), count(*)"
MET = """
    SELECT DISTINCT e.*, t.touchpoint FROM ({events}) e LEFT JOIN touches t ON t.customer_id = e.customer_id
        AND t.occurred_at < e.at AND t.occurred_at >= e.at - INTERVAL 30 DAY AND t.record_table IS DISTINCT FROM '{source}'"""
ANSWERED = MET.format(
    events="SELECT answer AS subject, customer_id, submitted_at AS at, score AS value FROM answers WHERE metric = '{metric}'",
    source="surveys",
)
RESPONSES = "SELECT touch_id AS subject, touchpoint, {value} AS value FROM touches WHERE first_response_seconds >= 0"
JOURNEYS = (
    "SELECT customer_id AS subject, touchpoint, {value} AS value FROM journeys JOIN steps USING (customer_id) {where}"
)

QUERIES = {
    "touches": EVERYWHERE.format(
        result="count(*), count(*)", seen="SELECT touch_id AS subject, touchpoint, 1 AS value FROM touches"
    ),
    "customers": EVERYWHERE.format(
        result="count(*), count(*)",
        seen="SELECT customer_id AS subject, touchpoint, 1 AS value FROM touches WHERE customer_id IS NOT NULL",
    ),
    "identified_share": EVERYWHERE.format(
        result=SHARE,
        seen="SELECT touch_id AS subject, touchpoint, coalesce(is_identified, false)::INT AS value "
        "FROM touches LEFT JOIN people USING (customer_id)",
    ),
    "conversion_rate": EVERYWHERE.format(
        result=SHARE, seen=JOURNEYS.format(value="converted::INT", where="")
    ),
    "touches_to_purchase": EVERYWHERE.format(
        result="median(value), count(*)", seen=JOURNEYS.format(value="touches", where="WHERE converted")
    ),
    "days_to_purchase": EVERYWHERE.format(
        result="median(value), count(*)",
        seen=JOURNEYS.format(
            value="(floor(epoch(ended_at)) - floor(epoch(started_at))) / 86400.0", where="WHERE converted"
        ),
    ),
    "first_response_p50": EVERYWHERE.format(
        result="quantile_cont(value, 0.5), count(*)", seen=RESPONSES.format(value="first_response_seconds / 60.0")
    ),
    "first_response_p90": EVERYWHERE.format(
        result="quantile_cont(value, 0.9), count(*)", seen=RESPONSES.format(value="first_response_seconds / 60.0")
    ),
    "response_within_30m": EVERYWHERE.format(
        result=SHARE, seen=RESPONSES.format(value="(first_response_seconds <= 1800)::INT")
    ),
    "refund_rate": EVERYWHERE.format(
        result=SHARE,
        seen=MET.format(
            events="SELECT order_id AS subject, customer_id, ordered_at AS at, "
            "(coalesce(refunded_amount > 0, false) OR coalesce(status = 'refunded', false))::INT AS value "
            "FROM orders LEFT JOIN order_states USING (order_id) WHERE refunded_amount IS NOT NULL OR status IS NOT NULL",
            source="orders",
        ),
    ),
    "aov": EVERYWHERE.format(
        result="avg(value), count(*)",
        seen=MET.format(
            events="SELECT order_id AS subject, customer_id, ordered_at AS at, net_amount::DOUBLE AS value FROM orders "
            "WHERE net_amount IS NOT NULL",
            source="orders",
        ),
    ),
    "nps": EVERYWHERE.format(
        result="100.0 * (count(*) FILTER (value >= 9) - count(*) FILTER (value <= 6)) / count(*), count(*)",
        seen=ANSWERED.format(metric="nps"),
    ),
    "ces": EVERYWHERE.format(result=SHARE, seen=ANSWERED.format(metric="ces")),
    "csat": EVERYWHERE.format(
        result=SHARE,
        seen="SELECT touch_id AS subject, touchpoint, (satisfaction_score >= 4)::INT AS value FROM touches "
        "WHERE satisfaction_score BETWEEN 1 AND 5 UNION ALL SELECT subject, touchpoint, (value >= 4)::INT FROM ("
        + ANSWERED.format(metric="csat")
        + ")",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def plain(finished_audit: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(VIEWS.format(marts=finished_audit / "marts", lake=finished_audit / "lake"))
    connection.execute(f"CREATE VIEW kpis AS FROM '{finished_audit}/marts/kpis.parquet'")
    return connection


@pytest.mark.parametrize("kpi", QUERIES)
def test_kpi_of_the_sample_by_touchpoint_equals_plain_sql(kpi: str, plain: duckdb.DuckDBPyConnection) -> None:
    counted = "denominator" if kpi == "aov" else "n"
    found = plain.execute(f"SELECT touchpoint, value, {counted}, n, grade FROM kpis WHERE kpi = ?", [kpi]).fetchall()
    expected = {touchpoint: (value, n) for touchpoint, value, n in plain.execute(QUERIES[kpi]).fetchall()}
    assert {row[0] for row in found} == expected.keys()
    for touchpoint, value, number, n, grade in found:
        assert (value is None) == (grade == "insufficient") == (kpi not in ("touches", "customers") and n < 10)
        if value is not None:
            assert (value, number) == pytest.approx(expected[touchpoint]), touchpoint


def test_small_cells_are_withheld_with_their_number(plain: duckdb.DuckDBPyConnection) -> None:
    withheld = plain.execute(
        "SELECT n, value, numerator, ci_low, value_high_confidence FROM kpis WHERE grade = 'insufficient'"
    )
    rows = withheld.fetchall()
    assert rows
    assert all(n < 10 and set(rest) == {None} for n, *rest in rows)


def test_every_interval_of_the_sample_holds_its_value(plain: duckdb.DuckDBPyConnection) -> None:
    outside = plain.execute("""
        SELECT kpi, touchpoint, value, ci_low, ci_high FROM kpis
        WHERE value < ci_low - 1e-6 * abs(value) OR value > ci_high + 1e-6 * abs(value) OR ci_low > ci_high
            OR (unit = 'share' AND (value NOT BETWEEN 0 AND 1 OR ci_low < 0 OR ci_high > 1))
            OR (unit = 'nps' AND value NOT BETWEEN -100 AND 100)""")
    assert outside.fetchall() == []


def test_kpis_of_the_contract_are_measured_or_absent_with_a_reason(finished_audit: Path) -> None:
    told = (finished_audit / "first-run.json").read_text(encoding="utf-8")
    kpi = duckdb.execute("SELECT json_extract(?::JSON, '$.kpi.skipped')", [told]).fetchall()[0][0]
    for absent in ("survey_response_rate", "renewal_rate", "sales_cycle_days"):
        assert absent in kpi
