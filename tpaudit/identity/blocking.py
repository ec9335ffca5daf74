"""Blocking: which pairs of records are worth comparing.

A blocking key is a set of attributes on which two records agree. It is chosen from the data: each attribute carries
as many bits as the chance that two random records agree on it has halvings, and a key needs enough bits that few
random pairs agree on it. Keys are minimal: no part of one is already a key. Blocks over a cap are dropped and told.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import ibis

from tpaudit.identity.comparison import Email, Identifier, Phone
from tpaudit.identity.encoding import Encoded

SHIFT = 2**31
"""A pair is one number: lower record × SHIFT + higher record."""

# Random pairs per record that a key may bring.
_CHANCE_PAIRS = 2.0
_MOST_PARTS = 3
_MOST_KEYS = 24
# Part of the records that must hold all parts of a key.
_FILLED = 0.01
_FEWEST = 50


@dataclass(frozen=True, slots=True)
class Strength:
    """How often an attribute is known, and how many bits agreeing on it by chance is worth."""

    filled: float
    bits: float


@dataclass(frozen=True, slots=True)
class DroppedBlocks:
    """Blocks of one key that held too many records to be compared."""

    key: tuple[str, ...]
    blocks: int
    records: int
    largest: int


def strengths(encoded: Encoded) -> dict[str, Strength]:
    """Strength of every attribute that may be part of a key."""
    found: dict[str, Strength] = {}
    for name in (name for comparison in encoded.comparisons for name in comparison.keys):
        values = _values(encoded, name)
        held = values.group_by("code").agg(n=values.count().cast("float64"))
        (row,) = encoded.engine.fetch_rows(held.agg(n=held.n.sum(), agree=(held.n * (held.n - 1)).sum()))
        if row["n"]:
            chance = max(row["agree"], 1.0) / max(row["n"] * (row["n"] - 1), 1.0)
            found[name] = Strength(row["n"] / encoded.records, -math.log2(min(chance, 1.0)))
    return found


def _values(encoded: Encoded, name: str) -> Any:
    """All values of an attribute, whichever slot holds them: record, code."""
    parts = [encoded.table.select("record", code=encoded.table[slot]) for slot in encoded.slots(name)]
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return rows.filter(rows.code.notnull())


def chosen_keys(encoded: Encoded, strength: Mapping[str, Strength]) -> list[tuple[str, ...]]:
    """The most general sets of attributes that few random pairs agree on; those most records hold come first.

    A phone, email or id is a key whatever its bits: how many share it is the guard's business.
    """
    needed = math.log2(max(encoded.records, 2) / 2 / _CHANCE_PAIRS)
    owner = {name: each.name for each in encoded.comparisons for name in each.keys}
    least = min(_FILLED, _FEWEST / max(encoded.records, 1))
    usable = sorted(name for name in strength if strength[name].filled >= least)
    sets = [key for parts in range(1, _MOST_PARTS + 1) for key in combinations(usable, parts)]
    own = {(each.keys[0],) for each in encoded.comparisons if isinstance(each, Identifier | Phone | Email)}
    able = [
        key
        for key in sets
        if (len({owner[name] for name in key}) == len(key) or _is_sound_of_name(key))
        and (key in own or sum(strength[name].bits for name in key) >= needed)
    ]
    coarser = {name: {name, *each.coarser.get(name, ())} for each in encoded.comparisons for name in each.keys}
    general = [key for key in able if not any(other != key and _is_implied(other, key, coarser) for other in able)]
    general.sort(key=lambda key: (-math.prod(strength[name].filled for name in key), key))
    return general[:_MOST_KEYS]


def _is_implied(key: Sequence[str], by: Sequence[str], coarser: Mapping[str, set[str]]) -> bool:
    """Whether records that agree on the set *by* also agree on *key*."""
    return set(key) <= {implied for name in by for implied in coarser[name]}


def _is_sound_of_name(key: Sequence[str]) -> bool:
    """The sound of both parts of a name: the one key within a comparison that finds what its other parts do not."""
    return sorted(name.rpartition(":")[2] for name in key) == ["given_sound", "surname_sound"]


def pairs(encoded: Encoded, keys: Sequence[tuple[str, ...]], cap: int) -> tuple[Any, list[DroppedBlocks]]:
    """Distinct pairs of records that agree on a key: `pair`; and what was dropped."""
    parts, dropped = [], []
    for key in keys:
        blocks = _blocks(encoded, key)
        rows = encoded.engine.cache(blocks.filter(blocks["size"] >= 2))
        over = rows.filter(rows["size"] > cap)
        (row,) = encoded.engine.fetch_rows(
            over.agg(blocks=over.block.nunique(), records=over.count(), largest=over["size"].max())
        )
        if row["blocks"]:
            dropped.append(DroppedBlocks(key, row["blocks"], row["records"], row["largest"]))
        kept = rows.filter(rows["size"] <= cap)
        left = kept.select(block=kept.block, left=kept.record)
        right = kept.select(block=kept.block, right=kept.record)
        joined = left.inner_join(right, ["block", left.left < right.right])
        parts.append(joined.select(pair=joined.left * SHIFT + joined.right))
    if not parts:
        empty = encoded.table.filter(ibis.literal(False))
        return encoded.engine.cache(empty.select(pair=empty.record)), dropped
    every = ibis.union(*parts, distinct=True) if len(parts) > 1 else parts[0].distinct()
    return encoded.engine.cache(every), dropped


def _blocks(encoded: Encoded, key: Sequence[str]) -> Any:
    """Records with the block they fall into, and its size: record, block, size."""
    rows = _values(encoded, key[0]).rename(block="code")
    for place, name in enumerate(key[1:], start=1):
        joined = rows.inner_join(_values(encoded, name), "record")
        # Shifting each part differently keeps equal texts of two attributes from cancelling out.
        rows = joined.select("record", block=joined.block ^ (joined.code >> place))
    if any(len(encoded.slots(name)) > 1 for name in key):
        rows = rows.distinct()
    return rows.mutate(size=rows.count().over(ibis.window(group_by="block")))
