"""KPIs by touchpoint over a few hundred random customers: the numbers of independent plain SQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pytest

from tests.kpis.marts import write_mart_rows
from tests.lake import make_store, write_lake_rows
from tpaudit.kpis import measure
from tpaudit.store import Store

SETTINGS = '[audit]\nas_of = 2026-11-16\ntimezone = "UTC"\n[kpi]\nmin_n = 1\n'
BEGIN = datetime(2026, 5, 18)
TOUCHPOINTS = ("chat", "content", "store_visit", "online_ads", "membership")

# Every query gives touchpoint, numerator, denominator; the row without a touchpoint is over all.
QUERIES = {
    "conversion_rate": """
        WITH met AS (SELECT DISTINCT customer_id, touchpoint FROM journey_touches WHERE position IS NOT NULL)
        SELECT NULL, count(*) FILTER (converted), count(*) FROM journeys
        UNION ALL
        SELECT touchpoint, count(*) FILTER (converted), count(*) FROM met JOIN journeys USING (customer_id) GROUP BY 1
    """,
    "aov": """
        WITH met AS (
            SELECT DISTINCT o.order_id, o.net_amount, t.touchpoint FROM customer_orders o JOIN journey_touches t
            ON t.customer_id = o.customer_id AND t.occurred_at < o.ordered_at
            AND t.occurred_at >= o.ordered_at - INTERVAL 30 DAY)
        SELECT NULL, sum(net_amount), count(*) FROM customer_orders
        UNION ALL
        SELECT touchpoint, sum(net_amount), count(*) FROM met GROUP BY 1
    """,
    "nps": """
        WITH scores AS (
            SELECT s.response_id, l.customer_id, s.submitted_at, (score >= 9)::INT - (score <= 6)::INT AS balance
            FROM surveys s LEFT JOIN customer_links l USING (contact_id) WHERE score BETWEEN 0 AND 10),
        met AS (
            SELECT DISTINCT response_id, balance, touchpoint FROM scores JOIN journey_touches t USING (customer_id)
            WHERE occurred_at < submitted_at AND occurred_at >= submitted_at - INTERVAL 30 DAY)
        SELECT NULL, sum(balance), count(*) FROM scores
        UNION ALL
        SELECT touchpoint, sum(balance), count(*) FROM met GROUP BY 1
    """,
    "repeat_purchase_rate": """
        WITH buyers AS (
            SELECT a.customer_id, a.ordered_at AS first_at, b.ordered_at AS second_at,
                   coalesce(b.ordered_at <= a.ordered_at + INTERVAL 90 DAY, false) AS again
            FROM customer_orders a LEFT JOIN customer_orders b ON a.customer_id = b.customer_id AND b.sequence = 2
            WHERE a.sequence = 1 AND a.ordered_at <= TIMESTAMPTZ '2026-11-16 00:00:00+00' - INTERVAL 90 DAY),
        met AS (
            SELECT DISTINCT customer_id, again, touchpoint FROM buyers JOIN journey_touches USING (customer_id)
            WHERE occurred_at >= first_at - INTERVAL 30 DAY AND occurred_at < first_at + INTERVAL 30 DAY
            AND (second_at IS NULL OR occurred_at < second_at))
        SELECT NULL, count(*) FILTER (again), count(*) FROM buyers
        UNION ALL
        SELECT touchpoint, count(*) FILTER (again), count(*) FROM met GROUP BY 1
    """,
    "cac": """
        WITH credit AS (
            SELECT touchpoint, 1.0 / count(*) OVER (PARTITION BY customer_id) AS part
            FROM journey_touches JOIN journeys USING (customer_id) WHERE converted AND position IS NOT NULL)
        SELECT NULL, (SELECT sum(spend) FROM ad_spend), count(*) FROM journeys WHERE converted
        UNION ALL
        SELECT touchpoint, any_value(total), sum(part)
        FROM credit JOIN (SELECT touchpoint, sum(spend) AS total FROM ad_spend GROUP BY 1) USING (touchpoint) GROUP BY 1
    """,
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = make_store(tmp_path_factory.mktemp("audit"), SETTINGS)
    rng = np.random.default_rng(8)
    touches: list[dict[str, Any]] = []
    journeys, orders, answers = [], [], []
    for number in range(300):
        name = f"c{number}"
        days = np.sort(rng.uniform(0, 180, rng.integers(1, 12)))
        bought = np.sort(rng.uniform(0, 180, rng.integers(0, 4)))
        for place, day in enumerate(days):
            inside = len(bought) == 0 or bought[0] - 30 <= day < bought[0]
            touches.append(
                {"touch_id": f"{name}-{place}", "customer_id": name, "touchpoint": str(rng.choice(TOUCHPOINTS)),
                 "occurred_at": at(day), "position": place + 1 if inside else None, "record_table": "touches"}
            )  # fmt: skip
        orders += [
            {"order_id": f"{name}-o{place}", "customer_id": name, "sequence": place + 1, "ordered_at": at(day),
             "net_amount": Decimal(int(rng.integers(0, 500)))}
            for place, day in enumerate(bought)
        ]  # fmt: skip
        journeys.append(
            {"customer_id": name, "converted": len(bought) > 0, "ended_at": at(bought[0] if len(bought) else days[-1]),
             "touches": sum(len(bought) == 0 or bought[0] - 30 <= day < bought[0] for day in days)}
        )  # fmt: skip
        if rng.random() < 0.6:
            answers.append(
                {"response_id": name, "question_id": "q", "contact_id": f"k{number}" if rng.random() < 0.8 else None,
                 "metric": "nps", "score": float(rng.integers(0, 12)), "submitted_at": at(rng.uniform(0, 180))}
            )  # fmt: skip
    write_mart_rows(store, "journey_touches", touches)
    write_mart_rows(store, "journeys", journeys)
    write_mart_rows(store, "customer_orders", orders)
    write_mart_rows(store, "customer_links", [{"contact_id": f"k{n}", "customer_id": f"c{n}"} for n in range(300)])
    write_lake_rows(store, "surveys", answers)
    write_lake_rows(
        store,
        "ad_spend",
        [{"date": at(day).date(), "platform": "p", "touchpoint": str(rng.choice(("online_ads", "content"))),
          "spend": Decimal(100)} for day in range(50)],
    )  # fmt: skip
    return store


def at(day: float) -> datetime:
    """The instant so many days after the beginning, to the second."""
    return BEGIN + timedelta(seconds=round(float(day) * 86_400))


@pytest.fixture(scope="module")
def measured(store: Store) -> dict[str, dict[str | None, tuple[float, float]]]:
    found: dict[str, dict[str | None, tuple[float, float]]] = {}
    for row in measure(store, only=tuple(QUERIES)).rows:
        if row.numerator is not None and row.denominator is not None:
            found.setdefault(row.kpi, {})[row.touchpoint] = (row.numerator, row.denominator)
    return found


@pytest.mark.parametrize("kpi", QUERIES)
def test_kpi_by_touchpoint_equals_plain_sql(
    kpi: str, store: Store, measured: dict[str, dict[str | None, tuple[float, float]]]
) -> None:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for mart in ("journey_touches", "journeys", "customer_orders", "customer_links"):
        connection.read_parquet(str(store.audit.mart_file(mart))).create_view(mart)
    for table in ("surveys", "ad_spend"):
        connection.read_parquet([str(file) for file in store.audit.lake_files(table)]).create_view(table)
    expected = {
        touchpoint: (float(top), float(n)) for touchpoint, top, n in connection.execute(QUERIES[kpi]).fetchall()
    }
    assert measured[kpi].keys() == expected.keys()
    for touchpoint, figures in expected.items():
        assert measured[kpi][touchpoint] == pytest.approx(figures), touchpoint
