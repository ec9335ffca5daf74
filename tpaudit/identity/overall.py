"""Overall: what all pairs of records show on one comparison, whoever they are.

Levels that mean equality are counted exactly, from how often each value occurs; the others are seen in random pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis

from tpaudit.identity.comparison import RARITIES, Comparison, Email, Identifier, Phone, first_rated
from tpaudit.identity.encoding import Encoded
from tpaudit.identity.sampling import Draws
from tpaudit.identity.weights import Floats, level_counts

_LEAST_SHARE = 1e-6


@dataclass(frozen=True, slots=True)
class Overall:
    """`pairs`: pairs of records that both have the field; `share`: the share of every level among them."""

    pairs: float
    share: Floats


def overall(encoded: Encoded, draws: Draws) -> list[Overall]:
    """What all pairs show, comparison by comparison."""
    found = []
    for number, comparison in enumerate(encoded.comparisons):
        counts = level_counts(draws.anyhow, number, draws.anyhow.pairs, len(comparison.labels)) + 0.5
        share = counts / counts.sum()
        pairs, exact = _exact(encoded, comparison)
        for level, agreeing in exact.items():
            share[level] = agreeing / max(pairs, 1.0)
        share[0] = max(1.0 - share[1:].sum(), _LEAST_SHARE)
        found.append(Overall(pairs, share / share.sum()))
    return found


def _exact(encoded: Encoded, comparison: Comparison) -> tuple[float, dict[int, float]]:
    """Pairs that have the field, and the pairs on each level that value frequencies tell exactly."""
    top = len(comparison.labels) - 1
    if isinstance(comparison, Identifier):
        pairs, same = _agreeing_pairs(encoded, comparison.attributes[0])
        shared = _shared_pairs(encoded, comparison.attributes[0], comparison.shared)
        return pairs, {top: same - shared, top - 1: shared}
    if isinstance(comparison, Email):
        pairs, same = _agreeing_pairs(encoded, comparison.addresses[0])
        return pairs, {top: same, top - 1: max(_agreeing_pairs(encoded, comparison.locals[0])[1] - same, 0.0)}
    if isinstance(comparison, Phone):
        table = encoded.table
        pairs, alike = _agreeing_pairs(encoded, comparison.masks[0])
        _, open_ = _agreeing_pairs(encoded, comparison.masks[0], table[comparison.numbers[0]].notnull())
        _, same = _agreeing_pairs(encoded, comparison.numbers[0])
        shared = _shared_pairs(encoded, comparison.numbers[0], comparison.shared)
        return pairs, {top: same - shared, top - 1: shared, top - 2: alike - open_}
    attribute = comparison.rated or ""
    known = encoded.table.filter(encoded.table[attribute].notnull())
    rarity = f"{attribute}:rarity"
    held = known.group_by([attribute, rarity]).agg(n=known.count().cast("float64"))
    rows = encoded.engine.fetch_rows(held.group_by(rarity).agg(n=held.n.sum(), agree=(held.n * (held.n - 1)).sum() / 2))
    total = sum(row["n"] for row in rows)
    agree = {row[rarity]: row["agree"] for row in rows}
    first = first_rated(comparison)
    return total * (total - 1) / 2, {first + step: agree.get(step, 0.0) for step in range(RARITIES)}


def _shared_pairs(encoded: Encoded, attribute: str, shared: str | None) -> float:
    """Pairs that agree on a value that several people use."""
    return _agreeing_pairs(encoded, attribute, encoded.table[shared])[1] if shared else 0.0


def _agreeing_pairs(encoded: Encoded, attribute: str, only: Any | None = None) -> tuple[float, float]:
    """Pairs of records that know *attribute*, and those of them that agree on it, among the records of *only*."""
    table = encoded.table if only is None else encoded.table.filter(only)
    parts = [table.select(code=table[slot]) for slot in encoded.slots(attribute)]
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    rows = rows.filter(rows.code.notnull())
    held = rows.group_by("code").agg(n=rows.count().cast("float64"))
    (row,) = encoded.engine.fetch_rows(held.agg(n=held.n.sum(), agree=(held.n * (held.n - 1)).sum() / 2))
    holders = float(row["n"] or 0.0)
    return holders * (holders - 1) / 2, float(row["agree"] or 0.0)
