"""Data that cannot answer: experience, service, hand-offs and cadence are absent with a reason, never zero."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.kpis.marts import write_mart_rows
from tests.lake import make_store, write_lake_rows
from tpaudit.journeys import build
from tpaudit.kpis import describe, measure

FAMILIES = ("experience", "service", "handoffs", "cadence")
SETTINGS = '[audit]\nas_of = 2026-11-16\ntimezone = "Asia/Shanghai"\n[kpi]\nmin_n = 1\n'


def test_nothing_is_measured_where_there_is_nothing(tmp_path: Path) -> None:
    result = measure(make_store(tmp_path, SETTINGS), only=FAMILIES)
    assert result.rows == ()
    assert result.left_out == {}
    assert result.skipped.keys() == {info.id for info in describe() if info.family in FAMILIES}


def test_one_contact_of_one_customer_is_measured_as_far_as_it_goes(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    contact = {"touch_id": "m1", "record_id": "m1", "record_table": "touches", "customer_id": "c1", "channel": "sms",
               "direction": "outbound", "event": "Message Sent", "occurred_at": datetime(2026, 10, 1, 4)}  # fmt: skip
    write_mart_rows(store, "journey_touches", [contact])
    found = {row.kpi: row.value for row in measure(store, by=(), only=FAMILIES).rows}
    # One contact a week, at noon, unanswered; what it said, and whether anybody ever withdrew, is unknown.
    assert found == {"contacts_per_week": 1, "overcontact_share": 0, "quiet_hours_share": 0, "reply_rate": 0}


def test_contacts_at_impossible_times_count_nowhere(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    contact = {"customer_id": "c1", "direction": "outbound", "channel": "sms", "campaign": "sale"}
    days = [datetime(1970, 1, 1), datetime(2031, 1, 1), None]
    write_mart_rows(
        store,
        "journey_touches",
        [contact | {"touch_id": f"m{place}", "occurred_at": day} for place, day in enumerate(days)],
    )
    result = measure(store, by=(), only=("cadence", "dormant_contact_share"))
    assert (result.rows, result.left_out) == ((), {})


def test_a_lead_before_any_touch_and_without_customer_is_no_failed_hand_off(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    write_lake_rows(store, "leads", [{"lead_id": "l1", "created_at": datetime(2026, 6, 1)}, {"lead_id": "l2"}])
    result = measure(store, by=(), only=("handoffs",))
    assert result.rows == ()
    assert "lead_untouched_rate" in result.skipped


def spend(**columns: object) -> dict[str, object]:
    return {
        "date": date(2026, 10, 1),
        "platform": "p",
        "account_id": "a",
        "currency": "CNY",
        "touchpoint": "online_ads",
    } | columns


def test_one_customer_with_one_touch_has_the_kpis_of_one_touch(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    write_lake_rows(store, "touches", [{"touch_id": "t1", "contact_id": "k1", "event": "Visit", "touchpoint": "website",
                                        "stage": "awareness", "occurred_at": datetime(2026, 8, 1)}])  # fmt: skip
    write_mart_rows(store, "customer_links", [{"contact_id": "k1", "customer_id": "c1"}])
    write_mart_rows(store, "customers", [{"customer_id": "c1", "is_identified": True, "confidence": 1.0}])
    build(store)
    result = measure(store, by=())
    found = {row.kpi: row.value for row in result.rows}
    assert found == {"customers": 1, "touches": 1, "identified_share": 1, "touches_per_customer": 1,
                     "repeat_contact_rate": 0, "first_touch_share": 1, "conversion_rate": 0}  # fmt: skip
    assert found.keys() | result.skipped.keys() == {info.id for info in describe()}
    # One observation leaves a share open, and has no spread to tell a mean by.
    rows = {row.kpi: row for row in result.rows}
    assert (rows["conversion_rate"].ci_low, rows["conversion_rate"].ci_high) == (0, pytest.approx(0.7935, abs=1e-4))
    assert rows["touches_per_customer"].ci_low is None


def test_spend_without_touches_has_the_advertising_s_own_kpis_and_no_cost_per_customer(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    write_lake_rows(store, "ad_spend", [spend(spend=Decimal(50), impressions=1000, clicks=20)])
    result = measure(store, by=(), only=("reach",))
    assert {row.kpi: row.value for row in result.rows} == {"ctr": 0.02, "cpc": 2.5}
    assert {"cac", "cost_per_lead", "roas", "roi"} <= result.skipped.keys()


def test_where_every_cost_is_unknown_no_cost_is_zero(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    write_lake_rows(store, "ad_spend", [spend(impressions=1000, clicks=20)])
    write_mart_rows(store, "customer_orders", [{"order_id": "o1", "customer_id": "c1", "sequence": 1,
                                                "ordered_at": datetime(2026, 10, 2), "net_amount": Decimal(9)}])  # fmt: skip
    result = measure(store, by=(), only=("reach",))
    assert {row.kpi: row.value for row in result.rows} == {"ctr": 0.02, "new_customers": 1}
    assert {"cac", "cpc", "cost_per_lead", "roas", "roi"} <= result.skipped.keys()


def test_orders_before_any_touch_and_negative_amounts_count_as_they_are(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    orders = [{"order_id": f"o{n}", "customer_id": f"c{n}", "sequence": 1, "ordered_at": datetime(2026, 9, 1),
               "net_amount": Decimal(amount)} for n, amount in enumerate((100, 60, -40))]  # fmt: skip
    write_mart_rows(store, "customer_orders", orders)
    late = {"touch_id": "t1", "customer_id": "c0", "touchpoint": "chat", "occurred_at": datetime(2026, 10, 1)}
    write_mart_rows(store, "journey_touches", [late])
    rows = {(row.kpi, row.touchpoint): row for row in measure(store, only=("aov", "days_to_purchase")).rows}
    # The touch came after the order: no touchpoint led to it, and no journey ended with it.
    assert rows.keys() == {("aov", None)}
    aov = rows["aov", None]
    assert aov.value == 40
    # Amounts below zero there are, so the mean may be below it: 40 -+ 4.3027 x 72.111 / sqrt(3).
    assert (aov.ci_low, aov.ci_high) == (pytest.approx(-139.13, abs=0.01), pytest.approx(219.13, abs=0.01))
