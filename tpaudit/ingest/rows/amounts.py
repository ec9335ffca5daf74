"""Amounts, numbers, durations and booleans as exports write them; NULL where the text is none."""

from __future__ import annotations

from typing import Any

import ibis

from tpaudit.model.fields import MONEY

_FULL_WIDTH, _HALF_WIDTH = "０１２３４５６７８９．，－＋（）", "0123456789.,-+()"
_TRUE = ("true", "yes", "y", "1", "是", "有", "t")
_FALSE = ("false", "no", "n", "0", "否", "f")


def money(text: Any) -> Any:
    """Exact decimal of an amount with or without sign of currency and thousands commas."""
    return ibis.coalesce(_plain(text).try_cast(MONEY), _plain(_bare(text)).try_cast(MONEY))


def number(text: Any) -> Any:
    """Number in *text*; a unit of currency or pieces after it does not matter."""
    return ibis.coalesce(_plain(text).try_cast("float64"), _plain(_bare(text)).try_cast("float64"))


def integer(text: Any) -> Any:
    """Whole number in *text*; a number with decimals is none."""
    value = number(text)
    return (value == value.round()).ifelse(value.round(), ibis.null("float64")).try_cast("int64")


def seconds(text: Any) -> Any:
    """Duration in seconds, written as a number, as [H:]MM:SS, or in words such as 1小时2分3秒."""
    clock = r"^(?:(\d+):)?(\d{1,2}):(\d{2})$"
    words = r"^(?:(\d+)\s*(?:小时|时|h))?\s*(?:(\d+)\s*(?:分钟|分|m(?:in)?))?\s*(?:(\d+)\s*(?:秒|s))?$"
    return ibis.cases(
        (text.re_search(clock), _hms(text, clock)),
        (text.re_search(words), _hms(text, words)),
        else_=number(text),
    )


def boolean(text: Any) -> Any:
    """Yes or no in either language."""
    word = text.lower()
    return ibis.cases(
        (word.isin(_TRUE), ibis.literal(True)), (word.isin(_FALSE), ibis.literal(False)), else_=ibis.null("boolean")
    )


def tags(text: Any) -> Any:
    """Labels of one cell, split at the separators platforms use."""
    parts = text.re_replace(r"\s*[,，;；|┋、]\s*", ",").split(",")
    return parts.filter(lambda part: part != "")


def _plain(text: Any) -> Any:
    """*text* if it is digits, perhaps with a decimal point and an exponent; words such as 'infinity' are none."""
    is_number = text.re_search(r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?$")
    return is_number.ifelse(text, ibis.null("string"))


def _bare(text: Any) -> Any:
    """*text* without currency and thousands commas; a comma that does not part thousands makes it no number."""
    narrow = text.translate(_FULL_WIDTH, _HALF_WIDTH).re_replace(r"[\s¥￥$€£元%件个]|CNY|RMB|USD|EUR", "")
    signed = narrow.re_replace(r"^\((.*)\)$", r"-\1")
    grouped = signed.re_search(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")
    return grouped.ifelse(signed.replace(",", ""), signed)


def _hms(text: Any, pattern: str) -> Any:
    parts = [text.re_extract(pattern, group).nullif("").try_cast("float64").fill_null(0) for group in (1, 2, 3)]
    return parts[0] * 3600 + parts[1] * 60 + parts[2]
