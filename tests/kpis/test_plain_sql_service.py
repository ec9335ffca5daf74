"""Experience, service, hand-offs and cadence over random customers: the numbers of independent plain SQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import pytest

from tests.kpis.marts import write_mart_rows
from tests.lake import make_store, write_lake_rows
from tpaudit.kpis import measure
from tpaudit.store import Store

# Spans other than the defaults, and an audit's clock other than UTC.
SETTINGS = """
[audit]
as_of = 2026-11-16
timezone = "Asia/Shanghai"
[kpi]
min_n = 1
recontact_days = 5
survey_days = 9
untouched_days = 2
handoff_days = 20
dormant_days = 40
duplicate_hours = 30
reply_hours = 30
unsubscribe_days = 25
max_contacts_per_week = 2
quiet_from = 1
quiet_until = 6
"""
FAMILIES = ("experience", "service", "handoffs", "cadence")
BEGIN = datetime(2026, 5, 18)
TOUCHPOINTS = (
    "chat",
    "hotline",
    "self_service",
    "survey",
    "care_message",
    "sales_conversation",
    "returns",
    "store_visit",
)
EVENTS = ("View", "Call Connected", "Order Shipped", "Email Unsubscribed", None)

VIEWS = """
    CREATE VIEW dated AS SELECT *, occurred_at::TIMESTAMP + INTERVAL 8 HOUR AS clock,
        coalesce(event ILIKE '%unsub%', false) AS leaves FROM journey_touches WHERE year(occurred_at) = 2026;
    CREATE VIEW t AS FROM dated WHERE customer_id IS NOT NULL;
    CREATE VIEW c AS SELECT *, date_trunc('week', clock) AS week FROM t WHERE direction = 'outbound';
    CREATE VIEW cases AS SELECT *, coalesce(status IN ('solved', 'closed'), resolved_at IS NOT NULL) AS is_resolved
        FROM tickets LEFT JOIN customer_links USING (contact_id)
        WHERE coalesce(status, '') <> 'deleted';
    CREATE VIEW requests AS SELECT * FROM (
        SELECT *, row_number() OVER (PARTITION BY customer_id, touchpoint, clock::DATE ORDER BY occurred_at, touch_id) AS nth
        FROM dated WHERE coalesce(direction, '') <> 'outbound' AND (touchpoint IN ('chat', 'hotline', 'self_service')
            OR (stage = 'service' AND direction = 'inbound')))
        WHERE nth = 1 OR touchpoint IS DISTINCT FROM 'self_service' OR customer_id IS NULL;
    CREATE VIEW contacted AS
        SELECT lead_id, l.created_at, k.customer_id, l.touchpoint, l.is_converted, met_at FROM leads l
        LEFT JOIN customer_links k USING (contact_id), LATERAL (
            SELECT occurred_at AS met_at FROM t WHERE t.customer_id = k.customer_id AND occurred_at >= l.created_at
                AND (touchpoint = 'sales_conversation' OR (direction = 'outbound' AND campaign IS NULL
                     AND touchpoint IS DISTINCT FROM 'care_message' AND touchpoint IS DISTINCT FROM 'survey'))
            UNION ALL SELECT first_response_at WHERE first_response_at > l.created_at);
    CREATE VIEW first_contacts AS SELECT lead_id, min(met_at) AS met_at FROM contacted GROUP BY 1;
"""
END = "TIMESTAMPTZ '2026-11-15 16:00:00+00'"

# Each query marks subjects at touchpoints; a subject is a hit if any of its marks is.
MARKS = {
    "complaint_rate": f"""
        SELECT customer_id AS subject, touchpoint, EXISTS (FROM cases k WHERE k.customer_id = t.customer_id
            AND type = 'Complaint' AND k.created_at > occurred_at AND k.created_at <= occurred_at + INTERVAL 30 DAY) AS hit
        FROM t WHERE occurred_at <= {END} - INTERVAL 30 DAY
        UNION ALL SELECT customer_id, NULL, true FROM cases
        WHERE type = 'Complaint' AND customer_id IS NOT NULL AND created_at <= {END} - INTERVAL 30 DAY""",
    "survey_response_rate": f"""
        SELECT touch_id AS subject, touchpoint, EXISTS (FROM surveys JOIN customer_links k USING (contact_id)
            WHERE k.customer_id = c.customer_id AND submitted_at BETWEEN occurred_at AND occurred_at + INTERVAL 9 DAY) AS hit
        FROM c WHERE touchpoint = 'survey' AND occurred_at <= {END} - INTERVAL 9 DAY""",
    "resolution_rate": """
        SELECT ticket_id AS subject, touchpoint, is_resolved AS hit FROM cases""",
    "reopen_rate": """
        SELECT ticket_id AS subject, touchpoint, reopens > 0 AS hit FROM cases
        WHERE reopens IS NOT NULL AND (is_resolved OR reopens > 0)""",
    "self_service_share": """
        SELECT touch_id AS subject, touchpoint, coalesce(touchpoint = 'self_service', false) AS hit FROM requests""",
    "repeat_contact_7d": f"""
        SELECT touch_id AS subject, touchpoint, EXISTS (FROM requests b WHERE b.customer_id = a.customer_id
            AND (b.occurred_at, b.touch_id) > (a.occurred_at, a.touch_id)
            AND b.occurred_at <= a.occurred_at + INTERVAL 5 DAY) AS hit
        FROM requests a WHERE customer_id IS NOT NULL AND occurred_at <= {END} - INTERVAL 5 DAY""",
    "lead_untouched_rate": f"""
        SELECT lead_id AS subject, touchpoint, NOT EXISTS (FROM first_contacts f
            WHERE f.lead_id = l.lead_id AND f.met_at <= l.created_at + INTERVAL 2 DAY) AS hit
        FROM leads l WHERE created_at <= {END} - INTERVAL 2 DAY""",
    "lead_one_try_rate": f"""
        SELECT lead_id AS subject, touchpoint, NOT coalesce(is_converted, false) AND NOT EXISTS (
            FROM contacted b WHERE b.lead_id = a.lead_id AND b.met_at <= f.met_at + INTERVAL 30 DAY
            AND (b.met_at::TIMESTAMP + INTERVAL 8 HOUR)::DATE > (f.met_at::TIMESTAMP + INTERVAL 8 HOUR)::DATE) AS hit
        FROM contacted a JOIN first_contacts f USING (lead_id) WHERE f.met_at <= {END} - INTERVAL 30 DAY""",
    "sales_handoff_rate": f"""
        SELECT lead_id AS subject, touchpoint, lead_id IN (SELECT lead_id FROM first_contacts) AS hit
        FROM leads WHERE created_at <= {END} - INTERVAL 2 DAY""",
    "service_handoff_rate": f"""
        SELECT j.customer_id AS subject, s.touchpoint, EXISTS (FROM t WHERE t.customer_id = j.customer_id
            AND stage = 'service' AND touchpoint IS DISTINCT FROM 'returns'
            AND occurred_at > ended_at AND occurred_at <= ended_at + INTERVAL 20 DAY) AS hit
        FROM journeys j LEFT JOIN journey_touches s ON s.customer_id = j.customer_id AND s.position IS NOT NULL
        WHERE converted AND ended_at <= {END} - INTERVAL 20 DAY""",
    "dormant_contact_share": """
        SELECT touch_id AS subject, touchpoint, first_seen_at <= occurred_at - INTERVAL 40 DAY AND NOT EXISTS (FROM t
            WHERE t.customer_id = c.customer_id AND t.occurred_at < c.occurred_at
            AND t.occurred_at >= c.occurred_at - INTERVAL 40 DAY) AS hit
        FROM c JOIN customers USING (customer_id)
        WHERE occurred_at >= (SELECT min(occurred_at) FROM t) + INTERVAL 40 DAY""",
    "overcontact_share": """
        SELECT customer_id || week AS subject, touchpoint, (SELECT count(*) FROM c b
            WHERE b.customer_id = a.customer_id AND b.week = a.week) > 2 AS hit
        FROM c a WHERE week < DATE '2026-11-16'""",
    "duplicate_contact_share": """
        SELECT touch_id AS subject, touchpoint, EXISTS (FROM c b WHERE b.customer_id = a.customer_id
            AND b.campaign = a.campaign AND b.channel <> a.channel
            AND (b.occurred_at, b.touch_id) < (a.occurred_at, a.touch_id)
            AND b.occurred_at >= a.occurred_at - INTERVAL 30 HOUR) AS hit
        FROM c a WHERE campaign IS NOT NULL""",
    "quiet_hours_share": """
        SELECT touch_id AS subject, touchpoint, hour(clock) BETWEEN 1 AND 5 AS hit FROM c WHERE clock::TIME <> '00:00'""",
    "reply_rate": f"""
        SELECT touch_id AS subject, touchpoint, EXISTS (FROM t WHERE t.customer_id = c.customer_id
            AND t.direction IS DISTINCT FROM 'outbound' AND t.event IS DISTINCT FROM 'Order Shipped' AND NOT t.leaves
            AND t.occurred_at > c.occurred_at AND t.occurred_at <= c.occurred_at + INTERVAL 30 HOUR) AS hit
        FROM c WHERE occurred_at <= {END} - INTERVAL 30 HOUR""",
    "unsubscribe_rate": f"""
        SELECT customer_id AS subject, touchpoint, EXISTS (FROM t WHERE t.customer_id = c.customer_id AND t.leaves
            AND t.occurred_at > c.occurred_at AND t.occurred_at <= c.occurred_at + INTERVAL 25 DAY) AS hit
        FROM c WHERE occurred_at <= {END} - INTERVAL 25 DAY""",
}  # fmt: skip
SHARES = """
    WITH marks AS ({marks}), once AS (
        SELECT NULL AS touchpoint, subject, max(hit::INT) AS hit FROM marks GROUP BY subject
        UNION ALL
        SELECT touchpoint, subject, max(hit::INT) FROM marks WHERE touchpoint IS NOT NULL GROUP BY ALL)
    SELECT touchpoint, sum(hit), count(*) FROM once GROUP BY 1
"""
# Each query gives touchpoint, hours watched, and whether the event came.
WAITS = {
    "resolution_hours": f"""
        SELECT touchpoint, date_diff('second', created_at, coalesce(resolved_at, {END})) / 3600.0 AS hours,
            resolved_at IS NOT NULL AS came
        FROM cases""",
    "lead_response_hours": f"""
        SELECT touchpoint, date_diff('second', created_at, coalesce(f.met_at, {END})) / 3600.0 AS hours, f.met_at IS NOT NULL AS came
        FROM leads LEFT JOIN first_contacts f USING (lead_id)""",
}
MEDIANS = """
    WITH waits AS ({waits}), each AS (
        SELECT * FROM waits WHERE hours >= 0 AND touchpoint IS NOT NULL
        UNION ALL SELECT NULL, hours, came FROM waits WHERE hours >= 0),
    steps AS (
        SELECT a.touchpoint, a.hours, 1 - count(*) FILTER (b.hours = a.hours AND b.came) / count(*) FILTER (b.hours >= a.hours) AS stay
        FROM (SELECT DISTINCT touchpoint, hours FROM each) a
        JOIN each b ON a.touchpoint IS NOT DISTINCT FROM b.touchpoint GROUP BY 1, 2),
    curve AS (SELECT touchpoint, hours, product(stay) OVER (PARTITION BY touchpoint ORDER BY hours) AS waiting FROM steps)
    SELECT touchpoint, min(hours) FILTER (waiting <= 0.5 + 1e-9), (SELECT count(*) FROM each e WHERE e.touchpoint IS NOT DISTINCT FROM curve.touchpoint)
    FROM curve GROUP BY touchpoint
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = make_store(tmp_path_factory.mktemp("audit"), SETTINGS)
    rng = np.random.default_rng(11)
    people = range(200)
    write_mart_rows(store, "customer_links", [{"contact_id": f"k{n}", "customer_id": f"c{n}"} for n in people])
    write_mart_rows(
        store, "customers", [{"customer_id": f"c{n}", "first_seen_at": at(rng.uniform(-200, 120))} for n in people]
    )
    write_mart_rows(store, "journey_touches", [touch for n in people for touch in touches(rng, n)])
    write_mart_rows(
        store,
        "journeys",
        [{"customer_id": f"c{n}", "converted": bool(n % 2), "ended_at": at(rng.uniform(30, 182))} for n in people],
    )
    write_lake_rows(store, "tickets", [ticket(rng, n) for n in range(150)])
    write_lake_rows(store, "leads", [lead(rng, n) for n in range(150)])
    write_lake_rows(
        store,
        "surveys",
        [{"response_id": f"r{n}", "question_id": "q", "contact_id": f"k{n % 200}", "submitted_at": at(rng.uniform(0, 182))}
         for n in range(300)],
    )  # fmt: skip
    return store


def touches(rng: np.random.Generator, number: int) -> list[dict[str, Any]]:
    """Touches of one customer in a few busy weeks, some without customer, touchpoint, event or possible time."""
    middle = rng.uniform(0, 182, rng.integers(1, 4))
    days = rng.choice(middle, rng.integers(1, 25))
    days = np.clip(days + rng.normal(0, 3, len(days)), 0, 182)
    return [
        {
            "touch_id": f"t{number}-{place}",
            "record_id": f"t{number}-{place}",
            "record_table": "touches",
            "customer_id": f"c{number}" if rng.random() < 0.97 else None,
            "occurred_at": at(day) if rng.random() < 0.98 else datetime(1970, 1, 1),
            "touchpoint": str(rng.choice(TOUCHPOINTS)) if rng.random() < 0.9 else None,
            "stage": str(rng.choice(("consideration", "service", "loyalty"))),
            "event": EVENTS[rng.choice(5, p=(0.5, 0.2, 0.1, 0.1, 0.1))],
            "direction": (None, "inbound", "outbound")[rng.choice(3, p=(0.2, 0.3, 0.5))],
            "channel": str(rng.choice(("sms", "wecom", "email"))),
            "campaign": str(rng.choice(("sale", "birthday"))) if rng.random() < 0.6 else None,
            "position": place + 1 if place < 3 else None,
        }
        for place, day in enumerate(days)
    ]


def ticket(rng: np.random.Generator, number: int) -> dict[str, Any]:
    opened = rng.uniform(0, 181)
    status = str(rng.choice(("solved", "closed", "open", "pending", "deleted"), p=(0.5, 0.2, 0.1, 0.1, 0.1)))
    return {
        "ticket_id": f"case{number}",
        "contact_id": f"k{rng.integers(0, 200)}" if rng.random() < 0.9 else None,
        "type": str(rng.choice(("Complaint", "Question"))),
        "touchpoint": str(rng.choice(("chat", "hotline"))),
        "status": status if rng.random() < 0.9 else None,
        "created_at": at(opened),
        "resolved_at": at(opened + min(rng.exponential(2), 0.9)) if status in ("solved", "closed") else None,
        "reopens": int(rng.integers(0, 2)) if rng.random() < 0.8 else None,
    }


def lead(rng: np.random.Generator, number: int) -> dict[str, Any]:
    came = rng.uniform(0, 181)
    return {
        "lead_id": f"lead{number}",
        "contact_id": f"k{rng.integers(0, 200)}",
        "touchpoint": str(rng.choice(("event", "lead_form"))),
        "created_at": at(came),
        "first_response_at": at(min(came + rng.exponential(2), 181.6)) if rng.random() < 0.5 else None,
        "is_converted": bool(rng.random() < 0.3),
    }


def at(day: float) -> datetime:
    """The instant so many days after the beginning, to the second."""
    return BEGIN + timedelta(seconds=round(float(day) * 86_400))


@pytest.fixture(scope="module")
def measured(store: Store) -> dict[str, dict[str | None, tuple[float | None, float]]]:
    """By KPI and touchpoint: numerator and denominator, or median and number."""
    found: dict[str, dict[str | None, tuple[float | None, float]]] = {}
    for row in measure(store, only=FAMILIES).rows:
        top, below = (row.numerator, row.denominator) if row.denominator is not None else (row.value, row.n)
        found.setdefault(row.kpi, {})[row.touchpoint] = (top, float(below or 0))
    return found


@pytest.fixture(scope="module")
def plain(store: Store) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for mart in ("journey_touches", "journeys", "customer_links", "customers"):
        connection.read_parquet(str(store.audit.mart_file(mart))).create_view(mart)
    for table in ("surveys", "tickets", "leads"):
        connection.read_parquet([str(file) for file in store.audit.lake_files(table)]).create_view(table)
    connection.execute(VIEWS)
    return connection


@pytest.mark.parametrize("kpi", MARKS)
def test_share_by_touchpoint_equals_plain_sql(kpi: str, measured: Any, plain: duckdb.DuckDBPyConnection) -> None:
    rows = plain.execute(SHARES.format(marks=MARKS[kpi])).fetchall()
    assert measured[kpi] == {touchpoint: (float(hits), float(n)) for touchpoint, hits, n in rows}
    # A comparison of nothing with nothing, or of all with all, would show nothing.
    hits, n = measured[kpi][None]
    assert 0 < hits < n


@pytest.mark.parametrize("kpi", WAITS)
def test_median_wait_by_touchpoint_equals_plain_sql(kpi: str, measured: Any, plain: duckdb.DuckDBPyConnection) -> None:
    rows = plain.execute(MEDIANS.format(waits=WAITS[kpi])).fetchall()
    expected = {touchpoint: (median, float(n)) for touchpoint, median, n in rows}
    assert measured[kpi].keys() == expected.keys()
    for touchpoint, figures in expected.items():
        # Times come back to the hundredth of an hour.
        assert measured[kpi][touchpoint] == pytest.approx(figures, abs=0.0051)


def test_contacts_per_week_equal_plain_sql(measured: Any, plain: duckdb.DuckDBPyConnection) -> None:
    rows = plain.execute("""
        SELECT touchpoint, count(*), count(DISTINCT (customer_id, week)) FROM c WHERE week < DATE '2026-11-16'
        GROUP BY GROUPING SETS ((), touchpoint) HAVING grouping(touchpoint) = 1 OR touchpoint IS NOT NULL
    """).fetchall()
    expected = {touchpoint: (float(contacts), float(weeks)) for touchpoint, contacts, weeks in rows}
    assert measured["contacts_per_week"].keys() == expected.keys()
    for touchpoint, figures in expected.items():
        assert measured["contacts_per_week"][touchpoint] == pytest.approx(figures)
