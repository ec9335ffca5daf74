"""Chains of order 1 and 2: against direct solves, the closed form of order 1, and what must not break them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from tests.ranking.walks import Journey, moves_of
from tpaudit.ranking.chain import MOST_INVERTED, Chain, NotSettled
from tpaudit.ranking.markov import normalised, removal_effects, transition_counts
from tpaudit.ranking.moves import Moves
from tpaudit.stats.bootstrap import BLOCKS, block_weights

Floats = NDArray[np.float64]

journeys_of_four = st.lists(
    st.tuples(st.lists(st.integers(0, 3), min_size=1, max_size=7), st.booleans()), min_size=1, max_size=25
).filter(lambda journeys: any(converted for _, converted in journeys))
orders = pytest.mark.parametrize("order", [1, 2])
# As a whole, and step by step.
ways = pytest.mark.parametrize("most_inverted", [MOST_INVERTED, 0])


def states_of(path: Sequence[int], order: int) -> list[tuple[int, ...]]:
    padded = [-1, *path]
    return [tuple(padded[at : at + order]) if order > 1 else (path[at],) for at in range(len(path))]


def solved(journeys: Sequence[Journey], order: int, removed: int | None, worth: Sequence[float] | None = None) -> float:
    """Expected conversions (or worth) of a journey when *removed* leads nowhere: one direct solve over named states."""
    names = sorted({state for path, _ in journeys for state in states_of(path, order)})
    number = {name: index for index, name in enumerate(names)}
    size = len(names)
    counts, into = np.zeros((size + 1, size)), np.zeros(size)
    leaving = np.zeros(size + 1)
    for index, (path, converted) in enumerate(journeys):
        walk = [size, *(number[state] for state in states_of(path, order))]
        for origin, target in pairwise(walk):
            counts[origin, target] += 1
            leaving[origin] += 1
        leaving[walk[-1]] += 1
        into[walk[-1]] += converted * (1.0 if worth is None else worth[index])
    chances = counts / leaving[:, None]
    alive = [place for name, place in number.items() if removed is None or removed not in name]
    arrive = np.linalg.solve(np.eye(len(alive)) - chances[np.ix_(alive, alive)], (into / leaving[:size])[alive])
    return float(chances[size, alive] @ arrive)


def expected_effects(journeys: Sequence[Journey], order: int, size: int) -> list[float]:
    whole = solved(journeys, order, None)
    return [1 - solved(journeys, order, place) / whole for place in range(size)]


@orders
@ways
@given(journeys_of_four)
@settings(max_examples=60)
def test_one_inverse_equals_a_direct_solve_per_touchpoint(
    order: int, most_inverted: int, journeys: list[Journey]
) -> None:
    effects = Chain(moves_of(journeys, 4), order).effects(most_inverted)
    assert effects.conversion == pytest.approx(solved(journeys, order, None), abs=1e-9)
    assert effects.conversions == pytest.approx(expected_effects(journeys, order, 4), abs=1e-9)


@orders
@given(journeys_of_four, st.integers(0, 3))
@settings(max_examples=30)
def test_value_is_lost_as_a_direct_solve_says(order: int, journeys: list[Journey], seed: int) -> None:
    worth = np.random.default_rng(seed).integers(1, 90, len(journeys)).astype(float)
    effects = Chain(moves_of(journeys, 4, worth), order).effects()
    whole = solved(journeys, order, None, worth)
    assert effects.value == pytest.approx(
        [1 - solved(journeys, order, place, worth) / whole for place in range(4)], abs=1e-9
    )


@given(journeys_of_four)
@settings(max_examples=30)
def test_order_one_equals_the_closed_form_of_single_states(journeys: list[Journey]) -> None:
    moves = moves_of(journeys, 4)
    closed = removal_effects(transition_counts(moves).sum(axis=0))
    assert Chain(moves, 1).effects().conversions == pytest.approx(closed.effects, abs=1e-9)


@orders
@given(journeys_of_four)
@settings(max_examples=30)
def test_chance_to_convert_is_the_observed_one(order: int, journeys: list[Journey]) -> None:
    observed = np.mean([converted for _, converted in journeys])
    assert Chain(moves_of(journeys, 4), order).effects().conversion == pytest.approx(observed)


@orders
@given(journeys_of_four, st.permutations(range(25)))
@settings(max_examples=20)
def test_order_of_the_moves_does_not_matter(order: int, journeys: list[Journey], mixed: list[int]) -> None:
    moves = moves_of(journeys, 4)
    rows = np.argsort(np.resize(mixed, len(moves.place)), kind="stable")
    other = Moves(
        4, moves.previous[rows], moves.place[rows], moves.following[rows], moves.times[:, rows], moves.value[rows]
    )
    assert (Chain(other, order).effects().conversions == Chain(moves, order).effects().conversions).all()


def test_staying_matters_to_order_two_only() -> None:
    """A self-loop is a move like any other. At order 1 it cancels out; at order 2 "a, again a" is a state of its own."""
    once = [([0, 1], True), ([0], False), ([1], False), ([0, 2], True), ([2, 0], False)]
    thrice = [([place for place in path for _ in range(3)], converted) for path, converted in once]
    for order in (1, 2):
        assert Chain(moves_of(thrice, 3), order).effects().conversions == pytest.approx(
            expected_effects(thrice, order, 3), abs=1e-9
        )
    assert Chain(moves_of(once, 3), 1).effects().conversions == pytest.approx(
        Chain(moves_of(thrice, 3), 1).effects().conversions, abs=1e-9
    )


@orders
@ways
@pytest.mark.parametrize(
    ("journeys", "size", "expected"),
    [
        ([([0], True)], 1, [1.0]),
        ([([0, 0, 0], True), ([0], False)], 1, [1.0]),
        ([([0, 1] * 8, True), ([1, 0] * 8, True)], 2, None),
        ([([0], True), ([1], True), ([1], True)], 2, [1 / 3, 2 / 3]),
        ([([0], True)] * 40 + [([1, 0], True)], 2, [1.0, 1 / 41]),
    ],
    ids=["one touchpoint", "one that loops", "cycles", "all convert", "seen once"],
)  # fmt: skip
def test_corner_cases(
    order: int, most_inverted: int, journeys: list[Journey], size: int, expected: list[float] | None
) -> None:
    effects = Chain(moves_of(journeys, size), order).effects(most_inverted)
    assert effects.conversions == pytest.approx(expected or expected_effects(journeys, order, size), abs=1e-9)
    assert np.isfinite(effects.influence).all()


@orders
def test_without_conversions_nothing_is_lost_or_known(order: int) -> None:
    effects = Chain(moves_of([([0, 1], False)], 2), order).effects()
    assert effects.conversion == 0 and np.isnan(effects.conversions).all()


@orders
def test_five_hundred_touchpoints(order: int) -> None:
    rng = np.random.default_rng(8)
    journeys = [((rng.zipf(1.4, rng.geometric(0.3)) % 500).tolist(), bool(rng.random() < 0.4)) for _ in range(900)]
    effects = Chain(moves_of(journeys, 500), order).effects(MOST_INVERTED if order == 1 else 0)
    for place in (0, 1, 2, 77):
        expected = 1 - solved(journeys, order, place) / solved(journeys, order, None)
        assert effects.conversions[place] == pytest.approx(expected, abs=1e-9)
    assert np.isfinite(effects.influence).all()


def test_chain_that_never_settles_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tpaudit.ranking.chain._MOST_STEPS", 50)
    with pytest.raises(NotSettled):
        Chain(moves_of([([0] * 400, True)], 1), 1).effects(most_inverted=0)


@orders
@ways
def test_influence_is_the_slope_of_the_effects(order: int, most_inverted: int) -> None:
    """Weighing one block a little more moves the effects as its influence says."""
    rng = np.random.default_rng(2)
    journeys = [(rng.integers(0, 4, rng.integers(1, 6)).tolist(), bool(rng.random() < 0.4)) for _ in range(200)]
    moves = moves_of(journeys, 4)
    plain = Chain(moves, order).effects(most_inverted)
    step = 1e-5
    for block in range(3):
        weights = np.where(np.arange(BLOCKS) == block, 1 + step, 1.0)
        heavier = dataclasses.replace(moves, times=sparse.diags_array(weights) @ moves.times)
        moved = (Chain(heavier, order).effects(most_inverted).conversions - plain.conversions) / step
        assert moved == pytest.approx(plain.influence[block], abs=1e-4)


def test_influence_gives_the_intervals_of_resampled_chains() -> None:
    """Spread of the shares over resamples: solved anew, and moved by influence alone."""
    rng = np.random.default_rng(6)
    journeys = [(rng.integers(0, 5, rng.integers(1, 6)).tolist(), bool(rng.random() < 0.3)) for _ in range(4000)]
    moves, weights = moves_of(journeys, 5), block_weights(300, seed=3)
    effects = Chain(moves, 1).effects()
    moved = effects.conversions + (weights - 1) @ effects.influence
    counts = transition_counts(moves)
    anew = removal_effects(np.tensordot(weights, counts, axes=1)).effects
    assert moved.std(axis=0) == pytest.approx(anew.std(axis=0), rel=0.05)
    assert normalised(moved).mean(axis=0) == pytest.approx(normalised(anew).mean(axis=0), abs=1e-3)
    assert counts.shape[0] == BLOCKS
