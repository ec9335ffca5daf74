"""Numbers as people read them: thousands, percentages, money, durations, intervals; a dash for the unknown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from tpaudit.reports.language import Messages

_CURRENCY_SIGNS = {"CNY": "¥", "JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "HKD": "HK$", "TWD": "NT$", "INR": "₹"}

# Units of durations, with their length in hours.
_DURATIONS = {"s": 1 / 3600, "min": 1 / 60, "h": 1.0, "days": 24.0, "d": 24.0}

_AFTER_LAST_DIGIT = re.compile(r"\D+$")


class Figures:
    """Writes numbers in one language and one currency. Every method takes None for unknown."""

    def __init__(self, messages: Messages, currency: str = "CNY") -> None:
        self._messages = messages
        self._sign = _CURRENCY_SIGNS.get(currency, f"{currency} ")

    @property
    def unknown(self) -> str:
        """What stands where nothing was measured."""
        return self._messages.text("number.none")

    def count(self, number: float | None) -> str:
        """A whole number with thousands separated."""
        return self.unknown if number is None else f"{number:,.0f}"

    def number(self, number: float | None) -> str:
        """A number with as many digits as help: 12,345 and 34.5 and 3.46."""
        if number is None:
            return self.unknown
        digits = 0 if float(number).is_integer() or abs(number) >= 1000 else 1 if abs(number) >= 10 else 2
        return f"{number:,.{digits}f}"

    def share(self, share: float | None, digits: int = 1) -> str:
        """A share of 0-1 as a percentage; tiny shares are not rounded to nothing."""
        if share is None:
            return self.unknown
        smallest = 10 ** -(digits + 2)
        if 0 < share < smallest:
            return f"<{smallest:.{digits}%}"
        return f"{share:.{digits}%}"

    def points(self, difference: float | None) -> str:
        """A difference of shares in percentage points, with its sign."""
        return self.unknown if difference is None else f"{difference * 100:+.1f}"

    def money(self, amount: float | None) -> str:
        """An amount with the sign of its currency; cents only below a thousand."""
        if amount is None:
            return self.unknown
        digits = 0 if abs(amount) >= 1000 else 2
        return f"{'-' if amount < 0 else ''}{self._sign}{abs(amount):,.{digits}f}"

    def hours(self, hours: float | None) -> str:
        """A duration in the largest unit that keeps it above one."""
        if hours is None:
            return self.unknown
        if hours < 1:
            return self._messages.text("duration.minutes", n=_one_digit(hours * 60))
        if hours < 48:
            return self._messages.text("duration.hours", n=_one_digit(hours))
        return self._messages.text("duration.days", n=_one_digit(hours / 24))

    def seconds(self, seconds: float) -> str:
        """How long a computation took."""
        return self._messages.text("duration.seconds", n=f"{seconds:,.1f}")

    def measure(self, value: float | None, unit: str) -> str:
        """The value of a KPI in its unit."""
        return self._writer(unit)(value)

    def interval(self, low: float | None, high: float | None, unit: str) -> str:
        """A 95 % interval; a unit that follows the number is written once.

        >>> figures = Figures(Messages("en"))
        >>> figures.interval(0.291, 0.344, "share"), figures.interval(-4, 12, "nps"), figures.interval(2, 3.5, "h")
        ('29.1–34.4%', '-4 to +12', '2–3.5 h')
        """
        if low is None or high is None:
            return self.unknown
        write = self._writer(unit)
        first, second = write(low), write(high)
        unit_written = _AFTER_LAST_DIGIT.search(second)
        if unit_written:
            first = first.removesuffix(unit_written.group())
        signed = low < 0 or first.startswith("+")
        return self._messages.text("number.range_signed" if signed else "number.range", low=first, high=second)

    def interval_of_hours(self, low: float | None, high: float | None) -> str:
        """The interval of a duration; its ends may be in different units."""
        if low is None or high is None:
            return self.unknown
        return self._messages.text("number.range", low=self.hours(low), high=self.hours(high))

    def points_interval(self, low: float | None, high: float | None) -> str:
        """The interval of a difference of shares, in percentage points."""
        if low is None or high is None:
            return self.unknown
        return self._messages.text("number.range_signed", low=self.points(low), high=self.points(high))

    def _writer(self, unit: str) -> Callable[[float | None], str]:
        if unit == "share":
            return self.share
        if unit == "currency":
            return self.money
        if unit in ("nps", "-100..100", "points"):
            return lambda value: self.unknown if value is None else f"{value:+.0f}"
        if unit in _DURATIONS:
            return lambda value: self.hours(None if value is None else value * _DURATIONS[unit])
        return self.number


def _one_digit(number: float) -> str:
    return f"{number:,.1f}".removesuffix(".0")


def printable(text: str) -> str:
    """*text* without anything that moves the cursor, colours the terminal or turns the reading direction.

    File and column names come from outside; a name must not be able to draw on the screen.

    >>> printable("a\\x1b[31mb\\tc\\u202ed")
    'a[31mb cd'
    """
    if text.isprintable():
        return text
    spaced = (" " if character in "\t\n\r\u3000\xa0" else character for character in text)
    return "".join(character for character in spaced if unicodedata.category(character)[0] != "C")
