"""Journeys small enough to follow by hand, and the means to write such audits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.lake import make_store, write_lake_rows
from tpaudit.store import Store

SETTINGS = '[audit]\nas_of = "2026-11-16"\ntimezone = "Asia/Shanghai"\n'


def at(text: str) -> datetime:
    """UTC instant of a clock in Shanghai, written as "11-03 12:00" of 2026 or with its year."""
    dated = text if text.count("-") == 2 else f"2026-{text}"
    return datetime.fromisoformat(dated).replace(tzinfo=UTC) - timedelta(hours=8)


def audit_with(folder: Path, links: Mapping[str, str], settings: str = SETTINGS, **tables: Sequence[Any]) -> Store:
    """A store whose lake holds *tables*; *links* gives the customer of each contact."""
    store = make_store(folder, settings)
    for table, rows in tables.items():
        write_lake_rows(store, table, rows, export=table)
    store.write_mart(
        "customer_links",
        store.engine.table(
            pa.table(
                {
                    "contact_id": pa.array(list(links), pa.string()),
                    "customer_id": pa.array(list(links.values()), pa.string()),
                }
            )
        ),
    )
    return store


def touch(number: int, contact: str | None, when: str, event: str, **columns: Any) -> dict[str, Any]:
    return {"touch_id": f"t{number:02}", "contact_id": contact, "occurred_at": at(when), "event": event, **columns}


LINKS = {"web:a": "A", "pos:a": "A", "web:b": "B", "crm:c": "C"}

TOUCHES = [
    touch(1, "web:a", "11-01 10:00", "session_start", channel="web", source="baidu", medium="organic"),
    touch(2, "web:a", "11-02 10:00", "ViewProduct", channel="web"),
    touch(3, "pos:a", "11-03 10:00", "Chat Started", channel="chat", first_response_seconds=90.0),
    # Three days after the order: service, and no step of the journey any more.
    touch(4, "pos:a", "11-06 10:00", "Chat Started", channel="chat", first_response_seconds=30.0),
    # More than thirty days before the last touch.
    touch(5, "web:b", "09-01 09:00", "session_start", channel="web", source="(direct)", medium="(none)"),
    touch(6, "web:b", "11-08 09:00", "StoreCheckIn", channel="mini_program"),
    touch(7, "web:b", "11-10 09:30", "Call Missed", channel="phone", direction="inbound"),
    # A date no clock can have shown, and a touchpoint only the client knows.
    touch(8, "web:b", "1970-01-01 08:00", "StoreCheckIn", channel="mini_program"),
    touch(9, "crm:c", "10-25 08:00", "Meeting", touchpoint="booth talk", stage="consideration"),
    # Nobody is known; no rule fits.
    touch(10, None, "11-01 12:00", "$MPLaunch", channel="mini_program"),
    touch(11, "web:b", "11-09 09:00", "Coffee Served", channel="store_bar"),
]
ORDERS = [
    {"order_id": "o1", "contact_id": "pos:a", "status": "completed", "created_at": at("11-03 11:55"),
     "paid_at": at("11-03 12:00"), "paid_amount": 200, "refunded_amount": 20},
    {"order_id": "o2", "contact_id": "web:a", "status": "paid", "paid_at": at("11-12 12:00"), "paid_amount": 50},
    {"order_id": "o3", "contact_id": "web:b", "status": "cancelled", "created_at": at("11-09 12:00"), "total_amount": 70},
]  # fmt: skip
LEADS = [{"lead_id": "l1", "contact_id": "crm:c", "lead_source": "展会", "created_at": at("10-20 08:00")}]
DEALS = [
    {"deal_id": "d1", "contact_id": "crm:c", "amount": 5000, "is_won": True, "closed_at": at("10-28 08:00")},
    {"deal_id": "d2", "contact_id": "crm:c", "amount": 9000, "is_won": False, "closed_at": at("10-21 08:00")},
]


def hand_example(folder: Path, settings: str = SETTINGS) -> Store:
    """Customer A buys after search, product page and chat; B comes to the shop and calls in vain; C wins a deal."""
    return audit_with(folder, LINKS, settings, touches=TOUCHES, orders=ORDERS, leads=LEADS, deals=DEALS)
