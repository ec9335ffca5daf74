"""What a column's texts tell together: order of day and month, currency; and what a whole file tells of its persons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.lake import make_store
from tpaudit.ingest import ingest
from tpaudit.store import Store

ORDERS = "order_id,paid_at,paid_amount\n"
MAPPING = """
id = "shop"
platform = "shop"
table = "contacts"
title = { en = "Shop", zh = "店铺" }
[match]
all = ["No", "Mail", "Tel", "Card"]
[columns]
"No" = "contacts.contact_id"
"Mail" = "contact_points.email"
"Tel" = "contact_points.phone"
"Card" = "contact_points.member_card"
"Tags" = "contacts.tags"
"Source" = { to = "contacts.original_source", optional = true }
"""


def orders(folder: Path, text: str, settings: str = "", name: str = "orders.csv") -> Store:
    store = make_store(folder, settings)
    (folder / "exports").mkdir(exist_ok=True)
    (folder / "exports" / name).write_text(ORDERS + text, encoding="utf-8")
    ingest(store, [folder / "exports"], table="orders")
    return store


def rows_of(store: Store, table: str) -> list[dict[str, Any]]:
    return store.engine.fetch_rows(store.lake(table).order_by("source_row"))


def issues(store: Store) -> list[tuple[int | None, str | None, str]]:
    return [(row["source_row"], row["column"], row["code"]) for row in rows_of(store, "ingest_issues")]


def test_one_date_tells_the_order_for_the_whole_column(tmp_path: Path) -> None:
    store = orders(tmp_path, "a,3/4/2026 10:00,1\nb,25/4/2026 10:00,1\n", '[audit]\nregion = "US"\ntimezone = "UTC"\n')
    assert [row["paid_at"].month for row in rows_of(store, "orders")] == [4, 4]
    assert issues(store) == []


def test_month_first_is_told_the_same_way(tmp_path: Path) -> None:
    store = orders(tmp_path, "a,3/4/2026 10:00,1\nb,4/25/2026 10:00,1\n", '[audit]\nregion = "DE"\n')
    assert [row["paid_at"].month for row in rows_of(store, "orders")] == [3, 4]


def test_an_undecided_column_is_told_once_and_read_by_region(tmp_path: Path) -> None:
    for region, month in (("US", 3), ("CN", 3), ("GB", 4)):
        folder = tmp_path / region
        folder.mkdir()
        store = orders(folder, "a,3/4/2026,1\nb,5/6/2026,1\n", f'[audit]\nregion = "{region}"\ntimezone = "UTC"\n')
        assert rows_of(store, "orders")[0]["paid_at"].month == month
        assert issues(store) == [(None, "paid_at", "ambiguous_date")]


def test_a_date_against_the_order_of_its_column_is_an_issue(tmp_path: Path) -> None:
    store = orders(tmp_path, "a,25/4/2026,1\nb,26/4/2026,1\nc,4/27/2026,1\n")
    assert [row["paid_at"] is None for row in rows_of(store, "orders")] == [False, False, True]
    assert issues(store) == [(4, "paid_at", "unparsed_timestamp")]


def test_an_amount_that_names_its_currency_sets_it_for_its_row(tmp_path: Path) -> None:
    store = orders(tmp_path, 'a,2026-05-01,€5.00\nb,2026-05-01,7\nc,2026-05-01,"USD 1,000"\nd,2026-05-01,¥8\n')
    assert [row["currency"] for row in rows_of(store, "orders")] == ["EUR", "CNY", "USD", "CNY"]
    assert [float(row["paid_amount"]) for row in rows_of(store, "orders")] == [5.0, 7.0, 1000.0, 8.0]


def test_points_that_cannot_be_keys_are_told_and_kept_as_found(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    file, mapping = tmp_path / "members.csv", tmp_path / "shop.toml"
    mapping.write_text(MAPPING, encoding="utf-8")
    file.write_text(
        "No,Mail,Tel,Card,Tags,Source\n"
        "1,lin@qq.com,13900000001/13900000002,K1,VIP;source-Baidu-interest-Kitchen,\n"
        "2,lin at qq,1.39E+10,3.51E+18,source-Baidu,Ad\n"
        "3,,12345,,,\n",
        encoding="utf-8",
    )
    ingest(store, [file], map_files=[mapping])
    points = {(row["type"], row["value"]): row["value_norm"] for row in rows_of(store, "contact_points")}
    assert points == {
        ("email", "lin@qq.com"): "lin@qq.com",
        ("phone", "13900000001/13900000002"): "+8613900000001",
        ("member_card", "K1"): "K1",
        ("email", "lin at qq"): None,
        ("phone", "1.39E+10"): None,
        ("member_card", "3.51E+18"): None,
        ("phone", "12345"): None,
    }
    assert sorted(issues(store)) == [
        (3, "Card", "sci_notation_id"),
        (3, "Mail", "invalid_email"),
        (3, "Tel", "sci_notation_id"),
        (4, "Tel", "invalid_phone"),
    ]
    contacts = rows_of(store, "contacts")
    assert [row["original_source"] for row in contacts] == ["Baidu", "Ad", None]
    assert contacts[0]["tags"] == ["VIP", "source-Baidu-interest-Kitchen"]
