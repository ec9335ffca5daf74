"""The marts of a world of three customers, worked out by hand."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.world import LINKS, SETTINGS, TOUCHES, at, audit_with, hand_example, touch
from tests.lake import make_store, write_lake_rows
from tpaudit import journeys
from tpaudit.errors import InputFault
from tpaudit.results import JourneyResult
from tpaudit.store import Store


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, JourneyResult]:
    store = hand_example(tmp_path_factory.mktemp("hand"))
    return store, journeys.build(store)


def rows(store: Store, mart: str, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in store.engine.fetch_rows(store.mart(mart))]


def test_journeys_hold_the_steps_before_the_conversion_or_the_last_touch(built: tuple[Store, JourneyResult]) -> None:
    store, _ = built
    assert sorted(rows(store, "journeys", "customer_id", "path", "converted", "value", "touches", "channels")) == [
        ("A", "search > product_page > chat", True, Decimal("180.0000"), 3, 2),
        ("B", "store_visit > hotline", False, None, 2, 2),
        ("C", "event > booth talk", True, Decimal("5000.0000"), 2, 0),
    ]
    assert sorted(rows(store, "journeys", "customer_id", "started_at", "ended_at")) == [
        ("A", at("11-01 10:00"), at("11-03 12:00")),
        ("B", at("11-08 09:00"), at("11-10 09:30")),
        ("C", at("10-20 08:00"), at("10-28 08:00")),
    ]


def test_every_touch_is_kept_with_its_customer_touchpoint_and_stage(built: tuple[Store, JourneyResult]) -> None:
    store, _ = built
    found = {
        row[0]: row[1:]
        for row in rows(store, "journey_touches", "touch_id", "customer_id", "touchpoint", "stage", "position")
    }
    assert found == {
        "t01": ("A", "search", "awareness", 1),
        "t02": ("A", "product_page", "consideration", 2),
        "t03": ("A", "chat", "consideration", 3),
        "t04": ("A", "chat", "service", None),
        "t05": ("B", "website", "consideration", None),
        "t06": ("B", "store_visit", "consideration", 1),
        "t07": ("B", "hotline", "consideration", 2),
        "t08": ("B", "store_visit", "consideration", None),
        "t09": ("C", "booth talk", "consideration", 2),
        "t10": (None, "mini_program", "consideration", None),
        "t11": ("B", None, None, None),
        "leads/l1/Lead Created": ("C", "event", "awareness", 1),
        "orders/o1/Order Created": ("A", "checkout", "purchase", None),
        "orders/o1/Order Paid": ("A", "checkout", "purchase", None),
        "orders/o2/Order Paid": ("A", "checkout", "loyalty", None),
        "orders/o3/Order Created": ("B", "checkout", "purchase", None),
    }


def test_paid_orders_are_numbered_and_net_of_refunds(built: tuple[Store, JourneyResult]) -> None:
    store, _ = built
    assert rows(store, "customer_orders", "order_id", "customer_id", "sequence", "net_amount", "ordered_at") == [
        ("o1", "A", 1, Decimal("180.0000"), at("11-03 12:00")),
        ("o2", "A", 2, Decimal("50.0000"), at("11-12 12:00")),
    ]


def test_transitions_lead_from_start_to_conversion_or_end(built: tuple[Store, JourneyResult]) -> None:
    store, _ = built
    assert rows(
        store, "transitions", "from_touchpoint", "to_touchpoint", "customers", "transitions", "median_hours"
    ) == [
        ("START", "event", 1, 1, None),
        ("START", "search", 1, 1, None),
        ("START", "store_visit", 1, 1, None),
        ("booth talk", "CONVERSION", 1, 1, 72.0),
        ("chat", "CONVERSION", 1, 1, 2.0),
        ("event", "booth talk", 1, 1, 120.0),
        ("hotline", "END", 1, 1, None),
        ("product_page", "chat", 1, 1, 24.0),
        ("search", "product_page", 1, 1, 24.0),
        ("store_visit", "hotline", 1, 1, 48.5),
    ]


def test_paths_count_customers_and_conversions(built: tuple[Store, JourneyResult]) -> None:
    store, _ = built
    assert rows(store, "paths", "path", "customers", "conversions", "value", "share") == [
        ("event > booth talk", 1, 1, Decimal("5000.0000"), pytest.approx(1 / 3)),
        ("search > product_page > chat", 1, 1, Decimal("180.0000"), pytest.approx(1 / 3)),
        ("store_visit > hotline", 1, 0, None, pytest.approx(1 / 3)),
    ]


def test_the_map_tells_reach_drop_off_and_wait(built: tuple[Store, JourneyResult]) -> None:
    _, result = built
    cells = {(row.stage, row.touchpoint): row for row in result.map}
    # Consideration is seen by A, B and C; the chat of A before the order, not the one after it.
    chat, hotline, after_sales = (
        cells["consideration", "chat"], cells["consideration", "hotline"], cells["service", "chat"],
    )  # fmt: skip
    assert (chat.customers, chat.reach, chat.drop_off) == (1, pytest.approx(1 / 3), 0.0)
    # The next thing A does is to place the order, two hours less five minutes later.
    assert chat.median_hours_to_next == pytest.approx(1 + 55 / 60)
    assert (hotline.drop_off, hotline.median_hours_to_next) == (1.0, None)
    assert (after_sales.reach, after_sales.drop_off) == (1.0, None)
    assert (chat.kind, chat.owner, chat.pain) == ("human", "customer service", None)
    assert cells["consideration", "booth talk"].kind is None


def test_the_result_says_what_was_seen_and_what_was_not(built: tuple[Store, JourneyResult]) -> None:
    _, result = built
    assert (result.touches, result.touches_with_customer, result.touches_classified) == (16, 15, 15)
    assert (result.customers, result.converted) == (3, 2)
    assert (result.first_touch, result.last_touch) == (date(2026, 9, 1), date(2026, 11, 12))
    assert (result.transitions_total, result.paths_total) == (10, 3)
    assert (result.median_touches_to_purchase, result.median_days_to_purchase) == (
        2.5,
        pytest.approx((2 + 1 / 12 + 8) / 2),
    )
    assert result.touchpoint_titles["booth talk"].zh == "booth talk"
    assert "cart" in result.unseen_touchpoints and "chat" not in result.unseen_touchpoints
    (unclassified,) = result.unclassified
    assert (unclassified.event, unclassified.touches) == ("Coffee Served", 1)
    assert unclassified.suggested_rule == '[[rule]]\ntouchpoint = "?"\nevent = "Coffee Served"\nchannel = "store_bar"'


def test_a_suggested_rule_with_its_touchpoint_filled_in_catches_the_touches(tmp_path: Path) -> None:
    store = hand_example(tmp_path)
    (unclassified,) = journeys.build(store).unclassified
    rule = unclassified.suggested_rule.replace('"?"', '"store_visit"')
    (tmp_path / "touchpoints.toml").write_text(rule, encoding="utf-8")
    assert journeys.build(store).unclassified == ()


def test_steps_are_the_journeys_row_by_row(built: tuple[Store, JourneyResult]) -> None:
    store, _ = built
    found = store.engine.fetch_rows(journeys.steps(store).order_by("customer_id", "position"))
    assert [(row["customer_id"], row["position"], row["touchpoint"], row["converted"]) for row in found] == [
        ("A", 1, "search", True),
        ("A", 2, "product_page", True),
        ("A", 3, "chat", True),
        ("B", 1, "store_visit", False),
        ("B", 2, "hotline", False),
        ("C", 1, "event", True),
        ("C", 2, "booth talk", True),
    ]


def test_a_longer_window_takes_in_older_touches_and_long_paths_keep_their_end(tmp_path: Path) -> None:
    store = hand_example(tmp_path, SETTINGS + "[journey]\nwindow_days = 90\nmax_path_length = 2\n")
    journeys.build(store)
    assert sorted(rows(store, "journeys", "customer_id", "path", "touches")) == [
        ("A", "product_page > chat", 3),
        ("B", "store_visit > hotline", 3),
        ("C", "event > booth talk", 2),
    ]


def test_a_touch_exported_twice_counts_once_by_its_latest_word(tmp_path: Path) -> None:
    again = {**TOUCHES[0], "source": "douyin", "medium": "live", "ingested_at": at("2026-11-30 00:00")}
    store = audit_with(tmp_path, LINKS, touches=TOUCHES)
    write_lake_rows(store, "touches", [again], export="touches_again")
    journeys.build(store)
    found = [row for row in rows(store, "journey_touches", "touch_id", "touchpoint") if row[0] == "t01"]
    assert found == [("t01", "short_video")]


def test_touches_without_an_id_are_all_kept(tmp_path: Path) -> None:
    store = audit_with(tmp_path, LINKS, touches=[{**row, "touch_id": None} for row in TOUCHES])
    assert journeys.build(store).touches == len(TOUCHES)


def test_a_rated_chat_that_also_gave_a_ticket_is_one_touch_with_its_rating(tmp_path: Path) -> None:
    one_row = {"source_sha256": "5" * 64, "source_row": 7}
    store = audit_with(
        tmp_path,
        LINKS,
        touches=[{**touch(1, "web:a", "11-01 10:00", "Chat Started", ticket_id="k1"), **one_row}],
        tickets=[
            {"ticket_id": "k1", "contact_id": "web:a", "created_at": at("11-01 10:00"), "satisfaction_score": 2.0, **one_row},
            {"ticket_id": "k2", "contact_id": "web:a", "created_at": at("11-02 10:00"), "resolved_at": at("11-02 12:00"),
             "tags": ["vip", "refund"], "first_response_minutes": 5.0, "satisfaction_score": 5.0},
        ],
    )  # fmt: skip
    journeys.build(store)
    columns = ("touch_id", "touchpoint", "satisfaction_score", "first_response_seconds", "position")
    assert rows(store, "journey_touches", *columns) == [
        ("t01", "chat", 2.0, None, 1),
        ("tickets/k2/Ticket Opened", "returns", 5.0, 300.0, 2),
        ("tickets/k2/Ticket Solved", "returns", None, None, None),
    ]


def test_touches_carry_the_number_of_their_customer(built: tuple[Store, JourneyResult]) -> None:
    def number(customer_id: str) -> int:
        digest = hashlib.md5(customer_id.encode()).hexdigest()
        return int(digest[3:15] + digest[:3], 16)

    told = rows(built[0], "journey_touches", "customer_id", "customer_number")
    assert {customer_id for customer_id, _ in told} == {"A", "B", "C", None}
    assert all(found == (number(customer_id) if customer_id else None) for customer_id, found in told)


def test_a_membership_known_to_two_systems_is_joined_once(tmp_path: Path) -> None:
    store = audit_with(
        tmp_path,
        LINKS,
        contacts=[
            {"contact_id": "web:a", "member_since": at("11-02 00:00")},
            {"contact_id": "pos:a", "member_since": at("11-01 00:00")},
            {"contact_id": "web:b", "member_since": at("11-05 00:00")},
        ],
    )
    journeys.build(store)
    assert rows(store, "journey_touches", "customer_id", "occurred_at", "touchpoint") == [
        ("A", at("11-01 00:00"), "membership"),
        ("B", at("11-05 00:00"), "membership"),
    ]


def test_a_permission_gives_touches_when_it_was_given_and_when_it_was_taken_back(tmp_path: Path) -> None:
    store = audit_with(
        tmp_path,
        LINKS,
        touches=TOUCHES,
        consents=[
            {"contact_id": "web:a", "channel": "email", "status": "withdrawn", "captured_at": at("11-01 00:00"),
             "revoked_at": at("11-09 00:00"), "reason": "too many"},
            {"contact_id": "web:b", "channel": "sms", "status": "denied", "captured_at": at("11-02 00:00")},
            {"contact_id": "web:c", "channel": "ads", "status": "granted", "captured_at": at("11-02 00:00")},
        ],
    )  # fmt: skip
    journeys.build(store)
    found = rows(store, "journey_touches", "touch_id", "touchpoint", "stage", "position")
    given, taken = (row for row in found if row[0].startswith("consents/"))
    assert given[:3] == ("consents/web:a/email/Subscribed", "lead_form", "consideration")
    assert taken == ("consents/web:a/email/Unsubscribed", "care_message", "loyalty", None)
    assert given[3] is not None


def test_a_converted_lead_and_a_refund_are_told_and_are_no_steps(tmp_path: Path) -> None:
    store = audit_with(
        tmp_path,
        LINKS,
        touches=TOUCHES,
        leads=[{"lead_id": "l1", "contact_id": "web:a", "created_at": at("11-01 00:00"), "lead_source": "展会",
                "converted_at": at("11-03 00:00")}],
        orders=[{"order_id": "o9", "contact_id": "web:b", "refunded_at": at("11-08 00:00"), "status": "refunded"}],
    )  # fmt: skip
    journeys.build(store)
    found = {row[0]: row[1:] for row in rows(store, "journey_touches", "touch_id", "touchpoint", "stage", "position")}
    assert found["leads/l1/Lead Converted"] == ("event", "awareness", None)
    assert found["leads/l1/Lead Created"][2] is not None
    assert found["orders/o9/Order Refunded"] == ("returns", "service", None)


def test_a_lead_whose_row_is_the_submitted_form_too_is_one_step(tmp_path: Path) -> None:
    one_row = {"source_sha256": "5" * 64, "source_row": 7}
    form = touch(1, "web:a", "11-01 00:00", "Form Submitted", touchpoint="lead_form")
    leads = [
        {"lead_id": "l1", "contact_id": "web:a", "created_at": at("11-01 00:00")} | one_row,
        {"lead_id": "l2", "contact_id": "web:a", "created_at": at("11-02 00:00")} | one_row | {"source_row": 8},
    ]
    store = audit_with(tmp_path, LINKS, touches=[form | one_row], leads=leads)
    journeys.build(store)
    steps = {row[0]: row[1] for row in rows(store, "journey_touches", "touch_id", "position")}
    assert steps == {"t01": 1, "leads/l1/Lead Created": None, "leads/l2/Lead Created": 2}


def test_answers_of_one_survey_response_are_one_touch(tmp_path: Path) -> None:
    answer = {"response_id": "r1", "contact_id": "web:a", "submitted_at": at("11-04 00:00"), "metric": "nps"}
    store = audit_with(
        tmp_path,
        LINKS,
        touches=TOUCHES,
        surveys=[
            {**answer, "question_id": "q1", "score": 9.0},
            {**answer, "question_id": "q2", "metric": "ces", "score": 6.0},
        ],
    )
    result = journeys.build(store)
    assert [row[0] for row in rows(store, "journey_touches", "touch_id") if "survey" in row[0]] == [
        "surveys/r1/Survey Responded"
    ]
    chat = next(row for row in result.map if row.touchpoint == "chat" and row.stage == "consideration")
    assert (chat.nps, chat.ces) == (100.0, 6.0)


def test_nothing_that_happened_is_a_fault_of_the_input(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    with pytest.raises(InputFault, match="nothing happened"):
        journeys.build(store)


@pytest.mark.parametrize(
    "tables",
    [
        {"touches": TOUCHES[:1]},
        {"orders": [{"order_id": "o", "contact_id": "web:a", "status": "paid", "paid_at": at("11-01 00:00")}]},
        {"touches": [touch(1, None, "11-01 10:00", "Chat Started")]},
        {"touches": [touch(1, "web:a", "1970-01-01 08:00", "Chat Started")]},
        {"touches": [{"touch_id": "t", "contact_id": "web:a", "event": None, "occurred_at": None}]},
    ],
    ids=["one touch", "orders only", "nobody known", "impossible date", "nothing but an id"],
)
def test_poor_data_give_marts_not_faults(tmp_path: Path, tables: dict[str, Any]) -> None:
    store = audit_with(tmp_path, LINKS, **tables)
    assert journeys.build(store).converted == 0
    assert (
        store.audit.missing_marts(
            ["journey_touches", "journeys", "customer_orders", "transitions", "paths", "journey_map"]
        )
        == []
    )


def test_pain_names_the_worst_sign_and_only_where_enough_was_observed(tmp_path: Path) -> None:
    people = {f"k{number}": f"c{number}" for number in range(120)}
    visits = [touch(n, f"k{n}", "11-01 10:00", "x", touchpoint="website" if n < 60 else "search") for n in range(120)]
    chats = [
        touch(200 + n, f"k{n}", "11-01 11:00", "Chat Started", first_response_seconds=3600.0 if n % 2 else 5.0)
        for n in range(40)
    ]
    carts = [touch(300 + n, f"k{n}", "11-01 12:00", "AddToCart", first_response_seconds=9000.0) for n in range(29)]
    bought = [
        {"order_id": f"o{n}", "contact_id": f"k{n}", "status": "paid", "paid_at": at("11-02 10:00")} for n in range(60)
    ]  # fmt: skip
    store = audit_with(tmp_path, people, touches=[*visits, *chats, *carts], orders=bought)
    pain = {row.touchpoint: row.pain for row in journeys.build(store).map}
    # All of the 60 who came by search are lost; half of the chats wait an hour; the carts are too few to judge.
    assert (pain["search"], pain["chat"], pain["cart"], pain["website"]) == ("drop_off", "slow_response", None, None)
