"""Expectations: what is believed of a field before the data speak.

They decide in small audits, where a handful of pairs says little, and vanish in large ones. Rough figures of the
trade: one in ten records of a person differs in a field; two Chinese people in a hundred share a surname; one person
in a million has a given phone.
"""

from __future__ import annotations

import numpy as np

from tpaudit.identity.comparison import (
    SEVERAL_PEOPLE,
    BirthDate,
    Comparison,
    Email,
    Identifier,
    PersonName,
    Phone,
    Value,
    first_rated,
)
from tpaudit.identity.weights import Floats

# Share of two persons among pairs that agree on a value that should be one's own, by the label of the level.
STRANGERS = {"same": 0.02, SEVERAL_PEOPLE: 0.6}

# Parts of a name (different, alike, very alike, same, unknown) in pairs of one person and of two.
_ONE_PERSON = (0.03, 0.02, 0.03, 0.72, 0.2)
_TWO_PERSONS = (0.745, 0.03, 0.005, 0.02, 0.2)
# One person under two names with nothing in common.
_OTHER_NAME = 0.02
# Two persons of the same full name.
_NAMESAKES = 0.001
_EQUAL_BY_CHANCE = {BirthDate: 1e-4, Value: 0.05, Identifier: 1e-6, Phone: 1e-6, Email: 1e-6}
_ALMOST_BY_CHANCE = {BirthDate: 0.05, Value: 0.02, Identifier: 1e-4, Phone: 1e-4, Email: 1e-4}


def own_levels(comparison: Comparison) -> dict[int, float]:
    """Levels that mean equality of a value that should be one's own, with the expected share of strangers."""
    if not isinstance(comparison, Identifier | Phone | Email):
        return {}
    return {n: STRANGERS[label] for n, label in enumerate(comparison.labels) if label in STRANGERS}


def among_one(comparison: Comparison, share: Floats) -> Floats:
    """Shares of the levels among pairs of one person; *share* are those among all pairs."""
    if isinstance(comparison, PersonName):
        return _name(comparison, _ONE_PERSON, _ONE_PERSON[3] ** 2, share)
    own = own_levels(comparison)
    first = first_rated(comparison) if comparison.rated else len(share) - 1
    likely = np.sqrt(np.maximum(share, 1e-9))
    if own:
        # Agreeing pairs are one person's in the measure that they are not strangers'.
        likely = np.array([(1 - own.get(level, 1.0)) * max(part, 1e-12) for level, part in enumerate(share)])
    is_equal = np.isin(np.arange(len(share)), list(own)) if own else np.arange(len(share)) >= first
    almost = ~is_equal & (np.arange(len(share)) > 0)
    found = np.zeros(len(share))
    found[almost] = 0.1 / max(almost.sum(), 1)
    found[0] = 0.1
    found[is_equal] = (1 - found.sum()) * likely[is_equal] / likely[is_equal].sum()
    return found


def among_two(comparison: Comparison) -> Floats:
    """Shares of the levels among pairs of two persons."""
    levels = len(comparison.labels)
    if isinstance(comparison, PersonName):
        return _name(comparison, _TWO_PERSONS, _NAMESAKES, np.ones(levels))
    first = first_rated(comparison) if comparison.rated else levels - 1
    found = np.zeros(levels)
    found[1:first] = _ALMOST_BY_CHANCE[type(comparison)] / max(first - 1, 1)
    found[first:] = _EQUAL_BY_CHANCE[type(comparison)] / (levels - first)
    found[0] = 1 - found.sum()
    return found


def _name(comparison: PersonName, parts: tuple[float, ...], equal: float, share: Floats) -> Floats:
    first = first_rated(comparison)
    found = np.full(len(share), 1e-6)
    found[: len(parts) ** 2] = np.outer(parts, parts).ravel()
    # One person's given name hardly ever changes while the surname stays; two of a family often have it so.
    if equal > _NAMESAKES:
        found[3 * len(parts)] *= 0.2
        found[0] = _OTHER_NAME
    found[comparison.SAME_SOUND], found[comparison.TURNED] = equal / 20, equal / 10
    likely = np.sqrt(np.maximum(share[first:], 1e-9))
    found[first:] = equal * likely / likely.sum()
    # Both parts equal is told by rarity, above; both unknown is no level.
    found[3 * len(parts) + 3] = found[len(parts) ** 2 - 1] = 1e-6
    return np.asarray(found / found.sum())
