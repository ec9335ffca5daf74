"""Orders: placed, paid or abandoned, shipped, completed, returned; with two planted troubles.

A breakpoint: on Android the mini-program checkout fails far more often during some weeks. A scenario: goods
ordered between midnight and five are returned twice as often.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from tpaudit.sample_data import vocabulary as words
from tpaudit.sample_data.journeys import NIGHT_ENDS
from tpaudit.sample_data.period import DAY, Period
from tpaudit.sample_data.persons import People, scattered
from tpaudit.sample_data.text import Bools, Ints, Text, choose, date_time, digits, join
from tpaudit.sample_data.touches import NEVER, Touches

MALL, TAOBAO, DOUYIN = range(3)
PENDING, PAID, SHIPPED, COMPLETED, CANCELLED = range(5)

CHECKOUT_WORKS = 0.92
CHECKOUT_WORKS_IN_BREAKPOINT = 0.50
MARKETPLACE_CHECKOUT_WORKS = 0.97
RETURN_RATE_BY_DAY = 0.08
RETURN_RATE_AT_NIGHT = 0.16
_REFUND_SHARE_OF_RETURNS = 0.75


@dataclass(frozen=True)
class Orders:
    """One element per order. Moments that did not happen (or not yet) are NEVER. Money in cents."""

    person: Ints
    channel: Ints
    created: Ints
    paid: Ints
    shipped: Ints
    completed: Ints
    status: Ints
    product: Ints
    quantity: Ints
    second_product: Ints
    """-1 when the order has one line."""
    goods: Ints
    discount: Ints
    postage: Ints
    returned: Ints
    refund: Ints
    """Money given back; 0 for exchanges and for goods kept."""

    def __len__(self) -> int:
        return len(self.person)

    @property
    def total(self) -> Ints:
        """What the buyer had to pay."""
        return self.goods - self.discount + self.postage

    @property
    def is_paid(self) -> Bools:
        """Whether money was received."""
        return self.paid < NEVER

    def where(self, keep: Bools | Ints) -> Orders:
        """A selection, or a reordering, of the orders."""
        return Orders(**{name: getattr(self, name)[keep] for name in self.__dataclass_fields__})

    @classmethod
    def union(cls, parts: list[Orders]) -> Orders:
        """All orders, by time of creation."""
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__}
        together = cls(**columns)
        return together.where(np.argsort(together.created, kind="stable"))


def breakpoint_weeks(period: Period) -> tuple[int, int]:
    """First and last week of the checkout trouble: weeks 10 to 14 of 26, in proportion otherwise.

    >>> breakpoint_weeks(Period(26))
    (10, 14)
    """
    return max(1, round(period.weeks * 10 / 26)), max(1, round(period.weeks * 14 / 26))


def in_breakpoint(people: People, at: Ints, period: Period) -> Bools:
    """Whether each person's checkout at that time meets the planted trouble."""
    first, last = breakpoint_weeks(period)
    week = period.week_of(at)
    return people.android & (week >= first) & (week <= last)


def checkout_success(people: People, at: Ints, period: Period) -> NDArray[np.float64]:
    """Chance that a person who wants to buy gets through the checkout of the home channel."""
    mall = np.where(in_breakpoint(people, at, period), CHECKOUT_WORKS_IN_BREAKPOINT, CHECKOUT_WORKS)
    return np.where(people.home_channel == MALL, mall, MARKETPLACE_CHECKOUT_WORKS)


def place(
    rng: np.random.Generator, person: Ints, channel: Ints, created: Ints, succeeds: Bools, period: Period
) -> Orders:
    """Orders with everything that follows from them inside the period."""
    count = len(person)
    prices = np.array([price for *_, price in words.PRODUCTS], dtype=np.int64) * 100
    product = rng.choice(len(prices), count, p=_popularity(prices))
    second = np.where(rng.random(count) < 0.28, rng.integers(0, len(prices), count), -1)
    quantity = 1 + rng.poisson(0.25, count)
    goods = prices[product] * quantity + np.where(second >= 0, prices[second], 0)
    discount = np.where(rng.random(count) < 0.35, goods // 10, 0)
    postage = np.where(goods < 9_900, 800, 0)
    paid = _if_before(period.end, np.where(succeeds, created + rng.integers(20, 600, count), NEVER))
    shipped = _later(paid, rng.integers(6 * 3_600, 40 * 3_600, count), period)
    completed = _later(shipped, rng.integers(2 * DAY, 8 * DAY, count), period)
    at_night = created % DAY < NIGHT_ENDS
    goes_back = rng.random(count) < np.where(at_night, RETURN_RATE_AT_NIGHT, RETURN_RATE_BY_DAY)
    returned = _later(np.where(goes_back, completed, NEVER), rng.integers(DAY // 2, 9 * DAY, count), period)
    refunded = (returned < NEVER) & (rng.random(count) < _REFUND_SHARE_OF_RETURNS)
    in_full = rng.random(count) < 0.4
    refund = np.where(refunded, np.where(in_full, goods - discount, (goods - discount) // 2), 0)
    status = np.select(
        [~succeeds, paid == NEVER, shipped == NEVER, completed == NEVER],
        [CANCELLED, PENDING, PAID, SHIPPED],
        COMPLETED,
    )
    return Orders(
        person,
        channel,
        created,
        paid,
        shipped,
        completed,
        status,
        product,
        quantity,
        second,
        goods,
        discount,
        postage,
        returned,
        refund,
    )


def order_touches(orders: Orders, rng: np.random.Generator) -> Touches:
    """Touches an order leaves by itself: the checkout (mall only), the delivery, the return."""
    mall = orders.channel == MALL
    delivered = orders.shipped < NEVER
    returned = orders.returned < NEVER
    lead = rng.integers(20, 300, len(orders))
    return Touches.union(
        [
            Touches.of("checkout", orders.person[mall], (orders.created - lead)[mall]),
            Touches.of("delivery", orders.person[delivered], orders.shipped[delivered]),
            Touches.of("returns", orders.person[returned], orders.returned[returned]),
        ]
    )


def _popularity(prices: Ints) -> NDArray[np.float64]:
    weights = 1 / np.sqrt(prices)
    share: NDArray[np.float64] = weights / weights.sum()
    return share


def _later(since: Ints, delay: Ints, period: Period) -> Ints:
    """`since` plus a delay, NEVER when that is unknown or past the period."""
    return _if_before(period.end, np.where(since < NEVER, since, 0) + delay, since < NEVER)


def _if_before(end: int, at: Ints, happened: Bools | bool = True) -> Ints:
    return np.where((at < end) & happened, at, NEVER)


def order_numbers(orders: Orders, first_person: int, seed: int) -> Text:
    """The platform's number of each order: E + time + 8 digits (mall), 19 digits (Taobao, Douyin).

    `first_person` is the id of the first customer of the chunk; it keeps numbers distinct between chunks.
    """
    serial = scattered(first_person * 8 + np.arange(len(orders)), seed, 10**8)
    moment = pc.replace_substring_regex(date_time(orders.created), r"[^0-9]", "")
    tail = digits(serial, 8)
    mall = join("E", moment, tail)
    taobao = join("4", digits(orders.created - 1_700_000_000, 10), tail)
    douyin = join("69", digits(orders.created - 1_700_000_000, 9), tail)
    return choose(orders.channel == MALL, mall, choose(orders.channel == TAOBAO, taobao, douyin))
