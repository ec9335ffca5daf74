"""Cells to moments and days, in every form exports use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.evaluation import ENGINE, FEW, evaluate, evaluate_all, read_at_once
from tpaudit.ingest.rows import times


def read_in_shanghai(text: Any) -> Any:
    return times.instant(text, ENGINE, "Asia/Shanghai")


def instants(texts: list[str], *formats: str, zone: str = "Asia/Shanghai", day_first: bool | None = None) -> list[Any]:
    manner = times.Manner(day_first=day_first)
    return evaluate(texts, lambda text: times.instant(text, ENGINE, zone, formats, manner))


FORMS = (
    "2026-05-01 09:05:07", "2026/5/1 9:05:07", "2026.05.01 9:05:07", "2026年5月1日 09:05:07",
    "2026年05月01日9时05分07秒",
    "2026-05-01T09:05:07", "2026-05-01T09:05:07+08:00", "2026-05-01T01:05:07Z", "2026-05-01 03:05:07 +0200",
    "2026-04-30 19:35:07 -05:30", "20260501090507", "1777597507000", "1777597507000000", "2026-05-01 09:05:07.000",
    "20260501T010507Z", "20260501 09:05:07", "2026-05-01 01:05:07 UTC", "2026-05-01 01:05:07 +0000 UTC",
    "2026-05-01 10:05:07 GMT+9", "2026-05-01T09:05:07,000", "Fri, 1 May 2026 01:05:07 +0000", "Fri, 01 May 2026 01:05:07 GMT",
    "May 1, 2026, 9:05:07 AM", "May 1, 2026 at 9:05:07 a.m.", "1 May 2026 09:05:07", "1-May-2026 09:05:07",
    "01.05.2026 09:05:07", "2026/5/1 上午9:05:07", "2026-05-01 星期五 09:05:07", "２０２６－０５－０１　０９：０５：０７",
)  # fmt: skip


@pytest.mark.parametrize("text", FORMS)
def test_forms_of_one_instant(text: str) -> None:
    assert read_at_once(FORMS, read_in_shanghai)[text] == datetime(2026, 5, 1, 1, 5, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "pattern", "local"),
    [
        ("2/26/2018 19:58", "%m/%d/%Y %H:%M", datetime(2018, 2, 26, 19, 58)),
        ("26.02.18", "%d.%m.%y", datetime(2018, 2, 26)),
        ("02/26/2018 07:58 PM", "%m/%d/%Y %I:%M %p", datetime(2018, 2, 26, 19, 58)),
        ("1519646280", "unix_s", datetime(2018, 2, 26, 11, 58)),
        ("1519646280.4", "unix_s", datetime(2018, 2, 26, 11, 58)),
        ("45000.5", None, datetime(2023, 3, 15, 12, 0)),
        ("20180226", None, datetime(2018, 2, 26)),
        ("201802261958", None, datetime(2018, 2, 26, 19, 58)),
        ("2018/2/26 下午 7:58", None, datetime(2018, 2, 26, 19, 58)),
        ("2018-02-26 12:58 AM", None, datetime(2018, 2, 26, 0, 58)),
        ("2018-02-26 12:58 PM", None, datetime(2018, 2, 26, 12, 58)),
        ("2018年2月26日 7时58分", None, datetime(2018, 2, 26, 7, 58)),
    ],
)
def test_explicit_formats_and_serials(text: str, pattern: str | None, local: datetime) -> None:
    assert instants([text], *([pattern] if pattern else []), zone="UTC") == [local.replace(tzinfo=UTC)]


@pytest.mark.parametrize("unit", ["unix_s", "unix_ms", "unix_us"])
@pytest.mark.parametrize("text", ["9" * 400, "1e300", "inf", "nan"])
def test_an_instant_beyond_every_calendar_is_none(text: str, unit: str) -> None:
    assert instants([text], unit, zone="UTC") == [None]


NO_TIMES = (
    "2026-13-01", "2026-02-30 10:00:00", "01/02/2026", "soon", "infinity", "epoch", "99999999999999999", "12",
    "2026-05-01 09:05 CST",
)  # fmt: skip


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time_is_null(text: str) -> None:
    assert read_at_once(NO_TIMES, read_in_shanghai)[text] is None


@FEW
@given(
    st.lists(st.text(max_size=30), min_size=1, max_size=60), st.sampled_from([None, "unix_ms", "unix_us", "%d/%m/%Y"])
)
def test_no_text_breaks_the_reading_of_times(texts: list[str], pattern: str | None) -> None:
    texts = [text.replace("\0", "") for text in texts]
    formats, day_first = ([pattern] if pattern else []), times.Manner(day_first=True)
    found = evaluate_all(texts, [
        lambda text: times.instant(text, ENGINE, "Asia/Shanghai", formats, day_first),
        lambda text: times.day(text, ENGINE, "Asia/Shanghai"),
    ])  # fmt: skip
    assert [len(values) for values in found] == [len(texts)] * 2


def test_the_first_format_that_fits_counts() -> None:
    assert instants(["26.02.18", "2018|02|26", "02/26/2018"], "%d.%m.%y", "%Y|%m|%d", zone="UTC") == [
        datetime(2018, 2, 26, tzinfo=UTC), datetime(2018, 2, 26, tzinfo=UTC), None,
    ]  # fmt: skip


def test_day_and_month_are_read_as_the_column_has_them() -> None:
    march, april = datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 4, 3, tzinfo=UTC)
    assert instants(["3/4/2026"], zone="UTC", day_first=False) == [march]
    assert instants(["3/4/2026"], zone="UTC", day_first=True) == [april]
    assert instants(["03.04.2026"], zone="UTC", day_first=False) == [april]


def test_clock_times_that_the_zone_skips_or_repeats_do_not_fail() -> None:
    skipped, repeated = instants(["2026-03-08 02:30:00", "2026-11-01 01:30:00"], zone="America/New_York")
    assert skipped == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
    assert repeated in (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC))


WRITTEN = (
    "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y年%m月%d日 %H:%M:%S", "%Y%m%d%H%M%S", "%Y-%m-%dT%H:%M:%S%z",
    "%a, %d %b %Y %H:%M:%S %z", "%b %d, %Y, %I:%M:%S %p", "%d/%m/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d %B %Y %H:%M:%S",
)  # fmt: skip


@FEW
@given(
    st.lists(
        st.tuples(
            st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2100, 1, 1)), st.sampled_from(WRITTEN),
            st.integers(-12 * 60, 14 * 60),
        ), min_size=1, max_size=20,
    )
)  # fmt: skip
def test_written_times_round_trip(drawn: list[tuple[datetime, str, int]]) -> None:
    moments = [
        moment.replace(microsecond=0, fold=0, tzinfo=timezone(timedelta(minutes=offset)) if "%z" in form else UTC)
        for moment, form, offset in drawn
    ]
    texts = [moment.strftime(form) for moment, (_, form, _) in zip(moments, drawn, strict=True)]
    assert instants(texts, zone="UTC", day_first=True) == [moment.astimezone(UTC) for moment in moments]
