"""Sampling: pairs of records drawn at random, and at random among those that agree on one field.

The first tell how often two persons agree by chance. The second tell which fields go together: people of one birth
place have neighbouring postcodes, so agreeing on both is hardly more than agreeing on one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tpaudit.identity.blocking import SHIFT
from tpaudit.identity.comparison import Comparison, PersonName
from tpaudit.identity.encoding import Encoded
from tpaudit.identity.weights import Patterns, patterns

_RANDOM = 200_000
_AGREEING = 15_000
# Records among which agreeing pairs are drawn; the pairs of a random part of the records are a random part of all.
_POOL = 200_000
_SEED = 20260101
# Knuth's multiplicative hash: which records are in the pool does not follow their order.
_MULTIPLIER, _MODULUS = 2_654_435_761, 2**32

Pairs = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sample:
    """Packed pairs drawn at random, and by comparison number those drawn among the pairs that agree on it."""

    anyhow: Pairs
    agreeing: Mapping[int, Pairs]

    @property
    def pairs(self) -> Pairs:
        """All pairs that were drawn, once each."""
        return np.unique(np.concatenate([self.anyhow, *self.agreeing.values()]))


@dataclass(frozen=True, slots=True)
class Draws:
    """Patterns of pairs drawn at random, and by comparison number of pairs drawn among those that agree on it."""

    anyhow: Patterns
    agreeing: Mapping[int, Patterns]


def drawn(encoded: Encoded) -> Sample:
    """Draw pairs; equal records give equal pairs."""
    rng = np.random.default_rng(_SEED)
    left, right = rng.integers(0, max(encoded.records, 1), (2, _RANDOM))
    anyhow = _packed(left, right)
    in_pool = encoded.table.record * _MULTIPLIER % _MODULUS < min(_POOL / max(encoded.records, 1), 1.0) * _MODULUS
    names = sorted({condition(each) for each in encoded.comparisons})
    pool = encoded.engine.fetch(encoded.table.filter(in_pool).select("record", *names))
    return Sample(anyhow, {n: _agreeing(pool, condition(each), rng) for n, each in enumerate(encoded.comparisons)})


def shown(comparisons: Sequence[Comparison], sample: Sample, evidence: pa.Table) -> Draws:
    """What the pairs of *sample* show, according to *evidence*: pair, pattern."""
    pair, pattern = evidence["pair"].to_numpy(), evidence["pattern"].to_numpy()
    order = np.argsort(pair)
    pair, pattern = pair[order], pattern[order]

    def seen(drawn: Pairs) -> Patterns:
        code, count = np.unique(pattern[np.searchsorted(pair, drawn)], return_counts=True)
        return patterns(comparisons, code, count)

    return Draws(seen(sample.anyhow), {number: seen(pairs) for number, pairs in sample.agreeing.items() if len(pairs)})


def condition(comparison: Comparison) -> str:
    """The attribute whose agreement makes a pair "agreeing" on the comparison: of a name, the surname."""
    return comparison.attributes[1] if isinstance(comparison, PersonName) else comparison.attributes[0]


def _agreeing(pool: pa.Table, name: str, rng: np.random.Generator) -> Pairs:
    """Pairs of records of the pool that agree on an attribute, every such pair equally likely."""
    rows = pool.select(["record", name]).filter(pool[name].is_valid())
    record, code = rows["record"].to_numpy(), rows[name].to_numpy()
    # Codes differ between engines, so values are put in order of their first record.
    _, inverse, size = np.unique(code, return_inverse=True, return_counts=True)
    lowest = np.full(len(size), np.iinfo(np.int64).max)
    np.minimum.at(lowest, inverse, record)
    order = np.lexsort((record, lowest[inverse]))
    record, held = record[order], size[inverse][order]
    start = np.flatnonzero(np.r_[True, np.diff(lowest[inverse][order]) != 0]) if len(record) else np.empty(0, np.int64)
    block = np.repeat(start, np.diff(np.r_[start, len(record)]))
    chance = np.cumsum(held - 1)
    if not len(chance) or chance[-1] == 0:
        return np.empty(0, dtype=np.int64)
    one = np.searchsorted(chance, rng.integers(0, chance[-1], _AGREEING), side="right")
    other = block[one] + rng.integers(0, held[one])
    return _packed(record[one], record[other])


def _packed(left: Pairs, right: Pairs) -> Pairs:
    low, high = np.minimum(left, right), np.maximum(left, right)
    packed: Pairs = np.unique((low * SHIFT + high)[low < high])
    return packed
