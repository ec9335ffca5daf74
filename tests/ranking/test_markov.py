"""The Markov chain: against direct solves, a walk of the chain, and what must not matter."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tpaudit.ranking.markov import removal_effects, removal_shares

PATHDATA = Path(__file__).parents[3] / "shared" / "data" / "pathdata.csv.gz"

Floats = NDArray[np.float64]
Journey = tuple[Sequence[int], bool]


def count(journeys: Sequence[Journey], size: int, times: Sequence[float] | None = None) -> Floats:
    """Transition counts of journeys over touchpoints 0..size-1."""
    counts = np.zeros((size + 1, size + 2))
    for (path, converted), number in zip(journeys, times or [1.0] * len(journeys), strict=True):
        for origin, target in zip([size, *path], [*path, size if converted else size + 1], strict=True):
            counts[origin, target] += number
    return counts


def without(counts: Floats, removed: int) -> float:
    """Chance to convert when *removed* leads nowhere, by solving the chain without it."""
    size = len(counts) - 1
    chances = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    kept = [place for place in range(size) if place != removed]
    arrive = np.linalg.solve(np.eye(len(kept)) - chances[np.ix_(kept, kept)], chances[kept, size])
    return float(chances[size, kept] @ arrive)


journeys_of_four = st.lists(
    st.tuples(st.lists(st.integers(0, 3), min_size=1, max_size=6), st.booleans()), min_size=1, max_size=30
).filter(lambda journeys: any(converted for _, converted in journeys))


def test_the_example_of_the_paper() -> None:
    """Three journeys, worked by hand: C1 C2 C3 converts, C1 does not, C2 C3 does not.

    From START to C1 2/3, to C2 1/3; C1 -> C2 1/2; C2 -> C3 1; C3 -> conversion 1/2. P = 1/3. Without C1: 1/6, without
    C2 or C3: 0.
    """
    conversion, effects = removal_effects(count([((0, 1, 2), True), ((0,), False), ((1, 2), False)], 3))
    assert conversion == pytest.approx(1 / 3)
    assert effects == pytest.approx([0.5, 1.0, 1.0])


@given(journeys_of_four)
def test_one_inverse_equals_a_solve_per_touchpoint(journeys: list[Journey]) -> None:
    counts = count(journeys, 4)
    conversion, effects = removal_effects(counts)
    expected = [1 - without(counts, place) / float(conversion) for place in range(4)]
    assert effects == pytest.approx(expected, abs=1e-9)


@given(journeys_of_four)
def test_chance_to_convert_is_the_observed_one(journeys: list[Journey]) -> None:
    observed = np.mean([converted for _, converted in journeys])
    assert removal_effects(count(journeys, 4)).conversion == pytest.approx(observed)


@given(journeys_of_four)
def test_shares_sum_to_one(journeys: list[Journey]) -> None:
    assert removal_shares(count(journeys, 4)).sum() == pytest.approx(1)


@given(journeys_of_four, st.permutations(range(4)))
def test_names_of_touchpoints_do_not_matter(journeys: list[Journey], names: list[int]) -> None:
    renamed = [([names[place] for place in path], converted) for path, converted in journeys]
    assert removal_effects(count(renamed, 4)).effects[names] == pytest.approx(
        removal_effects(count(journeys, 4)).effects, abs=1e-9
    )


@given(journeys_of_four)
def test_staying_at_a_touchpoint_does_not_matter(journeys: list[Journey]) -> None:
    doubled = [([place for place in path for _ in range(3)], converted) for path, converted in journeys]
    assert removal_effects(count(doubled, 4)).effects == pytest.approx(
        removal_effects(count(journeys, 4)).effects, abs=1e-9
    )


def test_nothing_converts_nothing_is_credited() -> None:
    conversion, effects = removal_effects(count([((0, 1), False)], 2))
    assert conversion == 0 and np.isnan(effects).all()


def test_a_single_touchpoint_takes_it_all() -> None:
    assert removal_shares(count([((0, 0), True), ((0,), False)], 1)) == pytest.approx([1.0])


def test_a_touchpoint_absent_from_a_resample_has_no_effect() -> None:
    assert removal_effects(count([((0,), True)], 2)).effects == pytest.approx([1.0, 0.0])


def test_resamples_are_solved_together_as_apart() -> None:
    rng = np.random.default_rng(3)
    chains = np.stack([count([(rng.integers(0, 3, 4).tolist(), True), ((0,), False)], 3) for _ in range(5)])
    together = removal_effects(chains).effects
    assert together == pytest.approx(np.stack([removal_effects(chain).effects for chain in chains]))


@settings(max_examples=5)
@given(journeys_of_four)
def test_effects_agree_with_walking_the_chain(journeys: list[Journey]) -> None:
    """Two hundred thousand walkers, and for each touchpoint those who would have met it counted as lost."""
    counts = count(journeys, 4)
    conversion, effects = removal_effects(counts)
    met, won = walk(counts, 200_000)
    kept = [(won & ~met[:, place]).mean() for place in range(4)]
    assert won.mean() == pytest.approx(float(conversion), abs=0.01)
    assert [1 - share / won.mean() for share in kept] == pytest.approx(effects, abs=0.03)


def walk(counts: Floats, walkers: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which touchpoints each walker met (walkers x places), and who converted."""
    size = len(counts) - 1
    ends = np.cumsum(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), axis=1)
    rng = np.random.default_rng(11)
    place = np.full(walkers, size)
    met, won = np.zeros((walkers, size), dtype=bool), np.zeros(walkers, dtype=bool)
    on_the_way = np.arange(walkers)
    while len(on_the_way):
        draw = rng.random(len(on_the_way))
        target = (draw[:, None] > ends[place[on_the_way]]).sum(axis=1)
        won[on_the_way[target == size]] = True
        still = target < size
        on_the_way, target = on_the_way[still], target[still]
        met[on_the_way, target] = True
        place[on_the_way] = target
    return met, won


@pytest.mark.skipif(not PATHDATA.exists(), reason="needs the public data sets in ../shared/data")
def test_real_paths_give_a_whole_and_agree_with_direct_solves() -> None:
    with gzip.open(PATHDATA, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = sorted({name for row in rows for name in row["path"].split(" > ")})
    place = {name: index for index, name in enumerate(names)}
    paths = [[place[name] for name in row["path"].split(" > ")] for row in rows]
    counts = count([(path, True) for path in paths], len(names), [float(row["total_conversions"]) for row in rows])
    counts += count([(path, False) for path in paths], len(names), [float(row["total_null"]) for row in rows])
    conversion, effects = removal_effects(counts)
    expected = [1 - without(counts, index) / float(conversion) for index in range(len(names))]
    assert effects == pytest.approx(expected, abs=1e-12)
    assert removal_shares(counts).sum() == pytest.approx(1)
    assert (effects > 0).all() and (effects <= 1).all()
