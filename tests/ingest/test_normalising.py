"""Cells to values: phones, dates and amounts in every form exports use."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import ibis
import phonenumbers
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpaudit.engine import Engine, EngineSettings, connect
from tpaudit.ingest.rows import amounts, points, times

FEW = settings(max_examples=25, deadline=None)
ENGINE: Engine = connect(EngineSettings(threads=1))


def evaluate(texts: list[str], how: Any) -> list[Any]:
    table = ENGINE.table(pa.table({"place": range(len(texts)), "text": pa.array(texts, pa.string())}))
    found = ENGINE.fetch_rows(table.select("place", value=how(table.text)).order_by("place"))
    return [row["value"] for row in found]


def instants(texts: list[str], pattern: str | None = None, zone: str = "Asia/Shanghai") -> list[Any]:
    return evaluate(texts, lambda text: times.instant(text, ENGINE, zone, pattern))


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-01 09:05:07", "2026/5/1 9:05:07", "2026.05.01 9:05:07", "2026年5月1日 09:05:07",
        "2026年05月01日9时05分07秒",
        "2026-05-01T09:05:07", "2026-05-01T09:05:07+08:00", "2026-05-01T01:05:07Z", "2026-05-01 03:05:07 +0200",
        "2026-04-30 19:35:07 -05:30", "20260501090507", "1777597507000", "1777597507000000", "2026-05-01 09:05:07.000",
    ],
)  # fmt: skip
def test_forms_of_one_instant(text: str) -> None:
    assert instants([text]) == [datetime(2026, 5, 1, 1, 5, 7, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("text", "pattern", "local"),
    [
        ("2/26/2018 19:58", "%m/%d/%Y %H:%M", datetime(2018, 2, 26, 19, 58)),
        ("26.02.18", "%d.%m.%y", datetime(2018, 2, 26)),
        ("02/26/2018 07:58 PM", "%m/%d/%Y %I:%M %p", datetime(2018, 2, 26, 19, 58)),
        ("1519646280", "unix_s", datetime(2018, 2, 26, 11, 58)),
        ("45000.5", None, datetime(2023, 3, 15, 12, 0)),
        ("20180226", None, datetime(2018, 2, 26)),
    ],
)
def test_explicit_formats_and_serials(text: str, pattern: str | None, local: datetime) -> None:
    assert instants([text], pattern, "UTC") == [local.replace(tzinfo=UTC)]


@pytest.mark.parametrize(
    "text", ["2026-13-01", "2026-02-30 10:00:00", "01/02/2026", "soon", "infinity", "epoch", "99999999999999999", "12"]
)
def test_what_is_no_time_is_null(text: str) -> None:
    assert instants([text]) == [None]


@FEW
@given(
    st.lists(st.text(max_size=30), min_size=1, max_size=20), st.sampled_from([None, "unix_ms", "unix_us", "%d/%m/%Y"])
)
def test_no_text_breaks_the_reading_of_times(texts: list[str], pattern: str | None) -> None:
    texts = [text.replace("\0", "") for text in texts]
    assert len(instants(texts, pattern)) == len(texts)


@FEW
@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2100, 1, 1)))
def test_iso_text_round_trips(moment: datetime) -> None:
    moment = moment.replace(fold=0)
    assert instants([moment.isoformat(sep=" ")], zone="UTC") == [moment.replace(tzinfo=UTC)]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,234.50", "1234.50"), ("¥12", "12"), ("￥1,000,000.01", "1000000.01"), ("0元", "0"), ("(5.00)", "-5"),
        ("-3", "-3"), ("１２．５", "12.5"), ("CNY 8", "8"), ("1,23", None), ("12,34.5", None),
        ("十元", None), ("nan", None),
    ],
)  # fmt: skip
def test_amounts(text: str, amount: str | None) -> None:
    assert evaluate([text], amounts.money) == [Decimal(amount) if amount else None]


@FEW
@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2), st.booleans())
def test_amounts_are_exact(value: Decimal, grouped: bool) -> None:
    assert evaluate([f"{value:,}" if grouped else f"{value}"], amounts.money) == [value]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90", 90.0), ("1:30", 90.0), ("0:01:30", 90.0), ("1分30秒", 90.0), ("2小时", 7200.0), ("x", None)],
)
def test_durations(text: str, expected: float | None) -> None:
    assert evaluate([text], amounts.seconds) == [expected]


def norms(texts: list[str], region: str = "CN") -> list[str | None]:
    table = ENGINE.table(pa.table({"place": range(len(texts)), "text": pa.array(texts, pa.string())}))
    book = points.phone_book(ENGINE, [table.select("text")], region)
    joined = table.left_join(book.known, "text")
    value = ibis.coalesce(points.fast_phone(joined.text, region), joined.e164)
    return [row["v"] for row in ENGINE.fetch_rows(joined.select("place", v=value).order_by("place"))]


def test_phones_of_every_spelling() -> None:
    same = [
        "13900000001",
        "139 0000 0001",
        "+86 139-0000-0001",
        "008613900000001",
        "１３９０００００００１",
        "86 13900000001",
    ]
    assert set(norms(same)) == {"+8613900000001"}
    assert norms(["010-65529988", "139****0001", "1390000000", "##abc==", "+44 20 7946 0958"]) == [
        "+861065529988", None, None, None, "+442079460958",
    ]  # fmt: skip
    assert norms(["(312) 555-1234", "13125551234"], region="US") == ["+13125551234", "+13125551234"]


@FEW
@given(st.integers(min_value=13000000000, max_value=19999999999))
def test_fast_path_agrees_with_the_library_where_the_library_knows_the_number(number: int) -> None:
    library = phonenumbers.parse(str(number), "CN")
    if phonenumbers.is_valid_number(library) and str(number)[1] in "3456789":
        assert norms([str(number)]) == [phonenumbers.format_number(library, phonenumbers.PhoneNumberFormat.E164)]


def test_emails() -> None:
    assert evaluate([" Lin@QQ.com", "lin＠qq．com", "a@b", "two@x.cn,three@x.cn", "无"], points.email) == [
        "lin@qq.com", "lin@qq.com", None, None, None,
    ]  # fmt: skip
