"""Credits of the models that share each conversion among its own journey's touches.

All of them give one customer's conversion away in parts that sum to one, so a single aggregation serves them all.

first, last         the first or last touch takes it all
last_non_direct     the last touch other than the website met without a detour; the last one if there is no other
linear              equal parts
position            40 % to the first, 40 % to the last, the rest equally between; two touches share equally
time_decay          parts halve with every week between touch and conversion
shapley             equal parts to the distinct touchpoints met. This is the exact Shapley value of the game in which
                    a set of touchpoints is worth the conversions of journeys that need no others
                    (Zhao, Mahboobi, Bagheri 2018, Shapley value methods for attribution modeling).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
from ibis import _
from numpy.typing import NDArray

from tpaudit.engine import Engine
from tpaudit.engine.portable import block_of, hours_between
from tpaudit.stats.bootstrap import BLOCKS

Floats = NDArray[np.float64]

DIRECT = "website"
HALF_LIFE_HOURS = 7 * 24.0
MODELS = ("first", "last", "last_non_direct", "linear", "position", "time_decay", "shapley")


@dataclass(frozen=True, slots=True)
class Credits:
    """Conversions and order value credited by one model, each of shape (blocks, K). Unknown values count nothing."""

    conversions: Floats
    value: Floats


def journey_credits(engine: Engine, steps: Any, touchpoints: Sequence[str]) -> Mapping[str, Credits]:
    """Credits of every model in MODELS.

    *steps* has customer_id, position, touchpoint, occurred_at, converted, ended_at and value (of the conversion).
    """
    parts = _parts(steps.filter(_.converted))
    sums = {f"{model}_conversions": parts[model].sum() for model in MODELS}
    sums |= {f"{model}_value": (parts[model] * parts.value.cast("float64")).sum() for model in MODELS}
    found = engine.fetch(parts.aggregate(by=[block_of(parts.customer_id, BLOCKS).name("block"), "touchpoint"], **sums))
    place = {name: index for index, name in enumerate(touchpoints)}
    where = (found["block"].to_numpy(), [place[name] for name in found["touchpoint"].to_pylist()])

    def spread(column: str) -> Floats:
        cells = np.zeros((BLOCKS, len(touchpoints)))
        cells[where] = np.nan_to_num(found[column].to_numpy())
        return cells

    return {model: Credits(spread(f"{model}_conversions"), spread(f"{model}_value")) for model in MODELS}


def _parts(steps: Any) -> Any:
    """Each step of a converting journey with the part of the conversion every model gives it, in a column each."""
    journey = ibis.window(group_by="customer_id")
    forward = ibis.window(group_by="customer_id", order_by="position")
    backward = ibis.window(group_by="customer_id", order_by=ibis.desc("position"))
    detours_first = ibis.window(group_by="customer_id", order_by=[_.touchpoint == DIRECT, ibis.desc("position")])
    same = ibis.window(group_by=["customer_id", "touchpoint"], order_by="position")
    placed = steps.mutate(
        from_start=ibis.row_number().over(forward),
        from_end=ibis.row_number().over(backward),
        from_end_of_detours=ibis.row_number().over(detours_first),
        times_before=ibis.row_number().over(same),
        length=steps.count().over(journey),
        recency=ibis.literal(2.0) ** (-hours_between(steps.occurred_at, steps.ended_at) / HALF_LIFE_HOURS),
    )
    placed = placed.mutate(
        is_new=(placed.times_before == 0).cast("int64"),
        is_edge=(placed.from_start == 0) | (placed.from_end == 0),
    )
    return placed.mutate(
        first=(placed.from_start == 0).cast("float64"),
        last=(placed.from_end == 0).cast("float64"),
        last_non_direct=(placed.from_end_of_detours == 0).cast("float64"),
        linear=1.0 / placed.length,
        position=_by_position(placed),
        time_decay=placed.recency / placed.recency.sum().over(journey),
        shapley=placed.is_new / placed.is_new.sum().over(journey),
    )


def _by_position(placed: Any) -> Any:
    return ibis.cases(
        (placed.length <= 2, 1.0 / placed.length),
        (placed.is_edge, ibis.literal(0.4)),
        else_=0.2 / (placed.length - 2).nullif(0),
    )
