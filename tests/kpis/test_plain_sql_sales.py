"""Reach, engagement, conversion and loyalty over a few hundred random customers: the numbers of independent plain SQL."""

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

SETTINGS = '[audit]\nas_of = 2026-11-16\ntimezone = "UTC"\n[kpi]\nmin_n = 1\ncac_lag_days = 5\ngross_margin = 0.3\n'
BEGIN = datetime(2026, 3, 18)
# Up to the audit's day and a little into it.
SPAN = 243.3
TOUCHPOINTS = ("chat", "content", "cart", "online_ads", "word_of_mouth")
NOW = "TIMESTAMPTZ '2026-11-16 00:00:00+00'"

# Every query gives touchpoint, numerator, denominator (NULL for counts); the row without a touchpoint is over all.
JOURNEY_STEPS = """
    won AS (SELECT customer_id, ended_at AS at, value FROM journeys WHERE converted UNION ALL
            SELECT customer_id, ordered_at, net_amount FROM customer_orders o WHERE sequence = 1
            AND customer_id NOT IN (SELECT customer_id FROM journeys WHERE converted)),
    steps AS (SELECT customer_id, touchpoint FROM journey_touches WHERE position IS NOT NULL),
    met AS (SELECT DISTINCT * FROM steps)
"""
RETAINED = f"""
    WITH buyers AS (
        SELECT customer_id, bool_or(ordered_at >= {NOW} - INTERVAL 90 DAY) AS back FROM customer_orders
        GROUP BY 1 HAVING bool_or(ordered_at >= {NOW} - INTERVAL 180 DAY AND ordered_at < {NOW} - INTERVAL 90 DAY)),
    met AS (
        SELECT DISTINCT customer_id, touchpoint FROM journey_touches WHERE record_table <> 'orders'
        AND occurred_at >= {NOW} - INTERVAL 180 DAY AND occurred_at < {NOW} - INTERVAL 90 DAY)
    SELECT NULL, count(*) FILTER (WHERE {{hit}}), count(*) FROM buyers
    UNION ALL SELECT touchpoint, count(*) FILTER (WHERE {{hit}}), count(*) FROM buyers JOIN met USING (customer_id) GROUP BY 1
"""
RETURN = f"""
    WITH {JOURNEY_STEPS},
    paid AS (SELECT touchpoint, sum(spend) AS spend FROM ad_spend GROUP BY 1),
    earned AS (
        SELECT touchpoint, sum(value * part) AS earned FROM (
            SELECT customer_id, touchpoint, 1.0 / count(*) OVER (PARTITION BY customer_id) AS part FROM steps)
        JOIN won USING (customer_id) GROUP BY 1)
    SELECT touchpoint, {{margin}} * earned - {{cost}} * spend, spend FROM paid JOIN earned USING (touchpoint)
    UNION ALL SELECT NULL, {{margin}} * sum(earned) - {{cost}} * sum(spend), sum(spend) FROM paid JOIN earned USING (touchpoint)
"""
PER_BUYER = f"""
    WITH {JOURNEY_STEPS}, buyers AS (SELECT customer_id, {{value}} AS value FROM customer_orders {{only}} GROUP BY 1)
    SELECT NULL, sum(value), count(*) FROM buyers
    UNION ALL SELECT touchpoint, sum(value), count(*) FROM buyers JOIN met USING (customer_id) GROUP BY 1
"""
QUERIES = {
    "new_customers": f"""
        WITH {JOURNEY_STEPS}
        SELECT NULL, count(*), NULL FROM won
        UNION ALL SELECT touchpoint, count(*), NULL FROM won JOIN met USING (customer_id)
        WHERE customer_id IN (SELECT customer_id FROM journeys WHERE converted) GROUP BY 1
    """,
    "cost_per_lead": """
        WITH came AS (SELECT lead_id, customer_id, created_at FROM leads LEFT JOIN customer_links USING (contact_id)),
        credit AS (
            SELECT touchpoint, 1.0 / count(*) OVER (PARTITION BY lead_id) AS part
            FROM came JOIN journey_touches t USING (customer_id)
            WHERE record_table <> 'orders' AND t.occurred_at < created_at
            AND t.occurred_at >= created_at - INTERVAL 30 DAY)
        SELECT NULL, (SELECT sum(spend) FROM ad_spend), count(*) FROM came
        UNION ALL
        SELECT touchpoint, any_value(total), sum(part)
        FROM credit JOIN (SELECT touchpoint, sum(spend) AS total FROM ad_spend GROUP BY 1) USING (touchpoint) GROUP BY 1
    """,
    "ctr": """
        SELECT touchpoint, sum(clicks), sum(impressions) FROM ad_spend WHERE clicks IS NOT NULL
        GROUP BY GROUPING SETS ((), (touchpoint))
    """,
    "cpc": """
        SELECT touchpoint, sum(spend), sum(clicks) FROM ad_spend WHERE clicks IS NOT NULL
        GROUP BY GROUPING SETS ((), (touchpoint))
    """,
    "roas": RETURN.format(margin="1.0", cost="0.0"),
    "roi": RETURN.format(margin="0.3", cost="1.0"),
    "touches_per_customer": """
        SELECT touchpoint, count(*), count(DISTINCT customer_id) FROM journey_touches WHERE customer_id IS NOT NULL
        GROUP BY GROUPING SETS ((), (touchpoint))
    """,
    "repeat_contact_rate": """
        WITH met AS (
            SELECT touchpoint, customer_id, count(*) AS times FROM journey_touches
            WHERE customer_id IS NOT NULL AND record_table <> 'orders'
            GROUP BY GROUPING SETS ((customer_id), (touchpoint, customer_id)))
        SELECT touchpoint, count(*) FILTER (times > 1), count(*) FROM met GROUP BY 1
    """,
    "first_touch_share": """
        WITH firsts AS (SELECT * FROM journey_touches WHERE position = 1)
        SELECT NULL, count(*), count(*) FROM firsts
        UNION ALL SELECT touchpoint, count(*), (SELECT count(*) FROM firsts) FROM firsts GROUP BY 1
    """,
    "cart_abandonment_rate": f"""
        WITH carts AS (
            SELECT customer_id, occurred_at AS filled FROM journey_touches
            WHERE touchpoint = 'cart' AND customer_id IS NOT NULL),
        lasts AS (
            SELECT filled,
                (SELECT min(n.filled) FROM carts n WHERE n.customer_id = c.customer_id AND n.filled > c.filled) AS next_cart,
                (SELECT min(ordered_at) FROM customer_orders o
                 WHERE o.customer_id = c.customer_id AND ordered_at >= c.filled) AS next_order
            FROM carts c WHERE filled <= {NOW} - INTERVAL 24 HOUR),
        judged AS (
            SELECT coalesce(next_order <= filled + INTERVAL 24 HOUR AND (next_cart IS NULL OR next_order <= next_cart), false)
                AS ordered, coalesce(next_cart <= filled + INTERVAL 24 HOUR, false) AS goes_on FROM lasts)
        SELECT unnest([NULL, 'cart']), count(*) FILTER (NOT ordered), count(*) FROM judged WHERE ordered OR NOT goes_on
    """,
    "payment_rate": f"""
        WITH placed AS (
            SELECT order_id, customer_id, created_at, status NOT IN ('pending', 'cancelled') AS paid
            FROM orders LEFT JOIN customer_links USING (contact_id) WHERE created_at <= {NOW} - INTERVAL 24 HOUR),
        met AS (
            SELECT DISTINCT order_id, paid, touchpoint FROM placed JOIN journey_touches t USING (customer_id)
            WHERE record_table <> 'orders' AND t.occurred_at < created_at
            AND t.occurred_at >= created_at - INTERVAL 30 DAY)
        SELECT NULL, count(*) FILTER (paid), count(*) FROM placed
        UNION ALL SELECT touchpoint, count(*) FILTER (paid), count(*) FROM met GROUP BY 1
    """,
    "cross_channel_conversion_rate": f"""
        WITH {JOURNEY_STEPS}, crossing AS (SELECT * FROM journeys WHERE channels >= 2)
        SELECT NULL, count(*) FILTER (converted), count(*) FROM crossing
        UNION ALL SELECT touchpoint, count(*) FILTER (converted), count(*) FROM crossing JOIN met USING (customer_id) GROUP BY 1
    """,
    "retention_rate": RETAINED.format(hit="back"),
    "churn_rate": RETAINED.format(hit="NOT back"),
    "purchase_frequency": PER_BUYER.format(value="count(*)", only=f"WHERE ordered_at >= {NOW} - INTERVAL 365 DAY"),
    "clv_historic": PER_BUYER.format(value="0.3 * sum(net_amount)", only=""),
    "referral_share": f"""
        WITH {JOURNEY_STEPS}, judged AS (
            SELECT customer_id, bool_or(touchpoint = 'word_of_mouth') AS referred FROM won JOIN steps USING (customer_id) GROUP BY 1)
        SELECT NULL, count(*) FILTER (referred), count(*) FROM judged
    """,
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """400 customers with touches, orders before, between and after them, leads, and advertising."""
    store = make_store(tmp_path_factory.mktemp("audit"), SETTINGS)
    rng = np.random.default_rng(12)
    touches: list[dict[str, Any]] = []
    journeys, orders, placed, leads = [], [], [], []
    for number in range(400):
        name, contact = f"c{number}", f"k{number}"
        days = np.sort(rng.uniform(0, SPAN, rng.integers(0, 12)))
        bought = np.sort(rng.uniform(0, SPAN, rng.integers(0, 4)))
        inside = [len(bought) == 0 or bought[0] - 30 <= day < bought[0] for day in days]
        channels = rng.choice(("web", "app", "phone"), len(days))
        for place, day in enumerate(days):
            touches.append(
                {"touch_id": f"{name}-{place}", "customer_id": name, "touchpoint": str(rng.choice(TOUCHPOINTS)),
                 "channel": str(channels[place]), "occurred_at": at(day),
                 "position": sum(inside[: place + 1]) if inside[place] else None,
                 "record_table": "orders" if rng.random() < 0.1 else "touches"}
            )  # fmt: skip
        orders += [
            {"order_id": f"{name}-o{place}", "customer_id": name, "sequence": place + 1, "ordered_at": at(day),
             "net_amount": Decimal(int(rng.integers(-50, 500)))}
            for place, day in enumerate(bought)
        ]  # fmt: skip
        placed += [
            {
                "order_id": order["order_id"],
                "contact_id": contact,
                "status": "completed",
                "created_at": order["ordered_at"],
            }
            for order in orders[len(orders) - len(bought) :]
        ]
        placed += [
            {"order_id": f"{name}-x{place}", "contact_id": contact, "created_at": at(rng.uniform(0, SPAN)),
             "status": str(rng.choice(("pending", "cancelled")))}
            for place in range(rng.integers(0, 3))
        ]  # fmt: skip
        if any(inside):
            journeys.append(
                {"customer_id": name, "converted": len(bought) > 0, "touches": sum(inside),
                 "ended_at": at(bought[0] if len(bought) else days[-1]),
                 "channels": len(set(channels[np.array(inside)])),
                 "value": orders[-len(bought)]["net_amount"] if len(bought) else None}
            )  # fmt: skip
        if rng.random() < 0.5:
            leads.append({"lead_id": name, "contact_id": contact, "created_at": at(rng.uniform(0, SPAN))})
    touches += [
        {"touch_id": f"unknown-{n}", "touchpoint": "cart", "channel": "web", "record_table": "touches",
         "occurred_at": at(n)} for n in range(20)
    ]  # fmt: skip
    write_mart_rows(store, "journey_touches", touches)
    write_mart_rows(store, "journeys", journeys)
    write_mart_rows(store, "customer_orders", orders)
    write_mart_rows(store, "customer_links", [{"contact_id": f"k{n}", "customer_id": f"c{n}"} for n in range(400)])
    write_lake_rows(store, "orders", placed)
    write_lake_rows(store, "leads", leads)
    write_lake_rows(
        store,
        "ad_spend",
        [{"date": at(day).date(), "platform": "p", "touchpoint": str(rng.choice(("online_ads", "content"))),
          "spend": Decimal(int(rng.integers(0, 90))), "impressions": int(rng.integers(100, 900)),
          "clicks": int(rng.integers(0, 50)) if rng.random() < 0.9 else None} for day in range(200)],
    )  # fmt: skip
    return store


def at(day: float) -> datetime:
    """The instant so many days after the beginning, to the second."""
    return BEGIN + timedelta(seconds=round(float(day) * 86_400))


Figures = dict[str, dict[str | None, tuple[float, float | None]]]


@pytest.fixture(scope="module")
def measured(store: Store) -> Figures:
    found: Figures = {}
    for row in measure(store, only=list(QUERIES)).rows:
        # A touchpoint with spend that won nobody has no cost: rows without a value are not compared.
        if row.value is not None and row.numerator is not None:
            found.setdefault(row.kpi, {})[row.touchpoint] = (row.numerator, row.denominator)
    return found


@pytest.mark.parametrize("kpi", QUERIES)
def test_kpi_by_touchpoint_equals_plain_sql(kpi: str, store: Store, measured: Figures) -> None:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for mart in ("journey_touches", "journeys", "customer_orders", "customer_links"):
        connection.read_parquet(str(store.audit.mart_file(mart))).create_view(mart)
    for table in ("orders", "leads", "ad_spend"):
        connection.read_parquet([str(file) for file in store.audit.lake_files(table)]).create_view(table)
    expected = {
        touchpoint: (float(top), None if n is None else float(n))
        for touchpoint, top, n in connection.execute(QUERIES[kpi]).fetchall()
    }
    assert measured[kpi].keys() == expected.keys()
    for touchpoint, figures in expected.items():
        assert measured[kpi][touchpoint] == pytest.approx(figures), touchpoint


def test_churn_is_what_retention_leaves(measured: Figures) -> None:
    for touchpoint, (kept, n) in measured["retention_rate"].items():
        assert n is not None
        assert measured["churn_rate"][touchpoint] == (n - kept, n)


def test_first_touches_add_up(measured: Figures) -> None:
    firsts = measured["first_touch_share"]
    assert sum(count for touchpoint, (count, _) in firsts.items() if touchpoint) == firsts[None][0]
