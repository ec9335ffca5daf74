"""recordlinkage on the columns that tpaudit prepared: the second rival of `benchmarks.identity`.

It gets the same parsed names, masks, guard and blocking keys, and uses its classifier that needs no labels: expectation
maximisation over comparisons that agree or not (it takes no finer levels, and an unknown value counts as disagreement).
Its clustering needs a further package; connected components are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmarks.identity_rivals import THRESHOLDS, RivalRun, column
from tpaudit.identity.comparison import BirthDate, Comparison, PersonName, Phone
from tpaudit.identity.encoding import Encoded

# Damerau–Levenshtein similarity from which two texts agree: one slip in a date, two in a long name.
_ALIKE = 0.85


def run(encoded: Encoded, prepared: pa.Table, keys: Sequence[tuple[str, ...]]) -> RivalRun:
    """Pair, compare, fit, and join what is likely enough."""
    from recordlinkage import Compare, ECMClassifier, Index

    frame = prepared.to_pandas()
    ids = prepared["record_id"].combine_chunks()
    indexer = Index()
    for key in keys:
        indexer.block([column(name) for name in key])
    pairs = indexer.index(frame)
    compare = Compare()
    for name, is_measured in _compared(encoded.comparisons):
        if is_measured:
            compare.string(name, name, method="damerau_levenshtein", threshold=_ALIKE, label=name)
        else:
            compare.exact(name, name, label=name)
    levels = compare.compute(pairs, frame).astype("int8")
    # A comparison on which all pairs agree, or none, tells nothing, and the classifier refuses it.
    levels = levels.loc[:, levels.nunique() == 2]
    classifier = ECMClassifier()
    classifier.fit(levels)
    probability = classifier.prob(levels).to_numpy()
    left, right = (np.asarray(pairs.get_level_values(level)) for level in (0, 1))
    scored = {"left_id": ids.take(pa.array(left)), "right_id": ids.take(pa.array(right)), "probability": probability}
    clusters = {}
    for threshold in THRESHOLDS:
        kept = probability >= threshold
        cluster = _components(len(frame), left[kept], right[kept])
        clusters[threshold] = pa.table({"record_id": ids, "cluster": cluster})
    return RivalRun(pa.table(scored), clusters)


def _compared(comparisons: Sequence[Comparison]) -> Iterator[tuple[str, bool]]:
    """The columns that are compared, and whether slips of the keyboard count as agreement."""
    for each in comparisons:
        if isinstance(each, PersonName):
            yield from ((column(part), True) for part in each.attributes[1:3])
        elif isinstance(each, Phone):
            yield from ((column(part), False) for part in (each.numbers[0], each.masks[0]))
        else:
            is_measured = isinstance(each, BirthDate) or (each.rated is not None and bool(each.measures))
            yield column(each.attributes[0]), is_measured


def _components(records: int, left: Any, right: Any) -> Any:
    edges = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(records, records))
    return connected_components(edges, directed=False)[1]
