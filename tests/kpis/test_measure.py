"""What holds for every KPI: slices, periods, the mart, and the catalogue of definitions."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kpis.marts import write_mart_rows
from tests.kpis.test_cases import SHOWING_SMALL_SAMPLES
from tests.lake import make_store, write_lake_rows
from tpaudit.errors import UsageFault
from tpaudit.kpis import describe, measure
from tpaudit.kpis.facts import Facts
from tpaudit.kpis.period import Period
from tpaudit.stats.clusters import ClusterSums, effective_size
from tpaudit.stats.intervals import quantile_ranks, wilson
from tpaudit.store import Store

SHARED = Path(__file__).parents[3] / "shared" / "data"

CONTRACT_IDS = {
    "touches", "customers", "identified_share", "new_customers", "lead_conversion_rate", "cost_per_lead", "cac", "ctr",
    "roas", "touches_to_purchase", "days_to_purchase", "conversion_rate", "cart_abandonment_rate", "sales_cycle_days",
    "aov", "refund_rate", "cross_channel_conversion_rate", "nps", "csat", "ces", "complaint_rate",
    "survey_response_rate", "first_response_p50", "first_response_p90", "response_within_30m", "resolution_rate",
    "resolution_hours", "reopen_rate", "repeat_contact_7d", "retention_rate", "repeat_purchase_rate",
    "purchase_frequency", "churn_rate", "renewal_rate", "referral_share", "clv_historic", "clv_predicted",
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two customers, a chat with the answer's delay, and a shop visit."""
    store = make_store(tmp_path, SHOWING_SMALL_SAMPLES)
    touch = {"customer_id": "c1", "touchpoint": "chat", "stage": "consideration", "channel": "web", "position": 1}
    write_mart_rows(
        store,
        "journey_touches",
        [
            {"touch_id": "t1", "occurred_at": datetime(2026, 11, 9), "first_response_seconds": 60.0} | touch,
            {"touch_id": "t2", "occurred_at": datetime(2026, 11, 20)}
            | touch
            | {"touchpoint": "store_visit", "position": 2},
        ],
    )
    write_mart_rows(
        store, "journeys", [{"customer_id": "c1", "touches": 2, "ended_at": datetime(2026, 11, 20), "converted": False}]
    )
    return store


def test_definitions_are_complete_in_both_languages() -> None:
    infos = describe()
    assert {info.id for info in infos} >= CONTRACT_IDS
    for info in infos:
        for text in (info.title, info.definition, info.needs):
            assert text is not None and text.en.strip() and text.zh.strip()
        assert info.formula and info.source and info.unit


def test_kpis_without_data_are_skipped_with_a_reason_and_never_zero(store: Store) -> None:
    result = measure(store)
    assert result.skipped["cac"].en == "advertising spend and new customers"
    measured = {row.kpi for row in result.rows}
    assert measured == {"customers", "touches", "identified_share", "touches_per_customer", "repeat_contact_rate",
                        "first_touch_share", "conversion_rate", "first_response_p50", "first_response_p90",
                        "response_within_30m"}  # fmt: skip
    assert measured.isdisjoint(result.skipped)


def test_default_call_writes_the_mart_and_others_do_not(store: Store) -> None:
    measure(store, by=["stage"], only=["touches"])
    assert not store.audit.mart_file("kpis").exists()
    result = measure(store)
    mart = pq.read_table(store.audit.mart_file("kpis")).to_pylist()
    assert len(mart) == len(result.rows)
    key = ("kpi", "touchpoint", "value", "n", "grade", "windows", "as_of", "timezone", "week_start")
    assert {tuple(row[name] for name in key) for row in mart} == {
        tuple(getattr(row, name) for name in key) for row in result.rows
    }


def test_slices_combine(store: Store) -> None:
    rows = measure(store, by=["touchpoint", "channel", "month"], only=["touches"]).rows
    found = [(row.touchpoint, row.channel, row.period_start, row.period_end, row.value) for row in rows]
    november = (date(2026, 11, 1), date(2026, 11, 30))
    assert found == [
        (None, None, None, None, 2.0),
        ("chat", "web", *november, 1.0),
        ("store_visit", "web", *november, 1.0),
    ]


def test_period_keeps_the_days_on_the_audits_clock(store: Store) -> None:
    rows = measure(store, by=[], period="2026-W46", only=["touches"]).rows
    assert [(row.value, row.period_start, row.period_end) for row in rows] == [
        (1.0, date(2026, 11, 9), date(2026, 11, 15))
    ]


def test_spend_of_a_range_of_days_is_spread_over_them(store: Store) -> None:
    report = {"platform": "meta", "account_id": "a", "touchpoint": "online_ads", "currency": "CNY"}
    days = [
        {"date": date(2026, 11, 12), "date_end": date(2026, 11, 21), "spend": 100},
        {"date": date(2026, 11, 2), "date_end": date(2026, 11, 1), "spend": 5},
    ]
    write_lake_rows(store, "ad_spend", [report | row for row in days])

    spend = Facts(store).spend
    per_day = spend.group_by(day=spend.occurred_at.date().cast("string")).agg(spend=spend.spend.sum())
    found = {row["day"]: row["spend"] for row in store.engine.fetch_rows(per_day)}

    # A day begins at 16:00 UTC of the one before on the audit's clock. The range that ends before it starts is its first day.
    assert found == {f"2026-11-{day}": pytest.approx(10) for day in range(11, 21)} | {"2026-11-01": pytest.approx(5)}


def test_every_row_says_on_whose_clock_until_when_and_how_far_it_looks(store: Store) -> None:
    """A value handed on as CSV or Parquet stands alone: what it rests on stands in its row."""
    result = measure(store, only=["touches", "conversion_rate"])
    frame = {(row.as_of, row.timezone, row.week_start) for row in result.rows}
    assert frame == {(store.audit.as_of, "Asia/Shanghai", "monday")}
    assert {row.kpi: row.windows for row in result.rows}["conversion_rate"] == "journey.window_days = 30"
    assert result.windows["conversion_rate"] == "journey.window_days = 30"
    assert (result.as_of, result.week_start) == (store.audit.as_of, "monday")


def test_windows_name_settings_there_are(store: Store) -> None:
    settings = store.audit.config.settings
    for info in describe():
        for name in info.windows:
            section, _, setting = name.partition(".")
            assert isinstance(getattr(getattr(settings, section), setting), int), name


@pytest.mark.parametrize("by", [["tuchpoint"], ["period", "month"]])
def test_impossible_slices_are_refused(store: Store, by: list[str]) -> None:
    with pytest.raises(UsageFault):
        measure(store, by=by)


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-W60", "2026-13", "2026-02-30..2026-03-01", "2026-10-02..2026-10-01"]
)
def test_unreadable_periods_are_refused(text: str) -> None:
    with pytest.raises(UsageFault):
        Period.parse(text)


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 1, 1)))
def test_every_day_lies_in_its_week_and_month(day: date) -> None:
    year, week, _ = day.isocalendar()
    for text in (f"{year}-W{week:02}", f"{day:%Y-%m}", f"{day}..{day}"):
        period = Period.parse(text)
        assert period.start <= day <= period.end


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the public data sets in ../shared/data")
def test_lead_conversion_of_real_leads_equals_plain_sql(tmp_path: Path) -> None:
    leads = csv.read_csv(SHARED / "olist_leads.csv")
    deals = csv.read_csv(
        SHARED / "olist_deals.csv", convert_options=csv.ConvertOptions(column_types={"won_date": pa.string()})
    )
    won_at = pc.strptime(deals["won_date"], format="%m/%d/%Y %H:%M", unit="us")
    store = make_store(tmp_path)
    write_lake_rows(
        store,
        "leads",
        [
            {"lead_id": row["mql_id"], "contact_id": row["mql_id"], "touchpoint": row["origin"] or None,
             "created_at": datetime.combine(row["first_contact_date"], time.min)}
            for row in leads.to_pylist()
        ],
    )  # fmt: skip
    write_lake_rows(
        store,
        "deals",
        [
            {"deal_id": lead, "contact_id": lead, "is_won": True, "closed_at": at}
            for lead, at in zip(deals["mql_id"].to_pylist(), won_at.to_pylist(), strict=True)
        ],
    )
    found = {row.touchpoint: (row.numerator, row.n) for row in measure(store, only=["lead_conversion_rate"]).rows}
    won = deals.append_column("won_at", won_at)  # noqa: F841  DuckDB reads the variable by name
    expected = duckdb.sql("""
        SELECT nullif(origin, '') AS origin, count(won.won_at), count(*)
        FROM leads LEFT JOIN won USING (mql_id) GROUP BY 1
    """).fetchall()
    by_origin = {origin: (float(hits), n) for origin, hits, n in expected if origin}
    overall = tuple(sum(float(row[column]) for row in expected) for column in (1, 2))
    assert found == by_origin | {None: overall}


def test_contacts_of_one_customer_count_by_their_effective_size(tmp_path: Path) -> None:
    """The engine's sums over customers give what numpy's give; unknown customers are one each."""
    store = make_store(tmp_path, '[audit]\ntimezone = "UTC"\n')
    rng = np.random.default_rng(9)
    customers = np.repeat(np.arange(30), rng.geometric(0.3, 30))
    waits = rng.exponential(20.0, 30)[customers] + rng.exponential(10.0, len(customers))
    touches = [
        {"touch_id": f"t{n}", "customer_id": f"c{customer}" if customer % 3 else None, "touchpoint": "chat",
         "occurred_at": datetime(2026, 10, 1), "first_response_seconds": float(wait * 60)}
        for n, (customer, wait) in enumerate(zip(customers, waits, strict=True))
    ]  # fmt: skip
    write_mart_rows(store, "journey_touches", touches)
    clusters = np.where(customers % 3, customers, 1000 + np.arange(len(customers)))

    def size(hits: np.ndarray) -> float:
        n, x = (column[column[:, 0] > 0, 1] for column in (
            np.column_stack([np.bincount(clusters), each]) for each in (np.bincount(clusters), np.bincount(clusters, hits))
        ))  # fmt: skip
        return effective_size(ClusterSums(n=len(hits), clusters=len(n), x=hits.sum(), xx=hits.sum(), nn=n @ n, nx=n @ x,
                                          cx=x @ x))  # fmt: skip

    found = {
        (row.kpi, row.touchpoint): row
        for row in measure(store, only=["response_within_30m", "first_response_p50"]).rows
    }
    in_time = (waits <= 30).astype(float)
    worth = size(in_time)
    assert worth < 0.9 * len(waits)
    for place in (None, "chat"):
        row = found["response_within_30m", place]
        assert (row.ci_low, row.ci_high) == pytest.approx(wilson(in_time.mean() * worth, worth), rel=1e-6)
        row = found["first_response_p50", place]
        ranks = quantile_ranks(len(waits), 0.5, effective=size((waits <= np.quantile(waits, 0.5)).astype(float)))
        assert ranks is not None
        assert (row.ci_low, row.ci_high) == pytest.approx(tuple(np.sort(waits)[rank - 1] for rank in ranks), rel=1e-6)
