"""A Markov chain of journeys of any order, and what is lost without each of its touchpoints.

The chain goes START -> states -> CONVERSION or END. A state is the touchpoint a journey is at (order 1), or that
and the one before it (order 2). Removing a touchpoint means that journeys which arrive at it, in any of its states, are
lost. A touchpoint met again at once is a move like any other: at order 1 such self-loops cancel out of the effects, at
order 2 they lead to a state of their own.

With Q between states, r into CONVERSION and s out of START: N = (I - Q)^-1, h = N r the chance to convert from each
state, v = s N the expected visits, P = s h. Let E be the states a journey is in when it arrives at k. It is first seen
there with chances w = v_E (N_EE)^-1, the block form of the Sherman-Morrison-Woodbury identity, and so
P(-k) = P - w h_E and RE_k = 1 - P(-k) / P. In a chain of order 1, E is k alone and RE_k = v_k h_k / (N_kk P).
By value, r is weighted by the mean known worth of the conversions reached from each state.

Chains of many states are not inverted. There v(-k) = s + s Q + s Q^2 + ... with journeys that arrive at k taken out at
every step; the share of journeys still under way bounds what the rest of the sum could add to P(-k).

Sources: Anderl, Becker, von Wangenheim, Schumann (2016), Mapping the customer journey, IJRM 33;
Kemeny and Snell (1976), Finite Markov Chains, chapter 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tpaudit.ranking.moves import Moves, Small, distinct_keys

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST_INVERTED = 1_500
"""States up to which the chain is inverted as a whole."""

_MOST_STEPS = 20_000
_STILL_UNDER_WAY = 1e-13
# Cells of the largest array of a group of touchpoints worked on together.
_CELLS = 1 << 22


class NotSettled(Exception):
    """Journeys of the chain take too many steps to end."""


@dataclass(frozen=True, slots=True)
class Effects:
    """Per touchpoint the share of conversions, and of their known value, lost without it.

    `conversion` is the chance that a journey converts. `influence` (blocks x touchpoints) says how far each block of
    customers moves `conversions`, to first order. `value` is NaN where no value is known or it sums to nothing.
    """

    conversion: float
    conversions: Floats
    value: Floats
    influence: Floats


class Chain:
    """The chain of *order* 1 or 2 that *moves* describe; its states are those really seen.

    >>> previous, place, following = np.array([[2, 0, 2], [0, 1, 0], [1, 2, 3]])  # a -> b -> conversion; a -> end
    >>> moves = Moves(2, previous, place, following, times=sparse.csr_array(np.ones((1, 3))), value=np.zeros(3))
    >>> Chain(moves, order=1).effects().conversions.tolist()
    [1.0, 1.0]
    """

    def __init__(self, moves: Moves, order: int) -> None:
        self.size, self._times = moves.size, moves.times
        states, here = distinct_keys(_state(moves.previous, moves.place, order, self.size), self.size * (self.size + 1))
        self.states = n = len(states)
        self.arrives = states % self.size if order > 1 else states
        # A move is a transition from its state, and where a journey begins, one out of START (n) before it.
        begins = moves.previous == moves.size
        origin = np.concatenate([here, np.full(begins.sum(), n)])
        target = np.concatenate([_onward(moves, states, order), here[begins]])
        known, arc = distinct_keys(origin * (n + 2) + target, (n + 1) * (n + 2))
        self._onward, self._first = arc[: len(here)], np.full(len(here), len(known))
        self._first[begins] = arc[len(here) :]
        self._origin, self._target = np.divmod(known, n + 2)
        total = np.asarray(moves.times.sum(axis=0)).reshape(-1)
        times = np.bincount(arc, np.concatenate([total, total[begins]]), len(known))
        self._leaving = np.bincount(self._origin, times, n + 1)
        self._chance = times / self._leaving[self._origin]
        self._worth = np.bincount(self._onward, moves.value, len(known)) / self._leaving[self._origin]

    def effects(self, most_inverted: int = MOST_INVERTED) -> Effects:
        """What is lost without each touchpoint. Raises NotSettled if a chain too large to invert hardly ends."""
        n, into = self.states, self._into(self._chance)
        worth = self._into(self._worth)
        visits, onward = self._whole(most_inverted)
        conversion, value = float(visits @ into), float(visits @ worth)
        left, worth_left = np.full(self.size, conversion), np.full(self.size, value)
        of_whole = self._influence(visits[None], onward[:, None], np.array([conversion]))
        influence = np.repeat(of_whole, self.size, axis=1)
        for places, v, h in self._without(most_inverted):
            left[places], worth_left[places] = v @ into, v @ worth
            influence[:, places] = self._influence(v, h, left[places])
        if conversion > 0:
            influence = (left / conversion**2) * of_whole - influence / conversion
        lost = np.divide(conversion - left, conversion, out=np.full(self.size, np.nan), where=conversion > 0)
        worth_lost = np.divide(value - worth_left, value, out=np.full(self.size, np.nan), where=value > 0)
        # Rounding may leave a trace where nothing is lost.
        lost[np.abs(lost) < n * np.finfo(float).eps] = 0.0
        return Effects(conversion, lost, worth_lost, influence)

    def _into(self, weights: Floats) -> Floats:
        """Per state what *weights* says of its arcs into CONVERSION."""
        ends = self._target == self.states
        return np.bincount(self._origin[ends], weights[ends], self.states)[: self.states].astype(np.float64)

    def _start(self) -> Floats:
        begins = self._origin == self.states
        return np.bincount(self._target[begins], self._chance[begins], self.states).astype(np.float64)

    def _between(self) -> sparse.csr_array:
        inner = (self._origin < self.states) & (self._target < self.states)
        return sparse.csr_array(
            (self._chance[inner], (self._origin[inner], self._target[inner])), shape=(self.states, self.states)
        )

    def _whole(self, most_inverted: int) -> tuple[Floats, Floats]:
        """Visits to each state, and chances to convert from it, of the chain as it is."""
        start, into, between = self._start(), self._into(self._chance), self._between()
        if self.states <= most_inverted:
            system = np.eye(self.states) - between.toarray()
            return np.linalg.solve(system.T, start), np.linalg.solve(system, into)
        nothing = np.zeros((self.states, 1), dtype=bool)
        return (
            _accumulated(between.T.tocsr(), start[:, None], nothing)[:, 0],
            _accumulated(between, into[:, None], nothing)[:, 0],
        )

    def _without(self, most_inverted: int) -> Iterator[tuple[Integers, Floats, Floats]]:
        """Groups of touchpoints; for each of the group the visits (group x states) and the chances to convert (states
        x group) of the chain without it. A state that arrives at it has neither."""
        met = np.unique(self.arrives)
        group = max(1, _CELLS // max(self.states, len(self._onward)))
        groups = [met[first : first + group] for first in range(0, len(met), group)]
        if self.states <= most_inverted:
            yield from self._without_by_inverse(groups)
            return
        between, start, into = self._between(), self._start(), self._into(self._chance)
        backwards = between.T.tocsr()
        for places in groups:
            removed = self.arrives[:, None] == places
            v = _accumulated(backwards, np.repeat(start[:, None], len(places), axis=1), removed)
            h = _accumulated(between, np.repeat(into[:, None], len(places), axis=1), removed)
            yield places, v.T, h

    def _without_by_inverse(self, groups: list[Integers]) -> Iterator[tuple[Integers, Floats, Floats]]:
        visits_from = np.linalg.inv(np.eye(self.states) - self._between().toarray())
        v, h = self._start() @ visits_from, visits_from @ self._into(self._chance)
        for places in groups:
            visits, onward = np.empty((len(places), self.states)), np.empty((self.states, len(places)))
            for row, place in enumerate(places):
                arrived = np.flatnonzero(self.arrives == place)
                again = visits_from[np.ix_(arrived, arrived)]
                visits[row] = v - np.linalg.solve(again.T, v[arrived]) @ visits_from[arrived]
                onward[:, row] = h - visits_from[:, arrived] @ np.linalg.solve(again, h[arrived])
                visits[row, arrived] = onward[arrived, row] = 0.0
            yield places, visits, onward

    def _influence(self, visits: Floats, onward: Floats, conversion: Floats) -> Floats:
        """How far each block moves the chance to convert: blocks x chains.

        P = s N r rises by v_i (h_j - h_i) / c_i for one more transition from i, left c_i times, to j.
        """
        chains = len(visits)
        chance = np.concatenate([onward, np.ones((1, chains)), np.zeros((1, chains))])
        own = np.concatenate([onward, conversion[None]])
        weight = np.concatenate([visits, np.ones((chains, 1))], axis=1).T / self._leaving[:, None]
        slope = weight[self._origin] * (chance[self._target] - own[self._origin])
        # The last stands for a journey that begins elsewhere.
        slope = np.concatenate([slope, np.zeros((1, chains))])
        return np.asarray(self._times @ (slope[self._onward] + slope[self._first]))


def _accumulated(step: sparse.csr_array, first: Floats, removed: NDArray[np.bool_]) -> Floats:
    """first + step first + step^2 first + ..., with *removed* cells emptied before every step."""
    under_way = np.where(removed, 0.0, first)
    total = under_way.copy()
    for _ in range(_MOST_STEPS):
        under_way = step @ under_way
        under_way[np.broadcast_to(removed, under_way.shape)] = 0.0
        total += under_way
        if under_way.sum(axis=0).max() < _STILL_UNDER_WAY:
            return total
    raise NotSettled


def _state(previous: Small, place: Small, order: int, size: int) -> Integers:
    """Number of the state of journeys at *place* that came from *previous*."""
    return place.astype(np.int64) if order == 1 else previous.astype(np.int64) * size + place


def _onward(moves: Moves, states: Integers, order: int) -> Integers:
    """Where each move leads: a state by its number among the n *states*, or n for CONVERSION, n + 1 for END."""
    goes_on = moves.following < moves.size
    there = np.searchsorted(states, np.where(goes_on, _state(moves.place, moves.following, order, moves.size), 0))
    return np.where(goes_on, there, len(states) + moves.following.astype(np.int64) - moves.size)
