"""Periods as users write them: an ISO week, a month, or two days."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from tpaudit.errors import UsageFault

_WEEK = re.compile(r"(\d{4})-W(\d{2})")
_MONTH = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days from `start` to `end`, both included, on the audit's clock."""

    start: date
    end: date

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read `2026-W46`, `2026-10` or `2026-10-01..2026-11-15`; raises UsageFault for anything else.

        >>> Period.parse("2026-W46").start.isoformat()
        '2026-11-09'
        >>> Period.parse("2026-02").end.isoformat()
        '2026-02-28'
        """
        try:
            period = cls._read(text)
        except ValueError as fault:
            raise UsageFault(f"period {text!r} does not exist: {fault}") from fault
        if period is None:
            raise UsageFault(
                f"period {text!r} is not understood", "write a week 2026-W46, a month 2026-10 or 2026-10-01..2026-11-15"
            )
        if period.end < period.start:
            raise UsageFault(f"period {text!r} ends before it starts")
        return period

    @classmethod
    def _read(cls, text: str) -> Period | None:
        if week := _WEEK.fullmatch(text):
            year, number = int(week[1]), int(week[2])
            return cls(date.fromisocalendar(year, number, 1), date.fromisocalendar(year, number, 7))
        if month := _MONTH.fullmatch(text):
            first = date(int(month[1]), int(month[2]), 1)
            return cls(first, first.replace(day=monthrange(first.year, first.month)[1]))
        start, dots, end = text.partition("..")
        return cls(date.fromisoformat(start), date.fromisoformat(end)) if dots else None
