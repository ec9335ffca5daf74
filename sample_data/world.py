"""One chunk of the world, told in the order in which things happen, with the truth about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tpaudit.sample_data.journeys import Aftermath, Approach, aftermath, approach
from tpaudit.sample_data.leads import Leads, draw_leads
from tpaudit.sample_data.messages import Consents, Messages, draw_consents, draw_messages
from tpaudit.sample_data.orders import (
    DOUYIN,
    MALL,
    TAOBAO,
    Orders,
    checkout_success,
    order_numbers,
    order_touches,
    place,
)
from tpaudit.sample_data.outcomes import (
    CONVERSION,
    OUTCOMES,
    RETENTION,
    SATISFACTION,
    EffectSums,
    Exposures,
    probability,
    true_effects,
)
from tpaudit.sample_data.period import DAY, Period, stream, time_of_day
from tpaudit.sample_data.persons import People, draw_people
from tpaudit.sample_data.service import Answers, Tickets, answer, draw_invitations, draw_tickets
from tpaudit.sample_data.text import Bools, Ints, Text
from tpaudit.sample_data.touches import Touches

_DUPLICATE_ANNOYANCE = 0.75
"""What one duplicated message leaves of the chance to buy again."""
_WINDOW_SHOPPERS = 0.10
"""Share of persons with a filled cart who try the checkout without meaning it."""


@dataclass(frozen=True)
class Settings:
    """What distinguishes one generated world from another."""

    customers: int
    period: Period
    seed: int
    null: bool
    clean: bool


@dataclass(frozen=True)
class Chunk:
    """Everything that happened to a chunk of customers."""

    settings: Settings
    number: int
    people: People
    journey: Approach
    touches: Touches
    orders: Orders
    leads: Leads
    consents: Consents
    messages: Messages
    tickets: Tickets
    answers: Answers
    converted: Bools
    first_order_at: Ints
    repeated: Bools
    promoter: Bools
    exposures: Mapping[str, tuple[Exposures, Bools]]
    """Per outcome: what the structural function saw, and who could have the outcome at all."""
    limits: Mapping[str, Ints]
    """Per outcome: the moment before which each person's touches count for it, 0 for who cannot have it. Only the
    checkout of the order itself comes before and does not count."""
    effects: Mapping[str, EffectSums]

    @property
    def order_number(self) -> Text:
        """Platform number of each order."""
        return order_numbers(self.orders, int(self.people.person_id[0]), self.settings.seed)

    def stream(self, purpose: str) -> np.random.Generator:
        """The random stream of one writer for this chunk."""
        return stream(self.settings.seed, self.number, purpose)


def simulate(settings: Settings, number: int, first: int, count: int) -> Chunk:
    """Simulate customers number `first` … `first + count - 1` as chunk `number`."""
    period, seed, null = settings.period, settings.seed, settings.null
    people = draw_people(first, count, period, seed, number)
    journey = approach(people, period, seed, number)
    fate = stream(seed, number, "fate")
    susceptibility = np.clip(fate.gamma(6.0, 1 / 6, count), 0.2, 2.0)

    decides_in_time = journey.decided < period.end
    works = checkout_success(people, journey.decided, period) * decides_in_time
    buying = Exposures.of(CONVERSION, journey.touches, people.motivation, susceptibility, works)
    first_orders, converted = _first_orders(settings, number, people, journey, buying)

    buyer = np.flatnonzero(converted)
    bought = _by_person(first_orders.where(first_orders.is_paid), count)
    after = aftermath(people, buyer, bought[buyer], journey.touches, period, seed, number)
    leads = draw_leads(journey, count, period, seed, number)
    consents = draw_consents(people, journey, period, seed, number)
    messages = draw_messages(
        consents, journey, after, leads.ignored_long_ago(period), people.phone, period, seed, number, settings.clean
    )
    invited = draw_invitations(journey, after, period, seed, number)
    traces = order_touches(first_orders, stream(seed, number, "first order traces"))
    touches = Touches.union(
        [
            journey.touches,
            after.touches,
            traces,
            messages.touches(),
            Touches.of("survey", invited.person, invited.at),
        ]
    )

    annoyance = np.ones(count) if null else _annoyance(after, messages, count)
    returning, may_return = _retention_exposures(people, after, touches, susceptibility, annoyance)
    repeated = may_return & (fate.random(count) < probability(RETENTION, returning, null))
    repeat_orders = _repeat_orders(settings, number, people, after, repeated)

    limits = {
        CONVERSION.name: journey.decided,
        RETENTION.name: _decision_times(after, count),
        SATISFACTION.name: invited.limits(count),
    }
    answered = touches.before(limits[SATISFACTION.name])
    judging = Exposures.of(SATISFACTION, answered, people.motivation, susceptibility, np.ones(count))
    chance = probability(SATISFACTION, judging, null)
    answers = answer(stream(seed, number, "answers"), invited, chance[invited.person])

    orders = Orders.union([first_orders, repeat_orders])
    touches = Touches.union([touches, order_touches(repeat_orders, stream(seed, number, "repeat order traces"))])
    exposures = {
        CONVERSION.name: (buying, decides_in_time),
        RETENTION.name: (returning, may_return),
        SATISFACTION.name: (judging, _flags(invited.person, count)),
    }
    return Chunk(
        settings=settings,
        number=number,
        people=people,
        journey=journey,
        touches=touches,
        orders=orders,
        leads=leads,
        consents=consents,
        messages=messages,
        tickets=draw_tickets(orders, touches, after, period, seed, number),
        answers=answers,
        converted=converted,
        first_order_at=bought,
        repeated=repeated,
        promoter=_flags(answers.person[answers.promoter], count),
        exposures=exposures,
        limits=limits,
        effects={outcome.name: true_effects(outcome, *exposures[outcome.name], null) for outcome in OUTCOMES},
    )


def _first_orders(
    settings: Settings, number: int, people: People, journey: Approach, buying: Exposures
) -> tuple[Orders, Bools]:
    """Who wants to buy, who gets through the checkout, and the orders of both."""
    rng = stream(settings.seed, number, "first orders")
    count = len(people)
    in_time = journey.decided < settings.period.end
    willingness = probability(CONVERSION, replace(buying, context=np.ones(count)), settings.null)
    wants = in_time & (rng.random(count) < willingness)
    succeeds = wants & (rng.random(count) < buying.context)
    has_cart = journey.touches.select("cart").counts(count).any(axis=1)
    tries = in_time & ~wants & has_cart & (rng.random(count) < _WINDOW_SHOPPERS)
    person = np.flatnonzero(wants | tries)
    orders = place(rng, person, people.home_channel[person], journey.decided[person], succeeds[person], settings.period)
    paid = _flags(orders.person[orders.is_paid], count)
    return orders, paid


def _retention_exposures(
    people: People,
    after: Aftermath,
    touches: Touches,
    susceptibility: NDArray[np.float64],
    annoyance: NDArray[np.float64],
) -> tuple[Exposures, Bools]:
    """What buyers met before deciding whether to come back, and whose decision falls inside the period."""
    until = _decision_times(after, len(people))
    seen = Exposures.of(RETENTION, touches.before(until), people.motivation, susceptibility, annoyance)
    return seen, _flags(after.buyer[~after.censored], len(people))


def _annoyance(after: Aftermath, messages: Messages, people: int) -> NDArray[np.float64]:
    """What duplicated messages leave of each buyer's chance to come back."""
    in_time = messages.at < _decision_times(after, people)[messages.person]
    annoyed = _flags(messages.person[messages.is_duplicate & in_time], people)
    return np.where(annoyed, _DUPLICATE_ANNOYANCE, 1.0)


def _decision_times(after: Aftermath, people: int) -> Ints:
    """When each buyer decides whether to come back, 0 for everyone else."""
    decides = np.zeros(people, dtype=np.int64)
    decides[after.buyer] = after.decides
    return decides


def _repeat_orders(settings: Settings, number: int, people: People, after: Aftermath, repeated: Bools) -> Orders:
    """The second order at the moment of the decision, and further ones until the period ends."""
    rng = stream(settings.seed, number, "repeat orders")
    period = settings.period
    again = np.flatnonzero(repeated[after.buyer])
    further = np.repeat(again, rng.poisson(0.35, len(again)))
    day = after.decides[further] + (rng.random(len(further)) * (period.end - after.decides[further])).astype(np.int64)
    later = day // DAY * DAY + time_of_day(rng.random(len(further)))
    created = np.concatenate([after.decides[again], np.maximum(later, after.decides[further] + 600)])
    person = np.concatenate([after.buyer[again], after.buyer[further]])
    inside = created < period.end - 600
    person, created = person[inside], created[inside]
    elsewhere = rng.random(len(person)) < 0.2
    channel = np.where(elsewhere, rng.choice((MALL, TAOBAO, DOUYIN), len(person)), people.home_channel[person])
    return place(rng, person, channel, created, np.ones(len(person), bool), period)


def _by_person(orders: Orders, people: int) -> Ints:
    """Time of each person's order, 0 for those without one."""
    at = np.zeros(people, dtype=np.int64)
    at[orders.person] = orders.created
    return at


def _flags(rows: Ints, size: int) -> Bools:
    flags = np.zeros(size, dtype=bool)
    flags[rows] = True
    return flags
