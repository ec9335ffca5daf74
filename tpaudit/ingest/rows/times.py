"""Dates and times as exports write them, read into UTC instants inside the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ibis

from tpaudit.engine import Engine
from tpaudit.ingest.date_formats import UNITS, as_regex
from tpaudit.ingest.rows.widths import text_where

_ISO = r"^\d{4}-\d{1,2}-\d{1,2}(?:[ T]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?$"
# What may follow the last digits of a clock time: AM or PM, then the offset from UTC. Names of zones are not read: CST
# is Shanghai to some and Chicago to others.
_CLOCK_END = (
    r"(?i)(:\d{2}(?:\.\d+)?)(?:\s?([ap])\.?m\.?)?"
    r"(?:\s*(z|(?:utc|gmt)?\s?[+-]\d{1,2}(?::?\d{2})?|utc|gmt)(?:\s*\(?[a-z]{3,4}\)?)?)?$"
)
# Epoch numbers beyond 2200 are no times; the engine would overflow on them.
_LAST_SECOND = 7_258_118_400
_UNIX_EPOCH = "1970-01-01"
_EXCEL_EPOCH = "1899-12-30"
_EXCEL_FIRST, _EXCEL_LAST = 20_000, 80_000  # 1954 to 2119
_FULL_WIDTH, _HALF_WIDTH = "０１２３４５６７８９：／．－＋，　", "0123456789:/.-+, "
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAY = r"(?i)^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]?\s+|\s*(?:星期|周)[一二三四五六日天]\s*"
_EITHER_ORDER = r"^(\d{1,2})[/-](\d{1,2})[/-](\d{4})"

# Rewritten one after the other, to year-month-day, then hour:minute:second.
_COMPACT = (
    (r"^(\d{4})(\d{2})(\d{2})[T ]?(\d{2}):?(\d{2}):?(\d{2}(?:\.\d+)?)(\D|$)", r"\1-\2-\3 \4:\5:\6\7"),
    (r"^(\d{4})(\d{2})(\d{2})[T ]?(\d{2}):?(\d{2})$", r"\1-\2-\3 \4:\5"),
    (r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3"),
)
_YEAR_FIRST = ((r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", r"\1-\2-\3 "),)
_DOTTED = ((r"^(\d{1,2})\.(\d{1,2})\.(\d{4})", r"\3-\2-\1 "),)
_NAMED_MONTH = (
    (r"(?i)^([a-z]{3})[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4}),?", r"\3-\1-\2 "),
    (r"(?i)^(\d{1,2})(?:st|nd|rd|th)?[\s-]+([a-z]{3})[a-z]*\.?,?[\s-]+(\d{4}),?", r"\3-\2-\1 "),
)
_CLOCK = (
    (r"(?i)\s+at\s+", " "),
    (r"(?:上午|凌晨|早上)\s*(.*)$", r"\1 AM"),
    (r"(?:下午|晚上|中午)\s*(.*)$", r"\1 PM"),
    (r"(\d{1,2})[时時點点](?:(\d{1,2})分(?:(\d{1,2})秒)?)?", r"\1:\2:\3"),
    (r":(\d)(\D|$)", r":0\1\2"),
    (r":(\d)(\D|$)", r":0\1\2"),
    (r"::", ":00"),
    (r":( |$)", r"\1"),
    (r"(:\d{2}),(\d{3})$", r"\1.\2"),
    (r"\s*T?\s+", " "),
    (r" T", " "),
)


@dataclass(frozen=True, slots=True)
class Manner:
    """How one column writes its dates.

    `is_plain`: every text is an ISO date or time without offset. `day_first` decides 03/04/2026; without it such a
    text is no date.
    """

    is_plain: bool = False
    day_first: bool | None = None


def instant(text: Any, engine: Engine, zone: str, formats: Sequence[str] = (), manner: Manner = Manner()) -> Any:
    """UTC instant of *text*; NULL if it is none.

    Without *formats*: ISO, slashes, dots, 年月日, names of months, compact digits, Excel serials, epoch milli- and
    microseconds, 上午/下午 and AM/PM; an offset in the text wins over *zone*, and a clock time that *zone* skips is
    moved on by the skipped hour. A format is unix_s, unix_ms, unix_us, or strptime directives; the first that fits
    counts.
    """
    if formats:
        read = [_by_format(text, engine, zone, form) for form in formats]
        return ibis.coalesce(*read) if len(read) > 1 else read[0]
    plain = engine.from_local(text.try_cast("timestamp(6)"), zone)
    if manner.is_plain:
        return plain
    return ibis.cases(
        (text.re_search(_ISO), plain),
        (text.re_search(r"^\d{13}$"), engine.from_local(_epoch(text, "unix_ms"), "UTC")),
        (text.re_search(r"^\d{16}$"), engine.from_local(_epoch(text, "unix_us"), "UTC")),
        (text.re_search(r"^\d{5}(\.\d+)?$"), engine.from_local(_from_excel(text), zone)),
        else_=_once(_year_first(text, manner.day_first), lambda written: _instant_of(written, engine, zone)),
    )


def day(text: Any, engine: Engine, zone: str, formats: Sequence[str] = (), manner: Manner = Manner()) -> Any:
    """The calendar day written in *text*; epoch numbers give the day in *zone*."""
    if formats:
        read = [_day_by_format(text, engine, zone, form) for form in formats]
        return ibis.coalesce(*read) if len(read) > 1 else read[0]
    plain = text.re_extract(r"^(\d{4}-\d{1,2}-\d{1,2})(?:[ T].*)?$", 1).nullif("").try_cast("date")
    if manner.is_plain:
        return plain
    written = _year_first(text, manner.day_first).re_extract(r"^(\d{4}-\d{1,2}-\d{1,2})(?: .*)?$", 1).nullif("")
    return ibis.coalesce(plain, written.try_cast("date"), _from_excel(text).date())


def is_unusual(text: Any) -> Any:
    """Whether *text* is more, or less, than an ISO date or time without offset."""
    return ~text.re_search(_ISO) | text.try_cast("timestamp(6)").isnull()


def order_told(text: Any) -> tuple[Any, Any, Any]:
    """Whether *text* is a date of two numbers and a year; whether the first, and the second, can only be the day.

    All three are NULL for an ISO date.
    """
    other = text_where(~text.re_search(_ISO), text)
    return (
        other.re_search(_EITHER_ORDER),
        other.re_search(r"^(?:1[3-9]|[23]\d)[/-]\d{1,2}[/-]\d{4}"),
        other.re_search(r"^\d{1,2}[/-](?:1[3-9]|[23]\d)[/-]\d{4}"),
    )


def _by_format(text: Any, engine: Engine, zone: str, form: str) -> Any:
    if form in UNITS:
        return engine.from_local(_epoch(text, form), "UTC")
    return engine.from_local(_naive_by_pattern(text, form), zone)


def _day_by_format(text: Any, engine: Engine, zone: str, form: str) -> Any:
    if form in UNITS:
        return engine.to_local(_by_format(text, engine, zone, form), zone).date()
    return _naive_by_pattern(text, form).date()


def _epoch(text: Any, unit: str) -> Any:
    name, per_second = UNITS[unit]
    number = text.try_cast("float64" if unit == "unix_s" else "int64")
    # Rounding fails where no whole number is large enough.
    safe = number.between(-_LAST_SECOND * per_second, _LAST_SECOND * per_second).ifelse(
        number, ibis.null(number.type())
    )
    return ibis.literal(_UNIX_EPOCH).cast("timestamp(6)") + safe.round().cast("int64").as_interval(name)


def _from_excel(text: Any) -> Any:
    serial = text.re_search(r"^\d{5}(\.\d+)?$").ifelse(text, ibis.null("string")).try_cast("float64")
    serial = serial.between(_EXCEL_FIRST, _EXCEL_LAST).ifelse(serial, ibis.null("float64"))
    seconds = (serial * 86_400).round().cast("int64")
    return ibis.literal(_EXCEL_EPOCH).cast("timestamp(6)") + seconds.as_interval("s")


def _year_first(text: Any, day_first: bool | None) -> Any:
    """*text* with the parts of its date in ISO order, and its clock time with colons."""
    either = () if day_first is None else ((_EITHER_ORDER, r"\3-\2-\1 " if day_first else r"\3-\1-\2 "),)
    written = text.translate(_FULL_WIDTH, _HALF_WIDTH).re_replace(_WEEKDAY, " ").strip()
    for pattern, form in (*_COMPACT, *_YEAR_FIRST, *_DOTTED, *either, *_NAMED_MONTH):
        written = written.re_replace(pattern, form)
    for number, name in enumerate(_MONTHS, start=1):
        written = written.re_replace(f"(?i)-{name}-", f"-{number}-")
    for pattern, form in _CLOCK:
        written = written.re_replace(pattern, form)
    return written.strip()


def _instant_of(written: Any, engine: Engine, zone: str) -> Any:
    """UTC instant of a text in ISO order, which may end in AM or PM and an offset."""
    half, offset = written.re_extract(_CLOCK_END, 2).lower(), written.re_extract(_CLOCK_END, 3)
    clock = _once(
        written.re_replace(_CLOCK_END, r"\1"),
        lambda bare: bare.re_search(_ISO).ifelse(bare, ibis.null("string")).try_cast("timestamp(6)"),
    )
    naive = _once(clock, lambda time: time + _hours_to_add(time.hour(), half).as_interval("h"))
    in_utc = engine.from_local(naive - _minutes(offset).as_interval("m"), "UTC")
    return (offset != "").ifelse(in_utc, engine.from_local(naive, zone))


def _hours_to_add(hour: Any, half: Any) -> Any:
    """From the hour of a half day, a or p, to that of the day; 13:05 PM is taken for what it says."""
    shift = ibis.cases(((half == "p") & (hour < 12), 12), ((half == "a") & (hour == 12), -12), else_=0)
    return shift.cast("int64")


def _once(value: Any, how: Callable[[Any], Any]) -> Any:
    """`how(value)` with *value* evaluated once: an expression used several times is else repeated wherever it is."""
    return ibis.array([value]).map(how)[0]


def _minutes(offset: Any) -> Any:
    """Minutes east of UTC that *offset* means; 0 for a bare UTC."""
    form = r"[+-](\d{1,2})(?::?(\d{2}))?$"
    parts = [offset.re_extract(form, group).nullif("").try_cast("int64").fill_null(0) for group in (1, 2)]
    return (parts[0] * 60 + parts[1]) * offset.contains("-").ifelse(-1, 1)


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
