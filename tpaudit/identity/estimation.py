"""Estimation: m, u and the prior, learned from the data without labels.

m is fitted by expectation maximisation over the patterns of the compared pairs. A pair counts for the m of a field
only as far as the *other* fields tell that it is one person: pairs that were found through a field would always agree
on it. u follows from the levels of all pairs, less those that are one person's. For values that should be a person's
own (phones, emails, ids) it is measured instead: the share of two persons among the pairs that agree on the value and
know enough else to tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tpaudit.identity.comparison import Comparison
from tpaudit.identity.encoding import Encoded
from tpaudit.identity.expectations import among_one, among_two, own_levels
from tpaudit.identity.frequencies import Frequency
from tpaudit.identity.overall import Overall, overall
from tpaudit.identity.sampling import Draws
from tpaudit.identity.ties import Strangers, Together, strongest
from tpaudit.identity.weights import Floats, Model, Patterns, level_counts, patterns

_ROUNDS = 200
_SETTLED = 1e-5
# Pairs that the expected shares of m are worth.
_SMOOTHING = 100.0
# Of pairs that agree on any value, at least this share is taken to belong to two persons.
_LEAST_CHANCE = 0.02
_CERTAINTY_BITS = 5.0
# Bits of other evidence from which a pair tells whose a shared value is.
_TELLING_BITS = 3.0
# Pairs that the expected share of strangers among those that agree on a value of one's own is worth.
_STRANGERS_WORTH = 20.0
# Pairs of two persons as expected, added to those of the data: a handful of records says little about chance.
_IMAGINED = 1000.0
_SURELY_APART = 0.1
_LEAST_STRANGERS = 0.0005


def counted(encoded: Encoded, evidence: object) -> Patterns:
    """The patterns of *evidence* (pair, pattern) with the number of pairs that show each."""
    rows = evidence.group_by("pattern").agg(pairs=evidence.count()).order_by("pattern")  # type: ignore[attr-defined]
    found = encoded.engine.fetch(rows)
    return patterns(encoded.comparisons, found["pattern"].to_numpy(), found["pairs"].to_numpy())


def fitted(encoded: Encoded, frequency: Mapping[str, Frequency], seen: Patterns, draws: Draws) -> Model:
    """Fit the model to the patterns of the compared pairs."""
    comparisons = encoded.comparisons
    everywhere = overall(encoded, frequency, draws)
    every_pair = encoded.records * (encoded.records - 1) / 2 + _IMAGINED
    together = [Together(n, drawn, comparisons, everywhere[n]) for n, drawn in draws.agreeing.items()]
    expected = [among_one(each, over.share) for each, over in zip(comparisons, everywhere, strict=True)]
    belief = _first_belief(comparisons, seen, everywhere, every_pair)
    without = [belief] * len(comparisons)
    telling = [np.ones(len(belief), dtype=bool)] * len(comparisons)
    found = 0.0
    for _ in range(_ROUNDS):
        matching = belief * seen.pairs
        prior = (matching.sum() + 1.0) / (every_pair + 2.0)
        m = [_agreement(seen, n, matching * without[n], expected[n]) for n in range(len(comparisons))]
        u = [_chance(each, everywhere[n], seen, n, matching, telling[n]) for n, each in enumerate(comparisons)]
        apart = [_strangers(each, n, comparisons, seen, belief, telling[n]) for n, each in enumerate(comparisons)]
        ties = strongest(together, [each for each in apart if each], m, u, prior)
        model = Model(comparisons, tuple(m), tuple(u), prior, ties)
        bits = model.bits(seen.levels)
        belief = probability(bits + prior_bits(prior))
        others = [bits - model.bits_of(n, seen.levels) for n in range(len(comparisons))]
        without = [probability(other + prior_bits(prior)) for other in others]
        telling = [np.abs(other) > _TELLING_BITS for other in others]
        if abs(matching.sum() - found) <= _SETTLED * found:
            break
        found = matching.sum()
    return model


def _imagined(comparison: Comparison) -> Floats:
    """Imagined pairs of two persons; of values of one's own, pairs that agree are only believed when seen."""
    pairs = _IMAGINED * among_two(comparison)
    pairs[list(own_levels(comparison))] = 1e-9
    return np.asarray(pairs)


def _strangers(
    comparison: Comparison,
    number: int,
    comparisons: Sequence[Comparison],
    seen: Patterns,
    belief: Floats,
    telling: NDArray[np.bool_],
) -> Strangers | None:
    """What two persons who share a value of one's own (a household's phone) show on the other comparisons."""
    own = own_levels(comparison)
    if not own:
        return None
    agreeing = np.isin(np.arange(len(comparison.labels)), list(own))
    level = seen.levels[:, number]
    weight = np.where((level >= 0) & agreeing[level] & telling & (belief < _SURELY_APART), seen.pairs, 0.0)
    counts = [level_counts(seen, n, weight, len(each.labels)) for n, each in enumerate(comparisons)]
    return Strangers(number, agreeing, counts)


def prior_bits(prior: float) -> float:
    """Log odds of the prior, in bits."""
    return float(np.log2(prior / (1 - prior)))


def probability(bits: Floats) -> Floats:
    """Probability of log odds given in bits."""
    return np.asarray(1.0 / (1.0 + np.exp2(-np.clip(bits, -60, 60))))


def _first_belief(
    comparisons: Sequence[Comparison], seen: Patterns, everywhere: Sequence[Overall], every_pair: float
) -> Floats:
    """Where to start: pairs that agree on a value of one's own, or on more than any random pair would."""
    bits = np.zeros(len(seen.code))
    belief = np.zeros(len(seen.code))
    for number, each in enumerate(everywhere):
        at_least = np.cumsum(each.share[::-1])[::-1]
        level = seen.levels[:, number]
        bits += np.where(level > 0, -np.log2(at_least[np.maximum(level, 0)]), 0.0)
        for own, strangers in own_levels(comparisons[number]).items():
            belief = np.maximum(belief, np.where(level == own, 1.0 - strangers, 0.0))
    return np.where(bits >= np.log2(every_pair) + _CERTAINTY_BITS, 1.0, belief)


def _agreement(seen: Patterns, number: int, matching: Floats, expected: Floats) -> Floats:
    """m: the share of every level among pairs of one person."""
    counts = level_counts(seen, number, matching, len(expected)) + _SMOOTHING * expected
    return np.asarray(counts / counts.sum())


def _chance(
    comparison: Comparison,
    everywhere: Overall,
    seen: Patterns,
    number: int,
    matching: Floats,
    telling: NDArray[np.bool_],
) -> Floats:
    """u: the share of every level among pairs of two persons."""
    all_pairs = everywhere.share * everywhere.pairs
    strangers = np.maximum(all_pairs - level_counts(seen, number, matching, len(all_pairs)), _LEAST_CHANCE * all_pairs)
    level = seen.levels[:, number]
    for own, expected in own_levels(comparison).items():
        can_tell = telling & (level == own)
        told = seen.pairs[can_tell].sum()
        apart = told - matching[can_tell].sum()
        share = (apart + _STRANGERS_WORTH * expected) / (told + _STRANGERS_WORTH)
        strangers[own] = max(share, _LEAST_STRANGERS) * all_pairs[own]
    strangers = strangers + _imagined(comparison)
    return np.asarray(strangers / strangers.sum())
