"""Weights: the Fellegi–Sunter model. How much each level of agreement speaks for or against one person.

m is the share of a level among pairs of records of one person, u among pairs of two persons; log2(m / u) is the
weight in bits. (Fellegi & Sunter, A theory for record linkage, JASA 1969.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tpaudit.identity.comparison import Comparison

Floats = NDArray[np.float64]
Levels = NDArray[np.int64]

_LEAST_SHARE = 1e-12


@dataclass(frozen=True, slots=True)
class Patterns:
    """Distinct patterns of levels and how many pairs show them. `levels` is patterns × comparisons; -1 is unknown."""

    code: NDArray[np.int64]
    levels: Levels
    pairs: Floats


@dataclass(frozen=True, slots=True)
class Tie:
    """Two comparisons whose chance agreements go together.

    In pairs that agree on comparison `one` (on a level of `agreeing`), the share of a level of comparison `other` among
    pairs of two persons is 2^`bits` times its share overall.
    """

    one: int
    other: int
    agreeing: NDArray[np.bool_]
    bits: Floats


@dataclass(frozen=True, slots=True)
class Model:
    """Shares m and u of every level per comparison, and the prior chance that two random records are one person."""

    comparisons: tuple[Comparison, ...]
    m: tuple[Floats, ...]
    u: tuple[Floats, ...]
    prior: float
    ties: tuple[Tie, ...] = ()

    def weights(self, comparison: int) -> Floats:
        """Bits per level of a comparison."""
        bits: Floats = np.log2(
            np.maximum(self.m[comparison], _LEAST_SHARE) / np.maximum(self.u[comparison], _LEAST_SHARE)
        )
        return bits

    def bits(self, levels: Levels) -> Floats:
        """Sum of the weights of each pattern, without the prior."""
        total = np.zeros(len(levels))
        for number in range(len(self.comparisons)):
            total += self.bits_of(number, levels)
        for tie in self.ties:
            one, other = levels[:, tie.one], levels[:, tie.other]
            is_tied = (one > 0) & tie.agreeing[np.maximum(one, 0)] & (other >= 0)
            total -= np.where(is_tied, tie.bits[np.maximum(other, 0)], 0.0)
        return total

    def bits_of(self, comparison: int, levels: Levels) -> Floats:
        """Weight of one comparison in each pattern; unknown says nothing."""
        level = levels[:, comparison]
        return np.where(level >= 0, self.weights(comparison)[np.maximum(level, 0)], 0.0)


def patterns(comparisons: Sequence[Comparison], code: NDArray[np.int64], pairs: NDArray[Any]) -> Patterns:
    """Take pattern numbers apart into levels."""
    levels = np.empty((len(code), len(comparisons)), dtype=np.int64)
    rest = code.copy()
    for number in range(len(comparisons) - 1, -1, -1):
        base = len(comparisons[number].labels) + 1
        levels[:, number] = rest % base - 1
        rest //= base
    return Patterns(code, levels, pairs.astype(np.float64))


def level_counts(seen: Patterns, comparison: int, weight: Floats, levels: int) -> Floats:
    """Pairs on every level of one comparison, each pattern counted by *weight*; unknown levels are left out."""
    level = seen.levels[:, comparison]
    known = level >= 0
    return np.bincount(level[known], weights=weight[known], minlength=levels).astype(np.float64)
