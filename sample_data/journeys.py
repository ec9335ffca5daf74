"""Touches over the weeks: the way to a first purchase, and what follows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tpaudit.sample_data.period import DAY, Period, stream, time_of_day, within
from tpaudit.sample_data.persons import People
from tpaudit.sample_data.text import Bools, Ints
from tpaudit.sample_data.touches import Touches
from tpaudit.sample_data.touchpoints import AFTER_PURCHASE, BEFORE_PURCHASE, CODE, Exposure

# Share of persons who were members before the period began, at average motivation.
_OLD_MEMBERS = 0.16
# Share of persons who decide between midnight and five, on top of the ordinary rhythm of the day.
_NIGHT_OWLS = 0.07
NIGHT_ENDS = 5 * 3_600
_FIRST_WINDOW_DAYS, _LAST_WINDOW_DAYS = 21, 49


@dataclass(frozen=True)
class Approach:
    """The way to the purchase decision: when it began, when the person decided, the touches between.

    Who enters late decides after the period: there are touches then, but no outcome.
    """

    entered: Ints
    decided: Ints
    touches: Touches


@dataclass(frozen=True)
class Aftermath:
    """The weeks after a first purchase, for buyers only (row numbers in the chunk).

    The repeat decision falls at `decides`; where that lies after the period the outcome is censored.
    """

    buyer: Ints
    bought: Ints
    decides: Ints
    censored: Bools
    touches: Touches


def approach(people: People, period: Period, seed: int, chunk: int) -> Approach:
    """Draw every person's way to the decision whether to buy. Nobody knows yet what will come of it."""
    rng = stream(seed, chunk, "approach")
    count = len(people)
    length = np.clip(rng.gamma(2.0, 7.0, count), 2, min(60, period.days / 2)).astype(np.int64) * DAY
    entered = period.start + DAY // 2 + (rng.random(count) * (period.days - 1) * DAY).astype(np.int64)
    night_owl = rng.random(count) < _NIGHT_OWLS
    clock = np.where(night_owl, rng.integers(0, NIGHT_ENDS, count), time_of_day(rng.random(count)))
    decided = (entered + length) // DAY * DAY + clock
    parts = _meet(rng, BEFORE_PURCHASE, people.motivation, np.arange(count), entered, decided)
    parts.append(_old_membership(rng, people, period, Touches.union(parts)))
    touches = Touches.union(parts)
    return Approach(entered, decided, touches.where(touches.at < period.end))


def aftermath(
    people: People, buyer: Ints, bought: Ints, earlier: Touches, period: Period, seed: int, chunk: int
) -> Aftermath:
    """Draw what buyers meet between the first purchase and the decision to buy again."""
    rng = stream(seed, chunk, "aftermath")
    window = rng.integers(_FIRST_WINDOW_DAYS, _LAST_WINDOW_DAYS + 1, len(buyer)) * DAY
    decides = (bought + window) // DAY * DAY + time_of_day(rng.random(len(buyer)))
    until = np.minimum(decides, period.end)
    parts = _meet(rng, AFTER_PURCHASE, people.motivation[buyer], buyer, bought + 3_600, until)
    touches = Touches.union(parts)
    # A join is a single moment: members and group members do not join again.
    already = earlier.counts(len(people)) > 0
    once = np.isin(touches.touchpoint, [CODE["membership"], CODE["community"]])
    return Aftermath(
        buyer,
        bought,
        decides,
        decides >= period.end,
        touches.where(~(once & already[touches.person, touches.touchpoint])),
    )


def _meet(
    rng: np.random.Generator,
    exposures: Sequence[Exposure],
    motivation: NDArray[np.float64],
    person: Ints,
    start: Ints,
    end: Ints,
) -> list[Touches]:
    """Touches of each exposure for the given persons (chunk rows) inside [start, end)."""
    met: dict[str, Bools] = {}
    parts = []
    for exposure in exposures:
        odds = exposure.reach / (1 - exposure.reach) * np.exp(exposure.pull * motivation)
        if exposure.after in met:
            odds = odds * np.where(met[exposure.after], exposure.boost, 1.0)
        hit = rng.random(len(person)) < odds / (1 + odds)
        met[exposure.touchpoint] = hit
        extra = rng.poisson(exposure.repeats * np.exp(0.5 * exposure.pull * motivation), len(person))
        rows = np.repeat(np.arange(len(person)), np.where(hit, 1 + extra, 0))
        at = within(rng, start[rows], end[rows], exposure.early, exposure.late)
        parts.append(Touches.of(exposure.touchpoint, person[rows], at))
    return parts


def _old_membership(rng: np.random.Generator, people: People, period: Period, touches: Touches) -> Touches:
    """Members who joined in the two years before the period: the join precedes everything else."""
    odds = _OLD_MEMBERS / (1 - _OLD_MEMBERS) * np.exp(0.4 * people.motivation)
    old = rng.random(len(people)) < odds / (1 + odds)
    joining = touches.select("membership").person
    old[joining] = False
    person = np.flatnonzero(old)
    joined = period.start - rng.integers(1, 730, len(person)) * DAY
    return Touches.of("membership", person, joined + time_of_day(rng.random(len(person))))
