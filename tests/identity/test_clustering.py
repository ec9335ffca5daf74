"""Clustering small graphs whose answer is known."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tpaudit.identity.clustering import NEVER, SHIFT, clustered

Edges = dict[tuple[int, int], float]


def labels(records: int, edges: Edges, exclusive: list[list[int]] | None = None, cap: int = 100) -> list[int]:
    pairs = np.array([low * SHIFT + high for low, high in edges], dtype=np.int64)
    values = [np.array(value, dtype=np.int64) for value in exclusive or []]
    return list(clustered(records, pairs, np.array(list(edges.values()), dtype=float), values, 0.0, cap).label)


def test_a_bridge_between_two_groups_does_not_weld_them() -> None:
    within = {pair: 10.0 for group in ((0, 1, 2), (3, 4, 5)) for pair in combinations(group, 2)}
    across = {(one, other): -8.0 for one in (0, 1, 2) for other in (3, 4, 5)}
    assert labels(6, {**within, **across, (2, 3): 7.0}) == [0, 0, 0, 3, 3, 3]


def test_records_that_share_nothing_meet_through_a_third() -> None:
    assert labels(3, {(0, 1): 5.0, (1, 2): 6.0}) == [0, 0, 0]


def test_forbidden_pairs_stay_apart_and_take_the_better_side() -> None:
    assert labels(3, {(0, 1): 5.0, (1, 2): 6.0, (0, 2): NEVER}) == [0, 1, 1]


def test_different_exclusive_values_stay_apart_without_being_compared() -> None:
    assert labels(3, {(0, 1): 5.0, (1, 2): 6.0}, exclusive=[[7, 0, 8]]) == [0, 1, 1]


def test_a_cluster_stops_growing_at_the_cap_and_says_so() -> None:
    pairs = np.array([low * SHIFT + high for low, high in combinations(range(6), 2)], dtype=np.int64)
    found = clustered(6, pairs, np.full(len(pairs), 9.0), [], 0.0, cap=3)
    assert np.bincount(found.label).max() <= 3 and found.capped > 0


@given(
    edges=st.dictionaries(
        st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] < pair[1]),
        st.sampled_from([-9.0, -3.0, 2.0, 5.0, 9.0]), max_size=20,
    ),
    values=st.lists(st.integers(0, 2), min_size=8, max_size=8),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_order_does_not_matter_and_exclusive_values_hold(edges: Edges, values: list[int], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(edges))
    shuffled = {list(edges)[place]: list(edges.values())[place] for place in order}
    found = labels(8, edges, [values])
    assert found == labels(8, shuffled, [values])
    for one, other in combinations(range(8), 2):
        if found[one] == found[other]:
            assert 0 in (values[one], values[other]) or values[one] == values[other]
