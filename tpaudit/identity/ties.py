"""Ties: fields whose chance agreements go together, so that agreeing on both is hardly more than agreeing on one.

People of one birth place have neighbouring postcodes. Fellegi & Sunter's weights would count the coincidence twice;
here the second weight is cut by what pairs that agree on the first show. The strongest ties are taken that form no
circle: then the product of the pairwise shares is a proper distribution (Chow & Liu, IEEE Trans. Inf. Theory 1968).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tpaudit.identity.comparison import Comparison, PersonName, first_rated
from tpaudit.identity.overall import Overall
from tpaudit.identity.weights import Floats, Patterns, Tie, level_counts

# Where more of the agreeing pairs than this may be one person's, what two persons show cannot be told.
_TOO_MANY_MATCHES = 0.05
_FEWEST_KNOWN = 200
_LEAST_TIE = 0.1
_FEWEST_STRANGERS = 30
# Counts added to seen and expected pairs: what is hardly seen is hardly tied.
_SLIGHT = 3.0


class Together:
    """What pairs that agree on one comparison show on the others."""

    def __init__(self, number: int, drawn: Patterns, comparisons: Sequence[Comparison], overall: Overall) -> None:
        self.number = number
        self.agreeing = _agreeing_levels(comparisons[number])
        self.agree = float(overall.share[self.agreeing].sum())
        self.counts = [level_counts(drawn, n, drawn.pairs, len(each.labels)) for n, each in enumerate(comparisons)]

    def matches(self, m: Floats, prior: float) -> float:
        """Share of pairs of one person among the agreeing."""
        return min(prior * float(m[self.agreeing].sum()) / max(self.agree, 1e-12), 1.0)


def _agreeing_levels(comparison: Comparison) -> NDArray[np.bool_]:
    """Which levels say that the attribute drawn on is equal."""
    if isinstance(comparison, PersonName):
        return np.array([label.startswith(("surname same", "same,")) for label in comparison.labels])
    last = first_rated(comparison) if comparison.rated else len(comparison.labels) - 1
    return np.arange(len(comparison.labels)) >= last


@dataclass(frozen=True, slots=True)
class Strangers:
    """Levels on all comparisons of pairs of two persons that agree on comparison `number`, by its own `agreeing`."""

    number: int
    agreeing: NDArray[np.bool_]
    counts: Sequence[Floats]


def strongest(
    together: Sequence[Together],
    strangers: Sequence[Strangers],
    m: Sequence[Floats],
    u: Sequence[Floats],
    prior: float,
) -> tuple[Tie, ...]:
    """The strongest ties that form no circle, so that no agreement is discounted twice."""
    found = []
    for apart in strangers:
        for other, seen in enumerate(apart.counts):
            if other != apart.number and seen.sum() >= _FEWEST_STRANGERS:
                bits = _tie_bits(seen, np.zeros(len(seen)), u[other])
                found.append((float((m[other] * bits)[1:].sum()), Tie(apart.number, other, apart.agreeing, bits)))
    for given in together:
        if prior > _TOO_MANY_MATCHES * given.agree:
            continue
        matches = given.matches(m[given.number], prior)
        for other, seen in enumerate(given.counts):
            if other == given.number or seen.sum() < _FEWEST_KNOWN:
                continue
            bits = _tie_bits(seen, matches * m[other], u[other])
            # How much, on average, the pairs of one person would be overrated.
            gain = float((m[other] * bits)[1:].sum())
            found.append((gain, Tie(given.number, other, given.agreeing, bits)))
    found = [(gain, tie) for gain, tie in found if gain > _LEAST_TIE]
    found.sort(key=lambda pair: (-pair[0], pair[1].one, pair[1].other))
    group = list(range(len(m)))
    chosen = []
    for _, tie in found:
        if group[tie.one] != group[tie.other]:
            chosen.append(tie)
            gone = group[tie.other]
            group = [group[tie.one] if number == gone else number for number in group]
    return tuple(chosen)


def _tie_bits(seen: Floats, matching: Floats, u: Floats) -> Floats:
    """How much commoner each level is among agreeing pairs of two persons, in bits.

    *seen* counts the agreeing pairs; *matching* is the share of them that are one person's and on the level. Where
    those are the larger part, the level is taken to be as much commoner as all levels of agreement together.
    """
    pairs = seen.sum()
    left = np.maximum(seen - pairs * matching, 0.0)
    is_clear = (pairs * matching <= 0.5 * seen) & (np.arange(len(u)) > 0)
    pooled = (left[is_clear].sum() + _SLIGHT) / (pairs * u[is_clear].sum() + _SLIGHT)
    lift = np.where(is_clear, (left + _SLIGHT) / (pairs * u + _SLIGHT), max(pooled, 1.0))
    lift[0] = max(1.0 - (u[1:] * lift[1:]).sum(), 0.05) / u[0]
    return np.asarray(np.log2(lift))
