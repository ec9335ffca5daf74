"""Data that cannot answer: experience, service, hand-offs and cadence are absent with a reason, never zero."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tests.kpis.marts import write_mart_rows
from tests.lake import make_store, write_lake_rows
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
