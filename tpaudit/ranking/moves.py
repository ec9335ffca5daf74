"""Moves of journeys from touchpoint to touchpoint, counted per block: all a Markov chain and its resampling need."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from ibis import _
from numpy.typing import NDArray
from scipy import sparse

from tpaudit.engine import Engine
from tpaudit.stats.bootstrap import BLOCKS

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Small = NDArray[np.int16]

# Keys up to which a table over all of them finds the distinct ones; sorting takes longer.
_MOST_LISTED = 1 << 22


@dataclass(frozen=True, slots=True)
class Moves:
    """The distinct moves of journeys that came from `previous` to `place` and went on to `following`.

    Touchpoints are numbers below `size`; `size` itself stands for START as previous and for CONVERSION as following,
    `size` + 1 for the END of a journey that did not convert. `times` (blocks x moves) says how often journeys of a
    block made each, `value` the known worth of a move into CONVERSION.
    """

    size: int
    previous: Small
    place: Small
    following: Small
    times: sparse.csr_array
    value: Floats


def count_moves(engine: Engine, steps: Any, size: int) -> Moves:
    """Moves along *steps* (see `steps.STEP`), whose touchpoints are numbered below *size* (`place`); their worth is
    left at nothing."""
    walked = _walked(engine, steps, size)
    journeys = walked.times.sum() if "times" in walked.columns else walked.count()
    return _moves(size, engine.fetch(walked.group_by(["block", "number"]).agg(times=journeys)))


def with_worth(engine: Engine, moves: Moves, converting: Any) -> Moves:
    """*moves* with what those into CONVERSION were worth.

    *converting* are the steps of journeys that converted. They are gone through once more for it, because all other
    steps need not carry a value through the sort.
    """
    size = moves.size
    ends = _walked(engine, converting, size).filter(_.following == size).group_by("number")
    worth = engine.fetch(ends.agg(value=_.value.sum()))
    numbers = (moves.previous.astype(np.int64) * size + moves.place) * (size + 2) + moves.following
    value = np.zeros(len(numbers))
    value[np.searchsorted(numbers, worth["number"])] = np.nan_to_num(worth["value"].to_numpy())
    return replace(moves, value=value)


def _moves(size: int, counted: pa.Table) -> Moves:
    """Moves by their number (see `_walked`), in its order, from how often each block made them (`block`, `number`,
    `times`)."""
    distinct, which = distinct_keys(counted["number"].to_numpy(), _numbers(size))
    made = (counted["times"].to_numpy().astype(np.float64), (counted["block"].to_numpy().astype(np.int32), which))
    # Millions of rows: not to be kept beside what is made of them.
    del counted
    times = sparse.csr_array(made, shape=(BLOCKS, len(distinct)))
    rest, following = np.divmod(distinct, size + 2)
    previous, place = (part.astype(np.int16) for part in np.divmod(rest, size))
    return Moves(size, previous, place, following.astype(np.int16), times, value=np.zeros(len(distinct)))


def distinct_keys(keys: Any, numbers: int) -> tuple[Integers, Any]:
    """The distinct *keys*, rising, all below *numbers*, and for each key which of them it is."""
    if numbers > _MOST_LISTED:
        distinct, which = np.unique(keys, return_inverse=True)
        return distinct.astype(np.int64), which.reshape(-1)
    seen = np.zeros(numbers, dtype=bool)
    seen[keys] = True
    return np.flatnonzero(seen), (np.cumsum(seen, dtype=np.int32) - 1)[keys]


def _walked(engine: Engine, steps: Any, size: int) -> Any:
    """*steps* with where each led (`following`), and the `number` of the move: previous, place and following in one.

    Blocks come one after the other, so that counting by block finds the moves of one close together.
    """
    walked = engine.neighbours(
        steps, "journey", ("block", "journey", "position"), before={"before": "place"}, after={"after": "place"}
    )
    conversion, end = ibis.literal(size, "int16"), ibis.literal(size + 1, "int16")
    previous = ibis.coalesce(walked.before, conversion)
    following = ibis.coalesce(walked.after, ibis.ifelse(walked.converted, conversion, end))
    number = (previous.cast("int64") * size + walked.place) * (size + 2) + following
    return walked.mutate(number=number.cast("int32" if _numbers(size) < 1 << 31 else "int64"), following=following)


def _numbers(size: int) -> int:
    """What numbers of moves are below."""
    return (size + 1) * size * (size + 2)
