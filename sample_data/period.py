"""The audited period, its local clock, and reproducible random streams.

Times are whole seconds since 1970-01-01 00:00 local time (Asia/Shanghai, UTC+8, no daylight saving).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tpaudit.sample_data.text import Ints

DAY = 86_400
UTC_OFFSET = 8 * 3_600
PERIOD_END = date(2026, 11, 15)
"""The last day of every sample period, a Sunday; an audit of the sample is "as of" the day after."""

_EPOCH = date(1970, 1, 1)
# Relative activity in each hour of the day: quiet from one to six, a lunch bump, an evening peak.
_HOUR_WEIGHTS = (
    1.6,
    0.7,
    0.5,
    0.4,
    0.4,
    0.5,
    1.2,
    2.6,
    4.2,
    5.4,
    6.0,
    6.0,
    6.4,
    6.0,
    5.4,
    5.4,
    5.6,
    5.6,
    5.6,
    6.4,
    7.8,
    8.4,
    7.0,
    3.9,
)
_HOUR_EDGES = np.concatenate([[0.0], np.cumsum(_HOUR_WEIGHTS) / np.sum(_HOUR_WEIGHTS)])


@dataclass(frozen=True)
class Period:
    """`weeks` whole weeks, Monday to Sunday, that end on 2026-11-15.

    >>> Period(26).first_day.isoformat()
    '2026-05-18'
    """

    weeks: int

    @property
    def first_day(self) -> date:
        """The Monday the period starts on."""
        return PERIOD_END - timedelta(days=7 * self.weeks - 1)

    @property
    def days(self) -> int:
        """Length in days."""
        return 7 * self.weeks

    @property
    def start(self) -> int:
        """First second of the period."""
        return (self.first_day - _EPOCH).days * DAY

    @property
    def end(self) -> int:
        """First second after the period."""
        return self.start + self.days * DAY

    def week_of(self, at: Ints) -> Ints:
        """Week number of each moment, 1 for the first week."""
        return (at - self.start) // (7 * DAY) + 1


def time_of_day(uniform: NDArray[np.float64]) -> Ints:
    """Seconds after midnight whose distribution follows the brand's daily rhythm.

    >>> time_of_day(np.array([0.0])).tolist()
    [0]
    """
    hours = np.interp(uniform, _HOUR_EDGES, np.arange(25))
    return np.minimum((hours * 3_600).astype(np.int64), DAY - 1)


def stream(seed: int, chunk: int, purpose: str) -> np.random.Generator:
    """An independent random stream for one purpose in one chunk of customers.

    Separate streams keep everything else unchanged when one part of the world changes: the null world has
    the same people and the same touches before the first purchase as the world with effects.
    """
    return np.random.Generator(np.random.PCG64([seed, chunk, zlib.crc32(purpose.encode())]))


def within(rng: np.random.Generator, start: Ints, end: Ints, early: float = 1.0, late: float = 1.0) -> Ints:
    """One moment in each half-open interval [start, end), with a natural time of day.

    `early` and `late` are the parameters of a Beta distribution over the interval: (1, 3) leans to its start.
    """
    rows = len(start)
    share: NDArray[Any] = rng.beta(early, late, rows)
    day = (start + share * (end - start)).astype(np.int64) // DAY * DAY
    at = day + time_of_day(rng.random(rows))
    at = np.where(at >= end, at - DAY, at)
    squeezed = (start + rng.random(rows) * np.maximum(end - start, 1)).astype(np.int64)
    outside = (at < start) | (at >= end)
    moment: Ints = np.where(outside, np.minimum(squeezed, np.maximum(end - 1, start)), at)
    return moment
