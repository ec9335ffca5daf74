"""Sales and loyalty KPIs over real purchases and deals: the numbers of independent calculations."""

from __future__ import annotations

from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pytest
from scipy import special

from tests.kpis.marts import write_mart_rows
from tests.lake import make_store, write_lake_rows
from tpaudit.kpis import measure
from tpaudit.results import KpiRow
from tpaudit.stats import bgnbd, gamma_gamma
from tpaudit.stats.bgnbd import BgNbd
from tpaudit.store import Store

SHARED = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the public data sets in ../shared/data")

CDNOW = SHARED / "cdnow_transactions.csv"
CDNOW_SETTINGS = """
[audit]
as_of = 1997-10-01
timezone = "UTC"
business_start = 1990-01-01
[kpi]
gross_margin = 0.5
discount_rate = 0.12
clv_days = 90
repeat_days = 180
"""


@pytest.fixture(scope="module")
def cdnow(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The purchases of 2,357 CD buyers, all of which were made by then, as paid orders."""
    store = make_store(tmp_path_factory.mktemp("cdnow"), CDNOW_SETTINGS)
    rows = duckdb.sql(f"""
        SELECT Id::VARCHAR AS id, Date::TIMESTAMP AS at, Price,
               row_number() OVER (PARTITION BY Id ORDER BY Date, Price) AS sequence
        FROM '{CDNOW}' WHERE Date::DATE < DATE '1997-10-01'
    """).fetchall()
    write_mart_rows(
        store,
        "customer_orders",
        [
            {"order_id": f"{customer}-{sequence}", "customer_id": customer, "sequence": sequence, "ordered_at": at,
             "net_amount": Decimal(f"{price:.4f}")}
            for customer, at, price, sequence in rows
        ],
    )  # fmt: skip
    return store


def overall(store: Store, kpi: str) -> KpiRow:
    (row,) = measure(store, by=[], only=[kpi]).rows
    return row


def test_predicted_value_is_that_of_the_published_formulas(cdnow: Store) -> None:
    """Histories by SQL, purchases by the paper's 2F1, amounts by the note's mean, discounted month by month."""
    found = duckdb.sql(f"""
        WITH days AS (
            SELECT Id AS id, Date::DATE AS day, sum(Price) AS amount FROM '{CDNOW}'
            WHERE Date::DATE < DATE '1997-10-01' GROUP BY ALL HAVING amount > 0),
        firsts AS (SELECT *, min(day) OVER (PARTITION BY id) AS first_day FROM days)
        SELECT count(*) - 1.0 AS x, max(day) - any_value(first_day) AS t_x,
               DATE '1997-10-01' - any_value(first_day) AS age,
               coalesce(avg(amount) FILTER (day > first_day), 0) AS mean
        FROM firsts GROUP BY id
    """).fetchnumpy()
    x, t_x, age, mean = (np.asarray(found[name], dtype=np.float64) for name in ("x", "t_x", "age", "mean"))
    buying = bgnbd.fit(x, t_x, age, np.ones(len(x)))
    spending = gamma_gamma.fit(x[x > 0], mean[x > 0])
    amount = spending.p * (spending.v + x * mean) / (spending.p * x + spending.q - 1)
    until = [np.zeros(len(x))] + [by_2f1(buying, x, t_x, age, days) for days in (30.0, 60.0, 90.0)]
    worth = sum((until[n] - until[n - 1]) / 1.12 ** (30 * n / 365) for n in (1, 2, 3)) * amount * 0.5
    row = overall(cdnow, "clv_predicted")
    assert row.n == len(x)
    assert row.value == pytest.approx(worth.mean(), rel=1e-5)
    # Histories and models are those of the literature: about a quarter of the year's first purchases come back.
    assert (buying.r, buying.alpha / 7, buying.a, buying.b) == pytest.approx((0.243, 4.41, 0.79, 2.43), rel=0.06)


def by_2f1(model: BgNbd, x: np.ndarray, t_x: np.ndarray, age: np.ndarray, ahead: float) -> np.ndarray:
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    hyper = special.hyp2f1(r + x, b + x, a + b + x - 1, ahead / (alpha + age + ahead))
    above = (a + b + x - 1) / (a - 1) * (1 - ((alpha + age) / (alpha + age + ahead)) ** (r + x) * hyper)
    left = np.where(x > 0, a / (b + x - 1) * ((alpha + age) / (alpha + t_x)) ** (r + x), 0.0)
    return np.asarray(above / (1 + left))


def test_value_to_date_and_repeat_purchase_are_those_of_plain_sql(cdnow: Store) -> None:
    total, buyers = duckdb.sql(f"""
        SELECT sum(Price), count(DISTINCT Id) FROM '{CDNOW}' WHERE Date::DATE < DATE '1997-10-01'
    """).fetchall()[0]
    row = overall(cdnow, "clv_historic")
    assert row.n == buyers
    assert row.value == pytest.approx(float(total) * 0.5 / buyers)

    again, old_enough = duckdb.sql(f"""
        WITH numbered AS (
            SELECT Id, Date::DATE AS day, row_number() OVER (PARTITION BY Id ORDER BY Date, Price) AS n
            FROM '{CDNOW}' WHERE Date::DATE < DATE '1997-10-01')
        SELECT count(*) FILTER (b.day <= a.day + 180), count(*)
        FROM numbered a LEFT JOIN numbered b ON a.Id = b.Id AND b.n = 2
        WHERE a.n = 1 AND a.day + 180 <= DATE '1997-10-01'
    """).fetchall()[0]
    row = overall(cdnow, "repeat_purchase_rate")
    assert (row.numerator, row.n) == (again, old_enough)


def test_sales_cycle_of_real_deals_by_origin(tmp_path: Path) -> None:
    """Every one of these leads was won, so that the Kaplan-Meier median is the plain one: the lower of the middle two."""
    store = make_store(tmp_path, '[audit]\nas_of = 2019-01-01\ntimezone = "UTC"\n')
    connection = duckdb.connect()
    connection.execute(f"""
        CREATE TABLE cycles AS
        SELECT mql_id, nullif(origin, '') AS origin, first_contact_date AS came,
               strptime(won_date::VARCHAR, '%m/%d/%Y %H:%M') AS won
        FROM '{SHARED / "olist_leads.csv"}'
        JOIN read_csv('{SHARED / "olist_deals.csv"}', types = {{'won_date': 'VARCHAR'}}) USING (mql_id)
    """)
    rows = connection.execute("SELECT mql_id, origin, came, won FROM cycles").fetchall()
    write_lake_rows(
        store,
        "leads",
        [{"lead_id": lead, "contact_id": lead, "touchpoint": origin, "created_at": datetime.combine(came, time.min, UTC)}
         for lead, origin, came, _ in rows],
    )  # fmt: skip
    write_lake_rows(
        store,
        "deals",
        [{"deal_id": lead, "contact_id": lead, "is_won": True, "closed_at": won.replace(tzinfo=UTC)}
         for lead, _, _, won in rows],
    )  # fmt: skip
    found = {row.touchpoint: (row.value, row.n) for row in measure(store, only=["sales_cycle_days"]).rows}
    # A deal won before its lead came in is a typing error in one of the two dates.
    query = """
        WITH days AS (SELECT *, epoch(won - came::TIMESTAMP) / 86400 AS days FROM cycles)
        SELECT {origin}, quantile_disc(days, 0.5), count(*) FROM days WHERE days >= 0 {only} GROUP BY ALL
    """
    expected = connection.execute(query.format(origin="origin", only="AND origin IS NOT NULL")).fetchall()
    expected += connection.execute(query.format(origin="NULL", only="")).fetchall()
    assert found.keys() == {origin for origin, _, _ in expected}
    for origin, median, n in expected:
        value, counted = found[origin]
        assert counted == n
        # Below ten deals no median is shown; times are counted to the hundredth of a day.
        assert value is None if n < 10 else value == pytest.approx(median, abs=0.0051)
