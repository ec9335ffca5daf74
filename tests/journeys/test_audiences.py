from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import pytest

from tests.journeys.test_segments import ORDERS, TOUCHES
from tests.journeys.world import at, audit_with, touch
from tests.kpis.marts import write_mart_rows
from tpaudit import journeys
from tpaudit.errors import UsageFault
from tpaudit.journeys.audiences import audience
from tpaudit.reports import plain
from tpaudit.store import Store

LINKS = {"new": "new", "best": "best", "risk": "risk", "risk_crm": "risk", "lead": "lead", "won": "won",
         "asker": "asker", "looker": "looker"}  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    leads = [
        {
            "lead_id": "l1",
            "contact_id": "lead",
            "status": "working",
            "created_at": at("10-20 08:00"),
            "owner_name": "王小芳",
        },
        {
            "lead_id": "l2",
            "contact_id": "won",
            "status": "working",
            "is_converted": True,
            "created_at": at("10-20 08:00"),
        },
        {
            "lead_id": "l3",
            "contact_id": "risk_crm",
            "status": "won",
            "created_at": at("05-20 08:00"),
            "owner_name": "销售一组",
        },
        {
            "lead_id": "l4",
            "contact_id": "risk_crm",
            "status": "won",
            "created_at": at("06-20 08:00"),
            "owner_id": "kf-017",
        },
    ]
    store = audit_with(
        tmp_path_factory.mktemp("audience"),
        LINKS,
        orders=[row for row in ORDERS if row["contact_id"] in LINKS],
        touches=[*TOUCHES, touch(9, "looker", "10-01 12:00", "page_view", touchpoint="website")],
        leads=leads,
        tickets=[{"ticket_id": "k1", "contact_id": "asker", "status": "pending", "created_at": at("11-01 23:59")}],
        consents=[
            {"contact_id": "risk", "channel": "sms", "purpose": "marketing", "status": "granted"},
            {"contact_id": "risk_crm", "channel": "sms", "purpose": "marketing", "status": "withdrawn"},
            {"contact_id": "risk", "channel": "email", "purpose": "marketing", "status": "denied"},
        ],
        contacts=[{"contact_id": "looker", "tags": ["来源-百度"]}],
    )
    write_mart_rows(store, "customers", [
        {"customer_id": "risk", "full_name": "张小伟", "phone": "+8613812345678", "email": "wei@163.com"},
        {"customer_id": "best", "full_name": "=HYPERLINK(1)"},
    ])  # fmt: skip
    journeys.build(store)
    return store


def test_a_segment_is_an_audience_with_owner_refusals_and_masked_people(store: Store) -> None:
    (row,) = audience(store, "at_risk").rows
    assert row.customer_id == "risk"
    assert (row.full_name, row.phone, row.email) == ("张**", "+86138****5678", "w***@163.com")
    assert (row.orders, row.net_amount, row.last_order) == (1, 20.0, date(2026, 8, 17))
    # The newest lead's; one record's refusal is the person's.
    assert (row.lead_owner, row.refused_channels) == ("kf-017", ("email", "sms"))


def test_people_are_shown_on_request(store: Store) -> None:
    (row,) = audience(store, "at_risk", show_pii=True).rows
    assert (row.full_name, row.phone, row.email) == ("张小伟", "+8613812345678", "wei@163.com")


def test_silent_are_those_who_wait_or_bought_and_were_not_met_for_two_weeks(store: Store) -> None:
    result = audience(store, "silent")
    # `new` bought 15 days ago, `asker` waits for 15; `best` chatted 3 days ago, `won` and `looker` wait for nothing.
    assert {row.customer_id for row in result.rows} == {"new", "risk", "lead", "asker"}
    assert result.silent_days == 14
    assert [row.net_amount for row in result.rows] == [20.0, 10.0, None, None]


def test_a_tag_is_an_audience(store: Store) -> None:
    assert [row.customer_id for row in audience(store, "来源-百度").rows] == ["looker"]


def test_a_known_segment_may_be_empty_and_an_unknown_audience_names_the_others(store: Store) -> None:
    assert audience(store, "lost").rows == ()
    with pytest.raises(UsageFault, match="did you mean 'at_risk'") as told:
        audience(store, "at_rsk")
    assert told.value.hint is not None
    assert "silent" in told.value.hint
    assert "来源-百度" in told.value.hint


def test_the_csv_keeps_phones_and_disarms_formulas(store: Store) -> None:
    rows = list(csv.DictReader(io.StringIO(plain.to_csv(audience(store, "at_risk", show_pii=True)))))
    assert rows[0]["phone"] == "+8613812345678"
    rows = list(csv.DictReader(io.StringIO(plain.to_csv(audience(store, "high_value", show_pii=True)))))
    assert rows[0]["full_name"] == "'=HYPERLINK(1)"


def test_the_parquet_has_typed_days(store: Store, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    plain.write_parquet(audience(store, "silent"), tmp_path / "silent.parquet")
    table = pq.read_table(tmp_path / "silent.parquet")
    assert str(table.schema.field("last_order").type) == "date32[day]"
    assert table.num_rows == 4
