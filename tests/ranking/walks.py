"""Journeys written down by hand, as moves between numbered touchpoints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from tpaudit.ranking.moves import Moves
from tpaudit.stats.bootstrap import BLOCKS

Journey = tuple[Sequence[int], bool]


def moves_of(journeys: Sequence[Journey], size: int, worth: Sequence[float] | None = None) -> Moves:
    """Moves of *journeys* over touchpoints 0..size-1, journey by journey; each in the block of its number."""
    rows = []
    for number, (path, converted) in enumerate(journeys):
        value = 0.0 if worth is None else worth[number]
        ends = (size, value) if converted else (size + 1, 0.0)
        onwards = [*((place, 0.0) for place in path[1:]), ends]
        for previous, place, (following, gained) in zip([size, *path], path, onwards, strict=False):
            rows.append((number % BLOCKS, previous, place, following, 1, gained))
    named = sorted({row[1:4] for row in rows})
    times, value = np.zeros((BLOCKS, len(named))), np.zeros(len(named))
    for block, *move, number, gained in rows:
        times[block, named.index(tuple(move))] += number
        value[named.index(tuple(move))] += gained
    previous, place, following = np.array(named, dtype=np.int16).T
    return Moves(size, previous, place, following, sparse.csr_array(times), value)
