"""What holds for every KPI whatever the data: ranges, slices that add up, and indifference to how rows are delivered."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.kpis.marts import write_mart_rows
from tests.kpis.test_cases import SHOWING_SMALL_SAMPLES
from tests.lake import make_store, write_lake_rows
from tpaudit.journeys import build
from tpaudit.kpis import measure, registry
from tpaudit.results import KpiResult, KpiRow
from tpaudit.store import Store

SETTINGS = '[audit]\nas_of = 2026-11-16\ntimezone = "Asia/Shanghai"\n' + SHOWING_SMALL_SAMPLES
BEGIN = datetime(2026, 3, 1)
CUSTOMERS = 150
TOUCHPOINTS = ("chat", "online_ads", "store_visit", "cart", "self_service", "hotline", "word_of_mouth")
# The random lake knows no renewals and no margin, too few of its buyers come back to predict anything, and fewer than
# half of its leads are won.
UNKNOWABLE = {"renewal_rate", "roi", "clv_predicted", "sales_cycle_days"}
Rows = dict[str, list[dict[str, Any]]]


def random_lake(seed: int) -> Rows:
    """Everything KPIs are counted from, without rhyme or reason: orders before touches, negative amounts, gaps."""
    rng = np.random.default_rng(seed)

    def at(latest: float = 255.0) -> datetime:
        return BEGIN + timedelta(seconds=int(rng.uniform(0, latest * 86_400)))

    def who() -> str | None:
        return f"k{rng.integers(CUSTOMERS)}" if rng.random() < 0.9 else None

    def perhaps(value: Any, chance: float = 0.7) -> Any:
        return value if rng.random() < chance else None

    rows: Rows = defaultdict(list)
    for number in range(900):
        rows["touches"].append(
            {"touch_id": f"t{number}", "contact_id": who(), "touchpoint": perhaps(str(rng.choice(TOUCHPOINTS)), 0.9),
             "channel": perhaps(str(rng.choice(["web", "sms", "phone"]))), "device": perhaps("mobile"),
             "campaign": perhaps(f"c{rng.integers(3)}"), "direction": str(rng.choice(["inbound", "outbound"])),
             "event": str(rng.choice(["View", "Message Sent", "Unsubscribed"])), "occurred_at": at(),
             "first_response_seconds": perhaps(float(rng.integers(0, 5000)), 0.2)}
        )  # fmt: skip
    for number in range(220):
        placed = at()
        paid = perhaps(placed + timedelta(minutes=3), 0.8)
        rows["orders"].append(
            {"order_id": f"o{number}", "contact_id": who(), "channel": "web", "created_at": placed, "paid_at": paid,
             "status": "paid" if paid else str(rng.choice(["created", "cancelled"])),
             "paid_amount": perhaps(Decimal(int(rng.integers(-20, 500))), 0.9),
             "refunded_amount": perhaps(Decimal(5), 0.1)}
        )  # fmt: skip
        rows["order_items"].append({"order_id": f"o{number}", "line_id": "1", "name": f"product {rng.integers(4)}"})
    for number in range(120):
        metric, scale = (("nps", 11), ("csat", 5), ("ces", 7))[number % 3]
        rows["surveys"].append(
            {"response_id": f"r{number}", "question_id": "q", "contact_id": who(), "metric": metric,
             "score": float(rng.integers(0 if metric == "nps" else 1, scale)), "submitted_at": at(),
             "is_complete": bool(rng.random() < 0.8)}
        )  # fmt: skip
        opened = at(200)
        solved = perhaps(opened + timedelta(hours=int(rng.integers(1, 200))))
        rows["tickets"].append(
            {"ticket_id": f"c{number}", "contact_id": who(), "channel": "phone", "created_at": opened,
             "type": str(rng.choice(["complaint", "question"])), "status": "closed" if solved else "open",
             "resolved_at": solved, "reopens": perhaps(int(rng.integers(0, 2)))}
        )  # fmt: skip
        won = rng.random() < 0.3
        rows["leads"].append(
            {"lead_id": f"l{number}", "contact_id": who(), "created_at": opened, "is_converted": won,
             "converted_at": opened + timedelta(days=9) if won else None, "status": "won" if won else "open",
             "first_response_at": perhaps(opened + timedelta(hours=5))}
        )  # fmt: skip
        rows["ad_spend"].append(
            {"date": at().date(), "platform": "p", "account_id": "a", "campaign_id": f"c{number}", "currency": "CNY",
             "touchpoint": "online_ads", "spend": perhaps(Decimal(30)), "impressions": 1000, "clicks": 20}
        )  # fmt: skip
    return rows


def audited(folder: Path, deliveries: list[Rows], settings: str = SETTINGS) -> Store:
    """An audit whose lake holds *deliveries*, with its journeys built."""
    folder.mkdir()
    store = make_store(folder, settings)
    for number, rows in enumerate(deliveries):
        for table, of_table in rows.items():
            write_lake_rows(store, table, of_table, export=f"week{number}")
    ids = range(CUSTOMERS)
    write_mart_rows(store, "customer_links", [{"contact_id": f"k{n}", "customer_id": f"p{n}"} for n in ids])
    write_mart_rows(
        store,
        "customers",
        [{"customer_id": f"p{n}", "is_member": n % 3 == 0, "is_identified": True, "confidence": 1 - n % 4 / 10}
         for n in ids],
    )  # fmt: skip
    build(store)
    return store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return audited(tmp_path_factory.mktemp("kpis") / "audit", [random_lake(1)])


@pytest.fixture(scope="module")
def by_touchpoint(store: Store) -> KpiResult:
    return measure(store)


def test_no_kpi_leaves_its_range_or_its_interval(by_touchpoint: KpiResult) -> None:
    measured = {row.kpi for row in by_touchpoint.rows}
    assert {info.id for info in by_touchpoint.kpis} - measured <= UNKNOWABLE
    for row in by_touchpoint.rows:
        assert 0 <= (row.n_high_confidence or 0) <= row.n, row
        if row.value is None:
            continue
        low, high = {"share": (0, 1), "nps": (-100, 100)}.get(row.unit, (-np.inf, np.inf))
        assert low <= row.value <= high, row
        if row.ci_low is not None and row.ci_high is not None:
            assert low <= row.ci_low <= row.value + 1e-9 and row.value - 1e-9 <= row.ci_high <= high, row


@pytest.mark.parametrize("by", ["hour", "weekday", "day", "month", "period"])
def test_touches_of_the_slices_of_time_add_up_to_all(store: Store, by: str) -> None:
    whole, *slices = measure(store, by=[by], only=["touches"]).rows
    assert sum(row.value or 0 for row in slices) == whole.value


@pytest.mark.parametrize("by", ["membership", "segment"])
def test_customers_are_in_one_slice_each(store: Store, by: str) -> None:
    found = measure(store, by=[by], only=["customers", "conversion_rate", "clv_historic", "purchase_frequency"])
    for kpi in {row.kpi for row in found.rows}:
        whole, *slices = (row for row in found.rows if row.kpi == kpi)
        assert sum(row.n for row in slices) == whole.n
        if whole.numerator is not None:
            assert sum(row.numerator or 0 for row in slices) == pytest.approx(whole.numerator)


def test_every_slice_is_cut_from_the_same_observations(store: Store) -> None:
    """Whatever is sliced by, the row over everything stays the same and no slice is larger."""
    expected = None
    for by in (["kind"], ["owner", "device"], ["campaign"], ["channel", "weekday"], ["cohort"], ["contact_frequency"]):
        found = measure(store, by=by, only=["nps", "touches", "aov", "first_response_p50"]).rows
        whole = {row.kpi: row for row in found if all(getattr(row, name) is None for name in by)}
        expected = expected or whole
        assert whole == expected
        assert all(row.n <= whole[row.kpi].n for row in found)


def test_products_slice_orders_and_nothing_else(store: Store) -> None:
    found = measure(store, by=["product"], only=["aov", "nps"])
    products = [row for row in found.rows if row.product]
    assert {row.kpi for row in found.rows} == {"aov"}
    # Every order of the random lake has one line.
    assert sum(row.denominator or 0 for row in products) == found.rows[0].denominator


def delivered_twice(rows: Rows) -> list[Rows]:
    """Weekly exports overlap: the second holds the first once more, and all of it in another order."""
    rng = np.random.default_rng(3)
    first = {table: of_table[: len(of_table) // 2] for table, of_table in rows.items()}
    return [first, {table: [of_table[n] for n in rng.permutation(len(of_table))] for table, of_table in rows.items()}]


def test_how_rows_are_delivered_changes_nothing(by_touchpoint: KpiResult, tmp_path: Path) -> None:
    again = measure(audited(tmp_path / "again", delivered_twice(random_lake(1))))
    assert [comparable(row) for row in again.rows] == [comparable(row) for row in by_touchpoint.rows]


def comparable(row: KpiRow) -> dict[str, Any]:
    """The row with floats that parallel sums may end differently rounded."""
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in row.model_dump().items()}


LOOKING_BACK = ("touches", "customers", "identified_share", "new_customers", "conversion_rate", "lead_conversion_rate",
                "aov", "nps", "csat", "ctr", "cac", "resolution_rate", "retention_rate", "reply_rate")  # fmt: skip


def test_looking_back_gives_the_figures_of_the_day(tmp_path: Path) -> None:
    """What was recorded since changes nothing, and how a lead or a case stands today does not count."""
    day = datetime(2026, 8, 31, 16)  # midnight in Shanghai
    settings = SETTINGS.replace("as_of = 2026-11-16", "as_of = 2026-08-31")
    assert settings != SETTINGS
    now = random_lake(2)
    began = {"touches": "occurred_at", "orders": "created_at", "surveys": "submitted_at", "tickets": "created_at",
             "leads": "created_at", "ad_spend": "date"}  # fmt: skip

    def known(row: dict[str, Any], table: str) -> bool:
        at = row[began[table]] if table in began else None
        paid = row.get("paid_at")
        return (at is None or (at < day if isinstance(at, datetime) else at <= day.date())) and (
            paid is None or paid < day
        )

    then = {table: [dict(row) for row in rows if known(row, table)] for table, rows in now.items()}
    for row in then["leads"]:
        if row["converted_at"] and row["converted_at"] >= day:
            row |= {"is_converted": False, "converted_at": None, "status": "open"}
    for row in then["tickets"]:
        if row["resolved_at"] and row["resolved_at"] >= day:
            row |= {"status": "open", "resolved_at": None}
    found = [
        [comparable(row) for row in measure(audited(tmp_path / name, [lake], settings), by=[], only=LOOKING_BACK).rows]
        for name, lake in (("now", now), ("then", then))
    ]
    assert {row["kpi"] for row in found[0]} == set(LOOKING_BACK)
    assert found[0] == found[1]


def test_an_empty_audit_has_no_kpis_and_says_what_they_need(tmp_path: Path) -> None:
    result = measure(make_store(tmp_path, SETTINGS))
    assert result.rows == ()
    assert result.skipped.keys() == {kpi.id for kpi in registry.load()}
