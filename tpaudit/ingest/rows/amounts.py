"""Amounts, numbers, durations, yes and no as exports write them; NULL where the text is none."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

import ibis

from tpaudit.ingest.rows.widths import text_where
from tpaudit.model.fields import INTEGER, MONEY

_FULL_WIDTH, _HALF_WIDTH = "０１２３４５６７８９．，－＋（）％＜＞", "0123456789.,-+()%<>"
_CODES = "CNY|RMB|USD|EUR|GBP|JPY|HKD|TWD|MOP|SGD|KRW|AUD|CAD|CHF|THB|MYR|VND"
_SIGNS = r"[\s'’_¥￥€£₩]|(?:US|HK|NT|[ACS])?\$|人民币|[元圆块件个]|" + _CODES
_ONE_SIGN = r"^[¥￥$€£]\s?|\s?元$"
# 131.77(已退款89.84): a remark in words after the number.
_REMARK = r"^([^(]*\d[^(]*)\([^)]*[^\d\s.,)%+-][^)]*\)$"
# Rewritten one after the other; # marks a number whose thousands are parted as they should be. A comma in front of
# the cents is beyond doubt only after points that part thousands.
_GROUPS = (
    (r"^([+-]?\d{1,3}),(\d{3})((?:,\d{3})*(?:\.\d+)?)$", r"#\1\2\3"),
    *[(r"^(#[+-]?\d+),(\d{3})", r"\1\2")] * 3,
    (r"^([+-]?\d{1,3})\.(\d{3})((?:\.\d{3})*,\d{1,2})$", r"#\1\2\3"),
    *[(r"^(#[+-]?\d+)\.(\d{3})([.,])", r"\1\2\3")] * 3,
    (r"^#([+-]?\d+),", r"\1."),
    ("^#", ""),
)
_CONTINENTAL = r"^[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?$"
_MULTIPLES = {"万": "10000", "w": "10000", "W": "10000", "亿": "100000000", "%": "0.01", "％": "0.01"}
_LONG = "decimal(38, 8)"
# The longest fractions may be read as infinite; beyond 15 digits a float is no count of anything.
_LARGEST, _LARGEST_WHOLE = sys.float_info.max, 10.0**15
_TRUE = ("true", "yes", "y", "1", "是", "有", "t", "√", "✓", "✔")
_FALSE = ("false", "no", "n", "0", "否", "f", "×", "✗")
# What tells a currency beyond doubt: ¥ is yuan or yen, a bare $ is a dozen dollars, 元 is also written in Taipei.
_CURRENCIES = (
    ("€|EUR", "EUR"), ("£|GBP", "GBP"), (r"US\$|USD", "USD"), (r"HK\$|HKD", "HKD"), ("JPY", "JPY"),
    ("CNY|RMB|人民币", "CNY"),
)  # fmt: skip
_ANY_CURRENCY = "|".join(pattern for pattern, _ in _CURRENCIES)


def money(text: Any, decimal: str = ".", scale: float | None = None, is_plain: bool = False) -> Any:
    """Exact decimal of an amount, with or without sign of currency, thousands marks, 万, or a remark in brackets.

    *decimal* is the mark before the cents; *scale* multiplies (0.01 where the source counts cents); *is_plain* says
    that no text is unusual.
    """
    read = _short_money(text)
    if decimal != ".":
        read = _multiplied(text, _LONG, decimal).try_cast(MONEY)
    elif not is_plain:
        read = ibis.coalesce(read, _multiplied(text, _LONG, decimal).try_cast(MONEY))
    return read if scale is None else (read * ibis.literal(Decimal(str(scale)))).try_cast(MONEY)


def number(text: Any, decimal: str = ".", scale: float | None = None, is_plain: bool = False) -> Any:
    """Number in *text*; currency, units of pieces and a leading < do not matter, 12 % is 0.12."""
    if decimal != ".":
        read = _finite(_multiplied(text, "float64", decimal))
    elif is_plain:
        read = text.try_cast("float64")
    else:
        read = _finite(ibis.coalesce(_plain(text).try_cast("float64"), _multiplied(text, "float64", decimal)))
    return read if scale is None else read * scale


def integer(text: Any, decimal: str = ".", scale: float | None = None, is_plain: bool = False) -> Any:
    """Whole number in *text*; a number with decimals is none."""
    value = number(text, decimal, scale, is_plain)
    value = value.between(-_LARGEST_WHOLE, _LARGEST_WHOLE).ifelse(value, ibis.null("float64"))
    return (value == value.round()).ifelse(value.round(), ibis.null("int64"))


def is_unusual(text: Any, dtype: str) -> Any:
    """Whether *text* is more than a mere number of type *dtype*."""
    if dtype == MONEY:
        return _short_money(text).isnull()
    form = r"^[+-]?\d{1,15}$" if dtype == INTEGER else r"^[+-]?\d{1,15}(?:\.\d{1,9})?$"
    return ~text.re_search(form)


def is_bare(text: Any) -> Any:
    """Whether *text* is a mere amount, in yuan at most: such tell no currency beyond doubt."""
    return _digits_or_yuan(text).notnull()


def seconds(text: Any, scale: float | None = None) -> Any:
    """Duration in seconds, written as a number, as [H:]MM:SS, or in words such as 1小时2分3秒 or 2h 5m.

    *scale* multiplies bare numbers (0.001 where the source counts milliseconds).
    """
    clock = r"^(?:(\d+):)?(\d{1,3}):(\d{2}(?:\.\d+)?)$"
    words = (
        r"^(?:(\d+)\s*(?:天|d(?:ays?)?))?,?\s*(?:(\d+)\s*(?:个?小时|时|h(?:(?:ou)?rs?)?))?,?\s*"
        r"(?:(\d+)\s*(?:分钟|分|m(?:in(?:ute)?s?)?))?,?\s*(?:(\d+(?:\.\d+)?)\s*(?:秒钟?|s(?:ec(?:ond)?s?)?))?$"
    )
    written = ibis.cases(
        (text.re_search(clock), _duration(text, clock, (3600, 60, 1))),
        (text.lower().re_search(words), _duration(text.lower(), words, (86_400, 3600, 60, 1))),
    )
    return ibis.coalesce(_finite(written), number(text, scale=scale))


def minutes(text: Any, scale: float | None = None) -> Any:
    """Duration in minutes: clock times and words are turned into minutes, bare numbers are minutes already."""
    told_unit = text.contains(":") | text.re_search(r"\d\s*\D+$")
    return told_unit.ifelse(seconds(text) / 60, number(text, scale=scale))


def boolean(text: Any) -> Any:
    """Yes or no in either language."""
    words = [*((word, True) for word in _TRUE), *((word, False) for word in _FALSE)]
    return text.lower().cases(*words, else_=ibis.null("boolean"))


def currency(text: Any) -> Any:
    """ISO code of the currency an amount names beyond doubt, else NULL: €, £, US$, HK$, and codes."""
    cases = [(text.re_search(pattern), ibis.literal(code)) for pattern, code in _CURRENCIES]
    return ibis.cases(*cases, else_=ibis.null("string"))


def tells_currency(text: Any) -> Any:
    """Whether an amount names its currency beyond doubt; NULL where it is a mere number."""
    return text_where(~is_bare(text), text).re_search(_ANY_CURRENCY)


def _short_money(text: Any) -> Any:
    """Digits with a point, perhaps with one sign of currency at either end: nearly all amounts there are."""
    return ibis.coalesce(_digits_or_yuan(text), text.re_replace(_ONE_SIGN, "").try_cast(MONEY))


def _digits_or_yuan(text: Any) -> Any:
    """Digits with a point, perhaps with 元 behind them: a cast that fails costs ten times one that does not."""
    return text.endswith("元").ifelse(text.substr(0, text.length() - 1), text).try_cast(MONEY)


def _plain(text: Any) -> Any:
    """*text* if it is digits, perhaps with a decimal point and an exponent; words such as 'infinity' are none."""
    is_number = text.re_search(r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?$")
    return is_number.ifelse(text, ibis.null("string"))


def _multiplied(text: Any, dtype: str, decimal: str) -> Any:
    """The number that *text* writes with all its trimmings, times what the sign after it stands for."""
    value = _plain(_with_point(_bare(text), decimal)).try_cast(dtype)
    sign = text.re_extract(r"\d\s*([万亿wW%％])", 1)
    factor = sign.cases(*_MULTIPLES.items(), else_="1").cast(dtype)
    return value * factor


def _bare(text: Any) -> Any:
    """*text* without currency, remark and comparison; brackets and a minus at the end are a sign in front."""
    narrow = text.translate(_FULL_WIDTH, _HALF_WIDTH).re_replace(_SIGNS, "").re_replace("^[<>≤≥≈~]=?", "")
    told = narrow.re_replace(_REMARK, r"\1").re_replace("[万亿wW%]$", "")
    return told.re_replace(r"^\((.*)\)$", r"-\1").re_replace(r"^(\d.*)-$", r"-\1")


def _with_point(digits: Any, decimal: str) -> Any:
    """*digits* without marks between thousands and with a point before the decimals.

    A comma that does not part thousands makes it no number.
    """
    if decimal == ",":
        continental = digits.re_search(_CONTINENTAL).ifelse(digits, ibis.null("string"))
        return continental.replace(".", "").replace(",", ".")
    for pattern, form in _GROUPS:
        digits = digits.re_replace(pattern, form)
    return digits


def _finite(value: Any) -> Any:
    """*value*, NULL where it is infinite or no number."""
    return value.between(-_LARGEST, _LARGEST).ifelse(value, ibis.null("float64"))


def _duration(text: Any, pattern: str, weights: tuple[int, ...]) -> Any:
    parts = [
        text.re_extract(pattern, group).nullif("").try_cast("float64").fill_null(0) * weight
        for group, weight in enumerate(weights, start=1)
    ]
    return sum(parts[1:], parts[0])
