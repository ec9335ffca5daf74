"""Linking: any table of records about persons, resolved into persons, with the evidence.

encode -> guard -> block -> compare -> estimate -> cluster. The lake's contacts and any table with names, dates and
places go the same way; see docs/identity.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import pyarrow as pa

from tpaudit.audit.settings import IdentitySection
from tpaudit.engine import Engine
from tpaudit.identity import blocking, estimation, sampling
from tpaudit.identity.clustering import ALWAYS, NEVER, clustered
from tpaudit.identity.comparison import DIFFERENT, Phone
from tpaudit.identity.encoding import Encoded, encode
from tpaudit.identity.evidence import compared
from tpaudit.identity.fields import Field, filled
from tpaudit.identity.frequencies import frequencies
from tpaudit.identity.shared_values import Shared, without_shared
from tpaudit.identity.weights import Floats, Model, Patterns


@dataclass(frozen=True, slots=True)
class Linked:
    """Records resolved into persons.

    `records`: Arrow table of record_id, cluster (number of its first record), match_probability (of the record's best
    pair inside its cluster; 1 if alone, NULL if only a decision holds it), matched_on (fields of that pair).
    `evidence`: Ibis table of all compared pairs: pair (lower record number × 2³¹ + higher), pattern; `patterns` and
    `bits` tell the levels and log odds of each pattern. `capped` counts joins refused for size alone, `conflicts` pairs
    that agree on enough to be one person but differ in a field of which a person has only one.
    """

    records: pa.Table
    encoded: Encoded
    evidence: Any
    patterns: Patterns
    bits: Floats
    model: Model
    keys: tuple[tuple[str, ...], ...]
    dropped_blocks: tuple[blocking.DroppedBlocks, ...]
    shared: Shared
    capped: int
    conflicts: int


def link(
    engine: Engine, records: Any, fields: Sequence[Field], settings: IdentitySection, constraints: Any | None = None
) -> Linked:
    """Resolve *records* (record_id, and the columns of *fields*) into persons.

    *constraints* are decisions of a person: an Arrow table of left_id, right_id, same (bool). They hold whatever the
    evidence says; of records that do not exist nothing is held.
    """
    fields = filled(engine, records, fields)
    encoded, shared = without_shared(encode(engine, records, fields), settings)
    frequency = frequencies(encoded)
    keys = blocking.chosen_keys(encoded, blocking.strengths(encoded, frequency))
    pairs, dropped = blocking.pairs(encoded, keys, settings.max_block)
    evidence, draws = _compared(encoded, pairs)
    seen = estimation.counted(encoded, evidence)
    model = estimation.fitted(encoded, frequency, seen, draws)
    bits = judged_bits(model, seen, fields)
    capped, rows = _clustered(encoded, evidence, seen, bits, fields, settings, constraints)
    conflicts = _conflicts(model, seen, bits, settings)
    return Linked(rows, encoded, evidence, seen, bits, model, tuple(keys), tuple(dropped), shared, capped, conflicts)


def _compared(encoded: Encoded, pairs: Any) -> tuple[Any, sampling.Draws]:
    """The evidence on *pairs*, and what pairs drawn at random show; both are compared in one go."""
    engine = encoded.engine
    sample = sampling.drawn(encoded)
    drawn = engine.table(pa.table({"pair": sample.pairs}))
    marked = ibis.union(pairs.mutate(is_found=True), drawn.mutate(is_found=False))
    every = engine.cache(marked.group_by("pair").agg(is_found=marked.is_found.any()))
    rows = engine.cache(compared(encoded, every))
    engine.release(every)
    draws = sampling.shown(encoded.comparisons, sample, engine.fetch(rows.semi_join(drawn, "pair")))
    return rows.filter(rows.is_found).drop("is_found"), draws


def judged_bits(model: Model, seen: Patterns, fields: Sequence[Field]) -> Floats:
    """Log odds of every pattern that its records are one person's, in bits; NEVER where that is ruled out.

    Two rules stand above the arithmetic: different values of an exclusive field rule one person out, and the visible
    digits of a masked phone never suffice without agreement on something else.
    """
    bits = model.bits(seen.levels) + estimation.prior_bits(model.prior)
    exclusive = {field.name for field in fields if field.exclusive}
    for number, comparison in enumerate(model.comparisons):
        level = seen.levels[:, number]
        if comparison.name in exclusive:
            bits = np.where(level == DIFFERENT, NEVER, bits)
        if isinstance(comparison, Phone):
            others = np.delete(seen.levels, number, axis=1)
            is_alone = (level == comparison.HIDDEN) & ~(others > 0).any(axis=1)
            bits = np.where(is_alone, np.minimum(bits, -1.0), bits)
    return np.asarray(bits)


def _conflicts(model: Model, seen: Patterns, bits: Floats, settings: IdentitySection) -> int:
    """Pairs that only a rule keeps apart."""
    believed = model.bits(seen.levels) + estimation.prior_bits(model.prior) > _least_bits(settings)
    return int(seen.pairs[(bits <= NEVER) & believed].sum())


def _least_bits(settings: IdentitySection) -> float:
    """Log odds from which records count as one person's."""
    return float(np.log2(settings.match_threshold / (1 - settings.match_threshold)))


def _clustered(
    encoded: Encoded,
    evidence: Any,
    seen: Patterns,
    bits: Floats,
    fields: Sequence[Field],
    settings: IdentitySection,
    constraints: pa.Table | None,
) -> tuple[int, pa.Table]:
    engine = encoded.engine
    of_pattern = engine.table(pa.table({"pattern": seen.code, "bits": bits, "number": np.arange(len(bits))}))
    scored = evidence.inner_join(of_pattern, "pattern")
    found = engine.fetch(scored.select("pair", "bits", "number"))
    pair, pair_bits = found["pair"].to_numpy(), found["bits"].to_numpy()
    number = found["number"].to_numpy()
    exclusive = [field.name for field in fields if field.exclusive]
    columns = engine.fetch(encoded.table.select("record", "record_id", *exclusive).order_by("record"))
    values = [_numbered(columns[name]) for name in exclusive]
    if constraints is not None:
        pair, pair_bits, number = _with_decisions(columns["record_id"], constraints, pair, pair_bits, number)
    joined = clustered(encoded.records, pair, pair_bits, values, _least_bits(settings), settings.max_cluster)
    return joined.capped, _rows(columns["record_id"], joined.label, pair, pair_bits, number, seen, encoded)


def _numbered(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.int64]]:
    codes = column.combine_chunks().dictionary_encode().indices
    return np.asarray(codes.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64) + 1


def _with_decisions(ids: Any, constraints: pa.Table, pair: Any, bits: Any, number: Any) -> tuple[Any, Any, Any]:
    """Pairs with the decided ones put first: what a person said replaces what was computed."""
    known = ids.combine_chunks()
    left, right = (
        np.asarray(pa.compute.index_in(constraints[side], known).fill_null(-1), dtype=np.int64)
        for side in ("left_id", "right_id")
    )
    exists = (left >= 0) & (right >= 0) & (left != right)
    decided = (np.minimum(left, right) * 2**31 + np.maximum(left, right))[exists]
    said = np.where(np.asarray(constraints["same"])[exists], ALWAYS, NEVER)
    other = ~np.isin(pair, decided)
    none = np.full(len(decided), -1, dtype=np.int64)
    return (
        np.concatenate([decided, pair[other]]),
        np.concatenate([said, bits[other]]),
        np.concatenate([none, number[other]]),
    )


def _rows(ids: Any, label: Any, pair: Any, bits: Any, number: Any, seen: Patterns, encoded: Encoded) -> pa.Table:
    """Every record with its cluster and its best evidence inside it."""
    left, right = pair // 2**31, pair % 2**31
    inside = label[left] == label[right]
    record = np.concatenate([left[inside], right[inside]])
    weight, pattern = np.tile(bits[inside], 2), np.tile(number[inside], 2)
    order = np.lexsort((pattern, -weight, record))
    first = order[np.r_[True, np.diff(record[order]) != 0]] if len(order) else order
    best = np.full(len(label), -1, dtype=np.int64)
    best[record[first]] = pattern[first]
    strength = np.full(len(label), np.nan)
    strength[record[first]] = estimation.probability(weight[first])
    alone = np.bincount(label, minlength=len(label))[label] == 1
    strength[alone] = 1.0
    agreed = [_agreed(levels, encoded) for levels in seen.levels]
    texts = pa.array([*agreed, None], pa.string()).take(pa.array(np.where(best < 0, len(agreed), best)))
    return pa.table(
        {
            "record_id": ids,
            "cluster": label,
            "match_probability": pa.array(strength, from_pandas=True),
            "matched_on": texts,
        }
    )


def _agreed(levels: Any, encoded: Encoded) -> str:
    return ", ".join(sorted(each.name for each, level in zip(encoded.comparisons, levels, strict=True) if level > 0))
