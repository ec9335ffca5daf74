"""What touches do: the structural functions behind purchase, repeat purchase and satisfaction.

The chance of an outcome is not a logistic function of anything. Each helpful touch gives an independent
chance to succeed (a product of complements) whose strength saturates with repetition, may need company or an
order of touches, differs between persons, and meets a ceiling; harmful touches then scale the result down:

    success = ceiling · (1 − (1 − base) · Π_k (1 − s · strength_k · g(n_k) · condition_k))
    P       = success · Π_j (1 − drag_j · g(n_j)) · context          g(n) = 1 − 0.4^n

`base` rises with motivation, `s` is the person's susceptibility, and `context` holds what is not a
touchpoint. The true effect of touchpoint k is the mean, over the persons exposed to it, of P as it is minus P
with n_k = 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tpaudit.sample_data.text import Bools
from tpaudit.sample_data.touches import Touches
from tpaudit.sample_data.touchpoints import CODE, TOUCHPOINTS

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Lift:
    """A chance to succeed given by a touchpoint: always, only beside another one, or only after it."""

    touchpoint: str
    strength: float
    beside: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class Drag:
    """A share of the chance that a touchpoint destroys."""

    touchpoint: str
    share: float


@dataclass(frozen=True)
class Outcome:
    """The structural function of one outcome. `null_lift` keeps the overall rate alike in the null world."""

    name: str
    base: float
    motivation: float
    ceiling: float
    lifts: tuple[Lift, ...]
    drags: tuple[Drag, ...]
    golden: frozenset[str]
    null_lift: float

    @property
    def negative(self) -> frozenset[str]:
        """Touchpoints that harm the outcome."""
        return frozenset(drag.touchpoint for drag in self.drags)


CONVERSION = Outcome(
    name="conversion",
    base=0.25,
    motivation=0.45,
    ceiling=0.90,
    lifts=(
        Lift("word_of_mouth", 0.34),
        Lift("content", 0.30),
        Lift("chat", 0.12),
        Lift("chat", 0.46, after="product_page"),
        Lift("sales_conversation", 0.34),
        Lift("store_visit", 0.22),
        Lift("store_visit", 0.42, after="sales_conversation"),
        Lift("coupon", 0.20),
        Lift("coupon", 0.50, beside="cart"),
        Lift("lead_form", 0.06),
        Lift("product_page", 0.03),
        Lift("search", 0.02),
    ),
    drags=(Drag("hotline", 0.50), Drag("self_service", 0.45)),
    golden=frozenset({"word_of_mouth", "content", "chat", "sales_conversation", "store_visit", "coupon"}),
    null_lift=0.12,
)
RETENTION = Outcome(
    name="retention",
    base=0.24,
    motivation=0.30,
    ceiling=0.90,
    lifts=(
        Lift("care_message", 0.36),
        Lift("community", 0.46),
        Lift("membership", 0.38),
        Lift("renewal_reminder", 0.30),
        Lift("referral", 0.40),
        Lift("chat", 0.03),
    ),
    drags=(Drag("returns", 0.70), Drag("cross_sell", 0.42)),
    golden=frozenset({"care_message", "community", "membership", "renewal_reminder", "referral"}),
    null_lift=0.15,
)
SATISFACTION = Outcome(
    name="satisfaction",
    base=0.46,
    motivation=0.15,
    ceiling=0.92,
    lifts=(
        Lift("chat", 0.42),
        Lift("field_service", 0.60),
        Lift("store_visit", 0.42),
        Lift("care_message", 0.40),
        Lift("delivery", 0.02),
    ),
    drags=(Drag("hotline", 0.60), Drag("returns", 0.65)),
    golden=frozenset({"chat", "field_service", "store_visit", "care_message"}),
    null_lift=0.06,
)
OUTCOMES = (CONVERSION, RETENTION, SATISFACTION)


def saturation(n: NDArray[np.int64]) -> Floats:
    """How much of a touchpoint's strength n touches bring: 0, .6, .84, .94 …

    >>> saturation(np.array([0, 1, 2])).round(2).tolist()
    [0.0, 0.6, 0.84]
    """
    return 1.0 - 0.4 ** n.astype(np.float64)


@dataclass(frozen=True)
class Exposures:
    """What the structural function needs to know of each person."""

    counts: NDArray[np.int64]
    """People × touchpoints."""
    follows: Mapping[tuple[str, str], Bools]
    """(later, earlier) → whether that order occurred."""
    motivation: Floats
    susceptibility: Floats
    context: Floats

    @classmethod
    def of(
        cls, outcome: Outcome, touches: Touches, motivation: Floats, susceptibility: Floats, context: Floats
    ) -> Exposures:
        """Summarise the touches that precede the outcome."""
        people = len(motivation)
        pairs = {(lift.touchpoint, lift.after) for lift in outcome.lifts if lift.after is not None}
        follows = {pair: touches.follows(*pair, people) for pair in sorted(pairs)}
        return cls(touches.counts(people), follows, motivation, susceptibility, context)


def probability(outcome: Outcome, seen: Exposures, null: bool = False, without: str | None = None) -> Floats:
    """Chance of the outcome for each person, optionally as if a touchpoint had not been met.

    In the null world no touchpoint matters: only motivation and context remain.
    """
    base = outcome.base * np.exp(outcome.motivation * seen.motivation)
    if null:
        return outcome.ceiling * np.minimum(base + outcome.null_lift, 1.0) * seen.context

    def met(touchpoint: str) -> NDArray[np.int64]:
        column = seen.counts[:, CODE[touchpoint]]
        return np.zeros_like(column) if touchpoint == without else column

    fail = 1.0 - np.minimum(base, 0.95)
    for lift in outcome.lifts:
        strength = lift.strength * seen.susceptibility * saturation(met(lift.touchpoint))
        if lift.beside is not None:
            strength = strength * (met(lift.beside) > 0)
        if lift.after is not None:
            possible = without not in (lift.touchpoint, lift.after)
            strength = strength * (seen.follows[lift.touchpoint, lift.after] & possible)
        fail = fail * (1.0 - np.minimum(strength, 0.95))
    chance = outcome.ceiling * (1.0 - fail)
    for drag in outcome.drags:
        chance = chance * (1.0 - drag.share * saturation(met(drag.touchpoint)))
    return chance * seen.context


@dataclass(frozen=True)
class EffectSums:
    """Per touchpoint: how many eligible persons were exposed, and the sum of their individual effects."""

    exposed: NDArray[np.int64]
    effect: Floats

    def __add__(self, other: EffectSums) -> EffectSums:
        return EffectSums(self.exposed + other.exposed, self.effect + other.effect)


NO_EFFECTS = EffectSums(np.zeros(len(TOUCHPOINTS), np.int64), np.zeros(len(TOUCHPOINTS)))


def true_effects(outcome: Outcome, seen: Exposures, eligible: Bools, null: bool) -> EffectSums:
    """Sum of individual effects of every touchpoint over the eligible persons exposed to it."""
    exposed = (seen.counts > 0) & eligible[:, None]
    effect = np.zeros(len(TOUCHPOINTS))
    if not null:
        actual = probability(outcome, seen)
        for name, code in CODE.items():
            difference = actual - probability(outcome, seen, without=name)
            effect[code] = difference[exposed[:, code]].sum()
    return EffectSums(exposed.sum(axis=0), effect)
