"""Clustering: from scored pairs to persons.

Clusters grow by joining, again and again, the two that fit each other best (average linkage): what counts is the mean
evidence over all compared pairs between them, so one lucky bridge between two persons does not weld them together, and
a chain of weak links breaks at its weakest. Pairs that share no known field say nothing and count neither way.

All mutual best pairs of a round are joined at once, which for average linkage gives the same as one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]

SHIFT = 2**31
# Beyond this many bits a pair is as sure as it can be: one strong pair must not outvote many.
_MOST_BITS = 30.0
NEVER, ALWAYS = -1e9, 1e9


@dataclass(frozen=True, slots=True)
class Clusters:
    """`label` is the lowest record number of each record's cluster; `capped` counts joins refused for size alone."""

    label: Numbers
    capped: int


@dataclass(slots=True)
class _Between:
    """Evidence between two clusters: their labels (one < other), the sum of bits and the number of pairs behind it."""

    one: Numbers
    other: Numbers
    bits: Floats
    pairs: Floats


def clustered(
    records: int, pairs: Numbers, bits: Floats, exclusive: Sequence[Numbers], least_bits: float, cap: int
) -> Clusters:
    """Cluster record numbers 0 … *records* - 1.

    *pairs* are packed (lower × 2³¹ + higher), *bits* the log odds that they are one person; NEVER forbids, ALWAYS is
    obeyed whatever stands against it. Each array of *exclusive* holds one number per record, 0 if unknown: two
    different ones never share a cluster. Clusters join while their mean evidence exceeds *least_bits*, up to *cap*
    records.
    """
    limited = np.where(bits <= NEVER, NEVER, np.clip(bits, -_MOST_BITS, _MOST_BITS))
    between = _Between(pairs // SHIFT, pairs % SHIFT, limited, np.ones(len(pairs)))
    label = _tied(records, pairs[bits >= ALWAYS])
    size = np.bincount(label, minlength=records)
    values = [_first_known(value, label) for value in exclusive]
    between = _merged(between, label) if (size > 1).any() else between
    capped = 0
    while len(between.one):
        between, refused = _joinable(between, values, size, least_bits, cap)
        capped += refused
        kept, gone = _mutual_best(records, between, least_bits)
        if not len(kept):
            break
        for value in values:
            value[kept] = np.where(value[kept] > 0, value[kept], value[gone])
        size[kept] += size[gone]
        renamed = np.arange(records, dtype=np.int64)
        renamed[gone] = kept
        label = renamed[label]
        between = _merged(between, renamed)
    return Clusters(label, capped)


def _tied(records: int, pairs: Numbers) -> Numbers:
    """Label of every record after joining *pairs*: the lowest record number of its component."""
    if not len(pairs):
        return np.arange(records, dtype=np.int64)
    graph = coo_array((np.ones(len(pairs), dtype=np.int8), (pairs // SHIFT, pairs % SHIFT)), shape=(records, records))
    _, component = connected_components(graph, directed=False)
    _, first = np.unique(component, return_index=True)
    return np.asarray(first[component], dtype=np.int64)


def _first_known(value: Numbers, label: Numbers) -> Numbers:
    """The exclusive number of every cluster: its first known one, where a decision joined records with several."""
    known = np.flatnonzero(value)[::-1]
    found = np.zeros_like(value)
    found[label[known]] = value[known]
    return found


def _joinable(
    between: _Between, values: Sequence[Numbers], size: Numbers, least_bits: float, cap: int
) -> tuple[_Between, int]:
    """Without clusters that must not join: these stay apart, whatever happens to them later."""
    may = np.ones(len(between.one), dtype=bool)
    for value in values:
        one, other = value[between.one], value[between.other]
        may &= (one == 0) | (other == 0) | (one == other)
    fits = size[between.one] + size[between.other] <= cap
    refused = int((may & ~fits & (between.bits > least_bits * between.pairs)).sum())
    may &= fits
    return _Between(between.one[may], between.other[may], between.bits[may], between.pairs[may]), refused


def _mutual_best(records: int, between: _Between, least_bits: float) -> tuple[Numbers, Numbers]:
    """Pairs of clusters that are each other's best partner: the label that stays and the one that goes."""
    mean = between.bits / between.pairs
    is_enough = mean > least_bits
    one, other, mean = between.one[is_enough], between.other[is_enough], mean[is_enough]
    best = np.full(records, -np.inf)
    np.maximum.at(best, one, mean)
    np.maximum.at(best, other, mean)
    # Among equally good partners the lowest label, so that the order of rows does not matter.
    partner = np.full(records, records, dtype=np.int64)
    top = mean == best[one]
    np.minimum.at(partner, one[top], other[top])
    top = mean == best[other]
    np.minimum.at(partner, other[top], one[top])
    is_mutual = (partner[one] == other) & (partner[other] == one)
    return one[is_mutual], other[is_mutual]


def _merged(between: _Between, renamed: Numbers) -> _Between:
    """Evidence between the clusters after joining: sums over what lay between their parts."""
    one, other = renamed[between.one], renamed[between.other]
    is_apart = one != other
    low, high = np.minimum(one, other)[is_apart], np.maximum(one, other)[is_apart]
    key = low * SHIFT + high
    order = np.argsort(key, kind="stable")
    key = key[order]
    start = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.empty(0, dtype=np.int64)
    if not len(start):
        return _Between(start, start, np.empty(0), np.empty(0))
    return _Between(
        key[start] // SHIFT,
        key[start] % SHIFT,
        np.add.reduceat(between.bits[is_apart][order], start),
        np.add.reduceat(between.pairs[is_apart][order], start),
    )
