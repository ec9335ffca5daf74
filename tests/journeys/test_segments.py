"""Segments, scores and tags: by hand, against plain SQL, and what must hold in every world."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.journeys.test_plain_sql import random_world
from tests.journeys.world import SETTINGS, at, audit_with, touch
from tests.kpis.marts import write_mart_rows
from tpaudit import journeys
from tpaudit.errors import ConfigFault
from tpaudit.journeys.outcomes import customer_orders
from tpaudit.journeys.segments import customer_segments
from tpaudit.model.marts import SEGMENTS
from tpaudit.store import Store


def order(number: int, contact: str, when: str, amount: float) -> dict[str, Any]:
    return {
        "order_id": f"o{number}",
        "contact_id": contact,
        "status": "paid",
        "paid_at": at(when),
        "paid_amount": amount,
    }


def segments(store: Store) -> dict[str, dict[str, Any]]:
    journeys.build(store)
    rows: list[dict[str, Any]] = store.engine.fetch_rows(store.mart("customer_segments"))
    assert len({row["customer_id"] for row in rows}) == len(rows)
    return {row["customer_id"]: row for row in rows}


def bought(store: Store) -> dict[str, dict[str, Any]]:
    """Segments of a world by its orders alone, without the cost of journeys."""
    store.write_mart("customer_orders", customer_orders(store))
    rows = store.engine.fetch_rows(customer_segments(store))
    assert len({row["customer_id"] for row in rows}) == len(rows)
    return {row["customer_id"]: row for row in rows}


# Seen from 16 November 2026: days since the first and the last purchase.
ORDERS = [
    order(1, "new", "11-01 12:00", 10),  # 15 days: new, although it is the dearest purchase but one
    order(2, "best", "03-01 12:00", 50), order(3, "best", "09-01 12:00", 900),  # last 76 days ago, most spent
    order(4, "active", "08-18 00:30", 20),  # 90 days ago on Shanghai's clock, 91 in UTC
    order(5, "risk", "08-17 12:00", 20),  # 91
    order(6, "dormant", "05-01 12:00", 20),  # 199
    order(7, "lost", "2025-11-15 12:00", 20),  # 366
]  # fmt: skip
TOUCHES = [
    touch(1, "best", "11-02 12:00", "Message Sent", touchpoint="care_message", channel="sms", direction="outbound"),
    touch(2, "best", "11-12 12:00", "Message Sent", touchpoint="care_message", channel="sms", direction="outbound"),
    touch(3, "best", "11-13 12:00", "Chat Started", touchpoint="chat", channel="chat", direction="inbound"),
    touch(4, "looker", "11-14 12:00", "page_view", touchpoint="website", channel="web"),
]
NAMES = ("new", "best", "active", "risk", "dormant", "lost", "looker")


def hand_example(folder: Path, **tables: Any) -> Store:
    links = {name: name for name in (*NAMES, "nobody_saw")}
    return audit_with(folder, links, orders=ORDERS, touches=TOUCHES, **tables)


def test_segments_follow_from_the_days_since_the_first_and_last_purchase(tmp_path: Path) -> None:
    found = segments(hand_example(tmp_path))
    assert {name: row["segment"] for name, row in found.items()} == {
        "new": "new", "best": "high_value", "active": "active", "risk": "at_risk", "dormant": "dormant", "lost": "lost",
        "looker": "prospect", "nobody_saw": "prospect",
    }  # fmt: skip
    assert found["active"]["cohort"] == "2026-08"
    # Six buyers: one has two purchases (middle rank 5.5 of 6: fifth 5), five have one (2.5 of 6: fifth 3).
    assert {name: row["frequency"] for name, row in found.items() if row["orders"]} == {
        "best": 5, "new": 3, "active": 3, "risk": 3, "dormant": 3, "lost": 3,
    }  # fmt: skip
    # 10 (0.5 of 6), four times 20 (middle 3 of 6), 950 (5.5 of 6).
    assert {row["monetary"] for name, row in found.items() if name in ("active", "risk", "dormant", "lost")} == {3}
    assert (found["new"]["monetary"], found["best"]["monetary"]) == (1, 5)
    # Longest ago first: 0.5, 1.5, 2.5 ... of 6, each in fifths, rounded up.
    assert [found[name]["recency"] for name in ("lost", "dormant", "risk", "active", "best", "new")] == [
        1,
        2,
        3,
        3,
        4,
        5,
    ]


def test_contacts_are_counted_per_week_since_the_first_touch_and_replies_are_the_customers_own(tmp_path: Path) -> None:
    found = segments(hand_example(tmp_path))
    # 260 days since the order of 1 March, two messages; silence is no reply, a chat is.
    assert (found["best"]["contact_frequency"], found["looker"]["contact_frequency"]) == ("<=1", "0")
    assert found["nobody_saw"]["contact_frequency"] is None
    assert found["best"]["last_touch_at"] == found["best"]["last_reply_at"] == at("11-13 12:00")
    assert found["looker"]["last_reply_at"] == at("11-14 12:00")


def test_customers_without_orders_are_judged_by_their_won_deals(tmp_path: Path) -> None:
    deals = [
        {"deal_id": "d1", "contact_id": "looker", "amount": 700, "is_won": True, "closed_at": at("11-10 12:00")},
        {"deal_id": "d2", "contact_id": "best", "amount": 9000, "is_won": True, "closed_at": at("09-01 12:00")},
        {"deal_id": "d3", "contact_id": "nobody_saw", "amount": 700, "is_won": True},
    ]
    found = segments(hand_example(tmp_path, deals=deals))
    assert (found["looker"]["segment"], found["looker"]["net_amount"]) == ("new", 700)
    assert (found["best"]["orders"], found["best"]["net_amount"]) == (2, 950)
    # A purchase of unknown time: a buyer, but nobody can say of which segment.
    assert (found["nobody_saw"]["segment"], found["nobody_saw"]["recency"]) == (None, None)


RULES = """
[tag.big_spender]
where = { net_amount = { min = 900 }, segment = ["high_value", "new"] }
[tag.talker]
met = { touchpoint = ["chat", "hotline"], days = 7 }
[tag.told_twice]
met = { touchpoint = "care_message", days = 30, times = 2 }
[tag.long_silent]
where = { last_touch_at = { min = 60 } }
[tag.tea_in_wuxi]
where = { tags = "绿茶", city = "无锡" }
[tag.member]
where = { is_member = true }
"""


def test_rules_give_tags_beside_those_of_the_contact_records(tmp_path: Path) -> None:
    contacts = [
        {"contact_id": "best", "tags": ["绿茶", "来源-百度 "]}, {"contact_id": "best2", "tags": ["绿茶", ""]},
        {"contact_id": "looker", "tags": ["绿茶"]},
    ]  # fmt: skip
    links = {name: name for name in NAMES} | {"best2": "best"}
    store = audit_with(tmp_path, links, orders=ORDERS, touches=TOUCHES, contacts=contacts)
    write_mart_rows(store, "customers", [
        {"customer_id": "best", "city": "无锡", "is_member": True}, {"customer_id": "looker", "city": "上海"},
    ])  # fmt: skip
    (tmp_path / "tags.toml").write_text(RULES, encoding="utf-8")
    found = segments(store)
    assert found["best"]["tags"] == sorted(
        ["绿茶", "来源-百度", "big_spender", "talker", "told_twice", "tea_in_wuxi", "member"]
    )
    assert found["looker"]["tags"] == ["绿茶"]
    assert found["new"]["tags"] is None
    assert {name for name, row in found.items() if "long_silent" in (row["tags"] or ())} == {
        "active", "risk", "dormant", "lost",
    }  # fmt: skip


def test_every_fault_of_tags_toml_is_told_at_once(tmp_path: Path) -> None:
    store = hand_example(tmp_path)
    (tmp_path / "tags.toml").write_text(
        """
        [tags.typo]
        [tag.lost]
        where = { orders = 1 }
        [tag.a]
        where = { citty = "x", full_name = "y", city = { min = 3 }, orders = "many", is_member = 1 }
        [tag.b]
        met = { touchpoint = "chatt", days = 7 }
        [tag.c]
        met = { touchpoint = "chat" }
        [tag.d]
        """,
        encoding="utf-8",
    )
    with pytest.raises(ConfigFault) as told:
        journeys.build(store)
    said = "\n".join(told.value.faults)
    assert len(told.value.faults) == 10
    for part in ("[tags]; did you mean 'tag'", "[tag.lost] is the name", "'citty'; did you mean 'city'", "'full_name'",
                 "where.city", "where.orders", "where.is_member", "'chatt'; did you mean 'chat'", "[tag.c] met.days",
                 "[tag.d] needs"):  # fmt: skip
        assert part in said, part


def test_scores_equal_plain_sql(tmp_path: Path) -> None:
    store = audit_with(tmp_path, **random_world(5, customers=120, touches=50))
    found = bought(store)
    expected = duckdb.sql(
        f"""
        with buyer as (
            select customer_id, count(*) as orders, sum(net_amount) as money, max(ordered_at) as last_at
            from '{store.audit.marts}/customer_orders.parquet' group by 1),
        day as (select *, (last_at at time zone 'Asia/Shanghai')::date as last_day from buyer)
        select customer_id,
               ceil(5 * (rank() over (order by last_day) - 1 + count(*) over (partition by last_day) / 2) / count(*) over ()),
               ceil(5 * (rank() over (order by orders) - 1 + count(*) over (partition by orders) / 2) / count(*) over ()),
               ceil(5 * (rank() over (order by money) - 1 + count(*) over (partition by money) / 2) / count(*) over ())
        from day
        """
    ).fetchall()
    assert len(expected) > 30
    for customer, *scores in expected:
        row = found[customer]
        assert [row["recency"], row["frequency"], row["monetary"]] == scores


@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**6), customers=st.integers(1, 12))
def test_in_every_world_each_customer_has_one_segment_and_equals_score_equally(seed: int, customers: int) -> None:
    world = random_world(seed, customers, touches=30)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        found = bought(audit_with(Path(one), **world))
        assert set(found) == set(world["links"].values())
        assert Counter(row["segment"] for row in found.values()).keys() <= set(SEGMENTS)
        for score, value in (("recency", "last_ordered_at"), ("frequency", "orders"), ("monetary", "net_amount")):
            buyers = sorted((row for row in found.values() if row["orders"]), key=lambda row: row[value])
            scores = [row[score] for row in buyers]
            assert all(1 <= each <= 5 for each in scores)
            assert scores == sorted(scores)
            for row, after in pairwise(buyers):
                assert row[value] != after[value] or row[score] == after[score]
        shuffled = {
            name: rows if name == "links" else random.Random(seed).sample(rows, len(rows))
            for name, rows in world.items()
        }
        assert bought(audit_with(Path(other), **shuffled)) == found


@pytest.mark.parametrize("dormant", [180, 100])
def test_bounds_of_segments_must_ascend(tmp_path: Path, dormant: int) -> None:
    with pytest.raises(ConfigFault, match="at_risk_days"):
        audit_with(tmp_path, {}, SETTINGS + f"[segments]\ndormant_days = {dormant}\n")
