"""Dates and times as exports write them, read into UTC instants inside the engine."""

from __future__ import annotations

from typing import Any

import ibis

from tpaudit.engine import Engine
from tpaudit.ingest.date_formats import UNITS, as_regex

_ISO = r"^\d{4}-\d{1,2}-\d{1,2}(?:[ T]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?$"
_OFFSET = r"(?::\d{2}(?:\.\d+)?)\s*(Z|[+-]\d{2}:?\d{2}|[+-]\d{2})$"
# Epoch numbers beyond 2200 are no times; the engine would overflow on them.
_LAST_SECOND = 7_258_118_400
_UNIX_EPOCH = "1970-01-01"
_EXCEL_EPOCH = "1899-12-30"
_EXCEL_FIRST, _EXCEL_LAST = 20_000, 80_000  # 1954 to 2119


def instant(text: Any, engine: Engine, zone: str, pattern: str | None = None) -> Any:
    """UTC instant of *text*; NULL if it is none.

    Without *pattern*: ISO, slashes, dots, 年月日, compact digits, Excel serials, epoch milli- and microseconds; an
    offset in the text wins over *zone*. *pattern* is unix_s, unix_ms, unix_us, or strptime directives.
    """
    if pattern in UNITS:
        return engine.from_local(_epoch(text, pattern), "UTC")
    if pattern:
        return engine.from_local(_naive_by_pattern(text, pattern), zone)
    is_plain = text.re_search(_ISO)
    offset = text.re_extract(_OFFSET, 1)
    return ibis.cases(
        (is_plain, engine.from_local(text.try_cast("timestamp(6)"), zone)),
        (offset != "", engine.from_local(_without_offset(text, offset), "UTC")),
        (text.re_search(r"^\d{13}$"), engine.from_local(_epoch(text, "unix_ms"), "UTC")),
        (text.re_search(r"^\d{16}$"), engine.from_local(_epoch(text, "unix_us"), "UTC")),
        else_=engine.from_local(_naive_in_other_forms(text), zone),
    )


def day(text: Any, engine: Engine, zone: str, pattern: str | None = None) -> Any:
    """The calendar day written in *text*; epoch numbers give the day in *zone*."""
    if pattern in UNITS:
        return engine.to_local(instant(text, engine, zone, pattern), zone).date()
    if pattern:
        return _naive_by_pattern(text, pattern).date()
    plain = text.re_extract(r"^(\d{4}-\d{1,2}-\d{1,2})(?:[ T].*)?$", 1).nullif("")
    return ibis.coalesce(plain.try_cast("date"), _naive_in_other_forms(text).date())


def _epoch(text: Any, unit: str) -> Any:
    name, per_second = UNITS[unit]
    number = text.try_cast("float64").round().cast("int64") if unit == "unix_s" else text.try_cast("int64")
    safe = number.between(-_LAST_SECOND * per_second, _LAST_SECOND * per_second).ifelse(number, ibis.null("int64"))
    return ibis.literal(_UNIX_EPOCH).cast("timestamp(6)") + safe.as_interval(name)


def _without_offset(text: Any, offset: Any) -> Any:
    """The written clock time minus its offset from UTC."""
    clock = _iso_form(text.re_replace(r"\s*(?:Z|[+-]\d{2}:?\d{2}|[+-]\d{2})$", ""))
    digits = offset.re_replace(r"[^0-9]", "")
    hours = digits.substr(0, 2).try_cast("int32").fill_null(0)
    minutes = digits.substr(2, 2).try_cast("int32").fill_null(0)
    shift = (hours * 60 + minutes) * offset.startswith("-").ifelse(-1, 1)
    return clock.try_cast("timestamp(6)") - shift.cast("int32").as_interval("m")


def _naive_in_other_forms(text: Any) -> Any:
    iso = _iso_form(text)
    is_iso = iso.re_search(_ISO)
    serial = text.re_search(r"^\d{5}(\.\d+)?$").ifelse(text, ibis.null("string")).try_cast("float64")
    in_range = serial.between(_EXCEL_FIRST, _EXCEL_LAST)
    return ibis.cases(
        (is_iso, iso.try_cast("timestamp(6)")),
        (in_range, _from_excel(serial)),
        else_=ibis.null("timestamp(6)"),
    )


def _from_excel(serial: Any) -> Any:
    seconds = (serial * 86_400).round().cast("int64")
    return ibis.literal(_EXCEL_EPOCH).cast("timestamp(6)") + seconds.as_interval("s")


def _iso_form(text: Any) -> Any:
    """*text* with its date and time parts in ISO order and separators."""
    compact = text.re_replace(r"^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))$", r"\1-\2-\3 \4:\5:\6")
    compact = compact.re_replace(r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3")
    dated = compact.re_replace(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", r"\1-\2-\3 ")
    timed = dated.re_replace(r"(\d{1,2})[时點点](\d{1,2})分(?:(\d{1,2})秒)?", r"\1:\2:\3")
    return timed.re_replace(r":$", "").re_replace(r"\s*T?\s+", " ").re_replace(r" T", " ").strip()


def _naive_by_pattern(text: Any, pattern: str) -> Any:
    """Clock time of *text* read by strptime directives: a text that does not fit is NULL, never an error."""
    expression, order = as_regex(pattern)

    def part(directive: str, default: str) -> Any:
        if directive not in order:
            return ibis.literal(default)
        return text.re_extract(expression, order.index(directive) + 1)

    year = ibis.literal("20") + part("%y", "") if "%y" in order else part("%Y", "1970")
    hour = part("%H", "0") if "%I" not in order else _hour_of_day(part("%I", "12"), part("%p", "AM"))
    clock = hour + ":" + part("%M", "00").lpad(2, "0") + ":" + part("%S", "00").lpad(2, "0")
    written = year + "-" + part("%m", "1") + "-" + part("%d", "1") + " " + clock + "." + part("%f", "0")
    return text.re_search(expression).ifelse(written, ibis.null("string")).try_cast("timestamp(6)")


def _hour_of_day(hour: Any, half: Any) -> Any:
    number = hour.try_cast("int32") % 12 + half.upper().startswith("P").ifelse(12, 0)
    return number.cast("string")
