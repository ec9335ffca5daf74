"""Overall: what all pairs of records show on one comparison, whoever they are.

Levels that mean equality are counted exactly, from how often each value occurs; the others are seen in random pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tpaudit.identity.comparison import RARITIES, Comparison, Email, Identifier, Phone, first_rated
from tpaudit.identity.encoding import Encoded
from tpaudit.identity.frequencies import NOTHING, Frequency, open_masks
from tpaudit.identity.sampling import Draws
from tpaudit.identity.weights import Floats, level_counts

_LEAST_SHARE = 1e-6


@dataclass(frozen=True, slots=True)
class Overall:
    """`pairs`: pairs of records that both have the field; `share`: the share of every level among them."""

    pairs: float
    share: Floats


def overall(encoded: Encoded, frequency: Mapping[str, Frequency], draws: Draws) -> list[Overall]:
    """What all pairs show, comparison by comparison."""
    found = []
    for number, comparison in enumerate(encoded.comparisons):
        counts = level_counts(draws.anyhow, number, draws.anyhow.pairs, len(comparison.labels)) + 0.5
        share = counts / counts.sum()
        pairs, exact = _exact(comparison, frequency)
        for level, agreeing in exact.items():
            share[level] = agreeing / max(pairs, 1.0)
        share[0] = max(1.0 - share[1:].sum(), _LEAST_SHARE)
        found.append(Overall(pairs, share / share.sum()))
    return found


def _exact(comparison: Comparison, frequency: Mapping[str, Frequency]) -> tuple[float, dict[int, float]]:
    """Pairs that have the field, and the pairs on each level that value frequencies tell exactly."""
    top = len(comparison.labels) - 1

    def of(name: str | None) -> Frequency:
        return frequency.get(name or "", NOTHING)

    if isinstance(comparison, Identifier):
        own, shared = of(comparison.attributes[0]), of(comparison.shared).agreeing
        return own.pairs, {top: own.agreeing - shared, top - 1: shared}
    if isinstance(comparison, Email):
        own, local = of(comparison.addresses[0]), of(comparison.locals[0])
        return own.pairs, {top: own.agreeing, top - 1: max(local.agreeing - own.agreeing, 0.0)}
    if isinstance(comparison, Phone):
        mask, open_mask = of(comparison.masks[0]), of(open_masks(comparison))
        own, shared = of(comparison.numbers[0]), of(comparison.shared).agreeing
        hidden = mask.agreeing - open_mask.agreeing
        return mask.pairs, {top: own.agreeing - shared, top - 1: shared, top - 2: hidden}
    rated, first = of(comparison.rated), first_rated(comparison)
    return rated.pairs, {first + step: rated.agreeing_by_rarity.get(step, 0.0) for step in range(RARITIES)}
