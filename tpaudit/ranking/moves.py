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
    `size` + 1 for the END of a journey that did not convert. `value` is the known worth of moves into CONVERSION.
    """

    size: int
    block: Small
    previous: Small
    place: Small
    following: Small
    times: NDArray[np.int32]
    value: Floats


def count_moves(engine: Engine, steps: Any, size: int) -> Moves:
    """Moves along *steps* (see `steps.STEP`), whose touchpoints are numbered below *size* (`place`)."""
    along = ibis.window(group_by="journey", order_by="position")
    moved = steps.select(
        "block", "place", "converted", "value", "times",
        previous=steps.place.lag().over(along),
        following=steps.place.lead().over(along),
    )  # fmt: skip
    conversion, end = ibis.literal(size, "int16"), ibis.literal(size + 1, "int16")
    is_last = moved.following.isnull()
    moved = moved.select(
        "block", "place", "times",
        previous=ibis.coalesce(moved.previous, conversion),
        following=ibis.coalesce(moved.following, ibis.ifelse(moved.converted, conversion, end)),
        value=ibis.ifelse(is_last & moved.converted, moved.value, ibis.null("float64")),
    )  # fmt: skip
    counted = moved.group_by(["block", "previous", "place", "following"]).agg(
        times=_.times.sum().cast("int32"), value=_.value.sum()
    )
    found = engine.fetch(counted)
    keys = {name: found[name].to_numpy() for name in ("block", "previous", "place", "following")}
    return Moves(size, **keys, times=found["times"].to_numpy(), value=np.nan_to_num(found["value"].to_numpy()))
