"""The same instants, however exports write them, give the same figures."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np

from tests.kpis.marts import write_mart_rows
from tests.kpis.test_properties import SETTINGS, comparable
from tests.lake import make_store
from tpaudit.ingest import ingest
from tpaudit.journeys import build
from tpaudit.kpis import measure

SHANGHAI = timezone(timedelta(hours=8))
# By what they look at: moments, the order of events, spans, hours of the day, days and weeks.
ONLY = ("touches", "days_to_purchase", "aov", "contacts_per_week", "quiet_hours_share")


def on_the_clock(at: datetime) -> str:
    """As a clock in the audit's zone shows it."""
    return at.astimezone(SHANGHAI).strftime("%Y/%m/%d %H:%M:%S")


def with_zone(at: datetime) -> str:
    """With the offset of one zone or another, as systems put together export it."""
    return (
        at.astimezone(SHANGHAI).isoformat(),
        at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        at.astimezone(timezone(timedelta(hours=-5, minutes=-30))).isoformat(" "),
    )[at.second % 3]


def exports(folder: Path, written: Callable[[datetime], str]) -> list[tuple[str, Path]]:
    """Touches and orders of 40 customers over a year; *written* is how their times are."""
    rng = np.random.default_rng(7)

    def at() -> datetime:
        return datetime(2025, 11, 20, tzinfo=UTC) + timedelta(seconds=int(rng.uniform(0, 355 * 86_400)))

    def who() -> str:
        return f"M{rng.integers(40)}"

    touches = [
        {"touch_id": f"t{n}", "user_id": who(), "event": "View", "channel": str(rng.choice(["web", "sms"])),
         "touchpoint": str(rng.choice(["chat", "cart", "hotline"])),
         "direction": str(rng.choice(["inbound", "outbound"])), "occurred_at": written(at())}
        for n in range(400)
    ]  # fmt: skip
    orders = []
    for n in range(120):
        placed = at()
        times = {"created_at": written(placed), "paid_at": written(placed + timedelta(minutes=4))}
        orders.append({"order_id": f"o{n}", "user_id": who(), "status": "paid", **times, "paid_amount": 10 + n})
    for name, rows in (("touches", touches), ("orders", orders)):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
    return [(name, folder / f"{name}.csv") for name in ("touches", "orders")]


def test_the_notation_of_times_changes_no_figure(tmp_path: Path) -> None:
    found = []
    for written in (on_the_clock, with_zone):
        folder = tmp_path / written.__name__
        folder.mkdir()
        store = make_store(folder, SETTINGS)
        for table, file in exports(folder, written):
            read = {each.status: each.rows_refused for each in ingest(store, [file], table=table).files}
            assert read.pop("loaded") == 0 and read.keys() <= {"kept"}
        contacts = store.lake("touches").select("contact_id").union(store.lake("orders").select("contact_id"))
        ids = [row["contact_id"] for row in store.engine.fetch_rows(contacts.distinct().order_by("contact_id"))]
        write_mart_rows(store, "customer_links", [{"contact_id": id_, "customer_id": id_} for id_ in ids])
        write_mart_rows(store, "customers", [{"customer_id": id_, "confidence": 1.0} for id_ in ids])
        build(store)
        found.append([comparable(row) for row in measure(store, by=["month", "hour"], only=ONLY).rows])
    one, other = found
    assert {row["kpi"] for row in one} == set(ONLY)
    assert len({row["hour"] for row in one}) == 25
    assert one == other
