"""Moves of journeys from touchpoint to touchpoint, counted per block: all a Markov chain and its resampling need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
from ibis import _
from numpy.typing import NDArray

from tpaudit.engine import Engine

Floats = NDArray[np.float64]
Small = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Moves:
    """How often journeys of `block` that were at `previous`, then at `place`, went on to `following`.

    Touchpoints are numbers below `size`; `size` itself stands for START as previous and for CONVERSION as following,
    `size` + 1 for the END of a journey that did not convert. `value` is the known worth of moves into
    CONVERSION; rows that carry it may have no times of their own.
    """

    size: int
    block: Small
    previous: Small
    place: Small
    following: Small
    times: NDArray[np.int64]
    value: Floats


def count_moves(engine: Engine, steps: Any, converting: Any, size: int) -> Moves:
    """Moves along *steps* (see `steps.STEP`), whose touchpoints are numbered below *size* (`place`).

    *converting* are the steps of journeys that converted: what those were worth is counted by itself, because all other
    steps need not carry it through the sort.
    """
    keys = ((_.block.cast("int64") * (size + 1) + _.previous) * size + _.place) * (size + 2) + _.following
    moved = _chained(steps, size).select("times", key=keys)
    found = engine.fetch(moved.group_by("key").agg(times=_.times.sum()))
    rest, following = np.divmod(found["key"].to_numpy(), size + 2)
    rest, place = np.divmod(rest, size)
    block, previous = np.divmod(rest, size + 1)

    ends = _chained(converting, size).filter(_.following == size).group_by(["previous", "place"])
    worth = engine.fetch(ends.agg(value=_.value.sum()))
    # Rows that no journey makes: they only bring the value.
    none = np.zeros(len(worth), dtype=np.int64)
    return Moves(
        size=size,
        block=_joined(block, none),
        previous=_joined(previous, worth["previous"].to_numpy()),
        place=_joined(place, worth["place"].to_numpy()),
        following=_joined(following, none + size),
        times=np.concatenate([found["times"].to_numpy(), none]),
        value=np.concatenate([np.zeros(len(found)), np.nan_to_num(worth["value"].to_numpy())]),
    )


def _chained(steps: Any, size: int) -> Any:
    """*steps* with the place before and the place after, numbered as `Moves` does."""
    along = ibis.window(group_by="journey", order_by="position")
    chained = steps.mutate(previous=steps.place.lag().over(along), following=steps.place.lead().over(along))
    conversion, end = ibis.literal(size, "int16"), ibis.literal(size + 1, "int16")
    return chained.mutate(
        previous=ibis.coalesce(chained.previous, conversion),
        following=ibis.coalesce(chained.following, ibis.ifelse(chained.converted, conversion, end)),
    )


def _joined(one: Any, other: Any) -> Small:
    joined: Small = np.concatenate([one, other]).astype(np.int16)
    return joined
