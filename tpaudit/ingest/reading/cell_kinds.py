"""What single cells look like: numbers, dates, addresses, ids, or text. Decides nothing about their meaning."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice, zip_longest

EMPTY, TEXT = "", "text"
# Nothing to write: counts as an empty cell wherever kinds are compared.
_NOTHING = frozenset({"-", "--", "—", "——", "/", "null", "none", "n/a", "nan", "无"})
_TIME = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[AaPp]\.?[Mm]\.?)?"
_ZONE = r"(?:\s?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_KINDS = re.compile(
    rf"""
    (?P<time>{_TIME})
  | (?P<date>(?:\d{{4}}[-/.年]\s?\d{{1,2}}(?:[-/.月]\s?\d{{1,2}}日?)?|\d{{1,2}}[-/.]\d{{1,2}}[-/.](?:\d{{4}}|\d{{2}})
      |{_MONTH}\s\d{{1,2}},?\s\d{{4}}|\d{{1,2}}[\s-]{_MONTH}[\s-]\d{{2,4}})
      (?:[T\s,]\s?{_TIME}{_ZONE})?)
  | (?P<number>[-+(]?\s?(?:[$€£¥￥₹]|[A-Z]{{3}}\s)?\s?[-+]?(?:\d{{1,3}}(?:[,，]\d{{3}})+|\d+)?(?:[.,]?\d+)
      (?:[eE][-+]?\d+)?\)?\s?(?:%|[$€£¥￥₹元])?)
  | (?P<url>(?:https?|ftp)://\S+)
  | (?P<email>[^\s@,;]+@[^\s@,;]+\.[a-z]{{2,}})
  | (?P<id>(?=[^\s]*\d)[A-Za-z0-9_\-.#/+=*:]{{4,}})
    """,
    re.VERBOSE | re.IGNORECASE,
)
_WRAPPERS = " \t\u00a0\u3000\"'`="
# Share of the filled cells of a column that must be of one kind for the column to be of that kind.
_MOST = 0.8
# Rows that tell the kinds of columns.
_ROWS = 100


@lru_cache(maxsize=1 << 15)
def kind_of(cell: str) -> str:
    """The kind of one cell; '' if it holds nothing.

    >>> [kind_of(cell) for cell in ("1,234.50", "2026-05-01 08:00:00", "MG-8769", "a@b.cn", "看茶", " - ")]
    ['number', 'date', 'id', 'email', 'text', '']
    """
    bare = cell.strip(_WRAPPERS)
    if not bare or bare.casefold() in _NOTHING:
        return EMPTY
    if len(bare) > 100:
        return TEXT
    found = _KINDS.fullmatch(bare)
    return str(found.lastgroup) if found else TEXT


def column_kinds(rows: Iterable[Sequence[str]], width: int) -> tuple[str, ...]:
    """The kind most filled cells of each of *width* columns have: text where none prevails, '' for an empty column."""
    columns = list(zip_longest(*islice(rows, _ROWS), fillvalue=""))[:width]
    kinds = [_prevailing(Counter(map(kind_of, column))) for column in columns]
    return (*kinds, *[EMPTY] * (width - len(kinds)))


def conflicts(cells: Sequence[str], kinds: Sequence[str]) -> int:
    """How many filled *cells* are of another kind than their column."""
    return sum(_conflict(cell, kind) for cell, kind in zip(cells, kinds, strict=False))


def _conflict(cell: str, kind: str) -> bool:
    if kind in (EMPTY, TEXT):
        return False
    found = kind_of(cell)
    # An id may consist of digits alone, and a column of ids may hold a date-like one.
    return found not in (EMPTY, kind) and not (kind == "id" and found in ("number", "date"))


def _prevailing(count: Counter[str]) -> str:
    filled = {kind: number for kind, number in count.items() if kind}
    if not filled:
        return EMPTY
    # A column of ids has members that are bare numbers.
    if "id" in filled and "number" in filled:
        filled["id"] += filled.pop("number")
    kind, number = max(filled.items(), key=lambda item: item[1])
    return kind if number >= _MOST * sum(filled.values()) else TEXT
