"""Removal effects of first-order Markov chains of journeys, exactly, for all touchpoints and many resamples at once.

The chain goes START -> touchpoints -> CONVERSION or END. The removal effect of a touchpoint is the share of
conversions lost when every journey that reaches it ends there instead. `chain` does the same for one chain of any
order, with the influence of each block of customers.
Source: Anderl, Becker, von Wangenheim, Schumann (2016), Mapping the customer journey, IJRM 33.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tpaudit.ranking.moves import Moves

Floats = NDArray[np.float64]


def transition_counts(moves: Moves) -> Floats:
    """Transitions of *moves* as `removal_effects` reads them, per block: blocks x (K + 1) x (K + 2)."""
    rows, columns = moves.size + 1, moves.size + 2
    begins = np.flatnonzero(moves.previous == moves.size)
    onward = moves.place.astype(np.int64) * columns + moves.following
    first = moves.size * columns + moves.place[begins].astype(np.int64)
    move = np.concatenate([np.arange(len(onward)), begins])
    cells = sparse.csr_array(
        (np.ones(len(move)), (move, np.concatenate([onward, first]))), shape=(len(onward), rows * columns)
    )
    counted: Floats = (moves.times @ cells).toarray()
    return counted.reshape(-1, rows, columns)


class Removal(NamedTuple):
    """`conversion`: chance that a journey converts. `effects`: per touchpoint the share of it lost without it."""

    conversion: Floats
    effects: Floats


def removal_effects(counts: Floats) -> Removal:
    """Removal effects from transition counts of shape (..., K + 1, K + 2).

    Rows are the K touchpoints, then START; columns the K touchpoints, then CONVERSION and END. Leading axes are
    solved together, one per resample. Every journey counted must end, so that the chain is absorbing. Effects are
    NaN where nothing converts.

    With Q between touchpoints, r into CONVERSION and s out of START, one inverse N = (I - Q)^-1 gives the chance to
    convert from each touchpoint h = N r, the expected visits v = s N, the overall chance P = s h. Journeys first
    reach k with chance v_k / N_kk and convert from there with chance h_k, hence RE_k = v_k h_k / (N_kk P).

    >>> counts = np.array([[0, 1, 1, 0], [0, 0, 1, 2], [2, 2, 0, 0]])  # a -> b, a -> conversion, b -> ...
    >>> conversion, effects = removal_effects(counts.astype(float))
    >>> float(conversion), effects.round(3).tolist()
    (0.5, [0.667, 0.5])
    """
    size = counts.shape[-1] - 2
    leaving = counts.sum(axis=-1, keepdims=True)
    chances = np.divide(counts, leaving, out=np.zeros_like(counts), where=leaving > 0)
    between, start, into = chances[..., :size, :size], chances[..., size, :size], chances[..., :size, size]
    visits_from = np.linalg.inv(np.eye(size) - between)
    convert_from = np.einsum("...ij,...j->...i", visits_from, into)
    visits = np.einsum("...i,...ij->...j", start, visits_from)
    conversion = (start * convert_from).sum(axis=-1)
    lost = visits * convert_from / np.einsum("...ii->...i", visits_from)
    whole = conversion[..., None]
    return Removal(conversion, np.divide(lost, whole, out=np.full_like(lost, np.nan), where=whole > 0))


def removal_shares(counts: Floats) -> Floats:
    """Removal effects scaled to sum to one: the share of conversions each touchpoint is credited with."""
    return normalised(removal_effects(counts).effects)


def normalised(parts: Floats) -> Floats:
    """*parts* divided by their sum along the last axis; NaN where there is nothing to divide."""
    whole = parts.sum(axis=-1, keepdims=True)
    shares: Floats = np.divide(parts, whole, out=np.full_like(parts, np.nan), where=whole > 0)
    return shares
