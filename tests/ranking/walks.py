"""Journeys written down by hand, as moves between numbered touchpoints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

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
    block, previous, place, following, times, value = np.array(rows).T
    return Moves(
        size, block.astype(np.int16), previous.astype(np.int16), place.astype(np.int16), following.astype(np.int16),
        times, value,
    )  # fmt: skip
