"""How well clusters and scored pairs agree with the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_BINS = 20

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Measures:
    """F1 over pairs scored as matches, F1 over pairs in one cluster, B-cubed F1, and sizes."""

    pair_f1: float
    cluster_f1: float
    precision: float
    recall: float
    b3: float
    largest: int
    largest_true: int
    gap: float
    gap_unweighted: float
    curve: tuple[tuple[float, float, int], ...]


def measured(truth: pa.Table, clusters: pa.Table, pairs: pa.Table, threshold: float) -> Measures:
    """Measure *clusters* (record_id, cluster) and *pairs* (left_id, right_id, probability) against *truth*.

    Records whose person is not known are left out; so are their pairs.
    """
    ids = truth["record_id"].combine_chunks()
    person = np.unique(truth["person"].to_numpy(zero_copy_only=False), return_inverse=True)[1]
    place = pc.index_in(ids, value_set=clusters["record_id"].combine_chunks()).to_numpy(zero_copy_only=False)
    names = clusters["cluster"].combine_chunks().take(pa.array(place.astype(np.int64)))
    label = np.unique(names.to_numpy(zero_copy_only=False), return_inverse=True)[1]
    left, right, probability = _scored(ids, pairs)
    same = person[left] == person[right]
    true_pairs = _pairs(person)
    kept = probability >= threshold
    both = np.unique(label.astype(np.int64) * (int(person.max()) + 1) + person, return_inverse=True)[1]
    hit, predicted = _pairs(both), _pairs(label)
    curve = _curve(probability, same)
    weights = np.array([n for _, _, n in curve], dtype=float)
    gaps = np.array([abs(said - found) for said, found, _ in curve])
    return Measures(
        pair_f1=2 * same[kept].sum() / max(kept.sum() + true_pairs, 1),
        cluster_f1=2 * hit / max(predicted + true_pairs, 1),
        precision=hit / max(predicted, 1),
        recall=hit / max(true_pairs, 1),
        b3=_b_cubed(label, person, both),
        largest=int(np.bincount(label).max()),
        largest_true=int(np.bincount(person).max()),
        gap=float((gaps * weights).sum() / max(weights.sum(), 1)),
        gap_unweighted=float(gaps.mean()) if len(gaps) else 0.0,
        curve=tuple(curve),
    )


def _scored(ids: pa.Array, pairs: pa.Table) -> tuple[Any, Any, Any]:
    left = pc.index_in(pairs["left_id"], value_set=ids)
    right = pc.index_in(pairs["right_id"], value_set=ids)
    known = pc.and_(pc.is_valid(left), pc.is_valid(right))
    columns = (left.filter(known), right.filter(known), pairs["probability"].filter(known))
    return tuple(np.asarray(column.to_numpy()) for column in columns)  # type: ignore[return-value]


def _pairs(label: Numbers) -> float:
    size = np.bincount(label).astype(float)
    return float((size * (size - 1) / 2).sum())


def _b_cubed(label: Numbers, person: Numbers, both: Numbers) -> float:
    """Bagga & Baldwin 1998: precision and recall of each record's cluster, averaged over records."""
    shared = np.bincount(both)[both]
    precision = (shared / np.bincount(label)[label]).mean()
    recall = (shared / np.bincount(person)[person]).mean()
    return float(2 * precision * recall / (precision + recall))


def _curve(probability: Any, same: Any) -> list[tuple[float, float, int]]:
    """Reliability: per twentieth of the scale the mean probability said, the share found, and the number of pairs."""
    place = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    rows = []
    for number in range(_BINS):
        inside = place == number
        if inside.any():
            rows.append((float(probability[inside].mean()), float(same[inside].mean()), int(inside.sum())))
    return rows
