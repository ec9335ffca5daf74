"""Service: tickets, and the survey in which customers say how it was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tpaudit.sample_data.journeys import Aftermath, Approach
from tpaudit.sample_data.orders import Orders
from tpaudit.sample_data.period import DAY, Period, stream, within
from tpaudit.sample_data.text import Bools, Ints
from tpaudit.sample_data.touches import NEVER, Touches

TAGS = ("refund", "exchange", "install", "complaint", "question")
REFUND, EXCHANGE, INSTALL, COMPLAINT, QUESTION = range(5)
_BUYERS_SURVEYED, _OTHERS_SURVEYED = 0.55, 0.10


@dataclass(frozen=True)
class Tickets:
    """One element per ticket."""

    person: Ints
    created: Ints
    tag: Ints
    order: Ints
    """Row of the order the ticket is about, -1 when none."""
    reply_minutes: Ints
    solved: Ints
    reopens: Ints

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True)
class Invitations:
    """Who will answer the survey, and when; drawn before anyone knows the answers."""

    person: Ints
    at: Ints

    def limits(self, people: int) -> Ints:
        """Time of the answer per person, 0 for those who do not answer."""
        limit = np.zeros(people, dtype=np.int64)
        limit[self.person] = self.at
        return limit


@dataclass(frozen=True)
class Answers:
    """One element per response; scores as the respondent meant them."""

    person: Ints
    at: Ints
    promoter: Bools
    nps: Ints
    csat: Ints
    ces: Ints


def draw_invitations(journey: Approach, after: Aftermath, period: Period, seed: int, chunk: int) -> Invitations:
    """Buyers answer towards the end of their first weeks, a few others soon after they decided not to buy."""
    rng = stream(seed, chunk, "survey")
    until = np.minimum(after.decides, period.end)
    share = rng.uniform(0.6, 0.95, len(after.buyer))
    bought_at = (after.bought + share * (until - after.bought)).astype(np.int64)
    answers = rng.random(len(after.buyer)) < _BUYERS_SURVEYED
    others = rng.random(len(journey.decided)) < _OTHERS_SURVEYED
    others[after.buyer] = False
    later = journey.decided + rng.integers(DAY // 4, 5 * DAY, len(journey.decided))
    others &= later < period.end
    person = np.concatenate([after.buyer[answers], np.flatnonzero(others)])
    at = np.concatenate([bought_at[answers], later[others]])
    order = np.argsort(at, kind="stable")
    return Invitations(person[order], at[order])


def answer(rng: np.random.Generator, invited: Invitations, chance: NDArray[np.float64]) -> Answers:
    """Scores of respondents whose chance to be a promoter is known, aligned with the invitations."""
    count = len(invited.person)
    promoter = rng.random(count) < chance
    # Those who do not recommend are the unhappier, the lower their chance was.
    unhappy = ~promoter & (rng.random(count) < np.clip(0.75 - chance, 0.1, 0.7))
    nps = np.where(
        promoter,
        rng.choice((9, 10), count),
        np.where(unhappy, rng.integers(0, 7, count), rng.choice((7, 8), count)),
    )
    csat = np.where(
        promoter,
        rng.choice((5, 4), count, p=(0.75, 0.25)),
        np.where(unhappy, rng.choice((1, 2, 3), count), rng.choice((3, 4), count)),
    )
    ces = np.clip(np.where(promoter, 6, np.where(unhappy, 3, 5)) + rng.integers(-1, 2, count), 1, 7)
    return Answers(invited.person, invited.at, promoter, nps, csat, ces)


def draw_tickets(orders: Orders, touches: Touches, after: Aftermath, period: Period, seed: int, chunk: int) -> Tickets:
    """Tickets for every return and installation, and some complaints and questions of buyers."""
    rng = stream(seed, chunk, "tickets")
    returned = np.flatnonzero(orders.returned < NEVER)
    installs = touches.select("field_service")
    until = np.minimum(after.decides, period.end)
    others = rng.random(len(after.buyer)) < 0.10
    person = np.concatenate([orders.person[returned], installs.person, after.buyer[others]])
    created = np.concatenate(
        [orders.returned[returned], installs.at, within(rng, after.bought[others] + DAY // 2, until[others])]
    )
    tag = np.concatenate(
        [
            np.where(orders.refund[returned] > 0, REFUND, EXCHANGE),
            np.full(len(installs), INSTALL),
            rng.choice((COMPLAINT, QUESTION), int(others.sum()), p=(0.4, 0.6)),
        ]
    )
    order = np.concatenate([returned, np.full(len(person) - len(returned), -1)])
    count = len(person)
    reply = np.maximum(rng.lognormal(3.3, 1.1, count), 1).astype(np.int64)
    solved = created + reply * 60 + rng.exponential(1.5 * DAY, count).astype(np.int64)
    unsolved = (solved >= period.end) | (rng.random(count) < 0.06)
    by_time = np.argsort(created, kind="stable")
    columns = (
        person,
        created,
        tag,
        order,
        reply,
        np.where(unsolved, NEVER, solved),
        rng.poisson(0.12, count),
    )
    return Tickets(*(column[by_time] for column in columns))
