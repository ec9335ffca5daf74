"""Blocking: which pairs of records are worth comparing.

A blocking key is a set of attributes on which two records agree. It is chosen from the data: each attribute carries
as many bits as the chance that two random records agree on it has halvings, and a key needs enough bits that few
random pairs agree on it. Keys are minimal: no part of one is already a key. Blocks over a cap are dropped and told.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from operator import xor
from typing import Any

import ibis

from tpaudit.engine import Engine
from tpaudit.identity.comparison import Email, Identifier, Phone
from tpaudit.identity.encoding import Encoded
from tpaudit.identity.frequencies import Frequency

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


def strengths(encoded: Encoded, frequency: Mapping[str, Frequency]) -> dict[str, Strength]:
    """Strength of every attribute that may be part of a key."""
    found: dict[str, Strength] = {}
    for name in (name for comparison in encoded.comparisons for name in comparison.keys):
        if name in frequency:
            # A chance that was never seen is taken as half a pair.
            chance = max(frequency[name].agreeing, 0.5) / max(frequency[name].pairs, 0.5)
            found[name] = Strength(frequency[name].held / encoded.records, -math.log2(min(chance, 1.0)))
    return found


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
    engine = encoded.engine
    if not keys:
        return encoded.table.filter(ibis.literal(False)).select(pair="record"), []
    blocks = [_blocks(encoded, key).mutate(key=ibis.literal(number, "int8")) for number, key in enumerate(keys)]
    shared = ibis.union(*blocks) if len(blocks) > 1 else blocks[0]
    shared = engine.cache(shared.filter(shared["size"] >= 2))
    kept = shared.filter(shared["size"] <= cap)
    left = kept.select("key", "block", left=kept.record)
    right = kept.select("key", "block", right=kept.record)
    joined = left.inner_join(right, ["key", "block", left.left < right.right])
    every = engine.cache(joined.select(pair=joined.left * SHIFT + joined.right).distinct())
    dropped = _dropped(engine, keys, shared.filter(shared["size"] > cap))
    engine.release(shared)
    return every, dropped


def _dropped(engine: Engine, keys: Sequence[tuple[str, ...]], over: Any) -> list[DroppedBlocks]:
    """The blocks that are left out for their size, key by key."""
    told = over.group_by("key").agg(blocks=over.block.nunique(), records=over.count(), largest=over["size"].max())
    return [
        DroppedBlocks(keys[row["key"]], row["blocks"], row["records"], row["largest"])
        for row in engine.fetch_rows(told.order_by("key"))
    ]


def _blocks(encoded: Encoded, key: Sequence[str]) -> Any:
    """Records with the block they fall into, and its size: record, block, size."""
    several = [name for name in key if len(encoded.slots(name)) > 1]
    rows = encoded.table.select("record", *(name for name in key if name not in several))
    for name in several:
        rows = rows.inner_join(encoded.values(name).rename({name: "code"}), "record")
    rows = rows.filter(*(rows[name].notnull() for name in key))
    # Shifting each part differently keeps equal texts of two attributes from cancelling out.
    block = reduce(xor, (rows[name] >> place for place, name in enumerate(key)))
    rows = rows.select("record", block=block)
    rows = rows.distinct() if several else rows
    return rows.mutate(size=rows.count().over(ibis.window(group_by="block")))
